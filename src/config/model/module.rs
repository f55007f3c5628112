//! Login modules: who judges credentials, each with its options.

mod file;
mod gss;
mod kerberos5;
mod reading;

use std::{path::PathBuf, time::Duration};

pub use file::File;
pub use gss::Gss;
pub use kerberos5::Kerberos5;

use crate::{
    config::spanned::Spanned,
    realm::{chain::Success, roles::Grant},
};

/// One who judges.
#[derive(Clone, Debug)]
pub struct LoginModule {
    /// How.
    pub judge: Judge,
    /// What its judgement means for the others.
    pub success: Success,
    /// Whether the log says more of its judgements.
    pub debug: bool,
    /// Who has which roles in the realm, whichever module finds it out.
    pub grants: Vec<Grant>,
}

/// How a module judges.
#[derive(Clone, Debug)]
pub enum Judge {
    /// A program is asked.
    Exec(Exec),
    /// The user is looked up in a file.
    File(File),
    /// A ticket is judged.
    Gss(Box<Gss>),
    /// A web service is asked.
    Http(Http),
    /// A JSON Web Token is judged.
    Jwt(Jwt),
    /// A password is judged by the KDC; behind `Negotiate` it has the keytab for the module `gss` behind it.
    Kerberos5(Box<Kerberos5>),
    /// The user's password opens a keystore.
    Keystore(Keystore),
    /// A directory server is asked.
    Ldap(Ldap),
}

/// Which password a module tries.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Passwords {
    /// That of a module before it first.
    pub first: bool,
    /// And no other.
    pub only: bool,
}

/// Options of `exec`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exec {
    /// The program.
    pub command: Spanned<PathBuf>,
    /// What it is started with.
    pub arguments: Vec<String>,
    /// Until when it must have answered.
    pub timeout: Duration,
}

/// Options of `http`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Http {
    /// Who is asked.
    pub url: Spanned<String>,
    /// Until when the answer must be there.
    pub timeout: Duration,
}

/// Options of `jwt`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwt {
    /// Keys of the issuer: URL or file of a JWK set.
    pub keys: Spanned<String>,
    /// Who must have made the token.
    pub issuer: String,
    /// For whom it must be: one of these.
    pub audiences: Vec<String>,
    /// Signatures that are accepted, by their names in JOSE.
    pub algorithms: Vec<String>,
    /// The claim that names the user.
    pub user_claim: String,
    /// The claim that lists roles.
    pub role_claim: String,
    /// How far clocks may be apart.
    pub skew: Duration,
}

/// Options of `keystore`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keystore {
    /// The keystore.
    pub url: Spanned<String>,
    /// Where its password is.
    pub password_url: Option<Spanned<String>>,
    /// The entry that stands for the user.
    pub alias: Option<String>,
    /// Its format.
    pub store_type: Option<&'static str>,
}

/// Options of `ldap`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ldap {
    /// Servers, with blanks between them, and where users are.
    pub user_provider: Spanned<String>,
    /// How a user is found.
    pub user_filter: Option<Spanned<String>>,
    /// As whom the server is asked.
    pub auth_identity: Option<Spanned<String>>,
    /// What becomes a role.
    pub authz_identity: Option<Spanned<String>>,
    /// Whether TLS is spoken from the start, also to `ldap://`.
    pub tls: bool,
    /// Until when a server must have answered.
    pub timeout: Duration,
    /// Which password is tried.
    pub passwords: Passwords,
}
