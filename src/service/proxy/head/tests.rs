//! What is refused, taken out and put in.

use super::*;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn stripped(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut headers = headers(lines);
    strip_request(&mut headers, &Identity::default());
    headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

fn request(method: Method, target: &str, lines: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(target).body(()).unwrap();
    *request.headers_mut() = headers(lines);
    request
}

#[test]
fn every_spelling_of_what_the_gateway_says_is_taken_out() {
    for name in [
        "x-remote-user",
        "X_Remote_User",
        "x.remote-user",
        "x_remote.user",
        "x~remote!user",
        "Forwarded",
        "X-Forwarded-For",
        "x_forwarded_for",
        "x-forwarded_user",
        "X-Forwarded-Anything",
        "x-real-ip",
        "x-remote-roles",
        "X_Remote_Group",
        "x.remote.extra.scopes",
    ] {
        assert_eq!(stripped(&[(name, "root")]), [], "{name}");
    }
}

#[test]
fn what_is_told_in_fields_of_other_names_is_taken_out_in_every_spelling_too() {
    let named = |name| Some(HeaderName::from_static(name));
    let identity = Identity {
        principal: HeaderName::from_static("who"),
        roles: named("is-a"),
        realm: named("of_realm"),
        ends: named("until"),
        token: None,
    };
    for name in ["Who", "is-a", "IS_A", "is.a", "of-realm", "of_realm", "Until", "x-remote-user"] {
        let mut headers = headers(&[(name, "root"), ("connection", name)]);
        strip_request(&mut headers, &identity);
        assert!(headers.is_empty(), "{name}");
    }
}

#[test]
fn look_alikes_of_fields_with_weight_are_taken_out() {
    for name in ["content_length", "transfer.encoding", "host_", "authorization"] {
        let kept = stripped(&[(name, "Bearer x")]);
        assert_eq!(kept.is_empty(), matches!(name, "content_length" | "transfer.encoding"), "{name}");
    }
}

#[test]
fn fields_that_are_nobodys_business_pass() {
    let lines = [("accept", "*/*"), ("x-remotely", "a"), ("x_custom", "b"), ("origin", "https://a.test")];
    let expected = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(stripped(&lines), expected);
}

#[test]
fn what_is_for_one_hop_is_taken_out_with_what_is_nominated() {
    let kept = stripped(&[
        ("connection", "Upgrade, X-Hop"),
        ("connection", "keep-alive, close"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABk"),
        ("te", "trailers"),
        ("transfer-encoding", "chunked"),
        ("proxy-authorization", "Basic x"),
        ("proxy-connection", "keep-alive"),
    ]);
    assert_eq!(kept, []);
}

#[test]
fn a_ticket_and_the_gateways_cookies_stay_here_and_others_pass() {
    let kept = stripped(&[
        ("authorization", "Negotiate YII="),
        ("authorization", "nEGOTIATE YII="),
        ("authorization", "Bearer abc"),
        ("cookie", "a=1; __Host-ticketgate=secret; b=2"),
        ("cookie", "__host-TICKETGATE-2=secret"),
        ("cookie", "c=3"),
    ]);
    let expected = [("authorization", "Bearer abc"), ("cookie", "a=1; b=2"), ("cookie", "c=3")];
    assert_eq!(kept, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_back_end_cannot_set_the_gateways_cookie() {
    let mut headers = headers(&[("set-cookie", "a=1"), ("set-cookie", "__Host-ticketgate=x; Secure")]);
    strip_response(&mut headers);
    assert_eq!(headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1"]);
}

#[test]
fn the_back_ends_path_stands_in_front_of_what_is_below_the_way_in() {
    for (asked, mount, backend, expected) in [
        ("/a?b=c", "", "http://be", "/a?b=c"),
        ("/a?b=c", "", "http://be/app", "/app/a?b=c"),
        ("/", "", "http://be/app/", "/app/"),
        ("http://x/y", "", "http://be", "/y"),
        ("/in/a?b", "/in", "http://be/app", "/app/a?b"),
        ("/in/a", "/in", "http://be", "/a"),
        ("/in?b", "/in", "http://be", "/?b"),
        ("/in?b", "/in", "http://be/app", "/app?b"),
        ("/in", "/in", "http://be/app/", "/app/"),
        ("/in/", "/in", "http://be/app", "/app/"),
    ] {
        let got = target(&asked.parse().unwrap(), mount.len(), &backend.parse().unwrap());
        assert_eq!(got.unwrap(), expected, "{asked} to {backend}");
    }
}

#[test]
fn a_path_that_leads_back_is_refused_in_every_spelling() {
    let lines = [("host", "gw.test")];
    for path in ["/..", "/a/../b", "/%2e%2e/b", "/.%2E/b", "/a%2f..%2fb", "/..;x/b", "/..%5cb"] {
        assert_eq!(check(&request(Method::GET, path, &lines)), Err(BadHead::Path), "{path}");
    }
    for path in ["/a..b", "/...", "/a/.b", "/?x=../y"] {
        assert!(check(&request(Method::GET, path, &lines)).is_ok(), "{path}");
    }
}

#[test]
fn there_must_be_one_sound_host() {
    for lines in [
        &[][..],
        &[("host", "a"), ("host", "b")],
        &[("host", "a b")],
        &[("host", "user@a")],
        &[("host", "a/b")],
        &[("host", "")],
    ] {
        assert_eq!(check(&request(Method::GET, "/", lines)), Err(BadHead::Host), "{lines:?}");
    }
    let named = check(&request(Method::GET, "http://b.test/", &[("host", "a")]));
    assert_eq!(named.unwrap().unwrap(), "b.test", "a target that names a host goes first");
}

#[test]
fn methods_that_are_for_proxies_are_refused() {
    let lines = [("host", "a:1")];
    assert_eq!(check(&request(Method::TRACE, "/", &lines)), Err(BadHead::Unserved));
    assert_eq!(check(&request(Method::CONNECT, "a:1", &lines)), Err(BadHead::Unserved));
}

#[test]
fn the_principal_is_not_named_in_a_field_with_a_meaning_of_its_own() {
    for (name, may) in [
        ("x-remote-user", true),
        ("auth-principal", true),
        ("host", false),
        ("connection", false),
        ("content_length", false),
        ("sec-websocket-key", false),
        ("x-forwarded-for", false),
    ] {
        assert_eq!(may_name(&HeaderName::from_static(name)), may, "{name}");
    }
}
