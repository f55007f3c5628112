//! A ticket that was accepted: the keys of its context, what it says of the client, and how its answer is made
//! (RFC 4120 sections 3.2.4 and 5.5.2, RFC 4121 sections 2 and 4.1, RFC 4178 section 5).

use krb::{
    crypto::{CONFOUNDER_LENGTH, CryptoError, Key, Usage, UsageKeys},
    gss::{
        self, Mech, TokenId,
        mic::{self, MicFlags},
    },
    msg::{
        MsgError,
        ap::ApRep,
        opened::{EncApRepPart, EncryptionKey},
    },
    spnego::NegState,
    time::KerberosTime,
};
use zeroize::Zeroizing;

use crate::{
    acceptor::Dice,
    negotiation::{Wrapping, answer},
    permit::{Facts, Identity, Permit},
    refusal::Refusal,
};

/// A ticket that was accepted, before the client is told.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub identity: Identity,
    pub facts: Facts,
    pub wrapping: Wrapping,
    /// The session key of the ticket.
    pub session: Key,
    /// The subkey that the client chose.
    pub subkey: Option<Key>,
    /// Where the client's sequence numbers start.
    pub sequence: Option<i64>,
    /// What our AP-REP brings into use, once there is one.
    pub ours: Option<Ours>,
    /// The client's list of mechanisms.
    pub list: Vec<u8>,
}

/// What an AP-REP brings into use.
#[derive(Debug)]
pub(crate) struct Ours {
    subkey: Key,
    /// Where our sequence numbers start.
    sequence: u32,
}

/// Why an answer could not be written; nothing that a peer sends brings this about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// A part of it cannot be sealed.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
    /// A part of it cannot be encoded.
    #[error("{0}")]
    Message(#[from] MsgError),
}

impl Agreed {
    /// The key that signs, and its flag: our subkey as soon as the client has it, else the client's, else the
    /// session key (RFC 4121 sections 2 and 4.2.2).
    fn signing(&self) -> (&Key, MicFlags) {
        match &self.ours {
            Some(ours) => (&ours.subkey, MicFlags::ACCEPTOR_SUBKEY),
            None => (self.subkey.as_ref().unwrap_or(&self.session), MicFlags::default()),
        }
    }

    /// Says that signatures of the list can be made and read. Those of the weak enctypes have a form of their own
    /// (RFC 1964, RFC 4757), which is not made here. Our subkey will have the enctype of the session key.
    pub(crate) fn can_sign(&self) -> Result<(), Refusal> {
        let keys = self.subkey.iter().chain([&self.session]);
        match keys.map(Key::enctype).find(|enctype| enctype.is_weak()) {
            Some(enctype) => Err(Refusal::MechListMicEnctype { enctype }),
            None => Ok(()),
        }
    }

    /// Judges the client's signature of its list of mechanisms: over the octets as they came, without the tag of
    /// the field (RFC 4178 section 5).
    pub(crate) fn verify_list(&self, signature: &[u8]) -> Result<(), Refusal> {
        let (key, flags) = self.signing();
        mic::verify(key, Usage::GSS_INITIATOR_SIGN, flags, &self.list, signature)
            .map(|_| ())
            .map_err(Refusal::MechListMic)
    }

    /// The proof that the service opened the ticket: under the session key of the ticket and none else
    /// (RFC 4120 section 3.2.4), with a subkey and a sequence number of ours.
    /// They are in use from then on. The token has its framing.
    pub(crate) fn prove(
        &mut self,
        ctime: &KerberosTime,
        cusec: i64,
        dice: Dice<'_>,
    ) -> Result<Vec<u8>, AnswerError> {
        let enctype = self.session.enctype();
        let mut seed = Zeroizing::new(vec![0; enctype.seed_length()]);
        dice(&mut seed);
        let subkey = Key::from_random(enctype, &seed)?;
        // 30 bits: some peers read a signed number, and it must have room to grow.
        let sequence = u32::from_be_bytes(roll(dice)) & 0x3fff_ffff;
        let part = EncApRepPart {
            ctime: ctime.clone(),
            cusec,
            subkey: Some(EncryptionKey::from(&subkey)),
            seq_number: Some(sequence.into()),
        };
        let plain = Zeroizing::new(part.encode()?);
        let confounder: [u8; CONFOUNDER_LENGTH] = roll(dice);
        let sealed = UsageKeys::derive(&self.session, Usage::AP_REP)?.seal_data(&confounder, &plain);
        let message = ApRep::new(sealed).encode()?;
        self.ours = Some(Ours { subkey, sequence });
        Ok(gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApRep, &message)))
    }

    /// Our signature of the client's list.
    fn sign_list(&self) -> Result<Vec<u8>, AnswerError> {
        let (key, flags) = self.signing();
        // Without an AP-REP our numbers start where the client's do.
        let sequence = self
            .ours
            .as_ref()
            .map_or_else(|| unsigned(self.sequence.unwrap_or_default()), |ours| ours.sequence);
        let flags = flags.with(MicFlags::SENT_BY_ACCEPTOR);
        Ok(mic::make(key, Usage::GSS_ACCEPTOR_SIGN, flags, sequence.into(), &self.list)?)
    }

    /// The last token: accepted, with the proof if one is due, and signed if the client signed.
    pub(crate) fn accepted(&self, proof: Option<&[u8]>, sign: bool) -> Result<Option<Vec<u8>>, AnswerError> {
        match self.wrapping {
            // MIT sends nothing here either where no proof is due.
            Wrapping::Bare => Ok(proof.map(<[u8]>::to_vec)),
            Wrapping::Spnego(mech) => {
                let signature = if sign { Some(self.sign_list()?) } else { None };
                Ok(Some(answer(NegState::AcceptCompleted, Some(mech), proof, signature.as_deref())))
            }
        }
    }

    /// The token before the last: the proof, which the client needs before it can sign.
    pub(crate) fn proved(&self, proof: &[u8]) -> Result<Vec<u8>, AnswerError> {
        let signature = self.sign_list()?;
        let Wrapping::Spnego(mech) = self.wrapping else { return Ok(proof.to_vec()) };
        Ok(answer(NegState::AcceptIncomplete, Some(mech), Some(proof), Some(&signature)))
    }

    /// The last token where the proof is out already.
    pub(crate) fn signed(&self) -> Option<Vec<u8>> {
        match self.wrapping {
            Wrapping::Bare => None,
            Wrapping::Spnego(_) => Some(answer(NegState::AcceptCompleted, None, None, None)),
        }
    }

    pub(crate) fn grant(self) -> Permit {
        Permit::grant(self.identity, self.facts)
    }
}

/// A sequence number, a UInt32 that some send as a negative Int32; 0 for what is neither.
fn unsigned(number: i64) -> u32 {
    u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned)).unwrap_or_default()
}

/// So many random octets.
pub(crate) fn roll<const N: usize>(dice: Dice<'_>) -> [u8; N] {
    let mut octets = [0; N];
    dice(&mut octets);
    octets
}
