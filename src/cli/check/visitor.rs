//! `check --as`: which services would let a user in, and why the others would not; nobody has to log in for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    str::FromStr,
};

use krb::name::RealmName;
use serde_json::{Map, Value};

use crate::{
    config::{
        model::{
            Config,
            module::Judge,
            realm::Realm,
            service::{Required, Service},
        },
        users,
    },
    realm::{
        module::{Facts, Name},
        roles::{Grant, Grantee, Grants},
    },
};

/// A user that does not log in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Visitor {
    principal: String,
    roles: Vec<String>,
}

/// Something that login modules would find out about the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fact(Grantee);

/// Why text says nothing about a user.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write it as group:NAME, claim:PATH=VALUE, sid:S-1-5-…, indicator:WORD or realm:REALM")]
pub(super) struct FactError;

/// Why text names no user.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write it as PRINCIPAL, or PRINCIPAL,ROLE,ROLE")]
pub(super) struct VisitorError;

impl FromStr for Fact {
    type Err = FactError;

    fn from_str(text: &str) -> Result<Self, FactError> {
        // The words are those of a grant, so that what is tried is what is granted to.
        let grant: Grant = format!("role={text}").parse().map_err(|_| FactError)?;
        match grant.to {
            Grantee::Everybody | Grantee::Principal(_) => Err(FactError),
            to => Ok(Self(to)),
        }
    }
}

impl FromStr for Visitor {
    type Err = VisitorError;

    fn from_str(text: &str) -> Result<Self, VisitorError> {
        let mut parts = text.split(',').map(str::to_owned);
        let principal = parts.next().filter(|name| !name.is_empty()).ok_or(VisitorError)?;
        let roles: Vec<String> = parts.collect();
        if roles.iter().any(String::is_empty) { Err(VisitorError) } else { Ok(Self { principal, roles }) }
    }
}

impl Visitor {
    /// A line for each service.
    #[must_use]
    pub(super) fn told(&self, config: &Config, facts: &[Fact]) -> String {
        let mut lines = String::new();
        for service in &config.services {
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{}: {}", service.name.value, self.verdict(config, service, facts));
        }
        lines
    }

    fn verdict(&self, config: &Config, service: &Service, facts: &[Fact]) -> String {
        let required = match &service.required {
            Required::Open => return "lets everybody in".to_owned(),
            Required::AnyUser => &[],
            Required::Roles(roles) => roles.as_slice(),
        };
        let Some(realm) = service.realm.and_then(|realm| config.realms.get(realm)) else {
            return "lets everybody in".to_owned();
        };
        let name = &self.principal;
        if realm.authentication.modules.is_empty() {
            return format!("lets nobody in: the realm {} has no login modules", realm.name.value);
        }
        let grants = grants(realm);
        let held = self.roles(realm, &grants, facts, &config.defined);
        let has = |role: &String| held.contains(role) || (*role == self.principal && names_count(realm));
        let missing: Vec<&String> = required.iter().filter(|role| !has(role)).collect();
        if missing.is_empty() {
            let held = if held.is_empty() { String::new() } else { format!(", with {}", list(&held)) };
            return format!("lets {name} in, once {name} logs in to {}{held}", realm.name.value);
        }
        let why: Vec<String> = missing.into_iter().map(|role| lacks(role, &grants)).collect();
        format!("does not let {name} in: {}", why.join("; "))
    }

    /// The roles that the user has in a realm.
    fn roles(
        &self,
        realm: &Realm,
        grants: &Grants,
        facts: &[Fact],
        defined: &BTreeMap<String, String>,
    ) -> BTreeSet<String> {
        let names = [Name { text: self.principal.clone(), is_role: names_count(realm) }];
        // A principal's realm stands behind its last @.
        let krb_realm = self.principal.rsplit_once('@').map(|(_, krb_realm)| RealmName::from(krb_realm));
        let mut known = Facts { krb_realm, ..Facts::default() };
        for Fact(fact) in facts {
            match fact {
                Grantee::Claim(path, value) => claim(&mut known.claims, path, value),
                Grantee::Group(name) => known.groups.push(name.clone()),
                Grantee::Indicator(word) => known.indicators.push(word.clone()),
                Grantee::Realm(krb_realm) => known.krb_realm = Some(RealmName::from(krb_realm.as_str())),
                Grantee::Sid(sid) => known.sids.push(*sid),
                Grantee::Everybody | Grantee::Principal(_) => {}
            }
        }
        let mut roles = grants.roles(&names, &known);
        roles.extend(self.roles.iter().cloned());
        let modules = realm.authentication.modules.iter();
        for file in modules.filter_map(|module| match &module.judge {
            Judge::File(file) => Some(file),
            _ => None,
        }) {
            // What is wrong with a file of users is told where files are looked at.
            if let Ok((users, _)) = users::load(&file.file, defined) {
                roles.extend(users.roles_of(&self.principal));
            }
        }
        roles
    }
}

/// All grants of a realm.
fn grants(realm: &Realm) -> Grants {
    let modules = realm.authentication.modules.iter();
    Grants::new(modules.flat_map(|module| module.grants.clone()).collect())
}

/// Whether the name of a user counts as a role: not where users may choose it.
fn names_count(realm: &Realm) -> bool {
    realm.authentication.modules.iter().any(|module| !matches!(module.judge, Judge::Jwt(_)))
}

/// Why a user lacks a role, with who has it.
fn lacks(role: &str, grants: &Grants) -> String {
    let of_role = grants.all().iter().filter(|grant| grant.role == role);
    let to: Vec<String> = of_role.map(ToString::to_string).collect();
    if to.is_empty() {
        format!("it needs {role}, which no <grant> gives; a login module may")
    } else {
        format!("it needs {role}, which is granted by {}", to.join(" and "))
    }
}

fn list(roles: &BTreeSet<String>) -> String {
    roles.iter().map(String::as_str).collect::<Vec<_>>().join(" and ")
}

/// Puts a claim where its path says.
fn claim(claims: &mut Map<String, Value>, path: &[String], value: &str) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        let values = claims.entry(first.clone()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(Value::String(value.to_owned()));
        }
        return;
    }
    let inner = claims.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        claim(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_a_principal_and_the_roles_behind_it() {
        let visitor: Visitor = "alice@TGG.TEST,boss,staff".parse().unwrap();
        assert_eq!(visitor.principal, "alice@TGG.TEST");
        assert_eq!(visitor.roles, ["boss", "staff"]);
        for text in ["", ",boss", "alice,", "alice,,boss"] {
            assert_eq!(text.parse::<Visitor>(), Err(VisitorError), "{text}");
        }
    }

    #[test]
    fn what_is_known_of_a_user_is_written_as_what_roles_are_granted_to() {
        for text in ["group:cn=staff,dc=example", "claim:a.b=c", "sid:S-1-5-21-1", "indicator:otp", "realm:X"]
        {
            assert!(text.parse::<Fact>().is_ok(), "{text}");
        }
        for text in ["*", "principal:alice", "group", "staff", "sid:x"] {
            assert_eq!(text.parse::<Fact>(), Err(FactError), "{text}");
        }
    }

    #[test]
    fn claims_of_one_path_gather() {
        let mut claims = Map::new();
        for value in ["x", "y"] {
            claim(&mut claims, &["a".to_owned(), "b".to_owned()], value);
        }
        assert_eq!(Value::Object(claims), serde_json::json!({ "a": { "b": ["x", "y"] } }));
    }
}
