//! The load generator: so many clients, each of which asks, waits for the answer, and asks again.
//!
//! It prints one JSON object: exchanges, errors, seconds, latencies in microseconds, and the processor time
//! that a watched process took meanwhile.

use std::{fs, net::SocketAddr, path::PathBuf};

use benches::{
    lane::{Failed, Lane, Route, Way},
    tally::{self, Plan},
    tls::{self, KeyExchange},
};
use clap::Parser;

/// Loads a KDC or a gateway and measures how it answers.
#[derive(Debug, Parser)]
struct Args {
    /// How to speak to it
    #[arg(long, value_enum)]
    way: Way,
    /// Where it is
    #[arg(long, value_name = "ADDR")]
    to: SocketAddr,
    /// File with an AS-REQ or TGS-REQ; its nonce is changed each time
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// PEM certificate of the authority that TLS trusts
    #[arg(long, value_name = "PEM")]
    authority: Option<PathBuf>,
    /// How TLS agrees on a key
    #[arg(long, value_enum, default_value_t)]
    key_exchange: KeyExchange,
    /// Clients
    #[arg(long, value_name = "N", default_value_t = 1)]
    clients: usize,
    #[command(flatten)]
    plan: Plan,
    /// Wait for refusals (over HTTP a status other than 200), not for answers
    #[arg(long)]
    refused: bool,
    /// Make one exchange with each client, print a line, and keep the connections until input ends
    #[arg(long)]
    hold: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let request = fs::read(&args.request)?;
    let tls = match &args.authority {
        Some(authority) if args.way.is_tls() => Some(tls::client(authority, args.key_exchange)?),
        None if args.way.is_tls() => return Err("TLS needs --authority".into()),
        _ => None,
    };
    let route = Route { way: args.way, to: args.to, tls, refused: args.refused };
    let mut lanes = Vec::with_capacity(args.clients);
    for _ in 0..args.clients {
        lanes.push(Lane::open(route.clone(), &request).await?);
    }
    if args.hold { tally::hold(lanes).await } else { tally::measure(lanes, &args.plan).await }
}
