//! Ordinary requests: what a back end is told, and what must never reach it.

use std::io::Write as _;

use super::{ask, before};
use crate::{
    backend::{Backend, Head},
    world::Gateway,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// What the back end is sent of a request with these further lines.
fn sent(lines: &str) -> Head {
    let backend = Backend::answering(OK);
    let gateway = before(&backend, "http", &[]);
    let (_, answer) = ask(&gateway, format!("GET / HTTP/1.1\r\nHost: gw.test\r\n{lines}\r\n"));
    assert_eq!(answer.line(), "HTTP/1.1 200 OK", "{lines}");
    backend.head()
}

#[test]
fn a_back_end_is_told_who_asks_from_where() {
    let head = sent("Accept: */*\r\n");
    assert_eq!(head.value("x-remote-user"), "alice@TGG.TEST");
    assert_eq!(head.value("forwarded"), "for=127.0.0.1;host=\"gw.test\";proto=http");
    assert_eq!(head.value("x-forwarded-for"), "127.0.0.1");
    assert_eq!(head.value("x-forwarded-proto"), "http");
    assert_eq!(head.value("x-forwarded-host"), "gw.test");
    assert_eq!(head.value("accept"), "*/*");
}

#[test]
fn no_spelling_of_the_identity_field_comes_from_the_client() {
    for name in ["X-Remote-User", "x_remote_user", "X.Remote.User", "x-Remote_user"] {
        let head = sent(&format!("{name}: root\r\n"));
        assert!(!head.text.contains("root"), "{}", head.text);
        assert_eq!(head.value("x-remote-user"), "alice@TGG.TEST");
    }
}

#[test]
fn the_client_cannot_have_the_identity_dropped_on_the_way() {
    let head = sent("Connection: keep-alive, x-remote-user, x-forwarded-for\r\nX-Remote-User: root\r\n");
    assert_eq!(head.value("x-remote-user"), "alice@TGG.TEST");
    assert_eq!(head.value("x-forwarded-for"), "127.0.0.1");
    assert!(head.values("connection").is_empty(), "{}", head.text);
}

#[test]
fn an_identity_field_of_another_name_is_guarded_as_well() {
    let backend = Backend::answering(OK);
    let gateway = before(&backend, "http", &["--identity-header", "Auth-Principal"]);
    ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\nauth_principal: root\r\nx-remote-user: b\r\n\r\n");
    let head = backend.head();
    assert_eq!(head.value("auth-principal"), "alice@TGG.TEST");
    assert!(!head.text.contains("root"), "{}", head.text);
}

#[test]
fn roles_and_the_end_of_the_pass_are_told_where_that_is_asked_for() {
    let backend = Backend::answering(OK);
    let told = ["--roles-header", "Roles", "--ends-header", "Until", "--grant", "staff=realm:TGG.TEST"];
    let gateway = before(&backend, "http", &told);
    ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\nroles: root\r\nUNTIL: 0\r\n\r\n");
    let head = backend.head();
    assert_eq!(head.value("roles"), "staff");
    assert!(head.value("until").parse::<u64>().unwrap() > 1_700_000_000, "{}", head.text);
}

#[test]
fn neither_a_ticket_nor_the_gateways_cookie_leaves_the_gateway() {
    let head = sent("Cookie: a=1; __Host-ticketgate=secret; b=2\r\n");
    assert!(!head.text.contains("secret") && !head.text.contains("Negotiate"), "{}", head.text);
    assert!(head.values("authorization").is_empty(), "{}", head.text);
    assert_eq!(head.value("cookie"), "a=1; b=2");
}

#[test]
fn no_other_upgrade_is_passed_on() {
    let head = sent("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n");
    for name in ["upgrade", "http2-settings", "connection"] {
        assert!(head.values(name).is_empty(), "{}", head.text);
    }
}

#[test]
fn the_path_of_the_back_end_stands_in_front_and_cannot_be_left() {
    let backend = Backend::answering(OK);
    let url = format!("{}/app/", backend.url("http"));
    let gateway = Gateway::tpg(&["--connect", &url, "--backend-host", "inner.test"]);
    ask(&gateway, "GET /a/b?c=%2f HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = backend.head();
    assert_eq!(head.line(), "GET /app/a/b?c=%2f HTTP/1.1");
    assert_eq!(head.value("host"), "inner.test");
    for path in ["/../admin", "/%2e%2e/admin", "/x/..%2f..%2fadmin"] {
        let (_, answer) = ask(&gateway, format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(answer.line(), "HTTP/1.1 400 Bad Request", "{path}");
    }
    assert!(!backend.was_asked());
}

#[test]
fn a_request_with_two_lengths_has_one_when_it_arrives_or_is_refused() {
    let backend = Backend::new(|head, mut stream| {
        assert_eq!(head.body(&mut stream).0, b"hi");
        stream.write_all(OK.as_bytes()).unwrap();
    });
    let gateway = before(&backend, "http", &[]);
    let smuggled = "2\r\nhi\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    for lines in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ] {
        let (_, answer) =
            ask(&gateway, format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n2\r\nhi\r\n0\r\n\r\n"));
        assert_eq!(answer.line(), "HTTP/1.1 200 OK", "{lines}");
        let head = backend.head();
        assert_eq!(head.values("transfer-encoding"), ["chunked"], "{}", head.text);
        assert!(head.values("content-length").is_empty(), "{}", head.text);
    }
    for lines in [
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4, 4\r\n",
        "Content-Length: +4\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
    ] {
        let (_, answer) = ask(&gateway, format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n{smuggled}"));
        assert_eq!(answer.line(), "HTTP/1.1 400 Bad Request", "{lines}");
    }
    assert!(!backend.was_asked());
}

#[test]
fn methods_that_are_for_proxies_are_refused() {
    let backend = Backend::answering(OK);
    let gateway = before(&backend, "http", &[]);
    for line in ["TRACE / HTTP/1.1", "CONNECT a:1 HTTP/1.1"] {
        let (_, answer) = ask(&gateway, format!("{line}\r\nHost: a:1\r\n\r\n"));
        assert_eq!(answer.line(), "HTTP/1.1 501 Not Implemented");
    }
    assert!(!backend.was_asked());
}

#[test]
fn where_only_sockets_are_served_a_request_is_told_so() {
    let backend = Backend::echo();
    let gateway = before(&backend, "ws", &[]);
    let (_, answer) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(answer.line(), "HTTP/1.1 426 Upgrade Required");
    assert_eq!(answer.value("upgrade"), "websocket");
    assert!(!backend.was_asked());
}

#[test]
fn sockets_and_requests_may_go_to_two_back_ends_or_to_one() {
    let (sockets, requests) = (Backend::echo(), Backend::answering(OK));
    let gateway = Gateway::tpg(&["--connect", &requests.url("http"), "--connect", &sockets.url("ws")]);
    ask(&gateway, "GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
    super::open(&gateway);
    assert_eq!(requests.head().line(), "GET /page HTTP/1.1");
    assert_eq!(sockets.head().value("upgrade"), "websocket");
    let both = Backend::echo();
    super::open(&before(&both, "http", &[]));
    assert_eq!(both.head().value("upgrade"), "websocket");
}

#[test]
fn a_connection_to_the_back_end_is_used_again() {
    let backend = Backend::new(|_, mut stream| {
        let port = stream.peer_addr().unwrap().port().to_string();
        let answer = format!("HTTP/1.1 200 OK\r\nX-Port: {port}\r\nContent-Length: 2\r\n\r\nok");
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let gateway = before(&backend, "http", &[]);
    let ports: Vec<_> = (0..3)
        .map(|_| {
            let (mut stream, answer) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(answer.body(&mut stream).0, b"ok");
            answer.value("x-port").to_owned()
        })
        .collect();
    assert_eq!(ports[0], ports[1]);
    assert_eq!(ports[1], ports[2]);
}

#[test]
fn a_back_end_that_closes_a_kept_connection_is_asked_again_what_does_no_harm() {
    let backend = Backend::new(|_, mut stream| {
        let _ = stream.write_all(OK.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    let gateway = before(&backend, "http", &[]);
    // Some of these meet the end of the connection on their way, which the gateway cannot foresee.
    for _ in 0..50 {
        let (_, answer) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(answer.line(), "HTTP/1.1 200 OK");
    }
}

#[test]
fn what_could_do_harm_is_not_sent_twice() {
    let backend = Backend::new(|head, mut stream| {
        // It takes a second request of a connection, and dies of it.
        if head.line().starts_with("GET") {
            stream.write_all(OK.as_bytes()).unwrap();
        } else {
            stream.shutdown(std::net::Shutdown::Both).unwrap();
        }
    });
    let gateway = before(&backend, "http", &[]);
    for (method, status) in [("GET", "200 OK"), ("POST", "502 Bad Gateway")] {
        let (_, answer) =
            ask(&gateway, format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(answer.line(), format!("HTTP/1.1 {status}"));
        assert!(backend.head().line().starts_with(method));
    }
    assert!(!backend.was_asked());
}

#[test]
fn a_back_end_of_http_1_0_is_answered_for_in_the_gateways_own_version() {
    let backend = Backend::answering("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let gateway = before(&backend, "http", &[]);
    let (_, answer) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(answer.line(), "HTTP/1.1 200 OK");
    assert!(answer.values("connection").is_empty(), "{}", answer.text);
}

#[test]
fn a_response_that_caches_may_keep_is_kept_for_those_who_ask_alike() {
    let backend = Backend::answering(
        "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nVary: accept\r\nContent-Length: 0\r\n\r\n",
    );
    let gateway = before(&backend, "http", &["--session-cookie", "60"]);
    let (_, answer) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(answer.values("vary"), ["accept", "authorization, cookie"]);
    assert_eq!(answer.value("cache-control"), "no-store", "a session is begun in it");
    let session = answer.value("set-cookie").split(';').next().unwrap();
    let again =
        format!("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic eDp5\r\nCookie: {session}\r\n\r\n");
    let (_, answer) = ask(&gateway, again);
    assert_eq!(answer.values("vary"), ["accept", "authorization, cookie"]);
    assert_eq!(answer.value("cache-control"), "public, max-age=60");
}

#[test]
fn fields_of_a_response_that_are_for_one_hop_stay_here() {
    let backend = Backend::answering(
        "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Far: 2\r\n\
         Set-Cookie: __Host-ticketgate=forged\r\nSet-Cookie: a=1\r\nWWW-Authenticate: Negotiate AAAA\r\n\
         WWW-Authenticate: Basic realm=a\r\nContent-Length: 0\r\n\r\n",
    );
    let gateway = before(&backend, "http", &[]);
    let (_, answer) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((answer.value("x-far"), answer.value("set-cookie")), ("2", "a=1"));
    let [theirs, ours] = answer.values("www-authenticate")[..] else { panic!("{}", answer.text) };
    assert!(
        theirs.starts_with("Basic ") && ours.starts_with("Negotiate ") && ours != "Negotiate AAAA",
        "{}",
        answer.text
    );
    for name in ["x-hop", "keep-alive", "connection"] {
        assert!(answer.values(name).is_empty(), "{}", answer.text);
    }
}

#[test]
fn a_visit_is_one_line_that_says_who_where_and_how_much() {
    let backend = Backend::new(|head, mut stream| {
        let (body, _) = head.body(&mut stream);
        let answer = format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[answer.as_bytes(), &body].concat()).unwrap();
    });
    let gateway = before(&backend, "http", &[]);
    let (mut stream, answer) =
        ask(&gateway, "POST /a%20b?token=secret HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(answer.body(&mut stream).0, b"hello");
    let record = gateway.wait_for_record("visit", |_| true);
    let expected: [(&str, serde_json::Value); 9] = [
        ("principal", "alice@TGG.TEST".into()),
        ("via", "http".into()),
        ("method", "POST".into()),
        ("path", "/a%20b".into()),
        ("backend", backend.url("http").into()),
        ("status", 201.into()),
        ("octets_in", 5.into()),
        ("octets_out", 5.into()),
        ("outcome", "answered".into()),
    ];
    for (field, value) in expected {
        assert_eq!(record[field], value, "{field}");
    }
    assert!(!gateway.log().contains("secret"));
}
