//! `exec`: a program of the operator's is asked about each login, one line for a question and one for its answer.
//!
//! It is kept running. A process answers one question at a time; one that does not answer, or says what makes no sense,
//! is killed, so that no answer is taken for that to another question.

mod process;

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tgg::moment::Moment;
use tokio::{
    sync::Semaphore,
    time::{sleep_until, timeout_at},
};
use tracing::warn;
use zeroize::Zeroizing;

use self::process::{Exchange, Process};
use super::{
    Failure,
    custom::{self, Asked, Custom, Reader, Said},
};
use crate::{ambient, record::RequestId};

/// The wait before a program that ended is started again, at first; it doubles each time until an answer comes.
const FIRST_REST: Duration = Duration::from_millis(100);
/// The longest.
const LAST_REST: Duration = Duration::from_secs(30);

/// What the module is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program.
    pub command: PathBuf,
    /// What it is started with.
    pub arguments: Vec<String>,
    /// How many of it run.
    pub processes: usize,
    /// Until when it must have answered.
    pub timeout: Duration,
    /// Whether it is asked where nothing is presented.
    pub ask_always: bool,
    /// Whether it is told how logins end.
    pub phases: bool,
}

/// Why a program cannot be asked. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It cannot be started.
    #[error("cannot start the program {command}: {source}; see that it is there and may be run (chmod +x)")]
    Start {
        /// The program.
        command: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// Why a login is not judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum Unasked {
    #[error(
        "all processes were busy for too long; allow more of them (<processes>), or see what they wait for"
    )]
    Busy,
    #[error("the program ended before it answered; see what it wrote to its standard error")]
    Ended,
    #[error(
        "the program did not answer in time, and was killed; see what it waits for, or give it more time"
    )]
    Late,
    #[error(
        "the program ended too often, and is started again after a rest; see what it wrote to its standard error"
    )]
    Rests,
    #[error(transparent)]
    Start(#[from] ProgramError),
    #[error("the answer has no end of line within {} octets; write one line", custom::MAX_ANSWER)]
    Long,
}

/// The processes.
#[derive(Debug)]
pub struct Crew {
    settings: Settings,
    places: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Process>,
    /// How often in a row one ended, or had to be killed.
    failures: u32,
    /// Before which no other is started.
    rests_until: Option<Moment>,
}

/// Prepares to ask, and sees that the program can be started.
///
/// # Errors
///
/// Any [`ProgramError`].
pub fn open(settings: Settings) -> Result<Custom<Crew>, ProgramError> {
    process::may_run(&settings.command)
        .map_err(|source| ProgramError::Start { command: settings.command.clone(), source })?;
    let Settings { ask_always, phases, processes, .. } = settings;
    let crew = Crew { settings, places: Semaphore::new(processes.max(1)), state: Mutex::default() };
    Ok(Custom::new(crew, ask_always, phases))
}

impl Crew {
    /// One question and its answer. A process that is dropped on the way is killed.
    async fn exchange(
        &self,
        question: Zeroizing<Vec<u8>>,
        login: RequestId,
        read: Reader,
    ) -> Result<Said, Failure> {
        let until = ambient::instant(ambient::now() + self.settings.timeout);
        let Ok(_place) = timeout_at(until, self.places.acquire()).await else {
            return Err(unasked(Unasked::Busy));
        };
        let mut process = match self.idle() {
            Some(process) => process,
            None => match timeout_at(until, self.start()).await {
                Ok(started) => started.map_err(unasked)?,
                Err(_) => return Err(unasked(Unasked::Rests)),
            },
        };
        let answer = match timeout_at(until, process.ask(&question)).await {
            Ok(Exchange::Answer(answer)) => answer,
            Ok(Exchange::Ended) => {
                self.failed();
                return Err(unasked(Unasked::Ended));
            }
            Err(_) => {
                self.failed();
                return Err(unasked(Unasked::Late));
            }
            Ok(Exchange::Long) => {
                self.failed();
                return Err(Failure::module("answer", Unasked::Long));
            }
        };
        match read(&answer, &login.to_string(), true) {
            Ok(said) => {
                self.keep(process);
                Ok(said)
            }
            Err(error) => {
                self.failed();
                Err(custom::senseless(error))
            }
        }
    }

    /// A process that waits, and has not said anything without being asked.
    fn idle(&self) -> Option<Process> {
        loop {
            let process = self.state().idle.pop()?;
            match process.still() {
                Ok(process) => return Some(process),
                Err(why) => {
                    warn!(command = %self.settings.command.display(), "The login module's process {why}; another is started");
                    self.failed();
                }
            }
        }
    }

    /// Starts a process, after the rest that the last ones have earned.
    async fn start(&self) -> Result<Process, Unasked> {
        let rests_until = self.state().rests_until;
        if let Some(until) = rests_until {
            sleep_until(ambient::instant(until)).await;
        }
        let Settings { command, arguments, .. } = &self.settings;
        Process::start(command, arguments).map_err(|source| {
            self.failed();
            ProgramError::Start { command: command.clone(), source }.into()
        })
    }

    fn keep(&self, process: Process) {
        let mut state = self.state();
        state.failures = 0;
        state.rests_until = None;
        state.idle.push(process);
    }

    fn failed(&self) {
        let mut state = self.state();
        let rest = FIRST_REST.saturating_mul(1_u32.checked_shl(state.failures).unwrap_or(u32::MAX));
        state.failures = state.failures.saturating_add(1);
        state.rests_until = Some(ambient::now() + rest.min(LAST_REST));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unasked(why: Unasked) -> Failure {
    Failure::unavailable("unasked", why)
}

impl Asked for Crew {
    const KIND: &'static str = "exec";

    /// The exchange comes to its end also if nobody waits for it any more.
    async fn ask(
        self: &Arc<Self>,
        question: Zeroizing<Vec<u8>>,
        login: RequestId,
        read: Reader,
    ) -> Result<Said, Failure> {
        let crew = Arc::clone(self);
        let asked = tokio::spawn(async move { crew.exchange(question, login, read).await });
        asked.await.unwrap_or_else(|_| Err(unasked(Unasked::Ended)))
    }

    /// Starts processes.
    async fn warm(&self) {
        for _ in 0..self.settings.processes {
            // With a place of its own, so that with those that logins start there are never too many.
            let _place = self.places.acquire().await;
            let idle = self.state().idle.len();
            if idle > self.places.available_permits() {
                return;
            }
            let Ok(process) = self.start().await else { return };
            self.state().idle.push(process);
        }
    }
}
