//! The flags of those who have tickets or want some: where they are, and through which gateway KDCs are asked.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args as ClapArgs;
use client::{
    krb5_conf::Krb5Conf,
    net::{
        ccache_file::{CcacheFile, CcacheFileError},
        configuration::{self, ConfigurationError},
        dial::{DialError, Trust},
        kdcs::{AskError, Gateway, Kdcs},
        session::{Session, SessionError},
    },
    principal::PrincipalError,
};

/// Octets of a password. What is longer no KDC takes.
pub const MAX_PASSWORD: usize = 1024;

/// The flags.
#[derive(ClapArgs, Clone, Debug)]
pub struct Tickets {
    /// Ask KDCs through this gateway: ws, wss (WebSocket), http or https (MS-KKDCP, path /KdcProxy by default)
    #[arg(long, value_name = "URL")]
    tgg: Option<String>,
    /// Credential cache, a file; by default KRB5CCNAME, krb5.conf's or /tmp/krb5cc_UID
    #[arg(short = 'c', long = "ccache", value_name = "CCACHE")]
    ccache: Option<String>,
    /// Trust also the certificates that the authorities in this PEM file sign
    #[arg(long, value_name = "PEM")]
    cacert: Option<PathBuf>,
    /// Look KDCs up at this DNS server, where krb5.conf names none and dns_lookup_kdc lets the DNS be asked
    #[arg(long, value_name = "ADDR")]
    dns_server: Option<SocketAddr>,
}

/// Why there is no ticket, and how the program ends with that.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TicketsError {
    /// The gateway's URL cannot be used.
    #[error("--tgg: {0}")]
    Gateway(#[source] AskError),
    /// The file of a cache cannot be named.
    #[error(transparent)]
    Ccache(#[from] CcacheFileError),
    /// krb5.conf cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The two new passwords are not the same.
    #[error("the new passwords differ; nothing was changed, run it again")]
    Differ,
    /// No password was given.
    #[error(
        "there is no password; type it at a terminal, or write it on a line of standard input with --password-stdin"
    )]
    NoPassword,
    /// Nobody says which realm is meant.
    #[error("{name} has no realm; write {name}@REALM, or set default_realm in krb5.conf")]
    NoRealm {
        /// What was written.
        name: String,
    },
    /// Nobody says who is meant.
    #[error("nobody is named; write a principal, such as alice@REALM")]
    Nobody,
    /// The password is longer than any KDC takes.
    #[error("the password has more than {MAX_PASSWORD} octets; no KDC takes such a one")]
    PasswordLong,
    /// A principal is written wrongly.
    #[error("{text}: {source}")]
    Principal {
        /// What was written.
        text: String,
        /// What is wrong.
        source: PrincipalError,
    },
    /// No runtime.
    #[error("the program cannot start its work: {0}; the system may be out of memory")]
    Runtime(#[source] std::io::Error),
    /// There is no ticket.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The password cannot be read.
    #[error("the password cannot be read: {0}; there may be no terminal: use --password-stdin")]
    Terminal(#[source] std::io::Error),
    /// Who signs certificates cannot be read.
    #[error("--cacert: {0}")]
    Trust(#[source] DialError),
}

impl TicketsError {
    /// The exit code.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Gateway(_) | Self::NoRealm { .. } | Self::Nobody | Self::Principal { .. } => super::USAGE,
            Self::Ccache(_) | Self::Configuration(_) | Self::Trust(_) => super::CONFIGURATION,
            _ => super::RUN_TIME,
        }
    }
}

impl Tickets {
    /// The tickets, not read yet.
    ///
    /// # Errors
    ///
    /// Those of krb5.conf, of the flags and of the file's name.
    pub fn session(&self) -> Result<Session, TicketsError> {
        let conf = configuration::load()?;
        let file = self.file(&conf)?;
        Ok(Session::new(conf, self.kdcs()?, Some(file)))
    }

    /// The way to the KDCs.
    ///
    /// # Errors
    ///
    /// [`TicketsError::Gateway`], [`TicketsError::Trust`].
    pub fn kdcs(&self) -> Result<Kdcs, TicketsError> {
        let gateway = self.tgg.as_deref().map(Gateway::read).transpose().map_err(TicketsError::Gateway)?;
        Ok(Kdcs::new(gateway, self.trust()?).with_dns(self.dns_server))
    }

    /// Who may sign the certificates of servers.
    ///
    /// # Errors
    ///
    /// [`TicketsError::Trust`].
    pub fn trust(&self) -> Result<Trust, TicketsError> {
        let trust = Trust::default();
        match &self.cacert {
            Some(path) => trust.also(path).map_err(TicketsError::Trust),
            None => Ok(trust),
        }
    }

    fn file(&self, conf: &Krb5Conf) -> Result<CcacheFile, TicketsError> {
        Ok(CcacheFile::choose(self.ccache.as_deref(), conf)?)
    }
}

/// Runs to the end what asks KDCs.
///
/// # Errors
///
/// [`TicketsError::Runtime`], and those of `work`.
pub fn block_on<T>(work: impl Future<Output = Result<T, TicketsError>>) -> Result<T, TicketsError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(TicketsError::Runtime)?.block_on(work)
}
