//! The fields of a key file or a ticket file, one after the other: numbers with their most significant octet
//! first, and octets behind their count.
//!
//! Nothing is copied and nothing is allocated here: what a count claims must be there before it is handed out.

/// What is still unread of a file, or of a part of it.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
    /// Where in the file `rest` begins.
    at: usize,
}

/// A field does not fit into what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where in the file the field begins.
    pub at: usize,
    /// How many of its octets are not there.
    pub missing: usize,
}

impl<'a> Fields<'a> {
    /// The fields of a whole file.
    pub const fn new(file: &'a [u8]) -> Self {
        Self { rest: file, at: 0 }
    }

    /// Where in the file the next field begins.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// What has not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `length` octets.
    pub fn octets(&mut self, length: usize) -> Result<&'a [u8], Cut> {
        let cut = Cut { at: self.at, missing: length.saturating_sub(self.rest.len()) };
        let (octets, rest) = self.rest.split_at_checked(length).ok_or(cut)?;
        self.rest = rest;
        self.at += length;
        Ok(octets)
    }

    /// The next `length` octets, to be read as fields of their own.
    pub fn part(&mut self, length: usize) -> Result<Self, Cut> {
        let at = self.at;
        Ok(Self { rest: self.octets(length)?, at })
    }

    /// A number of one octet.
    pub fn u8(&mut self) -> Result<u8, Cut> {
        self.array().map(u8::from_be_bytes)
    }

    /// A number of two octets.
    pub fn u16(&mut self) -> Result<u16, Cut> {
        self.array().map(u16::from_be_bytes)
    }

    /// A number of four octets.
    pub fn u32(&mut self) -> Result<u32, Cut> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of four octets that may be negative.
    pub fn i32(&mut self) -> Result<i32, Cut> {
        self.array().map(i32::from_be_bytes)
    }

    /// Octets behind their count, which has two.
    pub fn counted_by_two(&mut self) -> Result<&'a [u8], Cut> {
        let length = self.u16()?;
        self.octets(length.into())
    }

    /// Octets behind their count, which has four.
    pub fn counted_by_four(&mut self) -> Result<&'a [u8], Cut> {
        let length = self.u32()?;
        self.octets(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Cut> {
        let cut = Cut { at: self.at, missing: N.saturating_sub(self.rest.len()) };
        let (array, rest) = self.rest.split_first_chunk().ok_or(cut)?;
        self.rest = rest;
        self.at += N;
        Ok(*array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_each_other() {
        let mut fields = Fields::new(&[1, 0, 2, 7, 8, 0xFF, 0xFF, 0xFF, 0xFE, 9]);
        assert_eq!(fields.u8(), Ok(1));
        assert_eq!(fields.counted_by_two(), Ok(&[7, 8][..]));
        assert_eq!(fields.i32(), Ok(-2));
        assert_eq!((fields.at(), fields.rest()), (9, &[9][..]));
    }

    #[test]
    fn a_field_that_is_cut_says_where_and_by_how_much() {
        let mut fields = Fields::new(&[0, 5, 1, 2]);
        assert_eq!(fields.clone().u32(), Ok(0x0005_0102));
        assert_eq!(fields.counted_by_two(), Err(Cut { at: 2, missing: 3 }));
        assert_eq!(fields.u32(), Err(Cut { at: 2, missing: 2 }));
    }

    #[test]
    fn a_part_knows_where_it_lies_in_the_file() {
        let mut fields = Fields::new(&[1, 2, 3, 4]);
        fields.u8().unwrap();
        let mut part = fields.part(2).unwrap();
        assert_eq!(part.octets(2), Ok(&[2, 3][..]));
        assert_eq!(part.u8(), Err(Cut { at: 3, missing: 1 }));
        assert_eq!(fields.u8(), Ok(4));
    }
}
