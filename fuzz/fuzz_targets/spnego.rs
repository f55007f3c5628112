//! SPNEGO tokens: what was read can be written, and is read as the same again; lists stay within their limits.

#![no_main]

use krb::gss;
use krb::spnego::{MAX_MECHS, MechTypes, NegToken};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let token = gss::unframe(octets).map_or(octets, |framed| framed.inner);
    let Ok(read) = NegToken::read(token) else { return };
    let written = read.encode();
    assert_eq!(NegToken::read(&written), Ok(read));
    if let NegToken::Init(init) = read {
        assert!((1..=MAX_MECHS).contains(&init.mech_types.iter().count()));
        assert_eq!(MechTypes::read(init.mech_types.der()), Ok(init.mech_types));
    }
});
