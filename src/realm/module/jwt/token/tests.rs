//! Published tokens, and tokens that were forged in each known way.

use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::realm::module::jwt::tests::made::{Issuer, base64, set};

fn keys(issuer: &Issuer) -> KeySet {
    KeySet::read(&issuer.set(), &Algorithm::ALL).unwrap()
}

fn judge(token: &str, keys: &KeySet) -> Result<Map<String, Value>, TokenError> {
    Token::read(token)?.verify(keys)
}

/// A token with these members in its header beside `alg`, soundly signed.
fn with(issuer: &Issuer, more: &Value) -> String {
    let mut header = json!({ "alg": issuer.algorithm.word() });
    header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    issuer.token_of(&header, "{}")
}

#[test]
fn published_tokens_are_judged_as_their_rfcs_say() {
    let published: Value =
        serde_json::from_str(include_str!("../../../../../tests/data/jose/rfc.json")).unwrap();
    let published = published.as_array().unwrap();
    assert_eq!(published.len(), 7);
    for one in published {
        let (name, token) = (&one["name"], one["token"].as_str().unwrap());
        let keys = KeySet::read(&set(&[one["key"].clone()]), &Algorithm::ALL).unwrap();
        let has_claims = name == "RFC 7515 A.2" || name == "RFC 7515 A.3";
        match judge(token, &keys) {
            Ok(claims) => assert!(has_claims && claims["iss"] == "joe", "{name}"),
            // Their signature is good, of text that is no claims.
            Err(TokenError::Claims(_)) => assert!(!has_claims, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        // Of the last character not all bits are in use.
        for at in 0..token.len() - 1 {
            let mut changed = token.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let judged = judge(&changed, &keys);
            assert!(!matches!(judged, Ok(_) | Err(TokenError::Claims(_))), "{name} {at}: {judged:?}");
        }
    }
}

#[test]
fn each_algorithm_is_verified_and_no_other_key_or_algorithm_will_do() {
    for algorithm in Algorithm::ALL {
        let issuer = Issuer::new(algorithm);
        let token = issuer.token(&json!({ "sub": "alice" }));
        assert_eq!(judge(&token, &keys(&issuer)).unwrap()["sub"], "alice", "{algorithm}");
        let other = keys(&Issuer::new(algorithm));
        assert!(matches!(judge(&token, &other), Err(TokenError::Signature)), "{algorithm}");
        for named in Algorithm::ALL.into_iter().filter(|named| *named != algorithm) {
            let confused = issuer.token_of(&json!({ "alg": named.word() }), "{}");
            assert!(judge(&confused, &keys(&issuer)).is_err(), "{algorithm} as {named}");
        }
    }
}

#[test]
fn what_nobody_signed_is_refused_in_all_cases_of_letters() {
    let keys = keys(&Issuer::new(Algorithm::Es256));
    for bits in 0..16 {
        let letter = |(at, letter): (usize, char)| {
            if bits >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        };
        let none: String = "none".chars().enumerate().map(letter).collect();
        let token = format!("{}.{}.", base64(json!({ "alg": none }).to_string()), base64("{}"));
        assert!(
            matches!(judge(&token, &keys), Err(TokenError::Algorithm(_, AlgorithmError::Unsigned))),
            "{none}"
        );
    }
    for alg in [json!(null), json!(""), json!(["none"]), json!(0)] {
        let token = format!("{}.{}.", base64(json!({ "alg": alg }).to_string()), base64("{}"));
        assert!(judge(&token, &keys).is_err(), "{alg}");
    }
    let token = format!("{}.{}.", base64("{}"), base64("{}"));
    assert!(matches!(judge(&token, &keys), Err(TokenError::Member("alg"))));
}

#[test]
fn an_empty_signature_is_none() {
    for algorithm in Algorithm::ALL {
        let issuer = Issuer::new(algorithm);
        let token = issuer.token(&json!({}));
        let end = token.rfind('.').unwrap() + 1;
        assert!(matches!(judge(&token[..end], &keys(&issuer)), Err(TokenError::Signature)), "{algorithm}");
        // Of ECDSA all zeros were good once (CVE-2022-21449).
        let zeros = token[..end].to_owned() + &base64(vec![0; 64]);
        assert!(judge(&zeros, &keys(&issuer)).is_err(), "{algorithm}");
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_shared_secret() {
    let issuer = Issuer::new(Algorithm::Rs256);
    let jwk = issuer.jwk();
    let der = [
        jwk["n"].as_str().unwrap().as_bytes().to_vec(),
        jwk.to_string().into_bytes(),
        issuer.set(),
        b"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n".to_vec(),
    ];
    for secret in der {
        for name in ["HS256", "hs256"] {
            let signed = format!("{}.{}", base64(json!({ "alg": name }).to_string()), base64("{}"));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes());
            let judged = judge(&format!("{signed}.{}", base64(tag)), &keys(&issuer));
            assert!(matches!(judged, Err(TokenError::Algorithm(_, AlgorithmError::Symmetric))), "{judged:?}");
        }
    }
}

#[test]
fn keys_that_a_token_brings_itself_are_of_no_account() {
    let (issuer, thief) = (Issuer::new(Algorithm::Es256), Issuer::new(Algorithm::Es256));
    let brought = json!({
        "jwk": thief.jwk(), "jku": "https://thief.test/jwks.json", "x5u": "https://thief.test/x.pem", "x5c": ["AAAA"]
    });
    assert!(matches!(judge(&with(&thief, &brought), &keys(&issuer)), Err(TokenError::Signature)));
    assert!(judge(&with(&issuer, &brought), &keys(&issuer)).is_ok());
}

#[test]
fn demands_that_are_not_known_are_refused_although_they_are_signed() {
    let issuer = Issuer::new(Algorithm::Es256);
    let header = |more: Value| judge(&with(&issuer, &more), &keys(&issuer));
    for crit in [json!({ "crit": ["b64"], "b64": false }), json!({ "crit": [] }), json!({ "crit": null })] {
        assert!(matches!(header(crit.clone()), Err(TokenError::Critical)), "{crit}");
    }
    for cty in ["JWT", "jwt", "application/jwt", "APPLICATION/JWT"] {
        assert!(matches!(header(json!({ "cty": cty })), Err(TokenError::Nested)), "{cty}");
    }
    assert!(matches!(header(json!({ "enc": "A128GCM" })), Err(TokenError::Encrypted)));
    for typ in ["dpop+jwt", "logout+jwt", "application/secevent+jwt", ""] {
        assert!(matches!(header(json!({ "typ": typ })), Err(TokenError::Type(_))), "{typ}");
    }
    for more in [json!({ "kid": 1 }), json!({ "typ": [] }), json!({ "cty": {} })] {
        assert!(matches!(header(more.clone()), Err(TokenError::Member(_))), "{more}");
    }
    for more in [
        json!({ "typ": "JWT" }),
        json!({ "typ": "at+jwt" }),
        json!({ "typ": "application/at+JWT" }),
        json!({ "x": 1 }),
    ] {
        assert!(header(more.clone()).is_ok(), "{more}");
    }
}

#[test]
fn a_name_must_be_that_of_the_key() {
    let issuer = Issuer::new(Algorithm::Es256);
    let keys = KeySet::read(&set(&[issuer.jwk_with(&json!({ "kid": "a" }))]), &Algorithm::ALL).unwrap();
    assert!(judge(&with(&issuer, &json!({})), &keys).is_ok());
    assert!(judge(&with(&issuer, &json!({ "kid": "a" })), &keys).is_ok());
    let judged = judge(&with(&issuer, &json!({ "kid": "../a\n" })), &keys);
    assert!(matches!(judged, Err(TokenError::UnknownKey { .. })), "{judged:?}");
}

#[test]
fn what_is_no_token_is_refused() {
    let issuer = Issuer::new(Algorithm::Es256);
    let token = issuer.token(&json!({}));
    let keys = keys(&issuer);
    for (text, encrypted) in [
        ("", false),
        ("abc", false),
        ("a.b", false),
        ("..", false),
        ("...", false),
        ("a.b.c.d.e", true),
        ("a.b.c.d.e.f", false),
    ] {
        let judged = judge(text, &keys).unwrap_err();
        assert_eq!(matches!(judged, TokenError::Encrypted), encrypted, "{text}: {judged:?}");
    }
    for changed in [
        format!("{token}="),
        format!("{token} "),
        format!(" {token}"),
        token.replacen('.', "=.", 1),
        token.replacen('.', "..", 1),
        format!("{token}.{token}"),
    ] {
        assert!(judge(&changed, &keys).is_err(), "{changed}");
    }
    for header in ["[]", "\"x\"", "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", "{\"alg\":\"ES256\"} x"] {
        let signed = format!("{}.{}", base64(header), base64("{}"));
        let token = format!("{signed}.{}", base64(issuer.sign(signed.as_bytes())));
        assert!(matches!(judge(&token, &keys), Err(TokenError::Header(_))), "{header}");
    }
}

#[test]
fn claims_that_are_no_object_or_have_a_name_twice_are_refused() {
    let issuer = Issuer::new(Algorithm::Es256);
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    for claims in ["", "[]", "1", "{\"sub\":\"a\",\"sub\":\"b\"}", "{} {}", &nested] {
        let token = issuer.token_of(&json!({ "alg": "ES256" }), claims);
        let judged = judge(&token, &keys(&issuer));
        assert!(matches!(judged, Err(TokenError::Claims(_))), "{judged:?}");
    }
}

#[test]
fn a_long_token_is_refused_before_anything_of_it_is_read() {
    let issuer = Issuer::new(Algorithm::Es256);
    let long = |octets: usize| issuer.token(&json!({ "a": "x".repeat(octets) }));
    assert!(judge(&long(12_000), &keys(&issuer)).is_ok());
    for octets in [13_000, 1_000_000] {
        assert!(matches!(judge(&long(octets), &keys(&issuer)), Err(TokenError::TooLong(_))), "{octets}");
    }
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let token = issuer.token_of(&json!({ "alg": "ES256" }), nested);
    assert!(matches!(judge(&token, &keys(&issuer)), Err(TokenError::TooLong(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_token_that_was_changed_is_never_accepted(
        place in any::<prop::sample::Index>(),
        with in "[A-Za-z0-9_.=-]{0,3}",
        length in 0_usize..4,
        which in 0_usize..3,
    ) {
        static MADE: std::sync::LazyLock<Vec<(String, KeySet)>> = std::sync::LazyLock::new(|| {
            [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa].map(|algorithm| {
                let issuer = Issuer::new(algorithm);
                (issuer.token(&json!({ "sub": "alice", "exp": 1 })), keys(&issuer))
            }).into()
        });
        let (token, keys) = &MADE[which];
        let start = place.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(start..(start + length).min(token.len()), &with);
        prop_assume!(changed != *token);
        prop_assert!(judge(&changed, keys).is_err(), "{}", changed);
    }

    #[test]
    fn any_text_is_judged(text in "\\PC{0,200}") {
        let keys = KeySet::default();
        prop_assert!(judge(&text, &keys).is_err());
    }
}
