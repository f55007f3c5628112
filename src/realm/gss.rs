//! Tickets, judged by the acceptor: it is given the clock, the dice, the keytab and the memory of this process.

use std::{
    future::Future,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use krb::name::Principal;
use tokio::time::{MissedTickBehavior, interval};
use tpg::{
    acceptor::{Acceptor, Judgement, Seen},
    keys::{KeyTable, NotUsed, Skipped},
    negotiation::Pending,
    policy::Policy,
    replay::{Memory, NotFresh, ReplayStore, Use},
    utc::Utc,
};
use tracing::{debug, error, info, warn};

use super::{
    keytab_file::{self, KeytabFileError},
    replay_file::{ReplayFile, ReplayFileError},
};
use crate::{ambient, file_state::FileState};

/// How often the keytab is looked at. A changed password is of no use before its key is here.
const LOOK: Duration = Duration::from_secs(1);

/// How often it is said that the keytab cannot be used.
const REMIND: Duration = Duration::from_secs(60);

/// What the acceptor is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The keytab.
    pub keytab: PathBuf,
    /// What is demanded.
    pub policy: Policy,
    /// Authenticators that the replay cache has room for; 0 switches it off.
    pub replay_capacity: usize,
    /// Where it is kept over a restart, if anywhere.
    pub replay_file: Option<PathBuf>,
}

/// The acceptor of one door, and what it remembers.
#[derive(Debug)]
pub struct Gss {
    settings: Settings,
    acceptor: ArcSwap<Acceptor>,
    /// The state of the keytab when it was last read, whether or not it could be used.
    seen: Mutex<Option<FileState>>,
    replay: Arc<Replay>,
}

/// Where uses of authenticators are remembered.
#[derive(Debug)]
enum Replay {
    File(ReplayFile),
    Memory(Memory),
    Off,
}

/// The replay caches of this process. A cache outlives the realms that use it: what was used before a reload is
/// refused after it, and realms with the same settings share one.
#[derive(Debug, Default)]
pub struct Replays(Mutex<Vec<(Kept, Arc<Replay>)>>);

/// How many uses are kept, and where.
type Kept = (usize, Option<PathBuf>);

impl Replays {
    /// The cache of these settings.
    fn of(&self, settings: &Settings) -> Result<Arc<Replay>, ReplayFileError> {
        let kept = (settings.replay_capacity, settings.replay_file.clone());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, replay)) = known.iter().find(|(known, _)| *known == kept) {
            return Ok(Arc::clone(replay));
        }
        let replay = Arc::new(match &kept {
            (0, _) => Replay::Off,
            (capacity, Some(path)) => Replay::File(ReplayFile::open(path, *capacity, beginning())?),
            (capacity, None) => Replay::Memory(Memory::new(*capacity, beginning())),
        });
        known.push((kept, Arc::clone(&replay)));
        Ok(replay)
    }
}

impl ReplayStore for Replay {
    fn remember(&self, this: Use, now: Utc) -> impl Future<Output = Result<(), NotFresh>> + Send {
        std::future::ready(match self {
            Self::File(file) => file.first(this, now),
            Self::Memory(memory) => memory.first(this, now),
            Self::Off => Ok(()),
        })
    }
}

/// Why tickets cannot be judged. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GssError {
    /// The keytab cannot be used.
    #[error("{0}")]
    Keytab(#[from] KeytabFileError),
    /// The replay cache cannot be used.
    #[error("{0}")]
    Replay(#[from] ReplayFileError),
}

/// When the gateway begins to remember. MIT clients keep step with the KDC by whole seconds, so that a token made
/// now may say that it was made up to a second ago.
fn beginning() -> Utc {
    utc().plus(-1)
}

/// The time on the clock.
#[must_use]
pub fn utc() -> Utc {
    let (seconds, micros) = ambient::time_of_day();
    Utc::new(seconds, micros)
}

impl Gss {
    /// Reads the keytab, and opens the replay cache.
    ///
    /// # Errors
    ///
    /// Any [`GssError`].
    pub fn open(settings: Settings, replays: &Replays) -> Result<Arc<Self>, GssError> {
        let (acceptor, state) = load(&settings)?;
        let replay = replays.of(&settings)?;
        for weak in &settings.policy.enctypes.weak {
            warn!(
                enctype = weak.name(),
                "A weak enctype is accepted: its tickets can be forged; use AES keys"
            );
        }
        let (acceptor, seen) = (ArcSwap::from_pointee(acceptor), Mutex::new(Some(state)));
        Ok(Arc::new(Self { settings, acceptor, seen, replay }))
    }

    /// Reads the keytab again. If it cannot be used, the keys in use stay.
    ///
    /// # Errors
    ///
    /// Any [`KeytabFileError`].
    pub fn reload(&self) -> Result<(), KeytabFileError> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = FileState::at(&self.settings.keytab);
        let (acceptor, state) = load(&self.settings)?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        self.acceptor.store(Arc::new(acceptor));
        Ok(())
    }

    /// Reads the keytab again whenever it has changed, and says so once a minute while it cannot be used. It does not
    /// end.
    pub async fn watch(self: Arc<Self>) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut again = None;
        loop {
            ticks.tick().await;
            let state = FileState::at(&self.settings.keytab);
            let is_known = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == state;
            let is_due = again.is_some_and(|again| ambient::now() >= again);
            if is_known && !is_due {
                continue;
            }
            match self.reload() {
                Ok(()) => {
                    info!(keytab = %self.settings.keytab.display(), "Read the changed keytab");
                    again = None;
                }
                Err(fault) => {
                    error!("The changed keytab is not used, the keys in use stay: {fault}");
                    again = Some(ambient::now() + REMIND);
                }
            }
        }
    }

    /// The services that have keys, each once, in the order of the keytab.
    #[must_use]
    pub fn services(&self) -> Vec<Principal> {
        let acceptor = self.acceptor.load();
        let mut services: Vec<Principal> = Vec::new();
        for key in acceptor.keys().keys() {
            if !services.contains(&key.principal) {
                services.push(key.principal.clone());
            }
        }
        services
    }

    /// Judges a token. `pending` is what the last token of the same connection left.
    pub async fn accept(&self, token: &[u8], pending: Option<Pending>, seen: &Seen<'_>) -> Judgement {
        let acceptor = self.acceptor.load_full();
        let dice = |octets: &mut [u8]| ambient::fill(octets);
        acceptor.accept(token, pending, seen, &*self.replay, utc(), &dice).await
    }
}

/// The acceptor with the keys of the keytab as it is now.
fn load(settings: &Settings) -> Result<(Acceptor, FileState), KeytabFileError> {
    let Settings { keytab: path, policy, .. } = settings;
    let (keytab, state) = keytab_file::read(path)?;
    let (keys, skipped) = KeyTable::new(&keytab, &policy.services, &policy.enctypes);
    if keys.is_empty() {
        return Err(KeytabFileError::NoKeys {
            path: path.clone(),
            services: policy.services.to_string(),
            skipped: skipped.iter().map(told).collect(),
        });
    }
    for skipped in &skipped {
        match skipped.why {
            NotUsed::Service => debug!("Not used of the keytab: {}", told(skipped)),
            _ => warn!("Not used of the keytab: {}", told(skipped)),
        }
    }
    for key in keys.keys() {
        debug!(principal = %key.principal, kvno = key.kvno, enctype = key.enctype.name(), "Key in use");
    }
    Ok((Acceptor::new(policy.clone(), keys), state))
}

fn told(Skipped { principal, kvno, why }: &Skipped) -> String {
    format!("{principal}, version {kvno}: {why}")
}
