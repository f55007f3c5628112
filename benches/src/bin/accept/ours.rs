//! What our acceptor takes for the same tokens, in this process.

use std::{
    fs,
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use benches::{clock, lane::Failed};
use krb::keytab::Keytab;
use rustix::time::{ClockId, clock_gettime};
use tpg::{
    acceptor::{Acceptor, Seen, Verdict},
    keys::KeyTable,
    policy::Policy,
    replay::Memory,
    utc::Utc,
};

/// Authenticators that the gateway remembers unless told otherwise.
const CAPACITY: usize = 1_000_000;

/// Microseconds of processor time for each token, replays remembered.
pub(crate) fn cost(keytab: &Path, tokens: &[Vec<u8>]) -> Result<f64, Failed> {
    let policy = Policy::default();
    let keytab = Keytab::read(&fs::read(keytab)?)?;
    let (keys, _) = KeyTable::new(&keytab, &policy.services, &policy.enctypes);
    let acceptor = Acceptor::new(policy, keys);
    let memory = Memory::new(CAPACITY, Utc::default());
    let before = cpu();
    for token in tokens {
        accept(&acceptor, &memory, token)?;
    }
    let took = cpu().saturating_sub(before);
    Ok(took.as_secs_f64() * 1e6 / f64::from(u32::try_from(tokens.len())?))
}

fn accept(acceptor: &Acceptor, memory: &Memory, token: &[u8]) -> Result<(), Failed> {
    let now = clock::time_of_day();
    let now = Utc::new(now.as_secs().cast_signed(), now.subsec_micros());
    let seen = Seen::default();
    let dice = |octets: &mut [u8]| getrandom::fill(octets).unwrap_or_else(|_| std::process::abort());
    let mut judging = pin!(acceptor.accept(token, None, &seen, memory, now, &dice));
    match judging.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(judgement) => match judgement.verdict {
            Verdict::Granted { .. } => Ok(()),
            Verdict::Refused { refusal, .. } => Err(refusal.to_string().into()),
            Verdict::More { .. } => Err("one token was not enough".into()),
        },
        Poll::Pending => Err("a memory answers at once".into()),
    }
}

/// Processor time of this process so far, user and system: what getrusage tells MIT's side.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
