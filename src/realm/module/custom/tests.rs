//! What modules of the operator's own are asked, and which of their answers are understood.

use std::time::Duration;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::*;
use crate::{
    realm::{
        credentials::{Credentials, Declared, Presented},
        module::Fault,
        visitor::Visitor,
    },
    record::RequestId,
};

fn asked(credentials: &Credentials) -> (String, Value) {
    let visitor = Visitor::new("[::ffff:192.0.2.1]:5".parse().unwrap(), true, Vec::new());
    let id = RequestId::next();
    let attempt = Attempt { id, realm: "demo\"", service: "one", credentials, visitor: &visitor };
    let text = String::from_utf8(question(&attempt).to_vec()).unwrap();
    assert!(!text.contains('\n'), "a question is one line");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["login"], id.to_string());
    (text, value)
}

fn declared(name: &str, value: Option<&str>) -> Declared {
    Declared { name: name.to_owned(), value: value.map(|value| Zeroizing::new(value.to_owned())) }
}

#[test]
fn a_question_is_one_line_of_json_whatever_is_presented() {
    let token = "a\"b\\c\n\r\u{0}\u{2028}é".to_owned();
    let credentials = Credentials {
        presented: Presented::Token(Zeroizing::new(token.clone())),
        declared: vec![
            declared("x-token", Some("1")),
            declared("x-token", Some("2")),
            declared("sso", None),
            declared("q\"", Some("}{")),
        ],
    };
    let (text, value) = asked(&credentials);
    assert_eq!((&value["version"], &value["phase"]), (&1.into(), &"login".into()));
    assert_eq!((&value["realm"], &value["service"]), (&"demo\"".into(), &"one".into()));
    assert_eq!((&value["peer"], &value["secure"]), (&"192.0.2.1".into(), &true.into()));
    assert_eq!((&value["scheme"], &value["token"]), (&"Token".into(), &token.into()));
    assert_eq!(value["values"], json!({"x-token": "1", "q\"": "}{"}));
    assert_eq!(text.matches("x-token").count(), 1, "of one name the first counts");
}

#[test]
fn passwords_and_tickets_are_asked_about_by_their_scheme() {
    let password = Password { name: "joe".to_owned(), password: Zeroizing::new("wel:come".to_owned()) };
    let (_, value) =
        asked(&Credentials { presented: Presented::Password(password), ..Credentials::default() });
    assert_eq!((&value["scheme"], &value["user"]), (&"Basic".into(), &"joe".into()));
    assert_eq!((&value["password"], value.get("token")), (&"wel:come".into(), None));
    let (_, value) =
        asked(&Credentials { presented: Presented::Ticket(vec![0, 255]), ..Credentials::default() });
    assert_eq!((&value["scheme"], &value["token"]), (&"Negotiate".into(), &"AP8=".into()));
    let (_, value) = asked(&Credentials::default());
    assert_eq!((value.get("scheme"), &value["values"]), (None, &json!({})));
}

fn understood(text: &str) -> Result<Said, AnswerError> {
    read(text.as_bytes(), "7", false)
}

#[test]
fn a_success_brings_all_that_it_says() {
    let said = understood(
        r#"{"login":"7","result":"success","principals":["joe","joe@x"],"roles":["A","B"],"local_name":"j","ends":99,
            "session_timeout":60,"authorization_timeout":30,"claims":{"team":["x"]},
            "shared":{"user":"u","password":"p"}}"#,
    );
    let Ok(Said::Success { brought, password }) = said else { panic!("{said:?}") };
    assert_eq!(brought.names.iter().map(|name| &name.text[..]).collect::<Vec<_>>(), ["joe", "joe@x"]);
    assert_eq!(brought.roles, ["A".to_owned(), "B".to_owned()].into());
    assert_eq!((brought.local_name.as_deref(), brought.ends), (Some("j"), Some(99)));
    assert_eq!(brought.session_timeout, Some(Duration::from_secs(60)));
    assert_eq!(brought.authorization_timeout, Some(Duration::from_secs(30)));
    assert_eq!(brought.facts.claims["team"], json!(["x"]));
    let password = password.unwrap();
    assert_eq!((&password.name[..], &password.password[..]), ("u", "p"));
}

#[test]
fn what_is_not_understood_in_full_is_refused() {
    for text in [
        "",
        "null",
        "[]",
        "\"success\"",
        r#"{"result":"success","principals":["joe"]} x"#,
        r#"{"result":"success","principals":["joe"]}{"result":"failure"}"#,
        r#"{"result":"failure","result":"success","principals":["joe"]}"#,
        r#"{"principals":["joe"]}"#,
        r#"{"result":"Success","principals":["joe"]}"#,
        r#"{"result":true,"principals":["joe"]}"#,
        r#"{"result":"success"}"#,
        r#"{"result":"success","principals":[]}"#,
        r#"{"result":"success","principals":"joe"}"#,
        r#"{"result":"success","principals":[""]}"#,
        r#"{"result":"success","principals":[1]}"#,
        r#"{"result":"success","principals":["joe\u0000"]}"#,
        r#"{"result":"success","principals":["joe\u001f"]}"#,
        r#"{"result":"success","principals":["joe"],"principal":"x"}"#,
        r#"{"result":"success","principals":["joe"],"why":"x"}"#,
        r#"{"result":"success","principals":["joe"],"roles":["a,b"]}"#,
        r#"{"result":"success","principals":["joe"],"roles":["a b"]}"#,
        r#"{"result":"success","principals":["joe"],"roles":{}}"#,
        r#"{"result":"success","principals":["joe"],"local_name":""}"#,
        r#"{"result":"success","principals":["joe"],"ends":"soon"}"#,
        r#"{"result":"success","principals":["joe"],"ends":1.5}"#,
        r#"{"result":"success","principals":["joe"],"session_timeout":-1}"#,
        r#"{"result":"success","principals":["joe"],"session_timeout":1e99}"#,
        r#"{"result":"success","principals":["joe"],"claims":[]}"#,
        r#"{"result":"success","principals":["joe"],"shared":{"user":"u"}}"#,
        r#"{"result":"success","principals":["joe"],"shared":{"user":"u\n","password":"p"}}"#,
        r#"{"result":"success","principals":["joe"],"shared":{"user":"u","password":"p","x":1}}"#,
        r#"{"login":"8","result":"success","principals":["joe"]}"#,
        r#"{"login":7,"result":"success","principals":["joe"]}"#,
        r#"{"result":"challenge","data":["a\r\nb: c"]}"#,
        r#"{"result":"challenge","data":["é"]}"#,
        r#"{"result":"challenge","data":[""]}"#,
        r#"{"result":"challenge","data":"a"}"#,
        r#"{"result":"failure","why":"a\nb"}"#,
        r#"{"result":"failure","why":1}"#,
        r#"{"result":"ignored","why":"x"}"#,
    ] {
        let read = understood(text);
        assert!(read.is_err(), "{text}: {read:?}");
    }
    let deep = format!(
        "{{\"result\":\"success\",\"principals\":[\"j\"],\"claims\":{{\"a\":{}}}}}",
        "[".repeat(9000)
    );
    assert!(understood(&deep).is_err());
    let long = format!("{{\"result\":\"success\",\"principals\":[\"{}\"]}}", "x".repeat(1025));
    assert!(matches!(understood(&long), Err(AnswerError::Member("principals"))));
    let huge = format!("{{\"result\":\"ignored\"{}}}", " ".repeat(MAX_ANSWER));
    assert!(matches!(understood(&huge), Err(AnswerError::Long)));
    let words = format!("{{\"result\":\"challenge\",\"data\":[\"{}\"]}}", "x".repeat(5000));
    assert!(matches!(understood(&words), Err(AnswerError::Challenge)));
}

#[test]
fn a_program_must_say_which_login_it_answers_and_a_service_may() {
    let text = br#"{"result":"ignored"}"#;
    assert!(matches!(read(text, "7", true), Err(AnswerError::Login)));
    assert!(matches!(read(text, "7", false), Ok(Said::Ignored)));
}

#[test]
fn a_commit_needs_no_names() {
    let committed = |text: &str| committed(&read_committed(text.as_bytes(), "7", false).unwrap());
    assert!(committed(r#"{"result":"success"}"#).is_ok());
    assert_eq!(committed(r#"{"result":"failure","why":"x"}"#).unwrap_err().fault, Fault::Peer);
    assert_eq!(committed(r#"{"result":"ignored"}"#).unwrap_err().fault, Fault::Module);
    assert!(read_committed(br#"{"result":"success","principls":[]}"#, "7", false).is_err());
}

fn judged(text: &str) -> (Verdict, Shared) {
    let mut shared = Shared::default();
    (verdict(understood(text).unwrap(), &mut shared, 100), shared)
}

#[test]
fn whoever_has_no_time_left_is_not_let_in() {
    let with = |more: &str| judged(&format!(r#"{{"result":"success","principals":["joe"]{more}}}"#)).0;
    assert!(matches!(with(""), Verdict::Success(_)));
    assert!(matches!(with(r#","ends":101,"session_timeout":1"#), Verdict::Success(_)));
    for more in
        [r#","ends":100"#, r#","ends":-1"#, r#","session_timeout":0"#, r#","authorization_timeout":0"#]
    {
        let said = with(more);
        assert!(
            matches!(&said, Verdict::Failure(failure) if failure.fault == Fault::Peer),
            "{more}: {said:?}"
        );
    }
}

#[test]
fn a_challenge_and_a_password_are_for_those_behind() {
    let (said, shared) = judged(r#"{"result":"challenge","data":["foo=\"bar\"","baz"]}"#);
    assert!(matches!(said, Verdict::Failure(failure) if failure.fault == Fault::Peer));
    assert_eq!(shared.challenge.unwrap(), ["foo=\"bar\"", "baz"]);
    let (_, shared) =
        judged(r#"{"result":"success","principals":["j"],"shared":{"user":"u","password":"p"}}"#);
    assert_eq!(shared.password.unwrap().name, "u");
}
