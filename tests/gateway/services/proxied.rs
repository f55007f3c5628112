//! `proxy` and `http.proxy` for users of a realm, and what `http.proxy` puts into other words.

use tokio_tungstenite::tungstenite::{WebSocket, protocol::Role};

use super::{
    UPGRADE, ask, close_code, config, exchange, one,
    realms::{kerberos, roles},
    status,
};
use crate::{backend::Backend, ticket::authorization, world::Gateway, ws_client::plain};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A service of this type for users, with these properties.
fn for_users(kind: &str, scheme: &str, connect: &str, properties: &str) -> Gateway {
    let service = format!(
        "<service><name>one</name><accept>{scheme}://127.0.0.1:0/in</accept><connect>{connect}</connect>\
         <type>{kind}</type><properties>{properties}</properties><realm-name>kerberos</realm-name>{}</service>",
        roles(&["*"])
    );
    Gateway::run(&config(&format!("{service}<security>{}</security>", kerberos(""))))
}

/// Opens a socket with a ticket of alice's.
fn open(gateway: &Gateway) -> WebSocket<std::net::TcpStream> {
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &format!("{UPGRADE}{}", authorization()));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None)
}

#[test]
fn a_back_end_is_told_who_asks_in_the_field_that_is_configured() {
    for (property, field) in [("", "x-remote-user"), ("<identity-header>X-Who</identity-header>", "x-who")] {
        let web = Backend::answering(OK);
        let gateway = for_users("http.proxy", "http", &web.url("http"), property);
        let forged = format!("{}{field}: root\r\n", authorization());
        assert_eq!(status(&ask(&gateway, "GET /in", &forged)), 200);
        assert_eq!(web.head().value(field), "alice@TGG.TEST");

        let sockets = Backend::echo();
        let gateway = for_users("proxy", "ws", &sockets.url("ws"), property);
        let _socket = open(&gateway);
        assert_eq!(sockets.head().value(field), "alice@TGG.TEST");
    }
}

#[test]
fn a_socket_lasts_no_longer_than_is_configured() {
    let lifetime = "<socket-lifetime>300 ms</socket-lifetime>";
    for (kind, accept, connect) in [("proxy", "ws", "ws"), ("http.proxy", "http", "http")] {
        let backend = Backend::echo();
        let gateway = for_users(kind, accept, &backend.url(connect), lifetime);
        assert_eq!(close_code(&mut open(&gateway)), 3000, "{kind}");
    }
}

#[test]
fn places_and_paths_of_a_back_end_are_mapped_as_is_configured() {
    let backend = Backend::answering(
        "HTTP/1.1 302 Found\r\nLocation: http://app.internal/x\r\nSet-Cookie: a=1; Path=/deep/x\r\n\
         Content-Length: 0\r\n\r\n",
    );
    let properties = "<properties><location-mapping><from>http://app.internal/</from>\
                      <to>https://www.test/app/</to></location-mapping>\
                      <rewrite-cookie-path>enabled</rewrite-cookie-path>\
                      <cookie-path-mapping><from>/deep/</from><to>/flat/</to></cookie-path-mapping></properties>";
    let inside = format!("<connect>{}</connect>{properties}", backend.url("http"));
    let answer = ask(&one("http.proxy", "http", &inside), "GET /in", "");
    assert_eq!(answer.value("location"), "https://www.test/app/x");
    assert_eq!(answer.value("set-cookie"), "a=1; Path=/flat/x");
}
