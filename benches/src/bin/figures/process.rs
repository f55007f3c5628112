//! The programs that a measurement starts: the gateway, the null KDC, the load generator.

use std::{
    fs::File,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use benches::{
    lane::{Failed, Way},
    process,
    running::{Held, Running, on},
    stage::{Cores, Stage},
    tally::Found,
};

/// A KDC that answers at once, or a bare relay before one.
#[derive(Debug)]
pub(crate) struct NullKdc {
    running: Running,
    /// Where it is.
    pub(crate) address: SocketAddr,
}

impl NullKdc {
    pub(crate) fn start(stage: &Stage, cores: Cores) -> Result<Self, Failed> {
        Self::started(&mut on(cores.others(), &stage.program("null-kdc")))
    }

    /// The least that a relay can be, on the gateway's processor.
    pub(crate) fn relay(stage: &Stage, cores: Cores, before: SocketAddr) -> Result<Self, Failed> {
        let mut command = on(cores.gateway(), &stage.program("null-kdc"));
        Self::started(command.arg("--before").arg(before.to_string()))
    }

    fn started(command: &mut Command) -> Result<Self, Failed> {
        let mut running = Running::start(command)?;
        let address = running.line()?.trim().parse()?;
        Ok(Self { running, address })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }
}

/// A gateway with its default log, written to a file, and without limits on rates.
#[derive(Debug)]
pub(crate) struct Gateway {
    running: Running,
    /// Where HTTP and WebSocket are served.
    pub(crate) web: SocketAddr,
    /// Where Kerberos is served over TCP and UDP.
    pub(crate) raw: SocketAddr,
    log: File,
}

const WITHOUT_LIMITS: [&str; 8] =
    ["--peer-rate", "0", "--principal-rate", "0", "--peer-requests", "0", "--peer-connections", "0"];

impl Gateway {
    /// Starts one for a realm with these KDCs.
    pub(crate) fn start(
        stage: &Stage,
        cores: Cores,
        krb_realm: &str,
        kdcs: &[SocketAddr],
        tls: bool,
    ) -> Result<Self, Failed> {
        let kdcs: Vec<String> = kdcs.iter().map(ToString::to_string).collect();
        let log = File::options().create(true).append(true).open(stage.file("gateway.log"))?;
        let mut command = on(cores.gateway(), &stage.program("ticketgate"));
        command.args(["tgg", "--listen", "127.0.0.1:0", "--listen-raw", "127.0.0.1:0"]);
        command.arg("--kdc").arg(format!("{krb_realm}={}", kdcs.join(",")));
        command.args(WITHOUT_LIMITS).env_remove("RUST_LOG").stderr(log.try_clone()?);
        if tls {
            command.arg("--tls-cert").arg(stage.certificate()).arg("--tls-key").arg(stage.key());
        }
        let mut running = Running::start(&mut command)?;
        let mut address = || -> Result<SocketAddr, Failed> {
            let line = running.line()?;
            let (_, address) = line.trim().trim_end_matches('/').rsplit_once('/').ok_or("no address")?;
            Ok(address.parse()?)
        };
        // Web, TCP, UDP; the last two are one.
        let (web, raw, _) = (address()?, address()?, address()?);
        Ok(Self { running, web, raw, log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Octets of memory that are resident.
    pub(crate) fn resident(&self) -> Result<u64, Failed> {
        Ok(process::resident(self.pid())?)
    }

    /// Seconds of processor time so far.
    pub(crate) fn cpu(&self) -> Result<f64, Failed> {
        Ok(process::cpu(self.pid())?.as_secs_f64())
    }

    /// Empties the log, which would fill the disk.
    pub(crate) fn forget(&self) -> Result<(), Failed> {
        Ok(self.log.set_len(0)?)
    }
}

/// What the load generator is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load<'a> {
    pub(crate) way: Way,
    pub(crate) to: SocketAddr,
    pub(crate) request: &'a Path,
    pub(crate) clients: usize,
    pub(crate) watch: Option<u32>,
    pub(crate) cores: Cores,
}

impl Load<'_> {
    fn command(&self, stage: &Stage) -> Result<Command, Failed> {
        let way = clap::ValueEnum::to_possible_value(&self.way).ok_or("a way without a name")?;
        let mut command = on(self.cores.others(), &stage.program("load"));
        command.args(["--way", way.get_name(), "--to", &self.to.to_string()]);
        command.args(["--clients", &self.clients.to_string()]);
        command.arg("--request").arg(self.request).arg("--authority").arg(stage.certificate());
        if let Some(pid) = self.watch {
            command.args(["--watch", &pid.to_string()]);
        }
        Ok(command)
    }

    /// Loads with these further arguments.
    pub(crate) fn run(&self, stage: &Stage, more: &[&str]) -> Result<Found, Failed> {
        let output = self.command(stage)?.args(more).stderr(Stdio::inherit()).output()?;
        Found::read(&output.stdout)
    }

    /// Loads for so many seconds.
    pub(crate) fn for_seconds(&self, stage: &Stage, seconds: f64) -> Result<Found, Failed> {
        self.run(stage, &["--seconds", &seconds.to_string()])
    }

    /// So many exchanges of each client.
    pub(crate) fn count(&self, stage: &Stage, count: usize) -> Result<Found, Failed> {
        self.run(stage, &["--count", &count.to_string()])
    }

    /// So many exchanges that are to be refused.
    pub(crate) fn refused(&self, stage: &Stage, count: usize) -> Result<Found, Failed> {
        self.run(stage, &["--refused", "--count", &count.to_string()])
    }

    /// Opens all connections, makes an exchange on each, and keeps them while the result lives.
    pub(crate) fn hold(&self, stage: &Stage) -> Result<Held, Failed> {
        Held::start(self.command(stage)?.arg("--hold"))
    }
}
