//! Where a test lays hands on what the embedded KDC makes, to get tickets and replies that no real one would make.

use krb::msg::kdc::KdcRep;
use krb::msg::opened::{EncKdcRepPart, EncTicketPart};
use krb::pac::{ClientInfo, UpnDnsInfo, ValidationInfo};

use super::exchange::Kind;

/// Changes what the KDC makes, in the order of these calls: the PAC before it is signed, the ticket before it is
/// sealed, the part for the client before that is sealed, the reply, and the octets.
///
/// What one call changes the others do not follow: a ticket that is made to end sooner still ends late in the
/// reply's word for it, and the signatures in a PAC are over the ticket before it was changed.
pub trait Forge: Send + Sync {
    /// The PAC of a ticket that gets one, before it is signed.
    fn pac(&self, _kind: Kind, _pac: &mut PacDraft) {}

    /// The ticket with its PAC, before it is sealed.
    fn ticket(&self, _kind: Kind, _ticket: &mut EncTicketPart) {}

    /// What only the client can read, before it is sealed.
    fn reply_part(&self, _kind: Kind, _part: &mut EncKdcRepPart) {}

    /// The reply with both sealed parts.
    fn reply(&self, _kind: Kind, _reply: &mut KdcRep) {}

    /// The octets of any answer, a refusal too.
    fn answer(&self, _kind: Kind, _octets: &mut Vec<u8>) {}
}

/// A PAC before it is signed.
#[derive(Clone, Debug, Default)]
pub struct PacDraft {
    /// The SIDs of the user.
    pub logon: Option<ValidationInfo>,
    /// Whom and which logon it is about.
    pub client: Option<ClientInfo>,
    /// The user's other names.
    pub names: Option<UpnDnsInfo>,
    /// Further buffers: what each holds, see [`krb::pac::buffer`], and its octets.
    pub others: Vec<(u32, Vec<u8>)>,
}
