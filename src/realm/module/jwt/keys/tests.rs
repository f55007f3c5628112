//! Sets as issuers publish them, and as they should not.

use serde_json::json;

use super::*;
use crate::realm::module::jwt::tests::made::{Issuer, base64, set};

fn es256() -> Issuer {
    Issuer::new(Algorithm::Es256)
}

fn read(keys: &[Value]) -> Result<KeySet, KeySetError> {
    KeySet::read(&set(keys), &Algorithm::ALL)
}

/// Why a key is not used.
#[track_caller]
fn why(key: Value) -> Unusable {
    match read(&[key]) {
        Err(KeySetError::NoKeys(skipped)) => skipped[0].why,
        other => panic!("{other:?}"),
    }
}

fn fitting(keys: &KeySet, kid: Option<&str>, algorithm: Algorithm) -> usize {
    keys.fitting(kid, algorithm).count()
}

#[test]
fn each_key_is_for_algorithms_of_its_own_kind_alone() {
    for algorithm in Algorithm::ALL {
        let keys = read(&[Issuer::new(algorithm).jwk()]).unwrap();
        let fits = |other: Algorithm| {
            other == algorithm || [other, algorithm].iter().all(|one| matches!(one.keys(), Keys::Rsa(_)))
        };
        for other in Algorithm::ALL {
            assert_eq!(fitting(&keys, None, other) > 0, fits(other), "{algorithm} {other}");
        }
    }
}

#[test]
fn a_key_that_says_its_algorithm_is_for_no_other() {
    let key = Issuer::new(Algorithm::Rs256).jwk_with(&json!({ "alg": "PS256" }));
    let keys = read(&[key]).unwrap();
    assert_eq!((fitting(&keys, None, Algorithm::Ps256), fitting(&keys, None, Algorithm::Rs256)), (1, 0));
    for alg in [json!("HS256"), json!("none"), json!("ES384"), json!("es256"), json!(7), json!(null)] {
        assert_eq!(why(es256().jwk_with(&json!({ "alg": alg }))), Unusable::Algorithm, "{alg}");
    }
}

#[test]
fn only_algorithms_that_are_accepted_have_keys() {
    let key = Issuer::new(Algorithm::Rs256).set();
    let keys = KeySet::read(&key, &[Algorithm::Rs256]).unwrap();
    assert_eq!((fitting(&keys, None, Algorithm::Rs256), fitting(&keys, None, Algorithm::Rs512)), (1, 0));
    assert!(matches!(KeySet::read(&key, &[Algorithm::Es256]), Err(KeySetError::NoKeys(_))));
}

#[test]
fn a_key_for_something_else_is_not_used() {
    for member in [
        json!({ "use": "enc" }),
        json!({ "use": 1 }),
        json!({ "key_ops": ["sign"] }),
        json!({ "key_ops": [] }),
        json!({ "key_ops": "verify" }),
    ] {
        assert_eq!(why(es256().jwk_with(&member)), Unusable::Use, "{member}");
    }
    let sound =
        es256().jwk_with(&json!({ "use": "sig", "key_ops": ["verify", "x"], "x5t": "a", "other": [] }));
    assert_eq!(read(&[sound]).unwrap().count(), 1);
}

#[test]
fn a_secret_is_never_a_key_and_a_private_part_does_not_belong_there() {
    assert_eq!(why(json!({ "kty": "oct", "k": "c2VjcmV0" })), Unusable::Algorithm);
    assert_eq!(why(json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" })), Unusable::Algorithm);
    assert_eq!(why(es256().jwk_with(&json!({ "d": "AA" }))), Unusable::Private);
}

#[test]
fn a_short_rsa_key_is_refused() {
    let n = |octets: usize| json!({ "kty": "RSA", "n": base64(vec![0xFF; octets]), "e": "AQAB" });
    assert_eq!(why(n(128)), Unusable::Bits(1024));
    assert_eq!(why(n(2000)), Unusable::Bits(16_000));
    let mut short = vec![0xFF; 256];
    short[0] = 0x7F;
    assert_eq!(why(json!({ "kty": "RSA", "n": base64(&short), "e": "AQAB" })), Unusable::Bits(2047));
    let mut padded = vec![0; 128];
    padded.extend([0xFF; 128]);
    assert_eq!(why(json!({ "kty": "RSA", "n": base64(padded), "e": "AQAB" })), Unusable::Bits(1024));
}

#[test]
fn zeros_before_a_modulus_are_of_no_account() {
    let issuer = Issuer::new(Algorithm::Rs256);
    let mut key = issuer.jwk();
    let n = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    key["n"] = json!(base64([&[0], n.as_slice()].concat()));
    let keys = read(&[key]).unwrap();
    let key = keys.fitting(None, Algorithm::Rs256).next().unwrap();
    key.verify_sig(b"x", &issuer.sign(b"x")).unwrap();
}

#[test]
fn what_is_no_key_is_skipped_and_the_others_are_used() {
    let good = es256().jwk();
    let changed = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    let x = URL_SAFE_NO_PAD.decode(good["x"].as_str().unwrap()).unwrap();
    let bad = [
        (json!("EC"), Unusable::NoKey),
        (json!({}), Unusable::Member("kty")),
        (changed("kty", json!("ec")), Unusable::Algorithm),
        (changed("crv", json!("secp256k1")), Unusable::Algorithm),
        (changed("crv", json!("P-384")), Unusable::NoKey),
        (changed("x", json!(null)), Unusable::Member("x")),
        (changed("x", json!("")), Unusable::Member("x")),
        (changed("x", json!("=+/")), Unusable::Member("x")),
        (changed("x", json!(base64(&x[1..]))), Unusable::NoKey),
        (changed("x", good["y"].clone()), Unusable::NoKey),
        (changed("kid", json!(7)), Unusable::Member("kid")),
        (json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }), Unusable::NoKey),
        (json!({ "kty": "OKP", "crv": "X25519", "x": base64([9; 32]) }), Unusable::Algorithm),
        (json!({ "kty": "RSA", "n": base64([0xFF; 256]), "e": "AA" }), Unusable::NoKey),
    ];
    for (key, expected) in &bad {
        assert_eq!(why(key.clone()), *expected, "{key}");
    }
    let all: Vec<Value> = bad.iter().map(|(key, _)| key.clone()).chain([good.clone()]).collect();
    let keys = read(&all).unwrap();
    assert_eq!((keys.count(), keys.skipped().len()), (1, bad.len()));
}

#[test]
fn a_name_chooses_a_key_and_without_one_eight_are_tried() {
    let named = |kid: &str| es256().jwk_with(&json!({ "kid": kid }));
    let keys = read(&[named("a"), named("b"), es256().jwk(), named("b")]).unwrap();
    let count = |kid| fitting(&keys, kid, Algorithm::Es256);
    assert_eq!(
        [count(Some("a")), count(Some("b")), count(Some("A")), count(Some("")), count(None)],
        [1, 2, 0, 0, 4]
    );
    let many: Vec<Value> = (0..20).map(|_| named("a")).collect();
    let keys = read(&many).unwrap();
    assert_eq!((fitting(&keys, None, Algorithm::Es256), fitting(&keys, Some("a"), Algorithm::Es256)), (8, 8));
}

#[test]
fn what_is_no_set_or_too_large_is_refused() {
    let read = |octets: &[u8]| KeySet::read(octets, &Algorithm::ALL).unwrap_err();
    for text in ["", "<html>", "[]", "{\"keys\":[],\"keys\":[]}"] {
        assert!(matches!(read(text.as_bytes()), KeySetError::Json(_)), "{text}");
    }
    for text in ["{}", "{\"keys\":{}}", "{\"keys\":null}"] {
        assert!(matches!(read(text.as_bytes()), KeySetError::NoList), "{text}");
    }
    assert!(matches!(read(b"{\"keys\":[]}"), KeySetError::NoKeys(_)));
    assert!(matches!(read(&vec![b' '; MAX_SET + 1]), KeySetError::TooLong));
    let keys = vec![es256().jwk(); 101];
    assert!(matches!(read(&set(&keys)), KeySetError::TooMany(101)));
    assert!(KeySet::read(&set(&keys[..100]), &Algorithm::ALL).is_ok());
}

#[test]
fn the_operator_is_told_which_key_is_not_used_and_why() {
    let error = read(&[es256().jwk_with(&json!({ "kid": "old", "use": "enc" })), json!(1)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it has no key for the algorithms that are accepted; key \"old\": it is not for verifying signatures (`use`, \
         `key_ops`); key 2 of the set: it is no sound key of its kind; see that <algorithms> names those of the issuer"
    );
}
