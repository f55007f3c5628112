//! Measures the gateway as a proxy of WebSockets beside HAProxy and nginx, and prints tables in Markdown.

#![expect(clippy::print_stdout, reason = "the tables are its output")]

mod idle;
mod messages;

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
    /// Memory of open sockets that wait
    Idle,
    /// Messages over open sockets
    Messages,
}

/// Measures the gateway as a proxy of WebSockets beside HAProxy and nginx.
#[derive(Debug, Parser)]
struct Args {
    /// What is measured
    #[arg(value_enum, default_values = ["messages", "idle"])]
    what: Vec<What>,
    /// Rounds; each figure is measured once in each
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Seconds that each load lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// Idle sockets whose memory is measured
    #[arg(long, value_name = "N", default_value_t = 2000)]
    sockets: usize,
    /// Who is measured
    #[arg(long, value_enum, value_delimiter = ',', default_value = "direct,haproxy,nginx,ticketgate")]
    carriers: Vec<Carrier>,
}

fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let stage = Stage::set()?;
    let tickets = Tickets::new()?;
    println!("{}\n", stage::machine());
    if args.what.contains(&What::Messages) {
        messages::measure(&stage, &tickets, &args.carriers, args.rounds, args.seconds)?
            .print("Messages over open WebSockets");
    }
    if args.what.contains(&What::Idle) {
        idle::measure(&stage, &tickets, &args.carriers, args.rounds, args.sockets)?
            .print("Memory of an open WebSocket that waits");
    }
    println!("{}", stage::machine());
    Ok(())
}
