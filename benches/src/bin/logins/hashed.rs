//! What a login costs whose password is hashed, which is made to cost.

use benches::{
    jwt::Issuer,
    lane::Failed,
    logins::{
        Gate, HASHED, Lasts,
        Server::{self, Apache, Nginx, Ticketgate},
        Shows, Way,
    },
    stage::{Cores, Stage},
    table::{Spread, Table},
    tally::Found,
};

/// Clients at once.
const CLIENTS: [usize; 2] = [1, 64];

/// How many of this hash take about as long as one of the slowest.
fn quicker(hash: &str) -> usize {
    match hash {
        "argon2id" => 2,
        "sha-crypt" => 16,
        _ => 1,
    }
}

/// Who hashes like this.
fn hashing(hash: &str) -> &'static [Server] {
    // The others know what the system's crypt(3) knows.
    if hash == "argon2id" { &[Ticketgate] } else { &[Ticketgate, Nginx, Apache] }
}

/// One line of the table: its figures are those of every round.
struct Row {
    way: Way,
    clients: usize,
    found: Vec<Found>,
    /// Octets.
    peak: Vec<u64>,
}

/// Logins a second, processor time and memory, in a new process each time, with so many logins of the slowest hash.
/// Beside it the ways that are left out, and why.
pub(crate) fn measure(
    stage: &Stage,
    issuer: &Issuer,
    rounds: usize,
    logins: usize,
) -> Result<(Table, Vec<String>), Failed> {
    let cores = Cores::Apart;
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    for clients in CLIENTS {
        for name in HASHED {
            for server in hashing(name) {
                let way = Way { server: *server, name, path: "password", shows: Shows::Password(name) };
                rows.push(Row { way, clients, found: Vec::new(), peak: Vec::new() });
            }
        }
    }
    for _ in 0..rounds {
        for row in &mut rows {
            let gate = Gate::start(row.way.server, stage, cores, issuer)?;
            if let Some(entrance) = crate::enter(&gate, &row.way, issuer, &mut left_out) {
                let lasts = Lasts::Times((logins * quicker(row.way.name) / row.clients).max(1));
                row.found.push(gate.fetched(stage, cores, &entrance, row.clients, lasts)?);
                row.peak.push(gate.peak()?);
            }
        }
    }
    left_out.sort();
    left_out.dedup();
    rows.retain(|row| !row.found.is_empty());
    Ok((table(&rows), left_out))
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        "clients",
        "hash",
        "server",
        "logins/s",
        "CPU ms a login",
        "p50 ms",
        "p99 ms",
        "peak MiB",
        "errors",
    ]);
    for row in rows {
        let spread = |of: fn(&Found) -> f64| row.found.iter().map(of).collect::<Spread>();
        let peak = row.peak.iter().filter_map(|octets| u32::try_from(octets / 1024).ok());
        table.row([
            row.clients.to_string(),
            row.way.name.to_owned(),
            row.way.server.name().to_owned(),
            spread(|found| found.rate).show(0),
            spread(|found| found.cpu_us / 1e3).show(1),
            spread(|found| found.p50_us / 1e3).show(0),
            spread(|found| found.p99_us / 1e3).show(0),
            peak.map(|kibibytes| f64::from(kibibytes) / 1024.0).collect::<Spread>().show(0),
            row.found.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    table
}
