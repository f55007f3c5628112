//! What must be true of a KDC's answer before its ticket is used (RFC 4120
//! sections 3.1.5 and 3.3.4).

use krb::crypto::{Enctype, Key};
use krb::msg::PVNO;
use krb::msg::kdc::KdcRep;
use krb::msg::opened::EncKdcRepPart;
use krb::name::Principal;

use crate::credential::{Credential, Times};
use crate::error::ClientError;
use crate::moment;

/// What was asked, to hold the answer against.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) client: Principal,
    pub(crate) server: Principal,
    pub(crate) nonce: i64,
    pub(crate) enctypes: Vec<Enctype>,
}

impl Asked {
    /// Checks what stands in the clear, before the work of opening the rest.
    pub(crate) fn check_envelope(&self, answer: &KdcRep, msg_type: i64) -> Result<(), ClientError> {
        if answer.pvno != PVNO || answer.msg_type != msg_type {
            return Err(ClientError::UnexpectedMessage);
        }
        if answer.crealm != self.client.krb_realm || !answer.cname.same_name(&self.client.name) {
            return Err(ClientError::ClientMismatch);
        }
        Ok(())
    }

    /// Checks the sealed part against the request and the ticket, and makes the
    /// credential of both.
    ///
    /// Nothing but the nonce shows that the answer is not an old one; nothing
    /// but the names in the sealed part shows whose key is in it.
    pub(crate) fn accept(&self, answer: KdcRep, part: EncKdcRepPart) -> Result<Credential, ClientError> {
        if part.nonce != self.nonce {
            return Err(ClientError::NonceMismatch);
        }
        let sealed_for_server =
            part.srealm == self.server.krb_realm && part.sname.same_name(&self.server.name);
        let ticket = answer.ticket;
        let ticket_for_server =
            ticket.realm == self.server.krb_realm && ticket.sname.same_name(&self.server.name);
        if !sealed_for_server || !ticket_for_server {
            return Err(ClientError::ServerMismatch);
        }
        let auth = moment::read(&part.authtime)?;
        Ok(Credential {
            client: self.client.clone(),
            server: self.server.clone(),
            key: Key::new(self.offered(part.key.keytype)?, part.key.keyvalue.as_octets())?,
            times: Times {
                auth,
                start: part.starttime.as_ref().map_or(Ok(auth), moment::read)?,
                end: moment::read(&part.endtime)?,
                renew_till: part.renew_till.as_ref().map(moment::read).transpose()?,
            },
            flags: part.flags,
            addresses: part.caddr.unwrap_or_default(),
            ticket,
        })
    }

    /// The enctype with this number, if the request offered it.
    pub(crate) fn offered(&self, number: i64) -> Result<Enctype, ClientError> {
        let known = self.enctypes.iter().find(|enctype| number == i64::from(enctype.number()));
        known.copied().ok_or(ClientError::UnofferedEnctype { number })
    }
}
