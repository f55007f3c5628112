//! What it costs that a WebSocket is opened with the cookie of a session, and not by everybody.

use benches::{
    jwt::Issuer,
    lane::Failed,
    logins::{Gate, Lasts, Server},
    stage::{Cores, Stage},
    table::{Spread, Table},
    tally::Found,
};

/// Clients that open sockets at the same time.
const CLIENTS: usize = 16;

/// Pairs of loads in a round. What is looked for is small beside what a connection costs, and between two loads that
/// follow each other the machine changes least.
const PAIRS: usize = 5;

/// Sockets opened a second, and what each costs, by everybody and with a cookie by turns.
pub(crate) fn measure(stage: &Stage, issuer: &Issuer, rounds: usize, seconds: f64) -> Result<Table, Failed> {
    let (cores, lasts) = (Cores::Apart, Lasts::Seconds(seconds));
    let gate = Gate::start(Server::Ticketgate, stage, cores, issuer)?;
    let (open, cookie) = (gate.sockets(false)?, gate.sockets(true)?);
    let (mut by_all, mut by_users): (Vec<Found>, Vec<Found>) = (Vec::new(), Vec::new());
    for pair in 0..rounds * PAIRS {
        let mut by_all_next = || -> Result<(), Failed> {
            by_all.push(gate.opened(stage, cores, &open, CLIENTS, lasts)?);
            Ok(())
        };
        let mut by_users_next = || -> Result<(), Failed> {
            by_users.push(gate.opened(stage, cores, &cookie, CLIENTS, lasts)?);
            Ok(())
        };
        // Neither is always the first.
        if pair % 2 == 0 {
            by_all_next()?;
            by_users_next()?;
        } else {
            by_users_next()?;
            by_all_next()?;
        }
    }
    let mut table = Table::new(&[
        "opened by",
        "sockets/s",
        "CPU us each",
        "more than open us",
        "p50 us",
        "p99 us",
        "errors",
    ]);
    let more: Spread = by_users.iter().zip(&by_all).map(|(users, all)| users.cpu_us - all.cpu_us).collect();
    for (name, found, more) in
        [("everybody", &by_all, "-".to_owned()), ("users, session cookie", &by_users, more.show(1))]
    {
        let spread = |of: fn(&Found) -> f64| found.iter().map(of).collect::<Spread>();
        table.row([
            name.to_owned(),
            spread(|found| found.rate).show(0),
            spread(|found| found.cpu_us).show(1),
            more,
            spread(|found| found.p50_us).show(0),
            spread(|found| found.p99_us).show(0),
            found.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    Ok(table)
}
