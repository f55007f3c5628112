//! How a password becomes a key (RFC 3962 section 4, RFC 8009 section 4).

use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::{CryptoError, Enctype, Key, aes_sha1, aes_sha2};

/// Most rounds of PBKDF2 that a KDC may ask for.
///
/// The count is not authenticated, and a round costs the client up to a
/// microsecond: this is a second or two. Deployed KDCs ask for 4096 or 32768;
/// MIT's client stops at 2^24.
pub const MAX_ITERATIONS: u32 = 1 << 21;

/// The constant that turns the hashed password into a key (RFC 3962 section
/// 4, RFC 8009 section 4).
const LABEL: &[u8] = b"kerberos";

/// The key of a principal, from its password.
///
/// `salt` and `parameters` are what the KDC sent in PA-ETYPE-INFO2; the
/// default salt is the realm followed by the components of the name.
/// `password` is UTF-8. It takes milliseconds to seconds of one core.
///
/// # Errors
///
/// [`CryptoError::ParameterLength`] unless `parameters` is four octets,
/// [`CryptoError::IterationCount`] if they ask for more than
/// [`MAX_ITERATIONS`], or for fewer than the enctype's default: whoever can
/// write to the network could otherwise make the password cheap to guess from
/// what the client sends next.
pub fn string_to_key(
    enctype: Enctype,
    password: &[u8],
    salt: &[u8],
    parameters: Option<&[u8]>,
) -> Result<Key, CryptoError> {
    let count = match parameters {
        None => enctype.default_iterations(),
        Some(octets) => u32::from_be_bytes(
            octets.try_into().map_err(|_| CryptoError::ParameterLength { length: octets.len() })?,
        ),
    };
    let least = enctype.default_iterations();
    if !(least..=MAX_ITERATIONS).contains(&count) {
        return Err(CryptoError::IterationCount { count, least, most: MAX_ITERATIONS });
    }
    hash(enctype, password, salt, count)
}

/// The same with any count, as the published vectors have it.
fn hash(enctype: Enctype, password: &[u8], salt: &[u8], count: u32) -> Result<Key, CryptoError> {
    let mut octets = Zeroizing::new(vec![0; enctype.key_length()]);
    match enctype {
        Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
            pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, count, &mut octets);
            aes_sha1::derive(&Key::new(enctype, &octets)?, LABEL)
        }
        Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
            // The name of the enctype keeps keys of the two enctypes apart
            // that have the same salt.
            let salt = [enctype.name().as_bytes(), &[0], salt].concat();
            if enctype == Enctype::Aes128CtsHmacSha256_128 {
                pbkdf2::pbkdf2_hmac::<Sha256>(password, &salt, count, &mut octets);
            } else {
                pbkdf2::pbkdf2_hmac::<Sha384>(password, &salt, count, &mut octets);
            }
            let derived = aes_sha2::derive(&Key::new(enctype, &octets)?, LABEL, enctype.key_length())?;
            Key::new(enctype, &derived)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tests::hex;

    const SMALL: Enctype = Enctype::Aes128CtsHmacSha1_96;
    const LARGE: Enctype = Enctype::Aes256CtsHmacSha1_96;

    /// Every vector of RFC 3962 appendix B, "PBKDF2": 128-bit and 256-bit key.
    #[test]
    fn the_published_keys_of_rfc_3962_come_out() {
        let full = [b'X'; 64];
        let longer = [b'X'; 65];
        for (count, password, salt, small, large) in [
            (
                1,
                &b"password"[..],
                &b"ATHENA.MIT.EDUraeburn"[..],
                "42263c6e89f4fc28b8df68ee09799f15",
                "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
            ),
            (
                2,
                b"password",
                b"ATHENA.MIT.EDUraeburn",
                "c651bf29e2300ac27fa469d693bdda13",
                "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff",
            ),
            (
                1200,
                b"password",
                b"ATHENA.MIT.EDUraeburn",
                "4c01cd46d632d01e6dbe230a01ed642a",
                "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
            ),
            (
                5,
                b"password",
                &[0x12, 0x34, 0x56, 0x78, 0x78, 0x56, 0x34, 0x12],
                "e9b23d52273747dd5c35cb55be619d8e",
                "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31",
            ),
            (
                1200,
                &full,
                b"pass phrase equals block size",
                "59d1bb789a828b1aa54ef9c2883f69ed",
                "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34",
            ),
            (
                1200,
                &longer,
                b"pass phrase exceeds block size",
                "cb8005dc5f90179a7f02104c0018751d",
                "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b",
            ),
            (
                50,
                "\u{1D11E}".as_bytes(),
                b"EXAMPLE.COMpianist",
                "f149c1f2e154a73452d43e7fe62a56e5",
                "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e",
            ),
        ] {
            assert_eq!(hash(SMALL, password, salt, count).unwrap().octets(), hex(small));
            assert_eq!(hash(LARGE, password, salt, count).unwrap().octets(), hex(large));
        }
    }

    /// RFC 8009 appendix A, "Sample results for string-to-key conversion".
    #[test]
    fn the_published_keys_of_rfc_8009_come_out() {
        let salt = [&hex("10df9dd783e5bc8acea1730e74355f61")[..], b"ATHENA.MIT.EDUraeburn"].concat();
        for (enctype, expected) in [
            (Enctype::Aes128CtsHmacSha256_128, "089bca48b105ea6ea77ca5d2f39dc5e7"),
            (
                Enctype::Aes256CtsHmacSha384_192,
                "45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467",
            ),
        ] {
            let key = string_to_key(enctype, b"password", &salt, Some(&32_768u32.to_be_bytes()));
            assert_eq!(key.unwrap().octets(), hex(expected));
            let key = string_to_key(enctype, b"password", &salt, None);
            assert_eq!(key.unwrap().octets(), hex(expected), "32768 is the default");
        }
    }

    #[test]
    fn a_count_that_would_take_hours_or_make_guessing_cheap_is_refused() {
        for enctype in Enctype::ALL {
            let least = enctype.default_iterations();
            for count in [0, 1, least - 1, MAX_ITERATIONS + 1, u32::MAX] {
                assert_eq!(
                    string_to_key(enctype, b"password", b"salt", Some(&count.to_be_bytes())),
                    Err(CryptoError::IterationCount { count, least, most: MAX_ITERATIONS })
                );
            }
        }
    }

    #[test]
    fn parameters_that_are_not_four_octets_are_refused() {
        for length in [0, 1, 3, 5, 8] {
            assert_eq!(
                string_to_key(SMALL, b"password", b"salt", Some(&vec![0x10; length])),
                Err(CryptoError::ParameterLength { length })
            );
        }
    }

    #[test]
    fn more_rounds_than_the_default_are_done_if_asked_for() {
        let more = string_to_key(SMALL, b"password", b"salt", Some(&5000u32.to_be_bytes())).unwrap();
        assert_eq!(more, hash(SMALL, b"password", b"salt", 5000).unwrap());
        assert_ne!(more, string_to_key(SMALL, b"password", b"salt", None).unwrap());
    }
}
