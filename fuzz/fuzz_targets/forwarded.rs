//! Who a client is said to be: a trusted proxy on the way is never taken for the client while a stranger is known,
//! and nothing that strangers write moves what a proxy adds in its own line.

#![no_main]

use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use ticketgate::forwarded::{Trusted, client};

fuzz_target!(|octets: &[u8]| {
    let trusted = Trusted::new(vec!["10.0.0.0/8".parse().unwrap()]);
    let peer = SocketAddr::from(([10, 0, 0, 1], 1));
    let mut headers = HeaderMap::new();
    for line in octets.split(|octet| *octet == b'\n') {
        let Some((kind, value)) = line.split_first() else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        let names = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
        headers.append(names[usize::from(kind % 4)], value);
    }
    let stranger = SocketAddr::from(([192, 0, 2, 7], 0));
    assert_eq!(client(&headers, stranger, &trusted).address, stranger);
    let _ = client(&headers, peer, &trusted);

    // What proxies add at the right decides, whatever stands left of it.
    headers.append("forwarded", HeaderValue::from_static("for=192.0.2.7;proto=https"));
    headers.append("x-forwarded-for", HeaderValue::from_static("192.0.2.7"));
    let found = client(&headers, peer, &trusted);
    assert_eq!((found.address, found.scheme), (stranger, Some("https")));
});
