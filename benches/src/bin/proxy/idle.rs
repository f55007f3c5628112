//! What an open WebSocket costs while it waits: resident memory of the proxy, before and after many.

use benches::{
    lane::Failed,
    proxies::{Carrier, Echo, Proxy},
    stage::{Cores, Stage},
    table::{Spread, Table},
    tickets::Tickets,
};

/// Octets of the one message that each socket has carried.
const SIZES: [usize; 2] = [64, 16 * 1024];

/// Sockets that come before those that are counted, and fill what all share.
const FIRST: usize = 200;

/// Octets for each of `sockets`, in a new process each time.
pub(crate) fn measure(
    stage: &Stage,
    tickets: &Tickets,
    carriers: &[Carrier],
    rounds: usize,
    sockets: usize,
) -> Result<Table, Failed> {
    let mut table = Table::new(&["carrier", "TLS", "message before", "sockets", "KiB each"]);
    for tls in [false, true] {
        for carrier in carriers.iter().filter(|carrier| **carrier != Carrier::Direct) {
            for size in SIZES {
                let each = (0..rounds)
                    .map(|_| slope(*carrier, stage, tickets, tls, (size, sockets)))
                    .collect::<Result<Spread, Failed>>()?;
                table.row([
                    carrier.name().to_owned(),
                    if tls { "yes" } else { "no" }.to_owned(),
                    size.to_string(),
                    sockets.to_string(),
                    each.show(1),
                ]);
            }
        }
    }
    Ok(table)
}

/// KiB that each further socket adds.
fn slope(
    carrier: Carrier,
    stage: &Stage,
    tickets: &Tickets,
    tls: bool,
    (size, sockets): (usize, usize),
) -> Result<f64, Failed> {
    let cores = Cores::Apart;
    let echo = Echo::start(stage, cores)?;
    let proxy = Proxy::start(carrier, stage, cores, &echo, tickets, tls)?;
    let first = proxy.hold(stage, cores, tickets, (size, FIRST))?;
    let before = proxy.resident()?;
    let more = proxy.hold(stage, cores, tickets, (size, sockets))?;
    let grown = proxy.resident()?.saturating_sub(before) / 1024;
    drop((first, more));
    Ok(f64::from(u32::try_from(grown)?) / f64::from(u32::try_from(sockets)?))
}
