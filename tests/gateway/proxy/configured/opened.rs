//! How and when connections to back ends are opened, and how long they are kept.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Barrier,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, channel},
    },
    thread,
};

use tokio_tungstenite::tungstenite::Message;

use super::{OK, UPGRADE, ask, fronted, inside, one, open, status};
use crate::{
    authority::authority,
    backend::{Backend, Head, serve},
    proxy::{close_code, trouble::over_tls},
    world::{Gateway, PATIENCE, refusing},
};

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// A `proxy` in front of this back end, with these properties.
fn proxy(connect: &str, properties: &str) -> Gateway {
    one("proxy", &inside(&[connect], properties, ""))
}

#[test]
fn prepared_connections_are_there_before_anybody_asks() {
    let (listener, url) = listener();
    let gateway = proxy(&url, "<prepared.connection.count>2</prepared.connection.count>");
    let mut waiting = [listener.accept().unwrap().0, listener.accept().unwrap().0];
    // The back end may speak first.
    for stream in &mut waiting {
        stream.write_all(b"welcome").unwrap();
    }
    let mut socket = open(&gateway);
    assert_eq!(socket.read().unwrap(), Message::binary("welcome"));
    // The one that is used is replaced.
    listener.accept().unwrap();
}

#[test]
fn a_prepared_connection_that_ended_is_never_used() {
    let (listener, url) = listener();
    let gateway = proxy(&url, "<prepared.connection.count>1</prepared.connection.count>");
    drop(listener.accept().unwrap());
    let mut socket = open(&gateway);
    socket.send(Message::binary("x")).unwrap();
    // Whichever of those that are opened since is used, no octet is lost.
    let (shows, shown) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let shows = shows.clone();
            thread::spawn(move || {
                let mut octet = [0; 1];
                if stream.read_exact(&mut octet).is_ok() {
                    let _ = shows.send(octet);
                }
            });
        }
    });
    assert_eq!(shown.recv_timeout(PATIENCE).unwrap(), *b"x");
}

#[test]
fn a_prepared_connection_lives_with_what_tls_says_of_its_own() {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let at = over_tls(&[], move |mut stream| {
        // Behind the handshake the tickets for another one are sent.
        stream.conn.complete_io(&mut stream.sock).unwrap();
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let Some(head) = Head::read(&mut stream) else { return };
        let _ = stream.write_all(head.agree(&format!("X-Number: {number}\r\n")).as_bytes());
        let _ = stream.read(&mut [0]);
    });
    let anchor = authority().anchor.display();
    let gateway = Gateway::run(&format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><service><name>one</name>\
         <accept>ws://127.0.0.1:0/in</accept><connect>wss://{at}</connect><type>proxy</type>\
         <properties><prepared.connection.count>1</prepared.connection.count></properties></service>\
         <security><truststore><file>{anchor}</file></truststore></security></gateway-config>"
    ));
    let was_ready = |_| {
        let known = count.load(Ordering::SeqCst);
        let (_socket, answer) = ask(&gateway, "/in", UPGRADE);
        answer.value("x-number").parse::<u32>().unwrap() < known
    };
    // The first may come before it is.
    assert!((0..100).any(was_ready), "no prepared connection was used");
}

#[test]
fn a_deferred_connection_is_opened_when_the_client_sends() {
    let (listener, url) = listener();
    let gateway = proxy(&url, "<connect.strategy>deferred</connect.strategy>");
    let mut socket = open(&gateway);
    socket.send(Message::Ping("still here".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("still here".into()));
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "a ping is no data");
    listener.set_nonblocking(false).unwrap();
    socket.send(Message::binary("x")).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut octet = [0; 1];
    stream.read_exact(&mut octet).unwrap();
    stream.write_all(b"y").unwrap();
    assert_eq!((&octet, socket.read().unwrap()), (b"x", Message::binary("y")));
}

#[test]
fn a_deferred_connection_that_cannot_be_opened_ends_the_socket_and_says_why() {
    let gateway = proxy(&format!("tcp://{}", refusing()), "<connect.strategy>deferred</connect.strategy>");
    let mut socket = open(&gateway);
    socket.send(Message::binary("x")).unwrap();
    assert!(socket.read().is_err());
    let record = gateway.wait_for_record("visit", |_| true);
    assert_eq!((&record["outcome"], &record["blame"]), (&"backend_absent".into(), &"backend".into()));
}

/// A back end that answers with the number of its connection, and shows each request.
fn counting() -> (SocketAddr, Receiver<Head>) {
    let (shows, heads) = channel();
    let count = Arc::new(AtomicU32::new(0));
    let address = serve(move |mut stream| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        while let Some(head) = Head::read(&mut stream) {
            let _ = shows.send(head);
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Number: {number}\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, heads)
}

/// The numbers of the connections that three requests came over, one after the other.
fn numbers(options: &str) -> (Vec<String>, Receiver<Head>) {
    let (address, heads) = counting();
    let gateway = fronted(&format!("http://{address}"), "", options);
    let number = |_| ask(&gateway, "/in", "").1.value("x-number").to_owned();
    ((0..3).map(number).collect(), heads)
}

#[test]
fn connections_are_kept_as_long_and_as_far_as_is_configured() {
    assert_eq!(numbers("").0, ["0", "0", "0"]);
    assert_eq!(numbers("<http.keepalive.timeout>0.001 ms</http.keepalive.timeout>").0, ["0", "1", "2"]);
    let (numbers, heads) = numbers("<http.keepalive>disabled</http.keepalive>");
    assert_eq!(numbers, ["0", "1", "2"]);
    assert_eq!(heads.recv().unwrap().value("connection"), "close");
}

#[test]
fn no_more_idle_connections_are_kept_than_is_configured() {
    let (count, both) = (AtomicU32::new(0), Barrier::new(2));
    let address = serve(move |mut stream| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        while Head::read(&mut stream).is_some() {
            both.wait();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Number: {number}\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let option = "<http.keepalive.connections>1</http.keepalive.connections>";
    let gateway = fronted(&format!("http://{address}"), "", option);
    let two = || {
        thread::scope(|scope| {
            let ask = || ask(&gateway, "/in", "").1.value("x-number").parse::<u32>().unwrap();
            let other = scope.spawn(ask);
            ask().max(other.join().unwrap())
        })
    };
    assert_eq!(two(), 1);
    assert!(two() >= 2, "one of the first two connections was not kept");
}

#[test]
fn connections_come_from_the_address_that_is_configured() {
    let (listener, url) = listener();
    let gateway = one("proxy", &inside(&[&url], "", "<tcp.bind>127.0.0.2:0</tcp.bind>"));
    let _socket = open(&gateway);
    assert_eq!(listener.accept().unwrap().1.ip().to_string(), "127.0.0.2");
}

#[test]
fn a_back_end_is_called_as_is_configured() {
    let backend = Backend::answering(OK);
    let gateway = fronted(&backend.url("http"), "", "<http.host>app.test</http.host>");
    ask(&gateway, "/in", "");
    assert_eq!(backend.head().value("host"), "app.test");
}

#[test]
fn back_ends_are_waited_for_as_long_as_is_configured() {
    let silent = serve(|stream| {
        let _ = stream.peek(&mut [0]);
        thread::park();
    });
    let gateway =
        fronted(&format!("http://{silent}"), "", "<http.response.timeout>100 ms</http.response.timeout>");
    assert_eq!(status(&gateway), "HTTP/1.1 504 Gateway Timeout");
    assert_eq!(gateway.wait_for_record("visit", |_| true)["outcome"], "backend_late");

    let anchor = authority().anchor.display();
    let gateway = Gateway::run(&format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><service><name>one</name>\
         <accept>http://127.0.0.1:0/in</accept><connect>https://{silent}</connect><type>http.proxy</type>\
         <connect-options><connect.timeout>100 ms</connect.timeout></connect-options></service>\
         <security><truststore><file>{anchor}</file></truststore></security></gateway-config>"
    ));
    assert_eq!(status(&gateway), "HTTP/1.1 504 Gateway Timeout");
    assert_eq!(gateway.wait_for_record("visit", |_| true)["outcome"], "backend_silent");
}

#[test]
fn a_back_end_that_says_nothing_is_asked_and_given_up_after_the_time_that_is_configured() {
    let mute = Backend::new(|head, mut stream| {
        stream.write_all(head.agree("").as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let option = "<ws.inactivity.timeout>200 ms</ws.inactivity.timeout>";
    let gateway = one("proxy", &inside(&[&mute.url("ws")], "", option));
    assert_eq!(close_code(&mut open(&gateway)), 1000);
    assert_eq!(gateway.wait_for_record("visit", |_| true)["outcome"], "backend_lost");
}

#[test]
fn a_client_that_says_nothing_is_asked_and_given_up_after_the_time_that_is_configured() {
    let backend = Backend::echo();
    let options = "<accept-options><ws.inactivity.timeout>1 s</ws.inactivity.timeout></accept-options>";
    let gateway = one("proxy", &(inside(&[&backend.url("ws")], "", "") + options));
    let mut answers = open(&gateway);
    // Reading is what answers pings.
    let answering = thread::spawn(move || while answers.read().is_ok() {});
    let mute = open(&gateway);
    let record = gateway.wait_for_record("visit", |_| true);
    assert_eq!(record["outcome"], "client_silent");
    assert_eq!(gateway.records().len(), 1);
    assert!(!answering.is_finished());
    drop(mute);
}

#[test]
fn a_socket_lasts_as_long_as_is_configured() {
    let backend = Backend::echo();
    let gateway = proxy(&backend.url("ws"), "<socket-lifetime>200 ms</socket-lifetime>");
    assert_eq!(close_code(&mut open(&gateway)), 3000);
}

#[test]
fn no_more_octets_are_taken_at_once_than_may_wait() {
    let octets = [7; 1000];
    let flood = serve(move |mut stream| {
        let _ = stream.write_all(&octets);
        let _ = stream.read(&mut [0]);
    });
    let pending = "<maximum.pending.bytes>100</maximum.pending.bytes>";
    let gateway = proxy(&format!("tcp://{flood}"), pending);
    let mut socket = open(&gateway);
    let mut taken = 0;
    while taken < octets.len() {
        let message = socket.read().unwrap().into_data();
        assert!((1..=100).contains(&message.len()), "{}", message.len());
        taken += message.len();
    }
}

#[test]
fn a_back_end_is_spoken_to_without_tls_where_that_is_configured() {
    let backend = Backend::echo();
    let gateway =
        one("proxy", &inside(&[&backend.url("wss")], "", "<ssl.encryption>disabled</ssl.encryption>"));
    let mut socket = open(&gateway);
    socket.send(Message::text("hello")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("hello"));
}
