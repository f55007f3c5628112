//! The sockets in front of the embedded KDC: bounded, and gone when they should be.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{AsExchange, TicketOptions};
use krb::error_code::KRB_ERR_FIELD_TOOLONG;
use krb::frame;
use krb::msg::krb_error::KrbError;
use krb::name::{NT_PRINCIPAL, Principal, PrincipalName};
use testkdc::embedded::{Kdc, MAX_CONNECTIONS, Server, random};

use super::ours::{NOW, at};
use super::{client, demo, serve, started};

fn request() -> Vec<u8> {
    let alice =
        Principal { name: PrincipalName::new(NT_PRINCIPAL, ["alice"]), krb_realm: "DEMO.TEST".into() };
    let options = TicketOptions::default();
    AsExchange::new(alice, "alicepw", &options, at(NOW), &mut random).unwrap().request().to_vec()
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.addrs()[0]).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// One request and what comes back for it; `None` if the connection is closed instead.
fn ask(stream: &mut TcpStream) -> Option<KrbError> {
    let request = request();
    stream.write_all(&frame::prefix(request.len())).ok()?;
    stream.write_all(&request).ok()?;
    let mut length = [0; frame::PREFIX];
    stream.read_exact(&mut length).ok()?;
    let mut answer = vec![0; frame::announced(&length).unwrap().unwrap()];
    stream.read_exact(&mut answer).ok()?;
    Some(KrbError::decode(&answer).unwrap())
}

#[test]
fn one_connection_carries_several_requests() {
    let server = serve(demo());
    let mut stream = connect(&server);
    for _ in 0..3 {
        assert!(ask(&mut stream).is_some());
    }
}

#[test]
fn a_flood_of_connections_is_bounded_and_passes() {
    let server = serve(demo());
    let mut held: Vec<_> = (0..MAX_CONNECTIONS).map(|_| connect(&server)).collect();
    // Who is answered has a place.
    for stream in &mut held {
        assert!(ask(stream).is_some());
    }
    assert!(ask(&mut connect(&server)).is_none());
    // Over UDP nobody needs one.
    assert!(client(&server).kinit("alice", "alicepw").unwrap().success());
    drop(held);
    let again = (0..5000).any(|_| ask(&mut connect(&server)).is_some());
    assert!(again, "no place becomes free");
}

#[test]
fn lengths_that_cannot_be_end_the_connection() {
    let server = serve(demo());
    for length in [[0x80, 0, 0, 1], [0x7F, 0xFF, 0xFF, 0xFF]] {
        let mut stream = connect(&server);
        stream.write_all(&length).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let refusal = KrbError::decode(&answer[frame::PREFIX..]).unwrap();
        assert_eq!(refusal.error_code, KRB_ERR_FIELD_TOOLONG);
    }
    let mut stream = connect(&server);
    stream.write_all(&[&frame::prefix(5)[..], b"hello"].concat()).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_silent_connection_is_closed() {
    let server = serve(demo());
    assert_eq!(connect(&server).read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn noise_over_udp_is_not_answered() {
    let server = serve(demo());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.addrs()[0]).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.send(b"noise").unwrap();
    socket.send(&[]).unwrap();
    // What comes back is the answer to what came after.
    socket.send(&request()).unwrap();
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer).unwrap();
    assert!(KrbError::decode(&answer[..length]).is_ok());
}

#[test]
fn a_dropped_server_frees_its_ports_and_ends_its_connections() {
    let addrs = ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
    let server = Server::start(Kdc::new(demo(), &mut random).unwrap(), &addrs).unwrap();
    let addrs = server.addrs().to_vec();
    assert_ne!(addrs[0].port(), 0);
    let mut stream = connect(&server);
    assert!(ask(&mut stream).is_some());
    drop(server);
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    for addr in addrs {
        assert!(TcpStream::connect(addr).is_err());
        assert!(UdpSocket::bind(addr).is_ok());
    }
}

#[test]
fn whoever_watches_is_told_at_the_start_what_this_is_not_for() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let kdc = Kdc::new(demo(), &mut random).unwrap();
    let server = started(kdc.observed(move |event| keep.lock().unwrap().push(event.to_string())));
    let said = format!(
        "an embedded KDC for tests and demonstrations answers at {}; never use it in production",
        server.addrs()[0]
    );
    assert_eq!(*told.lock().unwrap(), [said]);
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let server = serve(demo());
    let kdc = Kdc::new(demo(), &mut random).unwrap();
    assert!(Server::start(kdc, server.addrs()).is_err());
}
