//! How the back ends of a service are, for whoever watches the gateway.

use std::sync::Arc;

use tgg::moment::Moment;

use super::Proxy;
use crate::{
    ambient,
    health::{Health, Kind, Watch},
};

/// What is behind one service.
#[derive(Debug)]
pub struct Behind {
    /// What the service is called.
    pub service: Arc<str>,
    /// Who knows its back ends.
    pub proxy: Arc<Proxy>,
}

impl Behind {
    /// One that could not be connected to counts as down until it is worth a try again. Whoever asks `/ready` before
    /// sending visitors sends none to a gateway without any back end; without visitors nothing would be learnt of one that
    /// is never probed.
    fn at(&self, now: Moment) -> Vec<Health> {
        self.proxy
            .backends()
            .map(|backend| Health {
                kind: Kind::Backend,
                of: Arc::clone(&self.service),
                name: Arc::clone(&backend.name),
                is_up: backend.is_trusted(now),
                since: None,
            })
            .collect()
    }
}

impl Watch for Behind {
    fn health(&self) -> Vec<Health> {
        self.at(ambient::now())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicU64, time::Duration};

    use http::Request;
    use tokio::net::TcpSocket;

    use super::*;
    use crate::{
        service::proxy::{
            Joining, Settings,
            backends::{Carriage, Way},
            body::Outgoing,
            forwarding::Forwarding,
            identity::Identity,
            preface::Preface,
        },
        tls::client::ClientSettings,
    };

    #[tokio::test]
    async fn a_back_end_is_down_from_a_failure_until_it_is_worth_a_try_again() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/", socket.local_addr().unwrap());
        let settings = Settings {
            sockets: vec![],
            requests: vec![url.parse().unwrap()],
            way: Way::default(),
            is_deferred: false,
            identity: Identity::default(),
            preface: Preface::default(),
            forwarding: Forwarding::default(),
            fronting: None,
            joining: Joining::default(),
            tls: ClientSettings::default(),
        };
        let proxy = Arc::new(Proxy::new(settings, None, None).unwrap());
        let behind = Behind { service: "shop".into(), proxy: Arc::clone(&proxy) };
        let [before] = behind.health().try_into().unwrap();
        assert_eq!((before.kind, &*before.of, before.is_up), (Kind::Backend, "shop", true));
        let backends = proxy.requests.as_ref().unwrap();
        let request = Request::new(Outgoing::nothing());
        let (_, refused) = backends.send(request, 0, Carriage::Kept, &AtomicU64::new(0)).await;
        assert!(refused.is_err());
        assert!(!behind.health()[0].is_up);
        assert!(behind.at(ambient::now() + Duration::from_secs(60))[0].is_up);
    }
}
