//! `ldap`: a name and a password, judged by a directory server: as Java's `com.sun.security.auth.module.LdapLoginModule`
//! does it, with groups besides.

mod ber;
mod connection;
pub mod filter;
mod finding;
pub mod identity;
mod message;
mod pool;
pub mod server;

use std::{
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustls_pki_types::ServerName;
use tokio::{sync::Semaphore, time::timeout};
use tracing::warn;
use zeroize::Zeroizing;

use self::{
    filter::Filter,
    finding::Asked,
    identity::Identity,
    pool::{Place, SWEEP},
    server::{Protection, Server},
};
use super::{Attempt, Brought, Doing, Failure, Fault, LoginModule, Shared, Verdict};
use crate::{
    ambient,
    realm::credentials::Password,
    tls::client::{ClientSettings, ClientTlsError},
};

/// Logins that are judged at once. Each has at most two connections.
const PLACES: usize = 32;
/// Octets of the longest file that a password is in.
const MAX_FILE: u64 = 4096;
/// Octets of a name or of a password: more than any directory has.
const MAX_NAME: usize = 1024;

/// What the module is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Who is asked, in this order.
    pub servers: Vec<Server>,
    /// How a user is let in.
    pub mode: Mode,
    /// What becomes a role, if anything.
    pub role: Option<Role>,
    /// As whom entries are searched; without one by nobody in particular.
    pub account: Option<Account>,
    /// How the groups of a user are found, if they are looked for.
    pub groups: Option<Groups>,
    /// Until when a server must have judged.
    pub timeout: Duration,
    /// Whose certificates are believed.
    pub tls: ClientSettings,
    /// Whether the password of a module before it is tried first.
    pub first: bool,
    /// Whether no other is tried.
    pub only_first: bool,
}

/// How a user is let in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Mode {
    /// By the password for this identity; then the entry is searched as the user.
    AuthenticationFirst(Identity, Filter),
    /// By the password for this identity; no entry is searched.
    AuthenticationOnly(Identity),
    /// The entry is searched; then the password is tried for it.
    SearchFirst(Filter),
}

/// What becomes a role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Role {
    /// The values of this attribute of the user's entry.
    Attribute(String),
    /// This.
    Word(String),
}

/// As whom entries are searched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// Its name.
    pub dn: String,
    /// The file whose first line is its password. It is read for each connection, so a new password counts from then on.
    pub password_file: PathBuf,
}

/// How the groups of a user are found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Groups {
    /// The folder that they are in.
    pub base: String,
    /// What they must be like.
    pub filter: Filter,
    /// What they are called, beside their distinguished names.
    pub attribute: String,
    /// Whether what they are called are roles.
    pub are_roles: bool,
}

/// Why the module cannot be made. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LdapError {
    /// No host of that name can have a certificate.
    #[error("{0} is no name of a host; correct <userProvider>")]
    Host(String),
    /// There is no password of the search account.
    #[error(transparent)]
    PasswordFile(#[from] PasswordFileError),
    /// Nobody's certificate is believed.
    #[error(transparent)]
    Tls(#[from] ClientTlsError),
}

/// Why there is no password of the search account.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordFileError {
    /// Its first line is empty. A server would let anybody in without a password.
    #[error("the first line of {0} is empty; write the password of <bindDn> into it")]
    Empty(PathBuf),
    /// It cannot be read.
    #[error(
        "cannot read the password of <bindDn> from {0}: {1}; it must be text, and readable by the gateway's user alone"
    )]
    Read(PathBuf, io::Error),
}

/// Why a login is not judged, beside what servers say.
#[derive(Debug, thiserror::Error)]
enum LoginError {
    #[error("too many users log in at once; look at how fast the directory servers are")]
    Crowded,
    #[error("the password is empty, and many servers let in whoever has none; log in with one")]
    EmptyPassword,
    #[error("the name of the user is empty; log in with one")]
    EmptyName,
    #[error("neither a name nor a password was presented; have the realm ask for them with Basic")]
    Nothing,
    #[error("no answer in {0:?}; look whether it is overloaded, or at <timeout>")]
    Silent(Duration),
    #[error("the name or the password is longer than {MAX_NAME} octets; log in with a shorter one")]
    TooLong,
}

/// The module.
#[derive(Debug)]
pub struct Directory {
    places: Vec<Place>,
    asked: Asked,
    timeout: Duration,
    first: bool,
    only_first: bool,
    room: Semaphore,
}

impl Directory {
    /// Reads what the module needs. No server is asked.
    ///
    /// # Errors
    ///
    /// Any [`LdapError`].
    pub fn open(settings: Settings) -> Result<Self, LdapError> {
        let Settings { servers, mode, role, account, groups, timeout, tls, first, only_first } = settings;
        if let Some(Account { password_file, .. }) = &account {
            password(password_file)?;
            if std::fs::metadata(password_file).is_ok_and(|file| file.mode() & 0o077 != 0) {
                warn!(
                    file = %password_file.display(),
                    "Others on this host can read the password of <bindDn>; chmod 600 the file"
                );
            }
        }
        let secure = if servers.iter().any(|server| server.protection != Protection::Clear) {
            let mut config = tls.load()?;
            // The server would take an offer of HTTP for a mistake (RFC 7301 section 3.2).
            Arc::make_mut(&mut config).alpn_protocols.clear();
            Some(config)
        } else {
            None
        };
        let mut places = Vec::new();
        for server in servers {
            let name = ServerName::try_from(server.host.clone());
            let name = name.map_err(|_| LdapError::Host(server.host.clone()))?;
            let is_clear = server.protection == Protection::Clear;
            let tls = secure.clone().filter(|_| !is_clear).map(|config| (config, name));
            places.push(Place::new(server, tls));
        }
        let asked = Asked { mode, role, account, groups };
        Ok(Self { places, asked, timeout, first, only_first, room: Semaphore::new(PLACES) })
    }

    async fn judge(&self, attempt: &Attempt<'_>, shared: &Shared) -> Verdict {
        let given = shared.password(self.first, attempt.credentials);
        let Some(given) = given else { return Failure::peer("no_password", LoginError::Nothing).into() };
        let own = attempt.credentials.password().filter(|own| *own != given && !self.only_first);
        match (self.judge_one(attempt, given).await, own) {
            // The client's own may be good where that of a module before is not.
            (Err(failure), Some(own)) if failure.fault == Fault::Peer => self.judge_one(attempt, own).await,
            (judged, _) => judged,
        }
        .map_or_else(Verdict::Failure, |brought| Verdict::Success(Box::new(brought)))
    }

    async fn judge_one(&self, attempt: &Attempt<'_>, given: &Password) -> Result<Brought, Failure> {
        let Password { name, password } = given;
        // Nothing of this is sent: a bind without a password succeeds for everybody (RFC 4513 section 5.1.2).
        if password.is_empty() {
            return Err(Failure::peer("empty_password", LoginError::EmptyPassword));
        }
        if name.trim().is_empty() {
            return Err(Failure::peer("empty_name", LoginError::EmptyName));
        }
        if name.len() > MAX_NAME || password.len() > MAX_NAME {
            return Err(Failure::peer("too_long", LoginError::TooLong));
        }
        let Ok(Ok(_room)) = timeout(self.timeout, self.room.acquire()).await else {
            return Err(Failure::unavailable("crowded", LoginError::Crowded));
        };
        let now = ambient::now();
        let (up, out): (Vec<_>, Vec<_>) = self.places.iter().partition(|place| !place.is_left_out(now));
        let mut troubles = Vec::new();
        // Those that gave no answer a moment ago come last: where all are like that, one may be back.
        for place in up.into_iter().chain(out) {
            let why = match timeout(self.timeout, self.asked.judge(place, attempt.id, name, password)).await {
                Ok(Ok(judged)) => {
                    place.answered();
                    return judged;
                }
                Ok(Err(trouble)) => trouble.to_string(),
                Err(_) => LoginError::Silent(self.timeout).to_string(),
            };
            let now = ambient::now();
            if !place.is_left_out(now) {
                warn!(server = %place.server, "A directory server gives no answer and is left out for a while: {why}");
            }
            place.failed(now);
            troubles.push(format!("{}: {why}", place.server));
        }
        Err(Failure::unavailable("no_server", troubles.join("; ")))
    }
}

impl LoginModule for Directory {
    fn kind(&self) -> &'static str {
        "ldap"
    }

    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(self.judge(attempt, shared))
    }

    fn watch(&self) -> Doing<'_, ()> {
        Box::pin(async {
            loop {
                tokio::time::sleep(SWEEP).await;
                for place in &self.places {
                    place.sweep(ambient::now()).await;
                }
            }
        })
    }
}

/// The first line of a file, which is a password.
fn password(path: &Path) -> Result<Zeroizing<String>, PasswordFileError> {
    let failed = |error| PasswordFileError::Read(path.to_owned(), error);
    let mut octets = Zeroizing::new(Vec::with_capacity(4096));
    std::fs::File::open(path).map_err(failed)?.take(MAX_FILE).read_to_end(&mut octets).map_err(failed)?;
    let text = str::from_utf8(&octets).map_err(|error| failed(io::Error::other(error)))?;
    match text.lines().next().unwrap_or_default() {
        "" => Err(PasswordFileError::Empty(path.to_owned())),
        line => Ok(Zeroizing::new(line.to_owned())),
    }
}
