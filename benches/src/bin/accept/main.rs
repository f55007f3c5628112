//! Measures what it costs to accept tickets: in our library, in MIT's, and through whole gateways.

#![expect(clippy::print_stdout, reason = "the tables are its output")]

mod handshakes;
mod ours;
mod validations;

use benches::{
    lane::Failed,
    proxies::Carrier,
    stage::{self, Stage},
    tickets::Tickets,
};
use clap::Parser;

/// What can be measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum What {
    /// WebSockets opened through a whole gateway, each with a fresh ticket
    Handshakes,
    /// Tickets accepted by a library
    Validations,
}

/// Measures what it costs to accept tickets.
#[derive(Debug, Parser)]
struct Args {
    /// What is measured
    #[arg(value_enum, default_values = ["validations", "handshakes"])]
    what: Vec<What>,
    /// Rounds; each figure is measured once in each
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Fresh tokens for each figure of each round
    #[arg(long, value_name = "N", default_value_t = 3200)]
    tokens: usize,
    /// Whose handshakes are measured
    #[arg(long, value_enum, value_delimiter = ',', default_value = "direct,haproxy,nginx,apache,ticketgate")]
    carriers: Vec<Carrier>,
}

fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let stage = Stage::set()?;
    let tickets = Tickets::new()?;
    println!("{}\n", stage::machine());
    if args.what.contains(&What::Validations) {
        validations::measure(&stage, &tickets, args.rounds, args.tokens)?.print("Tickets accepted");
    }
    if args.what.contains(&What::Handshakes) {
        handshakes::measure(&stage, &tickets, &args.carriers, args.rounds, args.tokens)?
            .print("WebSockets opened");
    }
    println!("{}", stage::machine());
    Ok(())
}
