//! What a connection costs while it waits: resident memory of the server, before and after many.

use benches::{
    files::{Carried, Server, Serving},
    lane::Failed,
    stage::{Cores, Stage},
    table::{Spread, Table},
};

use crate::requests::SIZES;

/// Connections that come before those that are counted, and fill what all share.
const FIRST: usize = 200;

/// Who is measured, and what its connections have carried.
const CASES: [(Server, &str, Carried); 5] = [
    (Server::Nginx, "a file of 1 KiB", Carried::Files(1024)),
    (Server::Ticketgate, "a file of 1 KiB", Carried::Files(1024)),
    (Server::Nginx, "a file of 100 KiB", Carried::Files(100 * 1024)),
    (Server::Ticketgate, "a file of 100 KiB", Carried::Files(100 * 1024)),
    (Server::Ticketgate, "an echo over WebSocket", Carried::Messages(64)),
];

/// Octets for each of `connections`, in a new process each time.
pub(crate) fn measure(stage: &Stage, rounds: usize, connections: usize) -> Result<Table, Failed> {
    let mut table = Table::new(&["server", "TLS", "carried before", "connections", "KiB each"]);
    for tls in [false, true] {
        for (server, name, carried) in CASES {
            let each = (0..rounds)
                .map(|_| slope(server, stage, tls, carried, connections))
                .collect::<Result<Spread, Failed>>()?;
            table.row([
                server.name().to_owned(),
                if tls { "yes" } else { "no" }.to_owned(),
                name.to_owned(),
                connections.to_string(),
                each.show(1),
            ]);
        }
    }
    Ok(table)
}

/// KiB that each further connection adds.
fn slope(
    server: Server,
    stage: &Stage,
    tls: bool,
    carried: Carried,
    connections: usize,
) -> Result<f64, Failed> {
    let cores = Cores::Apart;
    let server = Serving::start(server, stage, cores, &SIZES, tls)?;
    let first = server.hold(stage, cores, carried, FIRST)?;
    let before = server.resident()?;
    let more = server.hold(stage, cores, carried, connections)?;
    let grown = server.resident()?.saturating_sub(before) / 1024;
    drop((first, more));
    Ok(f64::from(u32::try_from(grown)?) / f64::from(u32::try_from(connections)?))
}
