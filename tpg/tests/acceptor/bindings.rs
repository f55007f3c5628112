//! Whether a token is bound to the TLS connection (RFC 4121 section 4.1.1.2, RFC 5929, MS-KILE section 3.2.5.8).

use client::negotiate::ap_options;
use tpg::policy::Demand;

use crate::forge::{Door, Forge};

const A: [u8; 16] = [0xa; 16];
const X: [u8; 16] = [0xe; 16];

/// What becomes of a token with `presented` on a connection with `ours`: whether it is bound, or the refusal.
fn judged(
    demand: Demand,
    presented: Option<[u8; 16]>,
    asserted: bool,
    ours: &[[u8; 16]],
) -> Result<bool, &'static str> {
    let door = Door { bindings: ours.to_vec(), ..Door::that(|policy| policy.bindings = demand) };
    let mut forge = Forge::default();
    forge.options.bindings = presented;
    if asserted {
        forge.options.authorization_data.push(ap_options(0x4000));
    }
    let token = forge.token();
    match door.judge(&token, None).verdict {
        tpg::acceptor::Verdict::Granted { permit, .. } => Ok(permit.facts().bound),
        tpg::acceptor::Verdict::Refused { refusal, .. } => Err(refusal.word()),
        other => panic!("{other:?}"),
    }
}

/// MIT krb5 1.20.1, src/tests/gssapi/t_bindings.py; its licence is in tests/data/krb5/NOTICE. Its acceptor without
/// bindings is our mode `off`.
#[test]
fn the_truth_table_of_mit_krb5_holds() {
    for (presented, ours, asserted, wanted) in [
        (None, None, false, Ok(false)),
        (Some(A), None, false, Ok(false)),
        (Some(A), Some(A), false, Ok(true)),
        (None, Some(A), false, Ok(false)),
        (Some(A), Some(X), false, Err("binding_mismatch")),
        (None, None, true, Ok(false)),
        (Some(A), None, true, Ok(false)),
        (Some(A), Some(A), true, Ok(true)),
        (None, Some(A), true, Err("binding_withheld")),
        (Some(A), Some(X), true, Err("binding_mismatch")),
    ] {
        let found = match ours {
            None => judged(Demand::Off, presented, asserted, &[A]),
            Some(ours) => judged(Demand::IfPresent, presented, asserted, &[ours]),
        };
        assert_eq!(found, wanted, "{presented:?} {ours:?} {asserted}");
    }
}

#[test]
fn bindings_that_are_demanded_must_be_there_and_right() {
    for asserted in [false, true] {
        assert_eq!(judged(Demand::Require, None, asserted, &[A]), Err("binding_missing"));
        assert_eq!(judged(Demand::Require, Some(X), asserted, &[A]), Err("binding_mismatch"));
        assert_eq!(judged(Demand::Require, Some(A), asserted, &[A]), Ok(true));
    }
}

#[test]
fn each_certificate_that_may_have_been_shown_counts() {
    assert_eq!(judged(Demand::Require, Some(A), false, &[X, A]), Ok(true));
}

#[test]
fn without_tls_a_bound_token_was_made_for_another_connection() {
    assert_eq!(judged(Demand::IfPresent, Some(A), false, &[]), Err("binding_mismatch"));
    assert_eq!(judged(Demand::Require, Some(A), false, &[]), Err("binding_mismatch"));
}

#[test]
fn without_tls_a_client_that_binds_wherever_it_can_has_nothing_to_bind_to() {
    assert_eq!(judged(Demand::IfPresent, None, true, &[]), Ok(false));
    assert_eq!(judged(Demand::Require, None, true, &[]), Err("binding_missing"));
}

#[test]
fn zeros_are_no_binding_even_if_the_connection_had_them() {
    assert_eq!(judged(Demand::Require, Some([0; 16]), false, &[[0; 16]]), Err("binding_missing"));
}

#[test]
fn what_the_client_presented_is_told_to_the_operator() {
    let mut forge = Forge::default();
    forge.options.bindings = Some(A);
    let (_, _, found) = Door::default().refusal(&forge.token());
    assert_eq!(found.bindings, Some(A));
}
