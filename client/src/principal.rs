//! Principals as people write them: `alice`, `alice/admin`, `HTTP/www.example.com@EXAMPLE.COM`
//! (MIT krb5's src/lib/krb5/krb/parse.c).

use krb::name::{NT_ENTERPRISE, NT_PRINCIPAL, NT_SRV_HST, NT_SRV_INST, Principal, PrincipalName, RealmName};

/// Longest text that is read, in octets.
const MAX_LENGTH: usize = 4096;

/// Most components of a name; real ones have three at most.
const MAX_COMPONENTS: usize = 16;

/// A principal whose realm may have been left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: PrincipalName,
    /// The realm that was written.
    pub krb_realm: Option<RealmName>,
}

/// Why a text is no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalError {
    /// A component or the realm has nothing in it.
    #[error("the principal, a part of it or its realm is empty; write alice, alice@REALM or HTTP/host@REALM")]
    Empty,
    /// A backslash at the end.
    #[error("the principal ends with a backslash, which needs something behind it; write \\\\ for one")]
    Escape,
    /// It is too long, or has too many components.
    #[error(
        "the principal is longer than {MAX_LENGTH} octets or has more than {MAX_COMPONENTS} components; write alice@REALM"
    )]
    Long,
    /// Two at signs.
    #[error("the principal has more than one @; write \\@ for one that is part of the name")]
    Realms,
}

impl Named {
    /// Reads a user or a service. A backslash takes what follows for itself, but
    /// `\n`, `\t`, `\b` and `\0`. What begins with a service of hosts is one:
    /// `HTTP/host`, `host/host`.
    ///
    /// # Errors
    ///
    /// Any [`PrincipalError`].
    pub fn read(text: &str) -> Result<Self, PrincipalError> {
        let Split { components, krb_realm } = split(text)?;
        let name_type = match components.as_slice() {
            [service, _] if service == "krbtgt" => NT_SRV_INST,
            [service, _] if matches!(service.as_str(), "HTTP" | "host") => NT_SRV_HST,
            _ => NT_PRINCIPAL,
        };
        Ok(Self { name: PrincipalName::new(name_type, components), krb_realm: krb_realm.map(Into::into) })
    }

    /// Reads a user principal name such as `alice@corp.example` that the KDC knows
    /// whose it is (RFC 6806 section 5). A realm may stand behind a further `@`.
    ///
    /// # Errors
    ///
    /// Any [`PrincipalError`].
    pub fn read_enterprise(text: &str) -> Result<Self, PrincipalError> {
        let (name, krb_realm) = match text.match_indices('@').nth(1) {
            Some((place, _)) => (text.get(..place), text.get(place + 1..)),
            None => (Some(text), None),
        };
        let name = name.unwrap_or_default();
        if name.len() > MAX_LENGTH {
            return Err(PrincipalError::Long);
        }
        if name.is_empty() || krb_realm.is_some_and(str::is_empty) {
            return Err(PrincipalError::Empty);
        }
        let krb_realm = krb_realm.map(Into::into);
        Ok(Self { name: PrincipalName::new(NT_ENTERPRISE, [name]), krb_realm })
    }

    /// The principal, in this realm if none was written.
    #[must_use]
    pub fn or_in(self, krb_realm: &str) -> Principal {
        Principal { name: self.name, krb_realm: self.krb_realm.unwrap_or_else(|| krb_realm.into()) }
    }

    /// The host of a service of hosts, such as `HTTP/www.example.com`.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self.name.name_string.as_slice() {
            [service, host, ..] if service.as_octets() != b"krbtgt" => host.as_str(),
            _ => None,
        }
    }
}

struct Split {
    components: Vec<String>,
    krb_realm: Option<String>,
}

fn split(text: &str) -> Result<Split, PrincipalError> {
    if text.len() > MAX_LENGTH {
        return Err(PrincipalError::Long);
    }
    let mut components = vec![String::new()];
    let mut krb_realm: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '/' if krb_realm.is_none() => {
                components.push(String::new());
                continue;
            }
            '@' => {
                if krb_realm.replace(String::new()).is_some() {
                    return Err(PrincipalError::Realms);
                }
                continue;
            }
            '\\' => match letters.next().ok_or(PrincipalError::Escape)? {
                'n' => '\n',
                't' => '\t',
                'b' => '\u{8}',
                '0' => '\0',
                other => other,
            },
            other => other,
        };
        if let Some(part) = krb_realm.as_mut().or(components.last_mut()) {
            part.push(letter);
        }
    }
    if components.len() > MAX_COMPONENTS {
        return Err(PrincipalError::Long);
    }
    if components.iter().chain(&krb_realm).any(String::is_empty) {
        return Err(PrincipalError::Empty);
    }
    Ok(Split { components, krb_realm })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (String, i32, Option<String>) {
        let Named { name, krb_realm } = Named::read(text).unwrap();
        (name.to_string(), name.name_type, krb_realm.map(|krb_realm| krb_realm.to_string()))
    }

    #[test]
    fn users_and_services_are_read_with_and_without_a_realm() {
        for (text, name_type, krb_realm) in [
            ("alice", NT_PRINCIPAL, None),
            ("alice@A.TEST", NT_PRINCIPAL, Some("A.TEST")),
            ("alice/admin@A.TEST", NT_PRINCIPAL, Some("A.TEST")),
            ("kadmin/changepw", NT_PRINCIPAL, None),
            ("HTTP/www.a.test", NT_SRV_HST, None),
            ("krbtgt/B@A", NT_SRV_INST, Some("A")),
            ("müller", NT_PRINCIPAL, None),
        ] {
            let name = text.split('@').next().unwrap().to_owned();
            assert_eq!(read(text), (name, name_type, krb_realm.map(str::to_owned)), "{text}");
        }
        assert_eq!(Named::read("HTTP/www.a.test@A").unwrap().host(), Some("www.a.test"));
        assert_eq!(Named::read("krbtgt/B@A").unwrap().host(), None);
        assert_eq!(Named::read("a").unwrap().or_in("R").to_string(), "a@R");
        assert_eq!(Named::read("a@S").unwrap().or_in("R").to_string(), "a@S");
    }

    #[test]
    fn a_name_for_the_kdc_to_look_up_keeps_its_at_sign() {
        let named = Named::read_enterprise("alice@corp.example").unwrap();
        assert_eq!((named.name.name_string.len(), named.krb_realm), (1, None));
        let named = Named::read_enterprise("alice@corp.example@A").unwrap();
        assert_eq!(named.name.name_string, ["alice@corp.example".into()]);
        assert_eq!(named.krb_realm, Some("A".into()));
        for text in ["", "a@b@"] {
            assert_eq!(Named::read_enterprise(text), Err(PrincipalError::Empty), "{text}");
        }
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for (text, error) in [
            ("", PrincipalError::Empty),
            ("@A", PrincipalError::Empty),
            ("alice@", PrincipalError::Empty),
            ("alice//x", PrincipalError::Empty),
            ("alice@A@B", PrincipalError::Realms),
            ("alice\\", PrincipalError::Escape),
            (&"a".repeat(5000), PrincipalError::Long),
            (&"a/".repeat(50), PrincipalError::Long),
        ] {
            assert_eq!(Named::read(text), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_principal_is_read_as_it_is_shown(
            components in proptest::collection::vec("[ -~äß]{1,10}", 1..4),
            krb_realm in "[ -~]{1,10}",
        ) {
            let name = PrincipalName::new(NT_PRINCIPAL, components);
            let principal = Principal { name, krb_realm: krb_realm.into() };
            let read = Named::read(&principal.to_string()).unwrap().or_in("NONE");
            prop_assert!(read.name.same_name(&principal.name));
            prop_assert_eq!(read.krb_realm, principal.krb_realm);
        }
    }
}
