//! The path of a request, read as a place below the directory.
//!
//! It is decoded once. What could mean two things to two readers is refused, not repaired: `..`, a backslash, a NUL or
//! a slash that was percent-encoded.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;

/// The one hidden folder that is there to be seen (RFC 8615).
const WELL_KNOWN: &[u8] = b".well-known";

/// Why a path names nothing below the directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadPath {
    /// A name in it begins with a dot.
    Hidden,
    /// It is not well-formed, or leads upwards.
    Unsound,
}

/// The place that `below` names: a path as on the wire, without its query, below the accept's. It is relative, and
/// has names alone; none at all is the directory itself.
pub(super) fn read(below: &str) -> Result<PathBuf, BadPath> {
    let mut place = PathBuf::new();
    for segment in below.split('/').filter(|segment| !segment.is_empty()) {
        let name = decode(segment).ok_or(BadPath::Unsound)?;
        if name == b".." || name.iter().any(|octet| matches!(octet, 0 | b'/' | b'\\')) {
            return Err(BadPath::Unsound);
        }
        if is_hidden(&name) && !(place == Path::new("") && name == WELL_KNOWN) {
            return Err(BadPath::Hidden);
        }
        place.push(OsStr::from_bytes(&name));
    }
    Ok(place)
}

/// Whether a name is one that is not shown.
pub(super) fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b".")
}

/// The octets that a segment stands for, if each `%` begins a code.
fn decode(segment: &str) -> Option<Vec<u8>> {
    let mut codes = segment.split('%');
    codes.next();
    let sound = codes.all(|code| {
        let mut digits = code.bytes();
        let mut digit = || digits.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        digit() && digit()
    });
    sound.then(|| percent_decode_str(segment).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(below: &str) -> Result<String, BadPath> {
        read(below).map(|path| path.to_str().unwrap().to_owned())
    }

    #[test]
    fn names_are_decoded_once() {
        assert_eq!(place("/a%20b/c%2525.html"), Ok("a b/c%25.html".into()));
        assert_eq!(place("caf%C3%A9"), Ok("café".into()));
        assert_eq!(read("%ff").unwrap().as_os_str().as_bytes(), [0xff]);
    }

    #[test]
    fn empty_names_are_left_out() {
        assert_eq!(place("//a///b/"), Ok("a/b".into()));
        assert_eq!(place(""), Ok(String::new()));
        assert_eq!(place("/"), Ok(String::new()));
    }

    #[test]
    fn what_leads_upwards_or_means_two_things_is_unsound() {
        for below in [
            "..", "a/../b", "%2e%2e/x", ".%2E/x", "/a/..", "a%2fb", "a%2Fb", "..%2f", "a%5cb", "a\\b",
            "..\\x", "a%00", "%", "%4", "a%zz", "%2", "%+1",
        ] {
            assert_eq!(place(below), Err(BadPath::Unsound), "{below}");
        }
    }

    #[test]
    fn hidden_names_are_not_named_but_for_the_well_known_folder() {
        for below in [".git/config", "a/.htpasswd", "%2ehidden", ".", "a/./b", "a/.well-known/x", "..."] {
            assert_eq!(place(below), Err(BadPath::Hidden), "{below}");
        }
        assert_eq!(place("/.well-known/security.txt"), Ok(".well-known/security.txt".into()));
    }

    #[test]
    fn a_decoded_dot_dot_is_not_decoded_again() {
        assert_eq!(place("%252e%252e/x"), Ok("%2e%2e/x".into()));
    }
}
