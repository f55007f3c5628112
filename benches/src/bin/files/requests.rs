//! What a file costs that is fetched over a connection that stays.

use benches::{
    files::{Server, Serving},
    lane::Failed,
    stage::{Cores, Stage},
    table::{Spread, Table},
    tally::Found,
};

/// Octets of a file: a script, a picture.
pub(crate) const SIZES: [usize; 2] = [1024, 100 * 1024];

/// Connections that are in use at once.
const CONNECTIONS: [usize; 2] = [1, 64];

const SERVERS: [Server; 2] = [Server::Nginx, Server::Ticketgate];

/// One line of the table: its figures are those of every round.
struct Row {
    tls: bool,
    size: usize,
    connections: usize,
    server: Server,
    found: Vec<Found>,
}

/// Requests a second, processor time and latency, servers one after the other in each round.
pub(crate) fn measure(stage: &Stage, rounds: usize, seconds: f64) -> Result<Table, Failed> {
    let mut rows = Vec::new();
    let cores = Cores::Apart;
    for tls in [false, true] {
        let start = |server: &Server| Serving::start(*server, stage, cores, &SIZES, tls);
        let servers = SERVERS.iter().map(start).collect::<Result<Vec<_>, Failed>>()?;
        let first = rows.len();
        for size in SIZES {
            for connections in CONNECTIONS {
                rows.extend(SERVERS.map(|server| Row { tls, size, connections, server, found: Vec::new() }));
            }
        }
        for _ in 0..rounds {
            for (row, server) in rows.iter_mut().skip(first).zip(servers.iter().cycle()) {
                row.found.push(server.fetched(stage, cores, (row.size, row.connections), seconds)?);
            }
        }
    }
    let mut table = Table::new(&[
        "octets",
        "connections",
        "TLS",
        "server",
        "requests/s",
        "CPU us a request",
        "of nginx's CPU",
        "p50 us",
        "p99 us",
        "errors",
    ]);
    for row in &rows {
        let nginx = rows.iter().find(|other| {
            (other.server, other.tls, other.size, other.connections)
                == (Server::Nginx, row.tls, row.size, row.connections)
        });
        let spread = |of: fn(&Found) -> f64| row.found.iter().map(of).collect::<Spread>();
        let beside = nginx.into_iter().flat_map(|nginx| row.found.iter().zip(&nginx.found));
        let ratio: Spread = beside.map(|(found, nginx)| found.cpu_us / nginx.cpu_us).collect();
        table.row([
            row.size.to_string(),
            row.connections.to_string(),
            if row.tls { "yes" } else { "no" }.to_owned(),
            row.server.name().to_owned(),
            spread(|found| found.rate).show(0),
            spread(|found| found.cpu_us).show(1),
            ratio.show(2),
            spread(|found| found.p50_us).show(0),
            spread(|found| found.p99_us).show(0),
            row.found.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    Ok(table)
}
