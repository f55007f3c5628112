//! How the KDCs are, for whoever watches the gateway.

use std::sync::Arc;

use tgg::{
    moment::Moment,
    routes::{Host, KrbRealm, Purpose, Server},
};

use super::{Kdcs, Pool};
use crate::{
    ambient,
    health::{Health, Kind, Watch},
};

impl Watch for Kdcs {
    fn health(&self) -> Vec<Health> {
        let now = ambient::now();
        let realms = self.routes.realms().iter().zip(&self.pools);
        realms
            .flat_map(|(realm, (kdcs, kpasswds))| {
                let of = Arc::<str>::from(&*realm.name);
                let kdcs = servers(realm, &of, Purpose::Kdc, kdcs, now);
                kdcs.into_iter().chain(servers(realm, &of, Purpose::Kpasswd, kpasswds, now))
            })
            .collect()
    }
}

/// The servers of one realm for one purpose.
fn servers(realm: &KrbRealm, of: &Arc<str>, purpose: Purpose, pool: &Pool, now: Moment) -> Vec<Health> {
    let kind = match purpose {
        Purpose::Kdc => Kind::Kdc,
        Purpose::Kpasswd => Kind::Kpasswd,
    };
    let health =
        |name: String, is_up, since| Health { kind, of: Arc::clone(of), name: name.into(), is_up, since };
    let targets = pool.0.load();
    if !targets.is_empty() {
        let of_target = |target: &Arc<super::Target>| {
            let address = target.address.to_string();
            // One name may have several addresses.
            let name = if target.name.contains(&address) {
                target.name.clone()
            } else {
                format!("{} ({address})", target.name)
            };
            health(name, !target.standing(now).down, target.changed())
        };
        return targets.iter().map(of_target).collect();
    }
    // No name has an address yet, so nobody can be asked.
    let named = realm.servers(purpose);
    if named.is_empty() && purpose == Purpose::Kdc {
        return vec![health("not found by DNS".to_owned(), false, None)];
    }
    named.iter().map(|server| health(written(server), false, None)).collect()
}

fn written(server: &Server) -> String {
    match &server.host {
        Host::Address(address) => std::net::SocketAddr::new(*address, server.port).to_string(),
        Host::Name(name) => format!("{name}:{}", server.port),
    }
}
