//! A first token before it is sealed, so that what stands in it can be looked at and changed.

use std::time::SystemTime;

use krb::crypto::{Key, Usage, UsageKeys};
use krb::flags::{Flags, ap};
use krb::gss::Mech;
use krb::gss::checksum::{CHECKSUM_TYPE, GssChecksum, GssFlags};
use krb::msg::ap::ApReq;
use krb::msg::opened::{
    AUTHENTICATOR_VNO, Authenticator, AuthorizationData, AuthorizationDataElement, Checksum, EncryptionKey,
    ad_type,
};
use krb::msg::ticket::Ticket;
use zeroize::Zeroizing;

use super::{Negotiate, NegotiateError, NegotiateOptions};
use crate::credential::Credential;
use crate::dice::{self, Dice};
use crate::moment;

/// All that a first token is made of.
///
/// [`Negotiate::new`] is enough for a client. This is for tests of services, which must meet what no honest
/// client sends: every field may be changed before [`send`](Self::send).
#[derive(Clone, Debug)]
pub struct NegotiateDraft {
    /// What the client asks for outside the sealed part, see [`krb::flags::ap`].
    pub ap_options: Flags,
    /// The ticket.
    pub ticket: Ticket,
    /// The session key of the ticket.
    pub session: Key,
    /// The proof, with time, checksum, subkey and sequence number.
    pub authenticator: Authenticator,
    /// The mechanisms to list; none for no negotiation. The token goes with the list if Kerberos is first.
    pub mechs: Vec<Mech>,
    /// The OID around the AP-REQ, [`Mech::Krb5`].
    pub inner: Mech,
    /// Whether an integrity code over the list goes with the token, if that goes with the list. A client that waits for the service's proof has
    /// the key for it only afterwards.
    pub mech_list_mic: bool,
}

impl NegotiateDraft {
    /// What an honest client sends.
    ///
    /// # Errors
    ///
    /// [`NegotiateError::TimeOutOfRange`] for a `now` that messages cannot express.
    pub fn new(
        credential: &Credential,
        options: &NegotiateOptions,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, NegotiateError> {
        let (ctime, micros) = moment::stamp(now).map_err(|_| NegotiateError::TimeOutOfRange)?;
        let mut flags = options.flags.without(GssFlags::MUTUAL);
        let mut wishes = Vec::new();
        if options.mutual {
            flags = flags.with(GssFlags::MUTUAL);
            wishes.push(ap::MUTUAL_REQUIRED);
        }
        let subkey = dice::key(&credential.key, dice)?;
        Ok(Self {
            ap_options: Flags::with(&wishes),
            ticket: credential.ticket.clone(),
            session: credential.key.clone(),
            authenticator: Authenticator {
                authenticator_vno: AUTHENTICATOR_VNO,
                crealm: credential.client.krb_realm.clone(),
                cname: credential.client.name.clone(),
                cksum: Some(gss_checksum(options.bindings.unwrap_or_default(), flags)),
                cusec: micros.into(),
                ctime,
                subkey: Some(EncryptionKey::from(&subkey)),
                // 30 bits: a first number near the end of 32 would soon start again at zero (RFC 4121 section 4.1).
                seq_number: Some((u32::from_be_bytes(dice::roll(dice)) >> 2).into()),
                authorization_data: if_relevant(&options.authorization_data)?,
            },
            mechs: options.mechs.clone(),
            inner: Mech::Krb5,
            mech_list_mic: false,
        })
    }

    /// The AP-REQ alone, sealed.
    ///
    /// # Errors
    ///
    /// [`NegotiateError::Message`] for an authenticator that has no encoding.
    pub fn ap_req(&self, dice: &mut dyn Dice) -> Result<ApReq, NegotiateError> {
        let keys = UsageKeys::derive(&self.session, Usage::AP_REQ_AUTHENTICATOR)?;
        let plaintext = Zeroizing::new(self.authenticator.encode()?);
        let sealed = keys.seal_data(&dice::roll(dice), &plaintext);
        Ok(ApReq::new(self.ap_options.clone(), self.ticket.clone(), sealed))
    }

    /// Seals it, ready to send.
    ///
    /// # Errors
    ///
    /// Those of [`Negotiate::new`].
    pub fn send(&self, dice: &mut dyn Dice) -> Result<Negotiate, NegotiateError> {
        Negotiate::begin(self, dice)
    }

    /// Whether the service is to prove itself, said in either place.
    pub(super) fn is_mutual(&self) -> bool {
        let cksum = self.authenticator.cksum.as_ref();
        let gss = cksum.filter(|cksum| cksum.cksumtype == CHECKSUM_TYPE);
        let flags = gss.and_then(|cksum| Some(GssChecksum::read(&cksum.checksum).ok()?.flags));
        self.ap_options.bit(ap::MUTUAL_REQUIRED)
            || flags.is_some_and(|flags| flags.contains(GssFlags::MUTUAL))
    }
}

/// The checksum 0x8003 of an authenticator, without delegation.
fn gss_checksum(bindings: [u8; 16], flags: GssFlags) -> Checksum {
    let checksum = GssChecksum { bindings, flags, delegated: None, extensions: &[] };
    Checksum { cksumtype: CHECKSUM_TYPE, checksum: checksum.encode().into() }
}

/// Wraps what the service may pass over if it does not understand it (RFC 4120 section 5.2.6.1).
fn if_relevant(elements: &[AuthorizationDataElement]) -> Result<Option<AuthorizationData>, NegotiateError> {
    if elements.is_empty() {
        return Ok(None);
    }
    let ad_data = AuthorizationData(elements.to_vec()).encode()?.into();
    let wrapped = AuthorizationDataElement { ad_type: ad_type::IF_RELEVANT, ad_data };
    Ok(Some(AuthorizationData(vec![wrapped])))
}
