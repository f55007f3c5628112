//! KDC-PROXY-MESSAGE: what was opened can be sealed, and opens to the same again.

#![no_main]

use bytes::Bytes;
use krb::kkdcp;
use libfuzzer_sys::fuzz_target;
use tgg::envelope::open_kkdcp;

fuzz_target!(|octets: &[u8]| {
    let Ok(opened) = kkdcp::open(octets) else {
        assert!(open_kkdcp(&Bytes::copy_from_slice(octets)).is_err());
        return;
    };
    let sealed = kkdcp::seal(&opened);
    assert_eq!(kkdcp::open(&sealed), Ok(opened));
    if let Ok(unit) = open_kkdcp(&Bytes::copy_from_slice(octets)) {
        assert_eq!(unit.message, opened.message);
        assert_eq!(unit.krb_realm.as_deref(), opened.target_domain);
    }
});
