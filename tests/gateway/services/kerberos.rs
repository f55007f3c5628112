//! `kerberos5.proxy` and `proxy` in front of KDCs: real clients, and what each word of the configuration changes.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use krb::{
    error_code::{KDC_ERR_POLICY, KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_SVC_UNAVAILABLE, KDC_ERR_WRONG_REALM},
    frame,
};
use testkdc::{Client, Krb5Conf, Output};

use super::{UPGRADE, ask, config, exchange, one, realms, security, status};
use crate::{
    authority::authority,
    backend::Head,
    by_hand,
    discovery::{Dns, srv},
    forged_kdc::{Does, ForgedKdc, refusal_of},
    initiator::{as_req, as_req_in, error_code, password_change, whole_exchange},
    ticket::authorization,
    world::{Gateway, realm, refusing, timed},
    ws_client::{Form, Socket, plain},
};

/// A `kerberos5.proxy` for sockets with this in it.
fn relaying(inside: &str) -> Gateway {
    one("kerberos5.proxy", "ws", inside)
}

/// Properties with one realm of Kerberos.
fn serving(krb_realm: &str, servers: &str, more: &str) -> String {
    format!("<properties><krb-realm><name>{krb_realm}</name>{servers}</krb-realm>{more}</properties>")
}

fn kdc() -> String {
    format!("<kdc>{}</kdc>", realm().kdc_addr())
}

fn connect() -> String {
    format!("<connect>tcp://{}</connect>", realm().kdc_addr())
}

/// Asks for a socket with these further lines.
fn upgrade(gateway: &Gateway, lines: &str) -> (std::net::TcpStream, Head) {
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &format!("{UPGRADE}{lines}"));
    (stream, answer)
}

fn socket(gateway: &Gateway) -> Socket {
    let (stream, answer) = upgrade(gateway, "");
    assert_eq!(status(&answer), 101, "{}", answer.text);
    Socket::upgraded(stream, Form::Framed)
}

/// The error that one request is answered with.
fn error(gateway: &Gateway, request: &[u8]) -> i32 {
    error_code(&socket(gateway).ask(request))
}

/// A KDC that refuses requests of this realm with this code.
fn forged(krb_realm: &'static str, code: i32) -> ForgedKdc {
    ForgedKdc::start(move |_| Does::Says(refusal_of(krb_realm, code)))
}

/// A gateway that relays MS-KKDCP, and a client that can reach nothing else.
fn outside(inside: &str) -> (Gateway, Client) {
    let service = format!(
        "<service><name>one</name><accept>https://localhost:0/KdcProxy</accept><type>kerberos5.proxy</type>{inside}\
         </service>"
    );
    let gateway = Gateway::run(&config(&(service + &security(""))));
    let url = format!("https://localhost:{}/KdcProxy", gateway.at("one").port());
    let anchors = format!("FILE:{}", authority().anchor.display());
    let conf = Krb5Conf::new().kdc(&url).kpasswd_server(&url).http_anchors(anchors);
    (gateway, realm().client_with(&conf).unwrap())
}

#[track_caller]
fn assert_succeeds(output: &Output) {
    assert!(output.success(), "{output:?}");
}

#[test]
fn kinit_gets_tickets_over_https_from_the_kdc_of_connect() {
    let (gateway, client) = outside(&connect());
    assert_succeeds(&client.kinit("alice", "alicepw").unwrap());
    assert_succeeds(&client.kvno(&["HTTP/gw.tgg.test"]).unwrap());
    gateway.wait_for_record("service ticket", |record| {
        record["kind"] == "tgs" && record["via"] == "kkdcp" && record["outcome"] == "ticket"
    });
}

#[test]
fn a_socket_carries_a_whole_exchange_with_the_kdc_of_connect() {
    let gateway = relaying(&connect());
    let mut socket = socket(&gateway);
    whole_exchange(&mut |request| socket.ask(request));
}

#[test]
fn the_kdc_of_connect_is_asked_for_whatever_realm() {
    let one = ForgedKdc::start(|_| Does::Says(refusal_of("ANY.TEST", KDC_ERR_PREAUTH_REQUIRED)));
    let gateway = relaying(&format!("<connect>tcp://{}</connect>", one.addr()));
    assert_eq!(error(&gateway, &as_req_in("alice", "ANY.TEST")), KDC_ERR_PREAUTH_REQUIRED);
    assert_eq!(one.heard().len(), 1);
}

#[test]
fn of_several_kdcs_the_next_is_asked_where_one_is_not_there() {
    let gateway = relaying(&format!("<connect>tcp://{}</connect>{}", refusing(), connect()));
    let mut socket = socket(&gateway);
    whole_exchange(&mut |request| socket.ask(request));
}

#[test]
fn a_realm_that_is_named_has_kdcs_of_its_own() {
    let (own, others) = (forged("OWN.TEST", KDC_ERR_PREAUTH_REQUIRED), forged("OTHER.TEST", KDC_ERR_POLICY));
    let inside = format!("<connect>tcp://{}</connect>", others.addr())
        + &serving("OWN.TEST", &format!("<kdc>{}</kdc>", own.addr()), "");
    let gateway = relaying(&inside);
    assert_eq!(error(&gateway, &as_req_in("alice", "OWN.TEST")), KDC_ERR_PREAUTH_REQUIRED);
    assert_eq!(error(&gateway, &as_req_in("alice", "OTHER.TEST")), KDC_ERR_POLICY);
    assert_eq!((own.heard().len(), others.heard().len()), (1, 1));
}

#[test]
fn without_connect_only_the_realms_that_are_named_are_served() {
    let gateway = relaying(&serving("TGG.TEST", &kdc(), ""));
    socket(&gateway).assert_serves();
    assert_eq!(error(&gateway, &as_req_in("alice", "OTHER.TEST")), KDC_ERR_WRONG_REALM);
}

#[test]
fn kpasswd_changes_a_password_at_the_server_that_is_named_and_nowhere_else() {
    realm().add_user("kpasswd-configured", "first").unwrap();
    let (_gateway, without) = outside(&serving("TGG.TEST", &kdc(), ""));
    assert!(!without.kpasswd("kpasswd-configured", "first", "second").unwrap().success());
    let servers = format!("{}<kpasswd>{}</kpasswd>", kdc(), realm().kpasswd_addr());
    let (_gateway, with) = outside(&serving("TGG.TEST", &servers, ""));
    assert_succeeds(&with.kpasswd("kpasswd-configured", "first", "second").unwrap());
    assert_succeeds(&with.kinit("kpasswd-configured", "second").unwrap());
}

#[test]
fn servers_are_looked_up_where_and_as_is_configured() {
    let port = realm().kdc_addr().port();
    let dns = Dns::serving(&[srv("_kerberos._udp", port, 0)]);
    let dns_server = format!("<dns-server>{}</dns-server>", dns.flag());
    let (network, port) = ("<kdc-network>127.0.0.0/8</kdc-network>", format!("<kdc-port>{port}</kdc-port>"));
    let gateway = |more: &str| {
        relaying(&serving("TGG.TEST", "<discover>true</discover>", &format!("{dns_server}{more}")))
    };
    socket(&gateway(&format!("{network}{port}"))).assert_serves();
    // Each of the two is needed, and the log says which is not there.
    for (more, missing) in [(network, "kdc-port"), (port.as_str(), "kdc-network")] {
        let gateway = gateway(more);
        assert_eq!(error(&gateway, &as_req("alice")), KDC_ERR_SVC_UNAVAILABLE, "{missing}");
        gateway.wait_for_log(missing);
    }
}

#[test]
fn password_servers_are_looked_up_too() {
    let kpasswd = ForgedKdc::refusing(60);
    let port = kpasswd.addr().port();
    let dns = Dns::serving(&[srv("_kpasswd._udp", port, 0)]);
    let more = format!(
        "<dns-server>{}</dns-server><kdc-network>127.0.0.0/8</kdc-network><kdc-port>{port}</kdc-port>",
        dns.flag()
    );
    let gateway = relaying(&serving("TGG.TEST", "<discover>true</discover>", &more));
    assert_eq!(error(&gateway, &password_change()), 60);
}

#[test]
fn stock_tools_are_served_over_tcp_and_udp() {
    for (scheme, limit) in [("tcp", 1), ("udp", 10_000)] {
        let properties = serving("TGG.TEST", &kdc(), "");
        let gateway = Gateway::run(&config(&format!(
            "<service><name>one</name><accept>{scheme}://127.0.0.1:0</accept><type>kerberos5.proxy</type>{properties}\
             </service>"
        )));
        let conf = Krb5Conf::new().kdc(gateway.at("one")).libdefault("udp_preference_limit", limit);
        let client = realm().client_with(&conf).unwrap();
        assert_succeeds(&client.kinit("alice", "alicepw").unwrap());
        assert_succeeds(&client.kvno(&["HTTP/gw.tgg.test"]).unwrap());
        gateway.wait_for_record(scheme, |record| record["kind"] == "tgs" && record["via"] == scheme);
    }
}

#[test]
fn a_path_that_is_a_request_as_heimdal_writes_it_is_relayed_whatever_signs_are_in_it() {
    let gateway = one("kerberos5.proxy", "http", &connect());
    // Slashes are signs of Base64 too, also several of them in a row.
    for signs in ["/", "+", "//"] {
        let path = (0..).map(|_| STANDARD.encode(as_req("alice"))).find(|path| path.contains(signs)).unwrap();
        let answer = ask(&gateway, &format!("GET /in/{path}"), "");
        assert_eq!(status(&answer), 200, "{path}");
        let message = &answer.ahead[frame::PREFIX..];
        assert_eq!(error_code(message), KDC_ERR_PREAUTH_REQUIRED);
    }
}

#[test]
fn what_is_too_big_for_a_datagram_is_fetched_over_tcp_at_the_same_port() {
    let (at, properties) = (refusing(), serving("TGG.TEST", &kdc(), ""));
    let _gateway = Gateway::run(&config(&format!(
        "<service><name>one</name><accept>udp://{at}</accept><accept>tcp://{at}</accept>\
         <type>kerberos5.proxy</type>{properties}</service>"
    )));
    let client = realm().client_with(&Krb5Conf::new().kdc(at)).unwrap();
    assert_succeeds(&client.kinit(&realm().large_user(), "largepw").unwrap());
    assert!(client.trace().contains("too big for UDP; retrying with TCP"), "{}", client.trace());
}

#[test]
fn a_silent_kdc_is_waited_for_as_long_as_is_configured() {
    let silent = ForgedKdc::silent();
    let servers = format!("<kdc>{}</kdc>", silent.addr());
    let gateway = relaying(&serving("TGG.TEST", &servers, "<deadline>0.3 s</deadline>"));
    let (took, code) = timed(|| error(&gateway, &as_req("alice")));
    assert_eq!(code, KDC_ERR_SVC_UNAVAILABLE);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_principal_is_asked_for_no_more_often_than_is_configured() {
    for (rate, is_limited) in
        [("<principal-rate>1</principal-rate>", true), ("<principal-rate>0</principal-rate>", false)]
    {
        let kdc = ForgedKdc::refusing(KDC_ERR_PREAUTH_REQUIRED);
        let servers = format!("<kdc>{}</kdc>", kdc.addr());
        let gateway = relaying(&serving("TGG.TEST", &servers, rate));
        let mut socket = socket(&gateway);
        let codes: Vec<_> = (0..30).map(|_| error_code(&socket.ask(&as_req("alice")))).collect();
        assert_eq!(codes.contains(&KDC_ERR_POLICY), is_limited, "{rate}: {codes:?}");
        let other = error_code(&socket.ask(&as_req("bob")));
        assert_eq!(other, KDC_ERR_PREAUTH_REQUIRED, "another principal has a rate of its own");
    }
}

/// The relay at `/in` for users of the realm `kerberos`.
fn guarded(scheme: &str) -> Gateway {
    let service = format!(
        "<service><name>one</name><accept>{scheme}://127.0.0.1:0/in</accept>{}<type>kerberos5.proxy</type>\
         <realm-name>kerberos</realm-name><authorization-constraint><require-valid-user/>\
         </authorization-constraint></service>",
        connect()
    );
    Gateway::run(&config(&(service + &security(&realms::kerberos("")))))
}

#[test]
fn a_socket_to_the_kdc_is_for_users_of_its_realm() {
    let gateway = guarded("ws");
    let (_, stranger) = upgrade(&gateway, "");
    assert_eq!((status(&stranger), stranger.value("www-authenticate")), (401, "Negotiate"));
    let (stream, user) = upgrade(&gateway, &authorization());
    assert_eq!(status(&user), 101);
    assert!(user.value("www-authenticate").starts_with("Negotiate "));
    let mut socket = Socket::upgraded(stream, Form::Framed);
    whole_exchange(&mut |request| socket.ask(request));
}

#[test]
fn requests_for_the_kdc_are_for_users_of_its_realm() {
    let gateway = guarded("http");
    let body = by_hand::alice();
    let post = |lines: &str| {
        let mut connection = by_hand::Connection::open(gateway.at("one"));
        let head = format!(
            "POST /in/KdcProxy HTTP/1.1\r\nHost: {}\r\n{lines}Content-Length: {}\r\n\r\n",
            gateway.at("one"),
            body.len()
        );
        connection.send([head.as_bytes(), &body].concat()).unwrap();
        connection.response()
    };
    assert_eq!(post("").status, 401);
    assert!(gateway.records().is_empty(), "nothing was relayed");
    let answer = post(&authorization());
    assert_eq!((answer.status, answer.krb_error()), (200, KDC_ERR_PREAUTH_REQUIRED));
}

#[test]
fn a_proxy_to_the_port_of_a_kdc_carries_a_whole_exchange_as_later_kaazing_gateways_had_it() {
    let gateway = one("proxy", "ws", &connect());
    // The KDC closes after each answer.
    whole_exchange(&mut |request| socket(&gateway).ask(request));
}
