//! From settings to what is served: everything is built before anything is put in place.
//!
//! What a reload must not forget is taken over from the generation before: which authenticators were used, sessions,
//! past certificates, what is known of KDCs, and how many connections a peer has.

use std::{
    collections::HashSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;

use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Access, Door, HallSettings, Kind, Serves, ServiceSettings, Settings, StartError,
    broadcasting::{OpenBroadcast, Publisher},
    granting::OpenGranting,
};
use crate::{
    hall::{self, Carriers, Front, Line, Post},
    health::Watch,
    instruments::Instruments,
    limits::{Allowed, Limits},
    realm::{Gate, Realm, kept::Kept},
    router::{Hosted, Routes},
    service::{
        Service,
        directory::Directory,
        management::{Inside, Management},
        proxy::{Proxy, watch::Behind},
    },
    signing::{Keyring, KeyringError},
    tls::{self, Keys, ServerTls, client::ClientSettings},
};

/// What came of settings.
pub(super) struct Built {
    pub(super) generation: Generation,
    pub(super) posts: Vec<Post>,
}

/// What was built at one time. What runs beside it ends when it is dropped.
pub(super) struct Generation {
    /// Places for connections in all.
    room: Arc<Semaphore>,
    kept: Arc<Kept>,
    realms: Vec<Arc<Realm>>,
    grantings: Vec<Arc<OpenGranting>>,
    broadcasts: Vec<OpenBroadcast>,
    /// Read once for all who speak TLS alike.
    client_tls: Vec<(ClientSettings, Arc<ClientConfig>)>,
    /// What services sign with, each file once.
    keyrings: Vec<(Option<PathBuf>, Arc<Keyring>)>,
    tls: Vec<(SocketAddr, Arc<ServerTls>)>,
    limits: Vec<OpenLimits>,
    /// All services, in their order.
    services: Vec<Arc<Hosted>>,
    /// Who looks whether what modules judge by has changed, and after back ends.
    watching: Vec<AbortOnDropHandle<()>>,
}

/// Counts, and what they are for.
#[derive(Clone)]
struct OpenLimits {
    place: usize,
    allowed: Allowed,
    limits: Arc<Limits>,
    _tidied: Arc<AbortOnDropHandle<()>>,
}

/// Builds all that the settings say.
pub(super) async fn build(
    settings: Settings,
    instruments: &Instruments,
    before: Option<&Generation>,
) -> Result<Built, StartError> {
    let kept = before.map_or_else(Arc::default, |before| Arc::clone(&before.kept));
    let room = match before {
        Some(before) => Arc::clone(&before.room),
        None => Arc::new(Semaphore::new(settings.room.min(Semaphore::MAX_PERMITS))),
    };
    let mut generation = Generation {
        room: Arc::clone(&room),
        kept,
        realms: vec![],
        grantings: vec![],
        broadcasts: vec![],
        client_tls: vec![],
        keyrings: vec![],
        tls: vec![],
        limits: vec![],
        services: vec![],
        watching: vec![],
    };
    for realm in settings.realms {
        let known =
            before.into_iter().flat_map(|before| &before.realms).find(|known| *known.name == *realm.name);
        let realm = realm.open(&generation.kept, known.map(AsRef::as_ref))?;
        generation.realms.push(Arc::new(realm));
    }
    let mut services = Vec::new();
    for service in settings.services {
        services.push(Arc::new(host(service, &settings.shown, instruments, &mut generation, before).await?));
    }
    for (place, allowed) in settings.allowed.into_iter().enumerate() {
        generation.limits.push(limits(place, allowed, &room, before));
    }
    let mut keys = Keys::default();
    let mut posts = Vec::new();
    for hall in settings.halls {
        posts.push(front(hall, &services, &mut keys, &mut generation, before)?);
    }
    // Nothing else fails, so that what modules judge by and back ends are watched from now on.
    let modules = generation.realms.iter().flat_map(|realm| realm.chain.modules()).map(Arc::clone);
    let modules = modules.map(|module| tokio::spawn(async move { module.watch().await }));
    let backends = services.iter().filter_map(|hosted| match &hosted.service {
        Service::Proxy(proxy) => {
            let proxy = Arc::clone(proxy);
            Some(tokio::spawn(async move { proxy.watch().await }))
        }
        _ => None,
    });
    generation.watching = modules.chain(backends).map(AbortOnDropHandle::new).collect();
    generation.services = services;
    Ok(Built { generation, posts })
}

impl Generation {
    /// Puts this generation in force: nothing fails any more. The instruments show it and no other.
    pub(super) fn take_over(&self, instruments: &Instruments) {
        self.broadcasts.iter().for_each(OpenBroadcast::take_over);
        let mut watching: Vec<Arc<dyn Watch>> = Vec::new();
        for open in &self.grantings {
            let kdcs: Arc<dyn Watch> = open.kdcs.clone();
            watching.push(kdcs);
        }
        for hosted in &self.services {
            if let Service::Proxy(proxy) = &hosted.service {
                let (service, proxy) = (Arc::clone(&hosted.name), Arc::clone(proxy));
                watching.push(Arc::new(Behind { service, proxy }));
            }
        }
        instruments.board.replace(watching);
        instruments.keyrings.replace(self.keyrings.iter().map(|(_, keys)| Arc::clone(keys)).collect());
        let cookies = self.realms.iter().filter_map(|realm| realm.sessions.clone());
        instruments.sessions.put_cookies(cookies.collect());
        instruments.metrics.forget_certificates();
        for (_, tls) in &self.tls {
            for (alias, ends) in tls.certificates() {
                instruments.metrics.certificate(&alias, ends);
            }
        }
        let names: HashSet<&str> = self.services.iter().map(|hosted| &*hosted.name).collect();
        instruments.metrics.retain_services(|name| names.contains(name));
    }

    /// The keys of this file, or the gateway's own.
    fn keyring(
        &mut self,
        file: Option<&Path>,
        instruments: &Instruments,
    ) -> Result<Arc<Keyring>, KeyringError> {
        if let Some((_, known)) = self.keyrings.iter().find(|(known, _)| known.as_deref() == file) {
            return Ok(Arc::clone(known));
        }
        let keyring = match file {
            Some(file) => Arc::new(Keyring::read(file)?),
            None => instruments.keyrings.own(),
        };
        self.keyrings.push((file.map(Path::to_owned), Arc::clone(&keyring)));
        Ok(keyring)
    }

    /// How TLS is spoken with back ends.
    fn client_tls(&mut self, settings: &ClientSettings) -> Result<Arc<ClientConfig>, StartError> {
        if let Some((_, known)) = self.client_tls.iter().find(|(known, _)| known == settings) {
            return Ok(Arc::clone(known));
        }
        let tls = settings.load()?;
        self.client_tls.push((settings.clone(), Arc::clone(&tls)));
        Ok(tls)
    }
}

/// A service behind its gate.
async fn host(
    settings: ServiceSettings,
    shown: &Bytes,
    instruments: &Instruments,
    generation: &mut Generation,
    before: Option<&Generation>,
) -> Result<Hosted, StartError> {
    let ServiceSettings { name, access, pages, authorities, manner, tickets_from, kind } = settings;
    let metrics = instruments.metrics.service(&name);
    let gate = match access {
        Access::Everybody => Gate::Open,
        Access::Nobody => Gate::Shut,
        Access::Of(realm, required) => {
            let realm = generation.realms.get(realm).ok_or(StartError::Place)?;
            Gate::Guarded { realm: Arc::clone(realm), required }
        }
    };
    let service = match kind {
        Kind::Broadcast(settings) => {
            let tls = match &settings.from {
                Publisher::Connect { url, tls, .. } if url.scheme.is_secure() => {
                    Some(generation.client_tls(tls)?)
                }
                _ => None,
            };
            let mut known = before.into_iter().flat_map(|before| &before.broadcasts);
            let known = known.find(|known| *known.name == *name);
            let open = match known.and_then(|known| known.successor(&settings, tls.as_ref())) {
                Some(open) => open?,
                None => OpenBroadcast::open(*settings, tls.as_ref(), &name)?,
            };
            let service = Service::Broadcast(open.service.clone());
            generation.broadcasts.push(open);
            service
        }
        Kind::Directory(settings) => Service::Directory(Arc::new(Directory::open(settings)?)),
        Kind::Echo(echo) => Service::Echo(echo),
        Kind::Granting(settings) => {
            let known = before
                .into_iter()
                .flat_map(|before| &before.grantings)
                .find(|known| known.settings == settings && *known.name == *name);
            let open = match known {
                Some(known) => Arc::clone(known),
                None => OpenGranting::open(settings, Arc::clone(&metrics)).await,
            };
            let service = Service::Kerberos5Proxy(Arc::clone(&open.service));
            generation.grantings.push(open);
            service
        }
        Kind::Management => {
            let Instruments { metrics, sessions, readiness, keyrings, .. } = instruments.clone();
            let inside = Inside { metrics, sessions, readiness, keyrings, configuration: shown.clone() };
            Service::Management(Arc::new(Management::new(inside)))
        }
        Kind::Proxy(settings) => {
            let tls = if settings.needs_tls() { Some(generation.client_tls(&settings.tls)?) } else { None };
            let token = settings.identity.token.as_ref();
            let keys =
                token.map(|token| generation.keyring(token.keys.as_deref(), instruments)).transpose()?;
            let proxy = Proxy::new(*settings, tls.as_ref(), keys)
                .ok_or_else(|| StartError::BackendName { service: name.clone() })?;
            Service::Proxy(Arc::new(proxy))
        }
        Kind::Redirect(redirect) => Service::Redirect(Arc::new(redirect)),
    };
    Ok(Hosted { name: name.into(), gate, pages, authorities, manner, tickets_from, metrics, service })
}

/// What is to stand behind an address.
fn front(
    settings: HallSettings,
    services: &[Arc<Hosted>],
    keys: &mut Keys,
    generation: &mut Generation,
    before: Option<&Generation>,
) -> Result<Post, StartError> {
    let HallSettings { listen, serves, tls, is_secure, allowed, timeouts, max_head, rate, offloaders } =
        settings;
    let tls = tls.map(|settings| server_tls(listen, &settings, keys, generation, before)).transpose()?;
    let (serves, lines) = match serves {
        Serves::Octets(service, scheme) => octets(service, scheme, services)?,
        Serves::Raw(service, over) => raw(service, over, services)?,
        Serves::Web(doors) => web(&doors, services),
    };
    let open = generation.limits.get(allowed).ok_or(StartError::Place)?;
    let limits = Arc::clone(&open.limits);
    let scheme = if is_secure { "https" } else { "http" };
    Ok(Post {
        listen,
        front: Front { serves, tls, scheme, limits, timeouts, max_head, rate, offloaders, lines },
    })
}

fn web(doors: &[Door], services: &[Arc<Hosted>]) -> (hall::Serves, Vec<Line>) {
    let mut routes = Routes::default();
    let mut lines = Vec::new();
    for door in doors {
        let Some(hosted) = services.get(door.service) else { continue };
        routes.add(&door.place, door.takes, hosted);
        let (name, path) = (Arc::clone(&hosted.name), door.place.written());
        lines.push(Line { name, scheme: door.scheme, path });
    }
    (hall::Serves::Web(routes), lines)
}

fn raw(
    service: usize,
    over: Carriers,
    services: &[Arc<Hosted>],
) -> Result<(hall::Serves, Vec<Line>), StartError> {
    let hosted = open_to_all(service, services)?;
    let Service::Kerberos5Proxy(service) = &hosted.service else { return Err(StartError::Place) };
    let schemes: &[&'static str] = match over {
        Carriers::Both => &["tcp", "udp"],
        Carriers::Tcp => &["tcp"],
        Carriers::Udp => &["udp"],
    };
    let line = |scheme: &&'static str| Line { name: Arc::clone(&hosted.name), scheme, path: "/".to_owned() };
    let lines = schemes.iter().map(line).collect();
    Ok((hall::Serves::Raw { service: Arc::clone(service), over }, lines))
}

fn octets(
    service: usize,
    scheme: &'static str,
    services: &[Arc<Hosted>],
) -> Result<(hall::Serves, Vec<Line>), StartError> {
    let hosted = open_to_all(service, services)?;
    let Service::Proxy(_) = &hosted.service else { return Err(StartError::Place) };
    let line = Line { name: Arc::clone(&hosted.name), scheme, path: "/".to_owned() };
    Ok((hall::Serves::Octets(Arc::clone(hosted)), vec![line]))
}

/// A service for whoever comes: bare streams pass no gate, since nobody can show in one who they are.
fn open_to_all(service: usize, services: &[Arc<Hosted>]) -> Result<&Arc<Hosted>, StartError> {
    let hosted = services.get(service).ok_or(StartError::Place)?;
    match hosted.gate {
        Gate::Open => Ok(hosted),
        Gate::Guarded { .. } | Gate::Shut => Err(StartError::BareStream { service: hosted.name.to_string() }),
    }
}

/// Certificates as they are now; bindings of those that they were before stay good.
fn server_tls(
    listen: SocketAddr,
    settings: &tls::Settings,
    keys: &mut Keys,
    generation: &mut Generation,
    before: Option<&Generation>,
) -> Result<Arc<ServerTls>, StartError> {
    let mut known = before.into_iter().flat_map(|before| &before.tls);
    let known = known.find(|(at, _)| *at == listen).map(|(_, known)| known.as_ref());
    let tls = Arc::new(ServerTls::read(settings, keys, known)?);
    generation.tls.push((listen, Arc::clone(&tls)));
    Ok(tls)
}

/// Counts; those of before, if the same is allowed.
fn limits(place: usize, allowed: Allowed, room: &Arc<Semaphore>, before: Option<&Generation>) -> OpenLimits {
    let mut known = before.into_iter().flat_map(|before| &before.limits);
    let known = known.find(|known| known.place == place && known.allowed == allowed);
    known.cloned().unwrap_or_else(|| {
        let limits = Limits::new(allowed, Arc::clone(room));
        let tidied = tokio::spawn(Arc::clone(&limits).tidied());
        OpenLimits { place, allowed, limits, _tidied: Arc::new(AbortOnDropHandle::new(tidied)) }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        kdc::Kdcs,
        limits::Principals,
        metrics::Metrics,
        pages::{Pages, Visitors},
        router::Manner,
        service::kerberos5_proxy::Kerberos5Proxy,
    };

    fn behind(gate: Gate) -> Arc<Hosted> {
        let kdcs = Kdcs::new(Arc::default(), Duration::ZERO);
        Arc::new(Hosted {
            name: "KDC".into(),
            gate,
            pages: Pages::listed([], Visitors::Known).unwrap(),
            authorities: vec![],
            manner: Manner::default(),
            tickets_from: Vec::new(),
            metrics: Metrics::new(&Arc::default(), &Arc::default()).service("KDC"),
            service: Service::Kerberos5Proxy(Arc::new(Kerberos5Proxy::new(kdcs, Principals::new(0)))),
        })
    }

    #[tokio::test]
    async fn a_bare_stream_leads_to_no_service_that_has_a_gate() {
        assert!(raw(0, Carriers::Both, &[behind(Gate::Open)]).is_ok());
        let refused = raw(0, Carriers::Both, &[behind(Gate::Shut)]).err().unwrap();
        assert!(matches!(&refused, StartError::BareStream { service } if service == "KDC"), "{refused}");
        assert!(refused.is_configuration());
        let refused = octets(0, "tcp", &[behind(Gate::Shut)]).err().unwrap();
        assert!(matches!(refused, StartError::BareStream { .. }), "{refused}");
    }
}
