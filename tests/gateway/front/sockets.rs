//! What holds for sockets: how long a message may be, and how long a client may say nothing.

use std::io::{Read as _, Write as _};

use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{UPGRADE, accept_options, answer, assert_echoes, configuration, echoing, open, request, service};
use crate::{
    backend::{Backend, echo_over},
    proxy::close_code,
    world::{Gateway, refusing},
    ws_client::plain,
};

/// A `proxy` in front of this back end.
fn joining(connect: &str, options: &str) -> Gateway {
    let inside = format!("<connect>{connect}</connect>{}", accept_options(options));
    Gateway::run(&configuration(&service("one", "ws://127.0.0.1:0/in", "proxy", &inside)))
}

/// A gateway whose one service relays Kerberos.
fn relaying(options: &str) -> Gateway {
    let inside = "<connect>tcp://127.0.0.1:88</connect>".to_owned() + &accept_options(options);
    Gateway::run(&configuration(&service("one", "ws://127.0.0.1:0/in", "kerberos5.proxy", &inside)))
}

/// A gateway whose one service waits for a publisher.
fn broadcasting(options: &str) -> Gateway {
    let publisher = format!("<properties><connect>tcp://{}</connect></properties>", refusing());
    let inside = publisher + &accept_options(options);
    Gateway::run(&configuration(&service("one", "ws://127.0.0.1:0/in", "broadcast", &inside)))
}

const SMALL: &str = "<ws.maximum.message.size>1k</ws.maximum.message.size>";

/// A message of the size that is allowed comes back; one that is longer closes its socket, also in pieces.
#[track_caller]
fn assert_bounded(gateway: &Gateway) {
    let mut socket = open(gateway.at("one"));
    socket.send(Message::binary(vec![7; 1024])).unwrap();
    assert_eq!(socket.read().unwrap(), Message::binary(vec![7; 1024]));
    socket.send(Message::binary(vec![7; 1025])).unwrap();
    assert_eq!(close_code(&mut socket), 1009);

    let mut socket = open(gateway.at("one"));
    for (octets, kind) in [(1000, Data::Binary), (25, Data::Continue)] {
        let frame = Frame::message(vec![7; octets], OpCode::Data(kind), false);
        socket.send(Message::Frame(frame)).unwrap();
    }
    // A back end that takes octets may have sent back the first of them.
    let end = std::iter::repeat_with(|| socket.read().unwrap()).find(|message| !message.is_binary());
    assert!(matches!(end, Some(Message::Close(Some(frame))) if u16::from(frame.code) == 1009));
}

#[test]
fn a_message_that_is_too_long_closes_a_socket_of_the_gateways_own() {
    assert_bounded(&echoing(SMALL));
}

#[test]
fn a_message_that_is_too_long_closes_a_socket_that_is_joined_with_another() {
    let backend = Backend::echo();
    assert_bounded(&joining(&backend.url("ws"), SMALL));
}

#[test]
fn a_message_that_is_too_long_closes_a_socket_before_a_stream_of_octets() {
    let backend = crate::backend::serve(|mut stream| {
        let mut octets = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut octets) {
            if stream.write_all(&octets[..count]).is_err() {
                break;
            }
        }
    });
    assert_bounded(&joining(&format!("tcp://{backend}"), SMALL));
}

#[test]
fn a_message_that_is_too_long_closes_a_socket_that_carries_kerberos() {
    let gateway = relaying(SMALL);
    let mut socket = open(gateway.at("one"));
    socket.send(Message::binary(vec![7; 1025])).unwrap();
    assert_eq!(close_code(&mut socket), 1009);
}

#[test]
fn a_message_that_is_too_long_closes_a_socket_that_listens_to_a_broadcast() {
    let gateway = broadcasting(SMALL);
    let mut socket = open(gateway.at("one"));
    socket.send(Message::binary(vec![7; 1025])).unwrap();
    assert_eq!(close_code(&mut socket), 1009);
}

#[test]
fn without_a_word_about_it_a_message_may_have_128_kib() {
    let gateway = echoing("");
    let mut socket = open(gateway.at("one"));
    socket.send(Message::binary(vec![7; 131_072])).unwrap();
    assert_eq!(socket.read().unwrap(), Message::binary(vec![7; 131_072]));
    socket.send(Message::binary(vec![7; 131_073])).unwrap();
    assert_eq!(close_code(&mut socket), 1009);
}

const IMPATIENT: &str = "<ws.inactivity.timeout>0.4 seconds</ws.inactivity.timeout>";

/// A client that says nothing is asked by one ping, and then left.
#[track_caller]
fn assert_leaves_the_silent(gateway: &Gateway) {
    let mut stream = plain(gateway.at("one"));
    let mut heard = answer(&mut stream, &request("127.0.0.1", "/in", UPGRADE)).unwrap().ahead;
    stream.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, [0x89, 0], "a ping and then nothing");
}

/// Long enough that a client on a busy machine answers in time.
const PATIENT: &str = "<ws.inactivity.timeout>1 second</ws.inactivity.timeout>";

/// A client that answers pings may say nothing else.
#[track_caller]
fn assert_bears_the_idle(gateway: &Gateway) {
    let mut socket = open(gateway.at("one"));
    for _ in 0..3 {
        // To read the next one sends the answer to the last.
        assert!(socket.read().unwrap().is_ping());
    }
    assert_echoes(&mut socket);
}

#[test]
fn a_client_that_is_silent_is_asked_and_then_left() {
    assert_leaves_the_silent(&echoing(IMPATIENT));
}

#[test]
fn a_client_that_answers_pings_is_not_silent() {
    assert_bears_the_idle(&echoing(PATIENT));
}

#[test]
fn a_silent_client_of_a_back_end_is_asked_and_then_left() {
    let backend = Backend::echo();
    assert_leaves_the_silent(&joining(&backend.url("ws"), IMPATIENT));
}

#[test]
fn a_client_of_a_back_end_that_answers_pings_is_not_silent() {
    let backend = Backend::echo();
    assert_bears_the_idle(&joining(&backend.url("ws"), PATIENT));
}

#[test]
fn a_silent_client_of_a_stream_of_octets_is_asked_and_then_left() {
    let backend = crate::backend::serve(|stream| echo_over(stream, Vec::new()));
    assert_leaves_the_silent(&joining(&format!("tcp://{backend}"), IMPATIENT));
}

#[test]
fn a_silent_client_that_carries_kerberos_is_told_goodbye() {
    assert_eq!(close_code(&mut open(relaying(IMPATIENT).at("one"))), 1000);
}

#[test]
fn a_silent_client_that_listens_to_a_broadcast_is_asked_and_then_left() {
    let gateway = broadcasting(IMPATIENT);
    assert_leaves_the_silent(&gateway);
}
