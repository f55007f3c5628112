//! What a request presents: nothing that it presents to a realm is left for a back end, and what is left presents nothing
//! to the realm any more.

#![no_main]

use http::{HeaderName, HeaderValue, Request, Uri};
use libfuzzer_sys::fuzz_target;
use ticketgate::realm::{
    credentials::{Credentials, Presented, Sources},
    scheme::Kind,
};

fuzz_target!(|octets: &[u8]| {
    let Some((kind, octets)) = octets.split_first() else { return };
    let kind = [Kind::Basic, Kind::Negotiate, Kind::Token][usize::from(kind % 3)];
    let sources = Sources {
        headers: vec![HeaderName::from_static("x-token")],
        parameters: vec!["token".to_owned(), "a b".to_owned()],
        cookies: vec!["sso".to_owned()],
    };
    let mut lines = octets.split(|octet| *octet == b'\n');
    let target = lines.next().unwrap_or_default();
    let Ok(uri) = Uri::try_from(target) else { return };
    let (mut head, ()) = Request::new(()).into_parts();
    head.uri = uri;
    for line in lines {
        let Some((name, value)) = line.split_first() else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        let names = ["authorization", "cookie", "x-token", "referer"];
        head.headers.append(names[usize::from(name % 4)], value);
    }
    let read = Credentials::read(&head, kind, &sources);
    sources.conceal(&mut head, kind);
    match (read, Credentials::read(&head, kind, &sources)) {
        (_, Ok(left)) => {
            let is_theirs = matches!(left.presented, Presented::Nothing | Presented::Other);
            assert!(is_theirs, "{left:?} is left");
            assert!(left.declared.iter().all(|declared| declared.value.is_none()), "{left:?} is left");
        }
        // Which of two fields is meant nobody knows, and such a request is not served.
        (Err(ambiguous), Err(_)) => assert!(ambiguous.is_ambiguous()),
        (Ok(read), Err(left)) => panic!("{read:?} has become {left}"),
    }
});
