//! Who a client is that is reached through proxies, and what it called the gateway: `Forwarded` (RFC 7239) and the
//! fields `X-Forwarded-…` that came before it.
//!
//! Anybody can write these fields, so only what trusted peers added counts. Each proxy adds at the right whom it
//! was connected to: the walk begins there, and ends at the first address that is not trusted. What stands left
//! of it was written by strangers and is never looked at.
//!
//! A proxy that sets one kind of field passes the other on as its client wrote it. Where both are there and do
//! not lead to the same address, neither is believed.

mod element;

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header, uri::Authority};
use tgg::network::Network;

use element::{Element, Node};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Proxies that a request may have come through. A longer way is cut off there.
const MAX_HOPS: usize = 32;

/// Peers that are believed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trusted(Vec<Network>);

impl Trusted {
    /// These are believed.
    #[must_use]
    pub const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether this peer is believed.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// A client as it is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Client {
    /// Where it is: the peer itself, or whom the last trusted proxy named. Port 0 if that named none.
    pub address: SocketAddr,
    /// `http` or `https`, if the proxy that the client spoke to said so.
    pub scheme: Option<&'static str>,
    /// What the client called the gateway, if that proxy said so.
    pub host: Option<Authority>,
}

/// Finds the client behind `peer`. The fields are looked at only if the peer is trusted.
#[must_use]
pub fn client(headers: &HeaderMap, peer: SocketAddr, trusted: &Trusted) -> Client {
    let peer = canonical(peer);
    let itself = Client { address: peer, scheme: None, host: None };
    if !trusted.contains(peer.ip()) {
        return itself;
    }
    let standard = headers.contains_key(header::FORWARDED).then(|| by_standard(headers, &itself, trusted));
    let older =
        [FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO].iter().any(|name| headers.contains_key(name));
    let older = older.then(|| by_older(headers, &itself, trusted));
    match (standard, older) {
        (Some(standard), Some(older)) if standard.address.ip() == older.address.ip() => Client {
            address: standard.address,
            scheme: standard.scheme.or(older.scheme),
            host: standard.host.or(older.host),
        },
        (Some(_), Some(_)) | (None, None) => itself,
        (Some(client), None) | (None, Some(client)) => client,
    }
}

/// Walks `Forwarded`. What is malformed ends the walk like a node that is not known.
fn by_standard(headers: &HeaderMap, peer: &Client, trusted: &Trusted) -> Client {
    let mut client = peer.clone();
    let mut hops = 0;
    for line in headers.get_all(header::FORWARDED).iter().rev() {
        // A proxy may add to a line that a stranger began, so the line can only be read from its left.
        let Some(elements) = line.to_str().ok().and_then(element::read) else { return client };
        for Element { node, scheme, host } in elements.into_iter().rev() {
            hops += 1;
            (client.scheme, client.host) = (scheme, host);
            let Some(Node { address, port }) = node else { return client };
            client.address = SocketAddr::new(address, port);
            if hops == MAX_HOPS || !trusted.contains(address) {
                return client;
            }
        }
    }
    client
}

/// Walks `X-Forwarded-For`.
fn by_older(headers: &HeaderMap, peer: &Client, trusted: &Trusted) -> Client {
    let mut client = peer.clone();
    let mut hops = 0;
    for node in from_the_right(headers, &FORWARDED_FOR).take(MAX_HOPS) {
        hops += 1;
        let Some(Node { address, port }) = Node::read(node) else { break };
        client.address = SocketAddr::new(address, port);
        if !trusted.contains(address) {
            break;
        }
    }
    client.scheme = beside(headers, &FORWARDED_PROTO, hops).and_then(element::scheme);
    client.host = beside(headers, &FORWARDED_HOST, hops).and_then(element::host);
    client
}

/// The item of a list that belongs to the last node of the walk: proxies that add to the list of nodes add to this
/// one too, or say it once for all.
fn beside<'a>(headers: &'a HeaderMap, name: &HeaderName, hops: usize) -> Option<&'a str> {
    let mut items = from_the_right(headers, name);
    let last = items.next()?;
    match hops {
        0 | 1 => Some(last),
        _ => match items.nth(hops - 2) {
            Some(item) => Some(item),
            None if from_the_right(headers, name).nth(1).is_none() => Some(last),
            None => None,
        },
    }
}

/// The items of all lines of a field, the last one first.
fn from_the_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().rev();
    let read = |line: &'a HeaderValue| line.to_str().unwrap_or_default().rsplit(',').map(str::trim);
    lines.flat_map(read)
}

/// An IPv4 address as itself also where it is mapped into IPv6.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests;
