//! Filters of searches with a place for the user in them (RFC 4515), and what of them goes over the wire (RFC 4511
//! section 4.5.1.7).
//!
//! The text of the operator is read once, before any user is known. A user's name is put in as the octets of a value and
//! never read as text again, so nothing in it can be taken for a part of the filter; that is what escaping is for.

use std::{fmt, str::FromStr};

use super::{
    ber::{OCTETS, SEQUENCE, push},
    identity::Part,
};

/// Tags of RFC 4511 section 4.5.1: context-specific, constructed where there is something inside.
const AND: u8 = 0xa0;
const OR: u8 = 0xa1;
const NOT: u8 = 0xa2;
const EQUAL: u8 = 0xa3;
const SUBSTRINGS: u8 = 0xa4;
const AT_LEAST: u8 = 0xa5;
const AT_MOST: u8 = 0xa6;
const PRESENT: u8 = 0x87;
const APPROXIMATE: u8 = 0xa8;
const EXTENSIBLE: u8 = 0xa9;
/// Filters inside each other.
const MAX_DEPTH: usize = 16;

/// A filter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Filter {
    text: String,
    node: Node,
}

/// Why text is no filter.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Its parentheses do not match, or there is something around them.
    #[error("its parentheses do not match; write it as (uid={{USERNAME}}) or (&(uid={{USERNAME}})(…))")]
    Balance,
    /// Too many filters stand in each other.
    #[error("more than {MAX_DEPTH} filters stand in each other; make it simpler")]
    Depth,
    /// A backslash has no two hexadecimal digits behind it.
    #[error("a backslash has no two hexadecimal digits behind it; write a backslash as \\5c")]
    Escape,
    /// What stands between parentheses compares nothing.
    #[error("`{0}` compares nothing; write it as ATTRIBUTE=VALUE")]
    Item(String),
    /// Something else than a name of the user is to be put in.
    #[error("nothing is put in for `{0}`; only {{USERNAME}} is, and {{USERDN}} in <groupFilter>")]
    Placeholder(String),
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Node {
    /// All or any of several, by the tag.
    Set(u8, Vec<Self>),
    Not(Box<Self>),
    /// An attribute and a value, by the tag.
    Compare(u8, String, Vec<Part>),
    Present(String),
    /// What values begin with, have in them in this order, and end with.
    Substrings(String, Vec<Vec<Part>>),
    /// A rule, an attribute, a value, and whether names of entries count too.
    Extensible(Option<String>, Option<String>, Vec<Part>, bool),
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let text = text.trim();
        let (node, rest) = filter(text, 0)?;
        if !rest.is_empty() {
            return Err(FilterError::Balance);
        }
        Ok(Self { text: text.to_owned(), node })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Filter {
    /// The filter for this user, as it goes over the wire.
    pub(super) fn encode(&self, user: &str, dn: &str) -> Vec<u8> {
        let mut out = Vec::new();
        self.node.encode(&mut out, user, dn);
        out
    }

    /// Whether this is put in anywhere.
    #[must_use]
    pub fn has(&self, part: &Part) -> bool {
        self.node.has(part)
    }

    /// The attributes that are compared with the name of the user and with nothing else: they hold that name as the
    /// directory writes it.
    pub(super) fn compared(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.node.compared(&mut found);
        found
    }
}

impl Node {
    fn encode(&self, out: &mut Vec<u8>, user: &str, dn: &str) {
        let put = |parts: &[Part]| Part::octets(parts, user, dn);
        let mut inside = Vec::new();
        let tag = match self {
            Self::Set(tag, nodes) => {
                nodes.iter().for_each(|node| node.encode(&mut inside, user, dn));
                *tag
            }
            Self::Not(node) => {
                node.encode(&mut inside, user, dn);
                NOT
            }
            Self::Compare(tag, attribute, value) => {
                push(&mut inside, OCTETS, attribute.as_bytes());
                push(&mut inside, OCTETS, &put(value));
                *tag
            }
            Self::Present(attribute) => {
                push(out, PRESENT, attribute.as_bytes());
                return;
            }
            Self::Substrings(attribute, pieces) => {
                push(&mut inside, OCTETS, attribute.as_bytes());
                let last = pieces.len().saturating_sub(1);
                let mut list = Vec::new();
                for (number, piece) in pieces.iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
                    // `initial`, `any` and `final`.
                    let tag = if number == 0 {
                        0x80
                    } else if number == last {
                        0x82
                    } else {
                        0x81
                    };
                    push(&mut list, tag, &put(piece));
                }
                push(&mut inside, SEQUENCE, &list);
                SUBSTRINGS
            }
            Self::Extensible(rule, attribute, value, names_too) => {
                if let Some(rule) = rule {
                    push(&mut inside, 0x81, rule.as_bytes());
                }
                if let Some(attribute) = attribute {
                    push(&mut inside, 0x82, attribute.as_bytes());
                }
                push(&mut inside, 0x83, &put(value));
                if *names_too {
                    push(&mut inside, 0x84, &[0xff]);
                }
                EXTENSIBLE
            }
        };
        push(out, tag, &inside);
    }

    fn has(&self, part: &Part) -> bool {
        match self {
            Self::Set(_, nodes) => nodes.iter().any(|node| node.has(part)),
            Self::Not(node) => node.has(part),
            Self::Present(_) => false,
            Self::Compare(_, _, value) | Self::Extensible(_, _, value, _) => value.contains(part),
            Self::Substrings(_, pieces) => pieces.iter().any(|piece| piece.contains(part)),
        }
    }

    fn compared<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::Set(_, nodes) => nodes.iter().for_each(|node| node.compared(found)),
            Self::Compare(EQUAL, attribute, value) if *value == [Part::User] => found.push(attribute),
            _ => {}
        }
    }
}

/// Reads a filter from the start of `text`; what is behind it comes back.
fn filter(text: &str, depth: usize) -> Result<(Node, &str), FilterError> {
    if depth > MAX_DEPTH {
        return Err(FilterError::Depth);
    }
    let inside = text.strip_prefix('(').ok_or(FilterError::Balance)?;
    let (node, rest) = match inside.split_at_checked(1) {
        Some((mark @ ("&" | "|"), mut rest)) => {
            let mut nodes = Vec::new();
            while !rest.starts_with(')') {
                let (node, behind) = filter(rest, depth + 1)?;
                nodes.push(node);
                rest = behind.trim_start();
            }
            (Node::Set(if mark == "&" { AND } else { OR }, nodes), rest)
        }
        Some(("!", rest)) => {
            let (node, rest) = filter(rest, depth + 1)?;
            (Node::Not(Box::new(node)), rest)
        }
        _ => {
            let end = inside.find(['(', ')']).ok_or(FilterError::Balance)?;
            let (text, rest) = inside.split_at_checked(end).ok_or(FilterError::Balance)?;
            (item(text)?, rest)
        }
    };
    Ok((node, rest.strip_prefix(')').ok_or(FilterError::Balance)?))
}

/// Reads what compares an attribute with a value.
fn item(text: &str) -> Result<Node, FilterError> {
    let wrong = || FilterError::Item(text.to_owned());
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let kinds = [('>', AT_LEAST), ('<', AT_MOST), ('~', APPROXIMATE)];
    for (mark, tag) in kinds {
        if let Some(name) = name.strip_suffix(mark) {
            return Ok(Node::Compare(tag, attribute(name).ok_or_else(wrong)?, parts(value)?));
        }
    }
    if let Some(name) = name.strip_suffix(':') {
        let mut words = name.split(':').peekable();
        let of = words.next().filter(|name| !name.is_empty());
        let names_too = words.next_if(|word| word.eq_ignore_ascii_case("dn")).is_some();
        let rule = words.next();
        let name_or_none = |name: Option<&str>| match name {
            Some(name) => attribute(name).map(Some).ok_or_else(wrong),
            None => Ok(None),
        };
        if words.next().is_some() || (of.is_none() && rule.is_none()) {
            return Err(wrong());
        }
        return Ok(Node::Extensible(name_or_none(rule)?, name_or_none(of)?, parts(value)?, names_too));
    }
    let name = attribute(name).ok_or_else(wrong)?;
    if value == "*" {
        return Ok(Node::Present(name));
    }
    let mut pieces = value.split('*').map(parts).collect::<Result<Vec<_>, _>>()?;
    Ok(match (pieces.pop(), pieces.is_empty()) {
        (Some(whole), true) => Node::Compare(EQUAL, name, whole),
        (last, _) => {
            pieces.extend(last);
            if pieces.iter().all(Vec::is_empty) {
                return Err(wrong());
            }
            Node::Substrings(name, pieces)
        }
    })
}

/// The name of an attribute or rule, perhaps with options (RFC 4512 section 2.5).
fn attribute(name: &str) -> Option<String> {
    let is_sound = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b';' | b'_');
    (!name.is_empty() && name.bytes().all(is_sound)).then(|| name.to_owned())
}

/// Reads a value: what is escaped in it, and where names are put in.
fn parts(text: &str) -> Result<Vec<Part>, FilterError> {
    let mut parts = Part::read(text).map_err(FilterError::Placeholder)?;
    for part in &mut parts {
        if let Part::Octets(octets) = part {
            *octets = unescaped(octets)?;
        }
    }
    Ok(parts)
}

/// Without the escapes of RFC 4515 section 3.
fn unescaped(octets: &[u8]) -> Result<Vec<u8>, FilterError> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let [high, low, behind @ ..] = behind else { return Err(FilterError::Escape) };
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return Err(FilterError::Escape) };
        out.push(high << 4 | low);
        rest = behind;
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
