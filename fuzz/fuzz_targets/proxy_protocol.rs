//! Headers of a proxy in front: however many octets of one are there, exactly one length is asked for, and no more.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketgate::listener::proxy_protocol::{Progress, parse};

fuzz_target!(|octets: &[u8]| {
    // As it is read from a connection: each time what is missing at least.
    let mut length = 0;
    let whole = loop {
        let Some(header) = octets.get(..length) else { return };
        match parse(header) {
            Ok(Progress::Least(more)) => {
                assert!(more > length && more <= 16 * 1024);
                length = more;
            }
            Ok(Progress::Whole(_)) => break header,
            Err(_) => return,
        }
    };
    // No shorter piece of it is whole, and an octet more is too much.
    for length in 0..whole.len() {
        assert!(matches!(parse(&whole[..length]), Ok(Progress::Least(_))), "{length} of {}", whole.len());
    }
    if let Some(longer) = octets.get(..whole.len() + 1) {
        assert!(parse(longer).is_err());
    }
});
