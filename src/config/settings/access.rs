//! Who may use a service: realms whose login modules can judge, and the roles that are needed.

use std::collections::HashSet;

use tpg::roles::{Grant, Grantee};

use crate::{
    config::model::{
        Config,
        module::{Gss, Judge},
        realm::{Authentication, Mode, Realm, Scheme},
        service::{Required, Service},
    },
    config::report::Problem,
    gateway::{Access, realms},
    realm::gss,
};

/// The realms that can tell somebody apart.
pub(super) struct Realms {
    pub(super) settings: Vec<realms::Settings>,
    /// Where each realm of the file is among them, if it is.
    places: Vec<Option<usize>>,
}

impl Realms {
    pub(super) fn of(config: &Config) -> Self {
        let mut realms = Self { settings: Vec::new(), places: Vec::new() };
        for (number, realm) in config.realms.iter().enumerate() {
            let Some(gss) = judged_by(realm) else {
                realms.places.push(None);
                continue;
            };
            // As in KAAZING Gateway a principal is a role that it alone has.
            let users = config.services.iter().filter(|service| service.realm == Some(number));
            let named = users.flat_map(|service| match &service.required {
                Required::Roles(roles) => roles.as_slice(),
                Required::AnyUser | Required::Open => &[],
            });
            let named = named
                .filter(|role| role.contains('@'))
                .map(|role| Grant { role: role.clone(), to: Grantee::Principal(role.clone()) });
            realms.places.push(Some(realms.settings.len()));
            realms.settings.push(settings(realm, gss, named.collect()));
        }
        realms
    }

    /// Who may use a service.
    pub(super) fn access(&self, service: &Service) -> Access {
        let required = match &service.required {
            Required::Open => return Access::Everybody,
            Required::AnyUser => Vec::new(),
            Required::Roles(roles) => roles.clone(),
        };
        let place = service.realm.and_then(|realm| self.places.get(realm).copied().flatten());
        place.map_or(Access::Nobody, |place| Access::Of(place, required))
    }
}

/// A warning for each realm that services have and that cannot judge anybody, and for each word of one that can and that
/// is not in force yet.
pub(super) fn unjudged(config: &Config) -> Vec<Problem> {
    let used: HashSet<usize> = config.services.iter().filter_map(|service| service.realm).collect();
    let realms = config.realms.iter().enumerate().filter(|(number, _)| used.contains(number));
    let warn = |(_, realm): (usize, &Realm)| {
        let name = &realm.name;
        let (says, help) = if judged_by(realm).is_none() {
            let says = format!(
                "the realm `{}` cannot judge anybody yet, and its services let nobody in",
                name.value
            );
            (says, "what judges is the scheme Negotiate with the login modules kerberos5 and gss")
        } else {
            let idle = idle(realm);
            if idle.is_empty() {
                return None;
            }
            let says =
                format!("in the realm `{}` these are not in force yet: {}", name.value, idle.join(", "));
            (says, "a socket ends with its ticket, or after the <socket-lifetime> of its service")
        };
        Some(Problem::warning(name.span.clone(), says).help(help))
    };
    realms.filter_map(warn).collect()
}

/// What a realm of tickets says and nobody heeds yet.
fn idle(realm: &Realm) -> Vec<&'static str> {
    let Authentication {
        headers,
        query_parameters,
        cookies,
        mode,
        authorization_timeout,
        session_timeout,
        ..
    } = &realm.authentication;
    let words = [
        ("user-principal-class", !realm.user_principal_classes.is_empty()),
        ("http-header", !headers.is_empty()),
        ("http-query-parameter", !query_parameters.is_empty()),
        ("http-cookie", !cookies.is_empty()),
        ("authorization-mode", *mode != Mode::Challenge),
        ("authorization-timeout", authorization_timeout.is_some()),
        ("session-timeout", session_timeout.is_some()),
    ];
    words.into_iter().filter_map(|(word, is_there)| is_there.then_some(word)).collect()
}

/// The module that judges tickets, in a realm whose clients are asked for them and where nothing else judges.
fn judged_by(realm: &Realm) -> Option<&Gss> {
    let authentication = &realm.authentication;
    if authentication.scheme != Some(Scheme::Negotiate) {
        return None;
    }
    let mut found = None;
    for module in &authentication.modules {
        match &module.judge {
            Judge::Gss(gss) => found = Some(gss.as_ref()),
            Judge::Kerberos5(_) => {}
            _ => return None,
        }
    }
    found
}

fn settings(realm: &Realm, gss: &Gss, named: Vec<Grant>) -> realms::Settings {
    let mut grants = gss.grants.clone();
    grants.add(named);
    realms::Settings {
        name: realm.name.value.clone(),
        gss: gss::Settings {
            keytab: gss.keytab.value.clone(),
            policy: gss.policy.clone(),
            replay_capacity: gss.replay_capacity,
            replay_file: gss.replay_file.as_ref().map(|file| file.value.clone()),
        },
        rules: gss.rules.clone(),
        grants,
        session: gss.session_cookie,
        ends_with_ticket: !gss.outlives_ticket,
        binding_certificates: gss.binding_certificates.iter().map(|file| file.value.clone()).collect(),
    }
}
