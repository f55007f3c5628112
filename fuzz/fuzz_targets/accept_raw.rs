//! The acceptor on tokens as they come: whatever they are, they are judged, and nobody but the one client whose captured
//! tokens are among the seeds is let in.

#![no_main]

use std::{
    future::Future,
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use krb::keytab::Keytab;
use libfuzzer_sys::fuzz_target;
use tpg::{
    acceptor::{Acceptor, Judgement, Seen, Verdict},
    keys::KeyTable,
    negotiation::Pending,
    policy::Policy,
    replay::Memory,
    utc::Utc,
};

/// When the captured tokens were made, 2026-11-22T04:18:39Z.
const NOW: Utc = Utc::new(1_795_321_119, 0);

/// The keys that open them.
const KEYTAB: &[u8] = include_bytes!("../../tests/data/mit-1.20.1/svc.keytab");

// The first octet says where the first of two tokens ends, in steps of 8 octets.
fuzz_target!(|octets: &[u8]| {
    let Some((cut, octets)) = octets.split_first() else { return };
    let (first, second) = octets.split_at((usize::from(*cut) * 8).min(octets.len()));
    let door = &*DOOR;
    let mut judgement = judge(door, first, None);
    if let Verdict::More { pending, .. } = judgement.verdict {
        judgement = judge(door, second, Some(pending));
    }
    if let Verdict::Granted { permit, .. } = judgement.verdict {
        assert_eq!(permit.identity().client.to_string(), "alice@H4.TEST");
    }
});

static DOOR: LazyLock<Acceptor> = LazyLock::new(|| {
    let keytab = Keytab::read(KEYTAB).expect("a keytab");
    let policy = Policy { allow_ms_framing: true, ..Policy::default() };
    let (keys, _) = KeyTable::new(&keytab, &policy.services, &policy.enctypes);
    Acceptor::new(policy, keys)
});

fn judge(door: &Acceptor, token: &[u8], pending: Option<Pending>) -> Judgement {
    let store = Memory::new(10, Utc::new(0, 0));
    let (seen, dice) = (Seen::default(), |octets: &mut [u8]| octets.fill(7));
    let judged = pin!(door.accept(token, pending, &seen, &store, NOW, &dice));
    match judged.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(judgement) => judgement,
        Poll::Pending => unreachable!("the store of one process answers at once"),
    }
}
