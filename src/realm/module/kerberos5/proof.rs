//! How a password becomes a ticket for the gateway's own service: the exchanges with the KDC.
//!
//! The user's KDC is asked for that ticket at once (RFC 4120 section 3.1). Where it gives such tickets only for
//! ticket-granting ones, and for users of other realms, the ticket-granting ticket comes first.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use client::{AsExchange, AsStep, ClientError, Credential, TgsExchange, TicketOptions};
use krb::{
    error_code::{KDC_ERR_BADOPTION, KDC_ERR_MUST_USE_USER2USER, KDC_ERR_POLICY, KDC_ERR_SERVER_NOMATCH},
    name::{Principal, PrincipalName},
};
use tgg::request;

use super::failure::PasswordError;
use crate::{ambient, kdc::Kdcs, realm::hashing::Hashing};

/// Most rounds in which a password is made a key. Deployed KDCs ask for 4096 or 32768, and nothing protects what they
/// say: a round costs about half a microsecond of a core.
const MAX_ITERATIONS: u32 = 1 << 18;

/// A ticket for the gateway, and how it came.
#[derive(Debug)]
pub(super) struct Proof {
    /// The ticket.
    pub(super) credential: Credential,
    /// Whether the user's KDC gave it for the password itself, which the ticket then says (RFC 4120 section 2.1).
    pub(super) is_initial: bool,
}

/// The KDCs, and what they are asked for.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    pub(super) kdcs: &'a Kdcs,
    pub(super) hashing: &'a Hashing,
    pub(super) client: &'a Principal,
    pub(super) password: &'a str,
    pub(super) service: &'a Principal,
}

impl Asking<'_> {
    /// Asks for the ticket.
    ///
    /// # Errors
    ///
    /// Any [`PasswordError`].
    pub(super) async fn prove(&self) -> Result<Proof, PasswordError> {
        if self.client.krb_realm == self.service.krb_realm {
            match self.initial(self.service.name.clone()).await? {
                Err(ClientError::Refused(refusal)) if wants_ticket(refusal.code) => {}
                Err(error) => return Err(PasswordError::of(error, self.service)),
                Ok(credential) => return Ok(Proof { credential, is_initial: true }),
            }
        }
        let granting = self.initial(PrincipalName::krbtgt(&self.client.krb_realm)).await?;
        let mut granting = granting.map_err(|error| PasswordError::of(error, self.service))?;
        if self.client.krb_realm != self.service.krb_realm {
            granting = self.further(&granting, PrincipalName::krbtgt(&self.service.krb_realm)).await?;
        }
        let credential = self.further(&granting, self.service.name.clone()).await?;
        Ok(Proof { credential, is_initial: false })
    }

    /// The AS exchange: one request without a proof of the password, and one with it if the KDC wants one. It ends, for
    /// a KDC that wants a second proof is refused by the exchange itself.
    async fn initial(
        &self,
        service: PrincipalName,
    ) -> Result<Result<Credential, ClientError>, PasswordError> {
        let options = options();
        let exchange =
            AsExchange::for_service(self.client.clone(), service, self.password, &options, now(), &mut dice);
        let mut exchange = match exchange {
            Ok(exchange) => exchange,
            Err(error) => return Err(PasswordError::Unasked(error)),
        };
        loop {
            let answer = self.ask(exchange.request()).await?;
            // Whoever has a key already does not wait again behind all who still need one.
            let step = if exchange.makes_key(&answer) {
                let read = self.hashing.compute(move || {
                    let step = exchange.reply(&answer, now(), &mut dice);
                    (exchange, step)
                });
                let (back, step) = read.await.ok_or(PasswordError::Interrupted)?;
                exchange = back;
                step
            } else {
                exchange.reply(&answer, now(), &mut dice)
            };
            match step {
                Ok(AsStep::Ask) => {}
                Ok(AsStep::Done(credential)) => return Ok(Ok(credential)),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// A TGS exchange.
    async fn further(&self, granting: &Credential, name: PrincipalName) -> Result<Credential, PasswordError> {
        let service = Principal { name, krb_realm: self.service.krb_realm.clone() };
        let failed = |error| PasswordError::of(error, &service);
        let exchange = TgsExchange::new(granting, service.name.clone(), &options(), now(), &mut dice)
            .map_err(PasswordError::Unasked)?;
        let answer = self.ask(exchange.request()).await?;
        exchange.reply(&answer).map_err(failed)
    }

    /// One request. Whatever proves the password reaches one KDC alone, and it goes by stream where no datagram is known
    /// to arrive: that is decided where requests of clients are relayed.
    async fn ask(&self, message: &[u8]) -> Result<Bytes, PasswordError> {
        let request = request::judge(message, None, self.kdcs.routes())?;
        Ok(self.kdcs.exchange(&request).await?.octets)
    }
}

/// Whether the KDC may give the same ticket for a ticket-granting one. None of these is said of a wrong password, so that
/// asking again counts none twice; a KDC that is unavailable (29) may have read the proof, and is not asked again.
const fn wants_ticket(code: i32) -> bool {
    matches!(code, KDC_ERR_BADOPTION | KDC_ERR_MUST_USE_USER2USER | KDC_ERR_POLICY | KDC_ERR_SERVER_NOMATCH)
}

fn options() -> TicketOptions {
    TicketOptions { max_iterations: MAX_ITERATIONS, ..TicketOptions::default() }
}

/// The time of day, as the client's core takes it.
pub(super) fn now() -> SystemTime {
    let (seconds, micros) = ambient::time_of_day();
    UNIX_EPOCH + Duration::new(seconds.unsigned_abs(), micros.saturating_mul(1000))
}

pub(super) fn dice(octets: &mut [u8]) {
    ambient::fill(octets);
}
