//! Which key opens a ticket: the keys of a keytab, ready to use, in the order in which to try them.
//!
//! The names in a ticket stand in clear text. They decide which key is tried first and what the operator is told;
//! whose ticket it is, is told by the key that opens it.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use krb::{
    crypto::{ChecksumKey, CryptoError, Enctype, Key, Usage, UsageKeys},
    keytab::Keytab,
    msg::ticket::Ticket,
    name::Principal,
};
use sha2::{Digest as _, Sha256};

use crate::{
    policy::Enctypes,
    refusal::Refusal,
    services::{Services, same_service},
};

/// Keys tried for one ticket. Each costs about as much as opening the ticket does.
const MAX_TRIES: usize = 8;

/// Names a long-term key without telling anything of it.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct KeyId([u8; 32]);

impl KeyId {
    fn of(key: &Key) -> Self {
        let sum = Sha256::new()
            .chain_update(b"ticketgate key id")
            .chain_update(key.enctype().number().to_be_bytes())
            .chain_update(key.octets())
            .finalize();
        Self(sum.into())
    }

    /// The octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for KeyId {
    fn from(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyId")
    }
}

/// A key of the keytab with all that is derived from it: that is done once, not for each ticket.
#[derive(Debug)]
pub struct LongTermKey {
    /// Whose key it is.
    pub principal: Principal,
    /// Its version.
    pub kvno: u32,
    /// What it is for.
    pub enctype: Enctype,
    /// Names it in the replay cache.
    pub id: KeyId,
    /// Opens tickets.
    pub ticket: UsageKeys,
    /// Verifies the server signature of a PAC.
    pub pac: ChecksumKey,
    /// Verifies a CAMMAC's service verifier.
    pub cammac: ChecksumKey,
}

impl LongTermKey {
    fn prepare(principal: Principal, kvno: u32, key: &Key) -> Result<Self, CryptoError> {
        Ok(Self {
            principal,
            kvno,
            enctype: key.enctype(),
            id: KeyId::of(key),
            ticket: UsageKeys::derive(key, Usage::TICKET)?,
            pac: ChecksumKey::derive(key, Usage::PAC_SIGNATURE)?,
            cammac: ChecksumKey::derive(key, Usage::CAMMAC)?,
        })
    }
}

/// Why an entry of the keytab is not used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotUsed {
    /// It is no key of its enctype, or of none that has a cipher here.
    #[error("{0}")]
    Key(CryptoError),
    /// Another service than those accepted.
    #[error("it is not for a service that is accepted here")]
    Service,
    /// Its enctype is weak and not allowed.
    #[error("its enctype {0} is weak; make a key of enctype 18 or 20 for the service")]
    Weak(i64),
}

/// An entry of the keytab that is not used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skipped {
    /// Whose key it is.
    pub principal: Principal,
    /// Its version.
    pub kvno: u32,
    /// Why.
    pub why: NotUsed,
}

/// The usable keys of one keytab.
#[derive(Debug)]
pub struct KeyTable {
    keys: Vec<LongTermKey>,
    /// The place of the key that opened a ticket last.
    last: AtomicUsize,
}

impl KeyTable {
    /// Prepares the keys of `keytab` that are for `services`; the others are returned with the reason.
    #[must_use]
    pub fn new(keytab: &Keytab, services: &Services, enctypes: &Enctypes) -> (Self, Vec<Skipped>) {
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for entry in &keytab.entries {
            let prepared = if services.accepts(&entry.principal.name, &entry.principal.krb_realm) {
                enctypes.key(&entry.key).and_then(|key| {
                    LongTermKey::prepare(entry.principal.clone(), entry.kvno, &key).map_err(NotUsed::Key)
                })
            } else {
                Err(NotUsed::Service)
            };
            match prepared {
                Ok(key) => keys.push(key),
                Err(why) => {
                    skipped.push(Skipped { principal: entry.principal.clone(), kvno: entry.kvno, why })
                }
            }
        }
        (Self { keys, last: AtomicUsize::new(usize::MAX) }, skipped)
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &LongTermKey> {
        self.keys.iter()
    }

    /// Whether a service of this realm has a key here.
    pub(crate) fn serves_realm(&self, krb_realm: &krb::name::RealmName) -> bool {
        self.keys.iter().any(|key| key.principal.krb_realm == *krb_realm)
    }

    /// Opens the sealed part of a ticket, and says which key did.
    ///
    /// Keys of exactly the ticket's enctype are tried, at most [`MAX_TRIES`]: those of the service that the ticket
    /// names before others, its key version before those that may be it and those before others, then the key that
    /// worked last, then the newest. A version that differs is no reason to give up: keytabs count in 8 bits, some say
    /// 0 for any, and exports of one account under several names number them apart.
    pub(crate) fn open(&self, ticket: &Ticket) -> Result<(&LongTermKey, Vec<u8>), Refusal> {
        let sealed = &ticket.enc_part;
        let wanted = sealed.key_version();
        let last = self.last.load(Ordering::Relaxed);
        let mut candidates: Vec<_> = self
            .keys
            .iter()
            .enumerate()
            .filter(|(_, key)| i64::from(key.enctype.number()) == sealed.etype)
            .map(|(place, key)| {
                let named = same_service(&key.principal, &ticket.sname, &ticket.realm);
                let exact = wanted.is_some_and(|wanted| wanted == key.kvno);
                let version = (!exact, !same_version(key.kvno, wanted));
                let rank = (!named, version, place != last, u32::MAX - key.kvno);
                (rank, place, key)
            })
            .collect();
        candidates.sort_unstable_by_key(|(rank, place, _)| (*rank, *place));
        for (_, place, key) in candidates.into_iter().take(MAX_TRIES) {
            if let Ok(opened) = key.ticket.open_data(sealed) {
                self.last.store(place, Ordering::Relaxed);
                return Ok((key, opened));
            }
        }
        Err(self.why_closed(ticket, wanted))
    }

    /// Why no key opened the ticket, as exactly as can be told.
    fn why_closed(&self, ticket: &Ticket, wanted: Option<u32>) -> Refusal {
        let service = Principal { name: ticket.sname.clone(), krb_realm: ticket.realm.clone() };
        let named: Vec<_> = self
            .keys
            .iter()
            .filter(|key| same_service(&key.principal, &ticket.sname, &ticket.realm))
            .collect();
        let Some(newest) = named.iter().map(|key| key.kvno).max() else {
            return Refusal::NoKeyOpens { service };
        };
        let of_type: Vec<_> =
            named.iter().filter(|key| i64::from(key.enctype.number()) == ticket.enc_part.etype).collect();
        if of_type.is_empty() {
            return Refusal::KeyEnctype { service, enctype: ticket.enc_part.etype };
        }
        match wanted {
            Some(wanted) if !of_type.iter().any(|key| same_version(key.kvno, Some(wanted))) => {
                Refusal::KeyVersion { service, wanted, newest }
            }
            _ => Refusal::WrongKey { service, kvno: wanted.unwrap_or(newest) },
        }
    }
}

/// Whether two key versions may be the same: equal, either is 0 for any, or one of them was cut to 8 bits.
const fn same_version(held: u32, wanted: Option<u32>) -> bool {
    match wanted {
        None | Some(0) => true,
        Some(wanted) => {
            held == 0 || held == wanted || (held % 256 == wanted % 256 && (held < 256 || wanted < 256))
        }
    }
}
