//! What tokens say, as issuers say it and as they should not.

use serde_json::json;

use super::*;

const NOW: i64 = 1_795_338_000;

fn demands() -> Demands {
    Demands {
        issuer: "https://login.test/".to_owned(),
        audiences: vec!["gw".to_owned(), "https://gw.test/".to_owned()],
        user_claim: "sub".to_owned(),
        role_claim: "roles".to_owned(),
        skew: Duration::from_secs(60),
    }
}

/// Good claims, with these in their place; `null` takes one out.
fn claims(changed: &Value) -> Map<String, Value> {
    let good = json!({ "iss": "https://login.test/", "aud": "gw", "sub": "alice", "exp": NOW + 600 });
    let mut claims = good.as_object().unwrap().clone();
    for (name, value) in changed.as_object().unwrap() {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    claims
}

fn judge(changed: &Value) -> Result<Brought, ClaimsError> {
    demands().judge(claims(changed), NOW)
}

fn roles(demands: &Demands, changed: &Value) -> Vec<String> {
    demands.judge(claims(changed), NOW).unwrap().roles.into_iter().collect()
}

#[test]
fn good_claims_bring_a_user_whose_name_is_no_role() {
    let brought = judge(&json!({ "roles": ["a", "b"], "x": { "y": 1 } })).unwrap();
    assert_eq!(brought.names, [Name { text: "alice".to_owned(), is_role: false }]);
    assert_eq!(brought.roles.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(brought.ends, Some(NOW + 600));
    assert_eq!(brought.facts.claims["x"]["y"], 1);
}

#[test]
fn the_issuer_is_the_one_to_the_letter() {
    for iss in ["https://login.test", "https://LOGIN.test/", "https://login.test//", ""] {
        assert!(matches!(judge(&json!({ "iss": iss })), Err(ClaimsError::Issuer(_))), "{iss}");
    }
    for iss in [json!(["https://login.test/"]), json!(1), json!(true)] {
        assert!(matches!(judge(&json!({ "iss": iss })), Err(ClaimsError::Issuer(_))), "{iss}");
    }
    assert!(matches!(judge(&json!({ "iss": null })), Err(ClaimsError::Missing("iss"))));
}

#[test]
fn one_audience_of_several_is_enough() {
    for aud in [json!("gw"), json!("https://gw.test/"), json!(["other", "gw"]), json!([1, "gw"])] {
        assert!(judge(&json!({ "aud": aud })).is_ok(), "{aud}");
    }
    for aud in [
        json!("other"),
        json!("GW"),
        json!(""),
        json!([]),
        json!(["other"]),
        json!([["gw"]]),
        json!({ "gw": 1 }),
        json!(0),
    ] {
        assert!(matches!(judge(&json!({ "aud": aud })), Err(ClaimsError::Audience(_))), "{aud}");
    }
    assert!(matches!(judge(&json!({ "aud": null })), Err(ClaimsError::Missing("aud"))));
}

#[test]
fn a_token_ends_when_it_says_and_clocks_may_be_apart() {
    assert!(matches!(judge(&json!({ "exp": null })), Err(ClaimsError::Missing("exp"))));
    for (exp, is_good) in [(1, true), (0, true), (-59, true), (-60, false), (-61, false), (-1_000_000, false)]
    {
        assert_eq!(judge(&json!({ "exp": NOW + exp })).is_ok(), is_good, "{exp}");
    }
    for exp in [json!(0), json!(-1), json!(i64::MIN)] {
        assert!(matches!(judge(&json!({ "exp": exp })), Err(ClaimsError::Expired(_))), "{exp}");
    }
    let exact = Demands { skew: Duration::ZERO, ..demands() };
    assert!(exact.judge(claims(&json!({ "exp": NOW })), NOW).is_err());
    assert!(exact.judge(claims(&json!({ "exp": NOW + 1 })), NOW).is_ok());
}

#[test]
fn a_token_is_not_good_before_it_says_so() {
    for claim in ["nbf", "iat"] {
        for (begins, is_good) in [(-1_000_000, true), (0, true), (60, true), (61, false), (1_000_000, false)]
        {
            let judged = judge(&json!({ claim: NOW + begins }));
            assert_eq!(judged.is_ok(), is_good, "{claim} {begins}");
            assert!(is_good || matches!(judged, Err(ClaimsError::NotYet { .. })));
        }
    }
}

#[test]
fn times_are_numbers_and_may_have_fractions() {
    let brought = judge(&json!({ "exp": 1_795_338_100.75, "nbf": 1_795_338_000.5, "iat": 0.0 })).unwrap();
    assert_eq!(brought.ends, Some(NOW + 100));
    assert_eq!(judge(&json!({ "exp": i64::MAX })).unwrap().ends, Some(i64::MAX));
    for name in ["exp", "nbf", "iat"] {
        for time in [
            json!("1895338000"),
            json!(1e300),
            json!(-1.5),
            json!(u64::MAX),
            json!([NOW]),
            json!({}),
            json!(true),
        ] {
            let judged = judge(&json!({ name: time }));
            assert!(matches!(judged, Err(ClaimsError::Time(_))), "{name} {time}: {judged:?}");
        }
        let mut claims = claims(&json!({}));
        claims.insert(name.to_owned(), Value::Null);
        assert!(matches!(demands().judge(claims, NOW), Err(ClaimsError::Time(_))), "{name}");
    }
}

#[test]
fn a_user_is_text_without_control_characters() {
    for sub in [
        json!(""),
        json!("a\nb"),
        json!("a\u{0}"),
        json!("a\u{85}"),
        json!(7),
        json!(["alice"]),
        json!({}),
        json!(null),
    ] {
        assert!(matches!(judge(&json!({ "sub": sub })), Err(ClaimsError::User(_))), "{sub}");
    }
    assert_eq!(judge(&json!({ "sub": "Zoë, the 1st" })).unwrap().names[0].text, "Zoë, the 1st");
}

#[test]
fn claims_are_found_by_paths_and_a_name_with_dots_is_found_first() {
    let demands = |user: &str, role: &str| Demands {
        user_claim: user.to_owned(),
        role_claim: role.to_owned(),
        ..demands()
    };
    let said = json!({
        "realm_access": { "roles": ["a"], "user": "bob" },
        "https://example.com/roles": ["b"],
        "resource_access": { "my.app": { "roles": ["c"] }, "my": { "app": { "roles": ["wrong"] } } },
        "x.y": ["d"], "x": { "y": ["wrong"] },
    });
    for (path, expected) in [
        ("realm_access.roles", "a"),
        ("https://example.com/roles", "b"),
        ("resource_access.my.app.roles", "c"),
        ("x.y", "d"),
    ] {
        assert_eq!(roles(&demands("sub", path), &said), [expected], "{path}");
    }
    for path in
        ["", ".", "realm_access.", ".realm_access", "realm_access..roles", "realm_access.roles.0", "no"]
    {
        assert!(roles(&demands("sub", path), &said).is_empty(), "{path}");
    }
    let brought = demands("realm_access.user", "roles").judge(claims(&said), NOW).unwrap();
    assert_eq!(brought.names[0].text, "bob");
}

#[test]
fn roles_are_a_list_or_text_with_blanks_or_commas() {
    for said in
        [json!(["a", "b"]), json!("a b"), json!("a,b"), json!(" a , b,"), json!(["a", 7, "b", null, ["c"]])]
    {
        assert_eq!(roles(&demands(), &json!({ "roles": said })), ["a", "b"], "{said}");
    }
    for said in [json!(7), json!({ "a": 1 }), json!(true), json!(""), json!([])] {
        assert!(roles(&demands(), &json!({ "roles": said })).is_empty(), "{said}");
    }
}

#[test]
fn what_cannot_be_a_role_is_left_out() {
    let said = json!(["a b", "a,b", "a=b", "a\"b", "a\nb", "é", "", "good"]);
    assert_eq!(roles(&demands(), &json!({ "roles": said })), ["good"]);
}
