//! What a back end writes of itself in a response: what is rewritten leads to the gateway alone, a redirect that is followed
//! stays in the path that is served, and no cookie is lost or renamed.

#![no_main]

use http::{HeaderMap, HeaderValue, Uri, uri::Authority};
use libfuzzer_sys::fuzz_target;
use ticketgate::service::proxy::{
    follow,
    rewrite::{Rewriting, Sides},
};

fuzz_target!(|octets: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in octets.split(|octet| *octet == b'\n') {
        let Some((kind, value)) = line.split_first() else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        headers.append(["location", "content-location", "set-cookie"][usize::from(kind % 3)], value);
    }
    let backend = "http://be.test:8080/app".parse().unwrap();
    if let Some(onward) = follow::onward(&headers, &Uri::from_static("/app/x?y"), &backend) {
        let below = onward.path().strip_prefix("/app").expect("it stays in the path that is served");
        assert!(below.is_empty() || below.starts_with('/'), "{onward}");
        assert!(!below.split('/').any(|segment| segment == ".."), "{onward}");
    }

    let host = Authority::from_static("gw.test");
    let called = HeaderValue::from_static("app.test");
    let sides =
        Sides { backend: &backend, called: &called, scheme: "https", host: Some(&host), path: "/shop" };
    let all = Some(Vec::new());
    let rewriting = Rewriting { cookie_domain: all.clone(), cookie_path: all.clone(), location: all };
    let before = headers.clone();
    rewriting.apply(&mut headers, &sides);
    for name in ["location", "content-location"] {
        for (old, new) in before.get_all(name).iter().zip(headers.get_all(name)) {
            let starts = ["/shop", "//gw.test/shop", "https://gw.test/shop", "wss://gw.test/shop"];
            assert!(
                old == new || starts.iter().any(|start| new.as_bytes().starts_with(start.as_bytes())),
                "{old:?} {new:?}"
            );
        }
    }
    let pairs = |headers: &HeaderMap| {
        let cookies = headers.get_all("set-cookie").iter();
        let pair =
            |value: &HeaderValue| value.as_bytes().split(|octet| *octet == b';').next().map(<[u8]>::to_vec);
        cookies.map(pair).collect::<Vec<_>>()
    };
    assert_eq!(pairs(&before), pairs(&headers));
});
