//! What a relayed exchange costs when the KDC costs almost nothing, and what a TLS handshake costs.

use std::path::PathBuf;

use benches::{
    lane::{Failed, Way},
    stage::{CAPTURED_REALM, Cores, Stage},
    table::{Spread, Table},
    tally::Found,
};

use crate::process::{Gateway, Load, NullKdc};

/// What is asked, and by way of whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    /// The KDC itself.
    Nobody,
    /// A relay that does nothing but pass datagrams on.
    Bare,
    /// The gateway.
    Plain,
    /// The gateway with TLS.
    Tls,
}

struct Row {
    name: &'static str,
    by: By,
    way: Way,
    tgs: bool,
    cores: Cores,
    clients: &'static [usize],
}

const fn row(name: &'static str, by: By, way: Way, cores: Cores, clients: &'static [usize]) -> Row {
    Row { name, by, way, tgs: false, cores, clients }
}

const BOTH: &[usize] = &[1, 64];

const ROWS: [Row; 15] = [
    row("KDC, UDP", By::Nobody, Way::Udp, Cores::Apart, BOTH),
    row("KDC, TCP, new connection each", By::Nobody, Way::Tcp, Cores::Apart, BOTH),
    row("bare relay, UDP", By::Bare, Way::Udp, Cores::Apart, &[1]),
    row("WebSocket", By::Plain, Way::Ws, Cores::Apart, BOTH),
    Row { tgs: true, ..row("WebSocket, TGS", By::Plain, Way::Ws, Cores::Apart, BOTH) },
    row("KKDCP", By::Plain, Way::Kkdcp, Cores::Apart, BOTH),
    row("UDP", By::Plain, Way::Udp, Cores::Apart, BOTH),
    row("WebSocket, TLS", By::Tls, Way::Wss, Cores::Apart, BOTH),
    row("KKDCP, TLS", By::Tls, Way::KkdcpTls, Cores::Apart, BOTH),
    row("KKDCP, TLS, handshake each (as MIT)", By::Tls, Way::KkdcpTlsOnce, Cores::Apart, BOTH),
    row("KDC, UDP", By::Nobody, Way::Udp, Cores::One, BOTH),
    row("bare relay, UDP", By::Bare, Way::Udp, Cores::One, &[1]),
    row("WebSocket", By::Plain, Way::Ws, Cores::One, BOTH),
    row("KKDCP", By::Plain, Way::Kkdcp, Cores::One, BOTH),
    row("UDP", By::Plain, Way::Udp, Cores::One, BOTH),
];

/// The programs of one arrangement.
struct Cast {
    kdc: NullKdc,
    bare: NullKdc,
    plain: Gateway,
    tls: Gateway,
}

impl Cast {
    fn start(stage: &Stage, cores: Cores) -> Result<Self, Failed> {
        let kdc = NullKdc::start(stage, cores)?;
        let bare = NullKdc::relay(stage, cores, kdc.address)?;
        let plain = Gateway::start(stage, cores, CAPTURED_REALM, &[kdc.address], false)?;
        let tls = Gateway::start(stage, cores, CAPTURED_REALM, &[kdc.address], true)?;
        Ok(Self { kdc, bare, plain, tls })
    }

    fn load<'a>(&self, row: &Row, clients: usize, request: &'a PathBuf) -> Load<'a> {
        let (to, watch) = match (row.by, row.way) {
            (By::Nobody, _) => (self.kdc.address, None),
            (By::Bare, _) => (self.bare.address, Some(self.bare.pid())),
            (By::Plain, Way::Udp) => (self.plain.raw, Some(self.plain.pid())),
            (By::Plain, _) => (self.plain.web, Some(self.plain.pid())),
            (By::Tls, _) => (self.tls.web, Some(self.tls.pid())),
        };
        Load { way: row.way, to, request, clients, watch, cores: row.cores }
    }
}

/// Requests a second, latency, and processor time of the gateway, for every way.
pub(crate) fn measure(stage: &Stage, rounds: usize, seconds: f64) -> Result<Table, Failed> {
    let (apart, one) = (Cast::start(stage, Cores::Apart)?, Cast::start(stage, Cores::One)?);
    let mut found: Vec<(&Row, usize, Vec<Found>)> = ROWS
        .iter()
        .flat_map(|row| row.clients.iter().map(move |clients| (row, *clients, Vec::new())))
        .collect();
    for _ in 0..rounds {
        for (row, clients, found) in &mut found {
            let cast = if row.cores == Cores::One { &one } else { &apart };
            let request = if row.tgs { stage.tgs_req() } else { stage.as_req() };
            found.push(cast.load(row, *clients, &request).for_seconds(stage, seconds)?);
            cast.plain.forget()?;
            cast.tls.forget()?;
        }
    }
    let mut table = Table::new(&[
        "way",
        "clients",
        "cores",
        "requests/s",
        "of direct UDP",
        "p50 us",
        "p99 us",
        "p99 over direct us",
        "CPU us an exchange",
        "errors",
    ]);
    for (row, clients, figures) in &found {
        let direct = found
            .iter()
            .find(|(other, others, _)| {
                (other.by, other.way, other.cores, others) == (By::Nobody, Way::Udp, row.cores, clients)
            })
            .map(|(_, _, found)| found.as_slice())
            .unwrap_or_default();
        let cpu = if row.by == By::Nobody {
            "-".to_owned()
        } else {
            figures.iter().map(|found| found.cpu_us).collect::<Spread>().show(1)
        };
        let beside = || figures.iter().zip(direct);
        table.row([
            row.name.to_owned(),
            clients.to_string(),
            if row.cores == Cores::One { "one".to_owned() } else { "apart".to_owned() },
            figures.iter().map(|found| found.rate).collect::<Spread>().show(0),
            beside().map(|(found, direct)| found.rate / direct.rate).collect::<Spread>().show(2),
            figures.iter().map(|found| found.p50_us).collect::<Spread>().show(0),
            figures.iter().map(|found| found.p99_us).collect::<Spread>().show(0),
            beside().map(|(found, direct)| found.p99_us - direct.p99_us).collect::<Spread>().show(0),
            cpu,
            figures.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    Ok(table)
}

/// Full TLS 1.3 handshakes with a P-256 certificate.
pub(crate) fn handshakes(stage: &Stage, rounds: usize, seconds: f64) -> Result<Table, Failed> {
    let kdc = NullKdc::start(stage, Cores::Apart)?;
    let gateway = Gateway::start(stage, Cores::Apart, CAPTURED_REALM, &[kdc.address], true)?;
    let mut table = Table::new(&["key exchange", "handshakes a second a core", "CPU us", "errors"]);
    for (name, key_exchange) in [("X25519", "x25519"), ("X25519MLKEM768", "hybrid")] {
        let load = Load {
            way: Way::Handshake,
            to: gateway.web,
            request: &stage.as_req(),
            clients: 16,
            watch: Some(gateway.pid()),
            cores: Cores::Apart,
        };
        let arguments = ["--seconds", &seconds.to_string(), "--key-exchange", key_exchange];
        let found =
            (0..rounds).map(|_| load.run(stage, &arguments)).collect::<Result<Vec<Found>, Failed>>()?;
        table.row([
            name.to_owned(),
            found.iter().map(|found| 1e6 / found.cpu_us).collect::<Spread>().show(0),
            found.iter().map(|found| found.cpu_us).collect::<Spread>().show(0),
            found.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    Ok(table)
}
