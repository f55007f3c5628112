//! The embedded KDC: under stock clients, under our own, and under whoever means harm.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod forged;
mod heimdal;
mod hostile;
mod mit;
mod ours;
mod passwords;
mod sockets;
mod trust;

use testkdc::embedded::{Database, Kdc, Server, random};
use testkdc::{Client, Krb5Conf};

/// A KDC at a free port of the loopback.
fn serve(database: Database) -> Server {
    started(Kdc::new(database, &mut random).unwrap())
}

fn started(kdc: Kdc) -> Server {
    Server::start(kdc, &["127.0.0.1:0".parse().unwrap()]).unwrap()
}

/// The realm of most tests.
fn demo() -> Database {
    Database::new("DEMO.TEST").user("alice", "alicepw", &[1105]).service("HTTP/localhost")
}

fn conf(server: &Server) -> Krb5Conf {
    Krb5Conf::new().kdc(server.addrs()[0]).kpasswd_server(server.addrs()[0])
}

fn client(server: &Server) -> Client {
    client_with(&conf(server))
}

fn client_with(conf: &Krb5Conf) -> Client {
    Client::of("DEMO.TEST", conf).unwrap()
}
