//! The framing of password changes: reading it ends, and a request is seen for one before it is read.

#![no_main]

use krb::kpasswd;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if kpasswd::request(octets).is_ok() {
        assert!(kpasswd::looks_like_request(octets));
        assert!(kpasswd::reply(octets).is_err(), "a request is no reply");
    }
    let _ = kpasswd::reply(octets);
});
