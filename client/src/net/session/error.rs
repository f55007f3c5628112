//! Why somebody gets no ticket, and what helps.

use krb::name::{Principal, PrincipalName, RealmName};

use crate::{
    error::{ClientError, Refusal},
    net::{ccache_file::CcacheFileError, kdcs::AskError},
    password_change::{ChangeRefused, PasswordChangeError},
};

/// Why there is no ticket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// No server could be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The password was not changed, or nobody said so who can be believed.
    #[error(
        "the password of {client} was not changed: {source}; get a ticket with the old one to see whether it is still valid"
    )]
    Change {
        /// Whose.
        client: Principal,
        /// Why not.
        source: PasswordChangeError,
    },
    /// The credential cache cannot be used.
    #[error(transparent)]
    Ccache(#[from] CcacheFileError),
    /// What a KDC answered is no answer, or cannot be used.
    #[error(
        "no ticket for {about}: {source}; see that the right server is asked, for its answer cannot be trusted"
    )]
    Exchange {
        /// Who or what the ticket was to be for.
        about: String,
        /// What is wrong.
        source: ClientError,
    },
    /// The key was not made to the end.
    #[error("the password was not made a key to the end; please report it")]
    Interrupted,
    /// The credential cache has no ticket-granting ticket that is valid now.
    #[error("there is no valid ticket-granting ticket of {client}; get one with kinit")]
    NoTgt {
        /// Whose tickets there are.
        client: Principal,
    },
    /// Nobody has logged in, and there is no credential cache to read.
    #[error("there are no tickets; log in first")]
    NoTickets,
    /// The password has expired.
    #[error("the password of {client} has expired; change it (kpasswd)")]
    PasswordExpired {
        /// Whose.
        client: Principal,
    },
    /// The new password is not taken.
    #[error("the new password of {client} is refused: {source}; choose another")]
    Rejected {
        /// Whose.
        client: Principal,
        /// What the server says.
        source: ChangeRefused,
    },
    /// The KDC says no.
    #[error("the KDC of {krb_realm} gives no ticket for {about}: {refusal}; {}", refusal.remedy())]
    Refused {
        /// The realm.
        krb_realm: RealmName,
        /// Who or what the ticket was to be for.
        about: String,
        /// What it says.
        refusal: Box<Refusal>,
    },
    /// The ticket does not allow it, or the client cannot do what the KDC wants.
    #[error("no ticket for {about}: {source}")]
    Unable {
        /// Who or what the ticket was to be for.
        about: String,
        /// Why.
        source: ClientError,
    },
    /// The password is not the client's.
    #[error("the password of {client} is wrong; mind capitals and the layout of the keyboard")]
    WrongPassword {
        /// Whose.
        client: Principal,
    },
}

impl SessionError {
    /// What an exchange for a client's own ticket says.
    pub(super) fn of_client(error: ClientError, client: &Principal, krb_realm: &RealmName) -> Self {
        match error {
            ClientError::WrongPassword => Self::WrongPassword { client: client.clone() },
            other => Self::of(other, client.to_string(), krb_realm),
        }
    }

    /// What a password change says.
    pub(super) fn of_change(error: PasswordChangeError, client: &Principal) -> Self {
        let client = client.clone();
        match error {
            PasswordChangeError::Rejected(source) => Self::Rejected { client, source },
            source => Self::Change { client, source },
        }
    }

    /// What an exchange for a service's ticket says.
    pub(super) fn of_service(error: ClientError, service: &PrincipalName, krb_realm: &RealmName) -> Self {
        Self::of(error, service.to_string(), krb_realm)
    }

    fn of(source: ClientError, about: String, krb_realm: &RealmName) -> Self {
        match source {
            ClientError::Refused(refusal) => Self::Refused { krb_realm: krb_realm.clone(), about, refusal },
            ClientError::NoEncryptedTimestamp
            | ClientError::NoEnctypeInCommon
            | ClientError::NotRenewable
            | ClientError::NotTicketGranting
            | ClientError::ReferralLoop { .. }
            | ClientError::TicketExpired
            | ClientError::TimeOutOfRange => Self::Unable { about, source },
            source => Self::Exchange { about, source },
        }
    }
}
