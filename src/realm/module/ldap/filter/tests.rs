//! That filters are read and written as RFC 4515 and RFC 4511 have them, whatever users are called.

use super::*;

fn octets(filter: &str, user: &str) -> Vec<u8> {
    filter.parse::<Filter>().unwrap().encode(user, "cn=x")
}

#[test]
fn a_comparison_is_what_the_specification_has() {
    assert_eq!(octets("(uid={USERNAME})", "joe"), b"\xa3\x0a\x04\x03uid\x04\x03joe");
    assert_eq!(octets("(member={USERDN})", "joe"), b"\xa3\x0e\x04\x06member\x04\x04cn=x");
    assert_eq!(octets("(a>=1)", ""), b"\xa5\x06\x04\x01a\x04\x011");
    assert_eq!(octets("(a<=1)", ""), b"\xa6\x06\x04\x01a\x04\x011");
    assert_eq!(octets("(a~=1)", ""), b"\xa8\x06\x04\x01a\x04\x011");
    assert_eq!(octets("(a=*)", ""), b"\x87\x01a");
    assert_eq!(octets("(a=x*y**z)", ""), b"\xa4\x0e\x04\x01a\x30\x09\x80\x01x\x81\x01y\x82\x01z");
    assert_eq!(octets("(a=*y*)", ""), b"\xa4\x08\x04\x01a\x30\x03\x81\x01y");
    assert_eq!(octets("(a:dn:2.5.13.2:=b)", ""), b"\xa9\x13\x81\x082.5.13.2\x82\x01a\x83\x01b\x84\x01\xff");
    assert_eq!(octets("(:r:=b)", ""), b"\xa9\x06\x81\x01r\x83\x01b");
}

#[test]
fn filters_stand_in_each_other() {
    let inner = octets("(a=1)", "");
    let twice = [inner.clone(), inner.clone()].concat();
    assert_eq!(octets("(&(a=1)(a=1))", ""), [&[0xa0, 16][..], &twice].concat());
    assert_eq!(octets("(|(a=1) (a=1))", ""), [&[0xa1, 16][..], &twice].concat());
    assert_eq!(octets("(!(a=1))", ""), [&[0xa2, 8][..], &inner].concat());
    assert_eq!(octets("(&)", ""), [0xa0, 0]);
}

#[test]
fn nothing_in_a_name_is_a_part_of_the_filter() {
    for user in ["*", ")(uid=*", "joe)(|(uid=*", "\\2a", "\\", "\0", "{USERNAME}", "{USERDN}", "Jürgen"] {
        let expected = {
            let mut inside = Vec::new();
            push(&mut inside, OCTETS, b"uid");
            push(&mut inside, OCTETS, user.as_bytes());
            let mut out = Vec::new();
            push(&mut out, EQUAL, &inside);
            out
        };
        assert_eq!(octets("(uid={USERNAME})", user), expected, "{user:?}");
    }
}

#[test]
fn escapes_of_the_operator_are_octets() {
    assert_eq!(octets("(a=\\2a\\28\\C3\\a9)", ""), b"\xa3\x09\x04\x01a\x04\x04*(\xc3\xa9");
}

#[test]
fn what_is_no_filter_is_told() {
    let wrong = |text: &str| text.parse::<Filter>().unwrap_err();
    for text in ["", "uid={USERNAME}", "(a=1", "(a=1))", "(&(a=1)", "(!a=1)", "(a=(b))", "()(a=1)", "(&a=1)"]
    {
        let error = wrong(text);
        assert!(matches!(error, FilterError::Balance | FilterError::Item(_)), "{text}: {error:?}");
    }
    assert_eq!(wrong("(uid)"), FilterError::Item("uid".to_owned()));
    assert_eq!(wrong("(=x)"), FilterError::Item("=x".to_owned()));
    assert_eq!(wrong("({USERNAME}=x)"), FilterError::Item("{USERNAME}=x".to_owned()));
    assert_eq!(wrong("(a=**)"), FilterError::Item("a=**".to_owned()));
    assert_eq!(wrong("(a=\\2)"), FilterError::Escape);
    assert_eq!(wrong("(a=\\zz)"), FilterError::Escape);
    assert_eq!(wrong("(uid={USER})"), FilterError::Placeholder("{USER}".to_owned()));
    assert_eq!(wrong(&("(!".repeat(99) + "(a=1)" + &")".repeat(99))), FilterError::Depth);
}

#[test]
fn the_attributes_that_hold_the_name_are_known() {
    let compared = |text: &str| -> Vec<String> {
        let filter: Filter = text.parse().unwrap();
        filter.compared().into_iter().map(str::to_owned).collect()
    };
    assert_eq!(compared("(&(objectClass=person)(|(uid={USERNAME})(mail={USERNAME})))"), ["uid", "mail"]);
    assert!(compared("(!(uid={USERNAME}))").is_empty());
    assert!(compared("(mail={USERNAME}@example.com)").is_empty());
    assert!(compared("(uid={USERNAME}*)").is_empty());
}

#[test]
fn a_filter_knows_who_is_put_in() {
    let filter: Filter = "(|(member={USERDN})(&(!(a=x{USERNAME}))))".parse().unwrap();
    assert!(filter.has(&Part::User) && filter.has(&Part::Dn));
    let filter: Filter = "(a=b*)".parse().unwrap();
    assert!(!filter.has(&Part::User) && !filter.has(&Part::Dn));
}
