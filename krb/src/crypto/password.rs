//! How a password becomes a key (RFC 3962 section 4, RFC 8009 section 4; RFC
//! 3961 section 6.3.1, RFC 4757 section 2).

use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::nfold::nfold;
use super::{CryptoError, Enctype, Key, aes_sha2, arcfour, simplified};

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
/// `password` is UTF-8. It takes milliseconds to seconds of one core, but for
/// the weak enctypes, which hash once and take no parameters.
///
/// # Errors
///
/// [`CryptoError::PasswordText`] if arcfour-hmac is to turn a password into
/// UTF-16 that is no text,
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
    if enctype.is_weak() {
        return match parameters {
            None => hash(enctype, password, salt, 0),
            Some(octets) => Err(CryptoError::ParameterLength { length: octets.len() }),
        };
    }
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
pub(super) fn hash(enctype: Enctype, password: &[u8], salt: &[u8], count: u32) -> Result<Key, CryptoError> {
    let mut octets = Zeroizing::new(vec![0; enctype.seed_length()]);
    match enctype {
        Enctype::ArcfourHmac => arcfour::string_to_key(password),
        Enctype::Des3CbcSha1Kd => {
            nfold(&Zeroizing::new([password, salt].concat()), &mut octets);
            simplified::derive(&Key::from_random(enctype, &octets)?, LABEL)
        }
        Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
            pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, count, &mut octets);
            simplified::derive(&Key::new(enctype, &octets)?, LABEL)
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

    const SMALL: Enctype = Enctype::Aes128CtsHmacSha1_96;

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
    fn weak_enctypes_take_no_parameters() {
        for enctype in Enctype::WEAK {
            assert_eq!(
                string_to_key(enctype, b"password", b"salt", Some(&[0; 4])),
                Err(CryptoError::ParameterLength { length: 4 })
            );
        }
    }

    #[test]
    fn arcfour_refuses_a_password_that_is_no_text() {
        let key = string_to_key(Enctype::ArcfourHmac, b"\xff", b"", None);
        assert_eq!(key, Err(CryptoError::PasswordText));
    }

    #[test]
    fn more_rounds_than_the_default_are_done_if_asked_for() {
        let more = string_to_key(SMALL, b"password", b"salt", Some(&5000u32.to_be_bytes())).unwrap();
        assert_eq!(more, hash(SMALL, b"password", b"salt", 5000).unwrap());
        assert_ne!(more, string_to_key(SMALL, b"password", b"salt", None).unwrap());
    }
}
