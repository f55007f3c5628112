//! Who answers challenges: the trait, and a list of those who do.

use std::{fmt, future::Future, pin::Pin};

use zeroize::Zeroizing;

use super::{Challenge, ChallengeError};

/// A challenge, and where it was met.
#[derive(Clone, Copy, Debug)]
pub struct ChallengeRequest<'a> {
    /// The URL that was asked for, as the user wrote it.
    pub location: &'a str,
    /// What is asked.
    pub challenge: &'a Challenge,
}

/// The value of a field `Authorization`, whole.
#[derive(Clone, Eq, PartialEq)]
pub struct Credentials(Zeroizing<String>);

impl Credentials {
    /// These, such as `Token abc`.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} octets)", self.0.len())
    }
}

/// An answer that is on its way: a user may have to be asked, or a KDC.
pub type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Credentials>, ChallengeError>> + Send + 'a>>;

/// Answers challenges of its kind. One is for one connection at a time: [`ChallengeHandler::begin`] says that it is
/// another.
pub trait ChallengeHandler: Send {
    /// Whether it answers challenges like this.
    fn can_handle(&self, request: &ChallengeRequest<'_>) -> bool;

    /// The answer; `None` to give up, as where the last one was refused and there is no other.
    fn handle<'a>(&'a mut self, request: ChallengeRequest<'a>) -> Answering<'a>;

    /// Reads what the server sent as it let in: the challenge with which it proves itself, if it sent one.
    ///
    /// # Errors
    ///
    /// Why the server is not believed.
    fn agreed(&mut self, proof: Option<&Challenge>) -> Result<(), ChallengeError> {
        let _ = proof;
        Ok(())
    }

    /// Forgets what was answered on another connection.
    fn begin(&mut self) {}
}

/// Handlers, the first of which that can handle a challenge does.
#[derive(Default)]
pub struct Handlers {
    handlers: Vec<Box<dyn ChallengeHandler>>,
    /// Who answered last.
    last: Option<usize>,
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").field("handlers", &self.handlers.len()).finish_non_exhaustive()
    }
}

impl Handlers {
    /// With this one behind all others.
    #[must_use]
    pub fn with(mut self, handler: impl ChallengeHandler + 'static) -> Self {
        self.handlers.push(Box::new(handler));
        self
    }

    /// Answers the first of these challenges that anybody answers, handlers in their order.
    ///
    /// # Errors
    ///
    /// Those of the handler.
    pub async fn answer(
        &mut self,
        location: &str,
        challenges: &[Challenge],
    ) -> Result<Option<Credentials>, ChallengeError> {
        for (place, handler) in self.handlers.iter_mut().enumerate() {
            for challenge in challenges {
                let request = ChallengeRequest { location, challenge };
                if !handler.can_handle(&request) {
                    continue;
                }
                if let Some(credentials) = handler.handle(request).await? {
                    self.last = Some(place);
                    return Ok(Some(credentials));
                }
            }
        }
        Ok(None)
    }
}

impl ChallengeHandler for Handlers {
    fn can_handle(&self, request: &ChallengeRequest<'_>) -> bool {
        self.handlers.iter().any(|handler| handler.can_handle(request))
    }

    fn handle<'a>(&'a mut self, request: ChallengeRequest<'a>) -> Answering<'a> {
        Box::pin(async move { self.answer(request.location, std::slice::from_ref(request.challenge)).await })
    }

    fn agreed(&mut self, proof: Option<&Challenge>) -> Result<(), ChallengeError> {
        let last = self.last.and_then(|place| self.handlers.get_mut(place));
        last.map_or(Ok(()), |handler| handler.agreed(proof))
    }

    fn begin(&mut self) {
        self.last = None;
        self.handlers.iter_mut().for_each(|handler| handler.begin());
    }
}
