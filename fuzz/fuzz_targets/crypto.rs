//! Ciphers: nothing foreign opens, what was sealed does, and parameters bound the work they ask for.

#![no_main]

use krb::crypto::{ChecksumKey, Enctype, Key, Usage, UsageKeys, string_to_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Some((&choice, rest)) = octets.split_first() else { return };
    let enctype = Enctype::ALL
        .into_iter()
        .chain(Enctype::WEAK)
        .cycle()
        .nth(usize::from(choice))
        .expect("it never ends");
    let key = Key::new(enctype, &vec![choice; enctype.key_length()]).expect("the right length");
    let keys = UsageKeys::derive(&key, Usage::TICKET).expect("a key");
    assert!(keys.open(rest).is_err(), "nobody who lacks the key sealed it");

    let mut sealed = keys.seal(&[choice; 16], rest);
    let opened = keys.open(&sealed).expect("the same keys sealed it");
    let padding = opened.strip_prefix(rest).expect("what was sealed comes out");
    assert!(padding.is_empty() || enctype == Enctype::Des3CbcSha1Kd && padding.len() < 8);
    let place = usize::from(choice) % sealed.len();
    if let Some(octet) = sealed.get_mut(place) {
        *octet ^= 1;
    }
    assert!(keys.open(&sealed).is_err());

    let checksums = ChecksumKey::derive(&key, Usage::TGS_REQ_CHECKSUM).expect("a key");
    assert!(checksums.verify(rest, rest).is_err());
    assert!(checksums.verify(rest, &checksums.make(rest)).is_ok());

    // Parameters that are allowed take seconds; those are left to the tests with known answers.
    let (parameters, salt) = rest.split_at(rest.len().min(usize::from(choice % 8)));
    let count = <[u8; 4]>::try_from(parameters).map(u32::from_be_bytes);
    if count.is_ok_and(|count| count >= enctype.default_iterations()) {
        return;
    }
    assert!(string_to_key(enctype, b"password", salt, Some(parameters)).is_err());
});
