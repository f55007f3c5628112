//! Tokens and sets of keys of any kind: nobody but the issuer makes a token that is accepted.

#![no_main]

use std::{sync::LazyLock, time::Duration};

use libfuzzer_sys::fuzz_target;
use ticketgate::realm::module::jwt::{
    algorithm::Algorithm,
    claims::Demands,
    judge,
    keys::KeySet,
    token::{Token, TokenError},
};

/// Keys of the RFCs, whose private halves only their authors used: two tokens of theirs have claims.
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let set = br#"{"keys":[
        {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    KeySet::read(set, &Algorithm::ALL).unwrap()
});

fuzz_target!(|octets: &[u8]| {
    if let Ok(keys) = KeySet::read(octets, &Algorithm::ALL) {
        assert!((1..=100).contains(&keys.count()));
    }
    let Ok(text) = str::from_utf8(octets) else { return };
    let demands = Demands {
        issuer: "joe".to_owned(),
        audiences: vec!["gw".to_owned()],
        user_claim: "sub".to_owned(),
        role_claim: "a.b".to_owned(),
        skew: Duration::from_secs(60),
    };
    assert!(judge(text, &KEYS, &demands, 1_300_819_000).is_err(), "nobody has signed this");
    if let Ok(token) = Token::read(text) {
        // What is signed is one of the published texts, to the last octet.
        if matches!(token.verify(&KEYS), Ok(_) | Err(TokenError::Claims(_))) {
            assert!(text.starts_with("eyJhbGciOiJFUzI1NiJ9.") || text.starts_with("eyJhbGciOiJFZERTQSJ9."));
        }
    }
    // The same octets as claims, past any signature.
    if let Ok(serde_json::Value::Object(claims)) = serde_json::from_slice(octets)
        && let Ok(brought) = demands.judge(claims, 1_300_819_000)
    {
        assert!(!brought.names[0].is_role && brought.ends.is_some());
    }
});
