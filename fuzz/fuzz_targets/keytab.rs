//! Keytabs: every file is read or refused, and what was read is written so that it reads the same.

#![no_main]

use krb::keytab::Keytab;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(keytab) = Keytab::read(octets) else { return };
    let written = keytab.encode().expect("what was read can be written");
    assert_eq!(Keytab::read(&written), Ok(keytab));
});
