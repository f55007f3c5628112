//! Ways through proxies, honest and forged.

use super::*;

/// The gateway's peer in all of these: a proxy in front of it.
const PEER: &str = "10.0.0.1:3000";

fn trusted() -> Trusted {
    Trusted::new(["10.0.0.0/8", "2001:db8:ffff::/48"].map(|network| network.parse().unwrap()).to_vec())
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// What these lines make of a request of the peer: address, scheme, host.
fn found(lines: &[(&'static str, &str)]) -> (String, Option<&'static str>, Option<String>) {
    let Client { address, scheme, host } = client(&headers(lines), PEER.parse().unwrap(), &trusted());
    (address.to_string(), scheme, host.map(|host| host.to_string()))
}

fn address(lines: &[(&'static str, &str)]) -> String {
    found(lines).0
}

#[test]
fn a_peer_that_is_not_trusted_is_the_client_itself() {
    let lines = [("forwarded", "for=192.0.2.7;proto=https;host=gw.test"), ("x-forwarded-for", "192.0.2.7")];
    let peer = "198.51.100.9:1".parse().unwrap();
    let itself = Client { address: peer, scheme: None, host: None };
    assert_eq!(client(&headers(&lines), peer, &trusted()), itself);
    assert_eq!(client(&headers(&lines), peer, &Trusted::default()), itself);
}

#[test]
fn a_trusted_peer_says_who_where_and_how() {
    let whole = |address: &str| (address.to_owned(), Some("https"), Some("gw.test:8443".to_owned()));
    let standard = "for=\"[2001:db8::7]:4711\";by=10.0.0.1;proto=https;host=\"gw.test:8443\"";
    assert_eq!(found(&[("forwarded", standard)]), whole("[2001:db8::7]:4711"));
    let older = [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-proto", "wss"),
        ("x-forwarded-host", "gw.test:8443"),
    ];
    assert_eq!(found(&older), whole("192.0.2.7:0"));
}

#[test]
fn a_mapped_address_counts_as_what_it_is() {
    let peer = "[::ffff:10.0.0.1]:3000".parse().unwrap();
    let found = client(&headers(&[("x-forwarded-for", "::ffff:192.0.2.7")]), peer, &trusted());
    assert_eq!(found.address, "192.0.2.7:0".parse().unwrap());
}

#[test]
fn the_walk_ends_at_the_first_address_that_is_not_trusted() {
    for line in
        ["192.0.2.66, 192.0.2.7", "x, 192.0.2.7,10.0.0.2", "192.0.2.66,192.0.2.7,10.9.9.9:99, 10.0.0.2"]
    {
        assert_eq!(address(&[("x-forwarded-for", line)]), "192.0.2.7:0", "{line}");
        let standard = line.split(',').map(|node| format!("for=\"{}\"", node.trim())).collect::<Vec<_>>();
        assert_eq!(address(&[("forwarded", &standard.join(","))]), "192.0.2.7:0", "{standard:?}");
        let lines: Vec<_> = line.split(',').map(|node| ("x-forwarded-for", node)).collect();
        assert_eq!(address(&lines), "192.0.2.7:0", "{line}, each in a line of its own");
    }
}

#[test]
fn scheme_and_host_are_those_of_the_proxy_that_the_client_spoke_to() {
    let standard = "for=192.0.2.66;proto=http;host=evil.test, for=192.0.2.7;proto=https;host=gw.test, \
                    for=10.0.0.2;proto=http;host=inner.test";
    let gateway = ("192.0.2.7:0".to_owned(), Some("https"), Some("gw.test".to_owned()));
    assert_eq!(found(&[("forwarded", standard)]), gateway);
    let nodes = ("x-forwarded-for", "192.0.2.66, 192.0.2.7, 10.0.0.2");
    let each =
        [nodes, ("x-forwarded-proto", "http, https, http"), ("x-forwarded-host", "evil.test,gw.test,inner")];
    assert_eq!(found(&each), gateway);
    let once = [nodes, ("x-forwarded-proto", "https"), ("x-forwarded-host", "gw.test")];
    assert_eq!(found(&once), gateway);
    let neither =
        [("x-forwarded-for", "192.0.2.7, 10.0.0.3, 10.0.0.2"), ("x-forwarded-proto", "http, https")];
    assert_eq!(found(&neither).1, None, "nobody knows whose it is");
}

#[test]
fn a_node_that_is_not_told_ends_the_walk() {
    for node in [
        "unknown",
        "_hidden",
        "_gazonk:80",
        "\"_hidden:_port\"",
        "\"\"",
        "gw.test",
        "192.0.2.300",
        "\"[::1\"",
    ] {
        let line = format!("for=192.0.2.66, for={node};proto=https, for=10.0.0.2;proto=http");
        assert_eq!(found(&[("forwarded", &line)]), ("10.0.0.2:0".to_owned(), Some("https"), None), "{node}");
    }
    assert_eq!(address(&[("x-forwarded-for", "192.0.2.66, unknown, 10.0.0.2")]), "10.0.0.2:0");
    assert_eq!(found(&[("forwarded", "proto=https")]), (PEER.to_owned(), Some("https"), None));
    assert_eq!(found(&[("x-forwarded-proto", "https")]), (PEER.to_owned(), Some("https"), None));
}

#[test]
fn ports_may_be_told_hidden_or_left_out() {
    for (node, expected) in [
        ("192.0.2.7:4711", "192.0.2.7:4711"),
        ("192.0.2.7:_port", "192.0.2.7:0"),
        ("\"[2001:db8::7]\"", "[2001:db8::7]:0"),
        ("[2001:db8::7]:80", "[2001:db8::7]:80"),
        ("2001:db8::7", "[2001:db8::7]:0"),
        ("\"192.0.2\\.7\"", "192.0.2.7:0"),
    ] {
        assert_eq!(address(&[("forwarded", &format!("For={node}"))]), expected, "{node}");
    }
}

#[test]
fn what_is_malformed_is_as_if_it_were_not_there() {
    for line in [
        "for",
        "for=",
        "=192.0.2.7",
        "for=192.0.2.7 proto=https",
        "for=\"192.0.2.7",
        "for=\"192.0.2.7\\",
        "for=192.0.2.7;for=192.0.2.8",
        "for=192\"0.2.7",
        "f r=x;for=192.0.2.7",
        "for=192.0.2.7, \u{fc}=1",
    ] {
        assert_eq!(found(&[("forwarded", line)]), (PEER.to_owned(), None, None), "{line}");
    }
    let long = format!("for=192.0.2.7;x={}", "x".repeat(9000));
    assert_eq!(address(&[("forwarded", &long)]), PEER);
}

#[test]
fn empty_elements_and_unknown_names_mean_nothing() {
    for line in [
        " , for=192.0.2.7 ; proto=https,,",
        ";for=192.0.2.7;;proto=https;",
        "x=\"a,b;\\\"\";for=192.0.2.7;proto=https",
    ] {
        assert_eq!(found(&[("forwarded", line)]), ("192.0.2.7:0".to_owned(), Some("https"), None), "{line}");
    }
    assert_eq!(address(&[("forwarded", "")]), PEER);
}

#[test]
fn what_a_stranger_began_does_not_hide_what_a_proxy_added_in_its_own_line() {
    let lines = [("forwarded", "for=\"never ended"), ("forwarded", "for=192.0.2.7")];
    assert_eq!(address(&lines), "192.0.2.7:0");
}

#[test]
fn fields_of_both_kinds_must_lead_to_the_same_address() {
    let both = |standard, older| address(&[("forwarded", standard), ("x-forwarded-for", older)]);
    assert_eq!(both("for=\"192.0.2.7:4711\"", "192.0.2.7"), "192.0.2.7:4711");
    // A proxy that knows one kind alone passes the other on as a stranger wrote it.
    assert_eq!(both("for=10.1.1.1", "192.0.2.7"), PEER);
    assert_eq!(both("for=192.0.2.7", "10.1.1.1"), PEER);
}

#[test]
fn a_way_of_trusted_proxies_alone_ends_after_the_longest_one() {
    let way = (1..=40).rev().map(|place| format!("10.0.1.{place}")).collect::<Vec<_>>();
    assert_eq!(address(&[("x-forwarded-for", &way.join(","))]), "10.0.1.32:0");
    let standard = way.iter().map(|node| format!("for={node}")).collect::<Vec<_>>();
    assert_eq!(address(&[("forwarded", &standard.join(","))]), "10.0.1.32:0");
}

#[test]
fn a_host_or_scheme_that_is_none_is_left_out() {
    let line = "for=192.0.2.7;host=\"a b\";proto=gopher";
    assert_eq!(found(&[("forwarded", line)]), ("192.0.2.7:0".to_owned(), None, None));
    assert_eq!(found(&[("forwarded", "for=192.0.2.7;host=\"me@gw.test\"")]).2, None);
}
