//! The load generator for proxies of WebSockets: so many sockets, each of which sends a message, waits for the
//! answer, and sends again; or new sockets all the time.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use benches::{
    lane::Failed,
    socket::{Door, Opens, Socket, Tokens, message},
    tally::{self, Plan},
    tls::{self, KeyExchange},
};
use clap::Parser;

/// Loads a proxy of WebSockets and measures how it carries messages.
#[derive(Debug, Parser)]
struct Args {
    /// Where it is
    #[arg(long, value_name = "ADDR")]
    to: SocketAddr,
    /// What is asked for
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,
    /// Header field of each request, `Name: value`; any number
    #[arg(long, value_name = "FIELD")]
    field: Vec<String>,
    /// Octets of a message
    #[arg(long, value_name = "OCTETS", default_value_t = 64)]
    size: usize,
    /// Sockets
    #[arg(long, value_name = "N", default_value_t = 1)]
    clients: usize,
    /// File of Negotiate tokens, each with its length in four octets; one for each socket
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Speak TLS and trust this PEM certificate
    #[arg(long, value_name = "PEM")]
    authority: Option<PathBuf>,
    /// Open a new socket each time and send nothing
    #[arg(long)]
    open: bool,
    /// Send one message over each socket, print a line, and keep them until input ends
    #[arg(long, conflicts_with = "open")]
    hold: bool,
    #[command(flatten)]
    plan: Plan,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let tls = args.authority.as_deref().map(|pem| tls::client(pem, KeyExchange::default())).transpose()?;
    let tokens = args.tokens.as_deref().map(Tokens::read).transpose()?.map(Arc::new);
    let door = Door { to: args.to, tls, path: args.path, fields: args.field, tokens };
    if args.open {
        let clients = (0..args.clients).map(|_| Opens(door.clone())).collect();
        return tally::measure(clients, &args.plan).await;
    }
    let message = message(args.size);
    let mut clients = Vec::with_capacity(args.clients);
    for _ in 0..args.clients {
        clients.push(Socket::open(&door, &message).await?);
    }
    if args.hold { tally::hold(clients).await } else { tally::measure(clients, &args.plan).await }
}
