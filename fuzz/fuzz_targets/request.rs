//! The policy: whatever it judges and believes, it ends, and what it lets pass is what it says it is.

#![no_main]

use std::sync::LazyLock;

use krb::peek;
use libfuzzer_sys::fuzz_target;
use tgg::{
    reply::{believe, is_too_big},
    request::{Request, judge},
    routes::{Host, KrbRealm, Routes, Server},
};

static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
    let server = Server { host: Host::Name("kdc".into()), port: 88 };
    Routes::new(["H4.TEST", "CHILD.H4.TEST", "TGG.TEST"].map(|name| KrbRealm {
        name: name.into(),
        kdcs: vec![server.clone()],
        kpasswds: vec![server.clone()],
        discover: false,
    }))
});

const REQUESTS: [&[u8]; 3] = [
    include_bytes!("../../tests/data/mit-1.20.1/wire/000-spake-req-app10.bin"),
    include_bytes!("../../tests/data/mit-1.20.1/wire/006-encts-req-app10.bin"),
    include_bytes!("../../tests/data/mit-1.20.1/wire/042-tgs-gw-req-app12.bin"),
];

fn served(request: &Request<'_>) {
    let realm = ROUTES.realms().get(request.realm()).expect("it is routed");
    assert!(realm.name.as_bytes().eq_ignore_ascii_case(request.asked().krb_realm()));
    let _ = (request.armored(), request.asked().kind(), request.single(), request.purpose());
}

fuzz_target!(|octets: &[u8]| {
    if let Ok(request) = judge(octets, None, &ROUTES) {
        served(&request);
        assert_eq!(request.message(), octets);
        assert!(judge(octets, Some(b"OTHER.TEST"), &ROUTES).is_err());
        assert!(believe(&request, octets).is_err(), "a request is not its own reply");
    }
    for message in REQUESTS {
        let request = judge(message, None, &ROUTES).expect("a captured request");
        served(&request);
        if let Ok(reply) = believe(&request, octets) {
            assert!(peek::application_tag(octets).is_some());
            let _ = is_too_big(&reply);
        }
    }
});
