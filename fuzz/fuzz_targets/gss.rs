//! GSS-API tokens: what was opened can be closed to the same octets, and nobody without the key signs.

#![no_main]

use krb::crypto::{Enctype, Key, Usage};
use krb::gss::checksum::GssChecksum;
use krb::gss::mic::{self, MicFlags};
use krb::gss::{self, Mech};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(framed) = gss::unframe(octets) {
        if let Some(mech) = Mech::of(framed.oid) {
            assert_eq!(gss::frame(mech, framed.inner), octets);
        }
        if let Ok((id, message)) = gss::split_id(framed.inner) {
            assert_eq!(gss::with_id(id, message), framed.inner);
        }
    }
    if let Ok(checksum) = GssChecksum::read(octets) {
        assert_eq!(checksum.encode(), octets);
    }
    let key = Key::new(Enctype::Aes256CtsHmacSha384_192, &[7; 32]).expect("the right length");
    let flags = MicFlags::SENT_BY_ACCEPTOR;
    assert!(mic::verify(&key, Usage::GSS_ACCEPTOR_SIGN, flags, octets, octets).is_err());
});
