//! Tests of lists of cipher suites.

use super::*;

/// The names of the suites of a list.
fn names(list: &str) -> Vec<&'static str> {
    let Suites(chosen) = Suites::parse(list).unwrap();
    chosen.iter().map(|id| SUITES.iter().find(|suite| suite.id == *id).unwrap().openssl).collect()
}

fn refused(list: &str) -> Vec<(String, Reason)> {
    match Suites::parse(list).unwrap_err() {
        SuitesError::Refused { names } => names.into_iter().map(|why| (why.name, why.reason)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_table_has_every_suite_of_rustls_in_its_order() {
    let all: Vec<CipherSuite> =
        aws_lc_rs::default_provider().cipher_suites.iter().map(|suite| suite.suite()).collect();
    assert_eq!(Suites::default(), Suites(all));
}

#[test]
fn the_default_of_the_documents_is_all_that_there_is() {
    assert_eq!(Suites::parse("HIGH,MEDIUM,!ADH,!KRB5"), Ok(Suites::default()));
    assert_eq!(Suites::parse("ALL:!aNULL:!eNULL:!EXPORT:!RC4"), Ok(Suites::default()));
}

#[test]
fn a_suite_has_the_names_of_iana_java_and_openssl() {
    let wanted = ["ECDHE-RSA-AES128-GCM-SHA256"];
    for name in [
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "SSL_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ecdhe-rsa-aes128-gcm-sha256",
    ] {
        assert_eq!(names(name), wanted, "{name}");
    }
}

#[test]
fn names_keep_their_order() {
    let list = "ECDHE-RSA-CHACHA20-POLY1305,TLS_AES_128_GCM_SHA256,ECDHE-ECDSA-AES256-GCM-SHA384";
    assert_eq!(names(list), list.split(',').collect::<Vec<_>>());
}

#[test]
fn what_is_barred_cannot_be_added_again() {
    assert_eq!(names("!AES,ALL"), names("CHACHA20"));
}

#[test]
fn what_is_taken_out_can_be_added_again() {
    let added = "TLS_AES_128_GCM_SHA256";
    assert_eq!(names(&format!("ALL,-AES,{added}")).last(), Some(&added));
}

#[test]
fn plus_moves_to_the_end_and_joins_groups() {
    let last: Vec<&str> = names("ALL,+CHACHA20").split_off(6);
    assert_eq!(last, names("CHACHA20"));
    let joined = names("aRSA+AES256");
    assert_eq!(joined, ["TLS_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"]);
}

#[test]
fn longer_keys_come_first_by_strength() {
    let last = names("ALL,@STRENGTH").split_off(6);
    assert!(last.iter().all(|name| name.contains("128")), "{last:?}");
}

#[test]
fn who_bars_a_kind_of_certificate_keeps_tls_13() {
    assert!(names("ALL,!aRSA").contains(&"TLS_AES_256_GCM_SHA384"));
}

#[test]
fn each_suite_that_there_is_not_is_refused_with_its_reason() {
    for (name, reason) in [
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Reason::Block),
        ("ECDHE-RSA-AES256-SHA384", Reason::Block),
        ("SSL_RSA_WITH_RC4_128_MD5", Reason::Broken),
        ("DES-CBC3-SHA", Reason::Broken),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", Reason::NoForwardSecrecy),
        ("AES128-SHA", Reason::NoForwardSecrecy),
        ("TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", Reason::NoForwardSecrecy),
        ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", Reason::FiniteField),
        ("SSL_DH_anon_WITH_RC4_128_MD5", Reason::Anonymous),
        ("TLS_KRB5_WITH_RC4_128_SHA", Reason::Kerberos),
        ("SSL_RSA_EXPORT_WITH_RC4_40_MD5", Reason::Export),
        ("TLS_RSA_WITH_NULL_SHA256", Reason::NotEncrypted),
        ("TLS_AES_128_CCM_SHA256", Reason::Rare),
        ("TLS_PSK_WITH_AES_128_GCM_SHA256", Reason::SharedSecret),
        ("HIHG", Reason::Unknown),
        ("TLS_AES_512_GCM_SHA512", Reason::Unknown),
    ] {
        assert_eq!(refused(name), [(name.to_owned(), reason)], "{name}");
    }
}

#[test]
fn all_names_that_cannot_be_used_are_told_at_once_with_what_there_is() {
    let error = Suites::parse("AES128-SHA,TLS_AES_128_GCM_SHA256,DES-CBC3-SHA").unwrap_err().to_string();
    for part in ["AES128-SHA cannot", "DES-CBC3-SHA cannot", "there are TLS_AES_256_GCM_SHA384, "] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn to_take_out_what_there_is_not_is_no_mistake_but_a_misspelling_is() {
    assert_eq!(Suites::parse("ALL,!AES128-SHA,-RC4-MD5"), Ok(Suites::default()));
    assert_eq!(refused("ALL,!AES182-SHA"), [("AES182-SHA".to_owned(), Reason::Unknown)]);
}

#[test]
fn javas_sign_of_safe_renegotiation_is_no_suite_and_no_mistake() {
    assert_eq!(names("TLS_AES_128_GCM_SHA256,TLS_EMPTY_RENEGOTIATION_INFO_SCSV"), ["TLS_AES_128_GCM_SHA256"]);
}

#[test]
fn a_list_that_leaves_nothing_is_refused() {
    for list in ["", "MEDIUM", "HIGH,!ALL", "!KRB5"] {
        assert_eq!(Suites::parse(list), Err(SuitesError::Nothing), "{list}");
    }
}

#[test]
fn suites_of_another_protocol_leave_nothing_to_offer() {
    let tls13 = Protocols::parse("TLSv1.3").unwrap();
    assert!(Suites::parse("ECDHE-RSA-AES128-GCM-SHA256").unwrap().provider(tls13).is_none());
}
