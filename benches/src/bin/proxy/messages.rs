//! What a message costs on its way to the back end and its answer on the way back.

use benches::{
    lane::Failed,
    proxies::{Carrier, Echo, Proxy},
    stage::{Cores, Stage},
    table::{Spread, Table},
    tally::Found,
    tickets::Tickets,
};

/// Octets of a message: a chat, a document, a screen, an upload.
const SIZES: [usize; 4] = [64, 1024, 16 * 1024, 256 * 1024];

/// Sockets that are in use at once.
const SOCKETS: [usize; 2] = [1, 64];

/// One line of the table: its figures are those of every round.
struct Row {
    cores: Cores,
    size: usize,
    sockets: usize,
    carrier: Carrier,
    found: Vec<Found>,
}

/// Messages a second, processor time and latency, carriers one after the other in each round.
pub(crate) fn measure(
    stage: &Stage,
    tickets: &Tickets,
    carriers: &[Carrier],
    rounds: usize,
    seconds: f64,
) -> Result<Table, Failed> {
    let mut rows = Vec::new();
    for cores in [Cores::Apart, Cores::One] {
        let echo = Echo::start(stage, cores)?;
        let proxies = carriers
            .iter()
            .map(|carrier| Proxy::start(*carrier, stage, cores, &echo, tickets, false))
            .collect::<Result<Vec<_>, Failed>>()?;
        let first = rows.len();
        for size in SIZES {
            for sockets in SOCKETS {
                rows.extend(carriers.iter().map(|carrier| Row {
                    cores,
                    size,
                    sockets,
                    carrier: *carrier,
                    found: Vec::new(),
                }));
            }
        }
        for _ in 0..rounds {
            for (row, proxy) in rows.iter_mut().skip(first).zip(proxies.iter().cycle()) {
                let load = (row.size, row.sockets);
                row.found.push(proxy.messages(stage, cores, tickets, load, seconds)?);
            }
        }
    }
    let mut table = Table::new(&[
        "octets",
        "sockets",
        "cores",
        "carrier",
        "messages/s",
        "CPU us a message",
        "of HAProxy's CPU",
        "p50 us",
        "p99 us",
        "errors",
    ]);
    for row in &rows {
        let haproxy = rows.iter().find(|other| {
            (other.carrier, other.cores, other.size, other.sockets)
                == (Carrier::Haproxy, row.cores, row.size, row.sockets)
        });
        let spread = |of: fn(&Found) -> f64| row.found.iter().map(of).collect::<Spread>();
        let beside = haproxy.into_iter().flat_map(|haproxy| row.found.iter().zip(&haproxy.found));
        let (cpu, ratio) = if row.carrier == Carrier::Direct {
            ("-".to_owned(), "-".to_owned())
        } else {
            let ratio: Spread = beside.map(|(found, haproxy)| found.cpu_us / haproxy.cpu_us).collect();
            (spread(|found| found.cpu_us).show(1), ratio.show(2))
        };
        table.row([
            row.size.to_string(),
            row.sockets.to_string(),
            if row.cores == Cores::One { "one".to_owned() } else { "apart".to_owned() },
            row.carrier.name().to_owned(),
            spread(|found| found.rate).show(0),
            cpu,
            ratio,
            spread(|found| found.p50_us).show(0),
            spread(|found| found.p99_us).show(0),
            row.found.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    Ok(table)
}
