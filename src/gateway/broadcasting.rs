//! Services that broadcast: where what they send comes from, and what keeps it coming.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::ClientConfig;
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{info, warn};

use super::{StartError, listen_failed};
use crate::{
    listener::bind_tcp,
    notice::Notice,
    service::{
        broadcast::{Broadcast, source::Source},
        proxy::{backends::Way, dial::Dialler, url::BackendUrl},
        upstream::Upstream,
    },
    tls::client::ClientSettings,
};

/// Publishers that may be connected at once.
const MAX_PUBLISHERS: usize = 64;

/// What such a service is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Where messages come from.
    pub from: Publisher,
    /// Octets that a client may be behind.
    pub pending: usize,
    /// Octets of the longest message of a publisher that speaks WebSocket.
    pub max_message: usize,
    /// How long such a publisher may say nothing.
    pub inactivity: Option<Duration>,
}

/// Where messages come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Publisher {
    /// Publishers dial in here.
    Accept(SocketAddr),
    /// A publisher is dialled.
    Connect {
        /// Where it is.
        url: BackendUrl,
        /// How TLS is spoken with it.
        tls: ClientSettings,
        /// How it is spoken to.
        way: Box<Way>,
    },
}

/// One that is served, and what feeds it for as long as it is.
#[derive(Debug)]
pub(super) struct OpenBroadcast {
    pub(super) name: Arc<str>,
    settings: Settings,
    pub(super) service: Broadcast,
    feeding: Arc<AbortOnDropHandle<()>>,
}

impl OpenBroadcast {
    /// Opens one that nobody listens to yet.
    pub(super) fn open(
        settings: Settings,
        tls: Option<&Arc<ClientConfig>>,
        name: &str,
    ) -> Result<Self, StartError> {
        let service = Broadcast::new(settings.pending);
        let feeding = Arc::new(AbortOnDropHandle::new(feed(&settings, &service, tls, name)?));
        Ok(Self { name: name.into(), settings, service, feeding })
    }

    /// Has those who listen go on to hear the same publisher under other settings; `None` if it is another one.
    pub(super) fn successor(
        &self,
        settings: &Settings,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Option<Result<Self, StartError>> {
        if self.settings.from != settings.from {
            return None;
        }
        let same = Settings { pending: self.settings.pending, ..settings.clone() } == self.settings;
        // Its address is bound once. What else could differ does not concern those who dial in.
        let feeding = if same || matches!(settings.from, Publisher::Accept(_)) {
            Ok(Arc::clone(&self.feeding))
        } else {
            feed(settings, &self.service, tls, &self.name).map(|task| Arc::new(AbortOnDropHandle::new(task)))
        };
        let (name, service) = (Arc::clone(&self.name), self.service.clone());
        Some(feeding.map(|feeding| Self { name, settings: settings.clone(), service, feeding }))
    }

    /// Puts in force what has to wait until nothing fails any more.
    pub(super) fn take_over(&self) {
        self.service.allow_pending(self.settings.pending);
    }
}

/// Begins to publish what comes from where the settings say. What feeds a broadcast is aborted with it; no publisher is
/// told.
fn feed(
    settings: &Settings,
    service: &Broadcast,
    tls: Option<&Arc<ClientConfig>>,
    name: &str,
) -> Result<JoinHandle<()>, StartError> {
    let notice = Notice::below(&CancellationToken::new());
    let fed = service.clone();
    match &settings.from {
        Publisher::Accept(address) => {
            let listener = bind_tcp(*address).map_err(listen_failed(*address))?;
            let bound = listener.local_addr().unwrap_or(*address);
            info!(service = name, address = %bound, "Publishers may connect");
            Ok(tokio::spawn(async move { publishers(&listener, &fed, &notice).await }))
        }
        Publisher::Connect { url, way, .. } => {
            let dialler = Dialler::new(url, tls, way.connect)
                .ok_or_else(|| StartError::BackendName { service: name.to_owned() })?;
            let upstream = Upstream {
                url: url.clone(),
                dialler: dialler.from(way.source),
                host: way.host.clone(),
                patience: way.respond,
            };
            let (max_message, inactivity) = (settings.max_message, settings.inactivity);
            let source = Source { upstream, max_message, inactivity };
            Ok(tokio::spawn(async move { fed.follow(&source, &notice).await }))
        }
    }
}

/// Takes what publishers send, each in a task that ends with this one.
async fn publishers(listener: &TcpListener, broadcast: &Broadcast, notice: &Notice) {
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((_, address)) if tasks.len() >= MAX_PUBLISHERS => {
                warn!(publisher = %address, "Refused: {MAX_PUBLISHERS} publishers are connected");
            }
            Ok((io, address)) => {
                let (broadcast, notice) = (broadcast.clone(), notice.clone());
                tasks.spawn(async move {
                    info!(publisher = %address, "Connected");
                    let octets = broadcast.publisher(io, &notice).await;
                    info!(publisher = %address, octets, "Gone");
                });
            }
            Err(error) => {
                warn!("Cannot accept a publisher: {error}; if files run out, raise the limit (ulimit -n)");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
