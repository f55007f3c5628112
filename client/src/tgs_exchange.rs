//! The TGS exchange: a ticket-granting ticket becomes a ticket for a service
//! (RFC 4120 section 3.3).

use std::fmt;
use std::time::SystemTime;

use krb::crypto::{ChecksumKey, CryptoError, Key, Usage, UsageKeys};
use krb::flags::{self, Flags};
use krb::msg::ap::ApReq;
use krb::msg::kdc::{KdcReqBody, TgsRep, TgsReq};
use krb::msg::krb_error::KrbError;
use krb::msg::msg_type;
use krb::msg::opened::{AUTHENTICATOR_VNO, Authenticator, AuthorizationData, EncKdcRepPart, EncryptionKey};
use krb::msg::padata::{PA_TGS_REQ, PaData};
use krb::name::{Principal, PrincipalName, RealmName};
use krb::peek;
use krb::sealed::EncryptedData;
use zeroize::Zeroizing;

use crate::answer::{Asked, Names};
use crate::credential::Credential;
use crate::dice::{self, Dice};
use crate::error::ClientError;
use crate::moment;
use crate::options::TicketOptions;

/// One TGS exchange: a request, and the answer to it.
///
/// Send [`request`](Self::request) to a KDC of the realm that the
/// ticket-granting ticket is for, over any transport; give what comes back to
/// [`reply`](Self::reply).
pub struct TgsExchange {
    asked: Asked,
    session: Key,
    /// A key for this exchange alone, which the KDC seals its answer with.
    subkey: Key,
    request: Vec<u8>,
}

impl TgsExchange {
    /// Asks for a ticket to `service`, in the realm that `tgt` is for.
    ///
    /// The service of another realm needs a ticket-granting ticket of that
    /// realm first: ask for `krbtgt/OTHER.REALM`.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotTicketGranting`] if `tgt` is for another service than
    /// `krbtgt`, [`ClientError::TimeOutOfRange`] if `now` or a lifetime in
    /// `options` is.
    pub fn new(
        tgt: &Credential,
        service: PrincipalName,
        options: &TicketOptions,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, ClientError> {
        let server = Principal { name: service, krb_realm: granted_realm(&tgt.server)?.clone() };
        let body = options.body(None, &server, dice::nonce(dice), now)?;
        Self::with_body(tgt, server, body, options, now, dice)
    }

    /// Asks for `ticket` anew, with as long a life as it was first given and the
    /// same flags. It must be renewable and not have ended.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotRenewable`] if the ticket is not,
    /// [`ClientError::TimeOutOfRange`] if `now` or a lifetime in `options` is.
    pub fn renew(
        ticket: &Credential,
        options: &TicketOptions,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, ClientError> {
        if !ticket.flags.bit(flags::ticket::RENEWABLE) {
            return Err(ClientError::NotRenewable);
        }
        // The new one has the flags alone that are asked for again.
        let options = TicketOptions {
            canonicalize: false,
            forwardable: ticket.flags.bit(flags::ticket::FORWARDABLE),
            proxiable: ticket.flags.bit(flags::ticket::PROXIABLE),
            renew_lifetime: ticket.times.renew_till.and_then(|till| till.duration_since(now).ok()),
            ..options.clone()
        };
        let mut body = options.body(None, &ticket.server, dice::nonce(dice), now)?;
        body.kdc_options = Flags::from(body.kdc_options.word() | Flags::with(&[flags::kdc::RENEW]).word());
        Self::with_body(ticket, ticket.server.clone(), body, &options, now, dice)
    }

    fn with_body(
        tgt: &Credential,
        server: Principal,
        mut body: KdcReqBody,
        options: &TicketOptions,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, ClientError> {
        let subkey = dice::key(&tgt.key, dice)?;
        if !options.authorization_data.is_empty() {
            let data = AuthorizationData(options.authorization_data.clone()).encode()?;
            let keys = UsageKeys::derive(&subkey, Usage::TGS_REQ_AUTH_DATA_SUBKEY)?;
            body.enc_authorization_data = Some(keys.seal_data(&dice::roll(dice), &data));
        }
        let proof = present(tgt, &body, &subkey, now, dice)?;
        let padata = PaData { padata_type: PA_TGS_REQ, padata_value: proof.encode()?.into() };
        let nonce = body.nonce;
        let names = if options.canonicalize { Names::OtherService } else { Names::AsAsked };
        Ok(Self {
            request: TgsReq::new(Some(vec![padata]), body).encode()?,
            asked: Asked {
                client: tgt.client.clone(),
                server,
                nonce,
                enctypes: options.enctypes.clone(),
                names,
            },
            session: tgt.key.clone(),
            subkey,
        })
    }

    /// The octets to send, one whole TGS-REQ. They may be sent again, to the
    /// same KDC or another.
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// The realm whose KDC is asked.
    pub const fn krb_realm(&self) -> &RealmName {
        &self.asked.server.krb_realm
    }

    /// Reads what the KDC answered, one whole message.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the KDC's own reason; all others if the
    /// octets are not a true answer to the request.
    pub fn reply(&self, octets: &[u8]) -> Result<Credential, ClientError> {
        match octets.first() {
            Some(&peek::TGS_REP) => self.open(TgsRep::decode(octets)?),
            Some(&peek::KRB_ERROR) => Err(KrbError::decode(octets)?.into()),
            _ => Err(ClientError::UnexpectedMessage),
        }
    }

    fn open(&self, answer: TgsRep) -> Result<Credential, ClientError> {
        let answer = answer.0;
        self.asked.check_envelope(&answer, msg_type::TGS_REP)?;
        // Some KDCs pass the subkey over and seal with the session key.
        let part = open_part(&self.subkey, Usage::TGS_REP_SUBKEY, &answer.enc_part)
            .or_else(|_| open_part(&self.session, Usage::TGS_REP, &answer.enc_part))?;
        self.asked.accept(answer, EncKdcRepPart::decode(&part)?)
    }
}

/// The realm whose tickets `krbtgt/REALM` grants.
pub(crate) fn granted_realm(server: &Principal) -> Result<&RealmName, ClientError> {
    match server.name.name_string.as_slice() {
        [service, krb_realm] if service.as_octets() == b"krbtgt" => Ok(krb_realm),
        _ => Err(ClientError::NotTicketGranting),
    }
}

/// The AP-REQ that shows the ticket to the KDC and binds the request to it: the
/// authenticator's checksum is over `body`.
fn present(
    tgt: &Credential,
    body: &KdcReqBody,
    subkey: &Key,
    now: SystemTime,
    dice: &mut dyn Dice,
) -> Result<ApReq, ClientError> {
    let (ctime, micros) = moment::stamp(now)?;
    let checksums = ChecksumKey::derive(&tgt.key, Usage::TGS_REQ_CHECKSUM)?;
    let authenticator = Authenticator {
        authenticator_vno: AUTHENTICATOR_VNO,
        crealm: tgt.client.krb_realm.clone(),
        cname: tgt.client.name.clone(),
        cksum: Some(checksums.make_checksum(&body.encode()?)),
        cusec: micros.into(),
        ctime,
        subkey: Some(EncryptionKey::from(subkey)),
        seq_number: None,
        authorization_data: None,
    };
    let keys = UsageKeys::derive(&tgt.key, Usage::TGS_REQ_AUTHENTICATOR)?;
    let plaintext = Zeroizing::new(authenticator.encode()?);
    let sealed = keys.seal_data(&dice::roll(dice), &plaintext);
    Ok(ApReq::new(Flags::with(&[]), tgt.ticket.clone(), sealed))
}

/// Opens the sealed part of a TGS-REP. The plaintext has a key in it.
fn open_part(key: &Key, usage: Usage, sealed: &EncryptedData) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    UsageKeys::derive(key, usage)?.open_data(sealed).map(Zeroizing::new)
}

impl fmt::Debug for TgsExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TgsExchange").field("asked", &self.asked).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
