//! What stands in front of the services of a configuration, each word of it through real sockets: addresses, TLS, limits,
//! proxies, reloads and the end.

mod binds;
mod folder;
mod limits;
mod patience;
mod places;
mod proxies;
mod reload;
mod sockets;
mod stop;
mod streams;
mod tls;

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    thread,
};

use socket2::{Domain, Socket, Type};
use ticketgate::ambient;
use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use crate::{
    backend::Head,
    world::{Gateway, PATIENCE},
    ws_client::plain,
};

/// A configuration with these services, or whatever else stands beside them.
fn configuration(inside: &str) -> String {
    format!("<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">{inside}</gateway-config>")
}

/// A service that is reached there, with what else stands in it.
fn service(name: &str, accept: &str, kind: &str, inside: &str) -> String {
    format!("<service><name>{name}</name><accept>{accept}</accept><type>{kind}</type>{inside}</service>")
}

/// A service that sends messages back, with these accept-options.
fn echo(name: &str, accept: &str, options: &str) -> String {
    service(name, accept, "echo", &accept_options(options))
}

/// A service that answers every request with 302, with these accept-options.
fn moved(name: &str, accept: &str, options: &str) -> String {
    let location = format!("<properties><location>http://{name}.test/</location></properties>");
    service(name, accept, "http.redirect", &(location + &accept_options(options)))
}

fn accept_options(options: &str) -> String {
    format!("<accept-options>{options}</accept-options>")
}

/// A gateway with the one service `one` that sends messages back.
fn echoing(options: &str) -> Gateway {
    Gateway::run(&configuration(&echo("one", "ws://127.0.0.1:0/in", options)))
}

/// A gateway with the one service `one` that answers every request.
fn answering(options: &str) -> Gateway {
    Gateway::run(&configuration(&moved("one", "http://127.0.0.1:0/in", options)))
}

/// A gateway with the one service `one` in front of this back end, which is told who asks.
fn fronting(backend: &str, options: &str) -> Gateway {
    let inside = format!(
        "<connect>{backend}</connect><properties><use-forwarded>inject</use-forwarded></properties>{}",
        accept_options(options)
    );
    Gateway::run(&configuration(&service("one", "http://127.0.0.1:0/in", "http.proxy", &inside)))
}

/// The head of a request.
fn request(host: &str, target: &str, lines: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n")
}

/// Sends the head of a request and reads that of the answer; `None` if the connection ends.
fn answer(stream: &mut (impl Read + Write), head: &str) -> Option<Head> {
    // Who is not served may have closed before.
    let _ = stream.write_all(head.as_bytes());
    Head::read(stream)
}

/// The status of the answer to `GET /in` on a connection of its own; 0 if there is none.
fn status(at: SocketAddr) -> u16 {
    status_of(&mut plain(at), &request("127.0.0.1", "/in", ""))
}

/// The same for any request on any connection.
fn status_of(stream: &mut (impl Read + Write), head: &str) -> u16 {
    let answer = answer(stream, head);
    answer.map_or(0, |answer| answer.line().split(' ').nth(1).unwrap().parse().unwrap())
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       Sec-WebSocket-Version: 13\r\n";

/// Opens a socket on a connection.
#[track_caller]
fn upgraded<S: Read + Write>(mut stream: S, host: &str, target: &str) -> WebSocket<S> {
    let answer = answer(&mut stream, &request(host, target, UPGRADE)).expect("an answer");
    assert!(answer.line().starts_with("HTTP/1.1 101 "), "{}", answer.text);
    WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None)
}

/// Opens a socket to `/in` there.
#[track_caller]
fn open(at: SocketAddr) -> WebSocket<TcpStream> {
    upgraded(plain(at), "127.0.0.1", "/in")
}

/// Has a socket send a message back.
#[track_caller]
fn assert_echoes<S: Read + Write>(socket: &mut WebSocket<S>) {
    socket.send(Message::text("hello")).unwrap();
    // Pings may come in between.
    let answer = std::iter::repeat_with(|| socket.read().unwrap()).find(|message| !message.is_ping());
    assert_eq!(answer.unwrap(), Message::text("hello"));
}

/// A connection from another address of this host: another peer.
fn from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(IpAddr::from(address), 0).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Waits until nobody listens there.
#[track_caller]
fn wait_until_closed(at: SocketAddr) {
    let patience = ambient::now() + PATIENCE;
    while TcpStream::connect(at).is_ok() {
        assert!(ambient::now() < patience, "{at} is still served");
        thread::yield_now();
    }
}
