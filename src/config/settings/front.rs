//! Where the gateway listens: addresses, TLS, limits, and the ways in to services.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use super::store;
use crate::{
    config::{
        model::{
            Config,
            kind::Kind,
            listener::{Accepted, Listener},
            options::{Tls, VerifyClient},
            service::Service,
            uri::{AcceptUri, Scheme},
        },
        report::Problem,
        spanned::Spanned,
        value::Bind,
    },
    forwarded::Trusted,
    gateway::{Door, HallSettings, Serves},
    hall::{Carriers, Offloaders},
    limits::{Allowed, Timeouts},
    router::{Place, Takes},
    throttle::Rate,
    tls::{self, ClientCertificates, Identities, protocols::Protocols, suites::Suites},
};

/// All addresses, and what peers may ask for at each.
pub(super) fn halls(config: &Config, problems: &mut Vec<Problem>) -> (Vec<HallSettings>, Vec<Allowed>) {
    let (mut halls, mut allowed) = (Vec::new(), Vec::new());
    for listener in &config.listeners {
        let Some(hall) = hall(config, listener, allowed.len(), problems) else { continue };
        let options = &listener.options;
        allowed.push(Allowed {
            connections: options.connections,
            connections_per_peer: options.connections_per_peer,
            handshakes: options.handshakes,
            in_flight_per_peer: options.requests_per_peer,
            peer_rate: options.request_rate_per_peer,
        });
        halls.push(hall);
    }
    (halls, allowed)
}

fn hall(
    config: &Config,
    listener: &Listener,
    allowed: usize,
    problems: &mut Vec<Problem>,
) -> Option<HallSettings> {
    let (_, first_service, first) = accepts(config, listener).next()?;
    let listen = address(&listener.bind, first, problems);
    let tls = listener.secure.then(|| server_tls(config, listener, first, problems));
    let options = &listener.options;
    let serves = match first.scheme {
        scheme if scheme.is_web() => Serves::Web(doors(config, listener)),
        scheme => octets(listener, first_service, scheme),
    };
    Some(HallSettings {
        listen: listen?,
        serves,
        // Without settings there is a problem, and no gateway.
        tls: tls.flatten(),
        is_secure: first.scheme.is_secure(),
        allowed,
        timeouts: Timeouts { idle: options.keepalive, message: options.header_timeout },
        max_head: options.header_size,
        rate: options.outbound_rate.map(Rate::new),
        offloaders: Offloaders {
            trusted: Trusted::new(options.trusted_proxies.clone()),
            proxy_protocol: options.proxy_protocol,
            forwarded: options.forwarded,
        },
    })
}

/// The ways in at an address: which, to what, and where that is written.
fn accepts<'a>(
    config: &'a Config,
    listener: &'a Listener,
) -> impl Iterator<Item = (usize, &'a Service, &'a Spanned<AcceptUri>)> {
    listener.accepts.iter().filter_map(|Accepted { service, accept }| {
        let found = config.services.get(*service)?;
        Some((*service, found, found.accepts.get(*accept)?))
    })
}

fn doors(config: &Config, listener: &Listener) -> Vec<Door> {
    let doors = accepts(config, listener).map(|(service, _, uri)| Door {
        scheme: uri.scheme.word(),
        place: place(uri),
        takes: if uri.scheme.is_socket() { Takes::Sockets } else { Takes::Requests },
        service,
    });
    doors.collect()
}

/// Which requests a URI is for. What stands for all addresses of this host is called anything.
fn place(uri: &AcceptUri) -> Place {
    let is_unspecified = uri.host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
    // A socket has one path, unless its URI ends in a slash; requests are for all that is below.
    let below = !uri.scheme.is_socket() || uri.path.ends_with('/');
    Place {
        host: (!is_unspecified).then(|| uri.host.clone()),
        path: uri.path.trim_end_matches('/').to_owned(),
        below,
    }
}

/// An address without paths.
fn octets(listener: &Listener, service: &Service, scheme: Scheme) -> Serves {
    let place = listener.accepts.first().map_or(0, |accepted| accepted.service);
    match &service.kind {
        Kind::Kerberos5Proxy(_) => {
            Serves::Raw(place, if scheme == Scheme::Udp { Carriers::Udp } else { Carriers::Tcp })
        }
        _ => Serves::Octets(place, scheme.word()),
    }
}

/// Where to listen. A name is looked up once, now.
fn address(bind: &Bind, uri: &Spanned<AcceptUri>, problems: &mut Vec<Problem>) -> Option<SocketAddr> {
    let host = bind.host.as_deref().unwrap_or("0.0.0.0");
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, bind.port));
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Some(SocketAddr::from(([127, 0, 0, 1], bind.port)));
    }
    match (host, bind.port).to_socket_addrs().map(|mut found| found.next()) {
        Ok(Some(address)) => Some(address),
        failed => {
            let why = failed.err().map(|error| format!(": {error}")).unwrap_or_default();
            let says = format!("the host `{host}` has no address here{why}");
            let help = format!(
                "say where to listen with <{0}.bind>0.0.0.0:{1}</{0}.bind> in its <accept-options>",
                uri.scheme, bind.port
            );
            problems.push(Problem::error(uri.span.clone(), says).help(help));
            None
        }
    }
}

/// How TLS is spoken at an address.
fn server_tls(
    config: &Config,
    listener: &Listener,
    first: &Spanned<AcceptUri>,
    problems: &mut Vec<Problem>,
) -> Option<tls::Settings> {
    let options = &listener.options;
    let spoken = spoken(&options.tls, problems);
    let keystore = store(config.keystore.as_ref()?);
    let truststore = config.truststore.as_ref().map(store);
    let client = match (options.verify_client, truststore) {
        (VerifyClient::Optional, Some(truststore)) => ClientCertificates::Optional(truststore),
        (VerifyClient::Required, Some(truststore)) => ClientCertificates::Required(truststore),
        _ => ClientCertificates::None,
    };
    let (protocols, suites) = spoken?;
    let identities = Identities::Store(keystore);
    Some(tls::Settings { identities, default_host: Some(first.host.clone()), protocols, suites, client })
}

/// Versions and suites.
pub(super) fn spoken(tls: &Tls, problems: &mut Vec<Problem>) -> Option<(Protocols, Suites)> {
    let protocols = judged("ssl.protocols", &tls.protocols, Protocols::parse, problems);
    let suites = judged("ssl.ciphers", &tls.ciphers, Suites::parse, problems);
    Some((protocols?, suites?))
}

/// A list, judged by those who use it.
fn judged<T: Default, E: std::error::Error>(
    name: &str,
    written: &Spanned<Vec<String>>,
    parse: impl Fn(&str) -> Result<T, E>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    // What stands nowhere is the default.
    if written.span.is_empty() {
        return Some(T::default());
    }
    match parse(&written.join(",")) {
        Ok(list) => Some(list),
        Err(error) => {
            let problem = Problem::error(written.span.clone(), format!("<{name}> cannot be used"));
            problems.push(problem.help(error.to_string()));
            None
        }
    }
}
