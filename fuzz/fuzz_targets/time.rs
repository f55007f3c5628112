//! KerberosTime: what is a moment is written as it was read.

#![no_main]

use krb::time::KerberosTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let time = KerberosTime::from(octets.to_vec());
    assert_eq!(time.as_octets(), octets);
    assert!(!time.to_string().contains(['\n', '\r', '\u{1b}']));
    if let Some(seconds) = time.seconds() {
        // The leap second is the one after; only in the last minute of year 9999 it has no form.
        let again = KerberosTime::from_seconds(seconds);
        assert!(again.as_ref() == Some(&time) || octets.ends_with(b"60Z"), "{time}");
        assert!(again.is_none_or(|again| again.seconds() == Some(seconds)));
    }
    if let Some(seconds) = octets.first_chunk().map(|chunk| i64::from_be_bytes(*chunk)) {
        assert!(KerberosTime::from_seconds(seconds).is_none_or(|time| time.seconds() == Some(seconds)));
    }
});
