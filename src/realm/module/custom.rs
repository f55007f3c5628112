//! What modules of the operator's own are asked, and how their answers are read. It is the same for a web service
//! (`http`) and for a program (`exec`), one JSON object each; docs/login-modules.md says it to those who write one.

mod answer;
mod module;
mod notices;
mod question;

use super::{Attempt, Brought, Failure, Shared, Verdict};
use crate::realm::credentials::Password;

pub use answer::{AnswerError, MAX_ANSWER, Said, read, read_committed};
pub use module::{Asked, Custom, Reader};
pub use notices::Notices;
pub use question::{Phase, notice, question};

/// What an answer comes to at this time, in seconds since 1970, UTC.
pub(super) fn verdict(said: Said, shared: &mut Shared, now: i64) -> Verdict {
    match said {
        Said::Ignored => Verdict::Ignored,
        Said::Failure { why } => Failure::peer("refused", told(why)).into(),
        Said::Challenge { data, why } => {
            shared.challenge = Some(data);
            Failure::peer("challenged", told(why)).into()
        }
        Said::Success { brought, password } => success(*brought, password, shared, now),
    }
}

/// Whoever may not stay is not let in.
fn success(brought: Brought, password: Option<Password>, shared: &mut Shared, now: i64) -> Verdict {
    if brought.ends.is_some_and(|ends| ends <= now) {
        return Failure::peer("ended", "the module says that what was presented has ended").into();
    }
    if [brought.session_timeout, brought.authorization_timeout].iter().flatten().any(|time| time.is_zero()) {
        return Failure::peer("no_time", "the module gives the user a time of 0 s").into();
    }
    if password.is_some() {
        shared.password = password;
    }
    Verdict::Success(Box::new(brought))
}

/// What an answer to `commit` comes to.
pub(super) fn committed(said: &Said) -> Result<(), Failure> {
    match said {
        Said::Success { .. } => Ok(()),
        Said::Failure { why } | Said::Challenge { why, .. } => {
            Err(Failure::peer("not_committed", told(why.clone())))
        }
        Said::Ignored => Err(Failure::module("ignored", "the module ignores a login that it said was good")),
    }
}

/// The answer of a login that makes no sense.
pub(super) fn senseless(error: AnswerError) -> Failure {
    Failure::module("answer", error)
}

fn told(why: Option<String>) -> String {
    why.unwrap_or_else(|| "the module gives no reason; have it answer with one in `why`".to_owned())
}

#[cfg(test)]
mod tests;
