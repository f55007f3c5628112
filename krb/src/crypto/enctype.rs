//! The enctypes that can be computed here, and the sizes that each brings
//! (RFC 3962 section 7, RFC 8009 section 5).

use super::CryptoError;

/// An encryption type that this crate has a cipher for.
///
/// A message may name any number; [`Enctype::try_from`] says whether it is one
/// of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Enctype {
    /// aes128-cts-hmac-sha1-96, number 17 (RFC 3962).
    Aes128CtsHmacSha1_96,
    /// aes256-cts-hmac-sha1-96, number 18 (RFC 3962).
    Aes256CtsHmacSha1_96,
    /// aes128-cts-hmac-sha256-128, number 19 (RFC 8009).
    Aes128CtsHmacSha256_128,
    /// aes256-cts-hmac-sha384-192, number 20 (RFC 8009).
    Aes256CtsHmacSha384_192,
}

impl Enctype {
    /// All of them, the strongest first: the order in which a client asks.
    pub const ALL: [Self; 4] = [
        Self::Aes256CtsHmacSha384_192,
        Self::Aes128CtsHmacSha256_128,
        Self::Aes256CtsHmacSha1_96,
        Self::Aes128CtsHmacSha1_96,
    ];

    /// The number on the wire (IANA, Kerberos Encryption Type Numbers).
    pub const fn number(self) -> i32 {
        match self {
            Self::Aes128CtsHmacSha1_96 => 17,
            Self::Aes256CtsHmacSha1_96 => 18,
            Self::Aes128CtsHmacSha256_128 => 19,
            Self::Aes256CtsHmacSha384_192 => 20,
        }
    }

    /// The number of the keyed checksum that goes with it (IANA, Kerberos
    /// Checksum Type Numbers).
    pub const fn checksum_number(self) -> i32 {
        match self {
            Self::Aes128CtsHmacSha1_96 => 15,
            Self::Aes256CtsHmacSha1_96 => 16,
            Self::Aes128CtsHmacSha256_128 => 19,
            Self::Aes256CtsHmacSha384_192 => 20,
        }
    }

    /// Length of a key, in octets.
    pub const fn key_length(self) -> usize {
        match self {
            Self::Aes128CtsHmacSha1_96 | Self::Aes128CtsHmacSha256_128 => 16,
            Self::Aes256CtsHmacSha1_96 | Self::Aes256CtsHmacSha384_192 => 32,
        }
    }

    /// Length of a checksum, and of the one inside a sealed message, in octets.
    pub const fn checksum_length(self) -> usize {
        match self {
            Self::Aes128CtsHmacSha1_96 | Self::Aes256CtsHmacSha1_96 => 12,
            Self::Aes128CtsHmacSha256_128 => 16,
            Self::Aes256CtsHmacSha384_192 => 24,
        }
    }

    /// PBKDF2 rounds when the KDC names none (RFC 3962 section 4, RFC 8009
    /// section 4).
    pub const fn default_iterations(self) -> u32 {
        match self {
            Self::Aes128CtsHmacSha1_96 | Self::Aes256CtsHmacSha1_96 => 4096,
            Self::Aes128CtsHmacSha256_128 | Self::Aes256CtsHmacSha384_192 => 32_768,
        }
    }

    /// The name that RFC 3962 and RFC 8009 give it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128CtsHmacSha1_96 => "aes128-cts-hmac-sha1-96",
            Self::Aes256CtsHmacSha1_96 => "aes256-cts-hmac-sha1-96",
            Self::Aes128CtsHmacSha256_128 => "aes128-cts-hmac-sha256-128",
            Self::Aes256CtsHmacSha384_192 => "aes256-cts-hmac-sha384-192",
        }
    }
}

impl TryFrom<i64> for Enctype {
    type Error = CryptoError;

    fn try_from(number: i64) -> Result<Self, CryptoError> {
        match number {
            17 => Ok(Self::Aes128CtsHmacSha1_96),
            18 => Ok(Self::Aes256CtsHmacSha1_96),
            19 => Ok(Self::Aes128CtsHmacSha256_128),
            20 => Ok(Self::Aes256CtsHmacSha384_192),
            _ => Err(CryptoError::UnknownEnctype { number }),
        }
    }
}

impl TryFrom<i32> for Enctype {
    type Error = CryptoError;

    fn try_from(number: i32) -> Result<Self, CryptoError> {
        i64::from(number).try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_leads_back_to_its_enctype() {
        for enctype in Enctype::ALL {
            assert_eq!(Enctype::try_from(enctype.number()), Ok(enctype));
        }
    }

    #[test]
    fn weak_and_unknown_numbers_are_refused() {
        for number in [i32::MIN, -1, 0, 1_i32, 3, 16, 21, 23, 24, i32::MAX] {
            let refused = Err(CryptoError::UnknownEnctype { number: number.into() });
            assert_eq!(Enctype::try_from(number), refused);
        }
    }
}
