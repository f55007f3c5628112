//! Measures the gateway and prints one table in Markdown: `benches/run` builds and starts it.

#![expect(clippy::print_stdout, reason = "the table is its output")]

mod exchanges;
mod failures;
mod idle;
mod krb5kdc;
mod process;

use benches::{
    lane::Failed,
    stage::{self, Stage},
};
use clap::Parser;

/// Measures the gateway against a KDC that answers at once and against a real one.
#[derive(Debug, Parser)]
struct Args {
    /// Rounds; each figure is measured once in each
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Seconds that each load lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// Idle sockets whose memory is measured
    #[arg(long, value_name = "N", default_value_t = 2000)]
    sockets: usize,
    /// Leave out the real KDC
    #[arg(long)]
    without_krb5kdc: bool,
}

fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let stage = Stage::set()?;
    println!("{}\n", stage::machine());
    exchanges::measure(&stage, args.rounds, args.seconds)?.print("Exchanges with a KDC that answers at once");
    if !args.without_krb5kdc {
        krb5kdc::measure(&stage, args.rounds, args.seconds)?.print("Exchanges with krb5kdc");
    }
    exchanges::handshakes(&stage, args.rounds, args.seconds)?.print("TLS handshakes");
    idle::measure(&stage, args.rounds, args.sockets)?.print("Memory of an idle WebSocket");
    failures::measure(&stage, args.rounds)?.print("KDCs that fail");
    println!("{}", stage::machine());
    Ok(())
}
