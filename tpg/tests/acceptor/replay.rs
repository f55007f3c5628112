//! A token is good once (RFC 4120 section 3.2.3).

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use krb::name::{NT_PRINCIPAL, NT_UNKNOWN};
use tpg::{
    acceptor::Verdict,
    policy::{Policy, SKEW},
    refusal::Refusal,
    replay::{Memory, NotFresh, ReplayStore, Use},
    utc::Utc,
};

use crate::forge::{Door, Forge, NOW, at_once, code, entry, gw, instant, key, principal};

#[test]
fn a_second_use_in_one_process_is_refused() {
    let (door, token) = (Door::default(), Forge::mutual().token());
    door.accepts(&token);
    let (refusal, reply, _) = door.refusal(&token);
    assert_eq!((refusal.word(), code(reply)), ("replay", Some(34)));
}

#[test]
fn a_second_use_behind_another_door_with_the_same_store_is_refused() {
    let (first, token) = (Door::default(), Forge::default().token());
    first.accepts(&token);
    let second = Door { store: first.store, ..Door::with(Policy::default()) };
    assert_eq!(second.refused(&token), "replay");
}

#[test]
fn the_next_token_of_the_same_ticket_is_good() {
    let (door, forge) = (Door::default(), Forge::default());
    let ticket = forge.ticket();
    for micros in 0..10 {
        let forge = Forge { clock: instant(NOW, micros), ..Forge::default() };
        door.accepts(&forge.token_of(&forge.draft_of(ticket.clone())));
    }
}

#[test]
fn two_tokens_of_one_microsecond_are_two() {
    let (door, forge) = (Door::default(), Forge::default());
    let draft = forge.draft();
    door.accepts(&forge.token_of(&draft));
    door.accepts(&forge.token_of(&draft));
}

/// A token, and the same with what stands in clear text around the sealed parts changed.
fn rewritten(change: impl FnOnce(&mut client::negotiate::NegotiateDraft)) -> [Vec<u8>; 2] {
    // Both are sealed with the same dice, so nothing else differs.
    let (one, other) = (Forge::default(), Forge::default());
    [one.token(), other.token_with(change)]
}

fn is_a_replay(tokens: &[Vec<u8>; 2]) {
    let door = Door::default();
    assert_ne!(tokens[0], tokens[1]);
    door.accepts(&tokens[0]);
    assert_eq!(door.refused(&tokens[1]), "replay");
    let door = Door::default();
    door.accepts(&tokens[1]);
    assert_eq!(door.refused(&tokens[0]), "replay");
}

#[test]
fn a_ticket_whose_server_name_was_rewritten_is_still_a_replay() {
    is_a_replay(&rewritten(|draft| draft.ticket.sname = principal(&["HTTP", "GW.tgg.test"], "").name));
    is_a_replay(&rewritten(|draft| draft.ticket.sname = principal(&["HTTP", "other.tgg.test"], "").name));
}

#[test]
fn a_flipped_name_type_is_still_a_replay() {
    for name_type in [NT_UNKNOWN, NT_PRINCIPAL, -1] {
        is_a_replay(&rewritten(|draft| draft.ticket.sname.name_type = name_type));
    }
}

#[test]
fn another_key_version_on_the_ticket_is_still_a_replay() {
    is_a_replay(&rewritten(|draft| draft.ticket.enc_part.kvno = None));
    is_a_replay(&rewritten(|draft| draft.ticket.enc_part.kvno = Some(257)));
}

#[test]
fn another_list_of_mechanisms_is_still_a_replay() {
    is_a_replay(&rewritten(|draft| draft.mechs.clear()));
}

#[test]
fn other_options_are_still_a_replay() {
    is_a_replay(&rewritten(|draft| {
        draft.ap_options = krb::flags::Flags::with(&[krb::flags::ap::MUTUAL_REQUIRED]);
    }));
}

#[test]
fn the_same_key_under_another_name_is_still_a_replay() {
    let shared = key(krb::crypto::Enctype::Aes256CtsHmacSha1_96, 0x11);
    let alias = principal(&["HTTP", "alias.tgg.test"], "TGG.TEST");
    let door = Door::of(vec![entry(gw(), 1, &shared), entry(alias.clone(), 4, &shared)]);
    let [one, other] = rewritten(|draft| draft.ticket.sname = alias.name);
    door.accepts(&one);
    assert_eq!(door.refused(&other), "replay");
}

#[test]
fn of_many_threads_with_one_token_one_is_let_in() {
    let (door, token, granted) = (Door::default(), Forge::default().token(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    match door.judge(&token, None).verdict {
                        Verdict::Granted { .. } => granted.fetch_add(1, Ordering::Relaxed),
                        Verdict::Refused { refusal: Refusal::Replay { why: NotFresh::Seen }, .. } => 0,
                        other => panic!("{other:?}"),
                    };
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 1);
}

#[test]
fn a_token_from_a_clock_ahead_is_remembered_for_as_long_as_it_is_good() {
    let token = Forge { clock: instant(NOW + SKEW, 500_000), ..Forge::default() }.token();
    let mut door = Door { now: Utc::new(NOW + 1, 0), ..Door::default() };
    door.accepts(&token);
    for later in [1, SKEW, 2 * SKEW - 1, 2 * SKEW] {
        door.now = Utc::new(NOW + later, 500_000);
        assert_eq!(door.refused(&token), "replay", "{later} seconds later");
    }
    door.now = Utc::new(NOW + 2 * SKEW, 500_001);
    assert_eq!(door.refused(&token), "skew");
}

#[test]
fn what_was_made_before_the_store_began_is_refused() {
    let began = Utc::new(NOW, 0);
    let door = || Door { store: Memory::new(10, began), ..Door::default() };
    let before = Forge { clock: instant(NOW - 1, 999_999), ..Forge::mutual() };
    let (refusal, reply, _) = door().refusal(&before.token());
    assert_eq!((refusal.word(), code(reply)), ("before_start", Some(34)));
    door().accepts(&Forge::default().token());
}

#[test]
fn a_full_store_is_our_own_trouble_and_lets_nobody_in() {
    let door = Door { store: Memory::new(16, Utc::new(0, 0)), ..Door::default() };
    let mut full = None;
    for micros in 0..200 {
        let token = Forge { clock: instant(NOW, micros), ..Forge::default() }.token();
        if let Verdict::Refused { refusal, .. } = door.judge(&token, None).verdict {
            full.get_or_insert(refusal);
        }
    }
    let full = full.unwrap();
    assert_eq!((full.word(), full.is_ours()), ("replay_cache_full", true));
    assert!(door.store.len() <= 16);
}

/// A store that does not answer.
struct Down;

impl ReplayStore for Down {
    async fn remember(&self, _: Use, _: Utc) -> Result<(), NotFresh> {
        Err(NotFresh::Unavailable)
    }
}

#[test]
fn a_store_that_does_not_answer_lets_nobody_in() {
    let (door, token) = (Door::default(), Forge::default().token());
    let seen = tpg::acceptor::Seen::default();
    let dice = |octets: &mut [u8]| door.dice.fill(octets);
    let judgement = at_once(door.acceptor.accept(&token, None, &seen, &Down, door.now, &dice));
    let Verdict::Refused { refusal, .. } = judgement.verdict else { panic!() };
    assert!(refusal.is_ours());
}

#[test]
fn what_is_refused_anyway_takes_no_room() {
    let door = Door::default();
    let mut forge = Forge::default();
    forge.part.endtime = crate::forge::time(NOW - 1000);
    assert_eq!(door.refused(&forge.token()), "expired");
    let mut bound = Forge::default();
    bound.options.bindings = Some([1; 16]);
    assert_eq!(door.refused(&bound.token()), "binding_mismatch");
    assert!(door.store.is_empty());
}

#[test]
fn a_token_without_its_end_is_no_first_use() {
    let (door, token) = (Door::default(), Forge::default().token());
    assert_eq!(door.refused(&token[..token.len() - 1]), "framing");
    door.accepts(&token);
}
