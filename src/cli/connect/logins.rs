//! Where logins of `connect` come from: the terminal, and the credential cache.

use std::{future::Future, pin::Pin, time::SystemTime};

use client::{
    Credential,
    challenge::{self, Login, LoginHandler},
    net::session::Session,
    principal::Named,
};
use zeroize::Zeroizing;

use crate::cli::{
    prompt::Terminal,
    tickets::{MAX_PASSWORD, Tickets, TicketsError},
};

/// How often a user may mistype.
const ATTEMPTS: u32 = 3;

/// A user, whose password is known or asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) user: String,
    pub(super) password: Option<Zeroizing<String>>,
}

impl LoginHandler for Asked {
    fn login<'a>(
        &'a mut self,
        realm: Option<String>,
        attempt: u32,
    ) -> Pin<Box<dyn Future<Output = Option<Login>> + Send + 'a>> {
        Box::pin(async move {
            let user = self.user.clone();
            let password = match &self.password {
                Some(known) => (attempt == 0).then(|| known.clone())?,
                None if attempt < ATTEMPTS => {
                    let realm =
                        realm.map_or_else(String::new, |realm| format!(" ({})", realm.escape_debug()));
                    // Nothing else goes on while the user types.
                    Terminal::open(MAX_PASSWORD).ok()?.ask(&format!("Password for {user}{realm}")).ok()?
                }
                None => return None,
            };
            Some(Login { user, password })
        })
    }
}

/// Tickets of the credential cache, which is opened when a ticket is asked for.
pub(super) struct FromCache {
    flags: Tickets,
    session: Option<Session>,
}

impl FromCache {
    pub(super) const fn new(flags: Tickets) -> Self {
        Self { flags, session: None }
    }

    async fn get(&mut self, service: &str) -> Result<(Credential, SystemTime), TicketsError> {
        let named = Named::read(service)
            .map_err(|source| TicketsError::Principal { text: service.to_owned(), source })?;
        let session = match &mut self.session {
            Some(session) => session,
            None => self.session.insert(self.flags.session()?),
        };
        let credential = session.service_ticket(&named).await?;
        Ok((credential, session.now()))
    }
}

impl challenge::Tickets for FromCache {
    fn ticket<'a>(
        &'a mut self,
        service: &'a str,
    ) -> Pin<
        Box<
            dyn Future<Output = Result<(Credential, SystemTime), Box<dyn std::error::Error + Send + Sync>>>
                + Send
                + 'a,
        >,
    > {
        Box::pin(async move { self.get(service).await.map_err(Into::into) })
    }
}
