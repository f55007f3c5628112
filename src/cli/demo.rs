//! `ticketgate demo`: everything at once on loopback, with an embedded KDC and a page to look at it.
//!
//! It is the gateway of `run` with a configuration of its own, in front of a KDC and three small services in this
//! process. Nothing of it is for production: its KDC keeps nothing and its passwords are on its page.

mod chat;
mod desk;
mod feed;
mod folder;
mod site;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    time::SystemTime,
};

use clap::Args as ClapArgs;
use testkdc::embedded::{Account, Database, Event, Kdc, Server, random};

use self::{
    feed::Feed,
    folder::Folder,
    site::{Site, USERS},
};
use super::run::{FileArgs, RunError};
use crate::gateway::Settings;

/// The realm of the embedded KDC.
const KRB_REALM: &str = "DEMO.TEST";

/// The service that all tickets of the page are for.
const SPN: &str = "HTTP/localhost";

/// The group of the realm's domain whose members may chat.
const STAFF: u32 = 1105;

/// The flags of `demo`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Where the page is on localhost, with the operators' page at the next port; 0 takes free ones
    #[arg(long, value_name = "PORT", default_value = "8088")]
    port: u16,
}

/// Why the demo does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The configuration of the demo is not one. A fault of the program.
    #[error("the demo's own configuration is wrong: {0}")]
    Config(#[from] RunError),
    /// Its files cannot be written.
    #[error("{} cannot be written: {source}; set TMPDIR to a folder that can be", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The KDC cannot be made.
    #[error("the embedded KDC cannot be made: {0}")]
    Kdc(#[from] krb::crypto::CryptoError),
    /// A password cannot be hashed.
    #[error("a password cannot be hashed: {0}")]
    Password(#[from] crate::realm::module::file::hash::Broken),
    /// There is no place to listen on loopback.
    #[error("cannot listen on loopback: {0}")]
    Port(#[source] io::Error),
}

/// A demo that is ready to be served. What belongs to it ends when it is dropped.
#[derive(Debug)]
pub struct Demo {
    settings: Settings,
    guide: String,
    behind: Behind,
}

/// What runs behind the gateway.
#[derive(Debug)]
pub struct Behind {
    chat: TcpListener,
    desk: TcpListener,
    feed: (TcpListener, Feed),
    _kdc: Server,
    _folder: Folder,
}

impl Args {
    /// Starts the KDC, and makes everything else ready.
    ///
    /// # Errors
    ///
    /// Any [`DemoError`].
    pub fn prepare(&self) -> Result<Demo, DemoError> {
        let [port, manage] = match self.port {
            0 => free()?,
            port => [port, port.checked_add(1).unwrap_or(port - 1)],
        };
        let feed = Feed::new();
        let mut database = Database::new(KRB_REALM).service(SPN);
        for user in &USERS {
            let groups = if user.is_staff { &[STAFF][..] } else { &[] };
            let account = Account::user(user.name, user.password).groups(groups);
            database = database.account(match user.is_expired {
                true => account.password_expires(SystemTime::UNIX_EPOCH),
                false => account,
            });
        }
        let staff = database.group_sid(STAFF);
        let observer = feed.clone();
        let kdc = Kdc::new(database, &mut random)?.observed(move |event| match event {
            Event::Exchange(exchange) => observer.tell(exchange),
            told => tracing::warn!("{told}"),
        });
        let keytab = kdc.keytab(SPN).unwrap_or_default();
        let server = Server::start(kdc, &[loopback()]).map_err(DemoError::Port)?;
        let kdc_addr = server.addrs().first().copied().unwrap_or(loopback());
        let (chat, desk, publisher) = (listener()?, listener()?, listener()?);
        let at = |listener: &TcpListener| listener.local_addr().map_err(DemoError::Port);
        let site = Site {
            port,
            manage,
            kdc: kdc_addr,
            chat: at(&chat)?,
            desk: at(&desk)?,
            feed: at(&publisher)?,
            staff: staff.map(|sid| sid.to_string()).unwrap_or_default(),
        };
        let folder = Folder::new()?;
        let config = site.write(&folder, &keytab)?;
        let (settings, _) = FileArgs { config, define: Vec::new() }.read()?;
        let behind = Behind { chat, desk, feed: (publisher, feed), _kdc: server, _folder: folder };
        Ok(Demo { settings, guide: site.guide(), behind })
    }
}

impl Demo {
    /// Settings of the gateway, what to open and what to type, and what is to run beside the gateway.
    #[must_use]
    pub fn into_parts(self) -> (Settings, String, Behind) {
        (self.settings, self.guide, self.behind)
    }
}

impl Behind {
    /// Serves what is behind the gateway for as long as it is polled.
    pub async fn serve(self) {
        let Self { chat, desk, feed: (publisher, feed), _kdc, _folder } = self;
        let served = tokio::try_join!(chat::serve(chat), desk::serve(desk), feed.serve(publisher));
        if let Err(error) = served {
            tracing::error!("The demo's own services have stopped: {error}; start it again");
        }
    }
}

const fn loopback() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
}

/// Two ports that nobody listens at.
fn free() -> Result<[u16; 2], DemoError> {
    // Both are held until both are known.
    let held = [listener()?, listener()?];
    let [first, second] = held.each_ref().map(|listener| listener.local_addr().map_err(DemoError::Port));
    Ok([first?.port(), second?.port()])
}

/// A listener for what is behind the gateway.
fn listener() -> Result<TcpListener, DemoError> {
    TcpListener::bind(loopback()).map_err(DemoError::Port)
}
