//! The distinguished encoding as Kerberos uses it: one-octet tags, definite minimal lengths
//! (X.690 sections 8.1 and 10.1), read without copying.
//!
//! Nothing here allocates while reading, nothing recurses deeper than [`MAX_DEPTH`], and no length
//! that a peer announces is believed before that many octets are there.

/// Deepest nesting that a message may have.
///
/// The deepest real one, an armored TGS-REQ with a ticket in its AP-REQ, has 14 levels.
pub const MAX_DEPTH: usize = 32;

/// Tag of an INTEGER.
pub const INTEGER: u8 = 0x02;
/// Tag of a BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// Tag of an OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// Tag of an OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// Tag of an ENUMERATED.
pub const ENUMERATED: u8 = 0x0a;
/// Tag of a GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// Tag of a GeneralString.
pub const GENERAL_STRING: u8 = 0x1b;
/// Tag of a SEQUENCE or SEQUENCE OF.
pub const SEQUENCE: u8 = 0x30;

const CONSTRUCTED: u8 = 0x20;

/// The explicit context tag `[number]`, for numbers below 31.
#[must_use]
pub const fn context(number: u8) -> u8 {
    0xa0 | (number & 0x1f)
}

/// The application tag `[APPLICATION number]`, for numbers below 31.
#[must_use]
pub const fn application(number: u8) -> u8 {
    0x60 | (number & 0x1f)
}

/// Why octets are not the encoding that was looked for. All are final: more octets do not help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DerError {
    /// The value ends before its announced length.
    #[error("an element is longer than what holds it")]
    CutShort,
    /// An INTEGER that is empty or does not fit 64 bits.
    #[error("an INTEGER is empty or larger than 64 bits")]
    Integer,
    /// A length that is indefinite, not minimal, or above 32 bits.
    #[error("a length is indefinite, not minimal or too large")]
    Length,
    /// More than [`MAX_DEPTH`] levels.
    #[error("elements are nested more than {MAX_DEPTH} deep")]
    Nesting,
    /// A tag other than the one that must stand there.
    #[error("tag {found:#04x} stands where {wanted:#04x} must")]
    Tag {
        /// The tag that was looked for.
        wanted: u8,
        /// The tag that was found.
        found: u8,
    },
    /// A tag number above 30, which Kerberos does not use.
    #[error("a tag number is above 30")]
    TagNumber,
    /// Octets are left over.
    #[error("octets follow the last element")]
    Trailing,
}

/// One element: its tag, its contents, and all its octets.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    /// The identifier octet.
    pub tag: u8,
    /// What the length counts.
    pub contents: &'a [u8],
}

impl<'a> Element<'a> {
    /// A reader over the contents, if the tag is `wanted`.
    ///
    /// # Errors
    ///
    /// [`DerError::Tag`] for another tag.
    pub const fn expect(self, wanted: u8) -> Result<Reader<'a>, DerError> {
        if self.tag == wanted {
            Ok(Reader::new(self.contents))
        } else {
            Err(DerError::Tag { wanted, found: self.tag })
        }
    }
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first octet of `octets`.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// The octets that were not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all octets were read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element.
    ///
    /// # Errors
    ///
    /// [`DerError::CutShort`], [`DerError::Length`] or [`DerError::TagNumber`].
    pub fn element(&mut self) -> Result<Element<'a>, DerError> {
        let Some(Header { tag, header, contents }) = header(self.rest)? else {
            return Err(DerError::CutShort);
        };
        let (_, after) = self.rest.split_at_checked(header).ok_or(DerError::CutShort)?;
        let (contents, rest) = after.split_at_checked(contents).ok_or(DerError::CutShort)?;
        self.rest = rest;
        Ok(Element { tag, contents })
    }

    /// Enters the next element, which must have this tag.
    ///
    /// # Errors
    ///
    /// As [`Reader::element`], and [`DerError::Tag`].
    pub fn enter(&mut self, tag: u8) -> Result<Self, DerError> {
        self.element()?.expect(tag)
    }

    /// Enters the next element if it has this tag; otherwise leaves it to be read.
    ///
    /// # Errors
    ///
    /// As [`Reader::element`].
    pub fn enter_if(&mut self, tag: u8) -> Result<Option<Self>, DerError> {
        match self.rest.first() {
            Some(&found) if found == tag => self.enter(tag).map(Some),
            _ => Ok(None),
        }
    }

    /// The contents of the next element, which must have this tag and be the last one.
    ///
    /// # Errors
    ///
    /// As [`Reader::enter`] and [`Reader::end`].
    pub fn only(mut self, tag: u8) -> Result<&'a [u8], DerError> {
        let contents = self.enter(tag)?.rest;
        self.end()?;
        Ok(contents)
    }

    /// The INTEGER that is the only element here.
    ///
    /// Octets of padding are taken: peers disagree about the sign of 32-bit fields and some pad them.
    ///
    /// # Errors
    ///
    /// As [`Reader::only`], and [`DerError::Integer`].
    pub fn only_integer(self) -> Result<i64, DerError> {
        let contents = self.only(INTEGER)?;
        let first = contents.first().ok_or(DerError::Integer)?;
        if contents.len() > 8 {
            return Err(DerError::Integer);
        }
        let sign = if first & 0x80 == 0 { 0 } else { -1 };
        Ok(contents.iter().fold(sign, |value, octet| (value << 8) | i64::from(*octet)))
    }

    /// Says that nothing is left.
    ///
    /// # Errors
    ///
    /// [`DerError::Trailing`].
    pub const fn end(self) -> Result<(), DerError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DerError::Trailing) }
    }
}

struct Header {
    tag: u8,
    /// Octets of tag and length.
    header: usize,
    /// Octets of contents.
    contents: usize,
}

/// Reads tag and length; `None` if octets of them are still missing.
fn header(octets: &[u8]) -> Result<Option<Header>, DerError> {
    let Some((&tag, rest)) = octets.split_first() else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err(DerError::TagNumber);
    }
    let Some((&first, rest)) = rest.split_first() else { return Ok(None) };
    if first < 0x80 {
        return Ok(Some(Header { tag, header: 2, contents: usize::from(first) }));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(DerError::Length);
    }
    let Some((length, _)) = rest.split_at_checked(count) else { return Ok(None) };
    let value = length.iter().fold(0_u64, |value, octet| (value << 8) | u64::from(*octet));
    let minimal = match count {
        1 => value >= 0x80,
        _ => value >> (8 * (count - 1)) != 0,
    };
    if !minimal {
        return Err(DerError::Length);
    }
    let contents = usize::try_from(value).map_err(|_| DerError::Length)?;
    Ok(Some(Header { tag, header: 2 + count, contents }))
}

/// How many octets the element at the start of `octets` has in all.
///
/// `None` means that not even its length is there yet. It is what a stream of bare messages is cut by.
///
/// # Errors
///
/// [`DerError::Length`] or [`DerError::TagNumber`]: no element starts here.
pub fn announced(octets: &[u8]) -> Result<Option<usize>, DerError> {
    Ok(header(octets)?.map(|found| found.header.saturating_add(found.contents)))
}

/// Walks through all of `octets`: one element, well-formed at every level, and nothing after it.
///
/// Contents of primitive elements are not judged.
///
/// # Errors
///
/// Any [`DerError`] but [`DerError::Tag`] and [`DerError::Integer`].
pub fn well_formed(octets: &[u8]) -> Result<(), DerError> {
    let mut outer = Reader::new(octets);
    let element = outer.element()?;
    outer.end()?;
    walk(element, MAX_DEPTH)
}

fn walk(element: Element<'_>, depth: usize) -> Result<(), DerError> {
    if element.tag & CONSTRUCTED == 0 {
        return Ok(());
    }
    let depth = depth.checked_sub(1).ok_or(DerError::Nesting)?;
    let mut inside = Reader::new(element.contents);
    while !inside.is_empty() {
        walk(inside.element()?, depth)?;
    }
    Ok(())
}

/// Octets that tag and length take in front of `contents` octets.
#[must_use]
pub const fn header_len(contents: usize) -> usize {
    match contents {
        0..0x80 => 2,
        0x80..0x100 => 3,
        0x100..0x1_0000 => 4,
        0x1_0000..0x100_0000 => 5,
        _ => 6,
    }
}

/// Appends tag and length for `contents` octets, which the caller appends next.
///
/// Lengths of 4 GiB and more cannot be written; no message of this crate comes near.
pub fn push_header(out: &mut Vec<u8>, tag: u8, contents: usize) {
    out.push(tag);
    let length = u32::try_from(contents).unwrap_or(u32::MAX).to_be_bytes();
    let [a, b, c, d] = length;
    match header_len(contents) {
        2 => out.push(d),
        3 => out.extend_from_slice(&[0x81, d]),
        4 => out.extend_from_slice(&[0x82, c, d]),
        5 => out.extend_from_slice(&[0x83, b, c, d]),
        _ => out.extend_from_slice(&[0x84, a, b, c, d]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0x2_0000] {
            let mut octets = Vec::new();
            push_header(&mut octets, OCTET_STRING, length);
            assert_eq!(octets.len(), header_len(length));
            octets.resize(octets.len() + length, 7);
            assert_eq!(announced(&octets), Ok(Some(octets.len())));
            let contents = Reader::new(&octets).only(OCTET_STRING).unwrap();
            assert_eq!(contents.len(), length);
            assert_eq!(well_formed(&octets), Ok(()));
        }
    }

    #[test]
    fn refuses_indefinite_long_form_and_oversized_lengths() {
        for octets in [
            &[0x30, 0x80, 0, 0][..],
            &[0x04, 0x81, 0x01, 7],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x85, 1, 0, 0, 0, 0],
            &[0x04, 0xff],
        ] {
            assert_eq!(well_formed(octets), Err(DerError::Length), "{octets:02x?}");
        }
    }

    #[test]
    fn refuses_what_is_cut_short_at_any_level() {
        assert_eq!(well_formed(&[]), Err(DerError::CutShort));
        assert_eq!(well_formed(&[0x04]), Err(DerError::CutShort));
        assert_eq!(well_formed(&[0x04, 2, 0]), Err(DerError::CutShort));
        assert_eq!(well_formed(&[0x30, 3, 0x04, 2, 0]), Err(DerError::CutShort));
        assert_eq!(well_formed(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff]), Err(DerError::CutShort));
    }

    #[test]
    fn refuses_octets_after_the_message() {
        assert_eq!(well_formed(&[0x04, 0, 0]), Err(DerError::Trailing));
    }

    #[test]
    fn refuses_tag_numbers_above_thirty() {
        assert_eq!(well_formed(&[0x3f, 0x81, 0x01, 0x00]), Err(DerError::TagNumber));
    }

    #[test]
    fn refuses_nesting_past_the_limit_and_takes_it_at_the_limit() {
        let nested = |depth: usize| {
            let mut octets = vec![0x04, 0];
            for _ in 0..depth {
                let mut outer = Vec::new();
                push_header(&mut outer, SEQUENCE, octets.len());
                outer.extend_from_slice(&octets);
                octets = outer;
            }
            octets
        };
        assert_eq!(well_formed(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(well_formed(&nested(MAX_DEPTH + 1)), Err(DerError::Nesting));
        assert_eq!(well_formed(&nested(20_000)), Err(DerError::Nesting));
    }

    #[test]
    fn reads_integers_of_either_sign() {
        let read = |octets: &[u8]| Reader::new(octets).only_integer();
        assert_eq!(read(&[2, 1, 0x05]), Ok(5));
        assert_eq!(read(&[2, 1, 0xff]), Ok(-1));
        assert_eq!(read(&[2, 5, 0, 0xff, 0xff, 0xff, 0xff]), Ok(0xffff_ffff));
        assert_eq!(read(&[2, 4, 0x80, 0, 0, 0]), Ok(-0x8000_0000));
        assert_eq!(read(&[2, 0]), Err(DerError::Integer));
        assert_eq!(read(&[2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]), Err(DerError::Integer));
    }
}
