//! What clients read where back ends write their own names.

use super::*;

const CALLED: HeaderValue = HeaderValue::from_static("app.internal:8080");

/// What a client of `https://gw.test/shop` reads in a field of a back end at this URL.
fn read(rewriting: &Rewriting, backend: &str, name: &'static str, value: &str) -> String {
    read_as(rewriting, backend, Some("gw.test"), "/shop", (name, value))
}

fn read_as(
    rewriting: &Rewriting,
    backend: &str,
    host: Option<&'static str>,
    path: &str,
    (name, value): (&'static str, &str),
) -> String {
    let backend = backend.parse().unwrap();
    let host = host.map(Authority::from_static);
    let sides = Sides { backend: &backend, called: &CALLED, scheme: "https", host: host.as_ref(), path };
    let mut headers = HeaderMap::new();
    headers.append(name, HeaderValue::from_str(value).unwrap());
    rewriting.apply(&mut headers, &sides);
    headers[name].to_str().unwrap().to_owned()
}

fn mapping(from: &str, to: &str) -> Mapping {
    Mapping { from: from.to_owned(), to: to.to_owned() }
}

#[test]
fn a_redirect_to_the_back_end_leads_to_the_gateway() {
    for (written, read_by_client) in [
        ("http://10.0.0.1:8080/app/x?y#z", "https://gw.test/shop/x?y#z"),
        ("HTTP://APP.INTERNAL:8080/app/", "https://gw.test/shop/"),
        ("http://10.0.0.1:8080/app", "https://gw.test/shop"),
        ("http://10.0.0.1:8080/app?y", "https://gw.test/shop?y"),
        ("ws://10.0.0.1:8080/app/x", "wss://gw.test/shop/x"),
        ("//10.0.0.1:8080/app/x", "//gw.test/shop/x"),
        ("/app/x", "/shop/x"),
        ("/app", "/shop"),
    ] {
        for name in ["location", "content-location"] {
            let got = read(&Rewriting::default(), "http://10.0.0.1:8080/app", name, written);
            assert_eq!(got, read_by_client, "{written}");
        }
    }
}

#[test]
fn a_redirect_to_anywhere_else_stays() {
    for written in [
        "http://10.0.0.1/app/x",
        "https://10.0.0.1:8080/app/x",
        "http://10.0.0.1:8080/other",
        "http://10.0.0.1:8080/apple",
        "http://10.0.0.1:8080@evil.test/app",
        "http://u@10.0.0.1:8080/app/x",
        "http://10.0.0.1:8080.evil.test/app",
        "/other",
        "/other?next=http://10.0.0.1:8080/app",
        "x/y",
        "?y",
        "",
    ] {
        let got = read(&Rewriting::default(), "http://10.0.0.1:8080/app", "location", written);
        assert_eq!(got, written);
    }
}

#[test]
fn the_usual_port_is_no_other_place() {
    let got = read(&Rewriting::default(), "http://10.0.0.1", "location", "http://10.0.0.1:80/x");
    assert_eq!(got, "https://gw.test/shop/x");
    let got = read(&Rewriting::default(), "https://10.0.0.1:443", "location", "https://10.0.0.1/x");
    assert_eq!(got, "https://gw.test/shop/x");
}

#[test]
fn a_client_that_named_no_host_reads_a_path() {
    let field = ("location", "http://10.0.0.1/app/x");
    assert_eq!(read_as(&Rewriting::default(), "http://10.0.0.1/app", None, "", field), "/x");
    let field = ("location", "http://10.0.0.1/app");
    assert_eq!(read_as(&Rewriting::default(), "http://10.0.0.1/app", None, "", field), "/");
}

#[test]
fn a_path_never_becomes_a_host() {
    let field = ("location", "/app//evil.test/x");
    let got = read_as(&Rewriting::default(), "http://10.0.0.1/app", Some("gw.test"), "", field);
    assert_eq!(got, "/.//evil.test/x");
    let field = ("location", "http://10.0.0.1/app//evil.test/x");
    assert_eq!(read_as(&Rewriting::default(), "http://10.0.0.1/app", None, "", field), "/.//evil.test/x");
}

#[test]
fn the_operators_mappings_go_first_and_end_where_a_segment_does() {
    let location = Some(vec![
        mapping("http://old.test", "https://new.test"),
        mapping("http://10.0.0.1/", "https://elsewhere.test/"),
    ]);
    let rewriting = Rewriting { location, ..Rewriting::default() };
    for (written, read_by_client) in [
        ("http://old.test/x", "https://new.test/x"),
        ("http://old.tests/x", "http://old.tests/x"),
        ("http://10.0.0.1/x", "https://elsewhere.test/x"),
        ("http://10.0.0.1?x", "https://gw.test/shop?x"),
    ] {
        assert_eq!(read(&rewriting, "http://10.0.0.1", "location", written), read_by_client);
    }
}

#[test]
fn nothing_is_rewritten_that_is_not_asked_for() {
    let off = Rewriting { location: None, ..Rewriting::default() };
    let cookie = "a=1; Domain=10.0.0.1; Path=/app";
    assert_eq!(read(&off, "http://10.0.0.1/app", "location", "/app/x"), "/app/x");
    assert_eq!(read(&Rewriting::default(), "http://10.0.0.1/app", "set-cookie", cookie), cookie);
}

#[test]
fn a_cookie_for_the_back_ends_path_is_for_the_gateways() {
    let rewriting = Rewriting { cookie_path: Some(Vec::new()), ..Rewriting::default() };
    for (written, read_by_client) in [
        ("a=1; Path=/app", "a=1; Path=/shop"),
        ("a=1;path = /app/x ;Secure", "a=1;path =/shop/x;Secure"),
        ("a=Path=/app; HttpOnly", "a=Path=/app; HttpOnly"),
        ("a=1; Path=/apple; Max-Age=5", "a=1; Path=/apple; Max-Age=5"),
        ("a=1; Path=/", "a=1; Path=/"),
        ("a=1; Path", "a=1; Path"),
        ("__Host-a=1; Path=/app", "__Host-a=1; Path=/app"),
        ("a=1", "a=1"),
    ] {
        assert_eq!(read(&rewriting, "http://10.0.0.1/app", "set-cookie", written), read_by_client);
    }
}

#[test]
fn a_back_end_at_the_root_has_its_cookies_below_the_accept() {
    let rewriting = Rewriting { cookie_path: Some(Vec::new()), ..Rewriting::default() };
    let got = read(&rewriting, "http://10.0.0.1", "set-cookie", "a=1; Path=/");
    assert_eq!(got, "a=1; Path=/shop/");
    let got = read(&rewriting, "http://10.0.0.1", "set-cookie", "__Host-a=1; Path=/; Secure");
    assert_eq!(got, "__Host-a=1; Path=/; Secure", "its name promises the path /");
}

#[test]
fn a_cookie_for_the_back_ends_domain_is_for_the_gateways() {
    let cookie_domain = Some(vec![mapping(".corp.test", "public.test")]);
    let rewriting = Rewriting { cookie_domain, ..Rewriting::default() };
    for (written, read_by_client) in [
        ("a=1; Domain=be.internal; Secure", "a=1; Domain=gw.test; Secure"),
        ("a=1; DOMAIN=.INTERNAL", "a=1; DOMAIN=gw.test"),
        ("a=1; Domain=app.internal", "a=1; Domain=gw.test"),
        ("a=1; Domain=corp.test", "a=1; Domain=public.test"),
        ("a=1; Domain=other.test", "a=1; Domain=other.test"),
        ("a=1; Domain=nal", "a=1; Domain=nal"),
        ("a=1; Domain=", "a=1; Domain="),
    ] {
        assert_eq!(read(&rewriting, "http://be.internal", "set-cookie", written), read_by_client);
    }
}

#[test]
fn a_gateway_without_a_name_has_cookies_of_its_own_alone() {
    let rewriting = Rewriting { cookie_domain: Some(Vec::new()), ..Rewriting::default() };
    let field = ("set-cookie", "a=1; Domain=be.internal; Secure");
    for host in [None, Some("192.0.2.1:8080"), Some("[::1]")] {
        assert_eq!(read_as(&rewriting, "http://be.internal", host, "", field), "a=1; Secure", "{host:?}");
    }
}

#[test]
fn each_cookie_stays_a_field_of_its_own_in_its_place() {
    let rewriting = Rewriting { cookie_path: Some(Vec::new()), ..Rewriting::default() };
    let backend = "http://10.0.0.1/app".parse().unwrap();
    let sides = Sides { backend: &backend, called: &CALLED, scheme: "http", host: None, path: "" };
    let mut headers = HeaderMap::new();
    for value in ["a=1", "b=2; Path=/app", "c=\u{e9}; Path=/app/x"] {
        headers.append("set-cookie", HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers.append("set-cookie", HeaderValue::from_bytes(b"d=\xff; Path=/app").unwrap());
    rewriting.apply(&mut headers, &sides);
    let values: Vec<_> = headers.get_all("set-cookie").iter().map(HeaderValue::as_bytes).collect();
    let expected = [&b"a=1"[..], b"b=2; Path=/", "c=\u{e9}; Path=/x".as_bytes(), b"d=\xff; Path=/app"];
    assert_eq!(values, expected);
}
