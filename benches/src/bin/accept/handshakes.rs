//! WebSockets that are opened one after the other, where a gateway asks for tickets each with a fresh one.

use benches::{
    lane::Failed,
    proxies::{Carrier, Echo, Proxy},
    stage::{Cores, Stage},
    table::{Spread, Table},
    tally::Found,
    tickets::Tickets,
};

/// Clients that open sockets at the same time.
const CLIENTS: usize = 16;

/// Sockets opened a second, and what each costs; carriers one after the other in each round.
pub(crate) fn measure(
    stage: &Stage,
    tickets: &Tickets,
    carriers: &[Carrier],
    rounds: usize,
    tokens: usize,
) -> Result<Table, Failed> {
    let cores = Cores::Apart;
    let echo = Echo::start(stage, cores)?;
    let mut rows = Vec::new();
    for tls in [false, true] {
        // The back end speaks no TLS.
        for carrier in carriers.iter().filter(|carrier| !tls || **carrier != Carrier::Direct) {
            let proxy = Proxy::start(*carrier, stage, cores, &echo, tickets, tls)?;
            rows.push((tls, proxy, Vec::<Found>::new()));
        }
    }
    for _ in 0..rounds {
        for (_, proxy, found) in &mut rows {
            found.push(proxy.opens(stage, cores, tickets, (CLIENTS, tokens / CLIENTS))?);
        }
    }
    let mut table =
        Table::new(&["carrier", "ticket", "TLS", "sockets/s", "CPU us each", "p50 us", "p99 us", "errors"]);
    for (tls, proxy, found) in &rows {
        let spread = |of: fn(&Found) -> f64| found.iter().map(of).collect::<Spread>();
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        table.row([
            proxy.carrier.name().to_owned(),
            yes(proxy.carrier.asks_for_tickets()),
            yes(*tls),
            spread(|found| found.rate).show(0),
            if proxy.carrier == Carrier::Direct {
                "-".to_owned()
            } else {
                spread(|found| found.cpu_us).show(1)
            },
            spread(|found| found.p50_us).show(0),
            spread(|found| found.p99_us).show(0),
            found.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    Ok(table)
}
