//! What is said of the options of `jwt` that are wrong, word for word, and what the sound ones come to.

use super::{CURRENT, read, said::said};
use crate::{
    config::model::module::{Judge, Jwt},
    realm::module::jwt::{algorithm::Algorithm, source::Origin},
};

/// A realm whose module has these options beside an issuer and an audience.
fn realm(options: &str) -> String {
    format!(
        "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name>\
         <authentication><http-challenge-scheme>Application Token</http-challenge-scheme><login-modules><login-module>\
         <type>jwt</type><success>required</success><options><issuer>i</issuer><audience>a</audience>{options}</options>\
         </login-module></login-modules></authentication></realm></security>"
    )
}

fn jwt(options: &str) -> Jwt {
    let text = format!("<gateway-config xmlns=\"{CURRENT}\">{}</gateway-config>", realm(options));
    let (config, _) = read(&text).unwrap();
    match &config.realms[0].authentication.modules[0].judge {
        Judge::Jwt(jwt) => (**jwt).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn algorithms_that_are_not_accepted_are_told_with_the_reason() {
    let keys = "<keys>https://login.test/</keys>";
    let said = |words: &str| said(&realm(&format!("{keys}<algorithms>{words}</algorithms>")));
    assert_eq!(
        said("ES256,HS256,none,rs256"),
        [
            "error: <algorithms> names `HS256`; its key is a secret that the gateway would share with the issuer, and where such are accepted a public key is taken for one; have tokens signed with ES256 or RS256",
            "error: <algorithms> names `none`; a token that nobody signed can be from anybody; take it out",
            "error: <algorithms> names `rs256`; use EdDSA, ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384 or RS512, in capitals as here",
        ]
    );
    assert!(said("EdDSA,ES256,ES384,ES512,PS256,PS384,PS512,RS256,RS384,RS512").is_empty());
}

#[test]
fn keys_that_are_neither_in_a_file_nor_at_a_url_to_be_trusted_are_told() {
    let said = |keys: &str| said(&realm(&format!("<keys>{keys}</keys>")));
    let write = "write it as https://HOST[:PORT]/…, or as the name of a file without file:";
    for keys in ["ftp://login.test/jwks.json", "file:///etc/jwks.json", "https://"] {
        assert_eq!(said(keys), [format!("error: <keys> is `{keys}`; {write}")]);
    }
    assert_eq!(
        said("http://login.test/jwks.json"),
        [
            "error: <keys> is `http://login.test/jwks.json`; who carries http:// can put keys of its own in place of the issuer's, and sign for everybody; write it with https:// (http:// is for this host only: 127.0.0.1, [::1], localhost)"
        ]
    );
    for keys in ["https://login.test/jwks.json", "http://127.0.0.1:8080/"] {
        assert!(said(keys).is_empty(), "{keys}");
    }
}

#[test]
fn what_is_not_said_has_its_default() {
    let jwt = jwt("<keys>jwks.json</keys>");
    let expected = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Rs256];
    assert_eq!(jwt.algorithms, expected);
    assert_eq!((&*jwt.demands.user_claim, &*jwt.demands.role_claim), ("sub", "roles"));
    assert_eq!(jwt.demands.skew.as_secs(), 60);
    assert!(matches!(&jwt.keys.value, Origin::File(path) if path.ends_with("jwks.json")));
}
