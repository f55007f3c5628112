//! Which service a request is for: the host that it names, then the longest path that fits.

mod origins;

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use http::{HeaderMap, Request, header};

pub use self::origins::{OriginError, Origins, invited, origin};
use crate::{realm::Gate, service::Service, ws};

/// A service as it is served.
#[derive(Debug)]
pub struct Hosted {
    /// Its name, for records and metrics.
    pub name: Arc<str>,
    /// What stands in front of it.
    pub gate: Gate,
    /// Pages that may use it.
    pub origins: Origins,
    /// What it does.
    pub service: Service,
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

/// All ways in at one address.
#[derive(Debug, Default)]
pub struct Routes {
    /// By host, which is empty for any.
    hosts: HashMap<String, HashMap<String, Ends>>,
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
        let ends = self.hosts.entry(host).or_default().entry(place.path.clone()).or_default();
        let end = || End { hosted: Arc::clone(hosted), below: place.below };
        if takes != Takes::Requests {
            ends.sockets.get_or_insert_with(end);
        }
        if takes != Takes::Sockets {
            ends.requests.get_or_insert_with(end);
        }
    }

    /// The service that a request is for.
    #[must_use]
    pub fn find<B>(&self, request: &Request<B>) -> Option<Found> {
        let named = request.uri().host().or_else(|| named(request.headers())).map(host_key);
        let is_socket = ws::is_upgrade(request);
        let hosts = named.as_deref().into_iter().chain([""]);
        let mut tables = hosts.filter_map(|host| self.hosts.get(host));
        tables.find_map(|paths| longest(paths, request.uri().path(), is_socket))
    }
}

/// The longest path that fits.
fn longest(paths: &HashMap<String, Ends>, asked: &str, is_socket: bool) -> Option<Found> {
    let mut path = asked;
    loop {
        let exact = path.len() == asked.len();
        if let Some(ends) = paths.get(path) {
            let (first, second) =
                if is_socket { (&ends.sockets, &ends.requests) } else { (&ends.requests, &ends.sockets) };
            let fits = |end: &&End| exact || end.below;
            let end = first.as_ref().filter(fits).or_else(|| second.as_ref().filter(fits));
            if let Some(end) = end {
                return Some(Found { hosted: Arc::clone(&end.hosted), mount: path.len() });
            }
        }
        path = path.get(..path.rfind('/')?)?;
    }
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
