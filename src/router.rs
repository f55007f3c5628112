//! Which service a request is for: the host that it names, then the longest path that fits.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use http::{HeaderMap, Request, header};

use crate::{
    metrics::ServiceMetrics,
    pages::{Own, Pages},
    realm::Gate,
    service::Service,
    ws,
};

/// A service as it is served.
#[derive(Debug)]
pub struct Hosted {
    /// Its name, for records and metrics.
    pub name: Arc<str>,
    /// What stands in front of it.
    pub gate: Gate,
    /// Pages that may use it.
    pub pages: Pages,
    /// Hosts of its ways in, with ports other than the usual: its own pages come from there.
    pub authorities: Vec<String>,
    /// How it speaks with clients.
    pub manner: Manner,
    /// What clients are told with `Application Negotiate`: where they get tickets, and for whom.
    pub tickets_from: Vec<String>,
    /// Where it is counted.
    pub metrics: Arc<ServiceMetrics>,
    /// What it does.
    pub service: Service,
}

impl Hosted {
    /// What it is called by clients that reach it over this scheme.
    #[must_use]
    pub fn own<'a>(&'a self, scheme: &'a str) -> Own<'a> {
        Own { scheme, authorities: &self.authorities }
    }
}

/// How long a client may take until it is let in that logs in inside a socket. Its user may have to find a password.
pub const HANDSHAKE: Duration = Duration::from_secs(300);

/// How a service speaks with its clients.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Manner {
    /// Octets of the longest message on a socket.
    pub max_message: usize,
    /// How long nothing may come on a socket.
    pub inactivity: Option<Duration>,
    /// How long a client may take until it is let in that logs in inside a socket.
    pub handshake: Duration,
    /// Whether answers say in `Server` what answers.
    pub names_itself: bool,
}

/// That of flags, which bound what the services bound themselves.
impl Default for Manner {
    fn default() -> Self {
        Self { max_message: usize::MAX, inactivity: None, handshake: HANDSHAKE, names_itself: false }
    }
}

/// Which requests a way in is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The host that they name; without one, any.
    pub host: Option<String>,
    /// Their path, with its first slash and without its last.
    pub path: String,
    /// Whether paths below that count too.
    pub below: bool,
}

impl Place {
    /// All requests.
    #[must_use]
    pub const fn everywhere() -> Self {
        Self { host: None, path: String::new(), below: true }
    }

    /// The path as it is written.
    #[must_use]
    pub fn written(&self) -> String {
        if self.below { format!("{}/", self.path) } else { self.path.clone() }
    }
}

/// What a way in takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Takes {
    /// Sockets and requests.
    All,
    /// Requests, and sockets that no other way takes.
    Requests,
    /// Sockets, and requests that no other way takes: they are told what is served.
    Sockets,
}

/// What a user asks for to log out, below the path of any service whose realm has sessions. No path of a back end looks
/// like this.
pub const LOGOUT: &str = "/;api/logout";

/// What a user asks for to know who it is and until when, and to have its sockets last.
pub const SESSION: &str = "/;api/session";

/// All ways in at one address.
#[derive(Debug, Default)]
pub struct Routes {
    /// By host, which is empty for any.
    hosts: HashMap<String, Paths>,
}

/// What is at one host.
#[derive(Debug, Default)]
struct Paths {
    ends: HashMap<String, Ends>,
    /// Octets of the longest of them.
    longest: usize,
}

/// What is at one path.
#[derive(Debug, Default)]
struct Ends {
    sockets: Option<End>,
    requests: Option<End>,
}

/// A service at one path.
#[derive(Clone, Debug)]
struct End {
    hosted: Arc<Hosted>,
    below: bool,
}

/// The service that a request is for.
#[derive(Debug)]
pub struct Found {
    /// The service.
    pub hosted: Arc<Hosted>,
    /// Octets of the request's path that are the way in; what follows is below it.
    pub mount: usize,
}

impl Routes {
    /// Adds a way in. The first of two that are alike stays.
    pub fn add(&mut self, place: &Place, takes: Takes, hosted: &Arc<Hosted>) {
        let host = place.host.as_deref().map(host_key).unwrap_or_default();
        let paths = self.hosts.entry(host).or_default();
        paths.longest = paths.longest.max(place.path.len());
        let ends = paths.ends.entry(place.path.clone()).or_default();
        let end = || End { hosted: Arc::clone(hosted), below: place.below };
        if takes != Takes::Requests {
            ends.sockets.get_or_insert_with(end);
        }
        if takes != Takes::Sockets {
            ends.requests.get_or_insert_with(end);
        }
    }

    /// The service that a request is for.
    ///
    /// None is found for a path that a back end could read as one of another service: behind the gate of the one it
    /// would ask for what is behind the gate of the other.
    #[must_use]
    pub fn find<B>(&self, request: &Request<B>) -> Option<Found> {
        let named = request.uri().host().or_else(|| named(request.headers())).map(host_key);
        let (path, is_socket) = (request.uri().path(), ws::is_upgrade(request));
        let find = |path| self.at(named.as_deref(), path, is_socket);
        // The gateway answers it itself, so that it passes on to nobody: also where only sockets are served.
        let base = path.strip_suffix(LOGOUT).or_else(|| path.strip_suffix(SESSION));
        let of_users = base.filter(|base| plain(base).is_none()).and_then(find);
        let is_answered = |found: &Found| match path.ends_with(LOGOUT) {
            true => found.hosted.gate.has_sessions(),
            false => found.hosted.gate.realm().is_some(),
        };
        if let Some(found) = of_users.filter(is_answered) {
            return Some(found);
        }
        let found = find(path)?;
        let Some(plain) = plain(path) else { return Some(found) };
        let is_one = find(&plain).is_some_and(|other| {
            Arc::ptr_eq(&found.hosted, &other.hosted) && path.get(..found.mount) == plain.get(..other.mount)
        });
        is_one.then_some(found)
    }

    fn at(&self, host: Option<&str>, path: &str, is_socket: bool) -> Option<Found> {
        let mut tables = host.into_iter().chain([""]).filter_map(|host| self.hosts.get(host));
        tables.find_map(|paths| longest(paths, path, is_socket))
    }
}

/// The longest path that fits.
fn longest(paths: &Paths, asked: &str, is_socket: bool) -> Option<Found> {
    // What is longer than any is not looked for: a path may have ten thousand slashes.
    let mut end = match asked.as_bytes().get(..=paths.longest) {
        Some(octets) => octets.iter().rposition(|octet| *octet == b'/'),
        None => Some(asked.len()),
    };
    loop {
        let path = asked.get(..end?)?;
        let exact = path.len() == asked.len();
        if let Some(ends) = paths.ends.get(path) {
            let (first, second) =
                if is_socket { (&ends.sockets, &ends.requests) } else { (&ends.requests, &ends.sockets) };
            let fits = |end: &&End| exact || end.below;
            let end = first.as_ref().filter(fits).or_else(|| second.as_ref().filter(fits));
            if let Some(end) = end {
                return Some(Found { hosted: Arc::clone(&end.hosted), mount: path.len() });
            }
        }
        end = path.rfind('/');
    }
}

/// A path as the most lenient of servers reads it, if that may be another: what is percent-encoded is decoded,
/// backslashes are slashes, parameters of segments are nothing, and so are empty segments and those of one dot.
fn plain(path: &str) -> Option<String> {
    if !path.contains(['%', '\\', ';']) && !path.contains("//") && !path.contains("/.") {
        return None;
    }
    let mut octets = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, behind @ ..] = rest {
        let digit = |place: usize| behind.get(place).and_then(|octet| char::from(*octet).to_digit(16));
        let decoded = match (*first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        octets.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    let decoded = String::from_utf8_lossy(&octets);
    let segments = decoded.split(['/', '\\']).map(|segment| segment.split(';').next().unwrap_or_default());
    let mut plain = String::with_capacity(decoded.len());
    for segment in segments.filter(|segment| !matches!(*segment, "" | ".")) {
        plain.extend(["/", segment]);
    }
    if decoded.ends_with(['/', '\\']) || plain.is_empty() {
        plain.push('/');
    }
    Some(plain)
}

/// The host that a request names in its field.
fn named(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    // A colon inside brackets is part of an address.
    match host.rfind(':').filter(|colon| !host.get(*colon..).unwrap_or_default().contains(']')) {
        Some(colon) => host.get(..colon),
        None => Some(host),
    }
}

/// Names that are one host are one key: their case and a last dot do not count, and this host is called alike from
/// itself by name and by address.
fn host_key(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    if is_loopback { "localhost".to_owned() } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kdc::Kdcs, limits::Principals, metrics::Metrics, pages::Visitors,
        service::kerberos5_proxy::Kerberos5Proxy,
    };

    /// Ways in, each written as `HOST/PATH`; a slash at the end takes what is below too, and `ws:` or `http:` in front
    /// takes only that. The service is named alike.
    fn routes(ways: &[&str]) -> Routes {
        let mut routes = Routes::default();
        let metrics = Metrics::new(&Arc::default(), &Arc::default());
        for way in ways {
            let (takes, rest) = match way.split_once(':') {
                Some(("ws", rest)) => (Takes::Sockets, rest),
                Some(("http", rest)) => (Takes::Requests, rest),
                _ => (Takes::All, *way),
            };
            let (host, path) = rest.split_at(rest.find('/').unwrap());
            let place = Place {
                host: (!host.is_empty()).then(|| host.to_owned()),
                path: path.trim_end_matches('/').to_owned(),
                below: path.ends_with('/'),
            };
            let kdcs = Kdcs::new(Arc::default(), Duration::ZERO);
            let service = Service::Kerberos5Proxy(Arc::new(Kerberos5Proxy::new(kdcs, Principals::new(0))));
            let pages = Pages::listed([], Visitors::Strangers).unwrap();
            routes.add(
                &place,
                takes,
                &Arc::new(Hosted {
                    metrics: metrics.service(way),
                    name: (*way).into(),
                    gate: Gate::Open,
                    pages,
                    authorities: vec![],
                    manner: Manner::default(),
                    tickets_from: vec![],
                    service,
                }),
            );
        }
        routes
    }

    fn find(routes: &Routes, host: &str, path: &str, is_socket: bool) -> Option<(String, usize)> {
        let mut request = Request::builder().uri(path);
        if !host.is_empty() {
            request = request.header("host", host);
        }
        if is_socket {
            request = request.header("upgrade", "websocket");
        }
        let found = routes.find(&request.body(()).unwrap())?;
        Some((found.hosted.name.to_string(), found.mount))
    }

    fn requested(routes: &Routes, host: &str, path: &str) -> Option<String> {
        find(routes, host, path, false).map(|(name, _)| name)
    }

    #[test]
    fn the_longest_path_chooses_and_only_whole_segments_count() {
        let routes = routes(&["/", "/app/", "/app/x"]);
        for (path, name, mount) in [
            ("/", "/", 0),
            ("/application", "/", 0),
            ("/app", "/app/", 4),
            ("/app/", "/app/", 4),
            ("/app/x", "/app/x", 6),
            ("/app/x/y", "/app/", 4),
            ("/app/xy?q=/app/x", "/app/", 4),
        ] {
            assert_eq!(find(&routes, "gw", path, false), Some((name.to_owned(), mount)), "{path}");
        }
    }

    #[test]
    fn a_path_that_a_back_end_could_read_as_one_of_another_service_finds_nothing() {
        let routes = routes(&["/", "/admin/", "/admin/exact"]);
        for path in [
            "//admin/x",
            "/./admin/x",
            "/%61dmin/x",
            "/%2fadmin",
            "/%5Cadmin",
            "/\\admin/x",
            "/;v=1/admin/x",
            "/admin;v=1/x",
            "/admin/./exact",
            "/admin/ex%61ct",
        ] {
            assert_eq!(requested(&routes, "gw", path), None, "{path}");
        }
        for path in
            ["/a//b", "/%61/b", "/a;v=1", "/x%2fadmin", "/.well-known/x", "/%", "/%zz", "/100%25", "/a/."]
        {
            assert_eq!(requested(&routes, "gw", path).as_deref(), Some("/"), "{path}");
        }
        for path in ["/admin//x", "/admin/%61", "/admin/x;v=1", "/admin/.", "/admin//"] {
            assert_eq!(requested(&routes, "gw", path).as_deref(), Some("/admin/"), "{path}");
        }
    }

    #[test]
    fn a_path_of_slashes_alone_costs_no_more_than_its_length() {
        let routes = routes(&["/app/"]);
        let path = "/".repeat(60_000);
        // Looked up slash by slash this takes seconds, each time.
        for _ in 0..1_000 {
            assert_eq!(requested(&routes, "gw", &path), None);
        }
    }

    #[test]
    fn a_path_without_its_slash_is_served_alone() {
        let routes = routes(&["/echo"]);
        assert_eq!(requested(&routes, "gw", "/echo"), Some("/echo".to_owned()));
        for path in ["/", "/echo/", "/echo/x", "/Echo", "/echoes"] {
            assert_eq!(requested(&routes, "gw", path), None, "{path}");
        }
    }

    #[test]
    fn a_host_that_is_named_goes_before_any_and_its_port_and_case_do_not_count() {
        let routes = routes(&["a.test/", "b.test/x", "/"]);
        for host in ["a.test", "A.Test:8443", "a.test."] {
            assert_eq!(requested(&routes, host, "/x").as_deref(), Some("a.test/"), "{host}");
        }
        assert_eq!(requested(&routes, "b.test", "/x").as_deref(), Some("b.test/x"));
        assert_eq!(requested(&routes, "b.test", "/y").as_deref(), Some("/"), "what it does not serve itself");
        assert_eq!(requested(&routes, "", "/y").as_deref(), Some("/"));
    }

    #[test]
    fn a_host_that_is_not_served_finds_nothing() {
        let routes = routes(&["localhost/"]);
        for host in ["localhost:1", "127.0.0.1", "[::1]:80", "LOCALHOST"] {
            assert!(requested(&routes, host, "/").is_some(), "{host}");
        }
        // A page elsewhere whose name was made to mean this host (DNS rebinding).
        for host in ["evil.test", "localhost.evil.test", "192.0.2.1", ""] {
            assert_eq!(requested(&routes, host, "/"), None, "{host}");
        }
    }

    #[test]
    fn sockets_and_requests_at_one_path_may_be_two_services() {
        let routes = routes(&["ws:/x", "http:/x", "http:/y", "ws:/z"]);
        let names = |path| [false, true].map(|is_socket| find(&routes, "gw", path, is_socket).unwrap().0);
        assert_eq!(names("/x"), ["http:/x", "ws:/x"]);
        assert_eq!(names("/y"), ["http:/y", "http:/y"]);
        assert_eq!(names("/z"), ["ws:/z", "ws:/z"]);
    }
}
