//! Tokens of an issuer that is not ours, judged by the keys that it publishes.

mod published;

use std::fmt::Write as _;

use peers::{Issuer, or_skipped};
use serde_json::{Value, json};
use ticketgate::ambient;
use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use super::{Folder, UPGRADE, ask, config, exchange, realms, service, status};
use crate::{door::admission, world::Gateway, ws_client::plain};

/// An issuer over HTTP with these keys, or none where the machine has no library for it.
fn issuer(keys: &[(&str, &str)]) -> Option<Issuer> {
    let mut issuer = or_skipped(Issuer::start(None))?;
    for (algorithm, kid) in keys {
        issuer.make(algorithm, kid).unwrap();
    }
    Some(issuer)
}

/// What a realm `tokens` says beside its login modules, where keys are, and further options of `jwt`.
struct Realm<'a> {
    words: &'a str,
    keys: &'a str,
    options: &'a str,
}

impl Realm<'_> {
    /// A service of this kind behind the realm, for users with these roles, and with this in the section `security`.
    fn guarding(&self, kind: &str, scheme: &str, roles: &[&str], security: &str) -> Gateway {
        Gateway::run(&self.configuration(kind, scheme, roles, security))
    }

    fn configuration(&self, kind: &str, scheme: &str, roles: &[&str], security: &str) -> String {
        let Self { words, keys, options } = self;
        let realm = format!(
            "<realm><name>tokens</name><authentication><http-challenge-scheme>Application Token</http-challenge-scheme>\
             {words}<login-modules><login-module><type>jwt</type><success>required</success><options><keys>{keys}</keys>\
             <issuer>https://login.test/</issuer><audience>gw</audience>{options}</options></login-module>\
             </login-modules></authentication></realm>"
        );
        let location =
            if kind == "http.redirect" { "<properties><location>/in/</location></properties>" } else { "" };
        let inside = format!("{location}<realm-name>tokens</realm-name>{}", realms::roles(roles));
        let service = service(kind, scheme, &inside);
        config(&format!("{service}<security>{security}{realm}</security>"))
    }
}

/// A gateway that sends elsewhere whoever has a token that is good by these keys.
fn gated(keys: &str, options: &str) -> Gateway {
    Realm { words: "", keys, options }.guarding("http.redirect", "http", &["*"], "")
}

/// The time of day in seconds since 1970.
fn seconds() -> i64 {
    ambient::time_of_day().0
}

/// Claims that are good for ten minutes.
fn claims() -> Value {
    let now = seconds();
    json!({ "iss": "https://login.test/", "aud": "gw", "sub": "alice", "iat": now, "nbf": now, "exp": now + 600 })
}

/// The same with these in their place.
fn claims_with(changed: &Value) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    claims
}

/// A good token.
fn token(issuer: &mut Issuer, kid: &str) -> String {
    issuer.sign(&claims(), &json!({ "kid": kid })).unwrap()
}

/// What becomes of a request with a token.
fn presented(gateway: &Gateway, token: &str) -> u16 {
    status(&ask(gateway, "GET /in", &format!("Authorization: Token {token}\r\n")))
}

const ALL: [&str; 10] =
    ["EdDSA", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];

#[test]
fn tokens_of_every_algorithm_are_judged_by_a_file_and_by_a_url() {
    let keys = ALL.map(|algorithm| (algorithm, algorithm));
    let Some(mut issuer) = issuer(&keys) else { return };
    let folder = Folder::new().with("jwks.json", issuer.set().unwrap());
    let file = folder.path("jwks.json").display().to_string();
    for place in [file, issuer.url()] {
        let algorithms = format!("<algorithms>{}</algorithms>", ALL.join(","));
        let (all, few) = (gated(&place, &algorithms), gated(&place, ""));
        for algorithm in ALL {
            let token = token(&mut issuer, algorithm);
            assert_eq!(presented(&all, &token), 302, "{algorithm} {place}");
            let expected = if matches!(algorithm, "EdDSA" | "ES256" | "ES384" | "RS256") { 302 } else { 403 };
            assert_eq!(presented(&few, &token), expected, "{algorithm} {place}");
        }
        assert_eq!(admission(&all, "granted")["client"], "alice");
        assert_eq!(admission(&few, "algorithm")["blame"], "peer");
    }
}

#[test]
fn a_token_comes_with_the_scheme_or_in_a_place_that_the_realm_declares() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let token = token(&mut issuer, "a");
    let words = "<http-header>X-Token</http-header><http-query-parameter>token</http-query-parameter>\
                 <http-cookie>token</http-cookie>";
    let realm = Realm { words, keys: &issuer.url(), options: "" };
    let echo = realm.guarding("echo", "ws", &["*"], "");
    let redirect = realm.guarding("http.redirect", "http", &["*"], "");
    for (target, lines) in [
        ("/in".to_owned(), format!("Authorization: Token {token}\r\n")),
        ("/in".to_owned(), format!("X-Token: {token}\r\n")),
        ("/in".to_owned(), format!("X-Token: Bearer {token}\r\n")),
        (format!("/in?token={token}"), String::new()),
        ("/in".to_owned(), format!("Cookie: a=b; token={token}\r\n")),
    ] {
        let request = format!("GET {target}");
        assert_eq!(status(&ask(&redirect, &request, &lines)), 302, "{target} {lines}");
        let mut stream = plain(echo.at("one"));
        let answer = exchange(&mut stream, &request, &(lines.clone() + UPGRADE));
        assert_eq!(status(&answer), 101, "{target} {lines}");
        let mut socket = WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None);
        socket.send(Message::text("hello")).unwrap();
        assert_eq!(socket.read().unwrap(), Message::text("hello"));
        // The same with a good token that somebody shortened.
        let bad = lines.replace(&token, &token[..token.len() - 4]);
        let request = request.replace(&token, &token[..token.len() - 4]);
        assert_eq!(status(&ask(&redirect, &request, &bad)), 403, "{target} {lines}");
        assert_eq!(status(&ask(&echo, &request, &(bad + UPGRADE))), 403, "{target} {lines}");
    }
}

#[test]
fn without_a_token_a_request_is_asked_for_one_and_an_upgrade_is_turned_away() {
    let Some(issuer) = issuer(&[("ES256", "a")]) else { return };
    let realm = Realm { words: "", keys: &issuer.url(), options: "" };
    let answer = ask(&realm.guarding("http.redirect", "http", &["*"], ""), "GET /in", "");
    assert_eq!((status(&answer), answer.value("www-authenticate")), (401, "Token"));
    let answer = ask(&realm.guarding("echo", "ws", &["*"], ""), "GET /in", UPGRADE);
    assert_eq!((status(&answer), answer.values("www-authenticate").len()), (403, 0));
}

#[test]
fn who_can_get_a_better_token_is_asked_again_and_a_forger_is_not() {
    let Some(mut issuer) = issuer(&[("ES256", "a"), ("RS256", "r"), ("ES256", "theirs")]) else { return };
    issuer.withdraw("theirs").unwrap();
    let gateway = gated(&issuer.url(), "");
    let (now, header) = (seconds(), json!({ "kid": "a" }));
    let mut with = |changed: Value| issuer.sign(&claims_with(&changed), &header).unwrap();
    let asked_again = [
        (with(json!({ "exp": now - 100 })), "expired"),
        (with(json!({ "nbf": now + 100 })), "not_yet"),
        (with(json!({ "iat": now + 100 })), "not_yet"),
    ];
    let mut denied = vec![
        (with(json!({ "iss": "https://thief.test/" })), "issuer"),
        (with(json!({ "aud": ["others"] })), "audience"),
        (with(json!({ "sub": "a\nb" })), "user"),
        (with(json!({ "exp": "1895338000" })), "claims"),
        (with(json!({ "exp": 1e300 })), "claims"),
        ("joe:welcome".to_owned(), "not_a_token"),
    ];
    assert_eq!(presented(&gateway, &with(json!({ "exp": now - 30, "nbf": now + 30 }))), 302);
    for (token, word) in asked_again {
        let answer = ask(&gateway, "GET /in", &format!("Authorization: Token {token}\r\n"));
        assert_eq!(status(&answer), 401, "{word}");
        assert!(
            answer.value("www-authenticate").starts_with("Token error=\"invalid_token\""),
            "{}",
            answer.text
        );
        admission(&gateway, word);
    }
    let unknown = token(&mut issuer, "theirs");
    assert_eq!(presented(&gateway, &unknown), 401);
    admission(&gateway, "unknown_key");
    denied.extend(forged(&mut issuer));
    for (token, word) in denied {
        let answer = ask(&gateway, "GET /in", &format!("Authorization: Token {token}\r\n"));
        assert_eq!((status(&answer), answer.values("www-authenticate").len()), (403, 0), "{word}: {token}");
        assert_eq!(admission(&gateway, word)["blame"], "peer");
    }
    let good = token(&mut issuer, "a");
    assert_eq!(presented(&gateway, &good), 302, "nobody is locked out by what cannot be guessed");
}

/// Tokens that are known to have deceived others, and the words that the log has for them.
fn forged(issuer: &mut Issuer) -> Vec<(String, &'static str)> {
    let good = token(issuer, "a");
    let parts: Vec<&str> = good.split('.').collect();
    let set = issuer.set().unwrap();
    let mut forged = vec![
        (
            issuer.sign(&claims(), &json!({ "kid": "a", "crit": ["x"], "x": 1 })).unwrap_or_default(),
            "not_a_token",
        ),
        (issuer.sign(&claims(), &json!({ "kid": "a", "cty": "JWT" })).unwrap(), "not_a_token"),
        (issuer.sign(&json!(good), &json!({ "kid": "a" })).unwrap(), "not_a_token"),
        (issuer.sign(&json!({ "a": "x".repeat(13_000) }), &json!({ "kid": "a" })).unwrap(), "not_a_token"),
        (format!("{}.{}.", parts[0], parts[1]), "signature"),
        (
            format!(
                "{}.{}.{}",
                parts[0],
                base64(&claims_with(&json!({ "sub": "bob" })).to_string()),
                parts[2]
            ),
            "signature",
        ),
    ];
    let mut nested = "[".repeat(5_000);
    write!(nested, "{}", "]".repeat(5_000)).unwrap();
    let deep = json!(format!("{{\"a\":{nested}}}"));
    forged.push((issuer.sign(&deep, &json!({ "kid": "a" })).unwrap(), "not_a_token"));
    let twice = claims().to_string().replacen('{', "{\"sub\":\"bob\",", 1);
    forged.push((issuer.sign(&json!(twice), &json!({ "kid": "a" })).unwrap(), "not_a_token"));
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header = base64(&json!({ "alg": alg, "kid": "a" }).to_string());
        forged.push((format!("{header}.{}.", parts[1]), "algorithm"));
    }
    // What is published is taken for the secret.
    for secret in [set.clone(), issuer.pem("r").unwrap(), issuer.pem("a").unwrap()] {
        forged.push((issuer.sign_with_secret(&claims(), "a", &secret).unwrap(), "algorithm"));
    }
    // The thief's key comes along.
    let brought = json!({ "kid": "a", "jwk": { "kty": "EC" }, "jku": "http://thief.test/", "x5u": "http://thief.test/" });
    forged.push((issuer.sign_by("theirs", &claims(), &brought).unwrap(), "signature"));
    forged
}

fn base64(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(text)
}

#[test]
fn users_and_roles_are_claims_that_are_named_by_paths() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let options = "<userClaim>https://login.test/claims.email</userClaim><roleClaim>realm_access.roles</roleClaim>\
                   <grant>GOLD=claim:plan=gold</grant>";
    let realm = Realm { words: "", keys: &issuer.url(), options };
    let gateway = realm.guarding("http.redirect", "http", &["boss", "GOLD"], "");
    let mut with = |roles: Value, plan: &str| {
        let changed = json!({
            "https://login.test/claims": { "email": "alice@login.test" }, "realm_access": { "roles": roles }, "plan": plan
        });
        issuer.sign(&claims_with(&changed), &json!({ "kid": "a" })).unwrap()
    };
    assert_eq!(presented(&gateway, &with(json!(["boss", "a,b"]), "gold")), 302);
    assert_eq!(admission(&gateway, "granted")["client"], "alice@login.test");
    assert_eq!(presented(&gateway, &with(json!("staff boss"), "gold")), 302);
    assert_eq!(presented(&gateway, &with(json!(["boss"]), "silver")), 403);
    assert_eq!(presented(&gateway, &with(json!(["staff", "GOLD"]), "gold")), 403);
}

#[test]
fn a_name_that_a_user_chose_is_no_role() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let realm = Realm { words: "", keys: &issuer.url(), options: "" };
    let gateway = realm.guarding("http.redirect", "http", &["boss"], "");
    let named = issuer.sign(&claims_with(&json!({ "sub": "boss" })), &json!({ "kid": "a" })).unwrap();
    assert_eq!(presented(&gateway, &named), 403);
    let held = issuer.sign(&claims_with(&json!({ "roles": ["boss"] })), &json!({ "kid": "a" })).unwrap();
    assert_eq!(presented(&gateway, &held), 302);
}

#[test]
fn a_socket_ends_with_its_token() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let echo = Realm { words: "", keys: &issuer.url(), options: "" }.guarding("echo", "ws", &["*"], "");
    let ends = json!({ "exp": seconds() + 3 });
    let token = issuer.sign(&claims_with(&ends), &json!({ "kid": "a" })).unwrap();
    let mut stream = plain(echo.at("one"));
    let answer = exchange(&mut stream, "GET /in", &format!("Authorization: Token {token}\r\n{UPGRADE}"));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    let mut socket = WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None);
    assert!(matches!(socket.read(), Ok(Message::Close(_))));
    assert!(seconds() >= ends["exp"].as_i64().unwrap());
}

#[test]
fn clocks_may_be_apart_as_far_as_it_says() {
    let Some(mut issuer) = issuer(&[("ES256", "a")]) else { return };
    let gateway = gated(&issuer.url(), "<clockSkew>10 s</clockSkew>");
    let old = claims_with(&json!({ "exp": seconds() - 30 }));
    let old = issuer.sign(&old, &json!({ "kid": "a" })).unwrap();
    assert_eq!(presented(&gateway, &old), 401);
}
