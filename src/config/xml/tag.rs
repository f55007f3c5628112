//! The inside of a tag: a name, then attributes (XML 1.0 sections 3.1 and 2.8).

use super::{
    MAX_ATTRIBUTES, Span,
    characters::{continues_name, is_blank},
};
use crate::config::report::{Problem, quoted};

/// A name with attributes, as they are written.
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    pub(super) name_span: Span,
    pub(super) attributes: Vec<Raw<'a>>,
}

/// An attribute as it is written: its references are not resolved.
pub(super) struct Raw<'a> {
    pub(super) name: &'a str,
    pub(super) name_span: Span,
    /// What is between the quotes.
    pub(super) value: &'a str,
    pub(super) value_span: Span,
}

/// Takes a tag apart. `content` is what is between `<` and `>` or `/>`, and `at` is where it begins.
///
/// The first thing that is wrong ends it: what follows could be anything. The names are only made of the right
/// characters; whether they are names is left to the caller.
pub(super) fn scan(content: &str, at: usize) -> Result<Tag<'_>, Problem> {
    let mut cursor = Cursor { rest: content, at };
    let (name, name_span) = cursor.take_while(continues_name);
    let mut attributes = Vec::new();
    loop {
        let (blanks, _) = cursor.take_while(is_blank);
        if cursor.rest.is_empty() {
            return Ok(Tag { name, name_span, attributes });
        }
        if blanks.is_empty() || !cursor.rest.starts_with(continues_name) {
            return Err(cursor.misplaced(name, &name_span));
        }
        if attributes.len() == MAX_ATTRIBUTES {
            let says = format!("{} has more than {MAX_ATTRIBUTES} attributes", quoted(name));
            return Err(Problem::error(name_span, says));
        }
        attributes.push(cursor.attribute(name, &name_span)?);
    }
}

struct Cursor<'a> {
    rest: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn advance(&mut self, octets: usize) -> (&'a str, Span) {
        let (taken, rest) = self.rest.split_at_checked(octets).unwrap_or((self.rest, ""));
        let start = self.at;
        self.rest = rest;
        self.at += taken.len();
        (taken, start..self.at)
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> (&'a str, Span) {
        self.advance(self.rest.find(|letter| !belongs(letter)).unwrap_or(self.rest.len()))
    }

    fn attribute(&mut self, tag: &str, tag_span: &Span) -> Result<Raw<'a>, Problem> {
        let (name, name_span) = self.take_while(continues_name);
        self.take_while(is_blank);
        if !self.rest.starts_with('=') {
            return Err(self.misplaced(tag, tag_span));
        }
        self.advance(1);
        self.take_while(is_blank);
        let Some(quote) = self.rest.chars().next().filter(|letter| ['"', '\''].contains(letter)) else {
            return Err(self.unquoted(name));
        };
        let opening = self.advance(1).1;
        let (value, value_span) = self.take_while(|letter| letter != quote);
        if let Some(found) = value.find('<') {
            let start = value_span.start + found;
            let says = format!("`<` cannot stand in the value of {}", quoted(name));
            let help = format!("write &lt;, or is the closing {quote} of the value missing?");
            return Err(Problem::error(start..start + 1, says)
                .help(help)
                .also(opening, "the value begins here"));
        }
        if self.rest.is_empty() {
            return Err(Problem::error(opening, format!("the value of {} has no end", quoted(name)))
                .help(format!("write {quote} after it")));
        }
        self.advance(1);
        Ok(Raw { name, name_span, value, value_span })
    }

    fn unquoted(&mut self, name: &str) -> Problem {
        let (value, span) = self.take_while(|letter| !is_blank(letter));
        let help = format!("write {name}=\"{}\"", if value.contains('<') { "VALUE" } else { value });
        Problem::error(span, format!("the value of {} is not in quotes", quoted(name))).help(help)
    }

    /// Says that the next character belongs to no attribute.
    fn misplaced(&self, tag: &str, tag_span: &Span) -> Problem {
        if self.rest.contains('<') || tag.is_empty() {
            let says = format!("the tag {} is not closed", quoted(&format!("<{tag}")));
            let help = "write its > before the next <; a < that begins no tag is written &lt;";
            return Problem::error(tag_span.start.saturating_sub(1)..tag_span.end, says).help(help);
        }
        let next = self.rest.chars().next();
        let end = self.at + next.map_or(0, char::len_utf8);
        let says = match next {
            Some(letter) if continues_name(letter) => {
                format!("a blank is missing in the tag {} before {}", quoted(tag), quoted(self.rest))
            }
            Some(letter) => {
                format!("{} cannot stand here in the tag {}", quoted(&letter.to_string()), quoted(tag))
            }
            None => format!("the last attribute of the tag {} has no value", quoted(tag)),
        };
        Problem::error(self.at..end, says).help("a tag is written <NAME ATTRIBUTE=\"VALUE\">")
    }
}
