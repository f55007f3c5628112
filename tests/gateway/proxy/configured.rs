//! What the services `proxy` and `http.proxy` of a configuration have beyond `ticketgate tpg`, each word of theirs through real
//! sockets.

mod fronted;
mod opened;
mod several;

use std::{
    io::Write as _,
    net::{SocketAddr, TcpListener, TcpStream},
};

use tokio_tungstenite::tungstenite::WebSocket;

use super::socket;
use crate::{
    backend::Head,
    world::{Gateway, refusing},
    ws_client::plain,
};

/// A gateway with one service, which anybody may use at `/in`.
fn one(service: &str, inside: &str) -> Gateway {
    let scheme = if service == "http.proxy" { "http" } else { "ws" };
    Gateway::run(&format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><service><name>one</name>\
         <accept>{scheme}://127.0.0.1:0/in</accept><type>{service}</type>{inside}</service></gateway-config>"
    ))
}

/// An `http.proxy` in front of this back end, with these properties and connect-options.
fn fronted(connect: &str, properties: &str, options: &str) -> Gateway {
    one("http.proxy", &inside(&[connect], properties, options))
}

/// What stands in a service.
fn inside(connects: &[&str], properties: &str, options: &str) -> String {
    let connects: String = connects.iter().map(|url| format!("<connect>{url}</connect>")).collect();
    let part = |name, text: &str| match text {
        "" => String::new(),
        text => format!("<{name}>{text}</{name}>"),
    };
    format!("{connects}{}{}", part("properties", properties), part("connect-options", options))
}

/// Sends the head of a request and reads the head of the answer.
fn ask(gateway: &Gateway, target: &str, lines: &str) -> (TcpStream, Head) {
    let at = gateway.at("one");
    let mut stream = plain(at);
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: {at}\r\n{lines}\r\n").as_bytes()).unwrap();
    let head = Head::read(&mut stream).expect("an answer");
    (stream, head)
}

/// The status line of the answer to a request.
fn status(gateway: &Gateway) -> String {
    ask(gateway, "/in", "").1.line().to_owned()
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       Sec-WebSocket-Version: 13\r\n";

/// Opens a socket.
fn open(gateway: &Gateway) -> WebSocket<TcpStream> {
    let (stream, answer) = ask(gateway, "/in", UPGRADE);
    socket(stream, answer)
}

/// An address where nobody listens yet, and what makes somebody listen there.
fn later() -> (SocketAddr, impl FnOnce() -> TcpListener) {
    let address = refusing();
    (address, move || TcpListener::bind(address).unwrap())
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
