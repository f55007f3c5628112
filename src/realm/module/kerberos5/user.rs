//! Which principal a user means who types a name.
//!
//! As krb5_parse_name reads it: `alice`, `alice/admin`, `alice@REALM`, and a backslash before what stands for itself. What
//! could mean two users is refused.

use krb::name::{KerberosString, NT_PRINCIPAL, PrincipalName, RealmName};

/// Octets of a name with its realm. Active Directory's user principal names have at most 1024 characters.
const MAX_NAME: usize = 2048;

/// What a user typed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct User {
    /// The name.
    pub(super) name: PrincipalName,
    /// The realm, if there is one.
    pub(super) krb_realm: Option<String>,
}

/// Why a name is no principal's. The peer's fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A backslash before something that needs none: `CORP\alice` would be `CORPalice`.
    #[error("the user name has a backslash in it, as DOMAIN\\user has; users write alice or alice@REALM")]
    Backslash,
    /// A part of the name has nothing in it.
    #[error("the user name, a part of it or its realm is empty; users write alice or alice@REALM")]
    Empty,
    /// Control characters.
    #[error("the user name has control characters in it; users write alice or alice@REALM")]
    Hidden,
    /// It is too long.
    #[error("the user name is longer than {MAX_NAME} octets; no user has such a name")]
    Long,
    /// Two realms.
    #[error("the user name has more than one realm; users write alice or alice@REALM")]
    Realms,
}

impl User {
    /// Reads a name as it was typed.
    pub(super) fn read(text: &str) -> Result<Self, NameError> {
        if text.len() > MAX_NAME {
            return Err(NameError::Long);
        }
        let mut parts = vec![String::new()];
        let mut components = None;
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            let letter = match letter {
                '/' if components.is_none() => {
                    parts.push(String::new());
                    continue;
                }
                '@' => {
                    if components.replace(std::mem::replace(&mut parts, vec![String::new()])).is_some() {
                        return Err(NameError::Realms);
                    }
                    continue;
                }
                '\\' => match letters.next() {
                    Some(escaped @ ('/' | '@' | '\\')) => escaped,
                    _ => return Err(NameError::Backslash),
                },
                _ => letter,
            };
            if letter.is_control() {
                return Err(NameError::Hidden);
            }
            if let Some(part) = parts.last_mut() {
                part.push(letter);
            }
        }
        let (components, krb_realm) = match components {
            Some(components) => (components, parts.pop()),
            None => (parts, None),
        };
        if components.iter().chain(&krb_realm).any(String::is_empty) {
            return Err(NameError::Empty);
        }
        Ok(Self { name: PrincipalName::new(NT_PRINCIPAL, components), krb_realm })
    }
}

/// The realm of this name among `known`. Users type realms in either case; where two differ in nothing else, the case
/// counts.
pub(super) fn find<'a>(written: &str, known: &'a [RealmName]) -> Option<&'a RealmName> {
    let octets = written.as_bytes();
    let is_alike = |realm: &&RealmName| realm.as_octets().eq_ignore_ascii_case(octets);
    let exact = known.iter().find(|realm| realm.as_octets() == octets);
    exact.or_else(|| {
        let mut alike = known.iter().filter(is_alike);
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// Realms, each once.
pub(super) fn distinct<'a>(realms: impl IntoIterator<Item = &'a KerberosString>) -> Vec<RealmName> {
    let mut distinct: Vec<RealmName> = Vec::new();
    for realm in realms {
        if !distinct.contains(realm) {
            distinct.push(realm.clone());
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Option<String>) {
        let User { name, krb_realm } = User::read(text).unwrap();
        (name.name_string.iter().map(|part| part.as_str().unwrap().to_owned()).collect(), krb_realm)
    }

    fn refused(text: &str) -> NameError {
        User::read(text).unwrap_err()
    }

    #[test]
    fn a_name_is_read_as_kinit_reads_it() {
        let parts = |parts: &[&str]| parts.iter().map(|&part| part.to_owned()).collect::<Vec<_>>();
        assert_eq!(read("alice"), (parts(&["alice"]), None));
        assert_eq!(read("alice@TGG.TEST"), (parts(&["alice"]), Some("TGG.TEST".to_owned())));
        assert_eq!(read("alice/admin@A/B"), (parts(&["alice", "admin"]), Some("A/B".to_owned())));
        assert_eq!(read("müller"), (parts(&["müller"]), None));
    }

    #[test]
    fn what_is_escaped_stands_for_itself() {
        assert_eq!(read(r"a\/b\@c\\d@R").0, [r"a/b@c\d"]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_as_krb5_does_is_read_again(
            parts in proptest::collection::vec("[a-z/@\\\\ä ]{1,8}", 1..4),
            krb_realm in proptest::option::of("[A-Z.]{1,8}"),
        ) {
            let name = PrincipalName::new(NT_PRINCIPAL, parts.iter().map(String::as_str));
            let text = krb_realm.iter().fold(name.to_string(), |text, realm| text + "@" + realm);
            proptest::prop_assert_eq!(User::read(&text), Ok(User { name, krb_realm }));
        }

        #[test]
        fn no_name_breaks_the_reader(text in ".*") {
            let _ = User::read(&text);
        }
    }

    #[test]
    fn what_could_mean_two_users_is_refused() {
        for text in [r"CORP\alice", r"CORP\bob", r"alice\", r"a\nb"] {
            assert_eq!(refused(text), NameError::Backslash, "{text}");
        }
        assert_eq!(refused("alice@corp.test@TGG.TEST"), NameError::Realms);
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for text in ["", "@TGG.TEST", "alice@", "alice/", "/admin", "a//b"] {
            assert_eq!(refused(text), NameError::Empty, "{text}");
        }
        assert_eq!(refused("ali\0ce"), NameError::Hidden);
        assert_eq!(refused("alice@TGG\u{85}.TEST"), NameError::Hidden);
        assert_eq!(refused(&"a".repeat(MAX_NAME + 1)), NameError::Long);
        assert!(User::read(&"a".repeat(MAX_NAME)).is_ok());
    }

    #[test]
    fn a_realm_is_found_in_any_case_unless_two_differ_in_it_alone() {
        let known: Vec<RealmName> = ["TGG.TEST", "a.test", "A.TEST"].map(Into::into).into();
        assert_eq!(find("tgg.test", &known), known.first());
        assert_eq!(find("A.TEST", &known), known.last());
        assert_eq!(find("A.Test", &known), None);
        assert_eq!(find("TGG", &known), None);
    }
}
