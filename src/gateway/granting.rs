//! Mode `tgg`: a gateway to the KDCs of some realms, and what keeps it informed about them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tgg::routes::{KrbRealm, Routes};
use tokio::time::{interval, timeout};

use super::{Opened, Raw, StartError, listen_failed};
use crate::{
    kdc::{
        Kdcs,
        resolve::{Lookup, Resolver, keep_fresh},
    },
    limits::Limits,
    listener,
    service::{Service, kerberos5_proxy::Kerberos5Proxy},
};

/// What mode `tgg` is made of.
#[derive(Clone, Debug)]
pub struct Granting {
    /// Where Kerberos is served without the web, if anywhere.
    pub listen_raw: Option<SocketAddr>,
    /// The realms and their servers.
    pub realms: Vec<KrbRealm>,
    /// How servers are looked up.
    pub lookup: Lookup,
    /// How long an exchange with a realm's KDCs may take.
    pub deadline: Duration,
}

impl Granting {
    pub(super) async fn open(self, limits: &Arc<Limits>) -> Result<Opened, StartError> {
        let kdcs = Kdcs::new(Arc::new(Routes::new(self.realms)), self.deadline);
        let service = Arc::new(Kerberos5Proxy::new(Arc::clone(&kdcs), Arc::clone(limits)));
        let raw = match self.listen_raw {
            Some(address) => {
                let (tcp, udp) = listener::bind_both(address).await.map_err(listen_failed(address))?;
                Some(Raw { service: Arc::clone(&service), tcp, udp })
            }
            None => None,
        };
        // Servers named by address are in place; names are waited for only briefly.
        let resolver = Resolver::new(self.lookup);
        let first = timeout(Duration::from_secs(2), resolver.refresh(&kdcs)).await;
        let background = vec![
            tokio::spawn(keep_fresh(Arc::clone(&kdcs), resolver, first.unwrap_or_default())),
            tokio::spawn(probe(kdcs)),
        ];
        Ok(Opened { service: Service::Kerberos5Proxy(service), background, raw, gss: None, front: None })
    }
}

/// Looks every quarter of a second which KDCs are due for a probe.
async fn probe(kdcs: Arc<Kdcs>) {
    let mut ticks = interval(Duration::from_millis(250));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        kdcs.probe().await;
    }
}
