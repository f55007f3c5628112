//! `WWW-Authenticate`, and patterns of locations.

#![no_main]

use client::challenge::{Challenge, Dispatch, MAX_CHALLENGES, Token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    for challenge in Challenge::read(text.lines())
        .into_iter()
        .inspect(|all| assert!(all.len() <= MAX_CHALLENGES))
        .flatten()
    {
        assert!(!challenge.scheme().is_empty());
        let _ = (challenge.token(), challenge.parameter("realm"));
        // What was read is read the same again, but for a scheme that is the prefix.
        if challenge.is("Application") {
            continue;
        }
        let again = format!("{} {}", challenge.scheme(), challenge.parameters());
        let again = Challenge::read([&*again]).unwrap();
        assert_eq!(again.first().map(Challenge::scheme), Some(challenge.scheme()));
    }
    let _ = Dispatch::default().register(&text, Token::new("Token", |_, _| None));
});
