//! Keys that change, and issuers that are away, slow, or answer something else.

use std::{fs, path::PathBuf, time::Duration};

use peers::{Issuer, or_skipped};
use serde_json::json;

use super::{Realm, claims, gated, issuer, presented, token};
use crate::{
    authority::authority,
    services::Folder,
    world::{Gateway, PATIENCE, exit_code, timed},
};

/// Presents a token until this becomes of it.
#[track_caller]
fn until(gateway: &Gateway, token: &str, expected: u16) {
    let (_, seen) = timed(|| {
        let mut seen = Vec::new();
        let mut waited = Duration::ZERO;
        while waited < PATIENCE && seen.last() != Some(&expected) {
            seen.push(presented(gateway, token));
            std::thread::sleep(Duration::from_millis(100));
            waited += Duration::from_millis(100);
        }
        seen
    });
    assert_eq!(seen.last(), Some(&expected), "{seen:?}\n{}", gateway.log());
}

#[test]
fn a_new_key_is_found_as_soon_as_a_token_names_it() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let gateway = gated(&issuer.url(), "");
    let old = token(&mut issuer, "a");
    assert_eq!(presented(&gateway, &old), 302);
    issuer.make("RS256", "b").unwrap();
    issuer.withdraw("a").unwrap();
    let new = token(&mut issuer, "b");
    assert_eq!(presented(&gateway, &new), 302);
    assert_eq!(presented(&gateway, &old), 401, "what is withdrawn is good no longer");
}

#[test]
fn whoever_invents_names_of_keys_has_the_issuer_asked_once() {
    let Some(mut issuer) = issuer(&[("ES256", "a"), ("ES256", "theirs")]) else { return };
    issuer.withdraw("theirs").unwrap();
    let gateway = gated(&issuer.url(), "");
    let good = token(&mut issuer, "a");
    assert_eq!(presented(&gateway, &good), 302);
    let before = issuer.asked().unwrap();
    for number in 0..50 {
        let header = json!({ "kid": format!("{number}") });
        let invented = issuer.sign_by("theirs", &claims(), &header).unwrap();
        assert_eq!(presented(&gateway, &invented), 401);
    }
    assert_eq!(issuer.asked().unwrap() - before, 1);
    assert_eq!(presented(&gateway, &good), 302);
}

#[test]
fn a_file_that_changes_is_read_again_and_a_broken_one_changes_nothing() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let folder = Folder::new().with("jwks.json", issuer.set().unwrap());
    let file = folder.path("jwks.json");
    let gateway = gated(&file.display().to_string(), "");
    let old = token(&mut issuer, "a");
    assert_eq!(presented(&gateway, &old), 302);
    fs::write(&file, "{\"keys\":").unwrap();
    gateway.wait_for_log("those in use go on");
    assert_eq!(presented(&gateway, &old), 302);
    issuer.make("ES256", "b").unwrap();
    issuer.withdraw("a").unwrap();
    fs::write(&file, issuer.set().unwrap()).unwrap();
    let new = token(&mut issuer, "b");
    until(&gateway, &new, 302);
    assert_eq!(presented(&gateway, &old), 401);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_at_the_start() {
    let folder = Folder::new().with("jwks.json", "<html>");
    for (name, says) in [("jwks.json", "it is no JWK set"), ("none.json", "cannot read")] {
        let keys = folder.path(name).display().to_string();
        let realm = Realm { words: "", keys: &keys, options: "" };
        let file = folder.path("config.xml");
        fs::write(&file, realm.configuration("http.redirect", "http", &["*"], "")).unwrap();
        let (code, said) = exit_code(&["run", "--config", file.to_str().unwrap()]);
        assert!(code != Some(0) && said.contains(says) && said.contains(name), "{code:?} {said}");
    }
}

#[test]
fn a_gateway_starts_while_the_issuer_is_away_and_serves_as_soon_as_it_is_back() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    issuer.away(true).unwrap();
    let gateway = gated(&issuer.url(), "");
    let good = token(&mut issuer, "a");
    assert_eq!(presented(&gateway, &good), 503);
    gateway.wait_for_log("Nobody can log in with a token, since its keys cannot be had");
    issuer.away(false).unwrap();
    until(&gateway, &good, 302);
}

#[test]
fn known_keys_go_on_while_the_issuer_is_away_also_over_a_reload() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let gateway = gated(&issuer.url(), "");
    let good = token(&mut issuer, "a");
    assert_eq!(presented(&gateway, &good), 302);
    issuer.away(true).unwrap();
    gateway.signal("HUP");
    gateway.wait_for_log("\"Reloaded\"");
    assert_eq!(presented(&gateway, &good), 302);
    // Whether the issuer has a new key nobody can say.
    issuer.make("ES256", "b").unwrap();
    let new = token(&mut issuer, "b");
    assert_eq!(presented(&gateway, &new), 503);
    assert_eq!(presented(&gateway, &good), 302);
}

#[test]
fn an_issuer_that_answers_something_else_has_nobody_let_in_and_the_log_says_what() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let (good, set) = (token(&mut issuer, "a"), issuer.set().unwrap());
    for (answer, says) in [
        (json!({ "body": "<html>Sign in</html>" }), "it is no JWK set"),
        (json!({ "status": 500, "body": set }), "answers 500"),
        (
            json!({ "status": 302, "fields": { "Location": "/jwks.json" }, "body": set }),
            "redirects are not followed",
        ),
        (json!({ "body": " ".repeat(2_000_000) }), "more than 1048576 octets"),
        (json!({ "body": "{\"keys\":[]}" }), "no key for the algorithms"),
        (json!({ "body": set, "delay": 8 }), "took too long to answer"),
    ] {
        issuer.answer(&answer).unwrap();
        let gateway = gated(&issuer.url(), "");
        let begun = timed(|| assert_eq!(presented(&gateway, &good), 503, "{says}")).0;
        assert!(begun < Duration::from_secs(14), "{says}: {begun:?}");
        gateway.wait_for_log(says);
    }
}

#[test]
fn an_issuer_is_asked_over_tls_that_the_truststore_vouches_for() {
    let tls = authority();
    let found = or_skipped(Issuer::start(Some((&tls.certificate, &tls.key))));
    let Some(mut issuer) = found else { return };
    issuer.make("ES256", "a").unwrap();
    let good = token(&mut issuer, "a");
    let url = issuer.url();
    assert!(url.starts_with("https://"));
    let realm = Realm { words: "", keys: &url, options: "" };
    let truststore = |path: &PathBuf| format!("<truststore><file>{}</file></truststore>", path.display());
    let gateway = realm.guarding("http.redirect", "http", &["*"], &truststore(&tls.anchor));
    assert_eq!(presented(&gateway, &good), 302);
    // The system does not know who signed its certificate.
    let stranger = gated(&url, "");
    assert_eq!(presented(&stranger, &good), 503);
    stranger.wait_for_log("no TLS");
}
