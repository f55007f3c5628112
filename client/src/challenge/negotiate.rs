//! `Negotiate`: tickets for the service that was asked for (RFC 4559), and its proof that it is that one.

use std::{fmt, future::Future, pin::Pin, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Answering, Challenge, ChallengeError, ChallengeHandler, ChallengeRequest, Credentials};
use crate::{
    credential::Credential,
    dice::Dice,
    negotiate::{Negotiate, NegotiateError, NegotiateOptions, Step},
};

/// A ticket that is on its way, with the time that the KDC's clock shows.
type Ticket<'a> = Pin<
    Box<
        dyn Future<Output = Result<(Credential, SystemTime), Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'a,
    >,
>;

/// Has tickets for services, or gets them.
pub trait Tickets: Send {
    /// A ticket for this service, such as `HTTP/www.example.com`, and the time at which it is used.
    fn ticket<'a>(&'a mut self, service: &'a str) -> Ticket<'a>;
}

/// Answers `Negotiate` with tickets.
pub struct NegotiateHandler<T, D> {
    tickets: T,
    dice: D,
    options: NegotiateOptions,
    /// In place of `HTTP/` and the host that was asked for.
    service: Option<String>,
    context: Option<Negotiate>,
}

impl<T, D> fmt::Debug for NegotiateHandler<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NegotiateHandler").field("service", &self.service).finish_non_exhaustive()
    }
}

impl<T: Tickets, D: Dice + Send> NegotiateHandler<T, D> {
    /// With these tickets. The service must prove itself.
    pub fn new(tickets: T, dice: D) -> Self {
        Self { tickets, dice, options: NegotiateOptions::default(), service: None, context: None }
    }

    /// Asks for tickets for this service, whatever host is asked: `HTTP/www.example.com`.
    #[must_use]
    pub fn for_service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Makes tokens like this.
    #[must_use]
    pub fn with_options(mut self, options: NegotiateOptions) -> Self {
        self.options = options;
        self
    }

    async fn next(&mut self, request: ChallengeRequest<'_>) -> Result<Option<Credentials>, ChallengeError> {
        let said = decoded(request.challenge)?;
        let token = match (&mut self.context, said) {
            (Some(context), Some(token)) => match context.reply(&token)? {
                Step::Send(token) => token,
                // It has proved itself, and asks again all the same.
                Step::Done(_) => return Ok(None),
            },
            // The ticket was not good enough, and there is no other.
            (Some(_), None) => return Ok(None),
            (None, _) => {
                let service = match &self.service {
                    Some(service) => service.clone(),
                    None => format!("HTTP/{}", host(request.location).ok_or(ChallengeError::Unreadable)?),
                };
                let ticket = self.tickets.ticket(&service).await;
                let (ticket, now) = ticket.map_err(|source| ChallengeError::Ticket { service, source })?;
                let context = Negotiate::new(&ticket, &self.options, now, &mut self.dice)?;
                self.context.insert(context).token().to_vec()
            }
        };
        Ok(Some(Credentials::new(format!("Negotiate {}", STANDARD.encode(token)))))
    }
}

impl<T: Tickets, D: Dice + Send> ChallengeHandler for NegotiateHandler<T, D> {
    fn can_handle(&self, request: &ChallengeRequest<'_>) -> bool {
        request.challenge.is("Negotiate")
    }

    fn handle<'a>(&'a mut self, request: ChallengeRequest<'a>) -> Answering<'a> {
        Box::pin(self.next(request))
    }

    fn agreed(&mut self, proof: Option<&Challenge>) -> Result<(), ChallengeError> {
        let Some(mut context) = self.context.take() else { return Ok(()) };
        match proof.map(decoded).transpose()?.flatten() {
            Some(token) => match context.reply(&token)? {
                Step::Done(_) => Ok(()),
                // There is no request left to send it with.
                Step::Send(_) => Err(NegotiateError::Unexpected.into()),
            },
            None => context.finish().map(drop).map_err(ChallengeError::from),
        }
    }

    fn begin(&mut self) {
        self.context = None;
    }
}

/// The token of a challenge. What stands there otherwise, such as KAAZING's address of a KDC, is none.
fn decoded(challenge: &Challenge) -> Result<Option<Vec<u8>>, ChallengeError> {
    match challenge.token() {
        Some(token) => STANDARD.decode(token).map(Some).map_err(|_| ChallengeError::Unreadable),
        None => Ok(None),
    }
}

/// The host of a URL, in lower case and without brackets.
fn host(location: &str) -> Option<String> {
    let (_, rest) = location.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, behind)| behind);
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}
