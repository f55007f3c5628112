//! What a back end is told of users: in which fields, of whom, and that nobody else can say it.

use std::{io::Write as _, net::TcpStream};

use client::negotiate::{Negotiate, NegotiateOptions};
use krb::name::PrincipalName;

use super::{
    UPGRADE, ask, config, exchange,
    realms::{kerberos, roles},
    status,
};
use crate::{
    backend::{Backend, Head},
    ticket::{authorization, dice, field, forged, now},
    world::Gateway,
    ws_client::plain,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const FIELDS: &str = "<identity-roles-header>X-Roles</identity-roles-header>\
                      <identity-realm-header>X-Realm</identity-realm-header>\
                      <identity-ends-header>X-Until</identity-ends-header>";
const GRANTS: &str = "<grant>staff=realm:TGG.TEST</grant><grant>100%=principal:alice@TGG.TEST</grant>";

/// A service of this type for users who have roles, with these properties and what else stands in it.
fn telling(kind: &str, connect: &str, properties: &str, more: &str) -> Gateway {
    granting(GRANTS, kind, connect, properties, more)
}

/// The same with these roles.
fn granting(grants: &str, kind: &str, connect: &str, properties: &str, more: &str) -> Gateway {
    let scheme = if kind == "proxy" { "ws" } else { "http" };
    let service = format!(
        "<service><name>one</name><accept>{scheme}://127.0.0.1:0/in</accept><connect>{connect}</connect>\
         <type>{kind}</type><properties>{properties}</properties><realm-name>kerberos</realm-name>{}{more}</service>",
        roles(&["*"])
    );
    Gateway::run(&config(&format!("{service}<security>{}</security>", kerberos(grants))))
}

/// The field that presents a token of a user of the realm who is called so.
fn of_user(name: &str) -> String {
    let ticket = forged(|part| part.cname = PrincipalName::new(1, [name]));
    field(Negotiate::new(&ticket, &NegotiateOptions::default(), now(), &mut dice).unwrap().token())
}

/// What a back end of sockets is sent with an upgrade with these lines.
fn upgraded(gateway: &Gateway, backend: &Backend, lines: &str) -> Head {
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &format!("{UPGRADE}{}{lines}", authorization()));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    backend.head()
}

/// That a back end is told all of alice, and nothing else.
#[track_caller]
fn assert_told_of_alice(head: &Head) {
    assert_eq!(head.value("x-remote-user"), "alice@TGG.TEST");
    assert_eq!(head.value("x-roles"), "100%25,staff");
    assert_eq!(head.value("x-realm"), "kerberos");
    let ends: i64 = head.value("x-until").parse().unwrap();
    let left = ends - i64::try_from(now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap();
    assert!((1..=2 * 86_400).contains(&left), "{left}");
    assert!(!head.text.contains("root"), "{}", head.text);
    assert!(!head.text.contains("Negotiate"), "{}", head.text);
}

#[test]
fn a_back_end_is_told_roles_realm_and_end_where_that_is_asked_for() {
    let web = Backend::answering(OK);
    let gateway = telling("http.proxy", &web.url("http"), FIELDS, "");
    assert_eq!(status(&ask(&gateway, "GET /in", &authorization())), 200);
    assert_told_of_alice(&web.head());
    for (kind, scheme) in [("http.proxy", "http"), ("proxy", "ws")] {
        let sockets = Backend::echo();
        let gateway = telling(kind, &sockets.url(scheme), FIELDS, "");
        assert_told_of_alice(&upgraded(&gateway, &sockets, ""));
    }
}

#[test]
fn a_user_without_a_role_has_an_empty_list() {
    let web = Backend::answering(OK);
    let gateway = granting("", "http.proxy", &web.url("http"), FIELDS, "");
    let lines = format!("{}X-Roles: root\r\n", of_user("zed"));
    assert_eq!(status(&ask(&gateway, "GET /in", &lines)), 200);
    let head = web.head();
    assert_eq!((head.value("x-remote-user"), head.value("x-roles")), ("zed@TGG.TEST", ""));
}

#[test]
fn by_default_it_is_told_who_asks_and_nothing_else_and_clients_cannot_say_the_rest() {
    let web = Backend::answering(OK);
    let gateway = telling("http.proxy", &web.url("http"), "", "");
    let lines =
        "X-Remote-Roles: root\r\nX_Remote_Realm: root\r\nx.remote.groups: root\r\nX-Remote-Token: root\r\n";
    assert_eq!(status(&ask(&gateway, "GET /in", &format!("{}{lines}", authorization()))), 200);
    let head = web.head();
    let told: Vec<_> = head.names().into_iter().filter(|name| name.contains("remote")).collect();
    assert_eq!(told, ["x-remote-user"], "{}", head.text);
}

#[test]
fn no_spelling_of_any_field_comes_from_a_client_nor_is_any_dropped_for_one() {
    let web = Backend::answering(OK);
    let requests = telling("http.proxy", &web.url("http"), FIELDS, "");
    let echo = Backend::echo();
    let sockets = telling("proxy", &echo.url("ws"), FIELDS, "");
    for name in ["X-Roles", "x_roles", "X.ROLES", "x_Realm", "X-Until", "x~until", "X_Remote.User"] {
        let forged = format!("{name}: root\r\n");
        let nominated = format!("Connection: {name}, x-roles, x-realm, x-until, x-remote-user\r\n{forged}");
        for lines in [&forged, &nominated] {
            assert_eq!(status(&ask(&requests, "GET /in", &format!("{}{lines}", authorization()))), 200);
            assert_told_of_alice(&web.head());
        }
        assert_told_of_alice(&upgraded(&sockets, &echo, &forged));
    }
}

#[test]
fn trailers_tell_nothing_of_a_user() {
    let web = Backend::new(|head, mut stream| {
        let (body, trailers) = head.body(&mut stream);
        assert_eq!(body, b"body");
        let said = format!("{}{trailers}", OK.replace("Length: 0", &format!("Length: {}", trailers.len())));
        stream.write_all(said.as_bytes()).unwrap();
    });
    let gateway = telling("http.proxy", &web.url("http"), FIELDS, "");
    let mut stream = plain(gateway.at("one"));
    let request = format!(
        "POST /in HTTP/1.1\r\nHost: {}\r\n{}TE: trailers\r\nTransfer-Encoding: chunked\r\n\
         Trailer: x_roles, x-sum\r\n\r\n4\r\nbody\r\n0\r\nx_roles: root\r\nX-Remote-Groups: root\r\nx-sum: 7\r\n\r\n",
        gateway.at("one"),
        authorization()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let answer = Head::read(&mut stream).expect("an answer");
    let (trailers, _) = answer.body(&mut stream);
    assert_told_of_alice(&web.head());
    assert!(!String::from_utf8_lossy(&trailers).contains("root"));
}

#[test]
fn connections_to_a_back_end_that_are_shared_bring_nobody_the_name_of_another() {
    let web = Backend::new(|head, mut stream| {
        let said = format!("{}|{}", head.value("x-remote-user"), head.value("x-roles"));
        let length = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", said.len());
        stream.write_all(format!("{length}{said}").as_bytes()).unwrap();
    });
    let gateway = telling("http.proxy", &web.url("http"), FIELDS, "");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut stream: TcpStream = plain(gateway.at("one"));
                for number in 0..25 {
                    let name = format!("user{thread}-{number}");
                    let answer = exchange(&mut stream, "GET /in", &of_user(&name));
                    assert_eq!(answer.ahead, format!("{name}@TGG.TEST|staff").into_bytes());
                    let alice = exchange(&mut stream, "GET /in", &authorization());
                    assert_eq!(alice.ahead, b"alice@TGG.TEST|100%25,staff");
                }
            });
        }
    });
}

#[test]
fn a_redirect_takes_nobodys_name_to_another_host() {
    let elsewhere = Backend::answering(OK);
    let there = elsewhere.url("http");
    let web = Backend::new(move |head, mut stream| {
        let to = if head.line().contains("/away") { format!("{there}/in") } else { "/in/next".to_owned() };
        let said = match head.line().contains("/next") {
            true => OK.to_owned(),
            false => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"),
        };
        stream.write_all(said.as_bytes()).unwrap();
    });
    let options = "<connect-options><http.maximum.redirects>3</http.maximum.redirects></connect-options>";
    let gateway = telling("http.proxy", &format!("{}/in", web.url("http")), FIELDS, options);
    assert_eq!(status(&ask(&gateway, "GET /in/here", &authorization())), 200);
    for _ in 0..2 {
        assert_told_of_alice(&web.head());
    }
    assert_eq!(status(&ask(&gateway, "GET /in/away", &authorization())), 302);
    assert_told_of_alice(&web.head());
    assert!(!elsewhere.was_asked());
}

#[test]
fn what_was_presented_stays_in_the_gateway() {
    let web = Backend::answering(OK);
    let secrets = "<http-header>X-Token</http-header><http-query-parameter>token</http-query-parameter>\
                   <http-cookie>sso</http-cookie><authorization-mode>recycle</authorization-mode>";
    let realm = kerberos("").replace("<login-modules>", &format!("{secrets}<login-modules>"));
    let service = format!(
        "<service><name>one</name><accept>http://127.0.0.1:0/in</accept><connect>{}</connect>\
         <type>http.proxy</type><realm-name>kerberos</realm-name>{}</service>",
        web.url("http"),
        roles(&["*"])
    );
    let gateway = Gateway::run(&config(&format!("{service}<security>{realm}</security>")));
    let declared = "X-Token: hush-1\r\nCookie: a=1; sso=hush-2; __Host-ticketgate-x=hush-3\r\n";
    let lines = format!("{}{declared}", authorization());
    let answer = ask(&gateway, "GET /in?a=b&token=hush-4&%74oken=hush-5", &lines);
    assert_eq!(status(&answer), 200, "{}", answer.text);
    let head = web.head();
    assert!(!head.text.contains("hush") && !head.text.contains("Negotiate"), "{}", head.text);
    assert_eq!(head.line(), "GET /?a=b HTTP/1.1");
    assert_eq!(head.value("cookie"), "a=1");
}
