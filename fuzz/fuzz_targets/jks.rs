//! Key stores of Java: every file is read or refused, and what is read is never more than the file has.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketgate::tls::keystore::{Password, jks::Jks};

fuzz_target!(|octets: &[u8]| {
    let Ok(jks) = Jks::parse(octets) else { return };
    let trusted = jks.trusted.iter().map(|(_, der)| der);
    let certificates = jks.keys.iter().flat_map(|key| &key.chain).chain(trusted);
    assert!(certificates.map(|der| der.len()).sum::<usize>() < octets.len());
    let password = Password::new("changeit");
    let _ = jks.verify(&password);
    for key in &jks.keys {
        if let Ok(opened) = key.open(&password) {
            assert!(opened.len() < octets.len());
        }
    }
});
