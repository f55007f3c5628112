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
        let verdict = verdict(said, shared, ambient::time_of_day().0);
        if let (Some(notices), Verdict::Success(_)) = (&self.notices, &verdict) {
            notices.opened(attempt.id);
        }
        verdict
    }

    async fn confirm(&self, notices: &Notices, login: RequestId) -> Result<(), Failure> {
        let said = self.asked.ask(notice(login, Phase::Commit), login, read_committed).await?;
        committed(&said).inspect_err(|_| {
            // Whoever says no knows how it ended.
            notices.closed(login);
        })
    }

    /// Tells how a login ended that was judged good, once.
    fn tell(&self, login: RequestId, phase: Phase) {
        let Some(notices) = self.notices.as_ref().filter(|notices| notices.closed(login)) else { return };
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
            Some(notices) => Box::pin(self.confirm(notices, login)),
            None => Box::pin(async { Ok(()) }),
        }
    }

    fn abort(&self, login: RequestId) {
        self.tell(login, Phase::Abort);
    }

    fn logout(&self, login: RequestId) {
        self.tell(login, Phase::Logout);
    }

    fn watch(&self) -> Doing<'_, ()> {
        Box::pin(async {
            self.asked.warm().await;
            std::future::pending().await
        })
    }
}
