//! Who may use a service: realms as they are built, and the roles that are needed.

use std::{
    collections::{BTreeMap, HashSet},
    net::IpAddr,
    path::PathBuf,
};

use tpg::{
    policy::{Demand, Policy},
    services::Services,
};

use crate::{
    config::{
        model::{
            Config,
            module::{Exec, File, Gss, Http, Judge, Jwt, Kerberos5, Keystore, Ldap, LoginModule},
            realm::{Authentication, Mode, Realm, Scheme},
            service::{Required, Service},
            uri::AcceptUri,
        },
        report::Problem,
        spanned::Spanned,
        users,
    },
    gateway::{Access, realms},
    realm::{
        Lease,
        chain::PATIENCE,
        credentials::Sources,
        gss,
        module::{
            self, exec as programs,
            file::{self, Found, Reader},
            gss as tickets, http as web, jwt as tokens, kerberos5 as passwords, keystore as certificates,
            ldap as directory,
        },
        roles::Grants,
        scheme::{self, Kind},
        session::Lasts,
    },
    tls::{
        client::{Authorities, ClientSettings},
        keystore::Store,
    },
};

use super::store;

/// Seconds that a session lasts at most, where nothing says how long.
const SESSION: i64 = 8 * 3600;

/// The realms that can tell somebody apart.
pub(super) struct Realms {
    pub(super) settings: Vec<realms::Settings>,
    /// Where each realm of the file is among them, if it is.
    places: Vec<Option<usize>>,
}

impl Realms {
    pub(super) fn of(config: &Config) -> Self {
        let mut realms = Self { settings: Vec::new(), places: Vec::new() };
        for realm in &config.realms {
            let settings = settings(realm, config);
            realms.places.push(settings.as_ref().map(|_| realms.settings.len()));
            realms.settings.extend(settings);
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
    let unjudged = realms.map(|(_, realm)| realm).filter(|realm| settings(realm, config).is_none());
    let warn = |realm: &Realm| {
        let name = &realm.name;
        let says = format!("the realm `{}` cannot judge anybody, and its services let nobody in", name.value);
        let help = "give it an <http-challenge-scheme> and <login-modules> that judge what that asks for";
        Problem::warning(name.span.clone(), says).help(help)
    };
    unjudged.map(warn).collect()
}

/// A warning for each way in where passwords, tokens and sessions could be read on their way.
pub(super) fn readable(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    for service in &config.services {
        let realm = service.realm.and_then(|realm| config.realms.get(realm));
        let Some(authentication) = realm.map(|realm| &realm.authentication) else { continue };
        let is_ticket =
            matches!(authentication.scheme, Some(Scheme::Negotiate | Scheme::ApplicationNegotiate));
        let is_readable = |uri: &&Spanned<AcceptUri>| {
            uri.scheme.is_web() && !uri.scheme.is_secure() && !is_this_host(&uri.host)
        };
        for uri in service.accepts.iter().filter(is_readable) {
            let says = match (is_ticket, authentication.mode) {
                (false, _) => "users show who they are here without TLS, and others on the way can read it",
                (true, Mode::Recycle) => "browsers keep no session here: they take its cookie over TLS alone",
                (true, Mode::Challenge) => continue,
            };
            let help =
                "accept it with wss:// or https://, or bind it to this host behind a proxy that speaks TLS";
            problems.push(Problem::warning(uri.span.clone(), says).help(help));
        }
    }
    problems
}

fn is_this_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// What a realm is built of; `None` if nobody can be judged by it.
fn settings(realm: &Realm, config: &Config) -> Option<realms::Settings> {
    let authentication = &realm.authentication;
    let Authentication { headers, query_parameters, cookies, modules, .. } = authentication;
    let asked = authentication.scheme;
    let judges: Option<Vec<_>> = modules.iter().map(|module| judge(module, asked, config)).collect();
    let modules_say = || authentication.modules.iter();
    let gss = modules_say().find_map(|module| match &module.judge {
        Judge::Gss(gss) => Some(gss.as_ref()),
        _ => None,
    });
    Some(realms::Settings {
        name: realm.name.value.clone(),
        scheme: scheme(authentication, realm.description.clone())?,
        sources: Sources {
            headers: headers.clone(),
            parameters: query_parameters.clone(),
            cookies: cookies.clone(),
        },
        modules: judges.filter(|judges| !judges.is_empty())?,
        grants: Grants::new(modules_say().flat_map(|module| module.grants.clone()).collect()),
        session: session(authentication, gss),
        failed_logins: authentication.failed_logins,
        lease: Lease {
            authorization: authentication.authorization_timeout,
            session: authentication.session_timeout,
            outlives_proof: gss.is_some_and(|gss| gss.outlives_ticket),
        },
        patience: PATIENCE,
    })
}

/// How clients are asked; `None` if they are not, although the modules judge what clients are asked for.
fn scheme(authentication: &Authentication, description: Option<String>) -> Option<scheme::Scheme> {
    let is_of_connections = |module: &LoginModule| matches!(module.judge, Judge::Keystore(_));
    let (kind, by_page) = match authentication.scheme {
        Some(Scheme::ApplicationBasic) => (Kind::Basic, true),
        Some(Scheme::ApplicationNegotiate) => (Kind::Negotiate, true),
        Some(Scheme::ApplicationToken) => (Kind::Token, true),
        Some(Scheme::Basic) => (Kind::Basic, false),
        Some(Scheme::Negotiate) => (Kind::Negotiate, false),
        None if authentication.modules.iter().all(is_of_connections) => (Kind::Nothing, false),
        None => return None,
    };
    Some(scheme::Scheme { kind, by_page, description })
}

/// How long a cookie spares further logins, if one does.
fn session(authentication: &Authentication, gss: Option<&Gss>) -> Option<Lasts> {
    let seconds = |time: std::time::Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match (authentication.mode, gss.and_then(|gss| gss.session_cookie)) {
        (Mode::Recycle, _) => Some(Lasts {
            life: authentication.session_timeout.map_or(SESSION, seconds),
            idle: authentication.authorization_timeout.map(seconds),
        }),
        (Mode::Challenge, life) => life.map(|life| Lasts { life, idle: None }),
    }
}

/// A login module in its chain, where clients are asked by this scheme; `None` if nothing can be judged by it.
fn judge(module: &LoginModule, asked: Option<Scheme>, config: &Config) -> Option<realms::Judge> {
    let LoginModule { judge, success, debug, .. } = module;
    let module = match judge {
        Judge::Exec(exec) => module::Settings::Exec(Box::new(program(exec))),
        Judge::File(file) => module::Settings::File(users(file, &config.defined)),
        Judge::Gss(gss) => module::Settings::Gss(Box::new(tickets(gss))),
        Judge::Http(http) => module::Settings::Http(Box::new(service(http, config))),
        Judge::Jwt(jwt) => module::Settings::Jwt(Box::new(tokens(jwt, config))),
        Judge::Kerberos5(kerberos5) => match asked? {
            Scheme::ApplicationNegotiate | Scheme::Negotiate => module::Settings::Keytab,
            Scheme::ApplicationBasic | Scheme::ApplicationToken | Scheme::Basic => {
                module::Settings::Kerberos5(Box::new(passwords(kerberos5)))
            }
        },
        Judge::Keystore(keystore) => module::Settings::Keystore(Box::new(shown(keystore, config))),
        Judge::Ldap(ldap) => module::Settings::Ldap(Box::new(directory(ldap, config))),
    };
    Some(realms::Judge { module, success: *success, debug: *debug })
}

fn users(file: &File, defined: &BTreeMap<String, String>) -> file::Settings {
    let defined = defined.clone();
    file::Settings {
        file: file.file.value.clone(),
        reader: Reader::new(move |path| {
            let (users, warnings) = users::load(path, &defined)?;
            Ok(Found { users, warnings: warnings.lines().map(str::to_owned).collect() })
        }),
        try_first: file.passwords.first,
        use_first: file.passwords.only,
    }
}

fn tokens(jwt: &Jwt, config: &Config) -> tokens::Settings {
    let authorities =
        config.truststore.as_ref().map_or(Authorities::System, |known| Authorities::Store(store(known)));
    tokens::Settings {
        keys: jwt.keys.value.clone(),
        tls: ClientSettings { authorities, ..ClientSettings::default() },
        algorithms: jwt.algorithms.clone(),
        demands: jwt.demands.clone(),
    }
}

fn program(exec: &Exec) -> programs::Settings {
    programs::Settings {
        command: exec.command.value.clone(),
        arguments: exec.arguments.clone(),
        processes: exec.processes,
        timeout: exec.timeout,
        ask_always: exec.ask_always,
        phases: exec.phases,
    }
}

fn service(http: &Http, config: &Config) -> web::Settings {
    web::Settings {
        url: http.url.value.clone(),
        clear: http.clear,
        tls: ClientSettings { authorities: authorities(config), ..ClientSettings::default() },
        timeout: http.timeout,
        connections: http.connections,
        ask_always: http.ask_always,
        phases: http.phases,
    }
}

fn shown(keystore: &Keystore, config: &Config) -> certificates::Settings {
    let path = |file: &Spanned<PathBuf>| file.value.clone();
    certificates::Settings {
        truststore: config.truststore.as_ref().map(store),
        store: keystore.store.as_ref().map(|file| Store {
            path: path(file),
            kind: keystore.kind,
            password: keystore.password.as_ref().map(path),
        }),
        alias: keystore.alias.clone(),
        principal: keystore.principal,
    }
}

fn tickets(gss: &Gss) -> tickets::Settings {
    tickets::Settings {
        gss: gss::Settings {
            keytab: gss.keytab.value.clone(),
            policy: gss.policy.clone(),
            replay_capacity: gss.replay_capacity,
            replay_file: gss.replay_file.as_ref().map(|file| file.value.clone()),
        },
        rules: gss.rules.clone(),
        binding_certificates: gss.binding_certificates.iter().map(|file| file.value.clone()).collect(),
    }
}

/// The tickets that prove passwords are made and presented in this process: they are bound to no connection, and nobody
/// can present one again.
fn passwords(kerberos5: &Kerberos5) -> passwords::Settings {
    let policy = Policy {
        services: Services::new(kerberos5.principals.clone()),
        bindings: Demand::Off,
        target_name: Demand::Off,
        accept_realms: kerberos5.accept_realms.clone(),
        ..Policy::default()
    };
    let keytab = kerberos5.keytab.value.clone();
    passwords::Settings {
        gss: gss::Settings { keytab, policy, replay_capacity: 0, replay_file: None },
        krb_realms: kerberos5.krb_realms.clone(),
        default_realm: kerberos5.default_realm.clone(),
        timeout: kerberos5.timeout,
    }
}

fn directory(ldap: &Ldap, config: &Config) -> directory::Settings {
    let Ldap { servers, mode, role, account, groups, timeout, passwords } = ldap;
    directory::Settings {
        servers: servers.clone(),
        mode: mode.clone(),
        role: role.clone(),
        account: account
            .as_ref()
            .map(|(dn, file)| directory::Account { dn: dn.clone(), password_file: file.value.clone() }),
        groups: groups.clone(),
        timeout: *timeout,
        tls: ClientSettings { authorities: authorities(config), ..ClientSettings::default() },
        first: passwords.first,
        only_first: passwords.only,
    }
}

/// Whom the gateway believes where it is a client itself.
fn authorities(config: &Config) -> Authorities {
    match &config.truststore {
        Some(truststore) => Authorities::Store(store(truststore)),
        None => Authorities::System,
    }
}
