//! What services do: each type with what its `properties` say.

mod reading;

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use http::HeaderValue;
pub(in crate::config) use reading::Reading;
use tgg::routes::{KrbRealm, Server};

use super::uri::ConnectUri;
use crate::{
    config::{spanned::Spanned, vocabulary::ServiceType},
    kdc::resolve::Lookup,
    service::proxy::identity::Identity,
};

/// A type of service and what it needs to know.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Sends what one publisher sends to all clients.
    Broadcast(Broadcast),
    /// Serves files.
    Directory(Directory),
    /// Sends back what it is sent, so many times.
    Echo(NonZeroUsize),
    /// Passes requests on to a back end.
    HttpProxy(Box<HttpProxy>),
    /// Sends clients elsewhere.
    HttpRedirect(HttpRedirect),
    /// Relays Kerberos to KDCs.
    Kerberos5Proxy(Box<Kerberos5Proxy>),
    /// Shows operators what happens.
    Management,
    /// Joins sockets with those of a back end.
    Proxy(Box<Proxy>),
}

/// `broadcast`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broadcast {
    /// Where messages come from.
    pub publisher: Publisher,
    /// Octets that a client may be behind.
    pub pending: usize,
}

/// Where the messages of a broadcast come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Publisher {
    /// Publishers dial in here.
    Accept(Spanned<ConnectUri>),
    /// It is dialled.
    Connect(Spanned<ConnectUri>),
}

/// `directory`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Directory {
    /// The folder that it serves.
    pub root: Spanned<PathBuf>,
    /// The file that stands for its folder.
    pub welcome: Option<String>,
    /// Whether folders without that file are listed.
    pub listing: bool,
    /// The folder of pages for errors.
    pub error_pages: Option<Spanned<PathBuf>>,
    /// Whether links may lead out of the folder.
    pub follows_links: bool,
    /// How long some of its files may be kept.
    pub locations: Vec<Location>,
}

/// How long some files may be kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Location {
    /// Which files.
    pub patterns: Vec<String>,
    /// What clients are told in `Cache-Control`.
    pub cache_control: Spanned<String>,
}

/// `http.proxy`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpProxy {
    /// How domains of cookies are mapped, if they are.
    pub cookie_domains: Option<Vec<Mapping>>,
    /// How paths of cookies are mapped, if they are.
    pub cookie_paths: Option<Vec<Mapping>>,
    /// How URLs of the back end are mapped, if they are.
    pub locations: Option<Vec<Mapping>>,
    /// What becomes of `Forwarded`.
    pub forwarded: UseForwarded,
    /// Fields that tell the back end who asks.
    pub identity: Identity,
    /// After which a socket is closed.
    pub socket_lifetime: Option<Duration>,
}

/// What becomes of `Forwarded` on its way to a back end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UseForwarded {
    /// It is taken out.
    Exclude,
    /// It is passed on as it came.
    #[default]
    Ignore,
    /// The client is added.
    Inject,
}

/// What a back end says, and what clients are told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mapping {
    /// What the back end says.
    pub from: String,
    /// What clients are told.
    pub to: String,
}

/// `http.redirect`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpRedirect {
    /// Where clients are sent.
    pub location: HeaderValue,
    /// The status that says so.
    pub status: u16,
}

/// `kerberos5.proxy`.
#[derive(Clone, Debug)]
pub struct Kerberos5Proxy {
    /// The realms that are served, and their servers.
    pub krb_realms: Vec<KrbRealm>,
    /// The KDCs of every other realm: those of `<connect>`.
    pub any_realm: Vec<Server>,
    /// How servers are looked up.
    pub lookup: Lookup,
    /// How long an exchange may take.
    pub deadline: Duration,
    /// AS requests a second for one principal; 0 for no limit.
    pub principal_rate: u32,
}

/// `proxy`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proxy {
    /// Octets that wait for one side before the other is not read.
    pub pending: usize,
    /// Longest time between two tries to reach a back end that is down; without it every client is a try.
    pub recovery: Option<Duration>,
    /// Connections that are open before a client needs them.
    pub prepared: usize,
    /// When the back end is dialled.
    pub strategy: Strategy,
    /// Fields that tell the back end who asks.
    pub identity: Identity,
    /// After which a socket is closed.
    pub socket_lifetime: Option<Duration>,
}

/// When the back end of a proxy is dialled.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strategy {
    /// When the client sends.
    Deferred,
    /// When the client comes.
    #[default]
    Immediate,
    /// Ahead of it.
    Prepared,
}

impl Kind {
    /// What back ends are told of users, if it has such.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::HttpProxy(http) => Some(&http.identity),
            Self::Proxy(proxy) => Some(&proxy.identity),
            _ => None,
        }
    }

    /// What a service of this type is called in `<type>`.
    #[must_use]
    pub const fn service_type(&self) -> ServiceType {
        match self {
            Self::Broadcast(_) => ServiceType::Broadcast,
            Self::Directory(_) => ServiceType::Directory,
            Self::Echo(_) => ServiceType::Echo,
            Self::HttpProxy(_) => ServiceType::HttpProxy,
            Self::HttpRedirect(_) => ServiceType::HttpRedirect,
            Self::Kerberos5Proxy(_) => ServiceType::Kerberos5Proxy,
            Self::Management => ServiceType::Management,
            Self::Proxy(_) => ServiceType::Proxy,
        }
    }
}
