//! Heads of requests, through everything that judges and rewrites them before a back end sees them.

#![no_main]

use std::net::{Ipv4Addr, SocketAddr};

use http::{HeaderValue, Request, header};
use libfuzzer_sys::fuzz_target;
use ticketgate::{
    pages::{Judgement, Own, Pages, Visitors},
    service::proxy::{
        forwarding::{Asker, Forwarding},
        head,
        identity::Identity,
    },
    ws,
};

fuzz_target!(|octets: &[u8]| {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut fields);
    if !parsed.parse(octets).is_ok_and(|parsed| parsed.is_complete()) {
        return;
    }
    let mut request = Request::builder().method(parsed.method.unwrap()).uri(parsed.path.unwrap());
    for field in parsed.headers {
        let Ok(value) = HeaderValue::from_bytes(field.value) else { return };
        request = request.header(field.name, value);
    }
    let Ok(request) = request.body(()) else { return };

    let pages = Pages::listed(["https://friend.test".to_owned()], Visitors::Known).unwrap();
    let judged = pages.judge(&request, &Own { scheme: "https", authorities: &[] });
    if request.headers().get(header::ORIGIN).is_some_and(|origin| origin == "null") {
        assert!(matches!(judged, Judgement::Refused));
    }
    if ws::is_upgrade(&request) {
        let _ = ws::accept_key(&request);
    }
    let Ok(host) = head::check(&request) else { return };
    let backend = "http://be.test/app".parse().unwrap();
    if let Ok(target) = head::target(request.uri(), 0, &backend) {
        assert!(target.path().starts_with("/app"), "{target}");
    }
    let mut headers = request.headers().clone();
    let claims = Forwarding::Own.claims(&headers);
    head::strip_request(&mut headers, &Identity::default());
    for name in headers.keys() {
        let plain = name.as_str().replace(['_', '.'], "-");
        assert!(!plain.starts_with("x-remote-") && plain != "forwarded" && plain != "connection", "{name}");
    }
    for cookie in headers.get_all(header::COOKIE) {
        let text = String::from_utf8_lossy(cookie.as_bytes()).to_ascii_lowercase();
        let own = text.split(';').any(|pair| pair.trim_start().starts_with("__host-ticketgate"));
        assert!(!own, "{text}");
    }
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let asker = Asker { peer, host: host.as_ref(), scheme: "https" };
    Forwarding::Own.tell(&mut headers, claims, &asker);
    assert_eq!(headers.get_all(header::FORWARDED).iter().count(), 1);
});
