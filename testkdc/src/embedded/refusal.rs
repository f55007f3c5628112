//! Every "no" of the embedded KDC: the code that the client is told, and the sentence beside it.

use krb::crypto::CryptoError;
use krb::error_code::*;
use krb::msg::MsgError;
use krb::pac::PacError;

/// Why a request got no ticket.
///
/// A client is told the sentence too. A KDC in production would keep it to itself.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The account of the client ended.
    #[error("the client's account has expired")]
    AccountExpired,
    /// The authenticator does not open, or is none.
    #[error("the authenticator does not open with the session key of the ticket")]
    Authenticator,
    /// The authenticator names another client than the ticket.
    #[error("the authenticator is of another client than the ticket")]
    BadMatch,
    /// An option that is not granted here, or not to this ticket.
    #[error("an option is not granted")]
    BadOption,
    /// The checksum of the authenticator is not over this request.
    #[error("the checksum is not over this request")]
    Checksum,
    /// The authenticator has no checksum, or of a type that its key does not make.
    #[error("the authenticator has no checksum that its key makes")]
    ChecksumType,
    /// The client is not in the database.
    #[error("the client is not known")]
    ClientUnknown,
    /// The account of the client is disabled.
    #[error("the client's account is disabled")]
    Disabled,
    /// No enctype is known to all who need it.
    #[error("no enctype that the client can use has a key here")]
    Enctype,
    /// It could not be made; the KDC's own fault.
    #[error("the answer could not be made")]
    Internal,
    /// No key of this version.
    #[error("the ticket is sealed with a key of another version")]
    KeyVersion,
    /// It is not encoded as its kind is.
    #[error("the message is malformed")]
    Malformed,
    /// The message type inside is another than the one outside.
    #[error("the message type inside is another than outside")]
    MessageType,
    /// Users are given tickets for each other from user to user only.
    #[error("the server is a user: ask for a ticket from user to user")]
    MustUseUserToUser,
    /// The ticket would end before it starts.
    #[error("the ticket would never be valid")]
    NeverValid,
    /// The new password is empty, or not UTF-8.
    #[error("the new password is empty or not UTF-8")]
    NewPassword,
    /// The ticket was got with another ticket, which says nothing of the password.
    #[error("the ticket was not got with the password")]
    NotInitial,
    /// The ticket was not issued for this KDC.
    #[error("the ticket is not for this KDC")]
    NotUs,
    /// The ticket starts later, or must be validated first.
    #[error("the ticket is not valid yet")]
    NotYetValid,
    /// The messages of a session are not in their order.
    #[error("the message does not follow the one before it")]
    Order,
    /// Another one's password.
    #[error("the password is another's, who alone may change it")]
    OtherPassword,
    /// The PAC of another realm's ticket is not good, or names accounts of this realm.
    #[error("the PAC of the ticket is not good")]
    Pac,
    /// The password must be changed first.
    #[error("the password has expired: change it")]
    PasswordExpired,
    /// The ticket came over realms that are not trusted.
    #[error("the ticket came by a path of realms that is not trusted")]
    Path,
    /// The request has no ticket with it, or data of a kind that is not understood.
    #[error("pre-authentication data that is needed is missing or not understood")]
    PadataType,
    /// Not without the user's password: a ticket-granting ticket does not do.
    #[error("tickets for this service are issued for a password only")]
    Policy,
    /// Tickets cannot be postdated here.
    #[error("tickets are not postdated here")]
    Postdate,
    /// The password is wrong.
    #[error("the timestamp does not open with a key of the client: wrong password")]
    PreauthFailed {
        /// What the KDC would take: a METHOD-DATA.
        methods: Vec<u8>,
    },
    /// Who asks must prove to be the client.
    #[error("pre-authentication is required")]
    PreauthRequired {
        /// What the KDC would take: a METHOD-DATA.
        methods: Vec<u8>,
    },
    /// The same request was here before.
    #[error("the request was here before")]
    Replay,
    /// The account of the server ended.
    #[error("the server's account has expired")]
    ServerExpired,
    /// The additional ticket, or the one to renew, is another server's.
    #[error("the ticket is for another server than asked for")]
    ServerMismatch,
    /// The server is not in the database.
    #[error("the server is not known")]
    ServerUnknown,
    /// The client's clock is off.
    #[error("the clocks are too far apart")]
    Skew,
    /// The ticket is over.
    #[error("the ticket has expired")]
    TicketExpired,
    /// The ticket does not open.
    #[error("the ticket does not open with the key of its server")]
    TicketIntegrity,
    /// Neither protocol version 5 nor anything.
    #[error("the protocol version is not 5")]
    Version,
    /// Another realm's business.
    #[error("this KDC is of another realm")]
    WrongRealm,
}

impl Refusal {
    /// The code that the client is told (RFC 4120 section 7.5.9).
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::AccountExpired => KDC_ERR_NAME_EXP,
            Self::Authenticator | Self::TicketIntegrity => KRB_AP_ERR_BAD_INTEGRITY,
            Self::BadMatch => KRB_AP_ERR_BADMATCH,
            Self::BadOption => KDC_ERR_BADOPTION,
            Self::Checksum | Self::Pac => KRB_AP_ERR_MODIFIED,
            Self::ChecksumType => KRB_AP_ERR_INAPP_CKSUM,
            Self::ClientUnknown => KDC_ERR_C_PRINCIPAL_UNKNOWN,
            Self::Disabled => KDC_ERR_CLIENT_REVOKED,
            Self::Enctype => KDC_ERR_ETYPE_NOSUPP,
            Self::Internal | Self::Malformed => KRB_ERR_GENERIC,
            Self::KeyVersion => KRB_AP_ERR_BADKEYVER,
            Self::MessageType => KRB_AP_ERR_MSG_TYPE,
            Self::MustUseUserToUser => KDC_ERR_MUST_USE_USER2USER,
            Self::NeverValid => KDC_ERR_NEVER_VALID,
            Self::NotUs => KRB_AP_ERR_NOT_US,
            Self::NotYetValid => KRB_AP_ERR_TKT_NYV,
            Self::Order => KRB_AP_ERR_BADORDER,
            Self::PasswordExpired => KDC_ERR_KEY_EXPIRED,
            Self::Path => KDC_ERR_PATH_NOT_ACCEPTED,
            Self::PadataType => KDC_ERR_PADATA_TYPE_NOSUPP,
            Self::NewPassword | Self::NotInitial | Self::OtherPassword | Self::Policy => KDC_ERR_POLICY,
            Self::Postdate => KDC_ERR_CANNOT_POSTDATE,
            Self::PreauthFailed { .. } => KDC_ERR_PREAUTH_FAILED,
            Self::PreauthRequired { .. } => KDC_ERR_PREAUTH_REQUIRED,
            Self::Replay => KRB_AP_ERR_REPEAT,
            Self::ServerExpired => KDC_ERR_SERVICE_EXP,
            Self::ServerMismatch => KDC_ERR_SERVER_NOMATCH,
            Self::ServerUnknown => KDC_ERR_S_PRINCIPAL_UNKNOWN,
            Self::Skew => KRB_AP_ERR_SKEW,
            Self::TicketExpired => KRB_AP_ERR_TKT_EXPIRED,
            Self::Version => KDC_ERR_BAD_PVNO,
            Self::WrongRealm => KDC_ERR_WRONG_REALM,
        }
    }

    /// What goes with the code, for the program.
    pub(super) fn data(&self) -> Option<&[u8]> {
        match self {
            Self::PreauthFailed { methods } | Self::PreauthRequired { methods } => Some(methods),
            _ => None,
        }
    }
}

/// Keys that exist make everything; what a peer's key or message leads to is told apart where it is read.
impl From<CryptoError> for Refusal {
    fn from(_: CryptoError) -> Self {
        Self::Internal
    }
}

impl From<MsgError> for Refusal {
    fn from(error: MsgError) -> Self {
        match error {
            MsgError::Unencodable(_) => Self::Internal,
            _ => Self::Malformed,
        }
    }
}

impl From<PacError> for Refusal {
    fn from(_: PacError) -> Self {
        Self::Internal
    }
}
