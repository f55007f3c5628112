//! Measures the gateway as a server of files beside nginx, and what connections that wait cost, and prints tables in Markdown.

#![expect(clippy::print_stdout, reason = "the tables are its output")]

mod idle;
mod requests;

use benches::{
    lane::Failed,
    stage::{self, Stage},
};
use clap::Parser;

/// What can be measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum What {
    /// Memory of connections that wait
    Idle,
    /// Files fetched over connections that stay
    Requests,
}

/// Measures the gateway as a server of files beside nginx.
#[derive(Debug, Parser)]
struct Args {
    /// What is measured
    #[arg(value_enum, default_values = ["requests", "idle"])]
    what: Vec<What>,
    /// Rounds; each figure is measured once in each
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Seconds that each load lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// Idle connections whose memory is measured
    #[arg(long, value_name = "N", default_value_t = 2000)]
    connections: usize,
}

fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let stage = Stage::set()?;
    println!("{}\n", stage::machine());
    if args.what.contains(&What::Requests) {
        requests::measure(&stage, args.rounds, args.seconds)?.print("Files over connections that stay");
    }
    if args.what.contains(&What::Idle) {
        idle::measure(&stage, args.rounds, args.connections)?.print("Memory of a connection that idles");
    }
    println!("{}", stage::machine());
    Ok(())
}
