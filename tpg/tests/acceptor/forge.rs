//! A KDC and a client that lie as told: tickets with any field, tokens with any deviation; and a door to try them on.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use client::{
    Credential, Times,
    negotiate::{Negotiate, NegotiateDraft, NegotiateOptions, Step},
};
use krb::{
    crypto::{Enctype, Key, Usage, UsageKeys},
    flags::{Flags, ticket as flag},
    gss::{self, TokenId},
    keytab::{Entry, Keytab},
    msg::{
        krb_error::KrbError,
        opened::{
            AuthorizationData, AuthorizationDataElement, EncTicketPart, EncryptionKey, TransitedEncoding,
            ad_type,
        },
        ticket::Ticket,
    },
    name::{NT_PRINCIPAL, NT_SRV_HST, Principal, PrincipalName},
    octets::Octets,
    spnego::{self, NegState},
    time::KerberosTime,
};
use tpg::{
    acceptor::{Acceptor, Dice, Judgement, Seen, Verdict},
    found::Found,
    keys::{KeyTable, Skipped},
    negotiation::Pending,
    permit::Permit,
    policy::Policy,
    refusal::Refusal,
    replay::Memory,
    utc::Utc,
};

/// What the clock of every door shows unless it is set: 2026-11-22T09:00:00Z.
pub(crate) const NOW: i64 = 1_795_338_000;
pub(crate) const REALM: &str = "TGG.TEST";

/// Seeded dice: no two rolls alike, and the same ones in every run.
#[derive(Debug, Default)]
pub(crate) struct Loaded(AtomicU64);

impl Loaded {
    pub(crate) fn fill(&self, octets: &mut [u8]) {
        for octet in octets {
            // SplitMix64 (Steele, Lea, Flood 2014; public domain).
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *octet = (z ^ (z >> 31)).to_le_bytes()[0];
        }
    }
}

pub(crate) fn key(enctype: Enctype, octet: u8) -> Key {
    Key::new(enctype, &vec![octet; enctype.key_length()]).unwrap()
}

pub(crate) fn time(seconds: i64) -> KerberosTime {
    KerberosTime::from_seconds(seconds).unwrap()
}

pub(crate) fn instant(seconds: i64, micros: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap()) + Duration::from_micros(micros.into())
}

pub(crate) fn principal(components: &[&str], krb_realm: &str) -> Principal {
    let name_type = if components.len() == 1 { NT_PRINCIPAL } else { NT_SRV_HST };
    Principal { name: PrincipalName::new(name_type, components.iter().copied()), krb_realm: krb_realm.into() }
}

pub(crate) fn gw() -> Principal {
    principal(&["HTTP", "gw.tgg.test"], REALM)
}

pub(crate) fn alice() -> Principal {
    principal(&["alice"], REALM)
}

pub(crate) fn element(ad_type: i32, ad_data: impl Into<Octets>) -> AuthorizationDataElement {
    AuthorizationDataElement { ad_type, ad_data: ad_data.into() }
}

pub(crate) fn if_relevant(elements: Vec<AuthorizationDataElement>) -> AuthorizationDataElement {
    element(ad_type::IF_RELEVANT, AuthorizationData(elements).encode().unwrap())
}

/// A ticket before it is sealed, and the client that will present it.
#[derive(Debug)]
pub(crate) struct Forge {
    /// The service's key.
    pub(crate) key: Key,
    pub(crate) kvno: Option<i64>,
    /// The service that the ticket names in clear text.
    pub(crate) service: Principal,
    pub(crate) part: EncTicketPart,
    pub(crate) session: Key,
    pub(crate) options: NegotiateOptions,
    /// The client's clock.
    pub(crate) clock: SystemTime,
    pub(crate) dice: Loaded,
}

/// Alice's ticket for HTTP/gw.tgg.test, good for another nine hours, presented without mutual authentication.
impl Default for Forge {
    fn default() -> Self {
        Self::of(Enctype::Aes256CtsHmacSha1_96)
    }
}

impl Forge {
    /// The same, all of it of one enctype.
    pub(crate) fn of(enctype: Enctype) -> Self {
        let session = key(enctype, 0x5e);
        let Principal { name, krb_realm } = alice();
        let part = EncTicketPart {
            flags: Flags::with(&[flag::PRE_AUTHENT, flag::TRANSITED_POLICY_CHECKED]),
            key: EncryptionKey::from(&session),
            crealm: krb_realm,
            cname: name,
            transited: TransitedEncoding { tr_type: 1, contents: Octets::default() },
            authtime: time(NOW - 3600),
            starttime: Some(time(NOW - 1800)),
            endtime: time(NOW + 9 * 3600),
            renew_till: None,
            caddr: None,
            authorization_data: None,
        };
        Self {
            key: key(enctype, 0x11),
            kvno: Some(1),
            service: gw(),
            part,
            session,
            options: NegotiateOptions { mutual: false, ..NegotiateOptions::default() },
            clock: instant(NOW, 0),
            dice: Loaded::default(),
        }
    }

    /// The same, with this session key.
    pub(crate) fn with_session(session: Key) -> Self {
        let mut forge = Self { session, ..Self::default() };
        forge.part.key = EncryptionKey::from(&forge.session);
        forge
    }

    /// The same, with mutual authentication.
    pub(crate) fn mutual() -> Self {
        let mut forge = Self::default();
        forge.options.mutual = true;
        forge
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket_of(&self.part.encode().unwrap())
    }

    /// The ticket whose sealed part is `octets`, whatever they are.
    pub(crate) fn ticket_of(&self, octets: &[u8]) -> Ticket {
        let mut confounder = [0; 16];
        self.dice.fill(&mut confounder);
        let keys = UsageKeys::derive(&self.key, Usage::TICKET).unwrap();
        let mut enc_part = keys.seal_data(&confounder, octets);
        enc_part.kvno = self.kvno;
        Ticket {
            tkt_vno: 5,
            realm: self.service.krb_realm.clone(),
            sname: self.service.name.clone(),
            enc_part,
        }
    }

    pub(crate) fn draft(&self) -> NegotiateDraft {
        self.draft_of(self.ticket())
    }

    pub(crate) fn draft_of(&self, ticket: Ticket) -> NegotiateDraft {
        let at = instant(NOW, 0);
        let credential = Credential {
            client: Principal { name: self.part.cname.clone(), krb_realm: self.part.crealm.clone() },
            server: self.service.clone(),
            key: self.session.clone(),
            times: Times { auth: at, start: at, end: at, renew_till: None },
            flags: self.part.flags.clone(),
            addresses: Vec::new(),
            ticket,
        };
        let mut dice = |octets: &mut [u8]| self.dice.fill(octets);
        NegotiateDraft::new(&credential, &self.options, self.clock, &mut dice).unwrap()
    }

    /// What the client sends first, ready to read the answers.
    pub(crate) fn send(&self, draft: &NegotiateDraft) -> Negotiate {
        draft.send(&mut |octets: &mut [u8]| self.dice.fill(octets)).unwrap()
    }

    pub(crate) fn token(&self) -> Vec<u8> {
        self.token_of(&self.draft())
    }

    pub(crate) fn token_of(&self, draft: &NegotiateDraft) -> Vec<u8> {
        self.send(draft).token().to_vec()
    }

    /// The token that a client would send if this were done to its draft.
    pub(crate) fn token_with(&self, change: impl FnOnce(&mut NegotiateDraft)) -> Vec<u8> {
        let mut draft = self.draft();
        change(&mut draft);
        self.token_of(&draft)
    }
}

/// An entry of a keytab.
pub(crate) fn entry(principal: Principal, kvno: u32, key: &Key) -> Entry {
    Entry { principal, timestamp: 0, kvno, key: EncryptionKey::from(key) }
}

/// A keytab with version 1 of the key of HTTP/gw.tgg.test in every enctype that a [`Forge`] is told to use.
pub(crate) fn keytab() -> Keytab {
    let enctypes = Enctype::ALL.into_iter().chain(Enctype::WEAK);
    Keytab { entries: enctypes.map(|enctype| entry(gw(), 1, &key(enctype, 0x11))).collect() }
}

/// A door and all that it is told of the world.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) acceptor: Acceptor,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) store: Memory,
    pub(crate) bindings: Vec<[u8; 16]>,
    pub(crate) peer: Option<std::net::IpAddr>,
    pub(crate) now: Utc,
    pub(crate) dice: Loaded,
}

impl Default for Door {
    fn default() -> Self {
        Self::with(Policy::default())
    }
}

impl Door {
    pub(crate) fn with(policy: Policy) -> Self {
        Self::new(policy, &keytab())
    }

    pub(crate) fn that(change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = Policy::default();
        change(&mut policy);
        Self::with(policy)
    }

    pub(crate) fn new(policy: Policy, keytab: &Keytab) -> Self {
        let (keys, skipped) = KeyTable::new(keytab, &policy.services, &policy.enctypes);
        Self {
            acceptor: Acceptor::new(policy, keys),
            skipped,
            store: Memory::new(100_000, Utc::new(NOW - 3600, 0)),
            bindings: Vec::new(),
            peer: None,
            now: Utc::new(NOW, 0),
            dice: Loaded::default(),
        }
    }

    /// A door with these keys alone.
    pub(crate) fn of(entries: Vec<Entry>) -> Self {
        Self::new(Policy::default(), &Keytab { entries })
    }

    pub(crate) fn judge(&self, token: &[u8], pending: Option<Pending>) -> Judgement {
        let seen = Seen { bindings: &self.bindings, peer: self.peer };
        let dice: Dice<'_> = &|octets| self.dice.fill(octets);
        at_once(self.acceptor.accept(token, pending, &seen, &self.store, self.now, dice))
    }

    /// The permit and the reply for a token that is good.
    pub(crate) fn granted(&self, token: &[u8]) -> (Permit, Option<Vec<u8>>) {
        match self.judge(token, None).verdict {
            Verdict::Granted { permit, reply } => (permit, reply),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn permit(&self, token: &[u8]) -> Permit {
        self.granted(token).0
    }

    /// A token that is good, as far as that is all there is to say.
    pub(crate) fn accepts(&self, token: &[u8]) {
        drop(self.granted(token));
    }

    /// The refusal of a token that is not good, the reply, and what was found.
    pub(crate) fn refusal(&self, token: &[u8]) -> (Refusal, Option<Vec<u8>>, Found) {
        let Judgement { verdict, found } = self.judge(token, None);
        match verdict {
            Verdict::Refused { refusal, reply } => (refusal, reply, found),
            other => panic!("{other:?}"),
        }
    }

    /// The word for why a token is refused.
    pub(crate) fn refused(&self, token: &[u8]) -> &'static str {
        self.refusal(token).0.word()
    }

    /// The reply that asks for another token, and what to hand in with it.
    pub(crate) fn more(&self, token: &[u8], pending: Option<Pending>) -> (Vec<u8>, Pending) {
        match self.judge(token, pending).verdict {
            Verdict::More { reply, pending } => (reply, pending),
            other => panic!("{other:?}"),
        }
    }

    /// Talks to a client until the door has decided and the client believes it; how many tokens the client sent.
    pub(crate) fn converse(&self, mut client: Negotiate) -> (Permit, client::negotiate::Established, usize) {
        let (mut token, mut pending) = (client.token().to_vec(), None);
        for sent in 1..=4 {
            match self.judge(&token, pending.take()).verdict {
                Verdict::More { reply, pending: kept } => {
                    let Step::Send(next) = client.reply(&reply).unwrap() else {
                        panic!("the client is done")
                    };
                    (token, pending) = (next, Some(kept));
                }
                Verdict::Granted { permit, reply } => match client.reply(&reply.unwrap()).unwrap() {
                    Step::Done(established) => return (permit, established, sent),
                    step @ Step::Send(_) => panic!("{step:?}"),
                },
                other @ Verdict::Refused { .. } => panic!("{other:?}"),
            }
        }
        panic!("it never ends")
    }
}

/// The output of a future that waits for nothing.
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// The state in a reply.
pub(crate) fn state(reply: &[u8]) -> NegState {
    spnego::read_resp(reply).unwrap().neg_state.unwrap()
}

/// The KRB-ERROR in a reply, if there is one.
pub(crate) fn krb_error(reply: &[u8]) -> Option<KrbError> {
    let token = if reply[0] == 0xa1 { spnego::read_resp(reply).unwrap().response_token? } else { reply };
    match gss::split_id(gss::unframe(token).unwrap().inner).unwrap() {
        (TokenId::Error, message) => Some(KrbError::decode(message).unwrap()),
        _ => None,
    }
}

/// The code in the KRB-ERROR of a refusal.
pub(crate) fn code(reply: Option<Vec<u8>>) -> Option<i32> {
    krb_error(&reply?).map(|error| error.error_code)
}

#[test]
fn an_honest_client_is_let_in_with_every_enctype() {
    for enctype in Enctype::ALL {
        let (door, forge) = (Door::default(), Forge::of(enctype));
        let permit = door.permit(&forge.token());
        assert_eq!(permit.identity().client, alice());
        assert_eq!((permit.facts().ticket_enctype, permit.facts().session_enctype), (enctype, enctype));
    }
}
