//! What a user is called at the directory: identities with a place for the login name (RFC 4514), and the one name by
//! which the gateway knows a user.

use std::{fmt, str::FromStr};

/// A part of text in which a user's names are put.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// The name of the user's entry: `{USERDN}`.
    Dn,
    /// These octets.
    Octets(Vec<u8>),
    /// What the user is called: `{USERNAME}`.
    User,
}

impl Part {
    /// The parts of a text; what else stands in braces comes back as the error.
    pub(super) fn read(text: &str) -> Result<Vec<Self>, String> {
        let mut parts = Vec::new();
        let mut octets = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let word = rest.split_inclusive('}').next().filter(|word| first == '{' && word.ends_with('}'));
            let part = match word {
                Some("{USERNAME}") => Some(Self::User),
                Some("{USERDN}") => Some(Self::Dn),
                Some(word) if is_word(word) => return Err(word.to_owned()),
                _ => None,
            };
            let taken = match (part, word) {
                (Some(part), Some(word)) => {
                    if !octets.is_empty() {
                        parts.push(Self::Octets(std::mem::take(&mut octets)));
                    }
                    parts.push(part);
                    word.len()
                }
                _ => {
                    octets.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
                    first.len_utf8()
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        if !octets.is_empty() {
            parts.push(Self::Octets(octets));
        }
        Ok(parts)
    }

    /// All parts, with these names put in as they are.
    pub(super) fn octets(parts: &[Self], user: &str, dn: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for part in parts {
            out.extend_from_slice(match part {
                Self::Dn => dn.as_bytes(),
                Self::Octets(octets) => octets,
                Self::User => user.as_bytes(),
            });
        }
        out
    }
}

/// Whether text could be meant for a name to put in: capitals in braces.
fn is_word(text: &str) -> bool {
    let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
    !inside.is_empty() && inside.bytes().all(|octet| octet.is_ascii_uppercase())
}

/// As whom a server is asked to let a user in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    before: String,
    behind: String,
    /// Whether it is a distinguished name, in which some characters mean something.
    is_dn: bool,
}

/// Why text is no identity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "write it with {{USERNAME}} once, as in uid={{USERNAME}},ou=people,dc=example or {{USERNAME}}@example.com"
)]
pub struct IdentityError;

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let (before, behind) = text.split_once("{USERNAME}").ok_or(IdentityError)?;
        let braces = ['{', '}'];
        if before.contains(braces) || behind.contains(braces) {
            return Err(IdentityError);
        }
        let is_dn = text.contains('=');
        Ok(Self { before: before.to_owned(), behind: behind.to_owned(), is_dn })
    }
}

impl Identity {
    /// The identity of this user.
    ///
    /// In a distinguished name what has a meaning there is escaped. Other identities, such as Microsoft's user principal
    /// names, have no escapes; what a user writes there is a name of another account at most, with its password.
    pub(super) fn of(&self, user: &str) -> String {
        let Self { before, behind, is_dn } = self;
        let user = if *is_dn { escaped(user) } else { user.to_owned() };
        format!("{before}{user}{behind}")
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{USERNAME}}{}", self.before, self.behind)
    }
}

/// A value as it stands in a distinguished name (RFC 4514 section 2.4).
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(value.len());
    for (number, character) in value.chars().enumerate() {
        match character {
            '\0' => out.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => out.extend(['\\', character]),
            ' ' if number == 0 || number == last => out.push_str("\\ "),
            '#' if number == 0 => out.push_str("\\#"),
            _ => out.push(character),
        }
    }
    out
}

/// Why a user has no name that the gateway can use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The entry has several names, and none is the one that was typed.
    #[error(
        "the entry has several names and none of them is the one that was typed; have <userFilter> compare an attribute that has one value"
    )]
    Several,
    /// The directory would take it for another's.
    #[error(
        "the directory could take the name for another's: it has blanks at an end, two in a row, or characters beyond ASCII; log in with the plain name, or have <userFilter> compare an attribute such as uid, and let it be read"
    )]
    Unclear,
}

/// The name by which a user is known here, who typed `typed` and whose entry has `held` in the attributes that it was
/// found by.
///
/// Directories compare names without case and without blanks around them, and leave out or fold further characters
/// (RFC 4518): whoever types ` JOE` is let in as joe. Taken as typed, one user would have many names, and a back end that
/// compares otherwise could take one for somebody else. So the directory's own spelling counts. Where it cannot be told
/// only names are good that no directory would prepare in another way than to lower case, which is done here.
pub(super) fn known_as(typed: &str, held: &[&str]) -> Result<String, NameError> {
    let mut alike = held.iter().filter(|value| folded(value) == folded(typed));
    let exact = held.iter().find(|value| **value == typed);
    match (exact.or_else(|| alike.next()), held) {
        (Some(value), _) | (None, [value]) => Ok((*value).to_owned()),
        (None, []) => plain(typed),
        (None, _) => Err(NameError::Several),
    }
}

/// The name by which a user is known of whose entry nothing is known.
pub(super) fn plain(typed: &str) -> Result<String, NameError> {
    let is_plain = typed.is_ascii() && typed.split(' ').all(|word| !word.is_empty());
    if is_plain { Ok(typed.to_ascii_lowercase()) } else { Err(NameError::Unclear) }
}

fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_distinguished_name_a_name_is_escaped() {
        let identity: Identity = "uid={USERNAME},ou=people".parse().unwrap();
        for (user, expected) in [
            ("joe", "uid=joe,ou=people"),
            ("joe,ou=admins", "uid=joe\\,ou\\=admins,ou=people"),
            ("a+b=c\\", "uid=a\\+b\\=c\\\\,ou=people"),
            (" a b ", "uid=\\ a b\\ ,ou=people"),
            (" ", "uid=\\ ,ou=people"),
            ("#1#", "uid=\\#1#,ou=people"),
            ("\"<>;\0", "uid=\\\"\\<\\>\\;\\00,ou=people"),
            ("Jürgen", "uid=Jürgen,ou=people"),
            ("{USERNAME}", "uid={USERNAME},ou=people"),
        ] {
            assert_eq!(identity.of(user), expected);
        }
    }

    #[test]
    fn in_a_plain_identity_it_is_not() {
        let identity: Identity = "{USERNAME}@corp.example".parse().unwrap();
        assert_eq!(identity.of("o'hara, joe"), "o'hara, joe@corp.example");
        assert_eq!(identity.to_string(), "{USERNAME}@corp.example");
    }

    #[test]
    fn an_identity_has_the_name_once() {
        for wrong in ["", "cn=admin", "{USERNAME}{USERNAME}", "uid={USERNAME},o={REALM}", "{username}"] {
            assert_eq!(wrong.parse::<Identity>(), Err(IdentityError), "{wrong}");
        }
    }

    #[test]
    fn a_user_is_known_as_the_directory_writes_the_name() {
        assert_eq!(known_as(" JOE ", &["joe"]), Ok("joe".to_owned()));
        assert_eq!(known_as("joe", &["Joe"]), Ok("Joe".to_owned()));
        assert_eq!(known_as("JOE@X", &["joe", "joe@x"]), Ok("joe@x".to_owned()));
        assert_eq!(known_as("joe", &["Joe", "joe"]), Ok("joe".to_owned()));
        assert_eq!(known_as("jo\u{ad}e", &["joe"]), Ok("joe".to_owned()));
        assert_eq!(known_as("jo\u{ad}e", &["joe", "joseph"]), Err(NameError::Several));
    }

    #[test]
    fn where_that_is_not_known_only_plain_names_are_good() {
        assert_eq!(plain("JOE"), Ok("joe".to_owned()));
        assert_eq!(known_as("Joe Doe", &[]), Ok("joe doe".to_owned()));
        for name in [" joe", "joe ", "joe  doe", "jo\u{ad}e", "ｊｏｅ", " "] {
            assert_eq!(plain(name), Err(NameError::Unclear), "{name:?}");
        }
    }

    #[test]
    fn parts_are_read_once() {
        let parts = Part::read("a{USERNAME}b{x}{USERDN}{").unwrap();
        assert_eq!(Part::octets(&parts, "{USERDN}", "D"), b"a{USERDN}b{x}D{");
        assert_eq!(Part::read("{OTHER}"), Err("{OTHER}".to_owned()));
    }
}
