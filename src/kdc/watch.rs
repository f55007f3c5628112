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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tgg::{health::Experience, routes::Routes};

    use super::*;

    fn kdcs(host: Host) -> Arc<Kdcs> {
        let server = Server { host, port: 88 };
        let realm = KrbRealm { name: "TGG.TEST".to_owned(), kdcs: vec![server], ..KrbRealm::default() };
        Kdcs::new(Arc::new(Routes::new([realm])), Duration::from_secs(1))
    }

    #[test]
    fn a_kdc_is_shown_as_it_is_asked_and_since_when() {
        let kdcs = kdcs(Host::Address("192.0.2.1".parse().unwrap()));
        let [before] = kdcs.health().try_into().unwrap();
        assert_eq!(
            (before.kind, &*before.name, before.is_up, before.since),
            (Kind::Kdc, "192.0.2.1:88", true, None)
        );
        let target = Arc::clone(&kdcs.pools[0].0.0.load()[0]);
        (0..3).for_each(|_| target.note(Experience::Failed { datagram: true }, ambient::now()));
        let [after] = kdcs.health().try_into().unwrap();
        assert!(!after.is_up && after.since.is_some());
    }

    #[test]
    fn a_kdc_whose_name_has_no_address_is_down() {
        let kdcs = kdcs(Host::Name("kdc1.tgg.test".to_owned()));
        let [kdc] = kdcs.health().try_into().unwrap();
        assert_eq!((&*kdc.name, kdc.is_up), ("kdc1.tgg.test:88", false));
    }

    #[test]
    fn a_name_is_shown_with_each_of_its_addresses() {
        let kdcs = kdcs(Host::Name("kdc1.tgg.test".to_owned()));
        let named = |address: &str| ("kdc1.tgg.test".to_owned(), address.parse().unwrap());
        kdcs.pools[0].0.replace(vec![named("192.0.2.1:88"), named("[2001:db8::1]:88")]);
        let names: Vec<_> = kdcs.health().into_iter().map(|kdc| kdc.name).collect();
        let expected =
            ["kdc1.tgg.test (192.0.2.1:88)", "kdc1.tgg.test ([2001:db8::1]:88)"].map(Arc::<str>::from);
        assert_eq!(names, expected);
    }

    #[test]
    fn a_realm_without_any_kdc_is_not_left_out() {
        let realm = KrbRealm { name: "TGG.TEST".to_owned(), discover: true, ..KrbRealm::default() };
        let kdcs = Kdcs::new(Arc::new(Routes::new([realm])), Duration::from_secs(1));
        assert_eq!(
            kdcs.health().iter().map(|kdc| (kdc.kind, kdc.is_up)).collect::<Vec<_>>(),
            [(Kind::Kdc, false)]
        );
    }
}
