//! The gateway and nginx, each as a server of the same files.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use crate::{
    configured,
    lane::Failed,
    process,
    proxies::{free, listens},
    running::{Held, Running, on},
    stage::{Cores, Stage},
    tally::Found,
};

/// Who serves the files.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Server {
    /// nginx.
    Nginx,
    /// `ticketgate run`, with a service `directory`, and an `echo` for WebSockets.
    Ticketgate,
}

impl Server {
    /// What the tables call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Ticketgate => "ticketgate",
        }
    }
}

/// What a connection carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carried {
    /// Files of so many octets.
    Files(usize),
    /// Messages of so many octets over a WebSocket.
    Messages(usize),
}

/// A running server.
#[derive(Debug)]
pub struct Serving {
    running: Running,
    address: SocketAddr,
    tls: bool,
}

impl Serving {
    /// Starts one and waits until it serves files of these many octets, each named by its length.
    ///
    /// # Errors
    ///
    /// If it is not installed, or does not listen.
    pub fn start(
        server: Server,
        stage: &Stage,
        cores: Cores,
        sizes: &[usize],
        tls: bool,
    ) -> Result<Self, Failed> {
        let root = stage.file("files");
        fs::create_dir_all(&root)?;
        for size in sizes {
            fs::write(root.join(format!("{size}.html")), vec![b'x'; *size])?;
        }
        match server {
            Server::Nginx => {
                let address = free()?;
                let running = Running::start(&mut nginx(stage, cores, address, &root, tls)?)?;
                listens(server.name(), address)?;
                Ok(Self { running, address, tls })
            }
            Server::Ticketgate => {
                let mut running = Running::start(&mut ticketgate(stage, cores, &root, tls)?)?;
                let line = running.line()?;
                running.line()?;
                let (_, address) = line.trim().trim_end_matches('/').rsplit_once('/').ok_or("no address")?;
                Ok(Self { running, address: address.parse()?, tls })
            }
        }
    }

    /// Octets of memory that are resident.
    ///
    /// # Errors
    ///
    /// If it is gone.
    pub fn resident(&self) -> Result<u64, Failed> {
        Ok(process::resident(self.running.pid())?)
    }

    /// So many connections, over which a file of `size` octets is fetched, for so many seconds.
    ///
    /// # Errors
    ///
    /// If a connection is refused.
    pub fn fetched(
        &self,
        stage: &Stage,
        cores: Cores,
        (size, connections): (usize, usize),
        seconds: f64,
    ) -> Result<Found, Failed> {
        let mut command = self.load(stage, cores, Carried::Files(size), connections);
        command.args(["--seconds", &seconds.to_string(), "--watch", &self.running.pid().to_string()]);
        Found::read(&command.output()?.stdout)
    }

    /// So many connections that have each carried something once and wait, while the result lives.
    ///
    /// # Errors
    ///
    /// If a connection is refused.
    pub fn hold(
        &self,
        stage: &Stage,
        cores: Cores,
        carried: Carried,
        connections: usize,
    ) -> Result<Held, Failed> {
        Held::start(self.load(stage, cores, carried, connections).arg("--hold"))
    }

    fn load(&self, stage: &Stage, cores: Cores, carried: Carried, connections: usize) -> Command {
        let mut command = match carried {
            Carried::Files(size) => {
                let mut command = on(cores.others(), &stage.program("fetch"));
                command.arg("--path").arg(format!("/{size}.html"));
                command
            }
            Carried::Messages(size) => {
                let mut command = on(cores.others(), &stage.program("sockets"));
                command.args(["--size", &size.to_string()]);
                command
            }
        };
        command.arg("--to").arg(self.address.to_string()).args(["--clients", &connections.to_string()]);
        if self.tls {
            command.arg("--authority").arg(stage.certificate());
        }
        command
    }
}

fn ticketgate(stage: &Stage, cores: Cores, root: &Path, tls: bool) -> Result<Command, Failed> {
    stage.both(&stage.file("files.pem"))?;
    let conf = include_str!("../conf/files.xml")
        .replace("TLS:", if tls { "s:" } else { ":" })
        .replace("DIR", &root.display().to_string());
    configured::ticketgate(stage, cores, "files.xml", &conf)
}

fn nginx(
    stage: &Stage,
    cores: Cores,
    address: SocketAddr,
    root: &Path,
    tls: bool,
) -> Result<Command, Failed> {
    let conf = include_str!("../conf/files-nginx.conf")
        .replace("listen ADDRESS TLS", &format!("listen {address} {}", stage.nginx_tls(tls)))
        .replace("root ROOT", &format!("root {}", root.display()));
    configured::nginx(stage, cores, address, &conf)
}
