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
    pub(crate) names: Names,
}

/// Which names an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Those that were asked for.
    AsAsked,
    /// Any service of the realm that is asked, be it the way to another realm
    /// (RFC 6806 section 8).
    OtherService,
    /// Any client and any service (RFC 6806 sections 5 and 6): the KDC is the
    /// one that knows the password, and says who its owner is.
    Other,
}

impl Asked {
    /// Checks what stands in the clear, before the work of opening the rest.
    pub(crate) fn check_envelope(&self, answer: &KdcRep, msg_type: i64) -> Result<(), ClientError> {
        if answer.pvno != PVNO || answer.msg_type != msg_type {
            return Err(ClientError::UnexpectedMessage);
        }
        let same_client = answer.crealm == self.client.krb_realm && answer.cname.same_name(&self.client.name);
        if !same_client && self.names != Names::Other {
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
        let ticket = answer.ticket;
        // Nothing protects the names in the ticket: they must be those of the sealed part.
        if part.srealm != ticket.realm || !part.sname.same_name(&ticket.sname) {
            return Err(ClientError::ServerMismatch);
        }
        let same_realm = part.srealm == self.server.krb_realm;
        let as_asked = same_realm && part.sname.same_name(&self.server.name);
        let expected = match self.names {
            Names::AsAsked => as_asked,
            Names::OtherService => same_realm,
            Names::Other => true,
        };
        if !expected {
            return Err(ClientError::ServerMismatch);
        }
        let server = if as_asked {
            self.server.clone()
        } else {
            Principal { name: part.sname, krb_realm: part.srealm }
        };
        let client = match self.names {
            Names::Other => Principal { name: answer.cname, krb_realm: answer.crealm },
            Names::AsAsked | Names::OtherService => self.client.clone(),
        };
        let auth = moment::read(&part.authtime)?;
        Ok(Credential {
            client,
            server,
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
