//! Services: where clients reach them, what they do, and who may use them.

mod access;
mod reading;

use http::HeaderValue;

pub use access::Required;
pub(in crate::config) use reading::{Context, Defaults, Draft};

use super::{
    cross_site::CrossSite,
    kind::Kind,
    options::{AcceptOptions, ConnectOptions},
    uri::{AcceptUri, ConnectUri, Scheme},
};
use crate::config::{spanned::Spanned, vocabulary::ServiceType};

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// What logs, metrics and messages call it: its own name, or its type and its number in the file.
    pub name: Spanned<String>,
    /// What people call it.
    pub description: Option<String>,
    /// What it does.
    pub kind: Kind,
    /// Where clients reach it.
    pub accepts: Vec<Spanned<AcceptUri>>,
    /// Where its back ends are.
    pub connects: Vec<Spanned<ConnectUri>>,
    /// How it speaks with clients.
    pub accept_options: AcceptOptions,
    /// How it speaks with its back end.
    pub connect_options: ConnectOptions,
    /// The realm whose users may use it, by its place in [`super::Config::realms`].
    pub realm: Option<usize>,
    /// Which of them.
    pub required: Required,
    /// Pages of other origins that may use it.
    pub cross_site: Vec<CrossSite>,
    /// Media types of files by how their names end, in the order of precedence: the last that fits holds.
    pub mime: Vec<Mime>,
    /// What clients are told with the challenge `Application Negotiate`.
    pub application_negotiate: ApplicationNegotiate,
}

/// The media type of files that end like this.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mime {
    /// How their names end, without a dot, in lower case.
    pub extension: String,
    /// What clients are told that they are.
    pub media_type: HeaderValue,
}

/// What clients are told with the challenge `Application Negotiate`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ApplicationNegotiate {
    /// Where they reach a KDC.
    pub connect: Option<Spanned<String>>,
    /// What they are to choose their credentials by.
    pub identifier: Option<Spanned<String>>,
}

impl ApplicationNegotiate {
    /// The words behind the scheme.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.connect.iter().chain(&self.identifier).map(|word| word.value.clone()).collect()
    }
}

/// How services of a type are reached.
const fn accept_schemes(service: ServiceType) -> &'static [Scheme] {
    match service {
        ServiceType::Broadcast | ServiceType::Echo => &[Scheme::Ws, Scheme::Wss],
        ServiceType::Directory | ServiceType::HttpRedirect | ServiceType::Management => {
            &[Scheme::Http, Scheme::Https]
        }
        ServiceType::HttpProxy => &[Scheme::Http, Scheme::Https, Scheme::Ws, Scheme::Wss],
        ServiceType::Kerberos5Proxy => {
            &[Scheme::Ws, Scheme::Wss, Scheme::Http, Scheme::Https, Scheme::Tcp, Scheme::Udp]
        }
        ServiceType::Proxy => &[Scheme::Ws, Scheme::Wss, Scheme::Tcp, Scheme::Ssl],
    }
}

/// How services of a type reach their back ends.
const fn connect_schemes(service: ServiceType) -> &'static [Scheme] {
    match service {
        ServiceType::Directory | ServiceType::Echo | ServiceType::HttpRedirect | ServiceType::Management => {
            &[]
        }
        ServiceType::HttpProxy => &[Scheme::Http, Scheme::Https, Scheme::Ws, Scheme::Wss],
        ServiceType::Kerberos5Proxy => &[Scheme::Tcp, Scheme::Udp],
        ServiceType::Broadcast | ServiceType::Proxy => &[Scheme::Ws, Scheme::Wss, Scheme::Tcp, Scheme::Ssl],
    }
}

/// How many back ends services of a type have.
const fn connect_count(service: ServiceType) -> (usize, usize) {
    match service {
        // What it has beside its properties is counted there.
        ServiceType::Broadcast => (0, 1),
        ServiceType::Directory | ServiceType::Echo | ServiceType::HttpRedirect | ServiceType::Management => {
            (0, 0)
        }
        ServiceType::HttpProxy => (1, 1),
        ServiceType::Kerberos5Proxy => (0, usize::MAX),
        ServiceType::Proxy => (1, usize::MAX),
    }
}
