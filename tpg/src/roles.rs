//! Which roles a client has: granted to principals, SIDs and authentication indicators.

use std::{collections::BTreeSet, fmt, str::FromStr};

use krb::{name::Principal, pac::Sid};

use crate::permit::Identity;

/// To whom a role is granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Grantee {
    /// Everybody with a good ticket.
    Everybody,
    /// Clients who logged in like this (RFC 8129).
    Indicator(String),
    /// One client; as principals are written, with its realm.
    Principal(String),
    /// All clients of a realm.
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
    "write it as ROLE=principal:alice@REALM, ROLE=realm:REALM, ROLE=sid:S-1-5-…, ROLE=indicator:WORD or ROLE=*"
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
            Some(("principal", name)) if name.contains('@') => Grantee::Principal(name.to_owned()),
            Some(("realm", krb_realm)) => Grantee::Realm(krb_realm.to_owned()),
            Some(("sid", sid)) => Grantee::Sid(sid.parse().map_err(|_| GrantError)?),
            Some(("indicator", word)) => Grantee::Indicator(word.to_owned()),
            Some(_) => return Err(GrantError),
        };
        Ok(Self { role: role.to_owned(), to })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.to {
            Grantee::Everybody => write!(f, "{}=*", self.role),
            Grantee::Indicator(word) => write!(f, "{}=indicator:{word}", self.role),
            Grantee::Principal(name) => write!(f, "{}=principal:{name}", self.role),
            Grantee::Realm(krb_realm) => write!(f, "{}=realm:{krb_realm}", self.role),
            Grantee::Sid(sid) => write!(f, "{}=sid:{sid}", self.role),
        }
    }
}

/// Whether text can be the name of a role: it is written into headers, with commas between several.
#[must_use]
pub fn is_role(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b',' | b'=' | b'"'))
}

/// All grants of a door.
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

    /// Whether anybody can have this role.
    #[must_use]
    pub fn mention(&self, role: &str) -> bool {
        self.0.iter().any(|grant| grant.role == role)
    }

    /// The roles of a client, in order, each once.
    #[must_use]
    pub fn roles(&self, identity: &Identity) -> BTreeSet<String> {
        self.0.iter().filter(|grant| grant.to.includes(identity)).map(|grant| grant.role.clone()).collect()
    }
}

impl Grantee {
    fn includes(&self, identity: &Identity) -> bool {
        let Principal { krb_realm, .. } = &identity.client;
        match self {
            Self::Everybody => true,
            Self::Indicator(word) => identity.indicators.contains(word),
            // Both are written by the same rules, so that no name passes for another.
            Self::Principal(name) => identity.client.to_string() == *name,
            Self::Realm(wanted) => krb_realm.as_octets() == wanted.as_bytes(),
            Self::Sid(sid) => identity.sids().any(|held| held == sid),
        }
    }
}

#[cfg(test)]
mod tests {
    use krb::name::{NT_PRINCIPAL, PrincipalName};

    use super::*;
    use crate::groups::Groups;

    fn alice() -> Identity {
        let name = PrincipalName::new(NT_PRINCIPAL, ["alice"]);
        Identity {
            client: Principal { name, krb_realm: "TGG.TEST".into() },
            groups: Groups {
                user: Some("S-1-5-21-1-2-3-1105".parse().unwrap()),
                groups: vec!["S-1-5-21-1-2-3-513".parse().unwrap()],
                upn: None,
            },
            indicators: vec!["otp".to_owned()],
        }
    }

    fn roles(grants: &[&str], identity: &Identity) -> Vec<String> {
        let grants = Grants::new(grants.iter().map(|grant| grant.parse().unwrap()).collect());
        grants.roles(identity).into_iter().collect()
    }

    #[test]
    fn roles_come_from_principals_sids_indicators_and_realms() {
        let grants = [
            "a=principal:alice@TGG.TEST",
            "b=sid:S-1-5-21-1-2-3-513",
            "c=sid:S-1-5-21-1-2-3-1105",
            "d=indicator:otp",
            "e=realm:TGG.TEST",
            "f=*",
        ];
        assert_eq!(roles(&grants, &alice()), ["a", "b", "c", "d", "e", "f"]);
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
        ];
        assert!(roles(&grants, &alice()).is_empty());
    }

    #[test]
    fn a_name_with_a_slash_in_it_is_not_the_name_of_two_parts() {
        let mut identity = alice();
        identity.client.name = PrincipalName::new(NT_PRINCIPAL, ["alice/admin"]);
        assert!(roles(&["a=principal:alice/admin@TGG.TEST"], &identity).is_empty());
        assert_eq!(roles(&["a=principal:alice\\/admin@TGG.TEST"], &identity), ["a"]);
    }

    #[test]
    fn what_is_no_grant_is_refused() {
        for text in
            ["", "role", "=*", "a b=*", "a,b=*", "a=principal:alice", "a=sid:x", "a=group:x", "a=realm:"]
        {
            assert_eq!(text.parse::<Grant>(), Err(GrantError), "{text}");
        }
        assert_eq!("a=realm:X".parse::<Grant>().unwrap().to_string(), "a=realm:X");
    }
}
