//! `broadcast`: what a publisher sends, all clients hear.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
};

use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use super::{close_code, config, one, open, service};
use crate::{
    backend::Backend,
    world::{Gateway, PATIENCE, refusing},
};

/// A gateway where publishers may dial in, and the address for them.
fn accepting(more: &str) -> (Gateway, SocketAddr) {
    let publishers = refusing();
    let inside = format!("<properties><accept>tcp://{publishers}</accept>{more}</properties>");
    let gateway = Gateway::run_with(&[], &config(&service("broadcast", "ws", &inside)), 1);
    gateway.wait_for_log("Publishers may connect");
    (gateway, publishers)
}

/// A gateway with a publisher that it dials.
fn following(url: &str, options: &str) -> Gateway {
    one("broadcast", "ws", &format!("<properties><connect>{url}</connect></properties>{options}"))
}

/// Opens a socket that hears all from now on: whoever answers pings listens.
fn listening(gateway: &Gateway) -> WebSocket<TcpStream> {
    let mut socket = open(gateway);
    socket.send(Message::Ping("?".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("?".into()));
    socket
}

/// Reads messages until they have so many octets.
fn heard(socket: &mut WebSocket<TcpStream>, octets: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < octets {
        let Message::Binary(piece) = socket.read().unwrap() else { panic!("no octets") };
        all.extend_from_slice(&piece);
    }
    all
}

#[test]
fn what_publishers_send_that_dial_in_all_clients_hear() {
    let (gateway, publishers) = accepting("");
    let mut clients = [listening(&gateway), listening(&gateway)];
    for text in ["one", "two"] {
        // Each from a publisher of its own.
        TcpStream::connect(publishers).unwrap().write_all(text.as_bytes()).unwrap();
        for client in &mut clients {
            assert_eq!(heard(client, 3), text.as_bytes());
        }
    }
}

#[test]
fn what_clients_send_nobody_hears() {
    let (gateway, publishers) = accepting("");
    let mut clients = [listening(&gateway), listening(&gateway)];
    let mut publisher = TcpStream::connect(publishers).unwrap();
    clients[0].send(Message::text("hello all")).unwrap();
    // What is behind it in the same stream was read once it is answered.
    clients[0].send(Message::Ping("read".into())).unwrap();
    assert_eq!(clients[0].read().unwrap(), Message::Pong("read".into()));
    publisher.write_all(b"news").unwrap();
    for client in &mut clients {
        assert_eq!(heard(client, 4), b"news");
    }
    drop(clients);
    publisher.set_read_timeout(Some(PATIENCE)).unwrap();
    publisher.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(publisher.read(&mut [0]).unwrap(), 0, "nothing comes but the end");
}

#[test]
fn a_publisher_that_is_dialled_is_heard_and_dialled_again_when_it_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = following(&format!("tcp://{}", listener.local_addr().unwrap()), "");
    let mut client = listening(&gateway);
    for text in ["before", "behind"] {
        let (mut publisher, _) = listener.accept().unwrap();
        publisher.write_all(text.as_bytes()).unwrap();
        assert_eq!(heard(&mut client, 6), text.as_bytes());
    }
    gateway.wait_for_log("Nothing to broadcast comes");
}

#[test]
fn a_publisher_is_dialled_from_the_address_and_over_what_is_configured() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = "<connect-options><tcp.bind>127.0.0.2:0</tcp.bind>\
                   <ssl.encryption>disabled</ssl.encryption></connect-options>";
    let gateway = following(&format!("ssl://{}", listener.local_addr().unwrap()), options);
    let mut client = listening(&gateway);
    let (mut publisher, from) = listener.accept().unwrap();
    assert_eq!(from.ip().to_string(), "127.0.0.2");
    publisher.write_all(b"in clear").unwrap();
    assert_eq!(heard(&mut client, 8), b"in clear");
}

/// A publisher that speaks WebSocket: it sends these messages when a line comes over the other connection.
fn publishing(messages: Vec<Message>) -> (Backend, SocketAddr) {
    let starts = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = starts.local_addr().unwrap();
    let backend = Backend::new(move |head, mut stream| {
        stream.write_all(head.agree("").as_bytes()).unwrap();
        let mut socket = WebSocket::from_partially_read(stream, head.ahead, Role::Server, None);
        drop(starts.accept().unwrap());
        for message in &messages {
            let _ = socket.send(message.clone());
        }
        while socket.read().is_ok() {}
    });
    (backend, start)
}

#[test]
fn a_publisher_that_speaks_websocket_is_heard_message_by_message() {
    let (publisher, start) = publishing(vec![Message::text("some text"), Message::binary(vec![1, 2, 3])]);
    let gateway = following(&publisher.url("ws"), "");
    let mut client = listening(&gateway);
    publisher.head();
    TcpStream::connect(start).unwrap();
    assert_eq!(client.read().unwrap(), Message::binary("some text"));
    assert_eq!(client.read().unwrap(), Message::binary(vec![1, 2, 3]));
}

#[test]
fn a_publisher_whose_message_is_longer_than_is_configured_is_left_and_the_log_says_why() {
    let (publisher, start) = publishing(vec![Message::binary(vec![7; 2000])]);
    let options = "<accept-options><ws.maximum.message.size>1k</ws.maximum.message.size></accept-options>";
    let gateway = following(&publisher.url("ws"), options);
    publisher.head();
    TcpStream::connect(start).unwrap();
    gateway.wait_for_log("a longer message needs a higher ws.maximum.message.size");
    // It is dialled again.
    publisher.head();
}

#[test]
fn a_publisher_that_says_nothing_is_left_after_the_time_that_is_configured() {
    let (publisher, _start) = publishing(Vec::new());
    let options = "<connect-options><ws.inactivity.timeout>200 ms</ws.inactivity.timeout></connect-options>";
    let gateway = following(&publisher.url("ws"), options);
    publisher.head();
    gateway.wait_for_log("raise ws.inactivity.timeout");
    publisher.head();
}

/// More octets than the kernel's buffers of a connection take.
const FLOOD: usize = 24 * 1024 * 1024;

#[test]
fn a_client_that_is_further_behind_than_is_configured_is_closed() {
    let (gateway, publishers) = accepting("<maximum.pending.bytes>1000</maximum.pending.bytes>");
    let mut slow = listening(&gateway);
    let mut publisher = TcpStream::connect(publishers).unwrap();
    // The publisher never waits for a client.
    publisher.write_all(&vec![7; FLOOD]).unwrap();
    drop(publisher);
    let mut octets = 0;
    let code = loop {
        match slow.read().unwrap() {
            Message::Binary(piece) => octets += piece.len(),
            Message::Close(Some(frame)) => break u16::from(frame.code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 1008);
    // The answer to the close frame.
    let _ = slow.flush();
    assert!(octets < FLOOD, "{octets}");
    assert_eq!(gateway.wait_for_record("visit", |_| true)["outcome"], "slow");
}

#[test]
fn a_client_that_is_less_behind_than_is_configured_hears_all() {
    let (gateway, publishers) = accepting("<maximum.pending.bytes>64M</maximum.pending.bytes>");
    let mut slow = listening(&gateway);
    let mut publisher = TcpStream::connect(publishers).unwrap();
    publisher.write_all(&vec![7; FLOOD]).unwrap();
    publisher.write_all(b"end").unwrap();
    assert!(heard(&mut slow, FLOOD + 3).ends_with(b"end"));
}

#[test]
fn clients_are_told_that_the_gateway_goes_down() {
    let (mut gateway, _) = accepting("");
    let mut client = listening(&gateway);
    let reading = std::thread::spawn(move || close_code(&mut client));
    assert_eq!(gateway.stop(), Some(0));
    assert_eq!(reading.join().unwrap(), 1001);
}

#[test]
fn who_listens_goes_on_to_hear_the_publisher_over_a_reload() {
    let publishers = refusing();
    let written = |pending: &str| {
        let inside = format!(
            "<properties><accept>tcp://{publishers}</accept><maximum.pending.bytes>{pending}</maximum.pending.bytes>\
             </properties>"
        );
        config(&service("broadcast", "ws", &inside))
    };
    let file =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("news-{}.xml", std::process::id()));
    std::fs::write(&file, written("64000")).unwrap();
    let gateway = Gateway::serving("run", &file, &[], 1);
    gateway.wait_for_log("Publishers may connect");
    let mut client = listening(&gateway);
    let mut publisher = TcpStream::connect(publishers).unwrap();
    publisher.write_all(b"one").unwrap();
    assert_eq!(heard(&mut client, 3), b"one");
    std::fs::write(&file, written("32000")).unwrap();
    gateway.signal("HUP");
    gateway.wait_for_log("\"Reloaded\"");
    publisher.write_all(b"two").unwrap();
    TcpStream::connect(publishers).unwrap().write_all(b"six").unwrap();
    let mut all = heard(&mut client, 6);
    all.sort_unstable();
    assert_eq!(all, b"iostwx", "both publishers are heard, the old one and the new one");
    let mut other = listening(&gateway);
    publisher.write_all(b"end").unwrap();
    for client in [&mut client, &mut other] {
        assert_eq!(heard(client, 3), b"end");
    }
}
