//! The load generator for files: so many connections, each of which fetches a file, and fetches it again.

use std::{net::SocketAddr, path::PathBuf};

use benches::{
    fetch::Fetch,
    lane::Failed,
    tally::{self, Plan},
    tls::{self, KeyExchange},
};
use clap::Parser;

/// Loads a server of files.
#[derive(Debug, Parser)]
struct Args {
    /// Where it is
    #[arg(long, value_name = "ADDR")]
    to: SocketAddr,
    /// The file
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,
    /// Header field of each request, `Name: value`; any number
    #[arg(long, value_name = "FIELD")]
    field: Vec<String>,
    /// Connections
    #[arg(long, value_name = "N", default_value_t = 1)]
    clients: usize,
    /// Speak TLS and trust this PEM certificate
    #[arg(long, value_name = "PEM")]
    authority: Option<PathBuf>,
    /// Fetch the file once over each connection, print a line, and keep them until input ends
    #[arg(long)]
    hold: bool,
    #[command(flatten)]
    plan: Plan,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let tls = args.authority.as_deref().map(|pem| tls::client(pem, KeyExchange::default())).transpose()?;
    let mut clients = Vec::with_capacity(args.clients);
    for _ in 0..args.clients {
        clients.push(Fetch::open(args.to, tls.as_ref(), &args.path, &args.field).await?);
    }
    if args.hold { tally::hold(clients).await } else { tally::measure(clients, &args.plan).await }
}
