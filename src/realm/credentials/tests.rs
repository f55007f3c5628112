//! What requests present, read and taken out.

use http::Request;

use super::*;

fn head(target: &str, fields: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().uri(target);
    for (name, value) in fields {
        request = request.header(*name, value.as_bytes());
    }
    request.body(()).unwrap().into_parts().0
}

fn presented(kind: Kind, fields: &[&str]) -> Result<Presented, CredentialsError> {
    let fields: Vec<_> = fields.iter().map(|field| ("authorization", *field)).collect();
    Credentials::read(&head("/", &fields), kind, &Sources::default()).map(|read| read.presented)
}

fn password(name: &str, password: &str) -> Presented {
    Presented::Password(Password { name: name.to_owned(), password: password.to_owned().into() })
}

fn declaring() -> Sources {
    Sources {
        headers: vec![HeaderName::from_static("x-token")],
        parameters: vec!["token".to_owned(), "a b".to_owned()],
        cookies: vec!["sso".to_owned()],
    }
}

#[test]
fn the_scheme_has_no_case_and_padding_may_be_missing() {
    for field in ["Negotiate YWI=", "negotiate YWI=", "NEGOTIATE  YWI", "Negotiate YWI"] {
        assert_eq!(presented(Kind::Negotiate, &[field]), Ok(Presented::Ticket(b"ab".to_vec())), "{field}");
    }
    for field in ["Basic am9lOndlbGNvbWU=", "bAsIc am9lOndlbGNvbWU"] {
        assert_eq!(presented(Kind::Basic, &[field]), Ok(password("joe", "welcome")), "{field}");
    }
    for field in ["Token 1:joe:welcome", "token  1:joe:welcome "] {
        let token = Presented::Token("1:joe:welcome".to_owned().into());
        assert_eq!(presented(Kind::Token, &[field]), Ok(token), "{field}");
    }
}

#[test]
fn a_scheme_alone_presents_nothing_and_another_scheme_is_another() {
    for field in ["Negotiate", "Negotiate ", ""] {
        assert_eq!(presented(Kind::Negotiate, &[field]), Ok(Presented::Nothing), "{field}");
    }
    for field in ["Basic YWI=", "NegotiateX YWI=", "Application Negotiate YWI="] {
        assert_eq!(presented(Kind::Negotiate, &[field]), Ok(Presented::Other), "{field}");
    }
    assert_eq!(presented(Kind::Negotiate, &[]), Ok(Presented::Nothing));
}

#[test]
fn of_two_fields_neither_is_chosen() {
    let refused = presented(Kind::Negotiate, &["Negotiate YWI=", "Negotiate YWI="]);
    assert_eq!(refused, Err(CredentialsError::Duplicate));
}

#[test]
fn what_is_not_base64_is_said_to_be_that() {
    for field in ["Negotiate YW I=", "Negotiate YW-_", "Negotiate %"] {
        assert_eq!(presented(Kind::Negotiate, &[field]), Err(CredentialsError::NotBase64), "{field}");
    }
}

#[test]
fn a_token_above_the_limit_is_not_decoded() {
    let long = format!("Negotiate {}", "A".repeat(MAX_TOKEN * 2));
    assert_eq!(presented(Kind::Negotiate, &[&long]), Err(CredentialsError::TooLong));
}

#[test]
fn a_name_ends_at_the_first_colon_and_both_are_utf8_or_else_latin1() {
    let field = |octets: &[u8]| format!("Basic {}", BASE64.encode(octets));
    for (octets, name, secret) in [
        (&b"joe:a:b"[..], "joe", "a:b"),
        ("jöe:pä".as_bytes(), "jöe", "pä"),
        (b"j\xf6e:p\xe4", "jöe", "pä"),
        (b"joe:", "joe", ""),
        (b":x", "", "x"),
    ] {
        assert_eq!(presented(Kind::Basic, &[&field(octets)]), Ok(password(name, secret)));
    }
    for octets in [&b"joe"[..], b"jo\0e:x", b"joe\n:x"] {
        assert_eq!(presented(Kind::Basic, &[&field(octets)]), Err(CredentialsError::NotPassword));
    }
}

#[test]
fn declared_places_are_read_in_their_order_and_the_first_that_has_something_counts() {
    let head = head("/x?b=1&token=t%201&a+b=", &[("x-token", ""), ("cookie", "sso=c")]);
    let read = Credentials::read(&head, Kind::Token, &declaring()).unwrap();
    let values: Vec<_> = read
        .declared
        .iter()
        .map(|declared| (declared.name.as_str(), declared.value.as_ref().map(|value| value.as_str())))
        .collect();
    assert_eq!(
        values,
        [("x-token", Some("")), ("token", Some("t 1")), ("a b", Some("")), ("sso", Some("c"))]
    );
    assert_eq!(read.presented, Presented::Token("t 1".to_owned().into()));
    assert!(!read.is_empty());
}

#[test]
fn the_authorization_field_goes_before_declared_places() {
    let head = head("/?token=other", &[("authorization", "Token mine")]);
    let read = Credentials::read(&head, Kind::Token, &declaring()).unwrap();
    assert_eq!(read.presented, Presented::Token("mine".to_owned().into()));
    assert_eq!(read.declared[1].value.as_ref().unwrap().as_str(), "other");
}

#[test]
fn a_declared_place_may_hold_what_stands_behind_the_scheme_with_it_or_without() {
    for value in ["Basic am9lOndlbGNvbWU=", "am9lOndlbGNvbWU="] {
        let read = Credentials::read(&head("/", &[("x-token", value)]), Kind::Basic, &declaring()).unwrap();
        assert_eq!(read.presented, password("joe", "welcome"), "{value}");
    }
    let read = Credentials::read(&head("/", &[("x-token", "opaque!")]), Kind::Basic, &declaring()).unwrap();
    assert_eq!(read.presented, Presented::Nothing);
    assert!(!read.is_empty(), "a module of its own may read it");
}

#[test]
fn nothing_in_any_place_is_nothing() {
    let read = Credentials::read(&head("/?token=&x=1", &[("x-token", "")]), Kind::Token, &declaring());
    assert!(read.unwrap().is_empty());
}

#[test]
fn of_two_cookies_neither_is_chosen() {
    let head = head("/", &[("cookie", "sso=1; sso=2")]);
    let refused = Credentials::read(&head, Kind::Token, &declaring()).unwrap_err();
    assert_eq!(refused, CredentialsError::DuplicateCookie);
}

#[test]
fn what_is_presented_reaches_nobody_behind_the_gateway() {
    let target = "http://h/x?b=%31&token=t&a%20b=1&a+b=2&to%6ben=3&tokens=4&c";
    let fields = [
        ("x-token", "secret"),
        ("authorization", "Token secret"),
        ("cookie", "sso=secret; theirs=1"),
        ("x-other", "stays"),
    ];
    let mut head = head(target, &fields);
    declaring().conceal(&mut head, Kind::Token);
    assert_eq!(head.uri, "http://h/x?b=%31&tokens=4&c");
    assert!(!format!("{head:?}").contains("secret"));
    assert_eq!(head.headers["cookie"], "theirs=1");
    assert_eq!(head.headers["x-other"], "stays");
}

#[test]
fn a_query_of_credentials_alone_leaves_no_question_mark() {
    let mut head = head("/x?token=t", &[]);
    declaring().conceal(&mut head, Kind::Token);
    assert_eq!(head.uri, "/x");
}

#[test]
fn what_a_page_has_in_its_own_address_is_not_told_to_the_back_end_either() {
    for (referer, left) in [
        ("https://gw/page?x=1&token=secret", Some("https://gw/page?x=1")),
        ("https://gw/page?token=secret", Some("https://gw/page")),
        ("https://gw/page?x=1", Some("https://gw/page?x=1")),
        ("https://gw/pagü?token=secret", None),
    ] {
        let mut head = head("/x", &[("referer", referer)]);
        declaring().conceal(&mut head, Kind::Token);
        assert_eq!(head.headers.get("referer").map(|value| value.to_str().unwrap()), left, "{referer}");
    }
}

#[test]
fn credentials_of_another_scheme_are_the_back_ends() {
    let mut head = head("/", &[("authorization", "Bearer theirs")]);
    declaring().conceal(&mut head, Kind::Basic);
    assert_eq!(head.headers["authorization"], "Bearer theirs");
}

#[test]
fn secrets_are_not_formatted() {
    let fields = [("authorization", "Basic am9lOndlbGNvbWU="), ("x-token", "opaque")];
    let read = Credentials::read(&head("/?token=query", &fields), Kind::Basic, &declaring()).unwrap();
    let shown = format!("{read:?}");
    for secret in ["welcome", "opaque", "query"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
