//! `ticketgate kinit`: a password becomes a ticket-granting ticket in a credential cache that all Kerberos programs read.

use std::{env, io, time::Duration};

use clap::Args as ClapArgs;
use client::{
    TicketOptions,
    krb5_conf::duration,
    net::session::{Session, SessionError},
    principal::Named,
};
use krb::name::{Principal, PrincipalName};
use zeroize::Zeroizing;

use super::{
    prompt::{Terminal, line},
    tickets::{self, MAX_PASSWORD, Tickets, TicketsError},
};

/// The flags of `kinit`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    tickets: Tickets,
    /// Read the password from the first line of standard input; if it has expired, the new one from the second
    #[arg(long)]
    password_stdin: bool,
    /// How long the ticket should be valid, such as 10h or 1d12h
    #[arg(short = 'l', value_name = "LIFETIME", value_parser = lifetime)]
    lifetime: Option<Duration>,
    /// How long it should be renewable
    #[arg(short = 'r', value_name = "LIFETIME", value_parser = lifetime)]
    renewable: Option<Duration>,
    /// Ask for a ticket that can be forwarded
    #[arg(short = 'f', overrides_with = "not_forwardable")]
    forwardable: bool,
    /// Ask for one that cannot
    #[arg(short = 'F', overrides_with = "forwardable")]
    not_forwardable: bool,
    /// Ask for a ticket that can be proxied
    #[arg(short = 'p', overrides_with = "not_proxiable")]
    proxiable: bool,
    /// Ask for one that cannot
    #[arg(short = 'P', overrides_with = "proxiable")]
    not_proxiable: bool,
    /// Let the KDC say how the principal is spelt, and in which realm it is
    #[arg(short = 'C')]
    canonicalize: bool,
    /// The principal is a user principal name, such as alice@corp.example, that the KDC knows whose it is
    #[arg(short = 'E', conflicts_with = "renew")]
    enterprise: bool,
    /// Renew the ticket in the credential cache; no password is needed
    #[arg(short = 'R', conflicts_with_all = ["password_stdin", "principal"])]
    renew: bool,
    /// Ask for a ticket to this service in the place of a ticket-granting ticket
    #[arg(short = 'S', value_name = "SERVICE")]
    service: Option<String>,
    /// Whose ticket; by default of the user in the credential cache, or of USER in the default realm
    #[arg(value_name = "PRINCIPAL")]
    principal: Option<String>,
}

impl Args {
    /// Gets the ticket into the credential cache.
    ///
    /// # Errors
    ///
    /// Any [`TicketsError`].
    pub fn run(&self) -> Result<(), TicketsError> {
        let mut session = self.tickets.session()?;
        let service = self.service.as_deref().map(named).transpose()?.map(|service| service.name);
        tickets::block_on(async {
            let done = if self.renew {
                let client = session.client()?.clone();
                let options = self.options(&session, &client);
                session.renew(service.as_ref(), &options).await.map(drop).map_err(TicketsError::from)
            } else {
                self.login(&mut session, service.as_ref()).await
            };
            session.close().await;
            done
        })
    }

    async fn login(
        &self,
        session: &mut Session,
        service: Option<&PrincipalName>,
    ) -> Result<(), TicketsError> {
        let client = self.client(session)?;
        let options = self.options(session, &client);
        let mut asking = Asking::begin(self.password_stdin)?;
        let password = asking.password(&format!("Password for {client}"))?;
        match session.login(&client, &password, service, &options).await {
            Err(SessionError::PasswordExpired { .. }) => {
                let new = asking.new_password(&client)?;
                session.change_password(&client, &password, &new).await?;
                session.login(&client, &new, service, &options).await?;
            }
            other => drop(other?),
        }
        Ok(())
    }

    /// Who is meant.
    fn client(&self, session: &mut Session) -> Result<Principal, TicketsError> {
        let named = match &self.principal {
            Some(text) if self.enterprise => Named::read_enterprise(text)
                .map_err(|source| TicketsError::Principal { text: text.clone(), source })?,
            Some(text) => named(text)?,
            None => match session.client() {
                Ok(client) => return Ok(client.clone()),
                Err(_) => named(&env::var("USER").map_err(|_| TicketsError::Nobody)?)?,
            },
        };
        match (&named.krb_realm, session.conf().default_realm()) {
            (Some(_), _) => Ok(named.or_in("")),
            (None, Some(krb_realm)) => Ok(named.or_in(krb_realm)),
            (None, None) => Err(TicketsError::NoRealm { name: named.name.to_string() }),
        }
    }

    fn options(&self, session: &Session, client: &Principal) -> TicketOptions {
        let usual = session.options(&client.krb_realm);
        TicketOptions {
            canonicalize: usual.canonicalize || self.canonicalize || self.enterprise,
            forwardable: (usual.forwardable || self.forwardable) && !self.not_forwardable,
            lifetime: self.lifetime.unwrap_or(usual.lifetime),
            proxiable: (usual.proxiable || self.proxiable) && !self.not_proxiable,
            renew_lifetime: self.renewable.or(usual.renew_lifetime),
            ..usual
        }
    }
}

/// Where passwords are read.
enum Asking {
    /// Lines of standard input, which nobody is asked for.
    Lines,
    Terminal(Terminal),
}

impl Asking {
    fn begin(by_lines: bool) -> Result<Self, TicketsError> {
        if by_lines {
            return Ok(Self::Lines);
        }
        Terminal::open(MAX_PASSWORD).map(Self::Terminal).map_err(TicketsError::Terminal)
    }

    fn password(&mut self, what: &str) -> Result<Zeroizing<String>, TicketsError> {
        let read = match self {
            Self::Lines => line(io::stdin().lock(), MAX_PASSWORD),
            Self::Terminal(terminal) => terminal.ask(what),
        };
        let password = read.map_err(TicketsError::Terminal)?;
        if password.is_empty() {
            return Err(TicketsError::NoPassword);
        }
        if password.len() > MAX_PASSWORD {
            return Err(TicketsError::PasswordLong);
        }
        Ok(password)
    }
}

impl Asking {
    /// The password that takes the place of one that has expired.
    fn new_password(&mut self, client: &Principal) -> Result<Zeroizing<String>, TicketsError> {
        if let Self::Terminal(terminal) = self {
            terminal.tell(&format!("The password of {client} has expired. Choose a new one."));
            let new = self.password("New password")?;
            return if new == self.password("The same again")? { Ok(new) } else { Err(TicketsError::Differ) };
        }
        self.password("").map_err(|error| match error {
            TicketsError::NoPassword => SessionError::PasswordExpired { client: client.clone() }.into(),
            other => other,
        })
    }
}

fn named(text: &str) -> Result<Named, TicketsError> {
    Named::read(text).map_err(|source| TicketsError::Principal { text: text.to_owned(), source })
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let read = duration(text).filter(|lifetime| !lifetime.is_zero());
    read.ok_or_else(|| "write it as 10h, 1d12h, 90m or 24:00".to_owned())
}
