//! A change of the client's own password (RFC 3244 section 2, with the version of the protocol that all servers
//! answer).

use std::fmt;
use std::time::SystemTime;

use krb::crypto::{CryptoError, Key, Usage, UsageKeys};
use krb::flags::Flags;
use krb::kpasswd::{self, KpasswdError, Reply};
use krb::msg::ap::{ApRep, ApReq};
use krb::msg::krb_error::KrbError;
use krb::msg::krb_priv::{EncKrbPrivPart, KrbPriv};
use krb::msg::opened::{AUTHENTICATOR_VNO, Authenticator, EncApRepPart, EncryptionKey};
use krb::msg::{HostAddress, MsgError, PVNO, msg_type};
use krb::name::{NT_SRV_INST, PrincipalName};
use krb::sealed::EncryptedData;
use krb::time::KerberosTime;
use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::dice::{self, Dice};
use crate::error::Refusal;
use crate::moment;

mod verdict;

pub use verdict::{ChangeRefused, ResultCode};

/// One change, from its request to the server's verdict.
///
/// Send [`request`](Self::request) to the realm's kpasswd server, over any transport; give what comes back to
/// [`reply`](Self::reply).
pub struct PasswordChange {
    session: Key,
    subkey: Key,
    /// The time of the proof, which the server repeats.
    ctime: KerberosTime,
    cusec: i64,
    request: Vec<u8>,
}

/// Why a password is not known to be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordChangeError {
    /// A key does not open what it should: the answer is another's, or altered.
    #[error("the answer cannot be opened")]
    Crypto(#[from] CryptoError),
    /// The answer is not framed as the protocol has it.
    #[error("the answer is none to a password change: {0}")]
    Frame(#[from] KpasswdError),
    /// A message could not be read or written.
    #[error("the answer cannot be read")]
    Message(#[from] MsgError),
    /// The server does not repeat what it must, so it may be another's.
    #[error("whoever answered did not prove to be the server")]
    NoProof,
    /// The server did not read the new password. Nothing protects what it says.
    #[error("the server refuses: {0}")]
    Refused(Box<Refusal>),
    /// The server read the new password and does not take it.
    #[error(transparent)]
    Rejected(#[from] ChangeRefused),
    /// The time is one that messages cannot express.
    #[error("the time is out of range; check the clock")]
    TimeOutOfRange,
}

impl PasswordChange {
    /// The service that changes passwords. Ask for a ticket to it with
    /// [`AsExchange::for_service`](crate::AsExchange::for_service), which is also given for a password that has expired.
    #[must_use]
    pub fn service() -> PrincipalName {
        PrincipalName::new(NT_SRV_INST, ["kadmin", "changepw"])
    }

    /// Asks for `password` to be the new one of whose `ticket` it is.
    ///
    /// `sender` is the address from which it is sent. Servers that compare it with what they see refuse what passes a
    /// gateway.
    ///
    /// # Errors
    ///
    /// [`PasswordChangeError::TimeOutOfRange`]; [`PasswordChangeError::Frame`] for a ticket or a password of more than
    /// 64 KiB.
    pub fn new(
        ticket: &Credential,
        password: &str,
        sender: HostAddress,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, PasswordChangeError> {
        let (ctime, micros) = moment::stamp(now).map_err(|_| PasswordChangeError::TimeOutOfRange)?;
        let subkey = dice::key(&ticket.key, dice)?;
        // 30 bits, as in the first token of a context.
        let seq_number = Some((u32::from_be_bytes(dice::roll(dice)) >> 2).into());
        let authenticator = Authenticator {
            authenticator_vno: AUTHENTICATOR_VNO,
            crealm: ticket.client.krb_realm.clone(),
            cname: ticket.client.name.clone(),
            cksum: None,
            cusec: micros.into(),
            ctime: ctime.clone(),
            subkey: Some(EncryptionKey::from(&subkey)),
            seq_number,
            authorization_data: None,
        };
        let plaintext = Zeroizing::new(authenticator.encode()?);
        let keys = UsageKeys::derive(&ticket.key, Usage::AP_REQ_AUTHENTICATOR)?;
        let sealed = keys.seal_data(&dice::roll(dice), &plaintext);
        let ap_req = ApReq::new(Flags::with(&[]), ticket.ticket.clone(), sealed).encode()?;

        let part = EncKrbPrivPart {
            user_data: password.as_bytes().into(),
            timestamp: None,
            usec: None,
            seq_number,
            s_address: sender,
            r_address: None,
        };
        let plaintext = Zeroizing::new(part.encode()?);
        let sealed = UsageKeys::derive(&subkey, Usage::KRB_PRIV)?.seal_data(&dice::roll(dice), &plaintext);
        let request = kpasswd::write_change(&ap_req, &KrbPriv::new(sealed).encode()?);
        let request = request.ok_or(KpasswdError::Length)?;
        Ok(Self { session: ticket.key.clone(), subkey, ctime, cusec: micros.into(), request })
    }

    /// The octets to send, one whole message. A server that was sent them twice takes the second for a replay.
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// Reads what the server answered, one whole message. `Ok` is its word that the password was changed.
    ///
    /// # Errors
    ///
    /// [`PasswordChangeError::Rejected`] with the server's reason if it does not take the password,
    /// [`PasswordChangeError::Refused`] if it did not come to read it; all others if the octets are no true answer.
    pub fn reply(&self, octets: &[u8]) -> Result<(), PasswordChangeError> {
        let (ap_rep, krb_priv) = match kpasswd::reply(octets)? {
            Reply::Sealed { ap_rep, krb_priv } => (ap_rep, krb_priv),
            Reply::Error { octets, .. } => return Err(refused(KrbError::decode(octets)?)),
            _ => return Err(PasswordChangeError::NoProof),
        };
        let (ap_rep, krb_priv) = (ApRep::decode(ap_rep)?, KrbPriv::decode(krb_priv)?);
        let kinds = [(ap_rep.pvno, ap_rep.msg_type), (krb_priv.pvno, krb_priv.msg_type)];
        if kinds != [(PVNO, msg_type::AP_REP), (PVNO, msg_type::KRB_PRIV)] {
            return Err(PasswordChangeError::NoProof);
        }
        let keys = UsageKeys::derive(&self.session, Usage::AP_REP)?;
        let proof = Zeroizing::new(keys.open_data(&ap_rep.enc_part)?);
        let proof = EncApRepPart::decode(&proof)?;
        if proof.ctime != self.ctime || proof.cusec != self.cusec {
            return Err(PasswordChangeError::NoProof);
        }
        let theirs = proof.subkey.as_ref().map(Key::try_from).transpose()?;
        let plaintext = Zeroizing::new(self.open(theirs.as_ref(), &krb_priv.enc_part)?);
        let part = EncKrbPrivPart::decode(&plaintext)?;
        // Only with its number is it this answer and no other of the session.
        if part.seq_number != proof.seq_number {
            return Err(PasswordChangeError::NoProof);
        }
        Ok(ChangeRefused::judge(part.user_data.as_octets())?)
    }

    /// Opens the verdict: with the server's subkey, the client's, or, by servers that pass both over, the session key.
    fn open(&self, theirs: Option<&Key>, sealed: &EncryptedData) -> Result<Vec<u8>, CryptoError> {
        let mut failed = CryptoError::Integrity;
        for key in theirs.into_iter().chain([&self.subkey, &self.session]) {
            match UsageKeys::derive(key, Usage::KRB_PRIV)?.open_data(sealed) {
                Ok(opened) => return Ok(opened),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

/// What a KRB-ERROR means: some servers put their verdict into it (RFC 3244 section 2).
fn refused(error: KrbError) -> PasswordChangeError {
    match error.e_data.as_deref().map(ChangeRefused::judge) {
        Some(Err(rejected)) => rejected.into(),
        _ => PasswordChangeError::Refused(Box::new(error.into())),
    }
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange").field("request", &self.request.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
