//! The octets of LDAP: BER with definite lengths and tags of one octet (RFC 4511 section 5.1).
//!
//! Nothing here recurses, allocates for what a length only announces, or panics: whoever answers may lie.

/// What is no BER, or not what stands at this place of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("its answer is not LDAP")]
pub(super) struct Malformed;

/// INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// OCTET STRING.
pub(super) const OCTETS: u8 = 0x04;
/// BOOLEAN.
pub(super) const BOOLEAN: u8 = 0x01;
/// ENUMERATED.
pub(super) const ENUMERATED: u8 = 0x0a;
/// SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
/// SET.
pub(super) const SET: u8 = 0x31;

/// Reads one element after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Over these octets.
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// Whether all is read.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element: its tag and its contents.
    pub(super) fn element(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let (header, length) = header(self.0)?.ok_or(Malformed)?;
        let tag = *self.0.first().ok_or(Malformed)?;
        let (_, rest) = self.0.split_at_checked(header).ok_or(Malformed)?;
        let (contents, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok((tag, contents))
    }

    /// The contents of the next element, which has this tag.
    pub(super) fn only(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let (found, contents) = self.element()?;
        if found == tag { Ok(contents) } else { Err(Malformed) }
    }

    /// The same, to read what is in it.
    pub(super) fn enter(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.only(tag).map(Self)
    }

    /// The number in the next element, which has this tag. None of LDAP's is longer than four octets.
    pub(super) fn number(&mut self, tag: u8) -> Result<i32, Malformed> {
        let contents = self.only(tag)?;
        let first = *contents.first().ok_or(Malformed)?;
        if contents.len() > 4 {
            return Err(Malformed);
        }
        let sign = if first & 0x80 == 0 { 0 } else { -1 };
        Ok(contents.iter().fold(sign, |number: i32, octet| (number << 8) | i32::from(*octet)))
    }
}

/// How many octets the element at the start of `octets` has in all; `None` if too few are there to tell.
pub(super) fn announced(octets: &[u8]) -> Result<Option<usize>, Malformed> {
    match header(octets)? {
        Some((header, length)) => header.checked_add(length).map(Some).ok_or(Malformed),
        None => Ok(None),
    }
}

/// Octets of the header and of the contents.
fn header(octets: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let [tag, rest @ ..] = octets else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err(Malformed);
    }
    let [first, rest @ ..] = rest else { return Ok(None) };
    if first & 0x80 == 0 {
        return Ok(Some((2, usize::from(*first))));
    }
    // Some servers write all lengths with four octets.
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(Malformed);
    }
    let Some(length) = rest.get(..count) else { return Ok(None) };
    Ok(Some((2 + count, length.iter().fold(0, |length, octet| (length << 8) | usize::from(*octet)))))
}

/// Adds an element.
pub(super) fn push(out: &mut Vec<u8>, tag: u8, contents: &[u8]) {
    out.push(tag);
    let length = contents.len().to_be_bytes();
    let significant = length.iter().skip_while(|octet| **octet == 0);
    match u8::try_from(contents.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let count = significant.clone().count();
            // A length has eight octets at most.
            out.push(0x80 | u8::try_from(count).unwrap_or(0x7f));
            out.extend(significant);
        }
    }
    out.extend_from_slice(contents);
}

/// Adds a number.
pub(super) fn push_number(out: &mut Vec<u8>, tag: u8, number: i32) {
    let octets = number.to_be_bytes();
    // Octets that only repeat the sign are left out.
    let mut shortest = octets.as_slice();
    while let [0, second, ..] | [0xff, second, ..] = shortest {
        let repeats = shortest.first().is_some_and(|first| (first ^ second) & 0x80 == 0);
        let Some((_, rest)) = shortest.split_first().filter(|_| repeats) else { break };
        shortest = rest;
    }
    push(out, tag, shortest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for number in [0, 1, 127, 128, 255, 256, -1, -128, -129, i32::MAX, i32::MIN] {
            let mut octets = Vec::new();
            push_number(&mut octets, INTEGER, number);
            assert_eq!(Reader::new(&octets).number(INTEGER), Ok(number));
        }
        for length in [0, 1, 127, 128, 255, 256, 65_536] {
            let mut octets = Vec::new();
            push(&mut octets, OCTETS, &vec![7; length]);
            assert_eq!(announced(&octets), Ok(Some(octets.len())));
            assert_eq!(Reader::new(&octets).only(OCTETS).unwrap().len(), length);
        }
    }

    #[test]
    fn lengths_may_be_longer_than_they_need_to_be() {
        let octets = [0x30, 0x84, 0, 0, 0, 3, 2, 1, 5];
        let mut reader = Reader::new(&octets).enter(SEQUENCE).unwrap();
        assert_eq!((reader.number(INTEGER), reader.is_empty()), (Ok(5), true));
    }

    #[test]
    fn what_is_no_ber_is_refused_and_what_is_short_is_waited_for() {
        assert_eq!(announced(&[]), Ok(None));
        assert_eq!(announced(&[0x30]), Ok(None));
        assert_eq!(announced(&[0x30, 0x82, 1]), Ok(None));
        for wrong in [&[0x30, 0x80][..], &[0x30, 0x85, 0, 0, 0, 0, 0], &[0x1f, 1], &[0x30, 0xff]] {
            assert_eq!(announced(wrong), Err(Malformed), "{wrong:?}");
        }
        assert_eq!(Reader::new(&[4, 2, 0]).element(), Err(Malformed));
        assert_eq!(Reader::new(&[2, 0]).number(INTEGER), Err(Malformed));
        assert_eq!(Reader::new(&[2, 5, 0, 0, 0, 0, 1]).number(INTEGER), Err(Malformed));
    }
}
