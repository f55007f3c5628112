//! Login modules: those who judge credentials, what they are shown, and what they may answer.
//!
//! A module lives as long as its realm and judges many users at a time. Of one login it keeps nothing but what it files
//! under its number, and it is told how that ended: [`LoginModule::commit`], or else [`LoginModule::abort`], and
//! [`LoginModule::logout`] once whoever was let in has gone (JAAS, `javax.security.auth.spi.LoginModule`).

pub mod custom;
pub mod exec;
pub mod file;
pub mod gss;
pub mod http;
pub mod jwt;
pub mod kerberos5;
pub mod keystore;
pub mod ldap;

use std::{collections::BTreeSet, error::Error, fmt, pin::Pin, sync::Arc, time::Duration};

use krb::{name::RealmName, pac::Sid};
use serde_json::{Map, Value};

use super::{
    credentials::{Credentials, Password},
    kept::Kept,
    visitor::Visitor,
};
use crate::record::RequestId;

/// What a module is made of.
#[derive(Clone, Debug)]
pub enum Settings {
    /// A program of the operator's is asked.
    Exec(Box<exec::Settings>),
    /// A name and a password are looked up in a file.
    File(file::Settings),
    /// A ticket is judged.
    Gss(Box<gss::Settings>),
    /// A web service of the operator's is asked.
    Http(Box<http::Settings>),
    /// A JSON Web Token is judged.
    Jwt(Box<jwt::Settings>),
    /// The certificate is judged that the client showed in TLS.
    Keystore(Box<keystore::Settings>),
    /// A password is judged by the KDC.
    Kerberos5(Box<kerberos5::Settings>),
    /// Nothing is judged: it has the keytab for `gss` behind it.
    Keytab,
    /// A directory server is asked.
    Ldap(Box<ldap::Settings>),
}

/// Why a module cannot be made. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// `exec`.
    #[error(transparent)]
    Exec(#[from] exec::ProgramError),
    /// `file`.
    #[error(transparent)]
    File(#[from] file::FileError),
    /// `gss`.
    #[error(transparent)]
    Gss(#[from] gss::TicketsError),
    /// `http`.
    #[error(transparent)]
    Http(#[from] http::ServiceError),
    /// `jwt`.
    #[error("jwt: {0}")]
    Jwt(#[from] jwt::source::SourceError),
    /// `keystore`.
    #[error(transparent)]
    Keystore(#[from] Box<keystore::CertificatesError>),
    /// `kerberos5`.
    #[error(transparent)]
    Kerberos5(#[from] kerberos5::Kerberos5Error),
    /// `ldap`.
    #[error(transparent)]
    Ldap(#[from] ldap::LdapError),
}

impl Settings {
    /// Reads what the module needs.
    ///
    /// # Errors
    ///
    /// Any [`ModuleError`].
    pub fn open(self, kept: &Kept) -> Result<Arc<dyn LoginModule>, ModuleError> {
        Ok(match self {
            Self::Exec(settings) => Arc::new(exec::open(*settings)?),
            Self::File(settings) => Arc::new(file::File::open(settings, kept)?),
            Self::Gss(settings) => Arc::new(gss::Tickets::open(*settings, kept)?),
            Self::Http(settings) => Arc::new(http::open(*settings)?),
            Self::Jwt(settings) => Arc::new(jwt::Tokens::open(*settings, kept)?),
            Self::Keystore(settings) => Arc::new(keystore::Certificates::open(*settings).map_err(Box::new)?),
            Self::Kerberos5(settings) => Arc::new(kerberos5::Kerberos5::open(*settings, kept)?),
            Self::Keytab => Arc::new(Keytab),
            Self::Ldap(settings) => Arc::new(ldap::Directory::open(*settings)?),
        })
    }
}

/// `kerberos5` in front of `gss`: it judges nothing, and nobody is let in by it.
#[derive(Debug)]
struct Keytab;

impl LoginModule for Keytab {
    fn kind(&self) -> &'static str {
        "kerberos5"
    }

    fn login<'a>(&'a self, _attempt: &'a Attempt<'a>, _shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(async { Verdict::Ignored })
    }
}

/// What a module does takes time.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One who judges credentials.
pub trait LoginModule: fmt::Debug + Send + Sync {
    /// Its type in the configuration, for the log.
    fn kind(&self) -> &'static str;

    /// Whether it is worth asking where nothing is presented: it may have words for the challenge.
    fn judges_nothing(&self) -> bool {
        false
    }

    /// Whether it judges certificates that clients show in TLS: a credential, although no request carries it.
    fn judges_connection(&self) -> bool {
        false
    }

    /// The one spelling of a user's name, where the module lets users choose among several: failed logins are counted for
    /// it.
    fn spelled(&self, _name: &str) -> Option<String> {
        None
    }

    /// Judges. Whoever calls bounds the time; a module that waits for others bounds its own waiting too.
    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, shared: &'a mut Shared) -> Doing<'a, Verdict>;

    /// The chain agrees. A module that cannot make good what it judged turns the login into a failure.
    fn commit<'a>(&'a self, _login: RequestId) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    /// The chain does not agree, or agrees without this module, which could not make good what it judged: what was filed
    /// under this number is dropped.
    fn abort(&self, _login: RequestId) {}

    /// Whoever was let in has gone.
    fn logout(&self, _login: RequestId) {}

    /// Keeps what it judges by up to date, for as long as it is polled.
    fn watch(&self) -> Doing<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// A login that is judged.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Names it in the log, and to the modules.
    pub id: RequestId,
    /// The realm, by its name in the configuration.
    pub realm: &'a str,
    /// The service that is asked for.
    pub service: &'a str,
    /// What is presented.
    pub credentials: &'a Credentials,
    /// The connection that it came over.
    pub visitor: &'a Visitor,
}

/// What the modules of a chain tell each other during one login.
#[derive(Debug, Default)]
pub struct Shared {
    /// A name and a password for the modules behind, if one has put other ones in place of the client's.
    pub password: Option<Password>,
    /// Another challenge is asked for, with these words behind the scheme. The last one counts, and it does not make the
    /// login fail by itself.
    pub challenge: Option<Vec<String>>,
    /// What the client must be told with the answer, whatever that is: a token of GSS-API.
    pub reply: Option<Vec<u8>>,
}

/// What a module says.
#[derive(Debug)]
pub enum Verdict {
    /// The credentials are not good, or cannot be judged.
    Failure(Failure),
    /// This is not for it to judge.
    Ignored,
    /// They are good.
    Success(Box<Brought>),
}

/// What a module brings to the subject if the chain agrees.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// What the user is called; the first name of all is the one that back ends are told.
    pub names: Vec<Name>,
    /// What back ends are told in place of it.
    pub local_name: Option<String>,
    /// Roles that come without any mapping.
    pub roles: BTreeSet<String>,
    /// What roles are mapped from.
    pub facts: Facts,
    /// When what was judged ends, in seconds since 1970, UTC.
    pub ends: Option<i64>,
    /// The ticket, where it was one, for the log.
    pub ticket: Option<tpg::permit::Facts>,
    /// After which the user must log in again.
    pub authorization_timeout: Option<Duration>,
    /// After which whatever was opened ends.
    pub session_timeout: Option<Duration>,
}

/// A name of a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Whether it counts as a role that the user alone has: not where users choose their names.
    pub is_role: bool,
}

/// What is known of a user beside names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The Kerberos realm.
    pub krb_realm: Option<RealmName>,
    /// The account's and its groups' (MS-DTYP section 2.4.2).
    pub sids: Vec<Sid>,
    /// How the user logged in at the KDC (RFC 8129).
    pub indicators: Vec<String>,
    /// Groups, as their directory names them.
    pub groups: Vec<String>,
    /// What a token says (RFC 7519 section 4).
    pub claims: Map<String, Value>,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Nobody's: another token is needed.
    GoesOn,
    /// The module broke, or answered what makes no sense.
    Module,
    /// The client's: the credentials are not good.
    Peer,
    /// Whoever judges cannot be reached, or cannot say. The same credentials may be good in a moment.
    Unavailable,
}

/// Why a module does not agree.
#[derive(Debug)]
pub struct Failure {
    /// Whose fault it is.
    pub fault: Fault,
    /// One word for logs and counters.
    pub word: &'static str,
    /// For the operator; it ends with the remedy. The peer never sees it.
    pub why: Box<dyn Error + Send + Sync>,
    /// Whether the module wrote its own record of it.
    pub is_told: bool,
    /// Whether it could be a guess, of which nobody may make many: not what is signed or sealed with a key.
    pub is_guess: bool,
}

impl Fault {
    /// One word for the log: who has to do something.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::GoesOn => "nobody",
            Self::Module => "us",
            Self::Peer => "peer",
            Self::Unavailable => "backend",
        }
    }
}

impl Failure {
    /// The credentials are not good.
    pub fn peer(word: &'static str, why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Peer, word, why: why.into(), is_told: false, is_guess: true }
    }

    /// Nobody can say.
    pub fn unavailable(word: &'static str, why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Unavailable, word, why: why.into(), is_told: false, is_guess: true }
    }

    /// The module broke.
    pub fn module(word: &'static str, why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Module, word, why: why.into(), is_told: false, is_guess: true }
    }
}

impl From<Failure> for Verdict {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Facts {
    /// Adds what another module found out. Of two claims of one name the first stays.
    pub fn add(&mut self, other: Self) {
        let Self { krb_realm, sids, indicators, groups, claims } = other;
        self.krb_realm = self.krb_realm.take().or(krb_realm);
        self.sids.extend(sids);
        self.indicators.extend(indicators);
        self.groups.extend(groups);
        for (name, value) in claims {
            self.claims.entry(name).or_insert(value);
        }
    }
}

impl Brought {
    /// A user of this name, which counts as a role.
    #[must_use]
    pub fn user(name: impl Into<String>) -> Self {
        Self { names: vec![Name { text: name.into(), is_role: true }], ..Self::default() }
    }
}

impl Shared {
    /// The name and the password to judge: those of a module before, or the client's.
    #[must_use]
    pub fn password<'a>(&'a self, first: bool, credentials: &'a Credentials) -> Option<&'a Password> {
        self.password.as_ref().filter(|_| first).or_else(|| credentials.password())
    }
}
