//! What services are built of.

use std::net::{SocketAddr, ToSocketAddrs as _};

use super::{access::Realms, front, store};
use crate::{
    config::{
        model::{
            Config,
            cross_site::CrossSite,
            kind::{self, Kind, Publisher, Strategy, UseForwarded},
            options::ConnectOptions,
            service::Service,
            uri::{ConnectUri, Scheme},
        },
        report::Problem,
        spanned::Spanned,
        value,
    },
    gateway::{self, Access, ServiceSettings, broadcasting, granting::Granting},
    pages::{self, Pages, Visitors},
    router::Manner,
    service::{
        directory::{self, Directory, Location, MimeTypes, SymbolicLinks},
        echo::Echo,
        proxy::{
            self, Joining,
            backends::Way,
            forwarding::Forwarding,
            identity::Identity,
            pool::Keeping,
            rewrite::{Mapping, Rewriting},
            url::{self, BackendUrl},
        },
        redirect::Redirect,
    },
    signing::Keyring,
    splice::Silence,
    tls::client::{Authorities, ClientSettings},
};
use tgg::routes::{ANY_REALM, KrbRealm};

/// All services, in their order.
pub(super) struct Services {
    pub(super) settings: Vec<ServiceSettings>,
}

impl Services {
    pub(super) fn of(config: &Config, realms: &Realms, problems: &mut Vec<Problem>) -> Self {
        let settings = config.services.iter().filter_map(|service| {
            let access = realms.access(service);
            let visitors = if access == Access::Everybody { Visitors::Strangers } else { Visitors::Known };
            let kind = Reading { config, service, problems }.kind();
            let pages = pages(&service.cross_site, visitors, problems);
            let options = &service.accept_options;
            Some(ServiceSettings {
                name: service.name.value.clone(),
                access,
                pages: pages?,
                authorities: service.accepts.iter().map(|uri| authority(uri)).collect(),
                manner: Manner {
                    max_message: options.maximum_message,
                    inactivity: options.inactivity,
                    handshake: options.handshake,
                    names_itself: options.server_header,
                },
                tickets_from: service.application_negotiate.words(),
                kind: kind?,
            })
        });
        Self { settings: settings.collect() }
    }
}

/// Host and port as clients write them.
fn authority(uri: &crate::config::model::uri::AcceptUri) -> String {
    let whole = uri.to_string();
    let host = whole.split_once("://").map_or(whole.as_str(), |(_, rest)| rest);
    host.split('/').next().unwrap_or_default().to_owned()
}

/// Which pages may use a service.
fn pages(constraints: &[CrossSite], visitors: Visitors, problems: &mut Vec<Problem>) -> Option<Pages> {
    let mut invited = Vec::new();
    for constraint in constraints {
        let origin = &constraint.allow_origin;
        let methods = constraint.allow_methods.iter().map(http::Method::as_str);
        let headers = constraint.allow_headers.iter().map(http::HeaderName::as_str);
        let age = constraint.maximum_age.map(|age| age.as_secs());
        match pages::CrossSite::new(&origin.value.to_string(), methods, headers, age) {
            Ok(constraint) => invited.push(constraint),
            Err(error) => {
                problems.push(
                    Problem::error(origin.span.clone(), "the constraint cannot be used")
                        .help(error.to_string()),
                );
                return None;
            }
        }
    }
    Some(Pages::constrained(invited, visitors))
}

struct Reading<'a> {
    config: &'a Config,
    service: &'a Service,
    problems: &'a mut Vec<Problem>,
}

impl Reading<'_> {
    fn kind(mut self) -> Option<gateway::Kind> {
        Some(match &self.service.kind {
            Kind::Broadcast(broadcast) => gateway::Kind::Broadcast(Box::new(self.broadcast(broadcast)?)),
            Kind::Directory(directory) => gateway::Kind::Directory(self.directory(directory)?),
            Kind::Echo(repeat) => gateway::Kind::Echo(Echo::new(
                std::num::NonZeroU32::try_from(*repeat).unwrap_or(std::num::NonZeroU32::MAX),
            )),
            Kind::HttpProxy(http) => gateway::Kind::Proxy(Box::new(self.http_proxy(http)?)),
            Kind::HttpRedirect(redirect) => gateway::Kind::Redirect(self.redirect(redirect)?),
            Kind::Kerberos5Proxy(kerberos) => gateway::Kind::Granting(granting(kerberos)),
            Kind::Management => gateway::Kind::Management,
            Kind::Proxy(proxy) => gateway::Kind::Proxy(Box::new(self.proxy(proxy)?)),
        })
    }

    fn broadcast(&mut self, broadcast: &kind::Broadcast) -> Option<broadcasting::Settings> {
        let from = match &broadcast.publisher {
            Publisher::Accept(uri) => broadcasting::Publisher::Accept(self.address(uri)?),
            Publisher::Connect(uri) => broadcasting::Publisher::Connect {
                url: backend(uri, self.service.connect_options.tls.encryption),
                tls: self.client_tls()?,
                way: Box::new(self.way()?),
            },
        };
        let options = &self.service.accept_options;
        Some(broadcasting::Settings {
            from,
            pending: broadcast.pending,
            max_message: options.maximum_message,
            inactivity: self.service.connect_options.inactivity,
        })
    }

    fn directory(&mut self, directory: &kind::Directory) -> Option<directory::Settings> {
        let mut locations = Vec::new();
        for location in &directory.locations {
            let patterns = location.patterns.iter().map(String::as_str);
            match Location::new(patterns, &location.cache_control, |text| value::time(text).ok()) {
                Ok(location) => locations.push(location),
                Err(error) => {
                    let says = "<cache-control> cannot be used";
                    let span = location.cache_control.span.clone();
                    self.problems.push(Problem::error(span, says).help(error.to_string()));
                    return None;
                }
            }
        }
        let types =
            self.service.mime.iter().map(|mime| {
                (mime.extension.clone(), mime.media_type.to_str().unwrap_or_default().to_owned())
            });
        let mime = match MimeTypes::new(types) {
            Ok(mime) => mime,
            Err(error) => {
                let span = self.service.name.span.clone();
                self.problems.push(
                    Problem::error(span, "a <mime-mapping> of this service cannot be used")
                        .help(error.to_string()),
                );
                return None;
            }
        };
        let settings = directory::Settings {
            root: directory.root.value.clone(),
            welcome: directory.welcome.clone(),
            listing: directory.listing,
            symbolic_links: if directory.follows_links {
                SymbolicLinks::Unrestricted
            } else {
                SymbolicLinks::Restricted
            },
            error_pages: directory.error_pages.as_ref().map(|pages| pages.value.clone()),
            locations,
            mime,
        };
        if let Err(error) = Directory::open(settings.clone()) {
            let span = directory.root.span.clone();
            self.problems
                .push(Problem::error(span, "the directory cannot be served").help(error.to_string()));
            return None;
        }
        Some(settings)
    }

    fn redirect(&mut self, redirect: &kind::HttpRedirect) -> Option<Redirect> {
        let location = redirect.location.to_str().unwrap_or_default();
        Redirect::new(location, redirect.status)
            .inspect_err(|error| {
                let span = self.service.name.span.clone();
                self.problems
                    .push(Problem::error(span, "the redirect cannot be used").help(error.to_string()));
            })
            .ok()
    }

    fn http_proxy(&mut self, http: &kind::HttpProxy) -> Option<proxy::Settings> {
        let mapped = |mappings: &Option<Vec<kind::Mapping>>| {
            let each =
                |mapping: &kind::Mapping| Mapping { from: mapping.from.clone(), to: mapping.to.clone() };
            mappings.as_ref().map(|mappings| mappings.iter().map(each).collect::<Vec<_>>())
        };
        let rewriting = Rewriting {
            cookie_domain: mapped(&http.cookie_domains),
            cookie_path: mapped(&http.cookie_paths),
            location: mapped(&http.locations),
        };
        let forwarding = match http.forwarded {
            UseForwarded::Exclude => Forwarding::Exclude,
            UseForwarded::Ignore => Forwarding::Ignore,
            UseForwarded::Inject => Forwarding::Inject,
        };
        let lifetime = http.socket_lifetime;
        let settings = self.passing(http.identity.clone(), lifetime)?;
        Some(proxy::Settings { forwarding, fronting: Some(rewriting), ..settings })
    }

    fn proxy(&mut self, proxy: &kind::Proxy) -> Option<proxy::Settings> {
        let mut settings = self.passing(proxy.identity.clone(), proxy.socket_lifetime)?;
        settings.is_deferred = proxy.strategy == Strategy::Deferred;
        settings.joining.pending = proxy.pending;
        settings.way.prepared = if proxy.strategy == Strategy::Prepared { proxy.prepared } else { 0 };
        settings.way.recovery = proxy.recovery;
        Some(settings)
    }

    /// What all that pass on have in common.
    fn passing(
        &mut self,
        identity: Identity,
        lifetime: Option<std::time::Duration>,
    ) -> Option<proxy::Settings> {
        if let Some(file) = identity.token.as_ref().and_then(|token| token.keys.as_deref())
            && let Err(error) = Keyring::read(file)
        {
            let says = "the back end cannot be told of users in tokens";
            let problem = Problem::error(self.service.name.span.clone(), says);
            self.problems.push(problem.help(error.to_string()));
            return None;
        }
        let speaks_tls = self.service.connect_options.tls.encryption;
        let silence = Silence {
            client: self.service.accept_options.inactivity,
            backend: self.service.connect_options.inactivity,
        };
        let urls = self.service.connects.iter().map(|uri| backend(uri, speaks_tls));
        let (requests, sockets) = urls.partition(|url: &BackendUrl| url.scheme.takes_requests());
        Some(proxy::Settings {
            sockets,
            requests,
            way: self.way()?,
            is_deferred: false,
            identity,
            preface: self.service.connect_options.preface,
            forwarding: Forwarding::Own,
            fronting: None,
            joining: Joining {
                lifetime,
                silence,
                max_message: u64::try_from(self.service.accept_options.maximum_message).unwrap_or(u64::MAX),
                ..Joining::default()
            },
            tls: self.client_tls()?,
        })
    }

    fn way(&mut self) -> Option<Way> {
        let ConnectOptions {
            bind,
            keepalive,
            keepalive_timeout,
            keepalive_connections,
            redirects,
            host,
            response_timeout,
            connect_timeout,
            ..
        } = self.service.connect_options.clone();
        let source = match bind {
            None => None,
            Some(bind) => {
                let host = bind.host.unwrap_or_else(|| "0.0.0.0".to_owned());
                match host.parse() {
                    Ok(address) => Some(SocketAddr::new(address, bind.port)),
                    Err(_) => {
                        let says = format!("<tcp.bind> in <connect-options> names `{host}`");
                        let help = "write the gateway's own address, such as 10.0.0.1:0";
                        self.problems.push(Problem::error(self.service.name.span.clone(), says).help(help));
                        return None;
                    }
                }
            }
        };
        let connections = if keepalive { keepalive_connections } else { 0 };
        Some(Way {
            host,
            connect: connect_timeout,
            respond: response_timeout,
            source,
            keeping: Keeping { connections, fresh: keepalive_timeout },
            redirects,
            prepared: 0,
            recovery: None,
        })
    }

    fn client_tls(&mut self) -> Option<ClientSettings> {
        let (protocols, suites) = front::spoken(&self.service.connect_options.tls, self.problems)?;
        let authorities = match &self.config.truststore {
            Some(truststore) => Authorities::Store(store(truststore)),
            None => Authorities::System,
        };
        Some(ClientSettings { authorities, protocols, suites })
    }

    /// Where publishers dial in.
    fn address(&mut self, uri: &Spanned<ConnectUri>) -> Option<SocketAddr> {
        let found = (uri.host.as_str(), uri.port).to_socket_addrs().ok().and_then(|mut found| found.next());
        if found.is_none() {
            let says = format!("the host `{}` has no address here", uri.host);
            let help = "write an address of this host, such as tcp://127.0.0.1:9000";
            self.problems.push(Problem::error(uri.span.clone(), says).help(help));
        }
        found
    }
}

/// Kerberos for the realms that are named, and for any other where a KDC is named without one.
fn granting(kerberos: &kind::Kerberos5Proxy) -> Granting {
    let mut realms = kerberos.krb_realms.clone();
    if !kerberos.any_realm.is_empty() {
        realms.push(KrbRealm {
            name: ANY_REALM.to_owned(),
            kdcs: kerberos.any_realm.clone(),
            ..KrbRealm::default()
        });
    }
    Granting {
        realms,
        lookup: kerberos.lookup.clone(),
        deadline: kerberos.deadline,
        principal_rate: kerberos.principal_rate,
    }
}

/// Where a back end is. Where TLS is not spoken, another scheme carries the same to the same port.
fn backend(uri: &ConnectUri, speaks_tls: bool) -> BackendUrl {
    let scheme = match (uri.scheme, speaks_tls) {
        (Scheme::Https, true) => url::Scheme::Https,
        (Scheme::Http | Scheme::Https, _) => url::Scheme::Http,
        (Scheme::Ssl, true) => url::Scheme::Ssl,
        (Scheme::Tcp | Scheme::Ssl | Scheme::Udp, _) => url::Scheme::Tcp,
        (Scheme::Wss, true) => url::Scheme::Wss,
        (Scheme::Ws | Scheme::Wss, _) => url::Scheme::Ws,
    };
    let ConnectUri { host, port, mut authority, base, ends_with_slash, .. } = uri.clone();
    if uri.scheme.is_secure() && !speaks_tls && !authority.ends_with(&format!(":{port}")) {
        // The usual port is no longer the one that it was written without.
        authority = format!("{authority}:{port}");
    }
    BackendUrl { scheme, host, port, authority, base, ends_with_slash }
}
