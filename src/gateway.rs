//! The gateway as a whole: built from its settings, bound, served, reloaded, drained.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tgg::routes::{KrbRealm, Routes};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    connection::Web,
    kdc::{
        Kdcs,
        resolve::{Lookup, Resolver, keep_fresh},
    },
    limits::{Allowed, Limits, Timeouts},
    listener,
    router::Origins,
    service::{kerberos5_proxy::Kerberos5Proxy, raw},
    tls::{self, ServerTls, TlsError},
};

/// What a gateway of mode `tgg` is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where HTTP and WebSocket are served.
    pub listen: SocketAddr,
    /// Where Kerberos is served without the web, if anywhere.
    pub listen_raw: Option<SocketAddr>,
    /// Certificate and key; none: plain HTTP.
    pub tls: Option<tls::Files>,
    /// The realms and their servers.
    pub realms: Vec<KrbRealm>,
    /// How servers are looked up.
    pub lookup: Lookup,
    /// Pages that may use the gateway.
    pub origins: Origins,
    /// What peers and principals may ask for.
    pub allowed: Allowed,
    /// How long peers are waited for.
    pub timeouts: Timeouts,
    /// How long an exchange with a realm's KDCs may take.
    pub deadline: Duration,
    /// How long open connections may go on after the signal to stop.
    pub drain: Duration,
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be bound.
    #[error(
        "cannot listen on {address}: {source}; is the port taken, or below 1024 without the right to it?"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(io::Error),
    /// Certificate or key cannot be used.
    #[error("{0}")]
    Tls(#[from] TlsError),
}

impl StartError {
    /// Whether the operator's settings are at fault, not the moment.
    #[must_use]
    pub const fn is_configuration(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

/// Runs a gateway until it is told to stop and has drained.
///
/// `announce` is given one line for each bound address, such as `listening tgg ws://127.0.0.1:8088/`.
///
/// # Errors
///
/// Any [`StartError`]; nothing is served then.
pub async fn run(settings: Settings, announce: impl Fn(&str)) -> Result<(), StartError> {
    let mut signals = Signals::new().map_err(StartError::Signals)?;
    let tls = settings.tls.map(ServerTls::load).transpose()?.map(Arc::new);
    let routes = Arc::new(Routes::new(settings.realms));
    let kdcs = Kdcs::new(routes, settings.deadline);
    let limits = Limits::new(settings.allowed);
    let web = Arc::new(Web {
        service: Arc::new(Kerberos5Proxy::new(Arc::clone(&kdcs), Arc::clone(&limits))),
        origins: settings.origins,
        scheme: if tls.is_some() { "https" } else { "http" },
        timeouts: settings.timeouts,
        draining: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });

    let listen_failed = |address| move |source| StartError::Listen { address, source };
    let listener = listener::bind_tcp(settings.listen).map_err(listen_failed(settings.listen))?;
    let raw_sockets = match settings.listen_raw {
        Some(address) => Some(listener::bind_both(address).await.map_err(listen_failed(address))?),
        None => None,
    };

    // Servers named by address are in place; names are waited for only briefly.
    let resolver = Resolver::new(settings.lookup);
    let first = timeout(Duration::from_secs(2), resolver.refresh(&kdcs)).await;
    let background = [
        tokio::spawn(keep_fresh(Arc::clone(&kdcs), resolver, first.unwrap_or_default())),
        tokio::spawn(probe(Arc::clone(&kdcs))),
        tokio::spawn(tidy(Arc::clone(&limits))),
    ];

    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let bound = listener.local_addr().map_err(listen_failed(settings.listen))?;
    announce(&format!("listening tgg {scheme}://{bound}/"));
    let mut serving =
        vec![tokio::spawn(listener::web(listener, Arc::clone(&limits), Arc::clone(&web), tls.clone()))];
    if let Some((tcp, udp)) = raw_sockets {
        let bound = tcp.local_addr().map_err(listen_failed(settings.listen))?;
        announce(&format!("listening tgg tcp://{bound}/"));
        announce(&format!("listening tgg udp://{bound}/"));
        serving.push(tokio::spawn(listener::raw(tcp, Arc::clone(&limits), Arc::clone(&web))));
        serving.push(tokio::spawn(raw::datagrams(
            Arc::clone(&web.service),
            Arc::new(udp),
            Arc::clone(&limits),
            web.draining.clone(),
            web.tasks.clone(),
        )));
    }
    info!("Started");

    while let Order::Reload = signals.next().await {
        match tls.as_ref().map(|tls| tls.reload()) {
            Some(Err(error)) => error!("Not reloaded, the old certificate stays: {error}"),
            Some(Ok(())) => info!("Reloaded the certificate"),
            None => info!("Nothing to reload"),
        }
    }

    info!(seconds = settings.drain.as_secs(), "Draining");
    web.draining.cancel();
    for task in serving {
        let _ = task.await;
    }
    web.tasks.close();
    if timeout(settings.drain, web.tasks.wait()).await.is_err() {
        warn!(left = web.tasks.len(), "Connections are cut off; raise --drain-timeout to give them longer");
    }
    for task in background {
        task.abort();
    }
    info!("Stopped");
    Ok(())
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    reload: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.terminate.recv() => Order::Stop,
            _ = self.reload.recv() => Order::Reload,
        }
    }
}

/// What a signal orders.
enum Order {
    Reload,
    Stop,
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

async fn tidy(limits: Arc<Limits>) {
    let mut ticks = interval(Duration::from_secs(10));
    loop {
        ticks.tick().await;
        limits.tidy();
    }
}
