//! `management` of the real binary: what operators see, who is one, and what stays secret.

use std::io::{BufRead as _, BufReader, Write as _};

use peers::{Browser, or_skipped};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use super::{
    Folder, UPGRADE, ask, close_code, config, exchange,
    realms::{bobs, kerberos, roles},
    security, status,
};
use crate::{
    backend::Head,
    management::once,
    ticket::authorization,
    world::{Gateway, PATIENCE, realm},
    ws_client::plain,
};
use ticketgate::ambient;

const MANAGEMENT: &str =
    "<service><name>management</name><accept>http://localhost:0/</accept><type>management</type></service>";

/// A guarded echo, another that is open, and the management of both.
fn gateway() -> Gateway {
    let echo = |name: &str, more: &str| {
        format!(
            "<service><name>{name}</name><accept>ws://127.0.0.1:0/{name}</accept><type>echo</type>{more}</service>"
        )
    };
    let guard = format!("<realm-name>kerberos</realm-name>{}", roles(&["*"]));
    let services = echo("one", "") + &echo("guarded", &guard) + MANAGEMENT;
    Gateway::run(&config(&(services + &security(&kerberos("")))))
}

/// Asks the management under the name localhost.
fn inside(gateway: &Gateway, request: &str, lines: &str) -> Head {
    let address = gateway.at("management");
    let host = format!("Host: localhost:{}\r\n", address.port());
    exchange(&mut plain(address), request, &format!("{host}{lines}"))
}

fn shown(gateway: &Gateway, request: &str) -> Value {
    let answer = inside(gateway, request, "X-Ticketgate: 1\r\n");
    assert_eq!(status(&answer), 200, "{}", answer.text);
    serde_json::from_slice(&answer.ahead).unwrap()
}

/// Waits until what is shown is as it should be.
#[track_caller]
fn shown_once(gateway: &Gateway, request: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let patience = ambient::now() + PATIENCE;
    loop {
        let told = shown(gateway, request);
        if is_so(&told) {
            return told;
        }
        assert!(ambient::now() < patience, "{told}");
    }
}

fn socket(gateway: &Gateway, service: &str, lines: &str) -> WebSocket<std::net::TcpStream> {
    let mut stream = plain(gateway.at(service));
    let answer = exchange(&mut stream, &format!("GET /{service}"), &format!("{UPGRADE}{lines}"));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None)
}

#[test]
fn sockets_are_shown_with_their_users_until_when_and_what_they_carry() {
    let gateway = gateway();
    let mut alice = socket(&gateway, "guarded", &authorization());
    alice.send(Message::text("hello")).unwrap();
    alice.read().unwrap();
    let _stranger = socket(&gateway, "one", "");
    let told = shown_once(&gateway, "GET /sessions?service=guarded", |told| {
        told["open"] == 2 && told["sessions"][0]["sent"].as_u64() > Some(0)
    });
    assert_eq!(told["sessions"].as_array().unwrap().len(), 1);
    let session = &told["sessions"][0];
    assert_eq!((&session["principal"], &session["service"]), (&json!("alice@TGG.TEST"), &json!("guarded")));
    assert!(session["ends"].as_i64() > told["now"].as_i64(), "{session}");
    assert!(session["received"].as_u64() >= Some(5), "{session}");
}

#[test]
fn a_socket_whose_ticket_it_may_outlive_has_no_end() {
    let service = format!(
        "<service><name>one</name><accept>ws://127.0.0.1:0/one</accept><type>echo</type>\
         <realm-name>kerberos</realm-name>{}</service>{MANAGEMENT}",
        roles(&["*"])
    );
    let options = kerberos("<outliveTicket>true</outliveTicket>");
    let gateway = Gateway::run(&config(&(service + &security(&options))));
    let _alice = socket(&gateway, "one", &authorization());
    let told = shown_once(&gateway, "GET /sessions", |told| told["open"] == 1);
    assert_eq!(told["sessions"][0]["ends"], Value::Null);
}

#[test]
fn one_socket_is_closed_by_order_and_the_others_stay() {
    let gateway = gateway();
    let (mut first, mut second) = (socket(&gateway, "one", ""), socket(&gateway, "one", ""));
    let peer = first.get_ref().local_addr().unwrap().to_string();
    let told = shown_once(&gateway, "GET /sessions", |told| told["open"] == 2);
    let sessions = told["sessions"].as_array().unwrap();
    let id = sessions.iter().find(|session| session["peer"] == peer).unwrap()["id"].as_str().unwrap();
    assert_eq!(shown(&gateway, &format!("DELETE /sessions/{id}")), json!({ "closed": 1 }));
    assert_eq!(close_code(&mut first), 1008);
    // The answer to the close frame.
    let _ = first.flush();
    second.send(Message::text("still here")).unwrap();
    assert_eq!(second.read().unwrap(), Message::text("still here"));
    shown_once(&gateway, "GET /sessions", |told| told["open"] == 1);
    gateway.wait_for_log("A session is closed by order of an operator");
}

#[test]
fn all_sockets_of_a_user_are_closed_by_order_and_nobody_elses() {
    let gateway = gateway();
    let mut alices = [(); 2].map(|()| socket(&gateway, "guarded", &authorization()));
    let mut bob = socket(&gateway, "guarded", &bobs());
    shown_once(&gateway, "GET /sessions", |told| told["open"] == 3);
    let told = shown(&gateway, "DELETE /sessions?principal=alice%40TGG.TEST");
    assert_eq!(told, json!({ "closed": 2 }));
    for alice in &mut alices {
        assert_eq!(close_code(alice), 1008);
    }
    bob.send(Message::text("still here")).unwrap();
    assert_eq!(bob.read().unwrap(), Message::text("still here"));
}

#[test]
fn metrics_count_what_services_did() {
    let gateway = gateway();
    let _open = socket(&gateway, "one", "");
    assert_eq!(status(&ask(&gateway, "GET /one", "")), 426);
    let mut stream = plain(gateway.at("guarded"));
    assert_eq!(status(&exchange(&mut stream, "GET /guarded", UPGRADE)), 401);
    shown_once(&gateway, "GET /sessions", |told| told["open"] == 1);
    let answer = inside(&gateway, "GET /metrics", "");
    let text = String::from_utf8(answer.ahead.clone()).unwrap();
    assert!(
        answer.value("content-type").starts_with("application/openmetrics-text; version=1.0.0"),
        "{}",
        answer.text
    );
    for line in [
        r#"ticketgate_refusals_total{service="one",reason="sockets_only"} 1"#,
        r#"ticketgate_admissions_total{service="guarded",outcome="challenged"} 1"#,
    ] {
        assert!(text.contains(line), "no {line} in:\n{text}");
    }
}

#[test]
fn health_and_readiness_are_for_machines() {
    let gateway = gateway();
    assert_eq!(shown(&gateway, "GET /health")["stage"], "serving");
    assert_eq!(shown(&gateway, "GET /ready")["ready"], true);
}

#[test]
fn events_tell_of_a_socket_that_opens() {
    let gateway = gateway();
    let address = gateway.at("management");
    let mut stream = plain(address);
    let head = format!("GET /events HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", address.port());
    stream.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.by_ref().any(|line| line.starts_with("data: ")), "a first event");
    let _alice = socket(&gateway, "guarded", &authorization());
    assert!(lines.any(|line| line.starts_with("data: ") && line.contains("alice@TGG.TEST")));
}

#[test]
fn who_sits_at_this_host_must_ask_for_it_and_for_nobody_else() {
    let gateway = gateway();
    let address = gateway.at("management");
    let asked = |lines: &str| status(&exchange(&mut plain(address), "GET /sessions", lines));
    assert_eq!(asked(&format!("Host: localhost:{}\r\n", address.port())), 200);
    for lines in [
        "Host: rebound.evil.test\r\n",
        "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n",
        "Host: localhost\r\nOrigin: https://evil.test\r\n",
    ] {
        assert!(matches!(asked(lines), 403 | 404), "{lines}");
    }
    let order = inside(&gateway, "DELETE /sessions?principal=x", "");
    assert_eq!(status(&order), 403, "an order needs the field that no page of another site can send");
}

/// The management at all addresses, for alice.
fn remote() -> Gateway {
    let service = format!(
        "<service><name>management</name><accept>http://0.0.0.0:0/</accept><type>management</type>\
         <realm-name>kerberos</realm-name>{}</service>",
        roles(&["alice@TGG.TEST"])
    );
    Gateway::run(&config(&(service + &security(&kerberos("")))))
}

/// Asks such a management from this host under another name.
fn remotely(gateway: &Gateway, lines: &str) -> Head {
    let address = (std::net::Ipv4Addr::LOCALHOST, gateway.at("management").port());
    exchange(&mut plain(address.into()), "GET /sessions", &format!("Host: gw.test\r\n{lines}"))
}

#[test]
fn at_other_addresses_a_role_is_needed_even_from_this_host() {
    let gateway = remote();
    let stranger = remotely(&gateway, "");
    assert_eq!((status(&stranger), stranger.value("www-authenticate")), (401, "Negotiate"));
    assert_eq!(status(&remotely(&gateway, &bobs())), 403);
    assert_eq!(status(&remotely(&gateway, &authorization())), 200);
}

#[test]
fn at_other_addresses_it_is_not_served_without_a_role() {
    let folder = Folder::new();
    let check = |guard: &str| {
        let service = format!(
            "<service><name>management</name><accept>http://0.0.0.0:2020/</accept><type>management</type>{guard}\
             </service>"
        );
        let file = folder.path("config.xml");
        std::fs::write(&file, config(&(service + &security(&kerberos(""))))).unwrap();
        crate::world::exit_code(&["check", "--config", file.to_str().unwrap()])
    };
    let realm = "<realm-name>kerberos</realm-name>";
    for guard in ["", &format!("{realm}{}", roles(&["*"])), realm] {
        let (code, said) = check(guard);
        assert_eq!(code, Some(78), "{guard}: {said}");
        assert!(said.contains("require-role"), "{guard}: {said}");
    }
    let (code, said) = check(&format!("{realm}{}", roles(&["alice@TGG.TEST"])));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_configuration_is_shown_without_secrets() {
    const SECRET: &str = "s3cr3t";
    let folder = Folder::new().with("store.pw", SECRET).with(
        "users.xml",
        format!(
            "<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\"><user><name>joe</name>\
             <password>{SECRET}</password></user></jaas-config>"
        ),
    );
    let file = |name: &str| folder.path(name).display().to_string();
    let module = |kind: &str, options: &str| {
        format!(
            "<login-module><type>{kind}</type><success>required</success><options>{options}</options></login-module>"
        )
    };
    let modules = module("file", &format!("<file>{}</file>", file("users.xml")))
        + &module("exec", &format!("<command>/bin/true</command><argument>{SECRET}</argument>"))
        + &module("http", &format!("<url>https://login.test/judge?key={SECRET}</url>"))
        + &module(
            "ldap",
            &format!(
                "<userProvider>ldap://ldap.test/</userProvider><authIdentity>cn={{USERNAME}},pw={SECRET}</authIdentity>"
            ),
        );
    let realm = format!(
        "<realm><name>secretive</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>\
         <login-modules>{modules}</login-modules></authentication></realm>"
    );
    let services = format!(
        "<service><name>one</name><description>For all who ask</description>\
         <accept>ws://127.0.0.1:0/in</accept><type>echo</type><realm-name>secretive</realm-name>{}</service>{MANAGEMENT}",
        roles(&["AUTHORIZED"])
    );
    let store = security(&realm).replace(
        "</file></keystore>",
        &format!("</file><password-file>{}</password-file></keystore>", file("store.pw")),
    );
    let gateway = Gateway::run(&config(&(services + &store)));
    let told = shown(&gateway, "GET /configuration");
    assert_eq!(told["realms"][0]["name"], "secretive");
    assert_eq!(told["services"][0]["requires"], json!(["AUTHORIZED"]));
    assert_eq!(told["services"][0]["description"], "For all who ask");
    assert_eq!(told["realms"][0]["modules"].as_array().unwrap().len(), 4);
    for path in ["/configuration", "/metrics", "/sessions", "/health", "/ready", "/"] {
        let answer = inside(&gateway, &format!("GET {path}"), "");
        assert_eq!(status(&answer), 200, "{path}");
        assert!(!String::from_utf8_lossy(&answer.ahead).contains(SECRET), "{path}");
    }
    let log = gateway.log();
    assert!(!log.contains(SECRET), "{log}");
}

#[test]
fn the_page_shows_an_operator_in_chromium_who_is_there_and_closes_sockets() {
    let service = |name: &str, accept: &str, kind: &str, role: &str| {
        format!(
            "<service><name>{name}</name><accept>{accept}</accept><type>{kind}</type>\
             <realm-name>kerberos</realm-name>{}</service>",
            roles(&[role])
        )
    };
    let services = service("guarded", "ws://127.0.0.1:0/guarded", "echo", "*")
        + &service("management", "http://0.0.0.0:0/", "management", "alice@TGG.TEST");
    let gateway = Gateway::run(&config(&(services + &security(&kerberos("")))));
    let mut bob = socket(&gateway, "guarded", &bobs());
    let alice = realm().client().unwrap();
    assert!(alice.kinit("alice", "alicepw").unwrap().success());
    let Some(browser) = or_skipped(Browser::chromium(&alice)) else { return };
    browser.open(&format!("http://localhost:{}/", gateway.at("management").port())).unwrap();
    let cell = "document.querySelector('#list bdi')";
    assert_eq!(once(&browser, cell, &format!("{cell}.textContent")), "bob@TGG.TEST");
    let button = "document.querySelector('#list button')";
    once(&browser, button, &format!("{button}.click()"));
    let confirm = "document.getElementById('confirm').open";
    once(&browser, confirm, "document.getElementById('close-one').click()");
    assert_eq!(close_code(&mut bob), 1008);
    // The answer to the close frame.
    let _ = bob.flush();
    once(&browser, "document.querySelectorAll('#list tr').length === 0", "0");
    let log = gateway.wait_for_log("by order of an operator");
    assert!(log.contains("\"by\":\"alice@TGG.TEST\""), "{log}");
}
