//! The login module around whoever is asked: what is asked when, and what becomes of the answer.

use std::{fmt, sync::Arc};

use tracing::debug;
use zeroize::Zeroizing;

use super::{AnswerError, Notices, Phase, Said, committed, notice, question, read, read_committed, verdict};
use crate::{
    ambient,
    realm::module::{Attempt, Doing, Failure, LoginModule, Shared, Verdict},
    record::RequestId,
};

/// Reads an answer: its octets, the number of the login, and whether that must be repeated.
pub type Reader = fn(&[u8], &str, bool) -> Result<Said, AnswerError>;

/// Whoever is asked.
pub trait Asked: fmt::Debug + Send + Sync + 'static {
    /// The type of the module.
    const KIND: &'static str;

    /// Asks one question.
    fn ask(
        self: &Arc<Self>,
        question: Zeroizing<Vec<u8>>,
        login: RequestId,
        read: Reader,
    ) -> impl Future<Output = Result<Said, Failure>> + Send;

    /// Gets ready before the first question.
    fn warm(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// The module.
#[derive(Debug)]
pub struct Custom<A> {
    asked: Arc<A>,
    ask_always: bool,
    notices: Option<Notices>,
}

impl<A: Asked> Custom<A> {
    /// A module that asks also where nothing is presented, and that tells how logins end, if that is wanted.
    pub(in crate::realm::module) fn new(asked: A, ask_always: bool, phases: bool) -> Self {
        Self { asked: Arc::new(asked), ask_always, notices: phases.then(Notices::default) }
    }

    async fn judge(&self, attempt: &Attempt<'_>, shared: &mut Shared) -> Verdict {
        let said = match self.asked.ask(question(attempt), attempt.id, read).await {
            Ok(said) => said,
            Err(failure) => return failure.into(),
        };
        if let (Some(notices), Said::Success { .. }) = (&self.notices, &said) {
            notices.opened(attempt.id);
        }
        verdict(said, shared, ambient::time_of_day().0)
    }

    async fn confirm(&self, login: RequestId) -> Result<(), Failure> {
        committed(&self.asked.ask(notice(login, Phase::Commit), login, read_committed).await?)
    }

    fn tell(&self, notices: &Notices, login: RequestId, phase: Phase) {
        let asked = Arc::clone(&self.asked);
        notices.send(A::KIND, login, async move {
            // Whatever it answers, it has heard it.
            if let Err(failure) = asked.ask(notice(login, phase), login, read_committed).await {
                debug!(id = %login, "The login module was not told how a login ended: {}", failure.why);
            }
        });
    }
}

impl<A: Asked> LoginModule for Custom<A> {
    fn kind(&self) -> &'static str {
        A::KIND
    }

    fn judges_nothing(&self) -> bool {
        self.ask_always
    }

    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(self.judge(attempt, shared))
    }

    fn commit<'a>(&'a self, login: RequestId) -> Doing<'a, Result<(), Failure>> {
        match &self.notices {
            Some(notices) => Box::pin(async move {
                let confirmed = self.confirm(login).await;
                notices.closed(login);
                confirmed
            }),
            None => Box::pin(async { Ok(()) }),
        }
    }

    fn abort(&self, login: RequestId) {
        if let Some(notices) = &self.notices
            && notices.closed(login)
        {
            self.tell(notices, login, Phase::Abort);
        }
    }

    fn logout(&self, login: RequestId) {
        if let Some(notices) = &self.notices {
            self.tell(notices, login, Phase::Logout);
        }
    }

    fn watch(&self) -> Doing<'_, ()> {
        Box::pin(async {
            self.asked.warm().await;
            std::future::pending().await
        })
    }
}
