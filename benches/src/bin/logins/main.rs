//! Measures what logins cost the gateway, beside nginx and Apache, and prints tables in Markdown.

#![expect(clippy::print_stdout, reason = "the tables are its output")]

mod hashed;
mod requests;
mod upgrades;

use benches::{
    jwt::Issuer,
    lane::Failed,
    logins::{Entrance, Gate, Way},
    stage::{self, Stage},
};
use clap::Parser;

/// What can be measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum What {
    /// Logins with hashed passwords
    Hashed,
    /// Requests that each bring what shows who sent them
    Requests,
    /// WebSockets opened with the cookie of a session
    Upgrades,
}

/// Measures what logins cost the gateway, beside nginx and Apache.
#[derive(Debug, Parser)]
struct Args {
    /// What is measured
    #[arg(value_enum, default_values = ["requests", "hashed", "upgrades"])]
    what: Vec<What>,
    /// Rounds; each figure is measured once in each
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Seconds that each load lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// Logins of each load with the slowest hash; of the others more
    #[arg(long, value_name = "N", default_value_t = 64)]
    logins: usize,
}

fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let stage = Stage::set()?;
    let issuer = Issuer::new()?;
    println!("{}\n", stage::machine());
    if args.what.contains(&What::Requests) {
        let (table, left_out) = requests::measure(&stage, &issuer, args.rounds, args.seconds)?;
        table.print("Requests that bring a login");
        print(&left_out);
    }
    if args.what.contains(&What::Hashed) {
        let (table, left_out) = hashed::measure(&stage, &issuer, args.rounds, args.logins)?;
        table.print("Logins with hashed passwords");
        print(&left_out);
    }
    if args.what.contains(&What::Upgrades) {
        upgrades::measure(&stage, &issuer, args.rounds, args.seconds)?
            .print("WebSockets opened with the cookie of a session");
    }
    println!("{}", stage::machine());
    Ok(())
}

fn print(left_out: &[String]) {
    for line in left_out {
        println!("Left out: {line}.\n");
    }
}

/// What must be shown at a way, or else why it is left out is told.
fn enter(gate: &Gate, way: &Way, issuer: &Issuer, left_out: &mut Vec<String>) -> Option<Entrance> {
    let entered = gate.enter(way, issuer);
    entered.map_err(|why| left_out.push(format!("{}, {}: {why}", way.server.name(), way.name))).ok()
}
