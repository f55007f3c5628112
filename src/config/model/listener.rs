//! Where the gateway listens: the addresses of all services, and what those that share one agree on.

use std::{collections::HashMap, net::IpAddr, ops::Range, time::Duration};

use super::{
    options::{Binds, ListenerOptions, VerifyClient, Written, WrittenOption},
    service::{Defaults, Draft, Required, Service},
    uri::{AcceptUri, Scheme},
};
use crate::config::{
    problems::Problems,
    report::{Problem, quoted},
    spanned::Spanned,
    value::Bind,
    vocabulary::ServiceType,
};

/// An address at which the gateway listens.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Where.
    pub bind: Bind,
    /// Whether for datagrams, and not for connections.
    pub datagrams: bool,
    /// Whether TLS is spoken.
    pub secure: bool,
    /// What the services here share.
    pub options: ListenerOptions,
    /// Which services are reached here.
    pub accepts: Vec<Accepted>,
}

/// A way to reach a service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// The service, by its place in [`super::Config::services`].
    pub service: usize,
    /// The URI, by its place in [`Service::accepts`].
    pub accept: usize,
}

/// The addresses, as they come together.
#[derive(Default)]
pub(in crate::config) struct Listeners<'a> {
    all: Vec<Gathered<'a>>,
    by_bind: HashMap<(bool, Option<&'a str>, u16), usize>,
}

/// An address and what services say about it.
struct Gathered<'a> {
    bind: Bind,
    datagrams: bool,
    /// Options that services here set themselves.
    written: Written,
    inactivity: Option<Duration>,
    accepts: Vec<(Accepted, &'a Draft, &'a Spanned<AcceptUri>)>,
}

impl<'a> Listeners<'a> {
    /// All addresses of these services.
    pub(in crate::config) fn gather(drafts: &'a [Draft], problems: &mut Problems) -> Self {
        let mut listeners = Self::default();
        for (service, draft) in drafts.iter().enumerate() {
            unused_binds(draft, problems);
            for (accept, uri) in draft.service.accepts.iter().enumerate() {
                listeners.add(Accepted { service, accept }, draft, uri, problems);
            }
        }
        listeners
    }

    fn add(
        &mut self,
        place: Accepted,
        draft: &'a Draft,
        uri: &'a Spanned<AcceptUri>,
        problems: &mut Problems,
    ) {
        let datagrams = uri.scheme == Scheme::Udp;
        let (host, port) = match draft.service.accept_options.binds.of(uri.scheme) {
            Some(bind) => (bind.host.as_deref(), bind.port),
            None => (Some(uri.host.as_str()), uri.port),
        };
        let next = self.all.len();
        let listener = *self.by_bind.entry((datagrams, host, port)).or_insert(next);
        if listener == next {
            let bind = Bind { host: host.map(str::to_owned), port };
            let written = Written::default();
            self.all.push(Gathered { bind, datagrams, written, inactivity: None, accepts: Vec::new() });
        }
        let Some(listener) = self.all.get_mut(listener) else { return };
        for option in draft.accept.all().iter().filter(|option| option.entry.shared) {
            listener.agree(option, problems);
        }
        listener.inactivity = listener.inactivity.max(draft.service.accept_options.inactivity);
        listener.accepts.push((place, draft, uri));
    }

    /// A port that is taken at all addresses cannot be taken at one of them again.
    fn overlap(&self, problems: &mut Problems) {
        let first = |gathered: &Gathered<'a>| gathered.accepts.first().map(|(_, draft, uri)| (*draft, *uri));
        let everywhere: HashMap<_, _> = self
            .all
            .iter()
            .filter(|gathered| gathered.is_everywhere() && gathered.bind.port != 0)
            .filter_map(|gathered| Some(((gathered.datagrams, gathered.bind.port), first(gathered)?)))
            .collect();
        for gathered in self.all.iter().filter(|gathered| !gathered.is_everywhere()) {
            let Some((draft, there)) = everywhere.get(&(gathered.datagrams, gathered.bind.port)) else {
                continue;
            };
            let Some((_, uri)) = first(gathered) else { continue };
            let (port, name) = (gathered.bind.port, quoted(&draft.service.name));
            let says = format!("the port {port} is taken at all addresses by the service {name}");
            let problem = Problem::error(uri.span.clone(), says)
                .help("choose another port, or listen at all addresses too");
            problems.push(problem.also(there.span.clone(), "here"));
        }
    }

    /// The listeners that they come to.
    pub(in crate::config) fn judge(
        self,
        defaults: &Defaults,
        keystore: bool,
        truststore: bool,
        problems: &mut Problems,
    ) -> Vec<Listener> {
        self.overlap(problems);
        let listeners = self.all.into_iter().map(|gathered| {
            let options = ListenerOptions::of(&gathered.written.over(&defaults.accept), gathered.inactivity);
            let spoken = |uri: &AcceptUri| uri.scheme.is_secure() && options.tls.encryption;
            let secure = gathered.accepts.iter().any(|(_, _, uri)| spoken(uri));
            gathered.apart(&spoken, problems);
            gathered.told_apart(problems);
            gathered.managed(problems);
            if secure && !keystore {
                gathered.without_keystore(&spoken, problems);
            }
            gathered.trusting(&options, defaults, problems);
            let asks = options.verify_client != VerifyClient::None;
            let said = gathered.said("ssl.verify-client", defaults);
            if asks && secure && !truststore {
                let says =
                    "certificates of clients are asked for, and there is no <truststore> to judge them by";
                let help = "add <truststore> with <file> to <security>";
                problems.push(Problem::error(said, says).help(help));
            } else if asks && !secure && gathered.written.find("ssl.verify-client").is_some() {
                let says = "<ssl.verify-client> does nothing: no service at this address speaks TLS";
                problems.push(Problem::warning(said, says).help("accept wss://, https:// or ssl://"));
            }
            let accepts = gathered.accepts.iter().map(|(place, _, _)| *place).collect();
            Listener { bind: gathered.bind, datagrams: gathered.datagrams, secure, options, accepts }
        });
        listeners.collect()
    }
}

impl Binds {
    /// Where to listen for URIs of this scheme: its own bind, or that of a layer below.
    fn of(&self, scheme: Scheme) -> Option<&Bind> {
        let binds = match scheme {
            Scheme::Http => [self.http.as_ref(), None, None, self.tcp.as_ref()],
            Scheme::Https => [self.https.as_ref(), self.ssl.as_ref(), None, self.tcp.as_ref()],
            Scheme::Ssl => [self.ssl.as_ref(), None, None, self.tcp.as_ref()],
            Scheme::Tcp => [None, None, None, self.tcp.as_ref()],
            Scheme::Udp => [None; 4],
            Scheme::Ws => [self.ws.as_ref(), self.http.as_ref(), None, self.tcp.as_ref()],
            Scheme::Wss => [self.wss.as_ref(), self.https.as_ref(), self.ssl.as_ref(), self.tcp.as_ref()],
        };
        binds.into_iter().flatten().next()
    }
}

/// Binds that no `<accept>` of the service is for.
fn unused_binds(draft: &Draft, problems: &mut Problems) {
    for option in draft.accept.all() {
        let Some((scheme, "bind")) = option.entry.name.split_once('.') else { continue };
        let served = |uri: &Spanned<AcceptUri>| match scheme {
            "tcp" => uri.scheme != Scheme::Udp,
            "ssl" => uri.scheme.is_secure(),
            "http" => matches!(uri.scheme, Scheme::Http | Scheme::Ws),
            "https" => matches!(uri.scheme, Scheme::Https | Scheme::Wss),
            word => uri.scheme.word() == word,
        };
        if !draft.service.accepts.is_empty() && !draft.service.accepts.iter().any(served) {
            let says =
                format!("<{}> does nothing: no <accept> of the service is {scheme}://", option.entry.name);
            problems.push(Problem::warning(option.span.clone(), says).help("take it out"));
        }
    }
}

impl Gathered<'_> {
    /// Takes an option that one service set: all others here have it too, so none may say otherwise.
    fn agree(&mut self, option: &WrittenOption, problems: &mut Problems) {
        match self.written.find(option.entry.name) {
            None => self.written.add(option.clone()),
            Some(first) if first.value.agrees_with(&option.value) || first.span == option.span => {}
            Some(first) => {
                let name = option.entry.name;
                let says = format!("<{name}> is not what another service at the same address says");
                let help = "services at one address share it: write the same value, or choose another port";
                let problem = Problem::error(option.span.clone(), says).help(help);
                problems.push(problem.also(first.span.clone(), "first here"));
            }
        }
    }

    /// Streams of octets take a whole port, and TLS is spoken to all clients of a port or to none.
    fn apart(&self, spoken: &impl Fn(&AcceptUri) -> bool, problems: &mut Problems) {
        let Some((_, first_draft, first)) = self.accepts.first() else { return };
        for (_, _, uri) in self.accepts.iter().skip(1) {
            let problem =
                |says: String| Problem::error(uri.span.clone(), says).also(first.span.clone(), "first here");
            let name = quoted(&first_draft.service.name);
            if !uri.scheme.is_web() || !first.scheme.is_web() {
                let says = format!("the service {name} is at the same port, and one of both is no web");
                problems.push(problem(says).help("services are told apart by host and path, which ws and http alone have; choose another port"));
            } else if spoken(uri) != spoken(first) {
                let says = format!("the service {name} is at the same port with {}://", first.scheme);
                problems
                    .push(problem(says).help("one port speaks TLS to all or to none; choose another port"));
            }
        }
    }

    /// Services at one address differ in host or path, or in whether they take sockets or requests.
    fn told_apart(&self, problems: &mut Problems) {
        let mut seen: HashMap<(bool, &str, &str), (&str, Range<usize>)> = HashMap::new();
        for (_, draft, uri) in self.accepts.iter().filter(|(_, _, uri)| uri.scheme.is_web()) {
            let key = (uri.scheme.is_socket(), uri.host.as_str(), uri.path.trim_end_matches('/'));
            let name = draft.service.name.as_str();
            if let Some((first, span)) = seen.insert(key, (name, uri.span.clone())) {
                let says =
                    format!("{} is where the service {} is reached", quoted(&uri.to_string()), quoted(first));
                let problem = Problem::error(uri.span.clone(), says)
                    .help("give one of them another path, host or port");
                problems.push(problem.also(span, "first here"));
            }
        }
    }

    /// Operators see all: whoever does not sit at this host needs a role.
    fn managed(&self, problems: &mut Problems) {
        let is_management = |service: &Service| service.kind.service_type() == ServiceType::Management;
        let other = self.accepts.iter().find(|(_, draft, _)| !is_management(&draft.service));
        for (_, Draft { service, .. }, uri) in &self.accepts {
            if !is_management(service) {
                continue;
            }
            let is_guarded = service.realm.is_some() && matches!(service.required, Required::Roles(_));
            if !self.is_loopback() && !is_guarded {
                let says = "the service shows who is connected and closes sessions, and others than this host reach it";
                let help = "add <realm-name> and an <authorization-constraint> with <require-role>, \
                            or accept at http://localhost:PORT/";
                problems.push(Problem::error(uri.span.clone(), says).help(help));
            }
            if let Some((_, other, first)) = other {
                let says =
                    format!("management shares its address with the service {}", quoted(&other.service.name));
                let problem = Problem::error(uri.span.clone(), says).help("choose a port of its own");
                problems.push(problem.also(first.span.clone(), "here"));
            }
        }
    }

    fn is_loopback(&self) -> bool {
        let is_address =
            |host: &str| host.parse().is_ok_and(|host: IpAddr| host.to_canonical().is_loopback());
        self.bind
            .host
            .as_deref()
            .is_some_and(|host| host.eq_ignore_ascii_case("localhost") || is_address(host))
    }

    fn is_everywhere(&self) -> bool {
        let is_address = |host: &str| host.parse().is_ok_and(|host: IpAddr| host.is_unspecified());
        self.bind.host.as_deref().is_none_or(is_address)
    }

    fn without_keystore(&self, spoken: &impl Fn(&AcceptUri) -> bool, problems: &mut Problems) {
        for (_, _, uri) in self.accepts.iter().filter(|(_, _, uri)| spoken(uri)) {
            let says = format!("{}:// needs a key and a certificate, and there is no <keystore>", uri.scheme);
            let help = "add <keystore> with <file> to <security>, or, behind a host that speaks TLS, \
                        <ssl.encryption>disabled</ssl.encryption>";
            problems.push(Problem::error(uri.span.clone(), says).help(help));
        }
    }

    /// Where an option is written that holds here.
    fn said(&self, name: &str, defaults: &Defaults) -> Range<usize> {
        let written = self.written.find(name).or_else(|| defaults.accept.find(name));
        written.map(|option| option.span.clone()).unwrap_or_default()
    }

    /// What is believed must come from somebody who is named.
    fn trusting(&self, options: &ListenerOptions, defaults: &Defaults, problems: &mut Problems) {
        if !options.trusted_proxies.is_empty() {
            return;
        }
        let switches =
            [("http.forwarded", options.forwarded), ("tcp.proxy.protocol", options.proxy_protocol)];
        for (name, _) in switches.into_iter().filter(|(_, on)| *on) {
            let says = format!("<{name}> is enabled, and nobody is trusted to say who the client is");
            let help = "add <tcp.trusted.proxies> with the addresses of the proxies: anybody else could claim to be anybody";
            problems.push(Problem::error(self.said(name, defaults), says).help(help));
        }
    }
}
