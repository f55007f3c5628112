//! Realms whose KDCs the DNS names, served by dnsmasq: only configured ones, and only where KDCs may be.

use std::{
    net::{SocketAddr, UdpSocket},
    process::{Child, Command, Stdio},
};

use krb::error_code::{KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_SVC_UNAVAILABLE, KDC_ERR_WRONG_REALM};

use crate::{
    forged_kdc::ForgedKdc,
    initiator::{as_req, as_req_in, error_code, password_change, whole_exchange},
    world::{Gateway, Lines, realm},
    ws_client::{Form, Socket},
};

const DNSMASQ: &str = "/usr/sbin/dnsmasq";

/// A running dnsmasq that knows `kdc.tgg.test` at 127.0.0.1 and what a test adds. It has nobody to ask.
pub(crate) struct Dns {
    child: Child,
    log: Lines,
    addr: SocketAddr,
}

impl Dns {
    /// Starts it with these further flags.
    pub(crate) fn serving(records: &[String]) -> Self {
        // Between our look at a port and its own there is room for somebody else.
        (0..10).find_map(|_| Self::try_serving(records)).expect("dnsmasq takes a port")
    }

    fn try_serving(records: &[String]) -> Option<Self> {
        let addr = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut child = Command::new(DNSMASQ)
            .args(["--keep-in-foreground", "--log-facility=-", "--log-queries", "--conf-file=/dev/null"])
            .args(["--no-resolv", "--no-hosts", "--local=/test/", "--pid-file=", "--user=root"])
            .args(["--bind-interfaces", "--listen-address=127.0.0.1", &format!("--port={}", addr.port())])
            .arg("--host-record=kdc.tgg.test,127.0.0.1")
            .args(records)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{DNSMASQ}: {error}; install dnsmasq-base"));
        let log = Lines::default();
        log.collect(child.stderr.take().unwrap());
        let dns = Self { child, log, addr };
        let ended = |log: &str| log.contains("failed to create listening socket");
        let said =
            dns.log.wait_until("start of dnsmasq", |log| log.contains("started, version") || ended(log));
        (!ended(&said)).then_some(dns)
    }

    pub(crate) fn flag(&self) -> String {
        self.addr.to_string()
    }

    /// The names that were asked for so far, each with the type of record.
    fn queries(&self) -> Vec<String> {
        let log = self.log.text();
        log.lines().filter_map(|line| Some(line.split_once(": query[")?.1.to_ascii_lowercase())).collect()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn srv(owner: &str, port: u16, priority: u16) -> String {
    format!("--srv-host={owner}.tgg.test,kdc.tgg.test,{port},{priority},0")
}

/// A URI record (RFC 7553), which dnsmasq takes only as octets.
fn uri(owner: &str, priority: u16, target: &str) -> String {
    let data = [&priority.to_be_bytes()[..], &[0, 1], target.as_bytes()].concat();
    let hex: Vec<_> = data.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("--dns-rr={owner}.tgg.test,256,{}", hex.join(":"))
}

/// A gateway that discovers the shared realm.
fn discovering(dns: &Dns, flags: &[&str]) -> Gateway {
    Gateway::start(&[&["--discover", "TGG.TEST", "--dns-server", &dns.flag()], flags].concat())
}

fn kdc_port() -> u16 {
    realm().kdc_addr().port()
}

#[test]
fn a_realm_is_served_by_the_kdc_that_srv_records_name() {
    for owner in ["_kerberos._udp", "_kerberos._tcp"] {
        let dns = Dns::serving(&[srv(owner, kdc_port(), 0)]);
        let gateway =
            discovering(&dns, &["--kdc-network", "127.0.0.0/8", "--kdc-port", &kdc_port().to_string()]);
        let mut socket = Socket::open(&gateway, Form::Framed);
        whole_exchange(&mut |request| socket.ask(request));
        let kdc = gateway.wait_for_records(3)[0]["kdc"].to_string();
        assert!(kdc.contains("kdc.tgg.test"), "the record names it as the DNS does: {kdc}");
    }
}

#[test]
fn uri_records_come_before_srv_records() {
    let stranger = ForgedKdc::silent();
    let dns = Dns::serving(&[
        uri("_kerberos", 10, &format!("krb5srv:m:udp:kdc.tgg.test:{}", kdc_port())),
        uri("_kerberos", 1, "krb5srv:m:kkdcp:https://kdc.tgg.test/KdcProxy"),
        srv("_kerberos._udp", stranger.addr().port(), 0),
    ]);
    let (one, other) = (kdc_port().to_string(), stranger.addr().port().to_string());
    let flags = ["--kdc-network", "127.0.0.0/8", "--kdc-port", &one, "--kdc-port", &other];
    let gateway = discovering(&dns, &flags);
    let mut socket = Socket::open(&gateway, Form::Framed);
    whole_exchange(&mut |request| socket.ask(request));
    assert!(stranger.heard().is_empty());
    assert!(gateway.log().contains("A URI record is passed over"), "it names another proxy");
}

#[test]
fn an_address_of_this_host_is_refused_unless_its_network_is_named() {
    let stranger = ForgedKdc::silent();
    let port = stranger.addr().port();
    let dns = Dns::serving(&[srv("_kerberos._udp", port, 0)]);
    for flags in [&[][..], &["--kdc-network", "10.0.0.0/8"]] {
        let gateway = discovering(&dns, &[&["--kdc-port", &port.to_string()], flags].concat());
        let answer = Socket::open(&gateway, Form::Framed).ask(&as_req("alice"));
        assert_eq!(error_code(&answer), KDC_ERR_SVC_UNAVAILABLE);
        assert!(gateway.log().contains("allow it with --kdc-network 127.0.0.1"), "the log says what to do");
    }
    assert!(stranger.heard().is_empty());
}

#[test]
fn a_port_that_is_not_the_services_own_is_refused_unless_it_is_named() {
    let stranger = ForgedKdc::silent();
    let port = stranger.addr().port();
    let dns = Dns::serving(&[srv("_kerberos._udp", port, 0)]);
    let gateway = discovering(&dns, &["--kdc-network", "127.0.0.0/8"]);
    let answer = Socket::open(&gateway, Form::Framed).ask(&as_req("alice"));
    assert_eq!(error_code(&answer), KDC_ERR_SVC_UNAVAILABLE);
    assert!(gateway.log().contains(&format!("allow it with --kdc-port {port}")), "the log says what to do");
    assert!(stranger.heard().is_empty());
}

#[test]
fn a_realm_that_is_not_configured_is_never_looked_up() {
    let dns = Dns::serving(&[srv("_kerberos._udp", kdc_port(), 0)]);
    let gateway = discovering(&dns, &["--kdc-network", "127.0.0.0/8"]);
    let before = dns.queries();
    assert!(before.iter().any(|query| query.contains("_kerberos._udp.tgg.test")), "{before:?}");
    for form in Form::ALL {
        let mut socket = Socket::open(&gateway, form);
        for krb_realm in ["ELSEWHERE.TEST", "sub.TGG.TEST", "TGG.TEST.", "127.0.0.1", "localhost"] {
            socket.request_in(krb_realm, &as_req_in("alice", krb_realm), 0);
            assert_eq!(error_code(&socket.answer().1), KDC_ERR_WRONG_REALM, "{krb_realm}");
        }
    }
    // Whatever the gateway asks for itself is of its own realm.
    let queries = dns.queries();
    assert!(
        queries.iter().all(|query| query.contains(".tgg.test from") && !query.contains("sub.")),
        "{queries:?}"
    );
}

#[test]
fn kdcs_are_asked_in_the_order_of_their_priority() {
    let (first, second) =
        (ForgedKdc::refusing(KDC_ERR_PREAUTH_REQUIRED), ForgedKdc::refusing(KDC_ERR_PREAUTH_REQUIRED));
    let (one, other) = (first.addr().port(), second.addr().port());
    let dns = Dns::serving(&[srv("_kerberos._udp", other, 20), srv("_kerberos._udp", one, 10)]);
    let ports = [one.to_string(), other.to_string()];
    let flags = ["--kdc-network", "127.0.0.0/8", "--kdc-port", &ports[0], "--kdc-port", &ports[1]];
    let gateway = discovering(&dns, &flags);
    let mut socket = Socket::open(&gateway, Form::Framed);
    for _ in 0..5 {
        socket.assert_serves();
    }
    assert_eq!((first.heard().len(), second.heard().len()), (5, 0));
}

#[test]
fn a_kdc_may_be_given_by_name() {
    let dns = Dns::serving(&[]);
    let kdc = format!("TGG.TEST=kdc.tgg.test:{}", kdc_port());
    let gateway =
        Gateway::start(&["--kdc", &kdc, "--dns-server", &dns.flag(), "--kdc-network", "127.0.0.0/8"]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    whole_exchange(&mut |request| socket.ask(request));
    assert!(dns.queries().iter().all(|query| query.contains("kdc.tgg.test")), "no discovery was asked for");
}

#[test]
fn password_servers_are_discovered_by_records_of_their_own() {
    let kpasswd = ForgedKdc::refusing(60);
    let port = kpasswd.addr().port();
    let dns = Dns::serving(&[srv("_kpasswd._udp", port, 0)]);
    let gateway = discovering(&dns, &["--kdc-network", "127.0.0.0/8", "--kdc-port", &port.to_string()]);
    let request = password_change();
    assert_eq!(error_code(&Socket::open(&gateway, Form::Framed).ask(&request)), 60);
    assert_eq!(kpasswd.heard()[0].message, request);
}

#[test]
fn what_was_found_is_still_asked_when_the_dns_is_gone() {
    let dns = Dns::serving(&[srv("_kerberos._udp", kdc_port(), 0)]);
    let (port, server) = (kdc_port().to_string(), dns.flag());
    let allowed = ["--kdc-network", "127.0.0.0/8", "--kdc-port", &port, "--dns-server", &server];
    let by_name = format!("TGG.TEST=kdc.tgg.test:{port}");
    let gateways = [["--discover", "TGG.TEST"], ["--kdc", &by_name]]
        .map(|realm| Gateway::start(&[&realm[..], &allowed].concat()));
    drop(dns);
    for gateway in &gateways {
        gateway.wait_for_log("Cannot look up");
        let mut socket = Socket::open(gateway, Form::Framed);
        whole_exchange(&mut |request| socket.ask(request));
    }
}

#[test]
fn a_silent_dns_holds_up_nobody_whose_kdc_has_an_address() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = silent.local_addr().unwrap().to_string();
    let kdc = format!("TGG.TEST=kdc.tgg.test,{}", realm().kdc_addr());
    let gateway = Gateway::start(&["--kdc", &kdc, "--dns-server", &server]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    whole_exchange(&mut |request| socket.ask(request));
    assert!(!gateway.log().contains("Cannot look up"), "nobody waited for the DNS");
}
