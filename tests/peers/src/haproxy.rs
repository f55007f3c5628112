//! HAProxy as it stands in front of the gateway and says who connects, and behind it where it is told.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    thread,
    time::Duration,
};

use crate::{error::Error, process::Process, workshop};

/// How often it is looked whether it listens, and how long that takes.
const LOOKS: usize = 1000;
const LOOK: Duration = Duration::from_millis(10);

const TIMES: &str = " timeout connect 10s\n timeout client 60s\n timeout server 60s\n";

/// A running HAProxy, stopped when dropped.
#[derive(Debug)]
pub struct Haproxy {
    address: SocketAddr,
    conf: PathBuf,
    _process: Process,
}

impl Haproxy {
    /// One that passes connections on to `server`, which it is told with these options: `send-proxy`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if it is not installed, or [`Error::Io`].
    pub fn before(server: SocketAddr, options: &str) -> Result<Self, Error> {
        Self::with(|address| {
            format!(
                "defaults\n mode tcp\n{TIMES}listen front\n bind {address}\n server behind {server} {options}\n"
            )
        })
    }

    /// One that expects a PROXY header and answers requests over HTTP with what it read in it: the client's address, the
    /// authority and the unique id, with blanks between them.
    ///
    /// # Errors
    ///
    /// As [`Self::before`].
    pub fn behind() -> Result<Self, Error> {
        Self::with(|address| {
            format!(
                "defaults\n mode http\n{TIMES}frontend told\n bind {address} accept-proxy\n http-request return status 200 \
                 content-type text/plain lf-string \"%[src] %[fc_pp_authority] %[fc_pp_unique_id]\"\n"
            )
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    fn with(configuration: impl FnOnce(SocketAddr) -> String) -> Result<Self, Error> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = free.map_err(Error::io("a free port"))?;
        let conf = workshop::dir()?.join(format!("haproxy-{}-{}.cfg", std::process::id(), address.port()));
        fs::write(&conf, configuration(address)).map_err(Error::io(&conf))?;
        // Servers are where an ordinary user's PATH does not look.
        let mut started = Err(Error::Missing { program: "haproxy", package: "haproxy" });
        for program in ["haproxy", "/usr/sbin/haproxy"] {
            match Process::start(Command::new(program).args(["-db", "-q", "-f"]).arg(&conf)) {
                Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                found => {
                    started = found;
                    break;
                }
            }
        }
        Ok(Self { address, conf, _process: started? })
    }

    /// Connects to it, once it listens.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it does not.
    pub fn connect(&self) -> Result<TcpStream, Error> {
        let mut tries = 0;
        loop {
            match TcpStream::connect(self.address) {
                Err(_) if tries < LOOKS => thread::sleep(LOOK),
                connected => return connected.map_err(Error::io("haproxy")),
            }
            tries += 1;
        }
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.conf);
    }
}
