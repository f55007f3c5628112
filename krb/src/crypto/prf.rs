//! The pseudo-random function of each enctype (RFC 3961 section 5.3, RFC 8009
//! section 5), and what FAST combines keys with (RFC 6113 section 5.1).

use zeroize::Zeroizing;

use super::{CryptoError, Enctype, Key, aes_sha2, arcfour, simplified};

/// Octets that only who has `key` can draw from `input`.
///
/// Their number is the enctype's own: 16 for 16, 17 and 18, 20 for 23, 32 for
/// 19, 48 for 20.
///
/// # Errors
///
/// [`CryptoError::KeyLength`], which a [`Key`] that exists cannot cause.
pub fn prf(key: &Key, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    match key.enctype() {
        Enctype::ArcfourHmac => arcfour::prf(key, input),
        Enctype::Des3CbcSha1Kd | Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
            simplified::prf(key, input)
        }
        Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
            Ok(Zeroizing::new(aes_sha2::prf(key, input)?.to_vec()))
        }
    }
}

/// KRB-FX-CF2: one key out of two, which needs both (RFC 6113 section 5.1).
///
/// It has the enctype of the first.
///
/// # Errors
///
/// [`CryptoError::KeyLength`], which keys that exist cannot cause.
pub fn combine(first: (&Key, &[u8]), second: (&Key, &[u8])) -> Result<Key, CryptoError> {
    let enctype = first.0.enctype();
    let mut seed = prf_plus(first.0, first.1, enctype.seed_length())?;
    let other = prf_plus(second.0, second.1, enctype.seed_length())?;
    for (octet, other) in seed.iter_mut().zip(other.iter()) {
        *octet ^= other;
    }
    Key::from_random(enctype, &seed)
}

/// PRF+: `length` octets that only who has `key` can draw from `pepper`.
fn prf_plus(key: &Key, pepper: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    // No key needs more than two rounds, whose results have at most 48 octets.
    let mut drawn = Zeroizing::new(Vec::with_capacity(length + 48));
    for round in 1..=u8::MAX {
        if drawn.len() >= length {
            break;
        }
        drawn.extend_from_slice(&prf(key, &[&[round], pepper].concat())?);
    }
    drawn.truncate(length);
    Ok(drawn)
}
