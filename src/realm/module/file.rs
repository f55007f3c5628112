//! `file`: a name and a password, looked up in a file of users.
//!
//! Hashes are made to cost time and memory, so they are computed on threads of their own. A password is never kept for the
//! next login.

pub mod hash;
pub mod users;

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tgg::moment::Moment;
use tokio::{
    task,
    time::{MissedTickBehavior, interval},
};
use tracing::{error, info, warn};

use self::{
    hash::{Hash, MAX_PASSWORD},
    users::{Refused, Users},
};
use super::{Attempt, Brought, Doing, Failure, LoginModule, Shared, Verdict};
use crate::{
    ambient,
    file_state::FileState,
    realm::{credentials::Password, hashing::Hashing, kept::Kept},
};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How often it is said that it cannot be used.
const REMIND: Duration = Duration::from_secs(60);

/// What the module is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Users, passwords and roles.
    pub file: PathBuf,
    /// Who reads it.
    pub reader: Reader,
    /// Whether the password of a module before it is tried first.
    pub try_first: bool,
    /// And whether it is the only one tried.
    pub use_first: bool,
}

/// Reads a file of users.
#[derive(Clone)]
pub struct Reader(Arc<Read>);

type Read = dyn Fn(&Path) -> Result<Found, Box<dyn Error + Send + Sync>> + Send + Sync;

/// What a file holds.
#[derive(Debug)]
pub struct Found {
    /// The users.
    pub users: Users,
    /// What the operator should know of it.
    pub warnings: Vec<String>,
}

/// The module.
#[derive(Debug)]
pub struct File {
    store: Arc<Store>,
    hashing: Hashing,
}

/// The users, as they were when their file could be used last.
#[derive(Debug)]
struct Store {
    settings: Settings,
    users: ArcSwap<Users>,
    seen: Mutex<Seen>,
}

/// What is known of the file.
#[derive(Debug)]
struct Seen {
    /// Its state when it was last read, whether or not it could be used.
    state: Option<FileState>,
    /// When it is read again though it has not changed, because it could not be used.
    again: Option<Moment>,
}

/// Why the users of a file cannot be judged. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be used.
    #[error("the users in {} cannot be read:\n{why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, each mistake on a line.
        why: Box<dyn Error + Send + Sync>,
    },
}

/// What was presented is not for this module.
#[derive(Debug, thiserror::Error)]
enum NotJudged {
    /// No name and no password.
    #[error("no name and no password were presented; is the challenge scheme Basic?")]
    Nothing,
    /// A password that would take too long.
    #[error("the password is longer than {MAX_PASSWORD} octets, which are the most that are hashed")]
    TooLong,
    /// The thread that computed is gone.
    #[error("the hash of a password was not computed to its end; please report it with the lines above")]
    Interrupted,
}

impl Reader {
    /// One that reads like this.
    pub fn new(
        read: impl Fn(&Path) -> Result<Found, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(read))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader")
    }
}

impl File {
    /// Reads the users.
    ///
    /// # Errors
    ///
    /// Any [`FileError`].
    pub fn open(settings: Settings, kept: &Kept) -> Result<Self, FileError> {
        Ok(Self { store: Arc::new(Store::open(settings)?), hashing: kept.hashing.clone() })
    }

    /// Looks at the file for as long as it is polled, where it may block.
    async fn follow(&self) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let store = Arc::clone(&self.store);
            if task::spawn_blocking(move || store.look(ambient::now())).await.is_err() {
                error!("The users could not be looked at; please report it with the lines above");
            }
        }
    }

    async fn judge(&self, attempt: &Attempt<'_>, shared: &Shared) -> Verdict {
        let Settings { try_first, use_first, .. } = self.store.settings;
        let first = shared.password(try_first || use_first, attempt.credentials);
        let Some(first) = first else {
            return Failure::peer("no_password", NotJudged::Nothing).into();
        };
        let failure = match self.look_up(first).await {
            Ok(brought) => return Verdict::Success(Box::new(brought)),
            Err(failure) => failure,
        };
        let own = attempt.credentials.password().filter(|own| !use_first && *own != first);
        match own {
            None => failure.into(),
            Some(own) => match self.look_up(own).await {
                Ok(brought) => Verdict::Success(Box::new(brought)),
                Err(failure) => failure.into(),
            },
        }
    }

    /// Judges a name and a password.
    async fn look_up(&self, password: &Password) -> Result<Brought, Failure> {
        if password.password.len() > MAX_PASSWORD {
            return Err(Failure::peer("password_too_long", NotJudged::TooLong));
        }
        let (users, password) = (self.store.users.load_full(), password.clone());
        let interrupted = || Failure::module("interrupted", NotJudged::Interrupted);
        let are_all_plain = users.are_all_plain();
        let judge = move || {
            let Password { name, password } = password;
            users
                .judge(&name, password.as_bytes(), Hash::is_of)
                .map(|roles| Brought { roles, ..Brought::user(name) })
        };
        // To wake another thread costs more than to compare.
        let judged = match are_all_plain {
            true => judge(),
            false => self.hashing.compute(judge).await.ok_or_else(interrupted)?,
        };
        judged.map_err(|refused| match refused {
            Refused::Broken(broken) => Failure::unavailable("not_hashed", broken),
            Refused::UnknownUser => Failure::peer("unknown_user", refused),
            Refused::WrongPassword => Failure::peer("wrong_password", refused),
        })
    }
}

impl LoginModule for File {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(self.judge(attempt, shared))
    }

    fn watch(&self) -> Doing<'_, ()> {
        Box::pin(self.follow())
    }
}

impl Store {
    fn open(settings: Settings) -> Result<Self, FileError> {
        // What is written while it is read is read again.
        let state = FileState::at(&settings.file);
        let users = ArcSwap::from_pointee(load(&settings)?);
        Ok(Self { settings, users, seen: Mutex::new(Seen { state, again: None }) })
    }

    /// Reads the users again if their file has changed, and says so once a minute while it cannot be used: those before
    /// stay.
    fn look(&self, now: Moment) {
        let file = &self.settings.file;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let state = FileState::at(file);
        if seen.state == state && seen.again.is_none_or(|again| now < again) {
            return;
        }
        seen.state = state;
        match load(&self.settings) {
            Ok(users) => {
                let count = users.len();
                self.users.store(Arc::new(users));
                seen.again = None;
                info!(file = %file.display(), users = count, "Read the changed users");
            }
            Err(fault) => {
                error!("The changed users are not used, those before stay: {fault}");
                seen.again = Some(now + REMIND);
            }
        }
    }
}

/// The users as they are in the file now.
fn load(settings: &Settings) -> Result<Users, FileError> {
    let Settings { file, reader, .. } = settings;
    let Found { users, warnings } =
        (reader.0)(file).map_err(|why| FileError::Unusable { path: file.clone(), why })?;
    for warning in warnings {
        warn!("{warning}");
    }
    Ok(users)
}

#[cfg(test)]
mod tests;
