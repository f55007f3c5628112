//! The options of `gss`: all that `ticketgate tpg` takes as flags about tickets.

use std::path::PathBuf;

use krb::{crypto::Enctype, name::RealmName, pac::Sid};
use tpg::{
    local_name::{Rule, Rules},
    policy::{CaPath, Demand, Enctypes, Policy, SKEW},
    services::Services,
};

use super::{Kerberos5, reading::Reading};
use crate::config::{report::Problem, spanned::Spanned};

/// Options of `gss`, with those of the module `kerberos5` before it.
#[derive(Clone, Debug)]
pub struct Gss {
    /// Keys of the services whose tickets are accepted.
    pub keytab: Spanned<PathBuf>,
    /// What tickets must be like.
    pub policy: Policy,
    /// Authenticators that are remembered; 0 takes each any number of times.
    pub replay_capacity: usize,
    /// Where they are kept over a restart, if anywhere.
    pub replay_file: Option<Spanned<PathBuf>>,
    /// Seconds for which a cookie spares further tickets, if one does.
    pub session_cookie: Option<i64>,
    /// Whether sockets go on when their ticket ends.
    pub outlives_ticket: bool,
    /// Certificates that TLS proxies in front of the gateway show.
    pub binding_certificates: Vec<Spanned<PathBuf>>,
    /// How local names are made.
    pub rules: Rules,
    /// Whether the token of a module before it is judged.
    pub first_token: bool,
}

impl Reading<'_, '_> {
    /// What the fields come to, with the keytab of the module before.
    pub(super) fn gss(&mut self, kerberos5: Option<&Kerberos5>) -> Option<Gss> {
        let weak = self.fields.fields("weakEnctype").filter_map(|field| match field.word() {
            Some("3des") => weak(16),
            Some("rc4") => weak(23),
            _ => None,
        });
        let weak = weak.collect();
        let rules: Vec<Rule> = self.each("authToLocal", str::parse);
        let default_realm = self.fields.text("defaultRealm");
        if default_realm.is_none() && rules.iter().any(Rule::is_default) {
            let says = "<authToLocal> is `DEFAULT`, and there is no <defaultRealm>";
            let help = "add <defaultRealm>EXAMPLE.COM</defaultRealm>";
            self.problems.push(Problem::error(self.fields.name_span(), says).help(help));
        }
        let policy = Policy {
            services: Services::new(kerberos5.map(|module| module.principals.clone()).unwrap_or_default()),
            skew: self.seconds("clockSkew").unwrap_or(SKEW),
            enctypes: Enctypes { weak },
            bindings: self.demand("channelBinding"),
            target_name: self.demand("targetName"),
            pac: self.demand("pac"),
            accept_domain_sids: self.each("acceptDomainSid", |text| {
                text.parse::<Sid>().map_err(|_| "write it as S-1-5-21-1-2-3")
            }),
            allow_no_checksum: self.flag("allowNoChecksum"),
            accept_realms: self.names("acceptRealm").into_iter().map(RealmName::from).collect(),
            capaths: self.each("capath", capath),
            allow_anonymous: self.flag("allowAnonymous"),
            check_addresses: self.flag("checkAddresses"),
            allow_ms_framing: self.flag("allowMsFraming"),
        };
        let Some(kerberos5) = kerberos5 else {
            let says = "a login module of type gss needs one of type kerberos5 before it";
            let help = "add it, with <keyTab> in its <options>";
            self.problems.push(Problem::error(self.span.clone(), says).help(help));
            return None;
        };
        Some(Gss {
            keytab: kerberos5.keytab.clone(),
            policy,
            replay_capacity: self.size("replayCapacity").unwrap_or(1_000_000),
            replay_file: self.path("replayFile"),
            session_cookie: self.seconds("sessionCookie").filter(|seconds| *seconds > 0),
            outlives_ticket: self.flag("outliveTicket"),
            binding_certificates: self.paths("bindingCert"),
            rules: Rules::new(rules, default_realm.map(|text| text.value).unwrap_or_default()),
            first_token: self.flag("tryFirstToken"),
        })
    }

    fn demand(&self, name: &str) -> Demand {
        match self.fields.word(name) {
            Some("off") => Demand::Off,
            Some("require") => Demand::Require,
            _ => Demand::IfPresent,
        }
    }
}

fn weak(number: i32) -> Option<Enctype> {
    Enctype::WEAK.into_iter().find(|enctype| enctype.number() == number)
}

fn capath(text: &str) -> Result<CaPath, &'static str> {
    let read = || {
        let (client, via) = text.split_once('=')?;
        let via: Vec<RealmName> =
            via.split(',').filter(|realm| !realm.is_empty()).map(RealmName::from).collect();
        (!client.is_empty() && !via.is_empty()).then(|| CaPath { client: client.into(), via })
    };
    read().ok_or("write it as REALM=VIA[,VIA...]")
}
