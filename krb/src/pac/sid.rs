//! Security identifiers: what Windows calls users and groups by, and never gives to another (MS-DTYP section 2.4.2).

use std::fmt;
use std::str::FromStr;

/// Most numbers behind the authority.
pub const MAX_SUBAUTHORITIES: usize = 15;

/// The only revision.
const REVISION: u8 = 1;

/// A security identifier, such as `S-1-5-21-1-2-3-512`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid {
    /// 48 bits.
    authority: u64,
    /// Those behind `count` are zero.
    subauthorities: [u32; MAX_SUBAUTHORITIES],
    count: u8,
}

/// Why something is no SID.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SidError {
    /// The authority is no 48-bit number, or a number behind it no 32-bit one.
    #[error("a number of the SID is too large or none")]
    Number,
    /// It does not begin with `S-1-`, or with the revision 1.
    #[error("not a SID of revision 1, such as S-1-5-21-1-2-3-512")]
    Revision,
    /// It has fewer octets than numbers, or more.
    #[error("the SID has too few or too many octets")]
    Size,
    /// There are too many numbers.
    #[error("the SID has more than {MAX_SUBAUTHORITIES} numbers behind its authority")]
    TooLong,
}

impl Sid {
    /// The SID with this authority and these numbers behind it.
    ///
    /// # Errors
    ///
    /// [`SidError::Number`] or [`SidError::TooLong`].
    pub fn new(authority: u64, subauthorities: &[u32]) -> Result<Self, SidError> {
        if authority >> 48 != 0 {
            return Err(SidError::Number);
        }
        let mut kept = [0; MAX_SUBAUTHORITIES];
        let place = kept.get_mut(..subauthorities.len()).ok_or(SidError::TooLong)?;
        place.copy_from_slice(subauthorities);
        let count = u8::try_from(subauthorities.len()).map_err(|_| SidError::TooLong)?;
        Ok(Self { authority, subauthorities: kept, count })
    }

    /// Reads the packed form, which must fill `octets` (MS-DTYP section 2.4.2.2).
    ///
    /// # Errors
    ///
    /// [`SidError::Revision`], [`SidError::TooLong`] or [`SidError::Size`].
    pub fn read(octets: &[u8]) -> Result<Self, SidError> {
        let (&[revision, count, a, b, c, d, e, f], rest) =
            octets.split_first_chunk::<8>().ok_or(SidError::Size)?;
        if revision != REVISION {
            return Err(SidError::Revision);
        }
        let (numbers, odd) = rest.as_chunks::<4>();
        let mut subauthorities = [0; MAX_SUBAUTHORITIES];
        let place = subauthorities.get_mut(..usize::from(count)).ok_or(SidError::TooLong)?;
        if numbers.len() != place.len() || !odd.is_empty() {
            return Err(SidError::Size);
        }
        for (to, from) in place.iter_mut().zip(numbers) {
            *to = u32::from_le_bytes(*from);
        }
        Ok(Self { authority: u64::from_be_bytes([0, 0, a, b, c, d, e, f]), subauthorities, count })
    }

    /// The packed form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let [_, _, authority @ ..] = self.authority.to_be_bytes();
        let mut octets = Vec::with_capacity(8 + 4 * MAX_SUBAUTHORITIES);
        octets.extend_from_slice(&[REVISION, self.count]);
        octets.extend_from_slice(&authority);
        octets.extend(self.subauthorities().iter().flat_map(|number| number.to_le_bytes()));
        octets
    }

    /// The number behind `S-1-`: 5 for users and groups of Windows.
    #[must_use]
    pub const fn authority(&self) -> u64 {
        self.authority
    }

    /// The numbers behind the authority.
    #[must_use]
    pub fn subauthorities(&self) -> &[u32] {
        self.subauthorities.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// The account with the number `rid` in the domain that this SID is.
    ///
    /// # Errors
    ///
    /// [`SidError::TooLong`].
    pub fn with_rid(&self, rid: u32) -> Result<Self, SidError> {
        let mut account = *self;
        *account.subauthorities.get_mut(usize::from(self.count)).ok_or(SidError::TooLong)? = rid;
        account.count += 1;
        Ok(account)
    }

    /// The domain and the account's number in it; `None` if there is no number.
    #[must_use]
    pub fn split_rid(&self) -> Option<(Self, u32)> {
        let mut domain = *self;
        domain.count = self.count.checked_sub(1)?;
        let place = domain.subauthorities.get_mut(usize::from(domain.count))?;
        let rid = std::mem::take(place);
        Some((domain, rid))
    }
}

/// As Windows writes it: an authority above 32 bits is hexadecimal.
impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.authority) {
            Ok(authority) => write!(f, "S-{REVISION}-{authority}")?,
            Err(_) => write!(f, "S-{REVISION}-0x{:012X}", self.authority)?,
        }
        self.subauthorities().iter().try_for_each(|number| write!(f, "-{number}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Self, SidError> {
        let numbers = text.strip_prefix("S-1-").ok_or(SidError::Revision)?;
        let mut numbers = numbers.split('-');
        let authority = numbers.next().ok_or(SidError::Number)?;
        let authority = match authority.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(plain(digits, 16)?, 16),
            None => plain(authority, 10)?.parse(),
        };
        let authority = authority.map_err(|_| SidError::Number)?;
        let mut subauthorities = Vec::new();
        for number in numbers {
            if subauthorities.len() == MAX_SUBAUTHORITIES {
                return Err(SidError::TooLong);
            }
            subauthorities.push(plain(number, 10)?.parse().map_err(|_| SidError::Number)?);
        }
        Self::new(authority, &subauthorities)
    }
}

/// Digits and nothing else; Rust's numbers may have a sign too.
fn plain(digits: &str, radix: u32) -> Result<&str, SidError> {
    if digits.chars().all(|digit| digit.is_digit(radix)) { Ok(digits) } else { Err(SidError::Number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn well_known_identifiers_are_written_and_read_as_windows_does() {
        for (text, authority, subauthorities) in [
            ("S-1-0-0", 0, &[0][..]),
            ("S-1-5-32-544", 5, &[32, 544]),
            (
                "S-1-5-21-397955417-626881126-188441444-512",
                5,
                &[21, 397_955_417, 626_881_126, 188_441_444, 512],
            ),
            ("S-1-18-1", 18, &[1]),
            ("S-1-0x0123456789AB-7", 0x0123_4567_89ab, &[7]),
            ("S-1-4294967295", 0xffff_ffff, &[]),
        ] {
            let sid = Sid::new(authority, subauthorities).unwrap();
            assert_eq!(sid.to_string(), text);
            assert_eq!(text.parse(), Ok(sid));
        }
    }

    #[test]
    fn the_packed_form_has_its_authority_big_endian_and_the_rest_little_endian() {
        let sid: Sid = "S-1-5-32-544".parse().unwrap();
        assert_eq!(sid.encode(), [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0]);
    }

    #[test]
    fn what_is_not_quite_a_sid_is_refused() {
        for (text, refused) in [
            ("", SidError::Revision),
            ("s-1-5", SidError::Revision),
            ("S-2-5-1", SidError::Revision),
            ("S-1-", SidError::Number),
            ("S-1-5-", SidError::Number),
            ("S-1-5-+1", SidError::Number),
            ("S-1-5--1", SidError::Number),
            ("S-1-5-4294967296", SidError::Number),
            ("S-1-281474976710656", SidError::Number),
            ("S-1-0x-1", SidError::Number),
            ("S-1-5-1 ", SidError::Number),
            ("S-1-5-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", SidError::TooLong),
        ] {
            assert_eq!(text.parse::<Sid>(), Err(refused), "{text}");
        }
    }

    #[test]
    fn packed_octets_must_be_as_many_as_they_say() {
        assert_eq!(Sid::read(&[1, 1, 0, 0, 0, 0, 0, 5]), Err(SidError::Size));
        assert_eq!(Sid::read(&[1, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]), Err(SidError::Size));
        assert_eq!(Sid::read(&[1, 0, 0, 0, 0, 0, 0, 5, 0]), Err(SidError::Size));
        assert_eq!(Sid::read(&[1, 0, 0]), Err(SidError::Size));
        assert_eq!(Sid::read(&[2, 0, 0, 0, 0, 0, 0, 5]), Err(SidError::Revision));
        assert_eq!(
            Sid::read(&[[1, 16, 0, 0, 0, 0, 0, 5].as_slice(), &[0; 64]].concat()),
            Err(SidError::TooLong)
        );
    }

    #[test]
    fn an_account_is_its_domain_and_a_number() {
        let domain: Sid = "S-1-5-21-1-2-3".parse().unwrap();
        let account = domain.with_rid(500).unwrap();
        assert_eq!(account.to_string(), "S-1-5-21-1-2-3-500");
        assert_eq!(account.split_rid(), Some((domain, 500)));
        assert_eq!(Sid::new(5, &[]).unwrap().split_rid(), None);
        assert_eq!(Sid::new(5, &[1; 15]).unwrap().with_rid(1), Err(SidError::TooLong));
    }

    proptest! {
        #[test]
        fn comes_back_packed_and_written(
            authority in 0_u64..1 << 48, numbers in proptest::collection::vec(any::<u32>(), 0..16),
        ) {
            let sid = Sid::new(authority, &numbers).unwrap();
            prop_assert_eq!(Sid::read(&sid.encode()), Ok(sid));
            prop_assert_eq!(sid.to_string().parse(), Ok(sid));
            prop_assert_eq!((sid.authority(), sid.subauthorities()), (authority, &numbers[..]));
        }
    }
}
