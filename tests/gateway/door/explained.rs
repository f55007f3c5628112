//! `ticketgate explain`, with tokens of a real KDC's tickets.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use client::negotiate::NegotiateOptions;

use crate::{ticket::token, world::realm};

/// Runs it with this token on its standard input: exit code and what it says.
fn explain(token: &str, flags: &[&str]) -> (Option<i32>, String) {
    let keytab = realm().dir().join("services.keytab");
    let mut child = Command::new(env!("CARGO_BIN_EXE_ticketgate"))
        .args(["explain", "--keytab", keytab.to_str().unwrap()])
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn base64() -> String {
    STANDARD.encode(token(&NegotiateOptions::default()).token())
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn a_token_that_is_cut_off_anywhere_is_judged_as_well() {
    let whole = token(&NegotiateOptions::default()).token().to_vec();
    for end in (1..whole.len()).step_by(whole.len() / 40) {
        let (code, text) = explain(&STANDARD.encode(&whole[..end]), &[]);
        assert_eq!(code, Some(1), "{end}: {text}");
        assert_says(&text, &["REFUSED ("]);
    }
}

#[test]
fn a_good_token_is_shown_as_a_tree_and_accepted() {
    let (code, text) = explain(&base64(), &[]);
    assert_eq!(code, Some(0), "{text}");
    assert_says(
        &text,
        &[
            "SPNEGO, for Kerberos",
            "ticket for HTTP/gw.tgg.test@TGG.TEST",
            "opened with the key of HTTP/gw.tgg.test@TGG.TEST, version 1",
            "client alice@TGG.TEST",
            "pre-authent",
            "PAC with a good signature",
            "mutual authentication",
            "ACCEPTED",
        ],
    );
}

#[test]
fn the_whole_field_is_taken_as_well_as_the_token() {
    let (code, text) = explain(&format!("Authorization: Negotiate {}\n", base64()), &[]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_refusal_names_the_check_that_failed_and_the_remedy() {
    let (code, text) = explain(&base64(), &["--principal", "HTTP/other.test"]);
    assert_eq!(code, Some(1), "{text}");
    assert_says(&text, &["REFUSED (no_keys", "fault of operator", "HTTP/gw.tgg.test@TGG.TEST is not used"]);
    let (code, text) = explain(&base64(), &["--pac", "require", "--target-name", "require"]);
    assert_eq!(code, Some(1), "{text}");
    assert_says(&text, &["REFUSED (target_name_missing", "only Windows clients say it"]);
}

#[test]
fn a_token_that_is_too_old_is_also_judged_at_its_own_time() {
    let (code, text) = explain(&base64(), &["--at", "2031-01-01T00:00:00Z"]);
    assert_eq!(code, Some(1), "{text}");
    assert_says(&text, &["REFUSED (expired", "kinit"]);
}

#[test]
fn what_is_no_token_is_a_wrong_use_and_a_missing_keytab_a_wrong_setting() {
    assert_eq!(explain("not base64!", &[]).0, Some(64));
    assert_eq!(explain("", &[]).0, Some(64));
    let output = Command::new(env!("CARGO_BIN_EXE_ticketgate"))
        .args(["explain", "--keytab", "/nonexistent/keytab", "YIIB"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent/keytab"));
}
