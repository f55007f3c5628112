//! DER: what is well-formed can be walked to its end, and no length leads beyond the octets.

#![no_main]

use krb::der::{self, Reader};
use libfuzzer_sys::fuzz_target;

/// Meets every element; says how many octets they and their headers took.
fn walk(mut elements: Reader<'_>) -> usize {
    let mut taken = 0;
    while !elements.is_empty() {
        let element = elements.element().expect("it is well-formed");
        taken += der::header_len(element.contents.len()) + element.contents.len();
        if element.tag & 0x20 != 0 {
            let inside = walk(Reader::new(element.contents));
            assert_eq!(inside, element.contents.len());
        }
    }
    taken
}

fuzz_target!(|octets: &[u8]| {
    let announced = der::announced(octets);
    if der::well_formed(octets).is_ok() {
        assert_eq!(walk(Reader::new(octets)), octets.len());
        assert_eq!(announced, Ok(Some(octets.len())));
    }
    // Whether or not the whole is sound, reading ends.
    let mut elements = Reader::new(octets);
    while let Ok(element) = elements.element() {
        let _ = Reader::new(element.contents).only_integer();
    }
});
