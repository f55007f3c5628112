//! `ticketgate kvno`: tickets for services, into the credential cache, and which version of its key each service needs
//! for it.

use std::{fmt::Write as _, io::Write as _};

use clap::Args as ClapArgs;
use client::{net::session::Session, principal::Named};

use super::tickets::{self, Tickets, TicketsError};

/// The flags of `kvno`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    tickets: Tickets,
    /// Print nothing
    #[arg(short = 'q')]
    quiet: bool,
    /// Services, such as HTTP/www.example.com
    #[arg(value_name = "SPN", required = true)]
    services: Vec<String>,
}

impl Args {
    /// Gets the tickets; those that there are nothing stops. `told` is given an error as it happens.
    ///
    /// # Errors
    ///
    /// Any [`TicketsError`] that lets no ticket be asked for; the last of those that single tickets met.
    pub fn run(&self, told: impl Fn(&TicketsError)) -> Result<(), TicketsError> {
        let services: Vec<Named> = self.services.iter().map(|text| named(text)).collect::<Result<_, _>>()?;
        let mut session = self.tickets.session()?;
        tickets::block_on(async {
            session.client()?;
            let mut failed = None;
            for service in &services {
                match self.one(&mut session, service).await {
                    Ok(()) => {}
                    Err(error) => {
                        if let Some(before) = failed.replace(error) {
                            told(&before);
                        }
                    }
                }
            }
            session.close().await;
            failed.map_or(Ok(()), Err)
        })
    }

    async fn one(&self, session: &mut Session, service: &Named) -> Result<(), TicketsError> {
        let ticket = session.service_ticket(service).await?;
        if self.quiet {
            return Ok(());
        }
        let mut said = ticket.server.to_string();
        // A ticket that names no version is sealed with the only one.
        let _ = write!(said, ": kvno = {}", ticket.ticket.enc_part.key_version().unwrap_or(0));
        let _ = writeln!(std::io::stdout(), "{said}");
        Ok(())
    }
}

fn named(text: &str) -> Result<Named, TicketsError> {
    Named::read(text).map_err(|source| TicketsError::Principal { text: text.to_owned(), source })
}
