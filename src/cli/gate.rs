//! The flags that say which tickets open a door, and to whom.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use krb::{crypto::Enctype, name::RealmName, pac::Sid};
use tpg::{
    policy::{CaPath, Demand, Enctypes, Policy, SKEW},
    services::{Pattern, Services},
};

/// Flags for the acceptor of tickets.
#[derive(ClapArgs, Debug)]
#[command(next_help_heading = "Tickets")]
#[group(skip)]
pub struct Args {
    /// Keytab of the services whose tickets are accepted; read again when it changes
    #[arg(long, value_name = "FILE", required = true)]
    keytab: Option<PathBuf>,
    /// Service whose tickets are accepted, such as HTTP/gw.example.com; without any HTTP/*
    #[arg(long, value_name = "SPN")]
    principal: Vec<Pattern>,
    /// Seconds that the clocks of clients may be apart from the gateway's
    #[arg(long, value_name = "SECONDS", default_value_t = SKEW, value_parser = clap::value_parser!(i64).range(1..=3600))]
    clock_skew: i64,
    /// Whether tokens must be bound to the TLS connection (RFC 5929, RFC 9266)
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::IfPresent)]
    channel_binding: When,
    /// Whether tokens must name the service that the client meant; Windows clients do
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::IfPresent)]
    target_name: When,
    /// Whether tickets must have a PAC with a good signature
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::IfPresent)]
    pac: When,
    /// Domain whose SIDs count as user and groups, such as S-1-5-21-1-2-3; without any all that the KDC signed
    #[arg(long, value_name = "SID")]
    accept_domain_sid: Vec<Sid>,
    /// Weak enctype that is accepted beside AES: its tickets can be forged
    #[arg(long, value_name = "ENCTYPE", value_enum)]
    weak_enctype: Vec<Weak>,
    /// Realm beside the keytab's own whose clients are accepted
    #[arg(long, value_name = "REALM")]
    accept_realm: Vec<String>,
    /// Realms by which tickets of a client's realm may come, beside those of the hierarchy
    #[arg(long, value_name = "REALM=VIA[,VIA...]", value_parser = capath)]
    capath: Vec<CaPath>,
    /// Accept anonymous tickets (RFC 8062)
    #[arg(long)]
    allow_anonymous: bool,
    /// Accept tokens without the checksum of GSS-API, as old clients make them
    #[arg(long)]
    allow_no_checksum: bool,
    /// Accept tokens framed with Microsoft's misspelt OID
    #[arg(long)]
    allow_ms_framing: bool,
    /// Accept a ticket with addresses from those alone; wrong behind address translation
    #[arg(long)]
    check_addresses: bool,
}

/// When something must be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum When {
    /// Never
    Off,
    /// If it is there
    IfPresent,
    /// Always, and it must be there
    Require,
}

impl From<When> for Demand {
    fn from(when: When) -> Self {
        match when {
            When::Off => Self::Off,
            When::IfPresent => Self::IfPresent,
            When::Require => Self::Require,
        }
    }
}

/// A weak enctype.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Weak {
    /// 16, des3-cbc-sha1-kd
    #[value(name = "3des")]
    TripleDes,
    /// 23, rc4-hmac
    Rc4,
}

impl Weak {
    const fn number(self) -> i32 {
        match self {
            Self::Rc4 => 23,
            Self::TripleDes => 16,
        }
    }
}

impl Args {
    /// The keytab. Clap has made sure that there is one.
    #[must_use]
    pub fn keytab(&self) -> PathBuf {
        self.keytab.clone().unwrap_or_default()
    }

    /// What the flags demand.
    #[must_use]
    pub fn policy(self) -> Policy {
        let weak = self
            .weak_enctype
            .into_iter()
            .filter_map(|weak| Enctype::WEAK.into_iter().find(|enctype| enctype.number() == weak.number()));
        Policy {
            services: Services::new(self.principal),
            skew: self.clock_skew,
            enctypes: Enctypes { weak: weak.collect() },
            bindings: self.channel_binding.into(),
            target_name: self.target_name.into(),
            pac: self.pac.into(),
            accept_domain_sids: self.accept_domain_sid,
            allow_no_checksum: self.allow_no_checksum,
            accept_realms: self.accept_realm.into_iter().map(RealmName::from).collect(),
            capaths: self.capath,
            allow_anonymous: self.allow_anonymous,
            check_addresses: self.check_addresses,
            allow_ms_framing: self.allow_ms_framing,
        }
    }
}

fn capath(text: &str) -> Result<CaPath, String> {
    let read = || {
        let (client, via) = text.split_once('=')?;
        let via: Vec<RealmName> =
            via.split(',').filter(|realm| !realm.is_empty()).map(RealmName::from).collect();
        (!client.is_empty() && !via.is_empty()).then(|| CaPath { client: client.into(), via })
    };
    read().ok_or_else(|| "write it as REALM=VIA[,VIA...]".to_owned())
}
