//! `ticketgate connect` against services of every challenge scheme: echoes both ways, refusals with their reasons.

use std::{
    fs,
    io::{Read as _, Write as _},
};

use testkdc::{Client, Krb5Conf, Output};

use crate::{
    authority::authority,
    backend::Backend,
    world::{Gateway, realm, refusing, tls_flags},
};

/// An echo at `/in`, behind a realm with this scheme and these login modules, for this role.
fn guarded(scheme: &str, modules: &str, role: &str) -> Gateway {
    Gateway::run(&format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><service><name>one</name>\
         <accept>ws://localhost:0/in</accept><type>echo</type><realm-name>demo</realm-name>\
         <authorization-constraint><require-role>{role}</require-role></authorization-constraint></service>\
         <security><realm><name>demo</name><description>demo</description><authentication>\
         <http-challenge-scheme>{scheme}</http-challenge-scheme><login-modules>{modules}</login-modules>\
         </authentication></realm></security></gateway-config>"
    ))
}

/// joe with the password `welcome` and the role AUTHORIZED.
fn passwords(scheme: &str) -> Gateway {
    let file = realm().dir().join(format!("connect-{}.xml", scheme.replace(' ', "-")));
    let users = "<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\"><user><name>joe</name>\
                 <password>welcome</password><role-name>AUTHORIZED</role-name></user>\
                 <user><name>bob</name><password>builder</password></user>\
                 <role><name>AUTHORIZED</name></role></jaas-config>";
    fs::write(&file, users).unwrap();
    let module = format!(
        "<login-module><type>file</type><success>required</success><options><file>{}</file></options></login-module>",
        file.display()
    );
    guarded(scheme, &module, "AUTHORIZED")
}

fn tickets(scheme: &str, role: &str) -> Gateway {
    let modules = format!(
        "<login-module><type>kerberos5</type><success>required</success><options><keyTab>{}</keyTab></options>\
         </login-module><login-module><type>gss</type><success>required</success></login-module>",
        realm().dir().join("services.keytab").display()
    );
    guarded(scheme, &modules, role)
}

fn url(gateway: &Gateway) -> String {
    format!("ws://localhost:{}/in", gateway.at("one").port())
}

/// A client of the shared realm whose KDC is asked directly.
fn client() -> Client {
    let conf = Krb5Conf::new().kdc(realm().kdc_addr()).libdefault("dns_canonicalize_hostname", "false");
    realm().client_with(&conf).unwrap()
}

fn logged_in(name: &str, password: &str) -> Client {
    let client = client();
    assert!(client.kinit(name, password).unwrap().success());
    client
}

fn connect(client: &Client, args: &[&str], input: &str) -> Output {
    client.run(env!("CARGO_BIN_EXE_ticketgate"), &[&["connect"], args].concat(), input).unwrap()
}

#[track_caller]
fn says(output: &Output, text: &str) {
    assert!(output.success(), "{output:?}");
    assert_eq!(output.stdout, text, "{output:?}");
}

#[track_caller]
fn refused(output: &Output, says: &str) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stderr.contains(says) && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn lines_come_back_in_their_order_and_the_end_of_the_input_is_a_goodbye() {
    let gateway = Gateway::run(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><service><name>one</name>\
         <accept>ws://localhost:0/in</accept><type>echo</type></service></gateway-config>",
    );
    // The last begins as a command of the server would.
    let lines = "one\ntwo\n\nmüller\n\u{1}\u{1}\u{1}\u{2}\t\0\n";
    for inside in ["auto", "always", "never"] {
        says(&connect(&client(), &["--inside", inside, &url(&gateway)], lines), lines);
    }
    gateway.wait_for_log("client_closed");
}

#[test]
fn a_ticket_of_stock_kinit_opens_negotiate_on_the_upgrade_and_inside() {
    let client = logged_in("alice", "alicepw");
    for scheme in ["Negotiate", "Application Negotiate"] {
        let gateway = tickets(scheme, "*");
        says(&connect(&client, &[&url(&gateway)], "hi\n"), "hi\n");
        gateway.wait_for_log("alice@TGG.TEST");
    }
    assert!(client.klist(&[]).unwrap().stdout.contains("HTTP/localhost@TGG.TEST"), "the ticket is kept");
}

#[test]
fn a_ticket_opens_a_protected_gateway_over_tls_whose_kdc_is_behind_another() {
    let granting = Gateway::tls_before_realm(&[]);
    let echo = Backend::echo();
    let back_end = echo.url("ws");
    let protected = Gateway::tpg(&[&tls_flags()[..], &["--connect", &back_end]].concat());
    let conf = granting.conf().libdefault("dns_canonicalize_hostname", "false");
    let client = realm().client_with(&conf).unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    let anchor = authority().anchor.to_str().unwrap();
    let (tgg, url) = (granting.socket_url("/"), protected.socket_url("/"));
    says(&connect(&client, &["--cacert", anchor, "--tgg", &tgg, &url], "hi\n"), "hi\n");
    granting.wait_for_record("service ticket", |record| record["kind"] == "tgs" && record["via"] == "ws");
}

#[test]
fn without_a_ticket_the_way_to_one_is_said() {
    let gateway = tickets("Negotiate", "*");
    let output = connect(&client(), &[&url(&gateway)], "hi\n");
    refused(&output, "no ticket for HTTP/localhost");
    assert!(output.stderr.contains("kinit"), "{output:?}");
}

#[test]
fn a_service_that_does_not_prove_itself_is_told_nothing() {
    let impostor = Backend::new(|head, mut stream| {
        let answer = if head.values("authorization").is_empty() {
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n".to_owned()
        } else {
            head.agree("")
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let url = impostor.url("ws").replace("127.0.0.1", "localhost");
    let output = connect(&logged_in("alice", "alicepw"), &[&url], "secret\n");
    refused(&output, "the service does not prove who it is");
}

#[test]
fn a_user_without_the_role_is_refused() {
    let client = logged_in("alice", "alicepw");
    for scheme in ["Negotiate", "Application Negotiate"] {
        let gateway = tickets(scheme, "bob@TGG.TEST");
        refused(&connect(&client, &[&url(&gateway)], "hi\n"), "403");
    }
}

#[test]
fn a_password_opens_basic_on_the_upgrade_and_inside() {
    for scheme in ["Basic", "Application Basic"] {
        let gateway = passwords(scheme);
        let joe = ["--user", "joe", "--password-stdin", &url(&gateway)];
        says(&connect(&client(), &joe, "welcome\nhi\nyou\n"), "hi\nyou\n");
        refused(&connect(&client(), &joe, "wrong\nhi\n"), "the server wants a login by Basic");
        refused(&connect(&client(), &[&url(&gateway)], "hi\n"), "the server wants a login by Basic");
    }
}

#[test]
fn a_token_opens_its_scheme_inside() {
    let log = realm().dir().join("connect-tokens");
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/modules/judge.py");
    let module = format!(
        "<login-module><type>exec</type><success>required</success><options><command>{judge}</command>\
         <argument>program</argument><argument>{}</argument></options></login-module>",
        log.display()
    );
    let gateway = guarded("Application Token", &module, "AUTHORIZED");
    says(&connect(&client(), &["--token", "good", &url(&gateway)], "hi\n"), "hi\n");
    refused(&connect(&client(), &["--token", "bad", &url(&gateway)], "hi\n"), "403 Forbidden");
    // This one wants more than one answer.
    refused(&connect(&client(), &["--token", "again", &url(&gateway)], "hi\n"), "wants a login by Token");
    refused(&connect(&client(), &[&url(&gateway)], "hi\n"), "wants a login by Token");
}

#[test]
fn a_server_that_is_not_there_or_no_socket_is_told_with_the_remedy() {
    let absent = format!("ws://{}/", refusing());
    refused(&connect(&client(), &[&absent], ""), "see that the server runs");
    let gateway = Gateway::before_realm(&[]);
    let output = connect(&client(), &["--inside", "always", &gateway.socket_url("/")], "");
    assert_eq!(output.status.code(), Some(0), "a relay plays it too: {output:?}");
    let gateway = passwords("Basic");
    let nowhere = url(&gateway).replace("/in", "/out");
    refused(&connect(&client(), &[&nowhere], ""), "404");
}

/// A server that answers each upgrade with these octets behind its agreement, and says no more.
fn server(lines: &'static str, frames: &'static [u8]) -> Backend {
    Backend::new(move |head, mut stream| {
        let _ = stream.write_all(&[head.agree(lines).as_bytes(), frames].concat());
        // Until the client has left.
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

#[test]
fn binary_messages_are_written_as_digits_or_as_they_are() {
    let server = server("", b"\x82\x02\x01\xff\x81\x02hi\x88\x02\x03\xe8");
    let client = client();
    says(&connect(&client, &[&server.url("ws")], ""), "01ff\nhi\n");
    let args = ["--binary", "raw", &server.url("ws")];
    let output = connect(&client, &args, "");
    // It is no UTF-8, which stands here as U+FFFD.
    assert_eq!(output.stdout, "\u{1}\u{fffd}hi\n", "{output:?}");
}

#[test]
fn a_server_that_closes_for_a_reason_is_told_with_it() {
    let client = client();
    for (frames, says) in [
        (&b"\x88\x0e\x03\xf0out of order"[..], "with code 1008 (out of order)"),
        (b"\x88\x02\x0b\xb8", "get a new ticket or token"),
    ] {
        // Nothing is said by the client: it waits for the server.
        let server = server("", frames);
        refused(&waiting(&client, &server.url("ws")), says);
    }
    let server = server("", b"\x88\x02\x03\xe9");
    assert!(waiting(&client, &server.url("ws")).success());
}

/// With a standard input that stays open until the program ends.
fn waiting(client: &Client, url: &str) -> Output {
    let script = r#""$0" connect "$1" < <(exec tail -f /dev/null --pid=$$ >/dev/null 2>&1)"#;
    client.run("bash", &["-c", script, env!("CARGO_BIN_EXE_ticketgate"), url], "").unwrap()
}

#[test]
fn a_sub_protocol_fields_and_the_page_are_sent() {
    let server = server("Sec-WebSocket-Protocol: chat\r\n", b"\x88\x02\x03\xe8");
    let args = ["--protocol", "chat", "--header", "X-Team: red", "--origin", "https://app.test"];
    assert!(connect(&client(), &[&args[..], &[&server.url("ws")]].concat(), "").success());
    let head = server.head();
    assert_eq!(head.value("sec-websocket-protocol"), "x-kaazing-handshake, chat");
    assert_eq!((head.value("x-team"), head.value("origin")), ("red", "https://app.test"));
    assert!(head.line().starts_with("GET /?.kl=Y "), "{}", head.line());
}

#[test]
fn a_redirect_is_followed_as_far_as_is_allowed() {
    let (echo, more) = (Backend::echo(), Backend::echo());
    let to = |backend: &Backend| {
        let line =
            format!("HTTP/1.1 302 Found\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n", backend.url("http"));
        Backend::answering(line)
    };
    let (first, second) = (to(&echo), to(&more));
    let args = ["--redirects", "same-domain", &first.url("ws")];
    says(&connect(&client(), &args, "hi\n"), "hi\n");
    refused(&connect(&client(), &[&second.url("ws")], "hi\n"), "connect there yourself");
    assert!(!more.was_asked());
}

#[test]
fn what_is_written_wrongly_is_a_wrong_command_line() {
    for args in [
        &["--header", "no colon", "ws://gw.test/"][..],
        &["--password-stdin", "ws://gw.test/"],
        &["http://gw.test/"],
        &["gw.test"],
    ] {
        let output = connect(&client(), args, "");
        assert_eq!(output.status.code(), Some(64), "{args:?} {output:?}");
    }
}
