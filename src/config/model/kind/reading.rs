//! From the `properties` of a service to what it is told.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    ops::Range,
    time::Duration,
};

use http::{HeaderName, HeaderValue};
use tgg::{
    network::{Network, Networks},
    routes::{Host, KDC_PORT, KPASSWD_PORT, KrbRealm, Server},
};

use super::{
    Broadcast, Directory, HttpProxy, HttpRedirect, Kerberos5Proxy, Kind, Location, Mapping, Proxy, Publisher,
    Strategy, UseForwarded,
};
use crate::{
    config::{
        fields::{Fields, Value},
        model::{
            Folder,
            uri::{ConnectUri, Scheme},
        },
        problems::Problems,
        report::{Problem, quoted},
        spanned::Spanned,
        vocabulary::{Place, ServiceType},
    },
    kdc::resolve::Lookup,
    service::proxy::identity::{self, Identity, token::Token},
};

/// How a network is written.
const NETWORK: &str = "write it as 10.0.0.0/8, 2001:db8::/32 or a single address";

/// Octets that may wait for one side.
const PENDING: usize = 64_000;

/// What there is to know when properties are read.
#[derive(Debug)]
pub(in crate::config) struct Reading<'a, 'e> {
    /// The element `properties`, or the service itself where it has none.
    pub(in crate::config) fields: Fields<'e>,
    /// The folder of the configuration.
    pub(in crate::config) folder: Folder<'a>,
    /// The back ends that the service names.
    pub(in crate::config) connects: &'a [Spanned<ConnectUri>],
    /// What the service is called.
    pub(in crate::config) name: &'a str,
    /// The host that its clients reach it at.
    pub(in crate::config) host: &'a str,
    pub(in crate::config) problems: &'a mut Problems,
}

impl Reading<'_, '_> {
    /// What a service of this type is told; `None` if that cannot be said. Why has been reported.
    pub(in crate::config) fn kind(mut self, service: ServiceType) -> Option<Kind> {
        Some(match service {
            ServiceType::Broadcast => Kind::Broadcast(self.broadcast()?),
            ServiceType::Directory => Kind::Directory(self.directory()?),
            ServiceType::Echo => {
                Kind::Echo(NonZeroUsize::new(self.size("repeat", 1)).unwrap_or(NonZeroUsize::MIN))
            }
            ServiceType::HttpProxy => Kind::HttpProxy(Box::new(self.http_proxy()?)),
            ServiceType::HttpRedirect => Kind::HttpRedirect(self.http_redirect()?),
            ServiceType::Kerberos5Proxy => Kind::Kerberos5Proxy(Box::new(self.kerberos5_proxy())),
            ServiceType::Management => Kind::Management,
            ServiceType::Proxy => Kind::Proxy(Box::new(self.proxy()?)),
        })
    }

    fn broadcast(&mut self) -> Option<Broadcast> {
        let pending = self.size("maximum.pending.bytes", PENDING);
        let accept = self.uri("accept", &[Scheme::Tcp]);
        let connect = self.uri("connect", &[Scheme::Tcp, Scheme::Ssl, Scheme::Ws, Scheme::Wss]);
        if (self.fields.has("accept") && accept.is_none())
            || (self.fields.has("connect") && connect.is_none())
        {
            return None;
        }
        let mut publishers: Vec<Publisher> = accept.map(Publisher::Accept).into_iter().collect();
        publishers.extend(connect.map(Publisher::Connect));
        publishers.extend(self.connects.iter().cloned().map(Publisher::Connect));
        let (says, help) = match publishers.len() {
            0 => ("a broadcast needs a publisher", "add <accept> or <connect> to its <properties>"),
            1 => return publishers.pop().map(|publisher| Broadcast { publisher, pending }),
            _ => (
                "a broadcast has more than one publisher",
                "leave one <accept> or <connect> in its <properties>",
            ),
        };
        self.problems.push(Problem::error(self.fields.name_span(), says).help(help));
        None
    }

    fn directory(&mut self) -> Option<Directory> {
        let fields = &self.fields;
        let path = |name| fields.text(name).map(|text| self.folder.path(text));
        let (root, error_pages) = (path("directory"), path("error-pages-directory"));
        let welcome = fields.text("welcome-file");
        if let Some(name) = &welcome
            && name.contains('/')
        {
            let says = format!("<welcome-file> is {}, a path", quoted(name));
            let help = "name a file of each folder, such as index.html";
            self.problems.push(Problem::error(name.span.clone(), says).help(help));
        }
        let locations = fields.children("location").filter_map(|element| {
            let fields = Fields::read(element, Place::Location, self.problems);
            let patterns = fields.text("patterns")?;
            let patterns = patterns.split([',', ' ', '\t', '\r', '\n']).filter(|pattern| !pattern.is_empty());
            let patterns = patterns.map(str::to_owned).collect();
            let cache_control = fields.text("cache-control")?;
            Some(Location { patterns, cache_control })
        });
        let locations = locations.collect();
        Some(Directory {
            root: root?,
            welcome: welcome.map(|name| name.value),
            listing: self.fields.word("options").is_some(),
            error_pages,
            follows_links: self.fields.word("symbolic-links") == Some("unrestricted"),
            locations,
        })
    }

    fn http_proxy(&mut self) -> Option<HttpProxy> {
        let identity = self.identity();
        let socket_lifetime = self.fields.time("socket-lifetime");
        let forwarded = match self.fields.word("use-forwarded") {
            Some("exclude") => UseForwarded::Exclude,
            Some("inject") => UseForwarded::Inject,
            _ => UseForwarded::Ignore,
        };
        Some(HttpProxy {
            cookie_domains: self.mappings("rewrite-cookie-domain", false, "cookie-domain-mapping"),
            cookie_paths: self.mappings("rewrite-cookie-path", false, "cookie-path-mapping"),
            locations: self.mappings("rewrite-location", true, "location-mapping"),
            forwarded,
            identity: identity?,
            socket_lifetime,
        })
    }

    fn mappings(&mut self, switch: &str, default: bool, name: &str) -> Option<Vec<Mapping>> {
        let mappings = self.fields.children(name).filter_map(|element| {
            let fields = Fields::read(element, Place::Mapping, self.problems);
            Some(Mapping { from: fields.text("from")?.value, to: fields.text("to")?.value })
        });
        let mappings: Vec<_> = mappings.collect();
        let on = self.fields.flag(switch).unwrap_or(default);
        if !on && let Some(field) = self.fields.field(name) {
            let says = format!("<{name}> does nothing, because <{switch}> is disabled");
            let help = format!("add <{switch}>enabled</{switch}>, or take it out");
            self.problems.push(Problem::warning(field.element.name_span.clone(), says).help(help));
        }
        on.then_some(mappings)
    }

    fn http_redirect(&mut self) -> Option<HttpRedirect> {
        let status = self.fields.word("status-code").and_then(|code| code.parse().ok()).unwrap_or(302);
        let location = self.fields.text("location")?;
        match HeaderValue::from_str(&location) {
            Ok(value) if location.is_ascii() => Some(HttpRedirect { location: value, status }),
            _ => {
                let says =
                    format!("<location> is {}, which cannot stand in a header field", quoted(&location));
                let help = "percent-encode what is not ASCII";
                self.problems.push(Problem::error(location.span, says).help(help));
                None
            }
        }
    }

    fn kerberos5_proxy(&mut self) -> Kerberos5Proxy {
        let elements: Vec<_> = self.fields.children("krb-realm").collect();
        let mut krb_realms: Vec<KrbRealm> = Vec::new();
        let mut known: HashMap<String, Range<usize>> = HashMap::new();
        for element in elements {
            let fields = Fields::read(element, Place::KrbRealm, self.problems);
            let Some(name) = fields.text("name") else { continue };
            if let Some(first) = known.insert(name.to_ascii_uppercase(), name.span.clone()) {
                let says = format!("the Kerberos realm {} is there twice", quoted(&name));
                let problem =
                    Problem::error(name.span.clone(), says).help("write its servers into one <krb-realm>");
                self.problems.push(problem.also(first, "first here"));
            }
            let kdcs = self.servers(&fields, "kdc", KDC_PORT);
            let kpasswds = self.servers(&fields, "kpasswd", KPASSWD_PORT);
            let discover = fields.flag("discover").unwrap_or(false);
            if !discover && !fields.has("kdc") {
                let says = format!("the Kerberos realm {} has no server", quoted(&name));
                let help = "add <kdc>HOST</kdc>, or <discover>true</discover> to look them up in the DNS";
                self.problems.push(Problem::error(fields.name_span(), says).help(help));
            }
            krb_realms.push(KrbRealm { name: name.value, kdcs, kpasswds, discover });
        }
        let any_realm: Vec<_> = self.connects.iter().filter_map(|uri| server_at(uri)).collect();
        if self.connects.is_empty() && !self.fields.has("krb-realm") {
            let says = "a kerberos5.proxy needs KDCs";
            let help = "add <connect>tcp://kdc.example.com:88</connect>, or <krb-realm> with <name> and <kdc> in its <properties>";
            self.problems.push(Problem::error(self.fields.name_span(), says).help(help));
        }
        let named = self.each("kdc-network", |text| text.parse::<Network>().map_err(|_| NETWORK));
        let dns_server = self
            .each("dns-server", |text| {
                let with_port = || text.parse::<SocketAddr>().ok();
                let without = || text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53));
                with_port()
                    .or_else(without)
                    .ok_or("write it as ADDRESS or ADDRESS:PORT, with IPv6 addresses in brackets")
            })
            .pop();
        let ports = self.fields.fields("kdc-port").filter_map(|field| match field.value {
            Some(Value::Count(port)) => u16::try_from(port).ok(),
            _ => None,
        });
        let ports = ports.collect();
        Kerberos5Proxy {
            krb_realms,
            any_realm,
            lookup: Lookup { dns_server, networks: Networks { named }, ports },
            deadline: self.fields.time("deadline").unwrap_or(Duration::from_secs(9)),
            principal_rate: u32::try_from(self.fields.count("principal-rate").unwrap_or(5))
                .unwrap_or(u32::MAX),
        }
    }

    fn proxy(&mut self) -> Option<Proxy> {
        let identity = self.identity();
        let prepared = self.size("prepared.connection.count", 0);
        let strategy = match self.fields.word("connect.strategy") {
            Some("deferred") => Strategy::Deferred,
            Some("immediate") => Strategy::Immediate,
            Some(_) => Strategy::Prepared,
            None if prepared > 0 => Strategy::Prepared,
            None => Strategy::Immediate,
        };
        if strategy == Strategy::Prepared && prepared == 0 && !self.fields.has("prepared.connection.count") {
            let says = "<connect.strategy> is `prepared`, and no connections are";
            let help = "add <prepared.connection.count>4</prepared.connection.count>";
            self.problems.push(Problem::error(self.fields.name_span(), says).help(help));
        }
        Some(Proxy {
            pending: self.size("maximum.pending.bytes", PENDING),
            recovery: self.fields.time("maximum.recovery.interval").filter(|time| !time.is_zero()),
            prepared,
            strategy,
            identity: identity?,
            socket_lifetime: self.fields.time("socket-lifetime"),
        })
    }

    /// The fields that tell the back end who asks.
    fn identity(&mut self) -> Option<Identity> {
        let usual = Identity::default();
        let principal = self.identity_field("identity-header", "x-remote-user");
        let identity = Identity {
            principal: principal.unwrap_or(usual.principal),
            roles: self.identity_field("identity-roles-header", "x-remote-roles"),
            realm: self.identity_field("identity-realm-header", "x-remote-realm"),
            ends: self.identity_field("identity-ends-header", "x-remote-ends"),
            token: self.token(),
        };
        match identity.check() {
            Ok(()) => Some(identity),
            Err(error) => {
                let says = "the fields that tell the back end who asks cannot be used together";
                let problem = Problem::error(self.fields.name_span(), says).help(error.to_string());
                self.problems.push(problem);
                None
            }
        }
    }

    /// How they are told in a signed token, if they are.
    fn token(&mut self) -> Option<Token> {
        let field = self.identity_field("identity-token-header", "x-remote-token");
        if !self.fields.has("identity-token-header") {
            for name in ["identity-token-keys", "identity-token-issuer", "identity-token-audience"] {
                if let Some(useless) = self.fields.field(name) {
                    let says = format!("<{name}> does nothing, because there is no <identity-token-header>");
                    let help =
                        "add <identity-token-header>x-remote-token</identity-token-header>, or take it out";
                    self.problems.push(Problem::warning(useless.element.name_span.clone(), says).help(help));
                }
            }
        }
        let text = |name, default: &str| {
            self.fields.text(name).map_or_else(|| default.to_owned(), |text| text.value)
        };
        Some(Token {
            field: field?,
            keys: self.fields.text("identity-token-keys").map(|text| self.folder.path(text).value),
            issuer: text("identity-token-issuer", self.host),
            audience: text("identity-token-audience", self.name),
        })
    }

    /// One of them, if it is there and can be used for that.
    fn identity_field(&mut self, name: &str, such_as: &str) -> Option<HeaderName> {
        let text = self.fields.text(name)?;
        let found = HeaderName::try_from(text.as_str()).ok();
        let found = found.filter(identity::may_name);
        if found.is_none() {
            let says = format!("<{name}> is {}, which is no field or means something else", quoted(&text));
            let help = format!("take another, such as {such_as}");
            self.problems.push(Problem::error(text.span, says).help(help));
        }
        found
    }

    fn size(&self, name: &str, default: usize) -> usize {
        self.fields.count(name).map_or(default, |count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// What all elements of this name say, read by `read`.
    fn each<T, E: ToString>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let mut values = Vec::new();
        for text in self.fields.texts(name) {
            match read(&text) {
                Ok(value) => values.push(value),
                Err(error) => {
                    let says = format!("<{name}> is {}", quoted(&text));
                    self.problems.push(Problem::error(text.span, says).help(error.to_string()));
                }
            }
        }
        values
    }

    fn uri(&mut self, name: &str, schemes: &[Scheme]) -> Option<Spanned<ConnectUri>> {
        let text = self.fields.text(name)?;
        let help = match text.parse::<ConnectUri>() {
            Ok(uri) if schemes.contains(&uri.scheme) => return Some(Spanned::new(uri, text.span)),
            Ok(uri) => {
                let words: Vec<_> = schemes.iter().map(|scheme| scheme.word()).collect();
                format!("its scheme is {}; a publisher is reached by {}", uri.scheme, words.join(", "))
            }
            Err(error) => error.to_string(),
        };
        let says = format!("<{name}> is {}", quoted(&text));
        self.problems.push(Problem::error(text.span, says).help(help));
        None
    }

    fn servers(&mut self, fields: &Fields<'_>, name: &str, port: u16) -> Vec<Server> {
        let mut servers = Vec::new();
        for text in fields.texts(name) {
            // As a URI it has the same host and port.
            let written = format!("tcp://{}", *text);
            let with_port = |text: &str| text.parse::<ConnectUri>().ok();
            let found = with_port(&written).or_else(|| with_port(&format!("{written}:{port}")));
            match found.as_ref().and_then(server_at) {
                Some(server) => servers.push(server),
                None => {
                    let says = format!("<{name}> is {}, which is no server", quoted(&text));
                    let help = "write it as HOST or HOST:PORT, with IPv6 addresses in brackets";
                    self.problems.push(Problem::error(text.span, says).help(help));
                }
            }
        }
        servers
    }
}

/// The KDC at the address of a back end.
fn server_at(uri: &ConnectUri) -> Option<Server> {
    let host = match uri.host.parse() {
        Ok(address) => Host::Address(address),
        // Who writes localhost names this host, so its addresses need no permission.
        Err(_) if uri.host == "localhost" => Host::Address(Ipv4Addr::LOCALHOST.into()),
        Err(_) => {
            let sound =
                uri.host.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(&octet));
            sound.then(|| Host::Name(uri.host.clone()))?
        }
    };
    Some(Server { host, port: uri.port })
}
