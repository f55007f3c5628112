//! Login modules: who judges credentials, each with its options.

mod exec;
mod file;
mod gss;
mod http;
mod jwt;
mod kerberos5;
mod keystore;
mod ldap;
mod reading;

pub use exec::Exec;
pub use file::File;
pub use gss::Gss;
pub use http::Http;
pub use jwt::Jwt;
pub use kerberos5::Kerberos5;
pub use keystore::Keystore;
pub use ldap::Ldap;

use crate::realm::{chain::Success, roles::Grant};

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
    Jwt(Box<Jwt>),
    /// A password is judged by the KDC; behind `Negotiate` it has the keytab for the module `gss` behind it.
    Kerberos5(Box<Kerberos5>),
    /// The certificate is judged that the client showed in TLS.
    Keystore(Keystore),
    /// A directory server is asked.
    Ldap(Box<Ldap>),
}

/// Which password a module tries.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Passwords {
    /// That of a module before it first.
    pub first: bool,
    /// And no other.
    pub only: bool,
}
