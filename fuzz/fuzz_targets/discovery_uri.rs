//! URI records of the DNS: what one names can be put in order with others, and none is lost or made up.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tgg::{
    discovery::{order, port_permitted, uri},
    routes::Purpose,
};

// Records are told apart by an octet that no host name has.
fuzz_target!(|octets: &[u8]| {
    for purpose in [Purpose::Kdc, Purpose::Kpasswd] {
        let found: Vec<_> =
            octets.split(|octet| *octet == b'\n').filter_map(|data| uri(data, purpose).ok()).collect();
        for server in &found {
            assert!(!server.host.is_empty());
            let _ = port_permitted(server.port, purpose, &[]);
        }
        let ordered = order(found.clone(), |end| end / 2);
        assert!(ordered.len() <= found.len());
        assert!(ordered.iter().all(|server| found.contains(server)));
        assert!(ordered.is_sorted_by_key(|server| server.priority));
    }
});
