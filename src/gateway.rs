//! The gateway as a whole: built from its settings, bound, served, reloaded, drained.

pub mod broadcasting;
pub mod building;
pub mod granting;
pub mod realms;
mod signals;
mod watching;

use std::{
    collections::HashSet, convert::Infallible, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration,
};

use bytes::Bytes;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use self::{
    building::{Built, Generation},
    signals::{Order, Signals},
    watching::Watched,
};
use crate::{
    hall::{Carriers, Hall, Offloaders, Post},
    instruments::Instruments,
    limits::{Allowed, Timeouts},
    listener,
    metrics::Reload,
    pages::Pages,
    realm::module::ModuleError,
    router::{Manner, Place, Takes},
    service::{
        directory::{self, DirectoryError},
        echo::Echo,
        proxy,
        redirect::Redirect,
    },
    signing::KeyringError,
    throttle::Rate,
    tls::{self, TlsError, client::ClientTlsError},
};

/// What a gateway is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where peers come in.
    pub halls: Vec<HallSettings>,
    /// What peers may ask for.
    pub allowed: Vec<Allowed>,
    /// Most connections in all.
    pub room: usize,
    /// Who can be told apart, and how.
    pub realms: Vec<realms::Settings>,
    /// What is served.
    pub services: Vec<ServiceSettings>,
    /// How long open connections may go on after the signal to stop.
    pub drain: Duration,
    /// The files that they were read from, beside those that are looked at anyway.
    pub files: Vec<PathBuf>,
    /// The same as JSON for operators, without secrets.
    pub shown: Bytes,
}

/// One address where peers come in, whatever they come for.
#[derive(Clone, Debug)]
pub struct HallSettings {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What is served there.
    pub serves: Serves,
    /// Certificates and how TLS is spoken; none: it is not.
    pub tls: Option<tls::Settings>,
    /// Whether clients speak TLS to the gateway, or to who stands in front of it.
    pub is_secure: bool,
    /// What peers may ask for, by its place among all: addresses with the same one are counted together.
    pub allowed: usize,
    /// How long peers are waited for.
    pub timeouts: Timeouts,
    /// Octets of a request head.
    pub max_head: usize,
    /// Octets a second to one client.
    pub rate: Option<Rate>,
    /// Proxies in front of the gateway.
    pub offloaders: Offloaders,
}

/// What is served at an address.
#[derive(Clone, Debug)]
pub enum Serves {
    /// Kerberos without the web, by the service at this place.
    Raw(usize, Carriers),
    /// A stream of octets, by the service at this place; and what it is spoken with.
    Octets(usize, &'static str),
    /// HTTP and WebSocket, by the services behind these doors.
    Web(Vec<Door>),
}

/// A way to a service.
#[derive(Clone, Debug)]
pub struct Door {
    /// What it is called when the gateway says where it listens, such as `ws`.
    pub scheme: &'static str,
    /// Which requests it is for.
    pub place: Place,
    /// Sockets, requests, or both.
    pub takes: Takes,
    /// The service, by its place among all.
    pub service: usize,
}

/// One service.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Its name, for the lines about addresses, records and metrics.
    pub name: String,
    /// Who may use it.
    pub access: Access,
    /// Pages that may use it.
    pub pages: Pages,
    /// Hosts of its ways in, as clients write them.
    pub authorities: Vec<String>,
    /// How it speaks with clients.
    pub manner: Manner,
    /// What clients are told with `Application Negotiate`: where they get tickets, and for whom.
    pub tickets_from: Vec<String>,
    /// What it does.
    pub kind: Kind,
}

/// Who may use a service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Access {
    /// All.
    Everybody,
    /// Nobody.
    Nobody,
    /// Those whom a realm, by its place among all, can tell apart and who have all these roles.
    Of(usize, Vec<String>),
}

/// The kinds of service.
#[derive(Clone, Debug)]
pub enum Kind {
    /// What a publisher sends goes to all clients.
    Broadcast(Box<broadcasting::Settings>),
    /// Files are served.
    Directory(directory::Settings),
    /// Messages come back.
    Echo(Echo),
    /// Kerberos is relayed to KDCs.
    Granting(granting::Granting),
    /// Operators see what happens.
    Management,
    /// Back ends are reached by those who are admitted.
    Proxy(Box<proxy::Settings>),
    /// Clients are sent elsewhere.
    Redirect(Redirect),
}

impl Kind {
    /// Open files that one connection takes.
    const fn files_per_connection(&self) -> u64 {
        match self {
            Self::Broadcast(_) | Self::Echo(_) | Self::Granting(_) | Self::Management | Self::Redirect(_) => {
                1
            }
            // The file's or the back end's too.
            Self::Directory(_) | Self::Proxy(_) => 2,
        }
    }
}

impl Settings {
    /// Open files that one connection takes.
    #[must_use]
    pub fn files_per_connection(&self) -> u64 {
        self.services.iter().map(|service| service.kind.files_per_connection()).max().unwrap_or(1)
    }

    /// Allows no more than so many connections in all; whether more were allowed.
    pub fn bound_connections(&mut self, room: usize) -> bool {
        self.room = self.room.min(room);
        self.allowed.iter().any(|allowed| allowed.connections > room)
    }
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A back end's host is a name that no certificate can have.
    #[error("service {service}: a back end's host is a name that no certificate can have")]
    BackendName {
        /// The service.
        service: String,
    },
    /// A service for users of a realm is to be reached by a bare stream, in which nobody can show who they are.
    #[error(
        "service {service}: it is for users of a realm, and in a bare stream nobody can show who they are"
    )]
    BareStream {
        /// The service.
        service: String,
    },
    /// Back ends cannot be reached over TLS.
    #[error("{0}")]
    ClientTls(#[from] ClientTlsError),
    /// A directory cannot be served.
    #[error("{0}")]
    Directory(#[from] DirectoryError),
    /// Tickets cannot be judged.
    #[error("{0}")]
    Module(#[from] ModuleError),
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
    /// Tokens cannot be signed.
    #[error("{0}")]
    Keys(#[from] KeyringError),
    /// Settings that refer to what is not there.
    #[error("the settings name a place that they do not have; report it as a fault of this program")]
    Place,
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
        matches!(
            self,
            Self::BackendName { .. }
                | Self::BareStream { .. }
                | Self::ClientTls(_)
                | Self::Directory(_)
                | Self::Keys(_)
                | Self::Module(_)
                | Self::Tls(_)
        )
    }
}

/// Where settings come from, each time they are read.
pub trait Source {
    /// Why they cannot be read. The operator's fault.
    type Error: std::error::Error;

    /// Reads them again.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    fn settings(&self) -> Result<Settings, Self::Error>;

    /// Whether they are read again when their files change, not only on a signal.
    fn watches(&self) -> bool {
        false
    }
}

/// Settings that do not change, as those of flags: a reload reads again the files that they name.
#[derive(Clone, Debug)]
pub struct Fixed(pub Settings);

impl Source for Fixed {
    type Error = Infallible;

    fn settings(&self) -> Result<Settings, Infallible> {
        Ok(self.0.clone())
    }
}

/// Runs a gateway until it is told to stop and has drained. `again` reads its settings when it is told to reload.
///
/// `announce` is given one line for each way in, such as `listening tgg ws://127.0.0.1:8088/`.
///
/// # Errors
///
/// Any [`StartError`]; nothing is served then.
pub async fn run(settings: Settings, again: &impl Source, announce: impl Fn(&str)) -> Result<(), StartError> {
    let mut signals = Signals::new().map_err(StartError::Signals)?;
    let mut drain = settings.drain;
    let mut watched = Watched::new(settings.files.clone());
    let mut house = House::new();
    let (mut current, posts) = house.open(settings, None).await?;
    for line in posts {
        announce(&line);
    }
    house.instruments.readiness.bound();
    info!("Started");
    loop {
        tokio::select! {
            order = signals.next() => match order {
                Order::Reload => {}
                Order::Stop => break,
            },
            () = watched.changed(), if again.watches() => info!("The configuration has changed"),
        }
        let settings = match again.settings() {
            Ok(settings) => settings,
            Err(error) => {
                house.instruments.metrics.reloaded(Reload::Failed);
                error!("Not reloaded, what is served stays: {error}");
                continue;
            }
        };
        let (next_drain, files) = (settings.drain, settings.files.clone());
        match house.open(settings, Some(&current)).await {
            Ok((next, posts)) => {
                current = next;
                drain = next_drain;
                watched = Watched::new(files);
                for line in posts {
                    announce(&line);
                }
                house.instruments.metrics.reloaded(Reload::Done);
                info!("Reloaded");
            }
            Err(error) => {
                house.instruments.metrics.reloaded(Reload::Failed);
                error!("Not reloaded, what is served stays: {error}");
            }
        }
    }
    info!(seconds = drain.as_secs(), "Draining");
    house.drain(drain).await;
    drop(current);
    info!("Stopped");
    Ok(())
}

/// What outlives a reload: the addresses that are bound, and the connections.
struct House {
    instruments: Instruments,
    halls: Vec<OpenHall>,
    /// Says that the gateway goes down.
    draining: CancellationToken,
    tasks: TaskTracker,
}

/// An address that is bound.
struct OpenHall {
    /// What the settings call it: its port may be 0.
    listen: SocketAddr,
    carriers: Carriers,
    hall: Arc<Hall>,
    serving: Vec<JoinHandle<()>>,
}

impl House {
    fn new() -> Self {
        let draining = CancellationToken::new();
        let instruments = Instruments::new(draining.clone());
        Self { instruments, halls: Vec::new(), draining, tasks: TaskTracker::new() }
    }

    /// Builds what the settings say, binds what is not bound yet, and only then puts it all in place. What is no
    /// longer wanted is no longer accepted; connections that are open go on.
    ///
    /// Returns the lines about addresses that are new.
    async fn open(
        &mut self,
        settings: Settings,
        before: Option<&Generation>,
    ) -> Result<(Generation, Vec<String>), StartError> {
        let Built { generation, posts } = building::build(settings, &self.instruments, before).await?;
        let mut bound = Vec::new();
        let mut taken = vec![false; self.halls.len()];
        for post in posts {
            let known = self.halls.iter().zip(&taken).position(|(hall, taken)| {
                !taken && hall.listen == post.listen && hall.carriers == post.front.serves.carried_by()
            });
            if let Some(flag) = known.and_then(|known| taken.get_mut(known)) {
                *flag = true;
            }
            let fresh = match known {
                Some(_) => None,
                None => Some(listener::bind(&post).await.map_err(listen_failed(post.listen))?),
            };
            bound.push((post, known, fresh));
        }
        // From here on nothing fails.
        generation.take_over(&self.instruments);
        let mut lines = Vec::new();
        for (place, hall) in self.halls.iter().enumerate() {
            if !taken.get(place).copied().unwrap_or_default() {
                hall.hall.closing.cancel();
            }
        }
        for (Post { listen, front }, known, fresh) in bound {
            if let Some(known) = known.and_then(|known| self.halls.get(known)) {
                let before: HashSet<_> = known.hall.lines().into_iter().collect();
                known.hall.replace(front);
                lines.extend(known.hall.lines().into_iter().filter(|line| !before.contains(line)));
            } else if let Some(fresh) = fresh {
                let carriers = front.serves.carried_by();
                let (tasks, draining) = (self.tasks.clone(), self.draining.clone());
                let hall = Arc::new(Hall::new(fresh.address(), front, &self.instruments, tasks, draining));
                lines.extend(hall.lines());
                let serving = fresh.serve(&hall);
                self.halls.push(OpenHall { listen, carriers, hall, serving });
            }
        }
        self.halls.retain(|hall| !hall.hall.closing.is_cancelled());
        Ok((generation, lines))
    }

    /// Accepts nothing more, and waits for what is open.
    async fn drain(self, patience: Duration) {
        self.draining.cancel();
        for hall in self.halls {
            for task in hall.serving {
                let _ = task.await;
            }
        }
        self.tasks.close();
        if timeout(patience, self.tasks.wait()).await.is_err() {
            warn!(
                left = self.tasks.len(),
                "Connections are cut off; raise --drain-timeout to give them longer"
            );
        }
    }
}

fn listen_failed(address: SocketAddr) -> impl Fn(io::Error) -> StartError {
    move |source| StartError::Listen { address, source }
}
