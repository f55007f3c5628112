//! The keys of a context, and whether the service has proved that it has them (RFC 4120 section 3.2.5, RFC 4121
//! section 2).

use krb::crypto::{Key, Usage, UsageKeys};
use krb::gss::mic::{self, MicFlags};
use krb::gss::{self, Mech, TokenId};
use krb::msg::ap::ApRep;
use krb::msg::opened::{AuthorizationData, EncApRepPart, EtypeList, ad_type};
use krb::msg::{PVNO, msg_type};
use krb::time::KerberosTime;
use zeroize::Zeroizing;

use super::{NegotiateDraft, NegotiateError};

/// A context that both sides agree on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Established {
    /// Whether the service proved that it is the one the ticket is for.
    pub proved: bool,
    /// The key of the context: the service's subkey if it chose one, else the client's, else the session key.
    pub key: Key,
}

/// What the initiator knows of the context so far.
pub(super) struct Context {
    session: Key,
    subkey: Option<Key>,
    acceptor_subkey: Option<Key>,
    /// The enctypes that the acceptor's subkey may have.
    offered: Vec<i64>,
    /// The time of the authenticator, which the proof must repeat.
    ctime: KerberosTime,
    cusec: i64,
    /// The initiator's next sequence number.
    seq: u64,
    mutual: bool,
    proved: bool,
}

impl Context {
    /// Starts from what was sent. A subkey of an enctype that cannot be computed here is not used.
    pub(super) fn of(draft: &NegotiateDraft) -> Self {
        let authenticator = &draft.authenticator;
        let seq = authenticator.seq_number.unwrap_or_default();
        Self {
            session: draft.session.clone(),
            subkey: authenticator.subkey.as_ref().and_then(|subkey| Key::try_from(subkey).ok()),
            acceptor_subkey: None,
            offered: offered(draft),
            ctime: authenticator.ctime.clone(),
            cusec: authenticator.cusec,
            seq: u64::try_from(seq).unwrap_or_default(),
            mutual: draft.is_mutual(),
            proved: false,
        }
    }

    /// Whether no token of Kerberos is due any more.
    pub(super) const fn is_complete(&self) -> bool {
        self.proved || !self.mutual
    }

    /// The context, if it is complete.
    pub(super) fn establish(&self) -> Result<Established, NegotiateError> {
        if !self.is_complete() {
            return Err(NegotiateError::NoProof);
        }
        Ok(Established { proved: self.proved, key: self.key().clone() })
    }

    /// Reads the service's token: an AP-REP that only the holder of the ticket's key can have made for this
    /// request, or a KRB-ERROR.
    pub(super) fn prove(&mut self, token: &[u8]) -> Result<(), NegotiateError> {
        let framed = gss::unframe(token)?;
        if Mech::of(framed.oid) != Some(Mech::Krb5) {
            return Err(NegotiateError::OtherMech { mech: Mech::of(framed.oid) });
        }
        let (id, message) = gss::split_id(framed.inner)?;
        match id {
            TokenId::ApRep if !self.is_complete() => {}
            TokenId::Error => return Err(NegotiateError::refused(token)),
            _ => return Err(NegotiateError::Unexpected),
        }
        let answer = ApRep::decode(message)?;
        if answer.pvno != PVNO || answer.msg_type != msg_type::AP_REP {
            return Err(NegotiateError::Unexpected);
        }
        // The session key of the ticket, never a subkey (RFC 4120 section 3.2.4).
        let keys = UsageKeys::derive(&self.session, Usage::AP_REP)?;
        let part = EncApRepPart::decode(&Zeroizing::new(keys.open_data(&answer.enc_part)?))?;
        if part.ctime != self.ctime || part.cusec != self.cusec {
            return Err(NegotiateError::OtherRequest);
        }
        if let Some(subkey) = &part.subkey {
            let number = subkey.keytype;
            if !self.offered.contains(&number) {
                return Err(NegotiateError::SubkeyEnctype { number });
            }
            self.acceptor_subkey = Some(Key::try_from(subkey)?);
        }
        self.proved = true;
        Ok(())
    }

    fn key(&self) -> &Key {
        self.acceptor_subkey.as_ref().or(self.subkey.as_ref()).unwrap_or(&self.session)
    }

    fn flags(&self) -> MicFlags {
        match self.acceptor_subkey {
            Some(_) => MicFlags::ACCEPTOR_SUBKEY,
            None => MicFlags::default(),
        }
    }

    /// The initiator's integrity code over `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NegotiateError> {
        Ok(mic::make(self.key(), Usage::GSS_INITIATOR_SIGN, self.flags(), self.seq, message)?)
    }

    /// Says that `code` is the acceptor's over `message`.
    pub(super) fn verify(&self, message: &[u8], code: &[u8]) -> Result<(), NegotiateError> {
        let flags = self.flags().with(MicFlags::SENT_BY_ACCEPTOR);
        mic::verify(self.key(), Usage::GSS_ACCEPTOR_SIGN, flags, message, code)?;
        Ok(())
    }
}

/// The enctypes of the keys that were used, and those of a list in the authenticator (RFC 4537).
fn offered(draft: &NegotiateDraft) -> Vec<i64> {
    let authenticator = &draft.authenticator;
    let mut offered = vec![draft.session.enctype().number().into()];
    offered.extend(authenticator.subkey.as_ref().map(|subkey| subkey.keytype));
    let outside = authenticator.authorization_data.iter().flat_map(|data| &data.0);
    for wrapped in outside.filter(|element| element.ad_type == ad_type::IF_RELEVANT) {
        let inside = AuthorizationData::decode(&wrapped.ad_data).map(|data| data.0).unwrap_or_default();
        let lists = inside.iter().filter(|element| element.ad_type == ad_type::ETYPE_NEGOTIATION);
        offered
            .extend(lists.filter_map(|list| EtypeList::decode(&list.ad_data).ok()).flat_map(|list| list.0));
    }
    offered
}
