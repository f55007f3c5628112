//! What client and service say to each other: AP-REQ and AP-REP (RFC 4120 section 5.5).

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::number::{PVNO, msg_type};
use super::ticket::Ticket;
use crate::codec::whole_message;
use crate::flags::Flags;
use crate::sealed::EncryptedData;

/// A ticket and the proof that its owner presents it.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 14)))]
pub struct ApReq {
    /// The protocol version, [`PVNO`].
    #[rasn(tag(explicit(0)))]
    pub pvno: i64,
    /// The message type, [`msg_type::AP_REQ`].
    #[rasn(tag(explicit(1)))]
    pub msg_type: i64,
    /// What the client asks for, see [`flags::ap`](crate::flags::ap).
    #[rasn(tag(explicit(2)))]
    pub ap_options: Flags,
    /// The ticket.
    #[rasn(tag(explicit(3)))]
    pub ticket: Ticket,
    /// The Authenticator, sealed with the ticket's session key.
    #[rasn(tag(explicit(4)))]
    pub authenticator: EncryptedData,
}

/// The service's proof that it opened the ticket.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 15)))]
pub struct ApRep {
    /// The protocol version, [`PVNO`].
    #[rasn(tag(explicit(0)))]
    pub pvno: i64,
    /// The message type, [`msg_type::AP_REP`].
    #[rasn(tag(explicit(1)))]
    pub msg_type: i64,
    /// The EncAPRepPart, sealed with the ticket's session key.
    #[rasn(tag(explicit(2)))]
    pub enc_part: EncryptedData,
}

whole_message!(ApReq, ApRep);

impl ApReq {
    /// A request that presents `ticket`.
    #[must_use]
    pub const fn new(ap_options: Flags, ticket: Ticket, authenticator: EncryptedData) -> Self {
        Self { pvno: PVNO, msg_type: msg_type::AP_REQ, ap_options, ticket, authenticator }
    }
}

impl ApRep {
    /// The answer to an AP-REQ.
    #[must_use]
    pub const fn new(enc_part: EncryptedData) -> Self {
        Self { pvno: PVNO, msg_type: msg_type::AP_REP, enc_part }
    }
}
