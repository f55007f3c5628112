//! The gateway as a whole: built from its settings, bound, served, reloaded, drained.

pub mod granting;
pub mod protecting;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, UdpSocket},
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
    time::{interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    connection::Web,
    limits::{Allowed, Limits, Timeouts},
    listener,
    realm::gss::{Gss, GssError},
    router::Origins,
    service::{Service, kerberos5_proxy::Kerberos5Proxy, raw},
    tls::{self, ServerTls, TlsError, client::ClientTlsError, front::FrontCertificates},
};

/// What a gateway is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What every mode has in front.
    pub hall: Hall,
    /// What is behind it.
    pub mode: Mode,
}

/// Where peers come in, whatever they come for.
#[derive(Clone, Debug)]
pub struct Hall {
    /// Where HTTP and WebSocket are served.
    pub listen: SocketAddr,
    /// Certificate and key; none: plain HTTP.
    pub tls: Option<tls::Files>,
    /// Pages that may use the gateway.
    pub origins: Origins,
    /// What peers and principals may ask for.
    pub allowed: Allowed,
    /// How long peers are waited for.
    pub timeouts: Timeouts,
    /// How long open connections may go on after the signal to stop.
    pub drain: Duration,
}

/// What a gateway is for.
#[derive(Clone, Debug)]
pub enum Mode {
    /// `tgg`: Kerberos is relayed to KDCs.
    Granting(granting::Granting),
    /// `tpg`: back ends are reached by those who are admitted.
    Protecting(Box<protecting::Protecting>),
}

impl Mode {
    /// The subcommand, which starts the lines about bound addresses.
    const fn word(&self) -> &'static str {
        match self {
            Self::Granting(_) => "tgg",
            Self::Protecting(_) => "tpg",
        }
    }

    /// Open files that one connection takes.
    #[must_use]
    pub const fn files_per_connection(&self) -> u64 {
        match self {
            Self::Granting(_) => 1,
            // The back end's too.
            Self::Protecting(_) => 2,
        }
    }
}

/// A mode that is ready to serve.
struct Opened {
    service: Service,
    /// What runs beside it until the gateway has drained.
    background: Vec<JoinHandle<()>>,
    raw: Option<Raw>,
    /// Reads a keytab, again on a signal.
    gss: Option<Arc<Gss>>,
    /// Certificates of proxies in front, read again on a signal.
    front: Option<Arc<FrontCertificates>>,
}

/// Kerberos without the web.
struct Raw {
    service: Arc<Kerberos5Proxy>,
    tcp: TcpListener,
    udp: UdpSocket,
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A back end's host is a name that no certificate can have.
    #[error("--connect names a host that no certificate can name")]
    BackendName,
    /// Back ends cannot be reached over TLS.
    #[error("{0}")]
    ClientTls(#[from] ClientTlsError),
    /// Tickets cannot be judged.
    #[error("{0}")]
    Gss(#[from] GssError),
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
        matches!(self, Self::BackendName | Self::ClientTls(_) | Self::Gss(_) | Self::Tls(_))
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
    let Settings { hall, mode } = settings;
    let mut signals = Signals::new().map_err(StartError::Signals)?;
    let tls = hall.tls.map(ServerTls::load).transpose()?.map(Arc::new);
    let limits = Limits::new(hall.allowed);
    let listener = listener::bind_tcp(hall.listen).map_err(listen_failed(hall.listen))?;
    let bound = listener.local_addr().map_err(listen_failed(hall.listen))?;
    let word = mode.word();
    let Opened { service, mut background, raw, gss, front } = match mode {
        Mode::Granting(granting) => granting.open(&limits).await?,
        Mode::Protecting(protecting) => protecting.open()?,
    };
    background.push(tokio::spawn(tidy(Arc::clone(&limits))));
    let web = Arc::new(Web {
        service,
        origins: hall.origins,
        scheme: if tls.is_some() { "https" } else { "http" },
        timeouts: hall.timeouts,
        draining: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });

    let scheme = if tls.is_some() { "wss" } else { "ws" };
    announce(&format!("listening {word} {scheme}://{bound}/"));
    let mut serving =
        vec![tokio::spawn(listener::web(listener, Arc::clone(&limits), Arc::clone(&web), tls.clone()))];
    if let Some(Raw { service, tcp, udp }) = raw {
        let bound = tcp.local_addr().map_err(listen_failed(hall.listen))?;
        announce(&format!("listening {word} tcp://{bound}/"));
        announce(&format!("listening {word} udp://{bound}/"));
        let shared = (Arc::clone(&service), Arc::clone(&limits), Arc::clone(&web));
        serving.push(tokio::spawn(listener::raw(tcp, shared.0, shared.1, shared.2)));
        serving.push(tokio::spawn(raw::datagrams(
            service,
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
            None if gss.is_none() => info!("Nothing to reload"),
            None => {}
        }
        match gss.as_ref().map(|gss| gss.reload()) {
            Some(Err(error)) => error!("Not reloaded, the old keys stay: {error}"),
            Some(Ok(())) => info!("Reloaded the keytab"),
            None => {}
        }
        match front.as_ref().map(|front| front.reload()) {
            Some(Err(error)) => error!("Not reloaded, the old --binding-cert stays: {error}"),
            Some(Ok(())) => info!("Reloaded the certificates of proxies in front"),
            None => {}
        }
    }

    info!(seconds = hall.drain.as_secs(), "Draining");
    web.draining.cancel();
    for task in serving {
        let _ = task.await;
    }
    web.tasks.close();
    if timeout(hall.drain, web.tasks.wait()).await.is_err() {
        warn!(left = web.tasks.len(), "Connections are cut off; raise --drain-timeout to give them longer");
    }
    for task in background {
        task.abort();
    }
    info!("Stopped");
    Ok(())
}

fn listen_failed(address: SocketAddr) -> impl Fn(io::Error) -> StartError {
    move |source| StartError::Listen { address, source }
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

async fn tidy(limits: Arc<Limits>) {
    let mut ticks = interval(Duration::from_secs(10));
    loop {
        ticks.tick().await;
        limits.tidy();
    }
}
