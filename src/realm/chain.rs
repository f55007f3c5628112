//! Chains of login modules: in which order they are asked, what their answers come to, and who is told of it.
//!
//! The rules are those of JAAS (`javax.security.auth.login.Configuration`). A chain has a time in which it must end, and
//! so many logins at once; a module that hangs, breaks or is interrupted has failed.

mod tally;

use std::{borrow::Cow, mem, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::module::{Attempt, Brought, Failure, Fault, LoginModule, Shared, Verdict};
use crate::{
    ambient,
    record::{RequestId, admission},
};

pub use tally::{Said, Success, Tally};

/// In which a login is judged at most.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Logins of one realm that are judged at the same time. Those beyond wait, no longer than a login may take.
const PLACES: usize = 256;

/// A module, and what its judgement means for the others.
#[derive(Clone, Debug)]
pub struct Link {
    /// The module.
    pub module: Arc<dyn LoginModule>,
    /// What its judgement means.
    pub success: Success,
    /// Whether the log always says how it judged.
    pub debug: bool,
}

/// Modules in their order.
#[derive(Debug)]
pub struct Chain {
    links: Vec<Link>,
    places: Semaphore,
    patience: Duration,
}

/// What a chain has come to.
#[derive(Debug)]
pub enum Outcome {
    /// The user is who the modules say.
    Agreed {
        /// What the modules bring, in their order.
        brought: Vec<Brought>,
        /// Tells them when the user has gone.
        departure: Departure,
    },
    /// The user is not let in.
    Refused {
        /// The failure that decided; none where all modules ignored the login.
        failure: Option<Failure>,
    },
}

/// Tells the modules of a login that whoever was let in has gone, when it is dropped.
#[derive(Debug)]
pub struct Departure {
    login: RequestId,
    modules: Vec<Arc<dyn LoginModule>>,
}

/// How a module was asked and what it said, for the log.
#[derive(Debug)]
pub struct Step<'a> {
    /// The module's type.
    pub kind: &'static str,
    /// What its judgement means.
    pub success: Success,
    /// What it said.
    pub said: Said,
    /// Why it does not agree.
    pub failure: Option<&'a Failure>,
    /// Whether the log always says it.
    pub debug: bool,
}

/// A login that has begun: all modules that were asked are told if it is given up.
struct Begun<'a> {
    login: RequestId,
    asked: &'a [Link],
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        for link in self.asked {
            link.module.abort(self.login);
        }
    }
}

impl Departure {
    /// Whether one of the modules that agreed has judged the connection.
    #[must_use]
    pub fn has_judged_connection(&self) -> bool {
        self.modules.iter().any(|module| module.judges_connection())
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        for module in &self.modules {
            module.logout(self.login);
        }
    }
}

/// As many logins are judged as may be.
#[derive(Debug, thiserror::Error)]
#[error("too many logins of the realm are judged at once; look at what its login modules wait for")]
struct Crowded;

/// What one module did in the first phase.
struct Judged<'a> {
    link: &'a Link,
    said: Said,
    brought: Option<Box<Brought>>,
    failure: Option<Failure>,
}

impl Chain {
    /// These modules.
    #[must_use]
    pub fn new(links: Vec<Link>) -> Self {
        Self { links, places: Semaphore::new(PLACES), patience: PATIENCE }
    }

    /// The same with another time in which a login must be judged.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The modules.
    pub fn modules(&self) -> impl Iterator<Item = &Arc<dyn LoginModule>> {
        self.links.iter().map(|link| &link.module)
    }

    /// The one spelling of a user's name, by the first module that knows several.
    #[must_use]
    pub fn spelled<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let spelled = self.modules().find_map(|module| module.spelled(name));
        spelled.map_or(Cow::Borrowed(name), Cow::Owned)
    }

    /// Judges a login: all modules by their order, then a second time to make good what they said.
    pub async fn judge(&self, attempt: &Attempt<'_>, shared: &mut Shared) -> Outcome {
        let until = ambient::instant(ambient::now() + self.patience);
        let Ok(Ok(_place)) = timeout_at(until, self.places.acquire()).await else {
            let failure = Failure::unavailable("crowded", Crowded);
            return Outcome::Refused { failure: Some(failure) };
        };
        let mut begun = Begun { login: attempt.id, asked: &[] };
        let mut judged = Vec::with_capacity(self.links.len());
        let mut tally = Tally::default();
        for (number, link) in self.links.iter().enumerate() {
            begun.asked = self.links.get(..=number).unwrap_or_default();
            let one = ask(link, attempt, shared, until).await;
            let goes_on = tally.note(link.success, one.said);
            judged.push(one);
            if !goes_on {
                break;
            }
        }
        let agrees = tally.agrees();
        let brings = !attempt.credentials.is_empty() || attempt.visitor.certificates.is_some();
        let is_shown = !agrees && brings;
        for one in &judged {
            admission::step(attempt.id, attempt.visitor, &one.step(), is_shown);
        }
        if !agrees {
            return refused(judged);
        }
        let outcome = self.commit(attempt, judged, until).await;
        if matches!(outcome, Outcome::Agreed { .. }) {
            mem::forget(begun);
        }
        outcome
    }

    /// The second phase, by the same rules: a module that did not agree takes no part.
    async fn commit(&self, attempt: &Attempt<'_>, mut judged: Vec<Judged<'_>>, until: Instant) -> Outcome {
        let mut tally = Tally::default();
        let mut brought = Vec::new();
        let mut departure = Departure { login: attempt.id, modules: Vec::new() };
        let mut left_out = Vec::new();
        for one in &mut judged {
            let mut said = Said::Ignored;
            if one.said == Said::Success {
                let commit = AssertUnwindSafe(one.link.module.commit(attempt.id)).catch_unwind();
                match timeout_at(until, commit).await {
                    Ok(Ok(Ok(()))) => {
                        said = Said::Success;
                        brought.extend(one.brought.take().map(|brought| *brought));
                        departure.modules.push(Arc::clone(&one.link.module));
                    }
                    Ok(Ok(Err(failure))) => one.failure = Some(failure),
                    Ok(Err(_)) => one.failure = Some(panicked()),
                    Err(_) => one.failure = Some(late()),
                }
                if said != Said::Success {
                    said = Said::Failure;
                    one.said = said;
                    left_out.push(&one.link.module);
                    admission::step(attempt.id, attempt.visitor, &one.step(), true);
                }
            }
            if !tally.note(one.link.success, said) {
                break;
            }
        }
        if tally.agrees() {
            // The user is let in without them, so they will not hear of the end.
            for module in left_out {
                module.abort(attempt.id);
            }
            return Outcome::Agreed { brought, departure };
        }
        // They are told by `abort` that it came to nothing.
        departure.modules.clear();
        refused(judged)
    }
}

impl Judged<'_> {
    fn step(&self) -> Step<'_> {
        let Link { module, success, debug } = self.link;
        let kind = module.kind();
        Step { kind, success: *success, said: self.said, failure: self.failure.as_ref(), debug: *debug }
    }
}

/// Asks one module.
async fn ask<'a>(link: &'a Link, attempt: &Attempt<'_>, shared: &mut Shared, until: Instant) -> Judged<'a> {
    let judged = |said, brought, failure| Judged { link, said, brought, failure };
    let shows = attempt.visitor.certificates.is_some() && link.module.judges_connection();
    if attempt.credentials.is_empty() && !shows && !link.module.judges_nothing() {
        return judged(Said::Failure, None, Some(Failure::peer("nothing", "nothing was presented")));
    }
    let login = AssertUnwindSafe(async { link.module.login(attempt, shared).await }).catch_unwind();
    let verdict = match timeout_at(until, login).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_)) => Verdict::Failure(panicked()),
        Err(_) => Verdict::Failure(late()),
    };
    match verdict {
        Verdict::Success(brought) => judged(Said::Success, Some(brought), None),
        Verdict::Ignored => judged(Said::Ignored, None, None),
        Verdict::Failure(failure) => judged(Said::Failure, None, Some(failure)),
    }
}

fn panicked() -> Failure {
    Failure::module("panicked", "the login module broke; please report it with the lines above")
}

fn late() -> Failure {
    Failure::unavailable("late", "the login module took too long; look at what it asks")
}

/// Why the modules do not agree. Who cannot be asked may agree in a moment, but where one that had to agree has judged
/// and said no, the others do not matter.
fn refused(judged: Vec<Judged<'_>>) -> Outcome {
    let rank = |one: &Judged<'_>| {
        let failure = one.failure.as_ref()?;
        Some(match failure.fault {
            Fault::GoesOn => 0,
            Fault::Peer if one.link.success.is_needed() => 1,
            Fault::Unavailable => 2,
            Fault::Module => 3,
            Fault::Peer => 4,
        })
    };
    let ranked = judged.into_iter().filter_map(|one| Some((rank(&one)?, one.failure)));
    // Of equals the first.
    let decides = ranked.min_by_key(|(rank, _)| *rank);
    Outcome::Refused { failure: decides.and_then(|(_, failure)| failure) }
}

#[cfg(test)]
mod tests;
