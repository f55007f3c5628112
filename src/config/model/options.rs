//! How services speak with clients and with back ends: `accept-options` and `connect-options`, typed.

use std::{num::NonZeroU64, ops::Range, time::Duration};

use http::HeaderValue;
use tgg::network::Network;

use crate::{
    config::{
        fields::{Fields, Value},
        problems::Problems,
        report::{Problem, quoted},
        spanned::Spanned,
        value::Bind,
        vocabulary::{Entry, Place},
        xml::Element,
    },
    router,
    service::proxy::preface::Preface,
};

/// Options as they were written, before it is known what they add up to.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Written {
    options: Vec<WrittenOption>,
}

/// One option and where it stands.
#[derive(Clone, Debug)]
pub(in crate::config) struct WrittenOption {
    pub(in crate::config) entry: &'static Entry,
    pub(in crate::config) value: Value,
    pub(in crate::config) span: Range<usize>,
}

impl Written {
    /// What stands in `element`.
    pub(in crate::config) fn read(element: Option<&Element>, place: Place, problems: &mut Problems) -> Self {
        let Some(element) = element else { return Self::default() };
        let fields = Fields::read(element, place, problems);
        let options = fields.all().iter().filter_map(|field| {
            let value = field.value.clone()?;
            Some(WrittenOption { entry: field.entry, value, span: field.element.text.span.clone() })
        });
        let written = Self { options: options.collect() };
        written.judge(problems);
        written
    }

    /// Values whose kind knows more than the vocabulary does.
    fn judge(&self, problems: &mut Problems) {
        for option in &self.options {
            let wrong = match (option.entry.name, &option.value) {
                ("tcp.trusted.proxies", Value::List(list)) => list.iter().find_map(|item| {
                    item.parse::<Network>().err()?;
                    let help = "write it as 10.0.0.0/8, 2001:db8::/32 or a single address";
                    Some((&item.value, &item.span, help))
                }),
                ("http.host", Value::Text(text)) => HeaderValue::from_str(text)
                    .err()
                    .map(|_| (text, &option.span, "write it as HOST or HOST:PORT")),
                _ => None,
            };
            if let Some((text, span, help)) = wrong {
                let says = format!("<{}> has {}", option.entry.name, quoted(text));
                problems.push(Problem::error(span.clone(), says).help(help));
            }
        }
    }

    /// These, and those of `defaults` that are not among them.
    pub(in crate::config) fn over(&self, defaults: &Self) -> Self {
        let inherited = defaults.options.iter().filter(|option| self.find(option.entry.name).is_none());
        Self { options: self.options.iter().chain(inherited).cloned().collect() }
    }

    /// Adds one.
    pub(in crate::config) fn add(&mut self, option: WrittenOption) {
        self.options.push(option);
    }

    /// All of them.
    pub(in crate::config) fn all(&self) -> &[WrittenOption] {
        &self.options
    }

    /// The one of this name.
    pub(in crate::config) fn find(&self, name: &str) -> Option<&WrittenOption> {
        self.options.iter().find(|option| option.entry.name == name)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.find(name).map(|option| &option.value)
    }

    fn time(&self, name: &str) -> Option<Duration> {
        match self.value(name) {
            Some(Value::Time(time)) => Some(*time),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn count(&self, name: &str) -> Option<u64> {
        match self.value(name) {
            Some(Value::Count(count)) => Some(*count),
            _ => None,
        }
    }

    fn size(&self, name: &str) -> Option<usize> {
        self.count(name).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn word(&self, name: &str) -> Option<&'static str> {
        match self.value(name) {
            Some(Value::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn list(&self, name: &str) -> Option<Vec<String>> {
        match self.value(name) {
            Some(Value::List(list)) => Some(list.iter().map(|item| item.value.clone()).collect()),
            _ => None,
        }
    }

    fn bind(&self, name: &str) -> Option<Bind> {
        match self.value(name) {
            Some(Value::Bind(bind)) => Some(bind.clone()),
            _ => None,
        }
    }
}

/// How a service speaks with its clients.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AcceptOptions {
    /// Octets of a message; a longer one closes the socket.
    pub maximum_message: usize,
    /// Silence after which a socket is given up.
    pub inactivity: Option<Duration>,
    /// Time in which a client must be let in that logs in inside a socket.
    pub handshake: Duration,
    /// Whether answers say in `Server` what answers.
    pub server_header: bool,
    /// Where the service listens instead of where it is reached.
    pub binds: Binds,
}

/// Where to listen, by the scheme of the URI.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Binds {
    /// For `http://`.
    pub http: Option<Bind>,
    /// For `https://`.
    pub https: Option<Bind>,
    /// For `ssl://`.
    pub ssl: Option<Bind>,
    /// For all.
    pub tcp: Option<Bind>,
    /// For `ws://`.
    pub ws: Option<Bind>,
    /// For `wss://`.
    pub wss: Option<Bind>,
}

/// How TLS is spoken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tls {
    /// Cipher suites and groups of them, as they were written; at no place where they are the default.
    pub ciphers: Spanned<Vec<String>>,
    /// Versions, as they were written; at no place where they are the default.
    pub protocols: Spanned<Vec<String>>,
    /// Whether it is spoken where the scheme says so.
    pub encryption: bool,
}

/// Whether clients show certificates.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum VerifyClient {
    /// They are not asked for one.
    #[default]
    None,
    /// They may; a bad one is refused.
    Optional,
    /// They must.
    Required,
}

/// What all services of an address share.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListenerOptions {
    /// How TLS is spoken.
    pub tls: Tls,
    /// Whether clients show certificates.
    pub verify_client: VerifyClient,
    /// TLS handshakes in progress.
    pub handshakes: usize,
    /// Idle time of a connection between two requests.
    pub keepalive: Duration,
    /// Octets of a request's head.
    pub header_size: usize,
    /// Time from the first octet to the last of a head, a body, a frame or a TLS handshake.
    pub header_timeout: Duration,
    /// Connections in all.
    pub connections: usize,
    /// Connections of one peer; 0 for no limit.
    pub connections_per_peer: usize,
    /// Requests of one peer in flight; 0 for no limit.
    pub requests_per_peer: usize,
    /// Requests of one peer a second; 0 for no limit.
    pub request_rate_per_peer: u32,
    /// Octets a second to one client.
    pub outbound_rate: Option<NonZeroU64>,
    /// Whether trusted proxies put a PROXY header in front.
    pub proxy_protocol: bool,
    /// Whether trusted proxies say in `Forwarded` who the client is.
    pub forwarded: bool,
    /// Hosts that are believed who the client is.
    pub trusted_proxies: Vec<Network>,
}

/// How a service speaks with its back end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectOptions {
    /// How TLS is spoken.
    pub tls: Tls,
    /// Address to dial from.
    pub bind: Option<Bind>,
    /// What back ends of octets are told before a client's own.
    pub preface: Preface,
    /// Silence after which a joined pair is given up.
    pub inactivity: Option<Duration>,
    /// Whether connections are used for several requests.
    pub keepalive: bool,
    /// Idle time after which a connection is not used again.
    pub keepalive_timeout: Duration,
    /// Idle connections to keep.
    pub keepalive_connections: usize,
    /// Redirects of a back end to follow.
    pub redirects: usize,
    /// What back ends are called in `Host`.
    pub host: Option<HeaderValue>,
    /// Time until a response must have begun.
    pub response_timeout: Duration,
    /// Time until a connection must be open.
    pub connect_timeout: Duration,
}

/// Octets of a message: what KAAZING Gateway allowed, too.
const MESSAGE: usize = 128 * 1024;
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Servers close idle connections after 5 s (Apache, Node) to 75 s (nginx). KAAZING Gateway kept them for 30 s, and two.
const KEPT: Duration = Duration::from_secs(4);
const KEPT_CONNECTIONS: usize = 64;

impl AcceptOptions {
    pub(in crate::config) fn of(written: &Written) -> Self {
        Self {
            maximum_message: written.size("ws.maximum.message.size").unwrap_or(MESSAGE),
            inactivity: written.time("ws.inactivity.timeout").filter(|time| !time.is_zero()),
            handshake: written.time("ws.handshake.timeout").unwrap_or(router::HANDSHAKE),
            server_header: written.flag("http.server.header").unwrap_or(true),
            binds: Binds {
                http: written.bind("http.bind"),
                https: written.bind("https.bind"),
                ssl: written.bind("ssl.bind"),
                tcp: written.bind("tcp.bind"),
                ws: written.bind("ws.bind"),
                wss: written.bind("wss.bind"),
            },
        }
    }
}

impl ListenerOptions {
    /// `inactivity` is that of the services here: where nothing is said of idle connections, it holds for them, too.
    pub(in crate::config) fn of(written: &Written, inactivity: Option<Duration>) -> Self {
        let networks = written.list("tcp.trusted.proxies").unwrap_or_default();
        Self {
            tls: Tls::of(written),
            verify_client: match written.word("ssl.verify-client") {
                Some("optional") => VerifyClient::Optional,
                Some("required") => VerifyClient::Required,
                _ => VerifyClient::None,
            },
            handshakes: written.size("ssl.maximum.handshakes").unwrap_or(1_000),
            keepalive: written.time("http.keepalive.timeout").or(inactivity).unwrap_or(KEEPALIVE),
            header_size: written.size("http.maximum.header.size").unwrap_or(200 * 1024),
            header_timeout: written.time("http.header.timeout").unwrap_or(Duration::from_secs(10)),
            connections: written.size("tcp.maximum.connections").unwrap_or(20_000),
            connections_per_peer: written.size("tcp.maximum.connections.per.peer").unwrap_or(1_000),
            requests_per_peer: written.size("http.maximum.requests.per.peer").unwrap_or(500),
            request_rate_per_peer: written
                .count("http.maximum.request.rate.per.peer")
                .map_or(500, |rate| u32::try_from(rate).unwrap_or(u32::MAX)),
            outbound_rate: written.count("tcp.maximum.outbound.rate").and_then(NonZeroU64::new),
            proxy_protocol: written.flag("tcp.proxy.protocol").unwrap_or(false),
            forwarded: written.flag("http.forwarded").unwrap_or(false),
            trusted_proxies: networks.iter().filter_map(|network| network.parse().ok()).collect(),
        }
    }
}

impl ConnectOptions {
    pub(in crate::config) fn of(written: &Written) -> Self {
        let host = match written.value("http.host") {
            Some(Value::Text(text)) => HeaderValue::from_str(text).ok(),
            _ => None,
        };
        Self {
            tls: Tls::of(written),
            bind: written.bind("tcp.bind"),
            preface: match written.word("tcp.proxy.protocol") {
                Some("address") => Preface::Address,
                Some("identity") => Preface::Identity,
                _ => Preface::Nothing,
            },
            inactivity: written.time("ws.inactivity.timeout").filter(|time| !time.is_zero()),
            keepalive: written.flag("http.keepalive").unwrap_or(true),
            keepalive_timeout: written.time("http.keepalive.timeout").unwrap_or(KEPT),
            keepalive_connections: written.size("http.keepalive.connections").unwrap_or(KEPT_CONNECTIONS),
            redirects: written.size("http.maximum.redirects").unwrap_or(0),
            host,
            response_timeout: written.time("http.response.timeout").unwrap_or(Duration::from_secs(60)),
            connect_timeout: written.time("connect.timeout").unwrap_or(Duration::from_secs(5)),
        }
    }
}

impl Tls {
    fn of(written: &Written) -> Self {
        let list = |name, default: &[&str]| match written.find(name) {
            Some(option) => Spanned::new(written.list(name).unwrap_or_default(), option.span.clone()),
            None => Spanned::new(default.iter().map(|&word| word.to_owned()).collect(), 0..0),
        };
        Self {
            ciphers: list("ssl.ciphers", &["DEFAULT"]),
            protocols: list("ssl.protocols", &["TLSv1.2", "TLSv1.3"]),
            encryption: written.flag("ssl.encryption").unwrap_or(true),
        }
    }
}
