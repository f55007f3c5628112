//! The embedded KDC under the stock clients.

#![cfg(test)]

use testkdc::embedded::{Database, Kdc, Server, random};
use testkdc::{Client, Krb5Conf};

/// A KDC at a free port of the loopback.
fn serve(database: Database) -> Server {
    let kdc = Kdc::new(database, &mut random).unwrap();
    Server::start(kdc, &["127.0.0.1:0".parse().unwrap()]).unwrap()
}

fn demo() -> Database {
    Database::new("DEMO.TEST").user("alice", "alicepw", &[1105]).service("HTTP/localhost")
}

fn conf(server: &Server) -> Krb5Conf {
    Krb5Conf::new().kdc(server.addrs()[0]).kpasswd_server(server.addrs()[0])
}

fn client(server: &Server) -> Client {
    Client::of("DEMO.TEST", &conf(server)).unwrap()
}

#[test]
fn a_password_gets_a_ticket_granting_ticket() {
    let server = serve(demo());
    let client = client(&server);
    let kinit = client.kinit("alice", "alicepw").unwrap();
    assert!(kinit.success(), "{kinit:?}\n{}", client.trace());
    assert!(client.klist(&[]).unwrap().stdout.contains("krbtgt/DEMO.TEST@DEMO.TEST"));
    assert!(client.trace().contains("FAST negotiation: unavailable"), "{}", client.trace());
}
