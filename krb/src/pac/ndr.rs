//! The encoding of remote procedure calls, as far as a PAC needs it (C706 chapter 14, MS-RPCE section 2.2.6).
//!
//! Little-endian only, which is all that Windows writes. What a pointer points to comes after the structure that
//! holds the pointer, in the order of the pointers.

use super::PacError;

/// Reads numbers from the front of a buffer; multiples of four octets are aligned by the caller.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    /// The buffer that is read, for errors.
    kind: u32,
}

/// A pointer as it stands in its structure: zero points nowhere.
#[derive(Clone, Copy)]
#[must_use = "what it points to has to be read in its turn"]
pub(super) struct Pointer(u32);

/// A string as it stands in its structure (RPC_UNICODE_STRING, MS-DTYP section 2.3.10).
#[derive(Clone, Copy)]
#[must_use = "what it points to has to be read in its turn"]
pub(super) struct StringPointer {
    length: u16,
    pointer: Pointer,
}

impl Pointer {
    pub(super) const fn is_null(self) -> bool {
        self.0 == 0
    }
}

impl<'a> Reader<'a> {
    pub(super) const fn new(octets: &'a [u8], kind: u32) -> Self {
        Self { octets, at: 0, kind }
    }

    pub(super) const fn malformed(&self) -> PacError {
        PacError::Malformed { kind: self.kind }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], PacError> {
        let rest = self.octets.get(self.at..).ok_or(self.malformed())?;
        let taken = rest.get(..count).ok_or(self.malformed())?;
        self.at += count;
        Ok(taken)
    }

    /// Skips to the next multiple of four.
    fn align(&mut self) -> Result<(), PacError> {
        self.take(self.at.next_multiple_of(4) - self.at).map(drop)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], PacError> {
        self.take(N)?.try_into().map_err(|_| self.malformed())
    }

    pub(super) fn u16(&mut self) -> Result<u16, PacError> {
        self.chunk().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, PacError> {
        self.chunk().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, PacError> {
        self.chunk().map(u64::from_le_bytes)
    }

    pub(super) fn pointer(&mut self) -> Result<Pointer, PacError> {
        self.u32().map(Pointer)
    }

    pub(super) fn string_pointer(&mut self) -> Result<StringPointer, PacError> {
        let length = self.u16()?;
        let _maximum = self.u16()?;
        Ok(StringPointer { length, pointer: self.pointer()? })
    }

    /// How many elements an array has, which must be `expected` as its structure says; `size` is the least that
    /// one of them takes, so that no more is believed than is there.
    pub(super) fn array(&mut self, expected: u32, size: usize) -> Result<usize, PacError> {
        self.align()?;
        let count = self.u32()?;
        let left = self.octets.len().saturating_sub(self.at);
        match usize::try_from(count) {
            Ok(found) if count == expected && found <= left / size => Ok(found),
            _ => Err(self.malformed()),
        }
    }

    /// What a string points to, as UTF-16 that is not judged yet.
    pub(super) fn string(&mut self, string: StringPointer) -> Result<&'a [u8], PacError> {
        if string.pointer.is_null() {
            return if string.length == 0 { Ok(&[]) } else { Err(self.malformed()) };
        }
        self.align()?;
        let (maximum, offset, actual) = (self.u32()?, self.u32()?, self.u32()?);
        if offset != 0 || actual > maximum || u64::from(actual) * 2 != u64::from(string.length) {
            return Err(self.malformed());
        }
        self.take(usize::from(string.length))
    }

    /// What UTF-16 says.
    pub(super) fn text(&self, octets: &[u8]) -> Result<String, PacError> {
        let (units, odd) = octets.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(self.malformed());
        }
        let mut text = String::with_capacity(units.len());
        for character in char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))) {
            text.push(character.map_err(|_| PacError::Text { kind: self.kind })?);
        }
        Ok(text)
    }

    /// A SID behind its array size, which is the count of its numbers.
    pub(super) fn sid(&mut self) -> Result<super::Sid, PacError> {
        self.align()?;
        let count = usize::try_from(self.u32()?).map_err(|_| self.malformed())?;
        if count > super::MAX_SUBAUTHORITIES {
            return Err(self.malformed());
        }
        let packed = self.take(8 + 4 * count)?;
        super::Sid::read(packed).map_err(|_| self.malformed())
    }
}

/// Writes what [`Reader`] reads.
#[derive(Default)]
pub(super) struct Writer {
    octets: Vec<u8>,
    pointers: u32,
}

impl Writer {
    pub(super) fn u16(&mut self, number: u16) {
        self.octets.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.octets.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn raw(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    fn align(&mut self) {
        self.octets.resize(self.octets.len().next_multiple_of(4), 0);
    }

    /// A pointer, null unless `to` something. Windows numbers them upwards in steps of four.
    pub(super) fn pointer(&mut self, to: bool) {
        let number = if to { 0x0002_0000 + 4 * self.pointers } else { 0 };
        self.pointers += u32::from(to);
        self.u32(number);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(super) fn string_pointer(&mut self, text: &str) {
        let length = u16::try_from(text.encode_utf16().count() * 2).unwrap_or(u16::MAX);
        self.u16(length);
        self.u16(length);
        self.pointer(true);
    }

    pub(super) fn string(&mut self, text: &str) {
        let units = text.encode_utf16().count();
        self.align();
        self.count(units);
        self.u32(0);
        self.count(units);
        self.octets.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        self.align();
    }

    pub(super) fn sid(&mut self, sid: &super::Sid) {
        self.align();
        self.count(sid.subauthorities().len());
        self.raw(&sid.encode());
    }

    pub(super) fn done(mut self) -> Vec<u8> {
        self.octets.resize(self.octets.len().next_multiple_of(8), 0);
        self.octets
    }
}
