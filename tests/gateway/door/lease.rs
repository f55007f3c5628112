//! How long an open socket lasts: as long as the ticket that let it in, unless told otherwise.

use std::{net::TcpStream, time::Duration};

use client::{
    TicketOptions,
    negotiate::{Negotiate, NegotiateOptions},
};
use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use super::{ask, door, site, status};
use crate::{
    backend::Head,
    ticket::{dice, field, now, ticket_with},
    world::{Gateway, timed},
    ws_client::plain,
};

/// Opens a socket with a ticket that ends in two seconds or three.
fn open(gateway: &Gateway) -> WebSocket<TcpStream> {
    let options = TicketOptions { lifetime: Duration::from_secs(3), ..TicketOptions::default() };
    let ticket = ticket_with(&options);
    let token = Negotiate::new(&ticket, &NegotiateOptions::default(), now(), &mut dice).unwrap();
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut stream = plain(gateway.web());
    let answer: Head = ask(&mut stream, &(field(token.token()) + upgrade));
    assert_eq!(status(&answer), 101);
    WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None)
}

fn echoes(socket: &mut WebSocket<TcpStream>) {
    socket.send(Message::text("still there")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("still there"));
}

#[test]
fn a_socket_ends_with_its_ticket_and_a_code_that_says_so() {
    let site = site();
    let gateway = door(&site, &[]);
    let mut socket = open(&gateway);
    echoes(&mut socket);
    let (took, closed) = timed(|| socket.read().unwrap());
    let Message::Close(Some(frame)) = closed else { panic!("{closed:?} is no close frame with a code") };
    assert_eq!(u16::from(frame.code), 3000, "Unauthorized (IANA, WebSocket Close Code Number Registry)");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let record = gateway.wait_for_record("socket", |record| record["target"] == "ticketgate::visit");
    assert_eq!(record["outcome"], "expired", "{record}");
}

#[test]
fn a_socket_that_may_outlive_its_ticket_does() {
    let site = site();
    let gateway = door(&site, &["--outlive-ticket", "--socket-lifetime", "6"]);
    let mut socket = open(&gateway);
    let (took, closed) = timed(|| socket.read().unwrap());
    assert!(matches!(closed, Message::Close(_)), "{closed:?}");
    assert!(took > Duration::from_secs(4), "{took:?}");
}
