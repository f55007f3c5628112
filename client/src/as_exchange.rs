//! The AS exchange: a password becomes a ticket-granting ticket (RFC 4120
//! section 3.1, RFC 6113 section 5.2 for the cookie).
//!
//! The first request carries no proof. A KDC that wants one says so, and how
//! the client's key is made; the second request carries the time under that
//! key.

use std::fmt;
use std::time::SystemTime;

use krb::crypto::{CryptoError, Key, Usage, UsageKeys};
use krb::error_code::{KDC_ERR_PREAUTH_FAILED, KDC_ERR_PREAUTH_REQUIRED, KRB_AP_ERR_BAD_INTEGRITY};
use krb::msg::kdc::{AsRep, AsReq, KdcReqBody};
use krb::msg::krb_error::KrbError;
use krb::msg::msg_type;
use krb::msg::opened::EncKdcRepPart;
use krb::msg::padata::{MethodData, PA_ENC_TIMESTAMP, PA_FX_COOKIE, PaData, PaEncTsEnc};
use krb::name::{Principal, PrincipalName};
use krb::peek;
use krb::sealed::EncryptedData;
use zeroize::Zeroizing;

use crate::answer::Asked;
use crate::credential::Credential;
use crate::dice::{self, Dice};
use crate::error::ClientError;
use crate::moment;
use crate::options::TicketOptions;
use crate::reply_key::Recipe;

/// One AS exchange, from its first request to the credential.
///
/// Send [`request`](Self::request) to a KDC of the client's realm, over any
/// transport; give what comes back to [`reply`](Self::reply).
pub struct AsExchange {
    asked: Asked,
    body: KdcReqBody,
    password: Zeroizing<String>,
    /// Most rounds in which it is made a key.
    max_iterations: u32,
    /// The client's key, once the KDC asked for proof of it.
    proved: Option<Key>,
    request: Vec<u8>,
}

/// What an answer of the KDC leads to.
#[derive(Debug)]
#[must_use = "either there is a request to send or a ticket to keep"]
#[expect(clippy::large_enum_variant, reason = "one is made for an exchange and taken apart at once")]
pub enum AsStep {
    /// The KDC wants to know more: send the new [`AsExchange::request`].
    Ask,
    /// The exchange is over.
    Done(Credential),
}

impl AsExchange {
    /// Starts to ask for a ticket-granting ticket of the client's own realm.
    ///
    /// # Errors
    ///
    /// [`ClientError::TimeOutOfRange`] if `now` or a lifetime in `options` is.
    pub fn new(
        client: Principal,
        password: &str,
        options: &TicketOptions,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, ClientError> {
        let service = PrincipalName::krbtgt(&client.krb_realm);
        Self::for_service(client, service, password, options, now, dice)
    }

    /// Starts to ask for a ticket to `service` without a ticket-granting ticket,
    /// as `kadmin/changepw` demands.
    ///
    /// # Errors
    ///
    /// As for [`AsExchange::new`].
    pub fn for_service(
        client: Principal,
        service: PrincipalName,
        password: &str,
        options: &TicketOptions,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, ClientError> {
        let server = Principal { name: service, krb_realm: client.krb_realm.clone() };
        let nonce = dice::nonce(dice);
        let body = options.body(Some(&client.name), &server, nonce, now)?;
        Ok(Self {
            request: AsReq::new(None, body.clone()).encode()?,
            asked: Asked { client, server, nonce, enctypes: options.enctypes.clone() },
            body,
            password: Zeroizing::new(password.to_owned()),
            max_iterations: options.max_iterations,
            proved: None,
        })
    }

    /// The octets to send now, one whole AS-REQ. They may be sent again, to the
    /// same KDC or another.
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// Whether [`reply`](Self::reply) turns the password into a key to read this
    /// answer, which takes milliseconds to seconds. All else takes microseconds.
    pub fn makes_key(&self, octets: &[u8]) -> bool {
        match octets.first() {
            Some(&peek::AS_REP) => {
                let enctype = AsRep::decode(octets).map(|answer| answer.enc_part.etype);
                let is_proved = |number: i64| {
                    self.proved.as_ref().is_some_and(|key| number == i64::from(key.enctype().number()))
                };
                enctype.is_ok_and(|number| !is_proved(number))
            }
            Some(&peek::KRB_ERROR) => self.proved.is_none(),
            _ => false,
        }
    }

    /// Reads what the KDC answered to [`request`](Self::request), one whole
    /// message.
    ///
    /// It may take seconds, for it turns the password into a key.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the KDC's own reason,
    /// [`ClientError::WrongPassword`], [`ClientError::NoEncryptedTimestamp`] and
    /// [`ClientError::NoEnctypeInCommon`] if the KDC wants what cannot be given;
    /// all others if the octets are not a true answer to the request.
    pub fn reply(
        &mut self,
        octets: &[u8],
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<AsStep, ClientError> {
        match octets.first() {
            Some(&peek::AS_REP) => self.open(AsRep::decode(octets)?).map(AsStep::Done),
            Some(&peek::KRB_ERROR) => self.refused(KrbError::decode(octets)?, now, dice),
            _ => Err(ClientError::UnexpectedMessage),
        }
    }

    fn refused(
        &mut self,
        error: KrbError,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<AsStep, ClientError> {
        match (error.error_code, &self.proved) {
            (KDC_ERR_PREAUTH_REQUIRED, None) => self.prove(&error, now, dice).map(|()| AsStep::Ask),
            // The second is what decryption says, and a KDC may pass it on.
            (KDC_ERR_PREAUTH_FAILED | KRB_AP_ERR_BAD_INTEGRITY, Some(_)) => Err(ClientError::WrongPassword),
            _ => Err(error.into()),
        }
    }

    /// Makes the request that proves knowledge of the password.
    fn prove(&mut self, wanted: &KrbError, now: SystemTime, dice: &mut dyn Dice) -> Result<(), ClientError> {
        let methods = MethodData::decode(wanted.e_data.as_deref().unwrap_or_default())?.0;
        if !methods.iter().any(|method| method.padata_type == PA_ENC_TIMESTAMP) {
            return Err(ClientError::NoEncryptedTimestamp);
        }
        let key = Recipe::choose(&methods, &self.asked.enctypes, &self.asked.client)?
            .key(&self.password, self.max_iterations)?;
        let (patimestamp, micros) = moment::stamp(now)?;
        let time = PaEncTsEnc { patimestamp, pausec: Some(micros.into()) }.encode()?;
        let sealed = UsageKeys::derive(&key, Usage::PA_ENC_TIMESTAMP)?.seal_data(&dice::roll(dice), &time);
        let proof = PaData { padata_type: PA_ENC_TIMESTAMP, padata_value: sealed.encode()?.into() };
        // The cookie lets a KDC without memory know what it said before.
        let cookie = methods.into_iter().find(|method| method.padata_type == PA_FX_COOKIE);
        let padata = cookie.into_iter().chain([proof]).collect();
        self.request = AsReq::new(Some(padata), self.body.clone()).encode()?;
        self.proved = Some(key);
        Ok(())
    }

    fn open(&self, answer: AsRep) -> Result<Credential, ClientError> {
        let answer = answer.0;
        self.asked.check_envelope(&answer, msg_type::AS_REP)?;
        let enctype = self.asked.offered(answer.enc_part.etype)?;
        let part = match &self.proved {
            Some(key) if key.enctype() == enctype => open_part(key, &answer.enc_part)?,
            // The KDC wanted no proof, so this is the first use of the key, and
            // a wrong password shows here.
            _ => {
                let padata = answer.padata.as_deref().unwrap_or_default();
                let key = Recipe::choose(padata, &[enctype], &self.asked.client)?
                    .key(&self.password, self.max_iterations)?;
                open_part(&key, &answer.enc_part).map_err(wrong_password)?
            }
        };
        self.asked.accept(answer, EncKdcRepPart::decode(&part)?)
    }
}

/// Opens the sealed part of an AS-REP. The plaintext has a key in it.
fn open_part(key: &Key, sealed: &EncryptedData) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    UsageKeys::derive(key, Usage::AS_REP)?.open_data(sealed).map(Zeroizing::new)
}

/// The key comes from the password: if it does not open the answer, the
/// password is the likelier reason.
fn wrong_password(error: CryptoError) -> ClientError {
    match error {
        CryptoError::Integrity => ClientError::WrongPassword,
        other => other.into(),
    }
}

impl fmt::Debug for AsExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsExchange").field("asked", &self.asked).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
