//! The AS exchange: a password becomes a ticket-granting ticket (RFC 4120
//! section 3.1, RFC 6113 section 5.2 for the cookie).
//!
//! The first request carries no proof. A KDC that wants one says so, and how
//! the client's key is made; the second request carries the time under that
//! key. A KDC that knows the client in another realm names that one, and is
//! followed if that was asked for (RFC 6806 section 7).

use std::fmt;
use std::time::SystemTime;

use krb::crypto::{ChecksumKey, CryptoError, Key, Usage, UsageKeys};
use krb::error_code::{
    KDC_ERR_NEVER_VALID, KDC_ERR_PREAUTH_FAILED, KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_WRONG_REALM,
    KRB_AP_ERR_BAD_INTEGRITY, KRB_AP_ERR_SKEW,
};
use krb::flags::ticket;
use krb::msg::kdc::{AsRep, AsReq, KdcReqBody};
use krb::msg::krb_error::KrbError;
use krb::msg::msg_type;
use krb::msg::opened::{Checksum, EncKdcRepPart};
use krb::msg::padata::{
    MethodData, PA_ENC_TIMESTAMP, PA_FX_COOKIE, PA_FX_FAST, PA_REQ_ENC_PA_REP, PaData, PaEncTsEnc,
};
use krb::name::{Principal, PrincipalName, RealmName};
use krb::peek;
use krb::sealed::EncryptedData;
use zeroize::Zeroizing;

use crate::answer::{Asked, Names};
use crate::clock::ClockOffset;
use crate::credential::Credential;
use crate::dice::{self, Dice};
use crate::error::ClientError;
use crate::moment;
use crate::options::TicketOptions;
use crate::reply_key::Recipe;

/// Most realms that are asked, the first one among them; MIT's library draws the
/// same line.
const MAX_REALMS: usize = 10;

/// One AS exchange, from its first request to the credential.
///
/// Send [`request`](Self::request) to a KDC of [`krb_realm`](Self::krb_realm),
/// over any transport; give what comes back to [`reply`](Self::reply).
pub struct AsExchange {
    asked: Asked,
    body: KdcReqBody,
    options: TicketOptions,
    password: Zeroizing<String>,
    /// The client's key, once the KDC asked for proof of it.
    proved: Option<Key>,
    /// Realms that were asked and sent the client on.
    left: Vec<RealmName>,
    clock: ClockOffset,
    /// Whether the KDC said under the client's key that it speaks FAST.
    speaks_fast: bool,
    /// Whether the KDC's time was taken over after a refusal, which is done once.
    corrected: bool,
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
        let names = if options.canonicalize { Names::Other } else { Names::AsAsked };
        Ok(Self {
            request: AsReq::new(first_padata(options), body.clone()).encode()?,
            asked: Asked { client, server, nonce, enctypes: options.enctypes.clone(), names },
            body,
            options: options.clone(),
            password: Zeroizing::new(password.to_owned()),
            proved: None,
            left: Vec::new(),
            clock: ClockOffset::default(),
            speaks_fast: false,
            corrected: false,
        })
    }

    /// The realm whose KDC is asked now. It changes only where
    /// [`TicketOptions::canonicalize`] lets a KDC name another.
    pub const fn krb_realm(&self) -> &RealmName {
        &self.asked.server.krb_realm
    }

    /// How far the KDC's clock is from the caller's, as far as
    /// [`TicketOptions::kdc_timesync`] lets that matter.
    pub const fn clock(&self) -> ClockOffset {
        self.clock
    }

    /// Whether the KDC wanted proof of the password before it gave a ticket.
    pub const fn has_proved(&self) -> bool {
        self.proved.is_some()
    }

    /// The octets to send now, one whole AS-REQ. They may be sent again, to the
    /// same KDC or another.
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// Whether the KDC said that it speaks FAST, in an answer that
    /// [`TicketOptions::protects_request`] made it protect.
    pub const fn speaks_fast(&self) -> bool {
        self.speaks_fast
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
    /// [`ClientError::ReferralLoop`] if realms send the client to each other;
    /// all others if the octets are not a true answer to the request.
    pub fn reply(
        &mut self,
        octets: &[u8],
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<AsStep, ClientError> {
        match octets.first() {
            Some(&peek::AS_REP) => {
                let credential = self.open(AsRep::decode(octets)?, now)?;
                // Asked for by a clock that is behind, its life was over before it began.
                let is_over = credential.times.end <= self.clock.apply(now);
                if is_over && self.clock != ClockOffset::default() && !self.corrected {
                    self.corrected = true;
                    return self.restart(now, dice).map(|()| AsStep::Ask);
                }
                Ok(AsStep::Done(credential))
            }
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
            // A lifetime is over before it begins where the clocks are days apart.
            (KRB_AP_ERR_SKEW | KDC_ERR_NEVER_VALID, _) if self.options.kdc_timesync && !self.corrected => {
                let clock = ClockOffset::between(now, &error.stime)?;
                if clock.is_small() {
                    return Err(error.into());
                }
                self.clock = clock;
                self.corrected = true;
                self.restart(now, dice).map(|()| AsStep::Ask)
            }
            (KDC_ERR_WRONG_REALM, _) if self.options.canonicalize => {
                self.go_on(error, now, dice).map(|()| AsStep::Ask)
            }
            // The second is what decryption says, and a KDC may pass it on.
            (KDC_ERR_PREAUTH_FAILED | KRB_AP_ERR_BAD_INTEGRITY, Some(_)) => Err(ClientError::WrongPassword),
            _ => Err(error.into()),
        }
    }

    /// Begins anew in the realm that the KDC names.
    fn go_on(&mut self, error: KrbError, now: SystemTime, dice: &mut dyn Dice) -> Result<(), ClientError> {
        let Some(krb_realm) = error.crealm.clone() else { return Err(error.into()) };
        let here = self.asked.server.krb_realm.clone();
        if krb_realm == here || self.left.contains(&krb_realm) || self.left.len() + 1 >= MAX_REALMS {
            return Err(ClientError::ReferralLoop { krb_realm });
        }
        self.left.push(here);
        if self.asked.server.name.same_name(&PrincipalName::krbtgt(&self.asked.server.krb_realm)) {
            self.asked.server.name = PrincipalName::krbtgt(&krb_realm);
        }
        self.asked.client.krb_realm = krb_realm.clone();
        self.asked.server.krb_realm = krb_realm;
        self.restart(now, dice)
    }

    /// Makes a first request again, without a proof.
    fn restart(&mut self, now: SystemTime, dice: &mut dyn Dice) -> Result<(), ClientError> {
        let nonce = dice::nonce(dice);
        let client = &self.asked.client.name;
        let body = self.options.body(Some(client), &self.asked.server, nonce, self.clock.apply(now))?;
        self.request = AsReq::new(first_padata(&self.options), body.clone()).encode()?;
        self.asked.nonce = nonce;
        self.body = body;
        self.proved = None;
        Ok(())
    }

    /// Makes the request that proves knowledge of the password.
    fn prove(&mut self, wanted: &KrbError, now: SystemTime, dice: &mut dyn Dice) -> Result<(), ClientError> {
        let methods = MethodData::decode(wanted.e_data.as_deref().unwrap_or_default())?.0;
        if !methods.iter().any(|method| method.padata_type == PA_ENC_TIMESTAMP) {
            return Err(ClientError::NoEncryptedTimestamp);
        }
        let key = Recipe::choose(&methods, &self.asked.enctypes, &self.asked.client)?
            .key(&self.password, self.options.max_iterations)?;
        let (patimestamp, micros) = moment::stamp(self.clock.apply(now))?;
        let time = PaEncTsEnc { patimestamp, pausec: Some(micros.into()) }.encode()?;
        let sealed = UsageKeys::derive(&key, Usage::PA_ENC_TIMESTAMP)?.seal_data(&dice::roll(dice), &time);
        let proof = PaData { padata_type: PA_ENC_TIMESTAMP, padata_value: sealed.encode()?.into() };
        // The cookie lets a KDC without memory know what it said before.
        let cookie = methods.into_iter().find(|method| method.padata_type == PA_FX_COOKIE);
        let protection = self.options.protects_request.then(protection);
        let padata = cookie.into_iter().chain([proof]).chain(protection).collect();
        self.request = AsReq::new(Some(padata), self.body.clone()).encode()?;
        self.proved = Some(key);
        Ok(())
    }

    fn open(&mut self, answer: AsRep, now: SystemTime) -> Result<Credential, ClientError> {
        let answer = answer.0;
        self.asked.check_envelope(&answer, msg_type::AS_REP)?;
        let enctype = self.asked.offered(answer.enc_part.etype)?;
        let made;
        let (key, part) = match &self.proved {
            Some(key) if key.enctype() == enctype => (key, open_part(key, &answer.enc_part)?),
            // The KDC wanted no proof, so this is the first use of the key, and
            // a wrong password shows here.
            _ => {
                let padata = answer.padata.as_deref().unwrap_or_default();
                made = Recipe::choose(padata, &[enctype], &self.asked.client)?
                    .key(&self.password, self.options.max_iterations)?;
                let part = open_part(&made, &answer.enc_part).map_err(wrong_password)?;
                (&made, part)
            }
        };
        let part = EncKdcRepPart::decode(&part)?;
        let speaks_fast = self.options.protects_request && self.is_protected(key, &part)?;
        let authtime = part.authtime.clone();
        let credential = self.asked.accept(answer, part)?;
        if self.options.kdc_timesync {
            // What it says of its clock under the client's key is worth more than what it said before.
            let clock = ClockOffset::between(self.clock.apply(now), &authtime)?;
            if !clock.is_small() {
                self.clock = ClockOffset::between(now, &authtime)?;
            }
        }
        self.speaks_fast = speaks_fast;
        Ok(credential)
    }

    /// Checks that the KDC read the request as it was sent, if it says so; and
    /// whether it then says that it speaks FAST.
    fn is_protected(&self, key: &Key, part: &EncKdcRepPart) -> Result<bool, ClientError> {
        if !part.flags.bit(ticket::ENC_PA_REP) {
            return Ok(false);
        }
        let padata = part.encrypted_pa_data.as_deref().unwrap_or_default();
        let checksum = padata.iter().find(|data| data.padata_type == PA_REQ_ENC_PA_REP);
        let checksum = Checksum::decode(&checksum.ok_or(ClientError::RequestAltered)?.padata_value)?;
        ChecksumKey::derive(key, Usage::AS_REQ)?
            .verify_checksum(&self.request, &checksum)
            .map_err(|_| ClientError::RequestAltered)?;
        Ok(padata.iter().any(|data| data.padata_type == PA_FX_FAST))
    }
}

/// What goes with a request that proves nothing.
fn first_padata(options: &TicketOptions) -> Option<Vec<PaData>> {
    options.protects_request.then(|| vec![protection()])
}

/// Asks the KDC to protect the request.
fn protection() -> PaData {
    PaData { padata_type: PA_REQ_ENC_PA_REP, padata_value: Vec::new().into() }
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
