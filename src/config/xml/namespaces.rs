//! Which namespace a prefix stands for at each place (Namespaces in XML 1.0, third edition).

use std::sync::Arc;

use super::{Span, text::Text};
use crate::config::report::{Problem, quoted};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

struct Binding {
    /// Empty for elements without a prefix.
    prefix: String,
    /// Empty if elements without a prefix have none again.
    name: Arc<str>,
    span: Span,
}

/// The declarations that are in force.
pub(super) struct Scopes {
    bindings: Vec<Binding>,
    /// How many bindings there were before each open element.
    opened: Vec<usize>,
}

impl Scopes {
    pub(super) fn new() -> Self {
        // Section 3: this one prefix is bound without a declaration.
        let xml = Binding { prefix: "xml".to_owned(), name: XML.into(), span: 0..0 };
        Self { bindings: vec![xml], opened: Vec::new() }
    }

    /// An element begins.
    pub(super) fn open(&mut self) {
        self.opened.push(self.bindings.len());
    }

    /// The element that began last ends.
    pub(super) fn close(&mut self) {
        self.bindings.truncate(self.opened.pop().unwrap_or(1));
    }

    /// The element that began last declares a namespace; an empty prefix is the default.
    pub(super) fn declare(&mut self, prefix: &str, name_span: &Span, name: &Text) -> Result<(), Problem> {
        let here = self.opened.last().copied().unwrap_or(0);
        let mut earlier = self.bindings.iter().skip(here);
        if let Some(earlier) = earlier.find(|binding| binding.prefix == prefix) {
            let says = "the same namespace prefix is declared twice in a tag";
            return Err(Problem::error(name_span.clone(), says).also(earlier.span.clone(), "first here"));
        }
        let uri = name.value.as_str();
        let wrong = match prefix {
            "xml" if uri == XML => return Ok(()),
            "xml" | "xmlns" => Some("the prefixes xml and xmlns are not for others to declare"),
            _ if uri == XML || uri == XMLNS => Some("this namespace has a prefix of its own, and no other"),
            _ if uri.is_empty() && !prefix.is_empty() => Some("a prefix cannot stand for no namespace"),
            _ => None,
        };
        // A wrong one is in force all the same, so that its uses are not told too.
        self.bindings.push(Binding { prefix: prefix.to_owned(), name: uri.into(), span: name.span.clone() });
        match wrong {
            Some(says) => Err(Problem::error(name_span.clone(), says).help("take the declaration out")),
            None => Ok(()),
        }
    }

    /// The namespace of elements without a prefix, and where it was declared.
    pub(super) fn default(&self) -> Option<(Arc<str>, Span)> {
        self.find("").filter(|(name, _)| !name.is_empty())
    }

    /// The namespace of a prefix, and where it was declared.
    pub(super) fn prefixed(&self, prefix: &str, span: &Span) -> Result<(Arc<str>, Span), Problem> {
        self.find(prefix).ok_or_else(|| {
            let says = format!("the prefix {} is not declared", quoted(prefix));
            Problem::error(span.clone(), says)
                .help("leave it out, with its colon; no name here needs a prefix")
        })
    }

    fn find(&self, prefix: &str) -> Option<(Arc<str>, Span)> {
        let binding = self.bindings.iter().rev().find(|binding| binding.prefix == prefix)?;
        Some((Arc::clone(&binding.name), binding.span.clone()))
    }
}
