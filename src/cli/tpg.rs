//! `ticketgate tpg`: from flags to settings.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::Args as ClapArgs;
use http::{HeaderName, HeaderValue};
use tpg::local_name::{Rule, Rules};

use super::{
    gate,
    web::{self, seconds},
};
use crate::{
    gateway::{Kind, Settings, realms},
    pages::OriginError,
    realm::{
        Lease,
        chain::{PATIENCE, Success},
        credentials::Sources,
        gss,
        module::{self, gss as tickets},
        roles::{Grant, Grantee, Grants},
        scheme::{Kind as Asked, Scheme},
        session::Lasts,
    },
    service::proxy::{
        self, Joining,
        backends::Way,
        forwarding::Forwarding,
        identity::{Identity, IdentityError},
        preface::Preface,
        url::BackendUrl,
    },
    tls::client::{Authorities, ClientSettings},
};

/// The flags of `tpg`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    web: web::Args,
    #[command(flatten)]
    gate: gate::Args,
    /// Back end: ws://, wss://, tcp:// or ssl:// for sockets, http:// or https:// for requests, and for sockets too where
    /// no other is named; once for each of the two
    #[arg(long, value_name = "URL", required = true)]
    connect: Vec<BackendUrl>,
    /// Field that tells the back end who asks, percent-encoded but for visible ASCII; what clients send under it, in
    /// any spelling, is dropped
    #[arg(long, value_name = "NAME", default_value = "x-remote-user")]
    identity_header: HeaderName,
    /// Field that tells the back end the client's roles, with commas between them
    #[arg(long, value_name = "NAME")]
    roles_header: Option<HeaderName>,
    /// Field that tells the back end when the client's pass ends, in seconds since 1970
    #[arg(long, value_name = "NAME")]
    ends_header: Option<HeaderName>,
    /// What the back end is called in Host; without it what its URL calls it
    #[arg(long, value_name = "HOST")]
    backend_host: Option<HeaderValue>,
    /// PEM file of authorities that sign certificates of back ends; without it those that the system trusts
    #[arg(long, value_name = "PEM")]
    backend_ca: Option<PathBuf>,
    /// Seconds until a connection to a back end is given up
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    connect_timeout: Duration,
    /// Seconds until a back end's response must have begun, once it has the request
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    response_timeout: Duration,
    /// Seconds that a joined socket may idle; without it as long as both ends are there
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    socket_idle_timeout: Option<Duration>,
    /// Seconds that a joined socket may last, however long its ticket does
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    socket_lifetime: Option<Duration>,
    /// Role that is needed; given several times, all of them
    #[arg(long, value_name = "ROLE")]
    require_role: Vec<String>,
    /// Who has a role: ROLE=principal:alice@REALM, ROLE=realm:REALM, ROLE=sid:S-1-5-…, ROLE=indicator:WORD, ROLE=*
    #[arg(long, value_name = "ROLE=WHO", value_parser = grant)]
    grant: Vec<Grant>,
    /// Rule that gives principals a local name for the back end, as auth_to_local of krb5.conf; the first that fits
    #[arg(long, value_name = "RULE")]
    auth_to_local: Vec<Rule>,
    /// Realm that the rule DEFAULT is about; needed with it
    #[arg(long, value_name = "REALM")]
    default_realm: Option<String>,
    /// Authenticators that are remembered so that none is taken twice; 0 takes them twice
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    replay_capacity: usize,
    /// File that keeps them over a restart; without it what was made before the start is refused
    #[arg(long, value_name = "FILE")]
    replay_file: Option<PathBuf>,
    /// Seconds for which a cookie spares further tickets, at most until the ticket ends; without it none is set
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..=86_400))]
    session_cookie: Option<i64>,
    /// PEM file of the certificate that a TLS proxy in front of the gateway shows; tokens may be bound to it; read
    /// again on SIGHUP
    #[arg(long, value_name = "PEM")]
    binding_cert: Vec<PathBuf>,
    /// Let open sockets go on when their ticket ends
    #[arg(long)]
    outlive_ticket: bool,
    /// Serve others than this host without TLS: whoever listens on the way can read and take over what passes
    #[arg(long)]
    allow_cleartext: bool,
}

/// Why flags that are each sound cannot be used together. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Others could read what passes.
    #[error("--listen is reached by others without TLS; add --tls-cert and --tls-key, or --allow-cleartext")]
    Cleartext,
    /// A field that means something else.
    #[error("--identity-header, --roles-header, --ends-header: {0}")]
    Identity(#[from] IdentityError),
    /// A role that nobody can have.
    #[error("--require-role {0}: nobody has that role; say who with --grant {0}=WHO")]
    NobodyHas(String),
    /// DEFAULT without a realm.
    #[error("--auth-to-local DEFAULT needs --default-realm")]
    NoDefaultRealm,
    /// An origin that is none.
    #[error("--allow-origin: {0}")]
    Origin(#[from] OriginError),
    /// Two back ends of one kind.
    #[error("--connect names two back ends for the same; one may be for sockets and one for requests")]
    Twice,
}

impl Args {
    /// The configuration that is served in place of flags.
    #[must_use]
    pub const fn config(&self) -> Option<&PathBuf> {
        self.web.config()
    }

    /// How many threads serve.
    #[must_use]
    pub fn threads(&self) -> NonZeroUsize {
        self.web.threads()
    }

    /// The settings that the flags come to.
    ///
    /// # Errors
    ///
    /// Any [`SettingsError`].
    pub fn settings(self) -> Result<Settings, SettingsError> {
        if self.web.is_exposed() && !self.allow_cleartext {
            return Err(SettingsError::Cleartext);
        }
        let identity = Identity {
            principal: self.identity_header,
            roles: self.roles_header,
            realm: None,
            ends: self.ends_header,
            token: None,
        };
        identity.check()?;
        if self.session_cookie.is_some() && self.web.is_exposed() {
            tracing::warn!(
                "--session-cookie without TLS is set for clients on this host alone; browsers elsewhere would drop it"
            );
        }
        let (mut sockets, mut requests) = (None, None);
        for url in self.connect {
            let place = if url.scheme.takes_requests() { &mut requests } else { &mut sockets };
            if place.replace(url).is_some() {
                return Err(SettingsError::Twice);
            }
        }
        let way = Way {
            host: self.backend_host,
            connect: self.connect_timeout,
            respond: self.response_timeout,
            ..Way::default()
        };
        let proxy = proxy::Settings {
            sockets: sockets.into_iter().collect(),
            requests: requests.into_iter().collect(),
            way,
            is_deferred: false,
            identity,
            preface: Preface::Nothing,
            forwarding: Forwarding::Own,
            fronting: None,
            joining: Joining {
                lifetime: self.socket_lifetime,
                idle: self.socket_idle_timeout,
                ..Joining::default()
            },
            tls: ClientSettings {
                authorities: self.backend_ca.as_deref().map_or(Authorities::System, Authorities::pem),
                ..ClientSettings::default()
            },
        };
        let grants = Grants::new(self.grant);
        if let Some(role) = self.require_role.iter().find(|role| !grants.mention(role)) {
            return Err(SettingsError::NobodyHas(role.clone()));
        }
        if self.default_realm.is_none() && self.auth_to_local.iter().any(Rule::is_default) {
            return Err(SettingsError::NoDefaultRealm);
        }
        let tickets = tickets::Settings {
            gss: gss::Settings {
                keytab: self.gate.keytab(),
                policy: self.gate.policy(),
                replay_capacity: self.replay_capacity,
                replay_file: self.replay_file,
            },
            rules: Rules::new(self.auth_to_local, self.default_realm.unwrap_or_default()),
            binding_certificates: self.binding_cert,
        };
        let module = module::Settings::Gss(Box::new(tickets));
        let realm = realms::Settings {
            name: String::new(),
            scheme: Scheme { kind: Asked::Negotiate, by_page: false, description: None },
            sources: Sources::default(),
            modules: vec![realms::Judge { module, success: Success::Required, debug: false }],
            grants,
            session: self.session_cookie.map(|life| Lasts { life, idle: None }),
            failed_logins: 0,
            lease: Lease { outlives_proof: self.outlive_ticket, ..Lease::default() },
            patience: PATIENCE,
        };
        Ok(self.web.settings("tpg", Kind::Proxy(Box::new(proxy)), Some((realm, self.require_role)))?)
    }
}

/// A grant to those whom tickets tell apart.
fn grant(text: &str) -> Result<Grant, &'static str> {
    const FORM: &str = "write it as ROLE=principal:alice@REALM, ROLE=realm:REALM, ROLE=sid:S-1-5-…, \
                        ROLE=indicator:WORD or ROLE=*";
    let grant: Grant = text.parse().map_err(|_| FORM)?;
    let is_of_tickets = match &grant.to {
        Grantee::Principal(name) => name.contains('@'),
        to => *to == Grantee::Everybody || to.is_of_tickets(),
    };
    if is_of_tickets { Ok(grant) } else { Err(FORM) }
}
