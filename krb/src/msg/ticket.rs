//! A ticket as everybody but its service sees it: for whom it is, and a sealed part (RFC 4120 section 5.3).

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::number::PVNO;
use crate::codec::whole_message;
use crate::name::{PrincipalName, RealmName};
use crate::sealed::EncryptedData;

/// A ticket, still closed.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 1)))]
pub struct Ticket {
    /// The version of the ticket's form, [`PVNO`].
    #[rasn(tag(explicit(0)))]
    pub tkt_vno: i64,
    /// The realm that issued the ticket, which is the service's.
    #[rasn(tag(explicit(1)))]
    pub realm: RealmName,
    /// The service. Nothing protects this name: only the key that opens the ticket tells whose it is.
    #[rasn(tag(explicit(2)))]
    pub sname: PrincipalName,
    /// The EncTicketPart, sealed with the service's key.
    #[rasn(tag(explicit(3)))]
    pub enc_part: EncryptedData,
}

whole_message!(Ticket);

impl Ticket {
    /// A ticket for `sname` in `realm`.
    #[must_use]
    pub const fn new(realm: RealmName, sname: PrincipalName, enc_part: EncryptedData) -> Self {
        Self { tkt_vno: PVNO, realm, sname, enc_part }
    }
}
