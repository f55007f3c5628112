//! The embedded KDC itself: octets in, octets out, and nobody else's clock or dice.

use std::fmt;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use krb::crypto::CryptoError;
use krb::keytab::{Entry, Keytab};
use krb::kpasswd::looks_like_request;
use krb::msg::krb_error::KrbError;
use krb::msg::opened::EncryptionKey;
use krb::name::{NT_PRINCIPAL, Principal, PrincipalName};
use krb::peek;
use zeroize::Zeroizing;

use super::as_exchange;
use super::case::Case;
use super::database::Database;
use super::dice::Dice;
use super::exchange::{Event, Exchange, Kind};
use super::forge::Forge;
use super::kpasswd::{self, Used};
use super::moment::Now;
use super::records::{Records, Rekeyed};
use super::refusal::Refusal;
use super::tgs_exchange;

type Observer = dyn Fn(&Event) + Send + Sync;

/// What became of a request.
pub(super) struct Made {
    pub(super) octets: Option<Vec<u8>>,
    pub(super) refusal: Option<Refusal>,
    /// Who has a new password.
    pub(super) rekeyed: Option<Rekeyed>,
}

/// A KDC without sockets. It is not for production: see the [module](super).
pub struct Kdc {
    records: RwLock<Records>,
    forge: Option<Box<dyn Forge>>,
    observer: Option<Box<Observer>>,
    used: Mutex<Used>,
}

impl Kdc {
    /// Makes the keys of everybody in the database. A password takes milliseconds for each enctype.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] for a password that an enctype cannot use.
    pub fn new(database: Database, dice: Dice<'_>) -> Result<Self, CryptoError> {
        let records = RwLock::new(Records::new(database, dice)?);
        Ok(Self { records, forge: None, observer: None, used: Mutex::default() })
    }

    /// Tells `observer` of each exchange when it is over, from the thread that answers it, and of a server's start.
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Lets `forge` change what it makes.
    #[must_use]
    pub fn forged(mut self, forge: impl Forge + 'static) -> Self {
        self.forge = Some(Box::new(forge));
        self
    }

    /// Answers one whole message, without the length that TCP puts in front: an AS-REQ, a TGS-REQ or a request to
    /// change a password (RFC 3244). `None` for what is none of these.
    ///
    /// Whatever the octets are, it neither panics nor takes long: a password that is set takes milliseconds.
    pub fn answer(&self, request: &[u8], now: SystemTime, dice: Dice<'_>) -> Option<Vec<u8>> {
        let kind = match request.first() {
            Some(&peek::AS_REQ) => Kind::As,
            Some(&peek::TGS_REQ) => Kind::Tgs,
            _ if looks_like_request(request) => Kind::Kpasswd,
            _ => return None,
        };
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let forge = self.forge.as_deref();
        let (client, server) = (None, None);
        let mut case = Case { records: &records, now: Now::new(now), dice, forge, kind, client, server };
        let Made { octets, refusal, rekeyed } = match kind {
            Kind::As => made(as_exchange::answer(&mut case, request), &case),
            Kind::Kpasswd => kpasswd::answer(&mut case, request, &self.used),
            Kind::Tgs => made(tgs_exchange::answer(&mut case, request), &case),
        };
        let Case { client, server, .. } = case;
        drop(records);
        if let Some(rekeyed) = rekeyed {
            self.records.write().unwrap_or_else(PoisonError::into_inner).install(rekeyed);
        }
        self.tell(&Event::Exchange(Exchange { kind, client, server, refusal, time: now }));
        let mut octets = octets?;
        if let Some(forge) = &self.forge {
            forge.answer(kind, &mut octets);
        }
        Some(octets)
    }

    /// Tells whoever watches.
    pub(super) fn tell(&self, event: &Event) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }

    /// A KRB-ERROR with this code, which is about no principal.
    pub(super) fn refuse(&self, code: i32, now: SystemTime) -> Option<Vec<u8>> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let now = Now::new(now);
        let krbtgt = PrincipalName::krbtgt(&records.krb_realm).name_string;
        KrbError::new(code, records.krb_realm.clone(), krbtgt, now.stamp(), now.micros, None).encode().ok()
    }

    /// The keytab of a service, or of any other principal of the realm; `None` if it is not known.
    ///
    /// `spn` is without realm; components are parted by `/`.
    #[must_use]
    pub fn keytab(&self, spn: &str) -> Option<Zeroizing<Vec<u8>>> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let record = records.find(&PrincipalName::new(NT_PRINCIPAL, spn.split('/')))?;
        let principal = Principal { name: record.account.name.clone(), krb_realm: records.krb_realm.clone() };
        let entry = |key| Entry {
            principal: principal.clone(),
            timestamp: 0,
            kvno: record.kvno,
            key: EncryptionKey::from(key),
        };
        Keytab { entries: record.keys.iter().map(entry).collect() }.encode().ok()
    }
}

/// The reply, or the KRB-ERROR in its place.
fn made(outcome: Result<Vec<u8>, Refusal>, case: &Case<'_>) -> Made {
    let (octets, refusal) = match outcome {
        Ok(octets) => (Some(octets), None),
        Err(refusal) => (krb_error(case, &refusal, refusal.data()), Some(refusal)),
    };
    Made { octets, refusal, rekeyed: None }
}

/// The KRB-ERROR that tells a client why not, with `data` for the program.
pub(super) fn krb_error(case: &Case<'_>, refusal: &Refusal, data: Option<&[u8]>) -> Option<Vec<u8>> {
    let records = case.records;
    let text = refusal.to_string();
    let krbtgt = || PrincipalName::krbtgt(&records.krb_realm);
    let server = case.server.as_ref().map_or_else(krbtgt, |server| server.name.clone());
    let mut error = KrbError::new(
        refusal.code(),
        records.krb_realm.clone(),
        server.name_string.clone(),
        case.now.stamp(),
        case.now.micros,
        Some(&text),
    );
    error.sname = server;
    if let Some(Principal { name, krb_realm }) = case.client.clone() {
        (error.cname, error.crealm) = (Some(name), Some(krb_realm));
    }
    error.e_data = data.map(Into::into);
    error.encode().ok()
}

impl fmt::Debug for Kdc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kdc").finish_non_exhaustive()
    }
}
