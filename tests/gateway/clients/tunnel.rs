//! Stock tools whose only KDC is the local end of a tunnel.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use krb::{error_code, frame};
use testkdc::{Client, Krb5Conf, Output};

use crate::{
    authority::authority,
    heimdal_client::Heimdal,
    initiator::{as_req, directly, error_code},
    world::{Gateway, PATIENCE, exit_code, realm, refusing, timed},
};

/// A tunnel to this gateway.
fn to(gateway: &Gateway) -> Gateway {
    Gateway::tunnel(&gateway.socket_url("/kerberos5"), &[])
}

fn conf(tunnel: &Gateway) -> Krb5Conf {
    Krb5Conf::new().kdc(tunnel.raw()).kpasswd_server(tunnel.raw())
}

/// A client of the shared realm that can reach nothing but this.
fn outside(conf: &Krb5Conf) -> Client {
    realm().client_with(conf).unwrap()
}

#[track_caller]
fn assert_succeeds(output: &Output) {
    assert!(output.success(), "{output:?}");
}

/// Changes a password, gets tickets and shows them, over whichever carrier the client is configured for.
fn all_exchanges(user: &str, adjust: fn(Krb5Conf) -> Krb5Conf) {
    realm().add_user(user, "first").unwrap();
    let gateway = Gateway::before_realm(&[]);
    let tunnel = to(&gateway);
    let client = outside(&adjust(conf(&tunnel)));
    assert_succeeds(&client.kpasswd(user, "first", "second").unwrap());
    assert_succeeds(&client.kinit(user, "second").unwrap());
    assert_succeeds(&client.kvno(&["HTTP/gw.tgg.test", "host/svc.tgg.test"]).unwrap());
    let list = client.klist(&[]).unwrap();
    for name in [user, "krbtgt/TGG.TEST@", "HTTP/gw.tgg.test@", "host/svc.tgg.test@"] {
        assert!(list.stdout.contains(name), "{list:?}");
    }
    gateway.wait_for_record("password change", |record| record["kind"] == "kpasswd");
    gateway.wait_for_record("service ticket", |record| record["kind"] == "tgs");
    for record in gateway.records() {
        assert_eq!(record["via"], "ws", "{record}");
    }
}

#[test]
fn stock_kinit_kvno_and_kpasswd_pass_over_udp() {
    all_exchanges("tunnel-udp", |conf| conf);
}

#[test]
fn stock_kinit_kvno_and_kpasswd_pass_over_tcp() {
    all_exchanges("tunnel-tcp", |conf| conf.libdefault("udp_preference_limit", 1));
}

#[test]
fn a_gateway_with_a_certificate_of_its_own_authority_is_believed_only_where_that_is_named() {
    let gateway = Gateway::tls_before_realm(&[]);
    let url = gateway.socket_url("/");
    let anchor = authority().anchor.to_str().unwrap();
    let tunnel = Gateway::tunnel(&url, &["--cacert", anchor]);
    assert_succeeds(&outside(&conf(&tunnel)).kinit("alice", "alicepw").unwrap());

    let tunnel = Gateway::tunnel(&url, &[]);
    let kinit = outside(&conf(&tunnel)).kinit("alice", "alicepw").unwrap();
    assert!(!kinit.success(), "{kinit:?}");
    tunnel.wait_for_log("name a PEM file with the one that signs it");
}

#[test]
fn a_ticket_too_big_for_a_datagram_makes_the_client_come_back_over_tcp() {
    let gateway = Gateway::before_realm(&[]);
    let tunnel = to(&gateway);
    let client = outside(&conf(&tunnel));
    assert_succeeds(&client.kinit(&realm().large_user(), "largepw").unwrap());
    assert!(client.trace().contains("too big for UDP; retrying with TCP"), "{}", client.trace());
    assert_succeeds(&client.kvno(&[&realm().large_service()]).unwrap());
    // Each was asked of the KDC once: the answer was there when the client came back.
    let records = gateway.wait_for_records(3);
    let outcomes: Vec<_> = records.iter().map(|record| record["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["KDC_ERR_PREAUTH_REQUIRED", "ticket", "ticket"]);
}

#[test]
fn a_wrong_password_is_told_as_such_and_counted_once() {
    realm().add_user("mistyped-tunnel", "right").unwrap();
    let gateway = Gateway::before_realm(&[]);
    let tunnel = to(&gateway);
    let kinit = outside(&conf(&tunnel)).kinit("mistyped-tunnel", "wrong").unwrap();
    assert!(!kinit.success() && kinit.stderr.contains("Password incorrect"), "{kinit:?}");
    let principal = realm().kadmin("getprinc mistyped-tunnel").unwrap();
    assert!(principal.contains("Failed password attempts: 1\n"), "{principal}");
}

#[test]
fn heimdals_kinit_and_kgetcred_pass_over_udp_and_tcp() {
    let Some(heimdal) = Heimdal::find() else { return };
    let gateway = Gateway::before_realm(&[]);
    let tunnel = to(&gateway);
    for carrier in ["udp", "tcp"] {
        let client = outside(&Krb5Conf::new().kdc(format!("{carrier}/{}", tunnel.raw())));
        let kinit = heimdal.run(&client, "kinit.heimdal", &["--password-file=STDIN", "alice"], "alicepw\n");
        assert_succeeds(&kinit);
        assert_succeeds(&heimdal.run(&client, "kgetcred", &["HTTP/gw.tgg.test"], ""));
        assert!(client.klist(&[]).unwrap().stdout.contains("HTTP/gw.tgg.test@"));
    }
}

#[test]
fn javas_login_module_passes_over_udp_and_tcp() {
    let gateway = Gateway::before_realm(&[]);
    let tunnel = to(&gateway);
    for limit in [1465, 1] {
        let client = outside(&conf(&tunnel).libdefault("udp_preference_limit", limit));
        let conf = format!("-Djava.security.krb5.conf={}", client.krb5_conf().display());
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/clients/Login.java");
        let login = [&conf, source, "alice", "alicepw", "HTTP/gw.tgg.test@TGG.TEST"];
        let login = client.run("java", &login, "").unwrap();
        assert_succeeds(&login);
        for service in ["krbtgt/TGG.TEST@TGG.TEST", "HTTP/gw.tgg.test@TGG.TEST"] {
            assert!(login.stdout.contains(&format!("alice@TGG.TEST for {service}\n")), "{login:?}");
        }
    }
}

#[test]
fn many_clients_at_once_each_get_their_own_answer() {
    let gateway = Gateway::before_realm(&["--principal-rate", "0"]);
    let tunnel = to(&gateway);
    let at = tunnel.raw();
    let asking = (0..24).map(|number| {
        thread::spawn(move || {
            // The KDC repeats the name that it does not know.
            let name = format!("nobody-{number}");
            let request = as_req(&name);
            let answer = if number % 2 == 0 { over_udp(at, &request) } else { directly(at, &request) };
            assert_eq!(error_code(&answer), error_code::KDC_ERR_C_PRINCIPAL_UNKNOWN);
            assert!(answer.windows(name.len()).any(|octets| octets == name.as_bytes()), "{name}");
        })
    });
    for thread in asking.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
}

#[test]
fn a_gateway_that_is_gone_is_told_at_once_and_found_again_when_it_is_back() {
    let mut gateway = Gateway::before_realm(&[]);
    let (at, tunnel) = (gateway.web(), to(&gateway));
    let client = outside(&conf(&tunnel));
    assert_succeeds(&client.kinit("alice", "alicepw").unwrap());

    gateway.signal("KILL");
    gateway.exit();
    let request = as_req("alice");
    for ask in [over_udp, directly] {
        let (took, answer) = timed(|| ask(tunnel.raw(), &request));
        assert_eq!(error_code(&answer), error_code::KRB_ERR_GENERIC);
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
    tunnel.wait_for_log("The gateway cannot be used");

    let gateway = Gateway::before_realm_at(at);
    assert_succeeds(&client.kinit("alice", "alicepw").unwrap());
    tunnel.wait_for_log("can be reached again");
    gateway.wait_for_record("ticket", |record| record["outcome"] == "ticket");
}

/// What both kinits say, at once, over both carriers.
#[track_caller]
fn fails_at_once(tunnel: &Gateway, says: &str) {
    for limit in [1465, 1] {
        let client = outside(&conf(tunnel).libdefault("udp_preference_limit", limit));
        let (took, kinit) = timed(|| client.kinit("alice", "alicepw").unwrap());
        // MIT's shows the code alone.
        assert!(!kinit.success() && kinit.stderr.contains("Generic error"), "{kinit:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    let Some(heimdal) = Heimdal::find() else { return };
    for carrier in ["udp", "tcp"] {
        let client = outside(&Krb5Conf::new().kdc(format!("{carrier}/{}", tunnel.raw())));
        let kinit =
            || heimdal.run(&client, "kinit.heimdal", &["--password-file=STDIN", "alice"], "alicepw\n");
        let (took, kinit) = timed(kinit);
        assert!(!kinit.success() && kinit.stderr.contains(says), "{kinit:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[test]
fn kinit_fails_at_once_when_no_gateway_is_there() {
    let tunnel = Gateway::tunnel(&format!("ws://{}/", refusing()), &[]);
    fails_at_once(&tunnel, "the gateway cannot be reached");
    tunnel.wait_for_log("see that the server runs");
}

#[test]
fn kinit_fails_at_once_when_the_gateway_has_no_kdc() {
    let dead = format!("TGG.TEST={}", refusing());
    let gateway = Gateway::start(&["--kdc", &dead]);
    fails_at_once(&to(&gateway), "the gateway reaches no KDC of the realm");
}

#[test]
fn another_gateway_is_asked_when_the_first_is_not_there() {
    let gateway = Gateway::before_realm(&[]);
    let tunnel =
        Gateway::tunnel(&format!("ws://{}/", refusing()), &["--tgg", &gateway.socket_url("/kerberos5")]);
    assert_succeeds(&outside(&conf(&tunnel)).kinit("alice", "alicepw").unwrap());
    tunnel.wait_for_log("see that the server runs");
}

#[test]
fn a_proxy_of_octets_to_the_kdc_is_a_gateway_too() {
    // As KAAZING Gateway's later documentation has it.
    let proxy = Gateway::run(&format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><service><name>kerberos5</name>\
         <accept>ws://127.0.0.1:0/kerberos5</accept><connect>tcp://{}</connect><type>proxy</type></service>\
         </gateway-config>",
        realm().kdc_addr()
    ));
    let tunnel = Gateway::tunnel(&format!("ws://{}/kerberos5", proxy.at("kerberos5")), &[]);
    let client = outside(&conf(&tunnel));
    assert_succeeds(&client.kinit("alice", "alicepw").unwrap());
    assert_succeeds(&client.kvno(&["HTTP/gw.tgg.test", "host/svc.tgg.test"]).unwrap());
    tunnel.wait_for_log("answers no numbered requests");
}

#[test]
fn what_is_no_request_is_not_relayed() {
    let gateway = Gateway::before_realm(&[]);
    let tunnel = to(&gateway);
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for octets in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x6a\x03\x02\x01", &[0; 1000]] {
        udp.send_to(octets, tunnel.raw()).unwrap();
        let mut stream = TcpStream::connect(tunnel.raw()).unwrap();
        let framed = [&frame::prefix(octets.len())[..], octets].concat();
        stream.write_all(&framed).unwrap();
        assert_eq!(stream.read(&mut [0; 9]).unwrap_or_default(), 0, "{octets:?}");
    }
    // A length that no message has is answered as a KDC does.
    let mut stream = TcpStream::connect(tunnel.raw()).unwrap();
    stream.write_all(b"\xff\xff\xff\xff").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(error_code(&answer[4..]), error_code::KRB_ERR_FIELD_TOOLONG);
    // Whoever asks next is served, and nothing came to those datagrams.
    assert_eq!(error_code(&over_udp(tunnel.raw(), &as_req("nobody"))), 6);
    udp.set_nonblocking(true).unwrap();
    assert!(udp.recv(&mut [0; 9]).is_err());
    assert_eq!(gateway.wait_for_records(1).len(), 1);
}

#[test]
fn a_tunnel_ends_when_it_is_told_to() {
    let gateway = Gateway::before_realm(&[]);
    let mut tunnel = to(&gateway);
    // Nobody is waited for who says nothing.
    let _idle = TcpStream::connect(tunnel.raw()).unwrap();
    assert_succeeds(&outside(&conf(&tunnel)).kinit("alice", "alicepw").unwrap());
    let at = tunnel.raw();
    let (took, code) = timed(|| tunnel.stop());
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(tunnel.output(), format!("listening tunnel tcp://{at}/\nlistening tunnel udp://{at}/\n"));
}

#[test]
fn what_cannot_be_a_tunnel_is_refused_with_the_way_to_one() {
    for (flags, code, says) in [
        (&["--tgg", "https://gw.test/KdcProxy", "--listen", "127.0.0.1:0"][..], 64, "write its URL as ws://"),
        (&["--tgg", "ws://gw.test/", "--listen", "0.0.0.0:0"], 64, "--allow-remote"),
        (
            &["--tgg", "ws://gw.test/", "--listen", "127.0.0.1:0", "--cacert", "/nowhere.pem"],
            78,
            "/nowhere.pem",
        ),
    ] {
        let (exit, stderr) = exit_code(&[&["tunnel"], flags].concat());
        assert_eq!(exit, Some(code), "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
}

fn over_udp(to: SocketAddr, request: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(request, to).unwrap();
    let mut answer = vec![0; 65_536];
    let length = socket.recv(&mut answer).unwrap();
    answer.truncate(length);
    answer
}
