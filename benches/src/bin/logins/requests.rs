//! What it costs that each request brings what shows who sent it, over a connection that stays.

use benches::{
    jwt::{Algorithm, Issuer},
    lane::Failed,
    logins::{
        Entrance, Gate, Lasts, PLAIN,
        Server::{self, Apache, Nginx, Ticketgate},
        Shows, Way,
    },
    stage::{Cores, Stage},
    table::{Spread, Table},
    tally::Found,
};

/// Clients at once.
const CLIENTS: [usize; 2] = [1, 64];

/// All that is measured; of each server the open way first.
const WAYS: [Way; 14] = [
    way(Ticketgate, "open", "open", Shows::Nothing),
    way(Ticketgate, "Basic, plain text", "password", Shows::Password(PLAIN)),
    way(Ticketgate, "session cookie", "session", Shows::Session),
    way(Ticketgate, "Token, ES256", "token", Shows::Token(Algorithm::Es256)),
    way(Ticketgate, "Token, RS256", "token", Shows::Token(Algorithm::Rs256)),
    way(Nginx, "open", "open", Shows::Nothing),
    way(Nginx, "Basic, plain text", "password", Shows::Password(PLAIN)),
    way(Nginx, "`auth_request` to itself", "request", Shows::Password(PLAIN)),
    way(Nginx, "`auth_request` to another nginx", "process", Shows::Password(PLAIN)),
    way(Apache, "open", "open", Shows::Nothing),
    way(Apache, "Basic, SHA-1", "password", Shows::Password(PLAIN)),
    way(Apache, "session cookie, mod_session_crypto", "session", Shows::Session),
    way(Apache, "Bearer, ES256, mod_auth_openidc", "token", Shows::Token(Algorithm::Es256)),
    way(Apache, "Bearer, RS256, mod_auth_openidc", "token", Shows::Token(Algorithm::Rs256)),
];

const fn way(server: Server, name: &'static str, path: &'static str, shows: Shows) -> Way {
    Way { server, name, path, shows }
}

/// One line of the table: its figures are those of every round.
struct Row<'a> {
    way: Way,
    gate: &'a Gate,
    entrance: Entrance,
    clients: usize,
    found: Vec<Found>,
}

/// Requests a second, and what of their cost is the login's; ways one after the other in each round. Beside it the ways
/// that are left out, and why.
pub(crate) fn measure(
    stage: &Stage,
    issuer: &Issuer,
    rounds: usize,
    seconds: f64,
) -> Result<(Table, Vec<String>), Failed> {
    let cores = Cores::Apart;
    let (mut gates, mut left_out) = (Vec::new(), Vec::new());
    for server in Server::ALL {
        gates.push((server, Gate::start(server, stage, cores, issuer)?));
    }
    let mut rows = Vec::new();
    for clients in CLIENTS {
        for way in WAYS {
            let (_, gate) = gates.iter().find(|(server, _)| *server == way.server).ok_or("no such server")?;
            if let Some(entrance) = crate::enter(gate, &way, issuer, &mut left_out) {
                rows.push(Row { way, gate, entrance, clients, found: Vec::new() });
            }
        }
    }
    for _ in 0..rounds {
        for row in &mut rows {
            row.found.push(row.gate.fetched(
                stage,
                cores,
                &row.entrance,
                row.clients,
                Lasts::Seconds(seconds),
            )?);
        }
    }
    // Each way was tried for each number of clients.
    left_out.sort();
    left_out.dedup();
    Ok((table(&rows), left_out))
}

fn table(rows: &[Row<'_>]) -> Table {
    let mut table = Table::new(&[
        "clients",
        "server",
        "login",
        "requests/s",
        "CPU us a request",
        "of them the login",
        "of its own open CPU",
        "p50 us",
        "p99 us",
        "errors",
    ]);
    for row in rows {
        let is_open = |other: &&Row<'_>| {
            (other.way.server, other.way.shows, other.clients)
                == (row.way.server, Shows::Nothing, row.clients)
        };
        let open = rows.iter().find(is_open).map_or(&[][..], |open| &open.found);
        let beside = || row.found.iter().zip(open);
        let more: Spread = beside().map(|(found, open)| found.cpu_us - open.cpu_us).collect();
        let ratio: Spread = beside().map(|(found, open)| found.cpu_us / open.cpu_us).collect();
        let spread = |of: fn(&Found) -> f64| row.found.iter().map(of).collect::<Spread>();
        table.row([
            row.clients.to_string(),
            row.way.server.name().to_owned(),
            row.way.name.to_owned(),
            spread(|found| found.rate).show(0),
            spread(|found| found.cpu_us).show(1),
            if row.way.shows == Shows::Nothing { "-".to_owned() } else { more.show(1) },
            ratio.show(2),
            spread(|found| found.p50_us).show(0),
            spread(|found| found.p99_us).show(0),
            row.found.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    table
}
