//! Challenges as servers write them.

use proptest::prelude::*;

use super::*;

fn read(field: &str) -> Vec<Challenge> {
    Challenge::read([field]).unwrap()
}

fn one(field: &str) -> Challenge {
    let mut all = read(field);
    assert_eq!(all.len(), 1, "{field}");
    all.remove(0)
}

#[test]
fn a_list_is_split_where_a_scheme_begins() {
    // RFC 9110 section 11.6.1.
    let field = r#"Basic realm="simple, \"quoted\"", Newauth realm="apps", type=1, title="Login, please""#;
    let all = read(field);
    assert_eq!(all.iter().map(Challenge::scheme).collect::<Vec<_>>(), ["Basic", "Newauth"]);
    assert_eq!(all[0].parameter("REALM").unwrap(), r#"simple, "quoted""#);
    assert_eq!(all[1].parameter("title").unwrap(), "Login, please");
    assert_eq!(all[1].parameter("type").unwrap(), "1");
    assert_eq!(all[1].parameter("none"), None);
    let several = Challenge::read(["Negotiate, Basic realm=x", "NTLM"]).unwrap();
    assert_eq!(several.iter().map(Challenge::scheme).collect::<Vec<_>>(), ["Negotiate", "Basic", "NTLM"]);
}

#[test]
fn a_token_keeps_its_padding() {
    let challenge = one("Negotiate oYG2MIGzoAMKAQA==");
    assert_eq!(challenge.token(), Some("oYG2MIGzoAMKAQA=="));
    assert_eq!(one("Negotiate").token(), None);
    assert_eq!(one("Basic realm=\"x\"").token(), None);
}

#[test]
fn the_prefix_for_scripts_is_no_scheme() {
    let challenge = one("Application Basic realm=\"demo\"");
    assert!(challenge.is("basic") && challenge.is_application());
    assert_eq!(challenge.parameter("realm").unwrap(), "demo");
    assert!(!one("Basic realm=\"demo\"").is_application());
    // What KAAZING Gateway writes of login modules has blanks between parameters, and may have none.
    let token = one("Application Token foo=\"bar\" baz=\"quxx\"");
    assert_eq!((token.parameter("foo"), token.parameter("baz")), (Some("bar".into()), Some("quxx".into())));
    assert_eq!(one("Application Token").parameters(), "");
    let negotiate = one("Application Negotiate wss://tgg.example.com/kerberos5 joe");
    assert_eq!((negotiate.scheme(), negotiate.token()), ("Negotiate", None));
    assert_eq!(one("Application").scheme(), "Application");
}

#[test]
fn what_is_no_challenge_is_refused() {
    for field in ["\"Basic\"", "=", "Basic=", "Basic\u{1}", "Basic/x realm=1", "Negotiate x, =y\"", "é"] {
        let read = Challenge::read([field]);
        assert!(!matches!(&read, Ok(all) if all.is_empty()), "{field} {read:?}");
    }
    assert!(matches!(Challenge::read(["Basic/x realm=1"]), Err(ChallengeError::Unreadable)));
    assert!(matches!(Challenge::read(["Basic,".repeat(17).as_str()]), Err(ChallengeError::Many)));
    let long = format!("Negotiate {}", "A".repeat(MAX_FIELD));
    assert!(matches!(Challenge::read([&*long]), Err(ChallengeError::Long)));
    assert_eq!(read(" , ,"), []);
    assert_eq!(one("Basic realm=\"never closed").parameter("realm"), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read(realm in "[ -~]{0,40}", scheme in "[A-Za-z][A-Za-z0-9-]{0,9}") {
        let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
        let field = format!("{scheme} realm=\"{quoted}\", Negotiate");
        prop_assume!(!scheme.eq_ignore_ascii_case("application"));
        let all = read(&field);
        prop_assert_eq!(all.len(), 2);
        prop_assert_eq!(all[0].scheme(), scheme);
        prop_assert_eq!(all[0].parameter("realm"), Some(realm));
    }

    #[test]
    fn anything_can_be_read(field in ".{0,200}") {
        for challenge in Challenge::read([&*field]).unwrap_or_default() {
            let _ = (challenge.token(), challenge.parameter("realm"));
        }
    }
}
