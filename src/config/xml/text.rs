//! Text of a file, of an element or an attribute: what it says, and where.

use std::ops::Range;

use super::{
    Span,
    characters::{BLANKS, NoReference, inner, is_blank, is_name, refer},
};
use crate::config::report::{Problem, quoted};

/// What an element or an attribute says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Text {
    /// It, with references resolved, and for an element without blanks at both ends.
    pub value: String,
    /// Where it stands; empty where there is none.
    pub span: Span,
    in_place: bool,
}

impl Text {
    /// Text at a place. If both are equally long, each octet of the value stands at its place.
    ///
    /// That holds because whatever makes a value differ from what is written (references, CDATA, comments, line
    /// ends of two octets) makes it shorter.
    #[must_use]
    pub fn new(value: impl Into<String>, span: Span) -> Self {
        let value = value.into();
        let in_place = value.len() == span.len();
        Self { value, span, in_place }
    }

    /// Another value for what stands at the same place.
    #[must_use]
    pub fn replaced(&self, value: impl Into<String>) -> Self {
        Self { value: value.into(), span: self.span.clone(), in_place: false }
    }

    /// Where these octets of the value stand: exactly there if that is known, and else somewhere in the whole.
    #[must_use]
    pub fn place(&self, part: Range<usize>) -> Span {
        if self.in_place && part.end <= self.value.len() {
            self.span.start + part.start..self.span.start + part.end
        } else {
            self.span.clone()
        }
    }
}

/// The text of an element, put together from what stands between tags, references and comments.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    value: String,
    /// From the first octet that is no blank to the last.
    span: Option<Span>,
    /// The first piece that is not all blank.
    pub(super) first: Option<Span>,
}

impl Pieces {
    /// Adds text as it is written at `at`.
    pub(super) fn literal(&mut self, text: &str, at: usize) {
        let inner = inner(text);
        if !inner.is_empty() {
            self.widen(at + inner.start..at + inner.end);
        }
        push_lines(&mut self.value, text);
    }

    /// Adds text that is not what is written there.
    pub(super) fn resolved(&mut self, text: &str, span: Span) {
        if !text.trim_matches(BLANKS).is_empty() {
            self.widen(span);
        }
        push_lines(&mut self.value, text);
    }

    /// Adds the character of a reference.
    pub(super) fn character(&mut self, letter: char, span: Span) {
        if !is_blank(letter) {
            self.widen(span);
        }
        self.value.push(letter);
    }

    fn widen(&mut self, by: Span) {
        self.first.get_or_insert_with(|| by.clone());
        let start = self.span.as_ref().map_or(by.start, |span| span.start);
        self.span = Some(start..by.end);
    }

    /// The text; `at` is its place if there is none.
    pub(super) fn finish(self, at: usize) -> Text {
        let span = self.span.unwrap_or(at..at);
        Text::new(self.value.trim_matches(BLANKS), span)
    }
}

/// Adds text with line ends as XML 1.0 section 2.11 wants them.
fn push_lines(value: &mut String, text: &str) {
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\r') {
        value.push_str(line);
        value.push('\n');
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    value.push_str(rest);
}

/// The value of an attribute: references resolved, blanks made spaces (XML 1.0 section 3.3.3).
pub(super) fn attribute(raw: &str, span: &Span, problems: &mut Vec<Problem>) -> Text {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        push_spaces(&mut value, before);
        let at = span.end - after.len() - 1;
        match after.split_once(';') {
            Some((name, beyond)) if refer(name).is_ok() || is_name(name) || name.starts_with('#') => {
                rest = beyond;
                match refer(name) {
                    Ok(letter) => value.push(letter),
                    Err(why) => problems.push(no_reference(name, why, at)),
                }
            }
            _ => {
                rest = after;
                value.push('&');
                problems.push(bare_ampersand(at));
            }
        }
    }
    push_spaces(&mut value, rest);
    Text::new(value, span.clone())
}

fn push_spaces(value: &mut String, text: &str) {
    let unix = text.replace("\r\n", "\n");
    value.extend(unix.chars().map(|letter| if is_blank(letter) { ' ' } else { letter }));
}

/// Says why a reference means nothing; `at` is where its `&` stands.
pub(super) fn no_reference(name: &str, why: NoReference, at: usize) -> Problem {
    let says = quoted(&format!("&{name};"));
    let span = at..at + name.len() + 2;
    match why {
        NoReference::Character => {
            Problem::error(span, format!("{says} stands for no character that a file can have"))
                .help("write the character itself, or &#x and its code point in hexadecimal, such as &#xE9;")
        }
        NoReference::Entity if is_name(name) => Problem::error(span, format!("{says} is not known")).help(
            "write the character itself; known are &amp; &apos; &gt; &lt; &quot; and numbers such as &#233;",
        ),
        NoReference::Entity => bare_ampersand(at),
    }
}

/// Says that a `&` begins no reference.
pub(super) fn bare_ampersand(at: usize) -> Problem {
    Problem::error(at..at + 1, "`&` begins no reference here").help("write &amp; for the character itself")
}
