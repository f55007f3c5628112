//! `http.proxy`: a back end under another name.

use std::io::Write as _;

use super::{OK, UPGRADE, ask, fronted, inside, one};
use crate::backend::Backend;

#[test]
fn what_is_below_the_accept_is_asked_for_below_the_connect() {
    let backend = Backend::answering(OK);
    for (connect, asked, target) in [
        ("/out", "/in/x?y", "/out/x?y"),
        ("/out", "/in?y", "/out?y"),
        ("/out/", "/in", "/out/"),
        ("", "/in", "/"),
        ("/", "/in/", "/"),
    ] {
        let gateway = fronted(&(backend.url("http") + connect), "", "");
        ask(&gateway, asked, "");
        assert_eq!(backend.head().line(), format!("GET {target} HTTP/1.1"), "{asked} to {connect}");
    }
}

#[test]
fn what_is_not_below_the_accept_is_404_and_what_climbs_out_of_it_400() {
    let backend = Backend::answering(OK);
    let gateway = fronted(&backend.url("http"), "", "");
    for (asked, status) in [("/", 404), ("/inner", 404), ("/in/../x", 400), ("/in/%2e%2E/x", 400)] {
        let (_, answer) = ask(&gateway, asked, "");
        assert!(answer.line().starts_with(&format!("HTTP/1.1 {status} ")), "{asked}: {}", answer.text);
    }
    assert!(!backend.was_asked());
}

#[test]
fn redirects_and_cookies_are_put_into_the_clients_words_as_configured() {
    let backend = Backend::new(|head, mut stream| {
        let host = head.value("host");
        let answer = format!(
            "HTTP/1.1 302 Found\r\nLocation: http://{host}/out/x\r\nContent-Location: /out/y\r\n\
             Set-Cookie: a=1; Path=/out; Domain=be.test\r\nSet-Cookie: b=2; Domain=10.test\r\n\
             Content-Length: 0\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let all = "<rewrite-cookie-path>enabled</rewrite-cookie-path>\
               <rewrite-cookie-domain>enabled</rewrite-cookie-domain>\
               <cookie-domain-mapping><from>10.test</from><to>a.test</to></cookie-domain-mapping>";
    let options = "<http.host>be.test</http.host>";
    let gateway = fronted(&(backend.url("http") + "/out"), all, options);
    let (_, answer) = ask(&gateway, "/in", "");
    assert_eq!(answer.value("location"), format!("http://{}/in/x", gateway.at("one")));
    assert_eq!(answer.value("content-location"), "/in/y");
    // A gateway that is called by its address has no domain.
    assert_eq!(answer.values("set-cookie"), ["a=1; Path=/in", "b=2; Domain=a.test"]);

    let gateway =
        fronted(&(backend.url("http") + "/out"), "<rewrite-location>disabled</rewrite-location>", options);
    let (_, answer) = ask(&gateway, "/in", "");
    assert_eq!(answer.value("location"), "http://be.test/out/x");
    assert_eq!(answer.values("set-cookie"), ["a=1; Path=/out; Domain=be.test", "b=2; Domain=10.test"]);
}

#[test]
fn a_request_that_comes_back_is_508() {
    let backend = Backend::answering(OK);
    let gateway = fronted(&backend.url("http"), "", "");
    let (_, answer) = ask(&gateway, "/in", "Via: 1.1 other\r\n");
    let seen = backend.head();
    let vias = seen.values("via");
    assert_eq!(vias.len(), 2, "{}", seen.text);
    assert_eq!(vias[1], answer.value("via"));
    let (_, answer) = ask(&gateway, "/in", &format!("Via: 1.1 other, {}, 1.1 third\r\n", vias[1]));
    assert!(answer.line().starts_with("HTTP/1.1 508 "), "{}", answer.text);
    assert!(!backend.was_asked());
    let record = gateway.wait_for_record("visit", |record| record["status"] == 508);
    assert_eq!((&record["outcome"], &record["blame"]), (&"backend_loop".into(), &"backend".into()));
}

#[test]
fn what_clients_claim_of_their_way_passes_as_configured() {
    let backend = Backend::answering(OK);
    for (mode, forwarded, plain) in [
        ("ignore", vec!["for=10.0.0.1"], vec!["10.0.0.1"]),
        ("exclude", vec![], vec![]),
        ("inject", vec!["for=10.0.0.1", "for=127.0.0.1"], vec!["10.0.0.1", "127.0.0.1"]),
    ] {
        let gateway = fronted(&backend.url("http"), &format!("<use-forwarded>{mode}</use-forwarded>"), "");
        ask(
            &gateway,
            "/in",
            "Forwarded: for=10.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-User: root\r\n",
        );
        let seen = backend.head();
        let nodes: Vec<_> =
            seen.values("forwarded").iter().map(|value| value.split(';').next().unwrap()).collect();
        assert_eq!(nodes, forwarded, "{mode}");
        assert_eq!(seen.values("x-forwarded-for"), plain, "{mode}");
        assert!(seen.values("x-forwarded-user").is_empty(), "{mode}");
    }
}

#[test]
fn nobody_but_the_gateway_names_who_asks_in_the_field_that_is_configured() {
    let backend = Backend::answering(OK);
    let gateway = fronted(&backend.url("http"), "<identity-header>x-user</identity-header>", "");
    ask(&gateway, "/in", "X-User: root\r\nX_User: root\r\nX-Remote-User: other\r\n");
    let seen = backend.head();
    assert!(seen.values("x-user").is_empty() && seen.values("x_user").is_empty(), "{}", seen.text);
    assert!(
        seen.values("x-remote-user").is_empty(),
        "back ends believe it whoever it is from: {}",
        seen.text
    );
}

#[test]
fn redirects_are_followed_within_what_is_served() {
    let backend = Backend::new(|head, mut stream| {
        let to = match head.line().split(' ').nth(1).unwrap() {
            "/out/1" => "/out/2",
            "/out/2" => "3",
            "/out/away" => "/other",
            _ => {
                let agreed = head.values("sec-websocket-key").first().map(|_| head.agree(""));
                return stream.write_all(agreed.as_deref().unwrap_or(OK).as_bytes()).unwrap();
            }
        };
        let answer =
            format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let connect = backend.url("http") + "/out";
    for (redirects, asked, lines, status) in [
        (2, "/in/1", "", "200"),
        (2, "/in/1", UPGRADE, "101"),
        (1, "/in/1", "", "307"),
        (0, "/in/2", UPGRADE, "307"),
        (9, "/in/away", "", "307"),
    ] {
        let option = format!("<http.maximum.redirects>{redirects}</http.maximum.redirects>");
        let gateway = fronted(&connect, "", &option);
        let (_, answer) = ask(&gateway, asked, lines);
        assert!(answer.line().starts_with(&format!("HTTP/1.1 {status} ")), "{asked}: {}", answer.text);
    }
}

#[test]
fn sockets_pass_where_a_back_end_has_both() {
    let backend = Backend::echo();
    let gateway = one("http.proxy", &inside(&[&backend.url("http")], "", ""));
    let mut socket = super::open(&gateway);
    let message = tokio_tungstenite::tungstenite::Message::text("hello");
    socket.send(message.clone()).unwrap();
    assert_eq!(socket.read().unwrap(), message);
}
