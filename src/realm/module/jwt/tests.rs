//! The module as a chain asks it.

pub(super) mod made;

use std::{fs, path::PathBuf, time::Duration};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use self::made::{Issuer, set};
use super::*;
use crate::{
    ambient,
    realm::{credentials::Credentials, module::Fault, visitor::Visitor},
    record::RequestId,
};

/// A file of keys, which goes when it is dropped.
struct File(PathBuf);

impl File {
    fn new(octets: &[u8]) -> Self {
        let name =
            format!("ticketgate-jwks-{}-{:x}", std::process::id(), u64::from_ne_bytes(ambient::random()));
        let path = std::env::temp_dir().join(name);
        fs::write(&path, octets).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn settings(file: &File) -> Settings {
    Settings {
        keys: Origin::File(file.0.clone()),
        tls: ClientSettings::default(),
        algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
        demands: Demands {
            issuer: "https://login.test/".to_owned(),
            audiences: vec!["gw".to_owned()],
            user_claim: "sub".to_owned(),
            role_claim: "roles".to_owned(),
            skew: Duration::from_secs(60),
        },
    }
}

fn claims(ends: i64) -> Value {
    let now = gss::utc().seconds();
    json!({ "iss": "https://login.test/", "aud": "gw", "sub": "alice", "roles": ["a"], "exp": now + ends })
}

async fn login(module: &Tokens, presented: Presented) -> (Verdict, Shared) {
    let visitor = Visitor::new(([127, 0, 0, 1], 1).into(), true, vec![]);
    let credentials = Credentials { presented, ..Credentials::default() };
    let id = RequestId::next();
    let attempt = Attempt { id, realm: "demo", service: "one", credentials: &credentials, visitor: &visitor };
    let mut shared = Shared::default();
    (module.login(&attempt, &mut shared).await, shared)
}

/// The word of a failure, whose fault it is, and whether the client is asked again.
async fn failure(module: &Tokens, token: &str) -> (&'static str, Fault, bool) {
    let (verdict, shared) = login(module, Presented::Token(Zeroizing::new(token.to_owned()))).await;
    let Verdict::Failure(failure) = verdict else { panic!("{verdict:?}") };
    assert!(!failure.is_guess);
    (failure.word, failure.fault, shared.challenge.is_some())
}

#[tokio::test]
async fn a_good_token_brings_its_user_also_behind_bearer() {
    let issuer = Issuer::new(Algorithm::Es256);
    let file = File::new(&issuer.set());
    let module = Tokens::open(settings(&file), &Kept::default()).unwrap();
    let token = issuer.token(&claims(60));
    for text in [token.clone(), format!("Bearer {token}"), format!("bearer  {token}")] {
        let (verdict, shared) = login(&module, Presented::Token(Zeroizing::new(text))).await;
        let Verdict::Success(brought) = verdict else { panic!("{verdict:?}") };
        assert_eq!(brought.names[0].text, "alice");
        assert!(shared.challenge.is_none());
    }
}

#[tokio::test]
async fn who_can_do_something_is_asked_again_and_others_are_turned_away() {
    let issuer = Issuer::new(Algorithm::Es256);
    let file = File::new(&set(&[issuer.jwk_with(&json!({ "kid": "a" }))]));
    let module = Tokens::open(settings(&file), &Kept::default()).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = claims(60);
        claims[name] = value;
        issuer.token(&claims)
    };
    let soon = json!(gss::utc().seconds() + 1000);
    let thief = Issuer::new(Algorithm::Es256).token(&claims(60));
    let rsa = Issuer::new(Algorithm::Rs256);
    let unsigned = format!("{}.{}.", made::base64("{\"alg\":\"none\"}"), made::base64("{}"));
    for (token, word, again) in [
        (issuer.token(&claims(-61)), "expired", true),
        (with("nbf", soon.clone()), "not_yet", true),
        (issuer.token_of(&json!({ "alg": "ES256", "kid": "b" }), "{}"), "unknown_key", true),
        (rsa.token(&claims(60)), "unknown_key", true),
        ("joe:welcome".to_owned(), "not_a_token", false),
        ("a.b.c.d.e".to_owned(), "not_a_token", false),
        (unsigned, "algorithm", false),
        (rsa.using(Algorithm::Rs512).token(&claims(60)), "algorithm", false),
        (thief, "signature", false),
        (with("iss", json!("https://other.test/")), "issuer", false),
        (with("aud", json!("other")), "audience", false),
        (with("sub", json!("")), "user", false),
        (with("exp", json!("soon")), "claims", false),
    ] {
        assert_eq!(failure(&module, &token).await, (word, Fault::Peer, again), "{token}");
    }
}

#[tokio::test]
async fn the_words_of_a_challenge_can_be_sent() {
    let issuer = Issuer::new(Algorithm::Es256);
    let file = File::new(&issuer.set());
    let module = Tokens::open(settings(&file), &Kept::default()).unwrap();
    let token = Zeroizing::new(issuer.token(&claims(-61)));
    let (_, shared) = login(&module, Presented::Token(token)).await;
    let words = shared.challenge.unwrap();
    assert_eq!(words, [r#"error="invalid_token", error_description="The token expired""#]);
    assert!(words.iter().all(|word| crate::realm::scheme::is_sendable(word)));
}

#[tokio::test]
async fn what_is_no_token_at_all_is_not_judged() {
    let file = File::new(&Issuer::new(Algorithm::Es256).set());
    let module = Tokens::open(settings(&file), &Kept::default()).unwrap();
    let (verdict, _) = login(&module, Presented::Ticket(vec![1])).await;
    assert!(matches!(verdict, Verdict::Failure(Failure { word: "no_token", is_guess: false, .. })));
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_an_error_at_the_start() {
    let file = File::new(b"<html>");
    assert!(matches!(Tokens::open(settings(&file), &Kept::default()), Err(SourceError::Content(..))));
    fs::remove_file(&file.0).unwrap();
    let error = Tokens::open(settings(&file), &Kept::default()).unwrap_err();
    assert!(matches!(error, SourceError::Read(..)) && error.to_string().contains("readable"), "{error}");
}
