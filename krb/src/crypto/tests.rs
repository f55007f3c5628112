//! The whole room: published known answers, recorded messages, and what holds for every key.

mod known_answers;
mod recorded;

use proptest::prelude::*;

use super::*;

/// The octets that a string of hexadecimal digits stands for.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "{digits}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn any_key() -> impl Strategy<Value = Key> {
    let enctypes: Vec<_> = Enctype::ALL.into_iter().chain(Enctype::WEAK).collect();
    (prop::sample::select(enctypes), any::<[u8; 32]>())
        .prop_map(|(enctype, octets)| Key::new(enctype, &octets[..enctype.key_length()]).unwrap())
}

proptest! {
    #[test]
    fn what_was_sealed_opens(
        key in any_key(),
        usage: u32,
        confounder: [u8; 16],
        plaintext in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let keys = UsageKeys::derive(&key, Usage(usage)).unwrap();
        let sealed = keys.seal(&confounder, &plaintext);
        let mut expected = plaintext;
        if key.enctype() == Enctype::Des3CbcSha1Kd {
            expected.resize(expected.len().next_multiple_of(8), 0);
        }
        let longer = key.enctype().confounder_length() + key.enctype().checksum_length();
        prop_assert_eq!(sealed.len(), expected.len() + longer);
        prop_assert_eq!(keys.open(&sealed), Ok(expected));
    }

    #[test]
    fn what_was_altered_does_not_open(
        key in any_key(),
        plaintext in prop::collection::vec(any::<u8>(), 0..80),
        place: prop::sample::Index,
        flip in 1..=255u8,
    ) {
        let keys = UsageKeys::derive(&key, Usage::TICKET).unwrap();
        let mut sealed = keys.seal(&[3; 16], &plaintext);
        let place = place.index(sealed.len());
        sealed[place] ^= flip;
        prop_assert_eq!(keys.open(&sealed), Err(CryptoError::Integrity));
    }

    #[test]
    fn what_was_cut_or_made_up_does_not_open(key in any_key(), octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let keys = UsageKeys::derive(&key, Usage::TICKET).unwrap();
        let least = key.enctype().confounder_length() + key.enctype().checksum_length();
        let expected = if octets.len() < least {
            CryptoError::TooShort { length: octets.len(), least }
        } else {
            CryptoError::Integrity
        };
        prop_assert_eq!(keys.open(&octets), Err(expected));
        let sealed = keys.seal(&[3; 16], b"some plaintext");
        for length in 0..sealed.len() {
            prop_assert!(keys.open(&sealed[..length]).is_err());
        }
    }

    #[test]
    fn a_checksum_fits_its_message_only(
        key in any_key(),
        message in prop::collection::vec(any::<u8>(), 1..80),
        place: prop::sample::Index,
    ) {
        let checksums = ChecksumKey::derive(&key, Usage::TGS_REQ_CHECKSUM).unwrap();
        let checksum = checksums.make(&message);
        prop_assert_eq!(checksums.verify(&message, &checksum), Ok(()));
        let mut other = message.clone();
        other[place.index(message.len())] ^= 1;
        prop_assert_eq!(checksums.verify(&other, &checksum), Err(CryptoError::Integrity));
        prop_assert_eq!(checksums.verify(&message, &checksum[1..]), Err(CryptoError::Integrity));
        prop_assert_eq!(checksums.verify(&message, &[]), Err(CryptoError::Integrity));
    }
}
