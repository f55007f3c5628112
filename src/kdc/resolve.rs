//! From the operator's names to addresses, again and again: the DNS changes while the gateway runs.
//!
//! Only what the configuration lists is looked up. A look-up that fails leaves what it found last in place.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};
use tgg::{
    discovery::{self, Found},
    network::Networks,
    routes::{Host, KrbRealm, Purpose, Server},
};
use tracing::{info, warn};

use super::{Kdcs, Pool, target::Target};
use crate::ambient;

/// Between two look-ups of the same names, however short their time to live.
const SOONEST: Duration = Duration::from_secs(5);
/// And at the latest, however long it is.
const LATEST: Duration = Duration::from_secs(300);
/// How long one question may take; it is asked again once.
const ANSWER: Duration = Duration::from_secs(2);
/// Most addresses of one realm and purpose. The others are left out.
const MAX_TARGETS: usize = 32;

/// How names are looked up, and what may be found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lookup {
    /// The DNS server to ask instead of the system's.
    pub dns_server: Option<SocketAddr>,
    /// Where servers may be that were looked up.
    pub networks: Networks,
    /// Ports that discovered servers may have beside the services' own.
    pub ports: Vec<u16>,
}

/// Resolves names for the KDC pools.
pub struct Resolver {
    dns: Option<TokioResolver>,
    lookup: Lookup,
}

impl Resolver {
    /// A resolver. That the system has none is said once, when a name needs it.
    #[must_use]
    pub fn new(lookup: Lookup) -> Self {
        let builder = match lookup.dns_server {
            Some(server) => {
                let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                for connection in &mut connections {
                    connection.port = server.port();
                }
                let server = NameServerConfig::new(server.ip(), true, connections.into());
                let config = ResolverConfig::from_name_servers(vec![server]);
                Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
            }
            None => TokioResolver::builder_tokio(),
        };
        let dns = builder.and_then(|mut builder| {
            builder.options_mut().timeout = ANSWER;
            builder.build()
        });
        let dns = dns
            .inspect_err(|error| warn!("No DNS: {error}; name KDCs by address, or mend /etc/resolv.conf"))
            .ok();
        Self { dns, lookup }
    }

    /// Looks everything up, all realms at once, and puts it in place. Returns how long that holds.
    pub async fn refresh(&self, kdcs: &Kdcs) -> Duration {
        let pools = kdcs.routes.realms().iter().zip(&kdcs.pools).flat_map(|(realm, (kdcs, kpasswds))| {
            [(realm, Purpose::Kdc, kdcs), (realm, Purpose::Kpasswd, kpasswds)]
        });
        let refreshed = join_all(pools.map(|(realm, purpose, pool)| self.pool(realm, purpose, pool))).await;
        refreshed.into_iter().fold(LATEST, Duration::min).max(SOONEST)
    }

    async fn pool(&self, realm: &KrbRealm, purpose: Purpose, pool: &Pool) -> Duration {
        let mut found = Resolved { targets: Vec::new(), known: pool.0.load_full(), holds: LATEST };
        for server in realm.servers(purpose) {
            self.server(server, &mut found).await;
        }
        if realm.discover {
            self.discover(realm, purpose, &mut found).await;
        }
        found.targets.truncate(MAX_TARGETS);
        pool.replace(found.targets);
        found.holds
    }

    async fn server(&self, server: &Server, found: &mut Resolved) {
        match &server.host {
            Host::Address(address) => {
                let address = SocketAddr::new(*address, server.port);
                found.add(address.to_string(), address);
            }
            Host::Name(name) => self.name(name, server.port, found).await,
        }
    }

    async fn name(&self, name: &str, port: u16, found: &mut Resolved) {
        let Some(dns) = &self.dns else { return };
        match dns.lookup_ip(name).await {
            Ok(addresses) => {
                found.until(addresses.valid_until());
                for address in addresses.iter() {
                    self.address(name, address, port, found);
                }
            }
            Err(error) => {
                warn!("Cannot look up {name}: {error}; is the name right, and the DNS up?");
                let label = label(name, port);
                found.keep(|known| known.name == label);
            }
        }
    }

    fn address(&self, name: &str, address: IpAddr, port: u16, found: &mut Resolved) {
        if self.lookup.networks.permit(address) {
            found.add(label(name, port), SocketAddr::new(address, port));
        } else {
            warn!(
                "{name} has the address {address}, where no KDC is expected; \
                 if one is there, allow it with --kdc-network {address}"
            );
        }
    }

    /// URI records where there are any, SRV records otherwise, as MIT krb5 does it.
    async fn discover(&self, realm: &KrbRealm, purpose: Purpose, found: &mut Resolved) {
        let owner = discovery::uri_name(purpose, &realm.name);
        let servers = self.records(&owner, URI, found, |data| {
            let RData::Unknown { rdata, .. } = data else { return None };
            discovery::uri(&rdata.anything, purpose)
                .inspect_err(|error| info!(krb_realm = realm.name, "A URI record is passed over: {error}"))
                .ok()
        });
        let mut servers = servers.await;
        if servers.is_empty() {
            for owner in discovery::srv_names(purpose, &realm.name) {
                let records = self.records(&owner, RecordType::SRV, found, |data| {
                    let RData::SRV(srv) = data else { return None };
                    Some(Found {
                        host: srv.target.to_ascii(),
                        port: srv.port,
                        priority: srv.priority,
                        weight: srv.weight,
                    })
                });
                servers.extend(records.await);
            }
        }
        let dice = |end: u64| u64::from_be_bytes(ambient::random()) % end.saturating_add(1);
        for server in discovery::order(servers, dice) {
            // A lone dot says that the service is not there (RFC 2782).
            if server.host == "." {
                continue;
            }
            if discovery::port_permitted(server.port, purpose, &self.lookup.ports) {
                self.name(&server.host, server.port, found).await;
            } else {
                warn!(
                    krb_realm = realm.name,
                    "{}:{} is passed over: the port is not {}; if it is right, allow it with --kdc-port {}",
                    server.host,
                    server.port,
                    purpose.port(),
                    server.port
                );
            }
        }
    }

    async fn records(
        &self,
        owner: &str,
        kind: RecordType,
        found: &mut Resolved,
        read: impl Fn(&RData) -> Option<Found>,
    ) -> Vec<Found> {
        let Some(dns) = &self.dns else { return Vec::new() };
        match dns.lookup(owner, kind).await {
            Ok(lookup) => {
                found.until(lookup.valid_until());
                lookup.answers().iter().filter_map(|record| read(&record.data)).collect()
            }
            Err(error) => {
                if !is_nothing_there(&error) {
                    warn!("Cannot look up {owner} {kind}: {error}; is the DNS up?");
                    found.keep(|_| true);
                }
                Vec::new()
            }
        }
    }
}

/// The record type of RFC 7553.
const URI: RecordType = RecordType::Unknown(256);

fn is_nothing_there(error: &NetError) -> bool {
    error.is_no_records_found() || error.is_nx_domain()
}

/// How a server that has a name is called in logs.
fn label(name: &str, port: u16) -> String {
    format!("{name}:{port}")
}

struct Resolved {
    targets: Vec<(String, SocketAddr)>,
    /// What was known before.
    known: Arc<Vec<Arc<Target>>>,
    holds: Duration,
}

impl Resolved {
    /// Keeps what was known, because it could not be looked up again.
    fn keep(&mut self, which: impl Fn(&Target) -> bool) {
        for known in self.known.clone().iter().filter(|known| which(known)) {
            self.add(known.name.clone(), known.address);
        }
        self.holds = SOONEST;
    }

    fn add(&mut self, name: String, address: SocketAddr) {
        if !self.targets.iter().any(|(_, known)| *known == address) {
            self.targets.push((name, address));
        }
    }

    fn until(&mut self, end: std::time::Instant) {
        let left =
            tokio::time::Instant::from_std(end).saturating_duration_since(ambient::instant(ambient::now()));
        self.holds = self.holds.min(left);
    }
}

/// Keeps the pools resolved until dropped. What they have now holds for `holds`.
pub async fn keep_fresh(kdcs: Arc<Kdcs>, resolver: Resolver, mut holds: Duration) {
    loop {
        tokio::time::sleep(holds).await;
        holds = resolver.refresh(&kdcs).await;
    }
}
