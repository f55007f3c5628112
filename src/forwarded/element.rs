//! What one proxy says of one request (RFC 7239 sections 4 to 6): the node it was connected to, scheme and host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::uri::Authority;

/// Octets of a line that is read. What proxies add is a hundred each.
const MAX_LINE: usize = 8 * 1024;

/// An address, and a port if it is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Node {
    pub(super) address: IpAddr,
    /// 0 if it is not told.
    pub(super) port: u16,
}

/// One element.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Element {
    /// `None` if it is not told, or not known to the proxy.
    pub(super) node: Option<Node>,
    pub(super) scheme: Option<&'static str>,
    pub(super) host: Option<Authority>,
}

impl Node {
    /// Reads an address with or without a port. `None` is also what a proxy says that does not know, or hides it.
    ///
    /// An IPv6 address without brackets is taken as well: it is what `X-Forwarded-For` has.
    pub(super) fn read(text: &str) -> Option<Self> {
        let at = |address: IpAddr, port| Self { address: address.to_canonical(), port };
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(at(address, 0));
        }
        let (address, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                (address.parse::<Ipv6Addr>().ok()?.into(), port.strip_prefix(':'))
            }
            None => {
                let (address, port) = text.split_once(':')?;
                (address.parse::<Ipv4Addr>().ok()?.into(), Some(port))
            }
        };
        // A port that is hidden (section 6.2) is none.
        Some(at(address, port.and_then(|port| port.parse().ok()).unwrap_or(0)))
    }
}

/// The scheme that a client used, of sockets too.
pub(super) fn scheme(text: &str) -> Option<&'static str> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("https") || is("wss") {
        Some("https")
    } else if is("http") || is("ws") {
        Some("http")
    } else {
        None
    }
}

/// A host as it stands in `Host`.
pub(super) fn host(text: &str) -> Option<Authority> {
    text.parse::<Authority>().ok().filter(|host| !host.as_str().contains('@'))
}

/// Reads the elements of a line; `None` if it is malformed.
pub(super) fn read(line: &str) -> Option<Vec<Element>> {
    if line.len() > MAX_LINE {
        return None;
    }
    let (mut rest, mut elements) = (line, Vec::new());
    loop {
        let mut element = Element::default();
        let mut seen = [false; 3];
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with([';', ',']) {
                rest = pair(rest, &mut element, &mut seen)?.trim_start_matches([' ', '\t']);
            }
            match rest.strip_prefix(';') {
                Some(more) => rest = more,
                None => break,
            }
        }
        // An empty element of a list means nothing (RFC 9110 section 5.6.1).
        if seen != [false; 3] || element != Element::default() {
            elements.push(element);
        }
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Some(elements),
            None => return None,
        }
    }
}

/// Reads a pair of name and value; what follows it.
fn pair<'a>(text: &'a str, element: &mut Element, seen: &mut [bool; 3]) -> Option<&'a str> {
    let (name, rest) = text.split_once('=')?;
    if name.is_empty() || !name.bytes().all(is_token) {
        return None;
    }
    let (value, rest) = value(rest)?;
    let [node, scheme_, host_] = seen;
    let is = |word: &str| name.eq_ignore_ascii_case(word);
    let seen = if is("for") {
        element.node = Node::read(&value);
        node
    } else if is("proto") {
        element.scheme = scheme(&value);
        scheme_
    } else if is("host") {
        element.host = host(&value);
        host_
    } else {
        return Some(rest);
    };
    // Each at most once (section 4).
    (!std::mem::replace(seen, true)).then_some(rest)
}

/// Reads a value, quoted or not; what follows it. Addresses with ports should be quoted, and often are not.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        return (!value.is_empty() && !value.contains('"')).then(|| (value.to_owned(), rest));
    };
    let (mut value, mut characters) = (String::new(), quoted.chars());
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}
