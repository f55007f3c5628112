//! Tokens for back ends: verified with PyJWT as `docs/identity.md` shows it, with the keys that the running gateway publishes.

use std::{
    fs,
    process::{Command, Output},
};

use super::{
    Folder, UPGRADE, ask, config, exchange,
    realms::{kerberos, roles},
    status,
};
use crate::{backend::Backend, ticket::authorization, world::Gateway, ws_client::plain};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const FIELD: &str = "<identity-token-header>X-Token</identity-token-header>";

/// A gateway with an `http.proxy` that tells tokens, and management beside it.
fn telling(web: &Backend, properties: &str) -> Gateway {
    let grants = "<grant>staff=realm:TGG.TEST</grant><grant>boss=principal:alice@TGG.TEST</grant>";
    let services = format!(
        "<service><name>one</name><accept>http://127.0.0.1:0/in</accept><connect>{}</connect>\
         <type>http.proxy</type><properties>{properties}</properties><realm-name>kerberos</realm-name>{}</service>\
         <service><name>inside</name><accept>http://localhost:0/inside</accept><type>management</type>\
         <realm-name>kerberos</realm-name>{}</service>",
        web.url("http"),
        roles(&["*"]),
        roles(&["boss"])
    );
    Gateway::run_with(&[], &config(&format!("{services}<security>{}</security>", kerberos(grants))), 2)
}

/// The token that a back end is told of alice, who sends these lines.
fn told(gateway: &Gateway, web: &Backend, lines: &str) -> String {
    let answer = ask(gateway, "GET /in", &format!("{}{lines}", authorization()));
    assert_eq!(status(&answer), 200, "{}", answer.text);
    web.head().value("x-token").to_owned()
}

/// What the example of the documentation makes of a token.
fn verified(gateway: &Gateway, issuer: &str, audience: &str, token: &str) -> Output {
    let document = include_str!("../../../docs/identity.md");
    let (_, from) = document.split_once("```python\n").unwrap();
    let (program, _) = from.split_once("```").unwrap();
    let jwks = format!("http://{}/inside/jwks.json", gateway.at("inside"));
    // Debian's own, which python3-jwt is for.
    let mut python = Command::new("/usr/bin/python3");
    let run = python.args(["-c", program, &jwks, issuer, audience, token]).env("no_proxy", "*").output();
    run.expect("Python with PyJWT is needed: testkdc/packages tests")
}

#[track_caller]
fn assert_verified(gateway: &Gateway, issuer: &str, audience: &str, token: &str) {
    let run = verified(gateway, issuer, audience, token);
    let said = String::from_utf8_lossy(&run.stdout);
    assert_eq!(said, "alice@TGG.TEST boss staff kerberos True\n", "{}", String::from_utf8_lossy(&run.stderr));
}

#[track_caller]
fn assert_refused(gateway: &Gateway, issuer: &str, audience: &str, token: &str) {
    let run = verified(gateway, issuer, audience, token);
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success() && said.starts_with("refused: "), "{said}");
}

#[test]
fn a_back_end_verifies_tokens_with_the_keys_that_are_published() {
    let web = Backend::answering(OK);
    let gateway = telling(&web, FIELD);
    let token = told(&gateway, &web, "X-Token: forged\r\nx_token: forged\r\n");
    assert_verified(&gateway, "127.0.0.1", "one", &token);
    assert_refused(&gateway, "127.0.0.1", "other", &token);
    assert_refused(&gateway, "other", "one", &token);
    let (claims, signature) = token.rsplit_once('.').unwrap();
    let (first, rest) = signature.split_at(1);
    let other = if first == "A" { "B" } else { "A" };
    assert_refused(&gateway, "127.0.0.1", "one", &format!("{claims}.{other}{rest}"));
    let another = telling(&web, FIELD);
    assert_refused(&another, "127.0.0.1", "one", &token);
}

#[test]
fn issuer_and_audience_are_those_that_are_configured() {
    let web = Backend::answering(OK);
    let names = "<identity-token-issuer>https://gw.test</identity-token-issuer>\
                 <identity-token-audience>shop</identity-token-audience>";
    let gateway = telling(&web, &format!("{FIELD}{names}"));
    assert_verified(&gateway, "https://gw.test", "shop", &told(&gateway, &web, ""));
}

#[test]
fn gateways_that_share_a_file_of_keys_verify_each_others_tokens_and_read_it_again_when_it_changes() {
    let web = Backend::answering(OK);
    let folder = Folder::new();
    let file = folder.0.join("tokens.pem");
    let pem = || rcgen::KeyPair::generate().unwrap().serialize_pem();
    let (old, new) = (pem(), pem());
    fs::write(&file, &old).unwrap();
    let keys = format!("{FIELD}<identity-token-keys>{}</identity-token-keys>", file.display());
    let [one, other] = [(); 2].map(|()| telling(&web, &keys));
    let token = told(&one, &web, "");
    assert_verified(&other, "127.0.0.1", "one", &token);
    fs::write(&file, format!("{new}{old}")).unwrap();
    other.signal("HUP");
    other.wait_for_log("\"Reloaded\"");
    let turned = told(&other, &web, "");
    assert_ne!(turned.split('.').next(), token.split('.').next());
    for token in [&token, &turned] {
        assert_verified(&other, "127.0.0.1", "one", token);
    }
    assert_refused(&one, "127.0.0.1", "one", &turned);
}

#[test]
fn whoever_asks_has_the_public_keys_and_nothing_else_of_the_inside() {
    let gateway = telling(&Backend::answering(OK), FIELD);
    let ask = |request: &str| exchange(&mut plain(gateway.at("inside")), request, "");
    let keys = ask("GET /inside/jwks.json");
    assert_eq!((status(&keys), keys.value("content-type")), (200, "application/jwk-set+json"));
    let set = String::from_utf8(keys.ahead.clone()).unwrap();
    assert!(set.contains("\"kid\"") && !set.contains("\"d\""), "{set}");
    for request in
        ["GET /inside/", "GET /inside/sessions", "GET /inside/jwks.json/", "POST /inside/jwks.json"]
    {
        assert_eq!(status(&ask(request)), 401, "{request}");
    }
}

#[test]
fn a_socket_is_opened_with_a_token_too() {
    let echo = Backend::echo();
    let gateway = telling(&echo, FIELD);
    let answer = exchange(&mut plain(gateway.at("one")), "GET /in", &format!("{UPGRADE}{}", authorization()));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    assert_verified(&gateway, "127.0.0.1", "one", echo.head().value("x-token"));
}

#[test]
fn by_default_there_is_no_token_and_no_key() {
    let web = Backend::answering(OK);
    let gateway = telling(&web, "");
    assert_eq!(status(&ask(&gateway, "GET /in", &authorization())), 200);
    assert!(!web.head().text.contains("eyJ"));
    let keys = exchange(&mut plain(gateway.at("inside")), "GET /inside/jwks.json", "");
    assert_eq!(keys.ahead, b"{\"keys\":[]}");
}
