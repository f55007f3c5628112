//! A value, and where it stands in the file: for what can only be found wrong later.

use std::ops::{Deref, Range};

/// A value with its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Spanned<T> {
    /// It.
    pub value: T,
    /// The octets of the file that say so.
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// A value that stands at `span`.
    pub const fn new(value: T, span: Range<usize>) -> Self {
        Self { value, span }
    }

    /// What `change` makes of the value, at the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
