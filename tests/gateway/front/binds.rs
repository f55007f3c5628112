//! Where a service listens, if not where clients write that they want to go.

use tokio_tungstenite::tungstenite::Message;

use super::{
    accept_options, answer, assert_echoes, configuration, echo, folder::Folder, from, moved, request,
    service, upgraded,
};
use crate::{
    backend::{Backend, echo_over},
    world::Gateway,
    ws_client::plain,
};

/// Where these options have a service listen, each time another address of this host.
fn bind(option: &str) -> String {
    format!("<{option}>127.0.0.3:0</{option}>")
}

#[test]
fn sockets_in_clear_listen_where_a_bind_of_theirs_or_of_what_carries_them_says() {
    for option in ["ws.bind", "http.bind", "tcp.bind"] {
        let gateway = Gateway::run(&configuration(&echo("one", "ws://gw.test:8000/in", &bind(option))));
        let at = gateway.at("one");
        assert_eq!(at.ip().to_string(), "127.0.0.3", "{option}");
        // It is still called as clients call it.
        assert_echoes(&mut upgraded(plain(at), "gw.test:8000", "/in"));
    }
}

#[test]
fn sockets_over_tls_listen_where_a_bind_of_theirs_or_of_what_carries_them_says() {
    let folder = Folder::new();
    for option in ["wss.bind", "https.bind", "ssl.bind", "tls.bind", "tcp.bind"] {
        let gateway = folder.run(&echo("one", "wss://gw.test:8443/in", &bind(option)));
        let at = gateway.at("one");
        assert_eq!(at.ip().to_string(), "127.0.0.3", "{option}");
        let stream = folder.connect("gw.test", at).unwrap();
        assert_echoes(&mut upgraded(stream, "gw.test:8443", "/in"));
    }
}

#[test]
fn requests_listen_where_a_bind_of_theirs_or_of_what_carries_them_says() {
    for option in ["http.bind", "tcp.bind"] {
        let gateway = Gateway::run(&configuration(&moved("one", "http://gw.test:8000/in", &bind(option))));
        let at = gateway.at("one");
        assert_eq!(at.ip().to_string(), "127.0.0.3", "{option}");
        let answer = answer(&mut plain(at), &request("gw.test:8000", "/in", "")).unwrap();
        assert_eq!(answer.value("location"), "http://one.test/");
    }
    let folder = Folder::new();
    for option in ["https.bind", "ssl.bind", "tls.bind", "tcp.bind"] {
        let gateway = folder.run(&moved("one", "https://gw.test:8443/in", &bind(option)));
        let at = gateway.at("one");
        assert_eq!(at.ip().to_string(), "127.0.0.3", "{option}");
        assert_eq!(folder.curl(at, &["--header", "Host: gw.test:8443"]), 302);
    }
}

/// A `proxy` that passes octets on to a back end which speaks WebSocket without a handshake.
fn octets(accept: &str, option: &str) -> String {
    let backend = crate::backend::serve(|stream| echo_over(stream, Vec::new()));
    let inside = format!("<connect>tcp://{backend}</connect>{}", accept_options(&bind(option)));
    service("one", accept, "proxy", &inside)
}

#[test]
fn octets_listen_where_a_bind_says() {
    use tokio_tungstenite::tungstenite::{WebSocket, protocol::Role};
    let gateway = Gateway::run(&configuration(&octets("tcp://gw.test:8000", "tcp.bind")));
    let at = gateway.at("one");
    assert_eq!(at.ip().to_string(), "127.0.0.3");
    let mut socket = WebSocket::from_raw_socket(plain(at), Role::Client, None);
    socket.send(Message::text("in clear")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("in clear"));

    let folder = Folder::new();
    for option in ["ssl.bind", "tls.bind", "tcp.bind"] {
        let gateway = folder.run(&octets("ssl://gw.test:8443", option));
        let at = gateway.at("one");
        assert_eq!(at.ip().to_string(), "127.0.0.3", "{option}");
        let stream = folder.connect("gw.test", at).unwrap();
        assert_echoes(&mut WebSocket::from_raw_socket(stream, Role::Client, None));
    }
}

#[test]
fn a_port_alone_is_that_of_all_addresses() {
    let gateway =
        Gateway::run(&configuration(&echo("one", "ws://gw.test:8000/in", "<tcp.bind>0</tcp.bind>")));
    let mut at = gateway.at("one");
    assert!(at.ip().is_unspecified(), "{at}");
    for last in [8, 9] {
        at.set_ip([127, 0, 0, last].into());
        assert_echoes(&mut upgraded(from([127, 0, 0, 1], at), "gw.test", "/in"));
    }
}

#[test]
fn the_nearest_bind_counts_for_each_accept() {
    let backend = Backend::echo();
    let options = accept_options("<ws.bind>127.0.0.4:0</ws.bind><tcp.bind>127.0.0.3:0</tcp.bind>");
    let gateway = Gateway::run(&configuration(&format!(
        "<service><name>one</name><accept>ws://gw.test:8000/in</accept><accept>http://gw.test:8001/in</accept>\
         <connect>{}</connect><type>http.proxy</type>{options}</service>",
        backend.url("http")
    )));
    let output = gateway.output();
    assert!(output.contains("listening one ws://127.0.0.4:"), "{output}");
    assert!(output.contains("listening one http://127.0.0.3:"), "{output}");
}
