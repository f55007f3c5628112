//! XML as a tree of elements, each with its place in the file.
//!
//! `quick-xml` finds where tags, text and references begin and end. It leaves unchecked on purpose what XML 1.0 and
//! Namespaces in XML 1.0 demand beyond that; this module checks it. Stricter than XML is that there are no
//! DTDs (no entity can be declared, so none can grow or name another file), no text beside elements, no control
//! characters of any kind, and bounds on size, depth and number.

mod builder;
mod characters;
mod namespaces;
mod outside;
mod tag;
mod text;
mod unreadable;

use std::{ops::Range, sync::Arc};

pub use text::Text;

use super::report::Problem;

/// Longest file, in octets. Ten thousand services with every option take a third of it.
pub const MAX_OCTETS: usize = 16 * 1024 * 1024;

/// How deep elements may lie in each other. The vocabulary needs eight.
pub const MAX_DEPTH: usize = 32;

/// How many elements a file may have. It bounds the tree, which takes more memory than the file.
pub const MAX_ELEMENTS: usize = 500_000;

/// How many attributes an element may have, declarations of namespaces included. The vocabulary has none.
pub const MAX_ATTRIBUTES: usize = 64;

/// How many problems are told in one run. Who has mended these runs it again.
pub const MAX_PROBLEMS: usize = 100;

/// A file that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// The element that holds all others.
    pub root: Element,
}

/// A place in the file: octets from its beginning.
pub type Span = Range<usize>;

/// An element.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Element {
    /// Its name without a prefix.
    pub name: String,
    /// Where this name stands in the start tag.
    pub name_span: Span,
    /// From its first octet to its last.
    pub span: Span,
    /// The namespace that its name belongs to, and where that was declared.
    pub namespace: Option<(Arc<str>, Span)>,
    /// What its start tag says, but for declarations of namespaces.
    pub attributes: Vec<Attribute>,
    /// The elements inside.
    pub children: Vec<Self>,
    /// Its text; empty where it has children.
    pub text: Text,
}

/// An attribute of an element.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// Its name without a prefix.
    pub name: String,
    /// Where this name stands.
    pub name_span: Span,
    /// The namespace of its prefix; an attribute without one has none.
    pub namespace: Option<Arc<str>>,
    /// What stands between its quotes.
    pub value: Text,
}

/// Reads a file.
///
/// # Errors
///
/// All that is wrong with it as XML. Nothing is a warning here.
pub fn read(octets: &[u8]) -> Result<Document, Vec<Problem>> {
    match survey(octets) {
        (Some(document), problems) if problems.is_empty() => Ok(document),
        (_, problems) => Err(problems),
    }
}

/// Reads a file as far as it goes: the tree where there is one, and all that is wrong with it.
///
/// A tree that comes with problems has every element, so it can be judged further and all be told in one run. It must not be
/// put into force.
#[must_use]
pub fn survey(octets: &[u8]) -> (Option<Document>, Vec<Problem>) {
    match outside::decode(octets) {
        Ok(source) => builder::build(source),
        Err(problem) => (None, vec![problem]),
    }
}

#[cfg(test)]
mod tests;
