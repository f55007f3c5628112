//! A configuration that is read again: what is new is served, what is gone is not, and what is open lives on.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use super::{
    UPGRADE, answer, assert_echoes, echo, folder::Folder, moved, open, request, service, status, status_of,
    upgraded, wait_until_closed,
};
use crate::{
    proxy::is_over,
    ticket::authorization,
    world::{Gateway, realm},
    ws_client::plain,
};

/// Has the gateway serve something else.
#[track_caller]
fn reloaded(gateway: &Gateway, folder: &Folder, services: &str) {
    folder.configure(services);
    again(gateway);
}

/// Has the gateway read again what is in its folder.
#[track_caller]
fn again(gateway: &Gateway) {
    let before = gateway.log().matches("\"Reloaded\"").count();
    gateway.signal("HUP");
    gateway.wait_until_log("reload", |log| log.matches("\"Reloaded\"").count() > before);
}

/// Has the gateway look at what it cannot serve; what it says of it.
#[track_caller]
fn refused(gateway: &Gateway) -> String {
    let before = gateway.log().matches("what is served stays").count();
    gateway.signal("HUP");
    let log = gateway.wait_until_log("refusal", |log| log.matches("what is served stays").count() > before);
    log.lines().rfind(|line| line.contains("what is served stays")).unwrap().to_owned()
}

const ONE: &str = "ws://127.0.0.1:0/in";

#[test]
fn a_service_is_added_and_another_one_taken_away_while_sockets_of_both_go_on() {
    let folder = Folder::new();
    let gateway = folder.run(&(echo("one", ONE, "") + &echo("old", "ws://127.0.0.1:0/old", "")));
    let at = gateway.at("one");
    let (mut one, mut old) = (open(at), upgraded(plain(at), "127.0.0.1", "/old"));
    reloaded(&gateway, &folder, &(echo("one", ONE, "") + &echo("new", "ws://127.0.0.1:0/new", "")));
    gateway.wait_for_output(&format!("listening new ws://{at}/new"));
    assert_echoes(&mut upgraded(plain(at), "127.0.0.1", "/new"));
    assert_eq!(status_of(&mut plain(at), &request("127.0.0.1", "/old", UPGRADE)), 404);
    assert_echoes(&mut one);
    assert_echoes(&mut old);
}

#[test]
fn only_what_is_new_is_announced() {
    let folder = Folder::new();
    let gateway = folder.run(&echo("one", ONE, ""));
    let before = gateway.output();
    again(&gateway);
    reloaded(&gateway, &folder, &(echo("one", ONE, "") + &echo("new", "ws://127.0.0.1:0/new", "")));
    let output = gateway.wait_for_output("listening new");
    assert_eq!(output.lines().count(), before.lines().count() + 1, "{output}");
}

#[test]
fn an_address_is_added() {
    let folder = Folder::new();
    let gateway = folder.run(&echo("one", ONE, ""));
    let mut one = open(gateway.at("one"));
    reloaded(&gateway, &folder, &(echo("one", ONE, "") + &echo("new", "ws://127.0.0.2:0/in", "")));
    gateway.wait_for_output("listening new");
    assert_echoes(&mut upgraded(plain(gateway.at("new")), "127.0.0.2", "/in"));
    assert_echoes(&mut one);
}

#[test]
fn an_address_is_taken_away_and_its_sockets_go_on() {
    let folder = Folder::new();
    let gateway = folder.run(&(echo("one", ONE, "") + &echo("old", "ws://127.0.0.2:0/in", "")));
    let at = gateway.at("old");
    let mut old = upgraded(plain(at), "127.0.0.2", "/in");
    reloaded(&gateway, &folder, &echo("one", ONE, ""));
    wait_until_closed(at);
    assert_echoes(&mut old);
    assert_echoes(&mut open(gateway.at("one")));
}

#[test]
fn a_connection_between_two_requests_ends_with_its_address_and_else_finds_what_is_new() {
    let folder = Folder::new();
    let old = moved("old", "http://127.0.0.2:0/in", "");
    let gateway = folder.run(&(moved("one", "http://127.0.0.1:0/in", "") + &old));
    let (mut kept, mut ended) = (plain(gateway.at("one")), plain(gateway.at("old")));
    assert_eq!(status_of(&mut kept, &request("127.0.0.1", "/in", "")), 302);
    assert_eq!(status_of(&mut ended, &request("127.0.0.2", "/in", "")), 302);
    reloaded(&gateway, &folder, &moved("other", "http://127.0.0.1:0/in", ""));
    assert!(is_over(ended));
    let answer = answer(&mut kept, &request("127.0.0.1", "/in", "")).unwrap();
    assert_eq!(answer.value("location"), "http://other.test/");
}

#[test]
fn a_wrong_file_changes_nothing_and_the_log_says_where_it_is_wrong() {
    let folder = Folder::new();
    let services = echo("one", ONE, "");
    let gateway = folder.run(&services);
    let mut one = open(gateway.at("one"));
    let file = folder.named("gateway-config.xml");
    for (wrong, place) in [
        ("\n<service>\n  <acept>ws://127.0.0.1:0/new</acept>\n</service>".to_owned(), ":3:4: error: "),
        ("\n <service>".to_owned(), ": error: "),
        // What only the rooms behind can judge.
        (
            "\n".to_owned() + &moved("new", "https://127.0.0.2:0/new", "\n<ssl.ciphers>RC4</ssl.ciphers>"),
            ":3:14: error: ",
        ),
    ] {
        folder.configure(&(services.clone() + &wrong));
        let said = refused(&gateway);
        assert!(said.contains(&file) && said.contains(place), "{said}");
    }
    std::fs::remove_file(&file).unwrap();
    assert!(refused(&gateway).contains(&file));
    assert_echoes(&mut one);
    assert_echoes(&mut open(gateway.at("one")));
    reloaded(&gateway, &folder, &services);
    assert_echoes(&mut one);
}

#[test]
fn an_address_that_is_taken_changes_nothing() {
    let folder = Folder::new();
    let gateway = folder.run(&(echo("one", ONE, "") + &echo("old", "ws://127.0.0.2:0/in", "")));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    folder.configure(
        &(moved("one", "http://127.0.0.1:0/in", "") + &echo("new", &format!("ws://{address}/in"), "")),
    );
    let said = refused(&gateway);
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    assert_echoes(&mut open(gateway.at("one")));
    assert_echoes(&mut upgraded(plain(gateway.at("old")), "127.0.0.2", "/in"));
}

#[test]
fn an_address_that_was_taken_away_can_be_added_again() {
    let folder = Folder::new();
    let one = echo("one", ONE, "");
    // A port that the test knows, so that it is the same one.
    let free = TcpListener::bind("127.0.0.8:0").unwrap().local_addr().unwrap();
    let other = echo("other", &format!("ws://{free}/in"), "");
    let gateway = folder.run(&(one.clone() + &other));
    let mut open = upgraded(plain(free), "127.0.0.8", "/in");
    reloaded(&gateway, &folder, &one);
    wait_until_closed(free);
    reloaded(&gateway, &folder, &(one + &other));
    assert_echoes(&mut upgraded(plain(free), "127.0.0.8", "/in"));
    assert_echoes(&mut open);
}

#[test]
fn options_of_an_address_that_stays_are_those_of_the_new_file() {
    let folder = Folder::new();
    let with = |options: &str| moved("one", "http://127.0.0.1:0/in", options);
    let gateway = folder.run(&with("<tcp.maximum.connections.per.peer>1</tcp.maximum.connections.per.peer>"));
    let at = gateway.at("one");
    let mut held = plain(at);
    assert_eq!(status_of(&mut held, &request("127.0.0.1", "/in", "")), 302);
    assert_eq!(status(at), 0);
    let options = "<tcp.maximum.connections.per.peer>2</tcp.maximum.connections.per.peer>\
                   <http.server.header>disabled</http.server.header>";
    reloaded(&gateway, &folder, &with(options));
    let other = answer(&mut plain(at), &request("127.0.0.1", "/in", "")).unwrap();
    assert!(other.values("server").is_empty(), "{}", other.text);
}

#[test]
fn connections_are_still_counted_that_are_older_than_the_file() {
    let folder = Folder::new();
    let gateway = folder.run(&moved(
        "one",
        "http://127.0.0.1:0/in",
        "<tcp.maximum.connections.per.peer>1</tcp.maximum.connections.per.peer>",
    ));
    let mut held = plain(gateway.at("one"));
    assert_eq!(status_of(&mut held, &request("127.0.0.1", "/in", "")), 302);
    again(&gateway);
    assert_eq!(status(gateway.at("one")), 0);
    assert_eq!(status_of(&mut held, &request("127.0.0.1", "/in", "")), 302);
}

#[test]
fn certificates_are_exchanged_without_a_connection_that_fails() {
    let folder = Folder::new();
    let gateway = folder.run(&echo("one", "wss://127.0.0.1:0/in", ""));
    let at = gateway.at("one");
    let served = || {
        folder.connect("gw.test", at).map(|stream| {
            let shown = stream.conn.peer_certificates().unwrap()[0].to_vec();
            (shown, upgraded(stream, "127.0.0.1", "/in"))
        })
    };
    let (old, mut open) = served().unwrap();
    let (over, tries) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let clients = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let (_, mut socket) = served().expect("a connection in the middle of a reload");
                assert_echoes(&mut socket);
                tries.fetch_add(1, Ordering::Relaxed);
            }
        });
        for _ in 0..3 {
            folder.keystore(&["gw.test"]);
            again(&gateway);
            let before = tries.load(Ordering::Relaxed);
            // Some begin behind it, too.
            while tries.load(Ordering::Relaxed) < before + 2 && !clients.is_finished() {
                thread::yield_now();
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_ne!(served().unwrap().0, old);
    assert_echoes(&mut open);
}

#[test]
fn a_keystore_that_cannot_be_used_changes_nothing() {
    let folder = Folder::new();
    let gateway = folder.run(&echo("one", "wss://127.0.0.1:0/in", ""));
    folder.write("keystore.pem", "no PEM at all");
    let said = refused(&gateway);
    assert!(said.contains("keystore.pem"), "{said}");
    let stream = folder.connect("gw.test", gateway.at("one")).unwrap();
    assert_echoes(&mut upgraded(stream, "127.0.0.1", "/in"));
}

#[test]
fn what_is_asked_of_clients_over_tls_is_as_the_new_file_says_and_open_sockets_go_on() {
    let folder = Folder::new();
    let with = |options: &str| {
        let bind = "<ssl.bind>127.0.0.1:0</ssl.bind>";
        moved("one", "https://gw.test:8443/in", &format!("{bind}{options}"))
            + &echo("other", "wss://gw.test:8443/socket", bind)
    };
    let gateway = folder.run(&with(""));
    let at = gateway.at("one");
    let mut socket = upgraded(folder.connect("gw.test", at).unwrap(), "gw.test:8443", "/socket");
    assert_eq!(folder.curl(at, &[]), 302);
    let options = "<ssl.verify-client>required</ssl.verify-client><ssl.protocols>TLSv1.2</ssl.protocols>";
    reloaded(&gateway, &folder, &with(options));
    assert_eq!(folder.curl(at, &[]), 0);
    let known = folder.named("client.pem");
    assert_eq!(folder.curl(at, &["--cert", &known]), 302);
    assert_eq!(folder.curl(at, &["--cert", &known, "--tlsv1.3"]), 0);
    assert_echoes(&mut socket);
}

#[test]
fn an_address_that_spoke_in_clear_speaks_tls_once_the_file_says_so() {
    let folder = Folder::new();
    let gateway = folder.run(&echo("one", "ws://127.0.0.1:0/in", ""));
    let at = gateway.at("one");
    let mut socket = open(at);
    reloaded(&gateway, &folder, &echo("one", "wss://127.0.0.1:0/in", ""));
    gateway.wait_for_output(&format!("listening one wss://{at}/in"));
    assert_echoes(&mut upgraded(folder.connect("gw.test", at).unwrap(), "127.0.0.1", "/in"));
    assert_eq!(status(at), 0);
    assert_echoes(&mut socket);
}

/// A service for those who have a ticket, and the realm that judges it.
fn guarded(name: &str) -> String {
    let keytab = realm().dir().join("services.keytab");
    let module = |kind: &str, options: &str| {
        format!(
            "<login-module><type>{kind}</type><success>required</success><options>{options}</options></login-module>"
        )
    };
    let modules = module("kerberos5", &format!("<keyTab>{}</keyTab>", keytab.display())) + &module("gss", "");
    let inside = "<properties><location>http://inside.test/</location></properties>\
                  <realm-name>kerberos</realm-name>\
                  <authorization-constraint><require-valid-user/></authorization-constraint>";
    service(name, "http://127.0.0.1:0/in", "http.redirect", inside)
        + &format!(
            "<security><realm><name>kerberos</name><authentication>\
             <http-challenge-scheme>Negotiate</http-challenge-scheme>\
             <login-modules>{modules}</login-modules></authentication></realm></security>"
        )
}

#[test]
fn a_connection_that_was_open_to_all_is_asked_who_it_is() {
    let folder = Folder::new();
    let open = moved("one", "http://127.0.0.1:0/in", "");
    folder.write("gateway-config.xml", &super::configuration(&open));
    let gateway = folder.start(&[]);
    let mut stream = plain(gateway.at("one"));
    assert_eq!(status_of(&mut stream, &request("127.0.0.1", "/in", "")), 302);
    folder.write("gateway-config.xml", &super::configuration(&guarded("one")));
    again(&gateway);
    assert_eq!(status_of(&mut stream, &request("127.0.0.1", "/in", "")), 401);
    assert_eq!(status_of(&mut stream, &request("127.0.0.1", "/in", &authorization())), 302);
}

#[test]
fn what_was_defined_at_the_start_is_put_in_again() {
    let folder = Folder::new();
    let with = |accept: &str| folder.configure(&echo("one", accept, ""));
    with("ws://127.0.0.1:0/${path}");
    let gateway = folder.start(&["--define", "path=in"]);
    with("ws://127.0.0.1:0/${path}/new");
    again(&gateway);
    assert_echoes(&mut upgraded(plain(gateway.at("one")), "127.0.0.1", "/in/new"));
}

#[test]
fn a_ticket_that_was_used_stays_used() {
    let folder = Folder::new();
    let write = |name: &str| folder.write("gateway-config.xml", &super::configuration(&guarded(name)));
    write("one");
    let gateway = folder.start(&[]);
    let at = gateway.at("one");
    let ask = |line: &str| status_of(&mut plain(at), &request("127.0.0.1", "/in", line));
    let used = authorization();
    assert_eq!(ask(&used), 302);
    assert_eq!(ask(&used), 401);
    for name in ["one", "renamed"] {
        write(name);
        again(&gateway);
        assert_eq!(ask(&used), 401, "{name}");
        assert_eq!(ask(&authorization()), 302, "{name}");
    }
}
