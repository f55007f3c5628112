//! The enctypes that can be computed here, and the sizes that each brings
//! (RFC 3962 section 7, RFC 8009 section 5; RFC 3961 section 6.3, RFC 4757).

use super::{CONFOUNDER_LENGTH, CryptoError};

/// An encryption type that this crate has a cipher for.
///
/// A message may name any number; [`Enctype::try_from`] says whether it is one
/// of the strong ones. The weak ones are deprecated (RFC 8429): a key for one
/// exists only where somebody wrote its name or [`Enctype::allowing_weak`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Enctype {
    /// aes128-cts-hmac-sha1-96, number 17 (RFC 3962).
    Aes128CtsHmacSha1_96,
    /// aes128-cts-hmac-sha256-128, number 19 (RFC 8009).
    Aes128CtsHmacSha256_128,
    /// aes256-cts-hmac-sha1-96, number 18 (RFC 3962).
    Aes256CtsHmacSha1_96,
    /// aes256-cts-hmac-sha384-192, number 20 (RFC 8009).
    Aes256CtsHmacSha384_192,
    /// arcfour-hmac, number 23 (RFC 4757). Weak: its keys are unsalted hashes
    /// of passwords.
    ArcfourHmac,
    /// des3-cbc-sha1-kd, number 16 (RFC 3961 section 6.3). Weak: its blocks
    /// have 64 bits.
    Des3CbcSha1Kd,
}

impl Enctype {
    /// All strong ones, the strongest first: the order in which a client asks.
    pub const ALL: [Self; 4] = [
        Self::Aes256CtsHmacSha384_192,
        Self::Aes128CtsHmacSha256_128,
        Self::Aes256CtsHmacSha1_96,
        Self::Aes128CtsHmacSha1_96,
    ];

    /// Those that are used only where somebody asks for them by name.
    pub const WEAK: [Self; 2] = [Self::ArcfourHmac, Self::Des3CbcSha1Kd];

    /// The enctype of that number, be it weak.
    ///
    /// [`Enctype::try_from`] is the one to use unless the operator allows what
    /// is weak.
    ///
    /// # Errors
    ///
    /// [`CryptoError::UnknownEnctype`] for a number that there is no cipher for.
    pub const fn allowing_weak(number: i64) -> Result<Self, CryptoError> {
        match number {
            16 => Ok(Self::Des3CbcSha1Kd),
            17 => Ok(Self::Aes128CtsHmacSha1_96),
            18 => Ok(Self::Aes256CtsHmacSha1_96),
            19 => Ok(Self::Aes128CtsHmacSha256_128),
            20 => Ok(Self::Aes256CtsHmacSha384_192),
            23 => Ok(Self::ArcfourHmac),
            _ => Err(CryptoError::UnknownEnctype { number }),
        }
    }

    /// Whether it is one of [`Self::WEAK`].
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::ArcfourHmac | Self::Des3CbcSha1Kd)
    }

    /// The number on the wire (IANA, Kerberos Encryption Type Numbers).
    pub const fn number(self) -> i32 {
        match self {
            Self::Des3CbcSha1Kd => 16,
            Self::Aes128CtsHmacSha1_96 => 17,
            Self::Aes256CtsHmacSha1_96 => 18,
            Self::Aes128CtsHmacSha256_128 => 19,
            Self::Aes256CtsHmacSha384_192 => 20,
            Self::ArcfourHmac => 23,
        }
    }

    /// The number of the keyed checksum that goes with it (IANA, Kerberos
    /// Checksum Type Numbers).
    pub const fn checksum_number(self) -> i32 {
        match self {
            Self::Des3CbcSha1Kd => 12,
            Self::Aes128CtsHmacSha1_96 => 15,
            Self::Aes256CtsHmacSha1_96 => 16,
            Self::Aes128CtsHmacSha256_128 => 19,
            Self::Aes256CtsHmacSha384_192 => 20,
            Self::ArcfourHmac => -138,
        }
    }

    /// Length of a key, in octets.
    pub const fn key_length(self) -> usize {
        match self {
            Self::Aes128CtsHmacSha1_96 | Self::Aes128CtsHmacSha256_128 | Self::ArcfourHmac => 16,
            Self::Des3CbcSha1Kd => 24,
            Self::Aes256CtsHmacSha1_96 | Self::Aes256CtsHmacSha384_192 => 32,
        }
    }

    /// Random octets that make a key, see [`Key::from_random`](super::Key::from_random).
    pub const fn seed_length(self) -> usize {
        match self {
            // The rest of the key is parity.
            Self::Des3CbcSha1Kd => 21,
            _ => self.key_length(),
        }
    }

    /// Length of a checksum, and of the one inside a sealed message, in octets.
    pub const fn checksum_length(self) -> usize {
        match self {
            Self::Aes128CtsHmacSha1_96 | Self::Aes256CtsHmacSha1_96 => 12,
            Self::Aes128CtsHmacSha256_128 | Self::ArcfourHmac => 16,
            Self::Des3CbcSha1Kd => 20,
            Self::Aes256CtsHmacSha384_192 => 24,
        }
    }

    /// Random octets in front of every plaintext.
    pub const fn confounder_length(self) -> usize {
        match self {
            Self::ArcfourHmac | Self::Des3CbcSha1Kd => 8,
            _ => CONFOUNDER_LENGTH,
        }
    }

    /// PBKDF2 rounds when the KDC names none (RFC 3962 section 4, RFC 8009
    /// section 4); 0 for the weak ones, which hash once.
    pub const fn default_iterations(self) -> u32 {
        match self {
            Self::Aes128CtsHmacSha1_96 | Self::Aes256CtsHmacSha1_96 => 4096,
            Self::Aes128CtsHmacSha256_128 | Self::Aes256CtsHmacSha384_192 => 32_768,
            Self::ArcfourHmac | Self::Des3CbcSha1Kd => 0,
        }
    }

    /// The name that the RFCs give it, but for arcfour-hmac, whose name is
    /// what `klist` prints.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128CtsHmacSha1_96 => "aes128-cts-hmac-sha1-96",
            Self::Aes128CtsHmacSha256_128 => "aes128-cts-hmac-sha256-128",
            Self::Aes256CtsHmacSha1_96 => "aes256-cts-hmac-sha1-96",
            Self::Aes256CtsHmacSha384_192 => "aes256-cts-hmac-sha384-192",
            Self::ArcfourHmac => "arcfour-hmac",
            Self::Des3CbcSha1Kd => "des3-cbc-sha1-kd",
        }
    }
}

/// The strong enctype of that number; the weak are refused as unknown.
impl TryFrom<i64> for Enctype {
    type Error = CryptoError;

    fn try_from(number: i64) -> Result<Self, CryptoError> {
        match Self::allowing_weak(number) {
            Ok(enctype) if enctype.is_weak() => Err(CryptoError::UnknownEnctype { number }),
            result => result,
        }
    }
}

/// The strong enctype of that number; the weak are refused as unknown.
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
    fn a_weak_number_leads_to_its_enctype_only_where_weak_ones_are_allowed() {
        for enctype in Enctype::WEAK {
            let number = i64::from(enctype.number());
            assert_eq!(Enctype::allowing_weak(number), Ok(enctype));
            assert_eq!(Enctype::try_from(number), Err(CryptoError::UnknownEnctype { number }));
        }
    }

    #[test]
    fn allowing_weak_ones_refuses_no_strong_one_and_admits_no_other() {
        let admitted: Vec<_> = (-200..200).filter_map(|number| Enctype::allowing_weak(number).ok()).collect();
        assert_eq!(admitted.len(), Enctype::ALL.len() + Enctype::WEAK.len());
        assert!(Enctype::ALL.into_iter().all(|enctype| admitted.contains(&enctype)));
        assert!(admitted.into_iter().all(|enctype| enctype.is_weak() == Enctype::WEAK.contains(&enctype)));
    }

    #[test]
    fn weak_and_unknown_numbers_are_refused() {
        for number in [i32::MIN, -1, 0, 1_i32, 3, 16, 21, 23, 24, i32::MAX] {
            let refused = Err(CryptoError::UnknownEnctype { number: number.into() });
            assert_eq!(Enctype::try_from(number), refused);
        }
    }
}
