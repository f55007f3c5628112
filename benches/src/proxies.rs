//! The gateway and its peers, each as a proxy of WebSockets before the same back end.

use std::{
    env,
    fs::{self, File},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use crate::{
    configured,
    lane::Failed,
    process,
    running::{Held, Running, on},
    stage::{Cores, Stage},
    tally::Found,
    tickets::Tickets,
};

/// Who carries the messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Carrier {
    /// Apache with mod_auth_gssapi, which asks for a ticket. Each of its sockets has a thread.
    Apache,
    /// Nobody: the back end itself.
    Direct,
    /// HAProxy.
    Haproxy,
    /// nginx.
    Nginx,
    /// `ticketgate tpg`, which asks for a ticket.
    Ticketgate,
}

impl Carrier {
    /// What the tables call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apache => "Apache, mod_auth_gssapi",
            Self::Direct => "(direct)",
            Self::Haproxy => "HAProxy",
            Self::Nginx => "nginx",
            Self::Ticketgate => "ticketgate",
        }
    }

    /// Whether it opens a socket for tickets alone.
    #[must_use]
    pub const fn asks_for_tickets(self) -> bool {
        matches!(self, Self::Apache | Self::Ticketgate)
    }
}

/// The least that a back end can cost, on the processor of everything that is not measured.
#[derive(Debug)]
pub struct Echo {
    running: Running,
    /// Where it is.
    pub address: SocketAddr,
}

impl Echo {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// If it was not built.
    pub fn start(stage: &Stage, cores: Cores) -> Result<Self, Failed> {
        let mut running = Running::start(&mut on(cores.others(), &stage.program("echo")))?;
        let address = running.line()?.trim().parse()?;
        Ok(Self { running, address })
    }
}

/// A running proxy.
#[derive(Debug)]
pub struct Proxy {
    /// Which one.
    pub carrier: Carrier,
    running: Option<Running>,
    address: SocketAddr,
    echo_pid: u32,
    tls: bool,
}

/// The gateway without limits on what one peer may do.
const WITHOUT_LIMITS: [&str; 6] = ["--peer-rate", "0", "--peer-requests", "0", "--peer-connections", "0"];

/// How long a proxy may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(10);

impl Proxy {
    /// Starts one before the back end and waits until it serves.
    ///
    /// # Errors
    ///
    /// If it is not installed, or does not listen.
    pub fn start(
        carrier: Carrier,
        stage: &Stage,
        cores: Cores,
        echo: &Echo,
        tickets: &Tickets,
        tls: bool,
    ) -> Result<Self, Failed> {
        let echo_pid = echo.running.pid();
        let proxy = |running, address| Self { carrier, running, address, echo_pid, tls };
        if carrier == Carrier::Direct {
            return Ok(proxy(None, echo.address));
        }
        if carrier == Carrier::Ticketgate {
            let mut running = Running::start(&mut ticketgate(stage, cores, echo, tickets, tls)?)?;
            let line = running.line()?;
            let (_, address) = line.trim().trim_end_matches('/').rsplit_once('/').ok_or("no address")?;
            return Ok(proxy(Some(running), address.parse()?));
        }
        let address = free()?;
        let mut command = match carrier {
            Carrier::Apache => apache(stage, cores, address, echo.address, tickets, tls)?,
            Carrier::Haproxy => haproxy(stage, cores, address, echo.address, tls)?,
            _ => nginx(stage, cores, address, echo.address, tls)?,
        };
        let running = Running::start(&mut command)?;
        listens(carrier.name(), address)?;
        Ok(proxy(Some(running), address))
    }

    /// The process whose costs are counted: the proxy's, or the back end's if there is none.
    fn pid(&self) -> u32 {
        self.running.as_ref().map_or(self.echo_pid, Running::pid)
    }

    /// Octets of memory that are resident.
    ///
    /// # Errors
    ///
    /// If it is gone.
    pub fn resident(&self) -> Result<u64, Failed> {
        Ok(process::resident(self.pid())?)
    }

    /// The load generator for this proxy, with a ticket for each of so many sockets where one is asked for.
    fn load(
        &self,
        stage: &Stage,
        cores: Cores,
        tickets: &Tickets,
        sockets: usize,
    ) -> Result<Command, Failed> {
        let mut command = on(cores.others(), &stage.program("sockets"));
        command.arg("--to").arg(self.address.to_string());
        if self.tls {
            command.arg("--authority").arg(stage.certificate());
        }
        if self.carrier.asks_for_tickets() {
            command.arg("--tokens").arg(tickets.write(stage, sockets)?);
        }
        Ok(command)
    }

    /// Messages of `size` octets over so many sockets, for so many seconds.
    ///
    /// # Errors
    ///
    /// If a socket is refused.
    pub fn messages(
        &self,
        stage: &Stage,
        cores: Cores,
        tickets: &Tickets,
        (size, sockets): (usize, usize),
        seconds: f64,
    ) -> Result<Found, Failed> {
        let mut command = self.load(stage, cores, tickets, sockets)?;
        command.args(["--size", &size.to_string(), "--clients", &sockets.to_string()]);
        command.args(["--seconds", &seconds.to_string(), "--watch", &self.pid().to_string()]);
        Found::read(&command.output()?.stdout)
    }

    /// So many new sockets, opened by so many clients one after the other.
    ///
    /// # Errors
    ///
    /// If the generator does not start.
    pub fn opens(
        &self,
        stage: &Stage,
        cores: Cores,
        tickets: &Tickets,
        (clients, each): (usize, usize),
    ) -> Result<Found, Failed> {
        let mut command = self.load(stage, cores, tickets, clients * each)?;
        command.args(["--open", "--clients", &clients.to_string(), "--count", &each.to_string()]);
        command.args(["--watch", &self.pid().to_string()]);
        Found::read(&command.output()?.stdout)
    }

    /// So many sockets that have each carried a message of `size` octets and wait, while the result lives.
    ///
    /// # Errors
    ///
    /// If a socket is refused.
    pub fn hold(
        &self,
        stage: &Stage,
        cores: Cores,
        tickets: &Tickets,
        (size, sockets): (usize, usize),
    ) -> Result<Held, Failed> {
        let mut command = self.load(stage, cores, tickets, sockets)?;
        command.args(["--hold", "--size", &size.to_string(), "--clients", &sockets.to_string()]);
        Held::start(&mut command)
    }
}

fn ticketgate(
    stage: &Stage,
    cores: Cores,
    echo: &Echo,
    tickets: &Tickets,
    tls: bool,
) -> Result<Command, Failed> {
    let log = File::options().create(true).append(true).open(stage.file("gateway.log"))?;
    let mut command = on(cores.gateway(), &stage.program("ticketgate"));
    command.args(["tpg", "--listen", "127.0.0.1:0", "--keytab"]).arg(tickets.keytab());
    command.arg("--connect").arg(format!("ws://{}/", echo.address));
    // Its peers have one thread too.
    command.args(WITHOUT_LIMITS).args(["--threads", "1"]).env_remove("RUST_LOG").stderr(log);
    if tls {
        command.arg("--tls-cert").arg(stage.certificate()).arg("--tls-key").arg(stage.key());
    }
    Ok(command)
}

/// A port that is free. Between this look at it and the program's there is room for somebody else; whoever measures is
/// alone.
pub(crate) fn free() -> Result<SocketAddr, Failed> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Waits until somebody listens there.
pub(crate) fn listens(name: &str, address: SocketAddr) -> Result<(), Failed> {
    let looks = PATIENCE.as_millis() / LOOK.as_millis();
    let listens = (0..looks).any(|_| {
        thread::sleep(LOOK);
        TcpStream::connect(address).is_ok()
    });
    if listens { Ok(()) } else { Err(format!("{name} does not listen at {address}").into()) }
}

/// A program that may be where Debian has servers and an ordinary user's path does not look.
pub(crate) fn server(cores: Cores, program: &str) -> Command {
    let mut command = on(cores.gateway(), Path::new(program));
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin");
    command.env("PATH", path);
    command
}

fn haproxy(
    stage: &Stage,
    cores: Cores,
    address: SocketAddr,
    back_end: SocketAddr,
    tls: bool,
) -> Result<Command, Failed> {
    let both = stage.file("haproxy.pem");
    stage.both(&both)?;
    let tls = if tls { format!("ssl crt {}", both.display()) } else { String::new() };
    let conf = include_str!("../conf/haproxy.cfg")
        .replace("bind ADDRESS TLS", &format!("bind {address} {tls}"))
        .replace("echo BACKEND", &format!("echo {back_end}"));
    let file = stage.file(&format!("haproxy-{}.cfg", address.port()));
    fs::write(&file, conf)?;
    let mut command = server(cores, "haproxy");
    command.args(["-db", "-q", "-f"]).arg(file);
    Ok(command)
}

fn apache(
    stage: &Stage,
    cores: Cores,
    address: SocketAddr,
    back_end: SocketAddr,
    tickets: &Tickets,
    tls: bool,
) -> Result<Command, Failed> {
    let files = format!(
        "SSLEngine on\nSSLProtocol TLSv1.3\nSSLCertificateFile {}\nSSLCertificateKeyFile {}",
        stage.certificate().display(),
        stage.key().display()
    );
    let conf = include_str!("../conf/apache.conf")
        .replace("Listen ADDRESS\nTLS", &format!("Listen {address}\n{}", if tls { &files } else { "" }))
        .replace("http://BACKEND", &format!("http://{back_end}"))
        .replace("keytab:KEYTAB", &format!("keytab:{}", tickets.keytab().display()));
    configured::apache(stage, cores, address, &conf)
}

fn nginx(
    stage: &Stage,
    cores: Cores,
    address: SocketAddr,
    back_end: SocketAddr,
    tls: bool,
) -> Result<Command, Failed> {
    let conf = include_str!("../conf/nginx.conf")
        .replace("listen ADDRESS TLS", &format!("listen {address} {}", stage.nginx_tls(tls)))
        .replace("http://BACKEND", &format!("http://{back_end}"));
    configured::nginx(stage, cores, address, &conf)
}
