//! Who may use a service: realms whose login modules can judge, and the roles that are needed.

use std::collections::HashSet;

use tpg::roles::{Grant, Grantee};

use crate::{
    config::model::{
        Config,
        module::{Gss, Judge},
        realm::{Realm, Scheme},
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

/// A warning for each realm that services have and that cannot judge anybody.
pub(super) fn unjudged(config: &Config) -> Vec<Problem> {
    let used: HashSet<usize> = config.services.iter().filter_map(|service| service.realm).collect();
    let realms = config.realms.iter().enumerate().filter(|(number, _)| used.contains(number));
    let warn = |(_, realm): (usize, &Realm)| {
        let says = format!(
            "the realm `{}` cannot judge anybody yet, and its services let nobody in",
            realm.name.value
        );
        let help = "what judges is the scheme Negotiate with the login modules kerberos5 and gss";
        Problem::warning(realm.name.span.clone(), says).help(help)
    };
    realms.filter(|(_, realm)| judged_by(realm).is_none()).map(warn).collect()
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
