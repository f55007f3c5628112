//! Sessions: for whom, until when, and what is none.

use super::*;

const NOW: i64 = 1_000_000;
const HOUR: Lasts = Lasts { life: 3600, idle: None };

fn alice() -> Subject {
    Subject { principal: "alice@TGG.TEST".to_owned(), ..Subject::default() }
}

fn lasting(lasts: Lasts) -> Sessions {
    Sessions::new("__Host-ticketgate".to_owned(), lasts, NOW).unwrap()
}

fn sessions() -> Sessions {
    lasting(HOUR)
}

/// What a browser would send back.
fn sent(cookie: &HeaderValue) -> String {
    let pair = cookie.to_str().unwrap().split(';').next().unwrap();
    pair.strip_prefix("__Host-ticketgate=").unwrap().to_owned()
}

fn value(sessions: &Sessions, subject: &Subject, proof_ends: i64) -> String {
    sent(&sessions.begin(subject, None, Some(proof_ends), NOW).unwrap())
}

#[test]
fn a_session_says_whom_it_is_for_until_it_ends() {
    let sessions = sessions();
    let value = value(&sessions, &alice(), NOW + 600);
    let session = sessions.find(&value, NOW + 599).unwrap();
    assert_eq!((session.subject, session.proof_ends), (alice(), Some(NOW + 600)));
    assert!(sessions.find(&value, NOW + 600).is_none());
}

#[test]
fn a_session_never_outlives_its_proof_nor_its_own_life() {
    let sessions = sessions();
    for (proof_ends, ends) in [(NOW + 600, NOW + 600), (NOW + 100_000, NOW + 3600)] {
        let value = value(&sessions, &alice(), proof_ends);
        assert!(sessions.find(&value, ends - 1).is_some(), "{proof_ends}");
        assert!(sessions.find(&value, ends).is_none(), "{proof_ends}");
    }
}

#[test]
fn a_session_knows_that_its_proof_lasts_longer_or_has_no_end() {
    let sessions = sessions();
    let long = value(&sessions, &alice(), NOW + 100_000);
    assert_eq!(sessions.find(&long, NOW).unwrap().proof_ends, Some(NOW + 100_000));
    let endless = sent(&sessions.begin(&alice(), None, None, NOW).unwrap());
    assert_eq!(sessions.find(&endless, NOW).unwrap().proof_ends, None);
}

#[test]
fn a_session_that_idles_ends_and_one_that_is_used_goes_on_until_its_life_ends() {
    let sessions = lasting(Lasts { life: 3600, idle: Some(80) });
    let first = sent(&sessions.begin(&alice(), None, None, NOW).unwrap());
    assert!(sessions.find(&first, NOW + 80).is_none());
    let session = sessions.find(&first, NOW + 79).unwrap();
    let second = sent(&sessions.renew(&session, NOW + 79).unwrap());
    let session = sessions.find(&second, NOW + 158).unwrap();
    assert_eq!(session.ends, NOW + 3600, "no use makes it last longer than its life");
    assert!(sessions.find(&second, NOW + 159).is_none());
}

#[test]
fn a_session_that_has_idled_is_known_as_one_until_its_life_ends() {
    let sessions = lasting(Lasts { life: 3600, idle: Some(80) });
    let cookie = sessions.begin(&alice(), Some([7; 16]), None, NOW).unwrap();
    assert!(cookie.to_str().unwrap().ends_with("Max-Age=3600"), "a browser is to send it then");
    let look = |now| sessions.look(&sent(&cookie), now);
    assert!(matches!(look(NOW + 79), Some(Found::Live(_))));
    assert!(matches!(look(NOW + 80), Some(Found::Idle(session)) if session.digest == Some([7; 16])));
    assert_eq!(look(NOW + 3600), None);
    sessions.end_all_of("alice@TGG.TEST", NOW);
    assert_eq!(look(NOW + 80), None);
}

#[test]
fn a_cookie_is_not_renewed_with_each_request() {
    let sessions = lasting(Lasts { life: 3600, idle: Some(80) });
    let session = sessions.find(&sent(&sessions.begin(&alice(), None, None, NOW).unwrap()), NOW).unwrap();
    assert!(sessions.renew(&session, NOW + 9).is_none());
    assert!(sessions.renew(&session, NOW + 10).is_some());
    let endless = self::sessions();
    assert!(endless.renew(&session, NOW + 100).is_none(), "what does not idle needs no renewal");
}

#[test]
fn all_sessions_of_a_user_can_be_ended_and_a_new_one_begun_at_once() {
    let sessions = sessions();
    let bob = Subject { principal: "bob".to_owned(), ..Subject::default() };
    let (old, other) = (value(&sessions, &alice(), NOW + 600), value(&sessions, &bob, NOW + 600));
    sessions.end_all_of("alice@TGG.TEST", NOW);
    let new = value(&sessions, &alice(), NOW + 600);
    assert!(sessions.find(&old, NOW).is_none());
    assert!(sessions.find(&other, NOW).is_some());
    assert!(sessions.find(&new, NOW).is_some());
}

#[test]
fn more_ended_users_than_are_remembered_end_all_sessions() {
    let sessions = sessions();
    let bobs = value(&sessions, &Subject { principal: "bob".to_owned(), ..alice() }, NOW + 600);
    for number in 0..=MAX_ENDED {
        sessions.end_all_of(&number.to_string(), NOW);
    }
    assert!(sessions.find(&bobs, NOW).is_none());
}

#[test]
fn a_new_key_comes_once_a_day_and_sessions_of_the_last_go_on() {
    let sessions = lasting(Lasts { life: 2 * ROTATION, idle: None });
    let first = sent(&sessions.begin(&alice(), None, None, NOW).unwrap());
    let second = sent(&sessions.begin(&alice(), None, None, NOW + ROTATION).unwrap());
    assert_ne!(first[..2], second[..2], "the number of the key");
    assert!(sessions.find(&first, NOW + ROTATION).is_some());
    assert!(sessions.find(&second, NOW + ROTATION).is_some());
    let later = NOW + 5 * ROTATION;
    let _third = sessions.begin(&alice(), None, None, later).unwrap();
    assert_eq!(sessions.keys.load().past.len(), 0, "keys that no session has are forgotten");
}

#[test]
fn a_clock_that_is_set_back_does_not_make_a_session_last_longer() {
    let sessions = sessions();
    let value = value(&sessions, &alice(), NOW + 600);
    assert!(sessions.find(&value, NOW - 30).is_some(), "time servers correct as much");
    assert!(sessions.find(&value, NOW - 3600).is_none());
}

#[test]
fn an_altered_cookie_is_none() {
    let sessions = sessions();
    let value = value(&sessions, &alice(), NOW + 600);
    for place in 0..value.len() {
        let mut altered = value.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        assert!(sessions.find(str::from_utf8(&altered).unwrap(), NOW).is_none(), "octet {place}");
    }
    assert!(sessions.find("", NOW).is_none());
    assert!(sessions.find("AAAA", NOW).is_none());
    assert!(
        sessions.find(&format!("{value}{}", "A".repeat(MAX_COOKIE)), NOW).is_none(),
        "too long to be one"
    );
}

#[test]
fn a_cookie_of_another_realm_or_process_is_none() {
    let value = value(&sessions(), &alice(), NOW + 600);
    assert!(sessions().find(&value, NOW).is_none());
}

#[test]
fn each_login_has_a_value_of_its_own() {
    let sessions = sessions();
    assert_ne!(value(&sessions, &alice(), NOW + 600), value(&sessions, &alice(), NOW + 600));
}

#[test]
fn a_cookie_that_browsers_would_drop_is_not_set() {
    let roles = (0..1000).map(|number| format!("role-{number}")).collect();
    assert!(sessions().begin(&Subject { roles, ..alice() }, None, None, NOW).is_none());
}

#[test]
fn the_cookie_is_kept_from_scripts_other_sites_and_plain_http() {
    let cookie = sessions().begin(&alice(), None, Some(NOW + 600), NOW).unwrap();
    let (_, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=600");
    assert!(sessions().forget().to_str().unwrap().contains("Max-Age=0"));
}
