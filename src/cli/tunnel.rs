//! `ticketgate tunnel`: an address of this host that answers as a KDC does, through a gateway's WebSocket.

use std::{io, net::SocketAddr, path::PathBuf};

use clap::Args as ClapArgs;
use client::net::{
    dial::{DialError, Dialler, Trust},
    tunnel::{Tunnel, TunnelError},
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use url::Url;

use super::{CONFIGURATION, RUN_TIME, USAGE, web::address};

/// The flags of `tunnel`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Gateway that relays, such as wss://gateway.example.com/kerberos5; of several the first that answers
    #[arg(long, value_name = "URL", required = true)]
    tgg: Vec<Url>,
    /// Address for Kerberos over TCP and UDP, to be named as kdc in a krb5.conf; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: SocketAddr,
    /// PEM file of authorities that are trusted beside those of the system
    #[arg(long, value_name = "PEM")]
    cacert: Vec<PathBuf>,
    /// Listen at an address that other hosts can reach
    #[arg(long)]
    allow_remote: bool,
}

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The authorities, or the URL, cannot be used.
    #[error("--cacert: {0}")]
    Authorities(#[source] DialError),
    /// Other hosts could use it.
    #[error("{0} can be reached by other hosts; listen at 127.0.0.1 or [::1], or add --allow-remote")]
    Exposed(SocketAddr),
    /// The system gives no threads or signals.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
    /// The tunnel itself.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
}

impl ServeError {
    /// The code that the process ends with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Authorities(_) => CONFIGURATION,
            Self::Exposed(_) | Self::Tunnel(TunnelError::Scheme) => USAGE,
            Self::System(_) | Self::Tunnel(_) => RUN_TIME,
        }
    }
}

impl Args {
    /// Serves until a signal ends it. `announce` is told each address.
    ///
    /// # Errors
    ///
    /// Any [`ServeError`].
    pub fn serve(self, announce: fn(&str)) -> Result<(), ServeError> {
        let is_exposed = !self.listen.ip().is_loopback();
        if is_exposed && !self.allow_remote {
            return Err(ServeError::Exposed(self.listen));
        }
        let trust = self
            .cacert
            .iter()
            .try_fold(Trust::default(), |trust, path| trust.also(path))
            .map_err(ServeError::Authorities)?;
        // One thread carries more than any KDC answers.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            let tunnel = Tunnel::bind(self.tgg, self.listen, Dialler::new(trust)).await?;
            let at = tunnel.address();
            if is_exposed {
                warn!(address = %at, "Other hosts can ask the gateway through this one, in its name");
            }
            for scheme in ["tcp", "udp"] {
                announce(&format!("listening tunnel {scheme}://{at}/"));
            }
            info!("Started");
            let ended = async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            tunnel.serve(ended).await;
            info!("Stopped");
            Ok(())
        })
    }
}
