//! KerberosFlags: a BIT STRING whose bits have names, kept at the length it came in
//! (RFC 4120 section 5.2.8).
//!
//! The standard asks for at least 32 bits; peers send fewer and more. A bit beyond the end counts as clear.

use rasn::error::DecodeError;
use rasn::types::{Constraints, Identifier, Tag};
use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

/// Flags as they stood on the wire, of any length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flags {
    /// Bits at the end of the last octet that do not count, 0 to 7.
    unused: u8,
    octets: Vec<u8>,
}

impl Flags {
    /// 32 flags of which those in `set` are set.
    ///
    /// Bit 0 is the first on the wire, as in the standard. Bits above 31 are left out.
    #[must_use]
    pub fn with(set: &[u8]) -> Self {
        let word = set
            .iter()
            .filter_map(|bit| 31_u32.checked_sub(u32::from(*bit)))
            .fold(0_u32, |word, shift| word | 1 << shift);
        Self::from(word)
    }

    /// Whether flag `n` is set.
    #[must_use]
    pub fn bit(&self, n: u8) -> bool {
        let n = usize::from(n);
        n < self.len() && self.octets.get(n / 8).is_some_and(|octet| octet & (0x80 >> (n % 8)) != 0)
    }

    /// How many flags were sent, in bits.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.octets.len() * 8).saturating_sub(usize::from(self.unused))
    }

    /// Whether no flag at all was sent, neither set nor clear.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first 32 flags as one number, flag 0 in its highest bit.
    #[must_use]
    pub fn word(&self) -> u32 {
        (0..32).filter(|n| self.bit(*n)).fold(0, |word, n| word | 0x8000_0000 >> n)
    }

    /// The content octets of the BIT STRING: the count of unused bits, then the bits.
    fn content(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(self.octets.len() + 1);
        content.push(self.unused);
        content.extend_from_slice(&self.octets);
        content
    }

    /// Reads what [`Self::content`] writes; `None` if the count of unused bits is impossible.
    fn from_content(content: &[u8]) -> Option<Self> {
        let (&unused, octets) = content.split_first()?;
        if unused > 7 || (unused > 0 && octets.is_empty()) {
            return None;
        }
        Some(Self { unused, octets: octets.to_vec() })
    }
}

/// 32 flags, flag 0 in the highest bit of `word`.
impl From<u32> for Flags {
    fn from(word: u32) -> Self {
        Self { unused: 0, octets: word.to_be_bytes().to_vec() }
    }
}

/// Flags in whole octets, flag 0 in the highest bit of the first.
impl From<Vec<u8>> for Flags {
    fn from(octets: Vec<u8>) -> Self {
        Self { unused: 0, octets }
    }
}

impl AsnType for Flags {
    const TAG: Tag = Tag::BIT_STRING;
    const IDENTIFIER: Identifier = Identifier::BIT_STRING;
}

// Read as a plain string: the library's BIT STRING forgets what stood in the unused bits.
impl Decode for Flags {
    fn decode_with_tag_and_constraints<D: Decoder>(
        decoder: &mut D,
        tag: Tag,
        constraints: &Constraints,
    ) -> Result<Self, D::Error> {
        let codec = decoder.codec();
        let content = decoder.decode_octet_string::<Vec<u8>>(tag, constraints)?;
        Self::from_content(&content).ok_or_else(|| {
            DecodeError::parser_fail("impossible count of unused bits".to_owned(), codec).into()
        })
    }
}

impl Encode for Flags {
    fn encode_with_tag_and_constraints<'b, E: Encoder<'b>>(
        &self,
        encoder: &mut E,
        tag: Tag,
        constraints: &Constraints,
        identifier: Identifier,
    ) -> Result<(), E::Error> {
        encoder.encode_octet_string(tag, constraints, &self.content(), identifier).map(drop)
    }
}

/// Flags of an AP-REQ (RFC 4120 section 5.5.1).
pub mod ap {
    /// The ticket is sealed with the session key of the server's own ticket (user to user).
    pub const USE_SESSION_KEY: u8 = 1;
    /// The client waits for an AP-REP.
    pub const MUTUAL_REQUIRED: u8 = 2;
}

/// Flags of a request to the KDC (RFC 4120 section 5.4.1 unless another is named).
pub mod kdc {
    /// Ask for a ticket that can be forwarded.
    pub const FORWARDABLE: u8 = 1;
    /// Ask for a forwarded ticket.
    pub const FORWARDED: u8 = 2;
    /// Ask for a ticket that can be proxied.
    pub const PROXIABLE: u8 = 3;
    /// Ask for a proxy ticket.
    pub const PROXY: u8 = 4;
    /// Ask for a ticket that can be postdated.
    pub const ALLOW_POSTDATE: u8 = 5;
    /// Ask for a postdated ticket.
    pub const POSTDATED: u8 = 6;
    /// Ask for a ticket that can be renewed.
    pub const RENEWABLE: u8 = 8;
    /// The client's name is that of the additional ticket (S4U2Proxy, MS-SFU section 2.2.3).
    pub const CNAME_IN_ADDL_TKT: u8 = 14;
    /// The KDC may answer with other names than asked for (RFC 6806 section 3).
    pub const CANONICALIZE: u8 = 15;
    /// Ask for an anonymous ticket (RFC 8062 section 3).
    pub const REQUEST_ANONYMOUS: u8 = 16;
    /// Do not check the realms that were crossed.
    pub const DISABLE_TRANSITED_CHECK: u8 = 26;
    /// A renewable ticket will do if none lives as long as asked for.
    pub const RENEWABLE_OK: u8 = 27;
    /// Seal the ticket with the session key of the additional ticket (user to user).
    pub const ENC_TKT_IN_SKEY: u8 = 28;
    /// Renew the ticket presented.
    pub const RENEW: u8 = 30;
    /// Validate the postdated ticket presented.
    pub const VALIDATE: u8 = 31;
}

/// Flags of a ticket (RFC 4120 section 5.3 unless another is named).
pub mod ticket {
    /// May be exchanged for a ticket with other addresses.
    pub const FORWARDABLE: u8 = 1;
    /// Was forwarded, or comes from one that was.
    pub const FORWARDED: u8 = 2;
    /// May be exchanged for a service ticket with other addresses.
    pub const PROXIABLE: u8 = 3;
    /// Is a proxy ticket.
    pub const PROXY: u8 = 4;
    /// May be exchanged for a postdated ticket.
    pub const MAY_POSTDATE: u8 = 5;
    /// Was postdated.
    pub const POSTDATED: u8 = 6;
    /// Must be validated by the KDC first; no service may accept it.
    pub const INVALID: u8 = 7;
    /// May be renewed.
    pub const RENEWABLE: u8 = 8;
    /// Comes from the AS exchange.
    pub const INITIAL: u8 = 9;
    /// The client proved its identity before the ticket was issued.
    pub const PRE_AUTHENT: u8 = 10;
    /// The proof needed hardware.
    pub const HW_AUTHENT: u8 = 11;
    /// The KDC checked the realms that were crossed.
    pub const TRANSITED_POLICY_CHECKED: u8 = 12;
    /// The service may be trusted with the user's forwarded ticket.
    pub const OK_AS_DELEGATE: u8 = 13;
    /// The encrypted part protects the request (RFC 6806 section 11).
    pub const ENC_PA_REP: u8 = 15;
    /// The client is anonymous (RFC 8062 section 3).
    pub const ANONYMOUS: u8 = 16;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwardable_is_the_second_bit_of_thirty_two() {
        let flags = Flags::with(&[ticket::FORWARDABLE]);
        assert_eq!(rasn::der::encode(&flags).unwrap(), [0x03, 5, 0, 0x40, 0, 0, 0]);
        assert!(flags.bit(1) && !flags.bit(0) && !flags.bit(2));
        assert_eq!(flags.word(), 0x4000_0000);
    }

    #[test]
    fn a_bit_beyond_the_end_is_clear() {
        let short: Flags = rasn::der::decode(&[0x03, 2, 4, 0xFF]).unwrap();
        assert_eq!((short.len(), short.bit(3), short.bit(4), short.bit(200)), (4, true, false, false));
    }

    #[test]
    fn any_length_comes_back_as_it_was() {
        for octets in [&[3_u8, 1, 0][..], &[3, 2, 0, 0x40], &[3, 2, 1, 0x41], &[3, 6, 0, 1, 2, 3, 4, 5]] {
            let flags: Flags = rasn::der::decode(octets).unwrap();
            assert_eq!(rasn::der::encode(&flags).unwrap(), octets);
        }
    }

    #[test]
    fn an_impossible_count_of_unused_bits_is_refused() {
        for octets in [&[3_u8, 0][..], &[3, 1, 1], &[3, 2, 8, 0]] {
            assert!(rasn::der::decode::<Flags>(octets).is_err(), "{octets:02x?}");
        }
    }

    #[test]
    fn bits_above_the_word_are_left_out() {
        assert_eq!(Flags::with(&[0, 31, 32, 255]).word(), 0x8000_0001);
    }
}
