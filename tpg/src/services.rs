//! For which services a ticket may be: the principals that this door answers to.

use std::{fmt, str::FromStr};

use krb::name::{KerberosString, NT_SRV_HST, Principal, PrincipalName, RealmName};

/// Principals, some of whose components may be anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    /// The components; `None` matches any one.
    components: Vec<Option<KerberosString>>,
    /// The Kerberos realm; `None` matches any.
    krb_realm: Option<RealmName>,
}

/// Why text is not a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write it as SERVICE/HOST, SERVICE/* or SERVICE/HOST@REALM")]
pub struct PatternError;

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (name, krb_realm) = match text.split_once('@') {
            Some((name, krb_realm)) => (name, Some(krb_realm)),
            None => (text, None),
        };
        let sound = |part: &str| !part.is_empty() && !part.contains(['@', '\\', '\0']);
        if !name.split('/').all(sound) || krb_realm.is_some_and(|krb_realm| !sound(krb_realm)) {
            return Err(PatternError);
        }
        let component = |part: &str| if part == "*" { None } else { Some(part.into()) };
        Ok(Self {
            components: name.split('/').map(component).collect(),
            krb_realm: krb_realm.map(RealmName::from),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, component) in self.components.iter().enumerate() {
            if place > 0 {
                f.write_str("/")?;
            }
            match component {
                Some(component) => write!(f, "{component}")?,
                None => f.write_str("*")?,
            }
        }
        self.krb_realm.iter().try_for_each(|krb_realm| write!(f, "@{krb_realm}"))
    }
}

impl Pattern {
    fn accepts(&self, name: &PrincipalName, krb_realm: &RealmName) -> bool {
        self.krb_realm.as_ref().is_none_or(|wanted| wanted == krb_realm)
            && self.components.len() == name.name_string.len()
            && self.components.iter().zip(&name.name_string).enumerate().all(|(place, (wanted, found))| {
                wanted.as_ref().is_none_or(|wanted| same_component(place, wanted, found))
            })
    }
}

/// The services of one door.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Services {
    patterns: Vec<Pattern>,
}

impl Services {
    /// These services; with none named `HTTP/*`, which is what browsers ask tickets for (RFC 4559 section 4).
    #[must_use]
    pub fn new(patterns: Vec<Pattern>) -> Self {
        if patterns.is_empty() {
            let components = vec![Some("HTTP".into()), None];
            return Self { patterns: vec![Pattern { components, krb_realm: None }] };
        }
        Self { patterns }
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn accepts(&self, name: &PrincipalName, krb_realm: &RealmName) -> bool {
        self.patterns.iter().any(|pattern| pattern.accepts(name, krb_realm))
    }

    /// Whether a service written as `service/host@REALM`, with or without the realm, is one of them.
    ///
    /// Windows writes the target of a ticket like that into the authenticator.
    #[must_use]
    pub fn accepts_text(&self, text: &str) -> bool {
        let (name, krb_realm) = match text.rsplit_once('@') {
            Some((name, krb_realm)) => (name, Some(RealmName::from(krb_realm))),
            None => (text, None),
        };
        let name = PrincipalName::new(NT_SRV_HST, name.split('/'));
        self.patterns.iter().any(|pattern| match (&krb_realm, &pattern.krb_realm) {
            (Some(krb_realm), _) => pattern.accepts(&name, krb_realm),
            // A client that does not know the realm of the service writes none.
            (None, Some(wanted)) => pattern.accepts(&name, wanted),
            (None, None) => pattern.accepts(&name, &RealmName::default()),
        })
    }
}

/// The patterns with commas between them.
impl fmt::Display for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, pattern) in self.patterns.iter().enumerate() {
            write!(f, "{}{pattern}", if place > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Whether two principals are the same service. Active Directory repeats the host in the case that the client
/// asked with, and hosts have none.
#[must_use]
pub fn same_service(one: &Principal, name: &PrincipalName, krb_realm: &RealmName) -> bool {
    one.krb_realm == *krb_realm
        && one.name.name_string.len() == name.name_string.len()
        && one
            .name
            .name_string
            .iter()
            .zip(&name.name_string)
            .enumerate()
            .all(|(place, (one, other))| same_component(place, one, other))
}

fn same_component(place: usize, one: &KerberosString, other: &KerberosString) -> bool {
    // The first component is the class of the service, `HTTP`, and exact; the second is its host.
    one == other || (place > 0 && one.as_octets().eq_ignore_ascii_case(other.as_octets()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(patterns: &[&str]) -> Services {
        Services::new(patterns.iter().map(|pattern| pattern.parse().unwrap()).collect())
    }

    fn accepts(services: &Services, name: &[&str]) -> bool {
        services.accepts(&PrincipalName::new(NT_SRV_HST, name.iter().copied()), &"TGG.TEST".into())
    }

    #[test]
    fn without_any_named_every_host_of_http_is_accepted_and_no_other_service() {
        let services = services(&[]);
        assert!(accepts(&services, &["HTTP", "gw.tgg.test"]));
        assert!(!accepts(&services, &["host", "gw.tgg.test"]));
        assert!(!accepts(&services, &["http", "gw.tgg.test"]), "the class of a service is exact");
        assert!(!accepts(&services, &["HTTP"]));
        assert!(!accepts(&services, &["HTTP", "gw.tgg.test", "more"]));
    }

    #[test]
    fn the_case_of_a_host_does_not_matter() {
        let services = services(&["HTTP/gw.tgg.test"]);
        assert!(accepts(&services, &["HTTP", "GW.TGG.test"]));
        assert!(!accepts(&services, &["HTTP", "other.tgg.test"]));
    }

    #[test]
    fn a_pattern_with_a_realm_accepts_no_other_realm() {
        let services = services(&["HTTP/gw@OTHER.TEST", "HTTP/b"]);
        assert!(!accepts(&services, &["HTTP", "gw"]));
        assert!(accepts(&services, &["HTTP", "b"]));
    }

    #[test]
    fn a_target_in_text_is_judged_like_a_name() {
        let services = services(&["HTTP/gw.tgg.test@TGG.TEST"]);
        assert!(services.accepts_text("HTTP/gw.tgg.test@TGG.TEST"));
        assert!(services.accepts_text("HTTP/GW.tgg.test"));
        assert!(!services.accepts_text("HTTP/gw.tgg.test@OTHER.TEST"));
        assert!(!services.accepts_text("MSSQLSvc/gw.tgg.test@TGG.TEST"));
        assert!(!services.accepts_text(""));
    }

    #[test]
    fn what_is_no_principal_is_no_pattern() {
        for text in ["", "/", "HTTP/", "/host", "HTTP/a@", "HTTP/a@B@C", "HTTP\\/a"] {
            assert_eq!(text.parse::<Pattern>(), Err(PatternError), "{text}");
        }
        assert_eq!("HTTP/*@TGG.TEST".parse::<Pattern>().unwrap().to_string(), "HTTP/*@TGG.TEST");
    }
}
