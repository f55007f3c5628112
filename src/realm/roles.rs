//! Which roles a user has: one mapping from all that modules find out, whichever module it was.

use std::{collections::BTreeSet, fmt, str::FromStr};

use krb::pac::Sid;
use serde_json::Value;

use super::module::{Facts, Name};

/// To whom a role is granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Grantee {
    /// Users of whom a token says this: the path of the claim, and what it is or contains.
    Claim(Vec<String>, String),
    /// Everybody who can log in.
    Everybody,
    /// The members of a group, as its directory names it.
    Group(String),
    /// Users who logged in at the KDC like this (RFC 8129).
    Indicator(String),
    /// One user.
    Principal(String),
    /// All clients of a Kerberos realm.
    Realm(String),
    /// An account, or the members of a group (MS-DTYP section 2.4.2).
    Sid(Sid),
}

/// A role, and to whom it is granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The role.
    pub role: String,
    /// To whom.
    pub to: Grantee,
}

/// Why text is no grant.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "write it as ROLE=principal:alice@REALM, ROLE=realm:REALM, ROLE=sid:S-1-5-…, ROLE=indicator:WORD, ROLE=group:NAME, \
     ROLE=claim:PATH=VALUE or ROLE=*"
)]
pub struct GrantError;

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let (role, to) = text.split_once('=').ok_or(GrantError)?;
        if !is_role(role) {
            return Err(GrantError);
        }
        let to = match to.split_once(':') {
            None if to == "*" => Grantee::Everybody,
            Some((_, "")) | None => return Err(GrantError),
            Some(("claim", claim)) => match claim.split_once('=') {
                Some((path, value)) if path.split('.').all(|step| !step.is_empty()) => {
                    Grantee::Claim(path.split('.').map(str::to_owned).collect(), value.to_owned())
                }
                _ => return Err(GrantError),
            },
            Some(("group", name)) => Grantee::Group(name.to_owned()),
            Some(("indicator", word)) => Grantee::Indicator(word.to_owned()),
            Some(("principal", name)) => Grantee::Principal(name.to_owned()),
            Some(("realm", krb_realm)) => Grantee::Realm(krb_realm.to_owned()),
            Some(("sid", sid)) => Grantee::Sid(sid.parse().map_err(|_| GrantError)?),
            Some(_) => return Err(GrantError),
        };
        Ok(Self { role: role.to_owned(), to })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.role)?;
        match &self.to {
            Grantee::Claim(path, value) => write!(f, "claim:{}={value}", path.join(".")),
            Grantee::Everybody => write!(f, "*"),
            Grantee::Group(name) => write!(f, "group:{name}"),
            Grantee::Indicator(word) => write!(f, "indicator:{word}"),
            Grantee::Principal(name) => write!(f, "principal:{name}"),
            Grantee::Realm(krb_realm) => write!(f, "realm:{krb_realm}"),
            Grantee::Sid(sid) => write!(f, "sid:{sid}"),
        }
    }
}

/// Whether text can be the name of a role: it is written into headers, with commas between several.
#[must_use]
pub fn is_role(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b',' | b'=' | b'"'))
}

/// All grants of a realm.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// These.
    #[must_use]
    pub const fn new(grants: Vec<Grant>) -> Self {
        Self(grants)
    }

    /// Adds more.
    pub fn add(&mut self, grants: impl IntoIterator<Item = Grant>) {
        self.0.extend(grants);
    }

    /// The grants.
    #[must_use]
    pub fn all(&self) -> &[Grant] {
        &self.0
    }

    /// Whether anybody can have this role.
    #[must_use]
    pub fn mention(&self, role: &str) -> bool {
        self.0.iter().any(|grant| grant.role == role)
    }

    /// The roles of a user of these names, in order, each once.
    #[must_use]
    pub fn roles(&self, names: &[Name], facts: &Facts) -> BTreeSet<String> {
        let held = self.0.iter().filter(|grant| grant.to.includes(names, facts));
        held.map(|grant| grant.role.clone()).collect()
    }
}

impl Grantee {
    /// Whether only tickets can show it.
    #[must_use]
    pub const fn is_of_tickets(&self) -> bool {
        matches!(self, Self::Indicator(_) | Self::Realm(_) | Self::Sid(_))
    }

    fn includes(&self, names: &[Name], facts: &Facts) -> bool {
        match self {
            Self::Claim(path, value) => claims(&facts.claims, path, value),
            Self::Everybody => true,
            Self::Group(name) => facts.groups.contains(name),
            Self::Indicator(word) => facts.indicators.contains(word),
            Self::Principal(name) => names.iter().any(|held| held.text == *name),
            Self::Realm(wanted) => {
                facts.krb_realm.as_ref().is_some_and(|realm| realm.as_octets() == wanted.as_bytes())
            }
            Self::Sid(sid) => facts.sids.contains(sid),
        }
    }
}

/// Whether the claim at this path is this value, or a list that has it.
fn claims(claims: &serde_json::Map<String, Value>, path: &[String], wanted: &str) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let found = rest.iter().try_fold(claims.get(first), |at, step| Some(at?.get(step.as_str())));
    let is_wanted = |value: &Value| match value {
        Value::String(text) => text == wanted,
        Value::Bool(truth) => wanted == if *truth { "true" } else { "false" },
        Value::Number(number) => number.to_string() == wanted,
        Value::Array(_) | Value::Null | Value::Object(_) => false,
    };
    match found.flatten() {
        Some(Value::Array(values)) => values.iter().any(is_wanted),
        Some(value) => is_wanted(value),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alice() -> (Vec<Name>, Facts) {
        let name = |text: &str| Name { text: text.to_owned(), is_role: true };
        let facts = Facts {
            krb_realm: Some("TGG.TEST".into()),
            sids: vec!["S-1-5-21-1-2-3-1105".parse().unwrap(), "S-1-5-21-1-2-3-513".parse().unwrap()],
            indicators: vec!["otp".to_owned()],
            groups: vec!["cn=staff,dc=example".to_owned()],
            claims: json!({ "realm_access": { "roles": ["boss", 7] }, "mfa": true, "sub": "1" })
                .as_object()
                .unwrap()
                .clone(),
        };
        (vec![name("alice@TGG.TEST"), name("alice")], facts)
    }

    fn roles(grants: &[&str]) -> Vec<String> {
        let grants = Grants::new(grants.iter().map(|grant| grant.parse().unwrap()).collect());
        let (names, facts) = alice();
        grants.roles(&names, &facts).into_iter().collect()
    }

    #[test]
    fn roles_come_from_all_that_modules_find_out() {
        let grants = [
            "a=principal:alice@TGG.TEST",
            "b=sid:S-1-5-21-1-2-3-513",
            "c=sid:S-1-5-21-1-2-3-1105",
            "d=indicator:otp",
            "e=realm:TGG.TEST",
            "f=*",
            "g=group:cn=staff,dc=example",
            "h=claim:realm_access.roles=boss",
            "i=claim:realm_access.roles=7",
            "j=claim:mfa=true",
            "k=principal:alice",
        ];
        assert_eq!(roles(&grants), ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]);
    }

    #[test]
    fn what_is_granted_to_others_is_not_hers() {
        let grants = [
            "a=principal:alice@OTHER.TEST",
            "a=principal:Alice@TGG.TEST",
            "a=principal:alice/admin@TGG.TEST",
            "a=sid:S-1-5-21-1-2-3-512",
            "a=indicator:pkinit",
            "a=realm:OTHER.TEST",
            "a=group:staff",
            "a=claim:realm_access=boss",
            "a=claim:realm_access.roles.0=boss",
            "a=claim:sub.x=1",
            "a=claim:none=",
        ];
        assert!(roles(&grants).is_empty());
    }

    #[test]
    fn what_is_no_grant_is_refused() {
        for text in [
            "",
            "role",
            "=*",
            "a b=*",
            "a,b=*",
            "a=principal:",
            "a=sid:x",
            "a=other:x",
            "a=realm:",
            "a=claim:x",
            "a=claim:.x=1",
            "a=claim:=1",
        ] {
            assert_eq!(text.parse::<Grant>(), Err(GrantError), "{text}");
        }
    }

    #[test]
    fn a_grant_is_written_as_it_is_read() {
        for text in ["a=realm:X", "a=*", "a=claim:b.c=d=e", "a=group:cn=x,dc=y", "a=sid:S-1-5-21-1"] {
            assert_eq!(text.parse::<Grant>().unwrap().to_string(), text);
        }
    }
}
