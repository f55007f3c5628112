//! Services that relay Kerberos: the KDCs of some realms, and what keeps the gateway informed about them.

use std::{sync::Arc, time::Duration};

use tgg::routes::{KrbRealm, Routes};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    kdc::{
        Kdcs, keep_probed,
        resolve::{Lookup, Resolver, keep_fresh},
    },
    limits::Principals,
    metrics::ServiceMetrics,
    service::kerberos5_proxy::Kerberos5Proxy,
};

/// What such a service is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Granting {
    /// The realms and their servers.
    pub realms: Vec<KrbRealm>,
    /// How servers are looked up.
    pub lookup: Lookup,
    /// How long an exchange with a realm's KDCs may take.
    pub deadline: Duration,
    /// AS requests a second for one client principal; ten times as many may come at once.
    pub principal_rate: u32,
}

/// One that is served, and what runs beside it for as long as it is.
#[derive(Debug)]
pub(super) struct OpenGranting {
    pub(super) settings: Granting,
    pub(super) name: Arc<str>,
    pub(super) service: Arc<Kerberos5Proxy>,
    pub(super) kdcs: Arc<Kdcs>,
    _background: Vec<AbortOnDropHandle<()>>,
}

impl OpenGranting {
    pub(super) async fn open(settings: Granting, metrics: Arc<ServiceMetrics>) -> Arc<Self> {
        let kdcs = Kdcs::new(Arc::new(Routes::new(settings.realms.clone())), settings.deadline);
        let principals = Principals::new(settings.principal_rate);
        let name = Arc::clone(metrics.name());
        let service = Kerberos5Proxy::new(Arc::clone(&kdcs), Arc::clone(&principals)).counted(metrics);
        let service = Arc::new(service);
        // Servers named by address are in place; names are waited for only briefly.
        let resolver = Resolver::new(settings.lookup.clone());
        let first = timeout(Duration::from_secs(2), resolver.refresh(&kdcs)).await;
        let background = vec![
            AbortOnDropHandle::new(tokio::spawn(keep_fresh(
                Arc::clone(&kdcs),
                resolver,
                first.unwrap_or_default(),
            ))),
            AbortOnDropHandle::new(tokio::spawn(keep_probed(Arc::clone(&kdcs)))),
            AbortOnDropHandle::new(tokio::spawn(principals.tidied())),
        ];
        Arc::new(Self { settings, name, service, kdcs, _background: background })
    }
}
