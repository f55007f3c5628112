//! Tickets and authenticators with one thing wrong each, sealed with the service's real key.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, SystemTime},
};

use client::{
    AsExchange, AsStep, Credential, TgsExchange, TicketOptions,
    negotiate::{NegotiateDraft, NegotiateOptions},
};
use krb::{
    crypto::{Key, Usage, UsageKeys},
    flags::{Flags, ap, ticket as flag},
    frame,
    gss::{Mech, checksum::GssFlags},
    keytab::Keytab,
    msg::{
        HostAddress,
        opened::{AuthorizationData, AuthorizationDataElement, EncTicketPart},
    },
    name::{NT_PRINCIPAL, NT_SRV_HST, Principal, PrincipalName},
    time::KerberosTime,
};
use testkdc::Realm;

/// What a token is made of, before it is sealed.
pub(crate) struct Forge {
    pub(crate) ticket: EncTicketPart,
    pub(crate) draft: NegotiateDraft,
    key: Key,
}

/// One thing wrong: its name, and how it is done.
type Deviation = (&'static str, fn(&mut Forge));

pub(crate) fn dice(octets: &mut [u8]) {
    // Not secret, and different each time: a confounder that comes again would be a replay.
    for octet in octets {
        *octet = rand_octet();
    }
}

fn rand_octet() -> u8 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static STATE: AtomicU64 = AtomicU64::new(0x1234_5678_9abc_def1);
    let next = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    (next ^ (next >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).to_be_bytes()[0]
}

fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the KDC and MIT's acceptor read the clock")]
    SystemTime::now()
}

fn ask(realm: &Realm, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(realm.kdc_addr()).unwrap();
    stream.write_all(&[&frame::prefix(request.len())[..], request].concat()).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut answer).unwrap();
    answer
}

/// Alice's ticket for the service.
pub(crate) fn ticket(realm: &Realm) -> Credential {
    let options = TicketOptions::default();
    let alice =
        Principal { name: PrincipalName::new(NT_PRINCIPAL, ["alice"]), krb_realm: realm.name().into() };
    let mut exchange = AsExchange::new(alice, "alicepw", &options, now(), &mut dice).unwrap();
    let tgt = loop {
        let answer = ask(realm, exchange.request());
        match exchange.reply(&answer, now(), &mut dice).unwrap() {
            AsStep::Ask => {}
            AsStep::Done(credential) => break credential,
        }
    };
    let service = PrincipalName::new(NT_SRV_HST, ["HTTP", "gw.tgg.test"]);
    let exchange = TgsExchange::new(&tgt, service, &options, now(), &mut dice).unwrap();
    exchange.reply(&ask(realm, exchange.request())).unwrap()
}

impl Forge {
    /// A sound token, opened.
    pub(crate) fn new(credential: &Credential, keytab: &Keytab) -> Self {
        let sealed = &credential.ticket.enc_part;
        let entry = keytab.entries.iter().find(|entry| {
            entry.principal.name.same_name(&credential.ticket.sname) && entry.key.keytype == sealed.etype
        });
        let key = Key::try_from(&entry.unwrap().key).unwrap();
        let opened = UsageKeys::derive(&key, Usage::TICKET).unwrap().open_data(sealed).unwrap();
        let draft = NegotiateDraft::new(credential, &NegotiateOptions::default(), now(), &mut dice).unwrap();
        Self { ticket: EncTicketPart::decode(&opened).unwrap(), draft, key }
    }

    /// The token.
    pub(crate) fn seal(&mut self) -> Vec<u8> {
        let mut confounder = [0; 16];
        dice(&mut confounder);
        let keys = UsageKeys::derive(&self.key, Usage::TICKET).unwrap();
        let kvno = self.draft.ticket.enc_part.kvno;
        self.draft.ticket.enc_part = keys.seal_data(&confounder, &self.ticket.encode().unwrap());
        self.draft.ticket.enc_part.kvno = kvno;
        self.draft.send(&mut dice).unwrap().token().to_vec()
    }

    fn flag(&mut self, bit: u8) {
        self.ticket.flags = Flags::from(self.ticket.flags.word() | 0x8000_0000 >> bit);
    }

    fn foreign(&mut self, transited: &str) {
        self.ticket.crealm = "OTHER.TEST".into();
        self.draft.authenticator.crealm = "OTHER.TEST".into();
        self.ticket.transited.tr_type = 1;
        self.ticket.transited.contents = transited.as_bytes().to_vec().into();
    }

    fn data(&mut self, ad_type: i32) {
        let element = AuthorizationDataElement { ad_type, ad_data: vec![7; 4].into() };
        self.ticket.authorization_data = Some(AuthorizationData(vec![element]));
    }
}

/// A time so many seconds from now.
fn at(seconds: i64) -> KerberosTime {
    let now = now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs().cast_signed();
    KerberosTime::from_seconds(now + seconds).unwrap()
}

const NO_POLICY_CHECK: fn(&mut Forge) = |forge| {
    let checked = 0x8000_0000 >> flag::TRANSITED_POLICY_CHECKED;
    forge.ticket.flags = Flags::from(forge.ticket.flags.word() & !checked);
};

/// Everything that can be wrong, or odd, on its own.
pub(crate) const DEVIATIONS: &[Deviation] = &[
    ("nothing", |_| {}),
    ("the ticket is invalid", |forge| forge.flag(flag::INVALID)),
    ("the ticket has ended an hour ago", |forge| forge.ticket.endtime = at(-3600)),
    ("the ticket has ended within the skew", |forge| forge.ticket.endtime = at(-200)),
    ("the ticket starts in an hour", |forge| forge.ticket.starttime = Some(at(3600))),
    ("the ticket starts within the skew", |forge| forge.ticket.starttime = Some(at(200))),
    ("the ticket has no start and its login is in an hour", |forge| {
        forge.ticket.starttime = None;
        forge.ticket.authtime = at(3600);
    }),
    ("the client's clock is an hour ahead", |forge| forge.draft.authenticator.ctime = at(3600)),
    ("the client's clock is an hour behind", |forge| forge.draft.authenticator.ctime = at(-3600)),
    ("the client's clock is off within the skew", |forge| forge.draft.authenticator.ctime = at(-200)),
    ("the microseconds are a million", |forge| forge.draft.authenticator.cusec = 1_000_000),
    ("the authenticator has another version", |forge| forge.draft.authenticator.authenticator_vno = 4),
    ("the authenticator names another client", |forge| {
        forge.draft.authenticator.cname = PrincipalName::new(NT_PRINCIPAL, ["bob"]);
    }),
    ("the authenticator names another realm", |forge| {
        forge.draft.authenticator.crealm = "OTHER.TEST".into();
    }),
    ("the authenticator has another type of name", |forge| forge.draft.authenticator.cname.name_type = 10),
    ("the authenticator has no subkey", |forge| forge.draft.authenticator.subkey = None),
    ("the authenticator has no sequence number", |forge| forge.draft.authenticator.seq_number = None),
    ("the authenticator has no checksum", |forge| forge.draft.authenticator.cksum = None),
    ("the checksum is of another type", |forge| {
        forge.draft.authenticator.cksum.as_mut().unwrap().cksumtype = 7;
    }),
    ("the checksum is cut", |forge| {
        forge.draft.authenticator.cksum.as_mut().unwrap().checksum.0.truncate(20);
    }),
    ("the checksum is bound to something", |forge| {
        forge.draft.authenticator.cksum.as_mut().unwrap().checksum.0[4] = 1;
    }),
    ("DCE style is asked for", |forge| {
        let flags = GssFlags::DCE.0.to_le_bytes();
        forge.draft.authenticator.cksum.as_mut().unwrap().checksum.0[20..24].copy_from_slice(&flags);
    }),
    ("user-to-user is asked for", |forge| forge.draft.ap_options = Flags::with(&[ap::USE_SESSION_KEY])),
    ("the client is anonymous", |forge| {
        forge.flag(flag::ANONYMOUS);
        let anonymous = PrincipalName::new(11, ["WELLKNOWN", "ANONYMOUS"]);
        forge.ticket.cname = anonymous.clone();
        forge.draft.authenticator.cname = anonymous;
    }),
    ("the client is of another realm, its path checked", |forge| forge.foreign("")),
    ("the client is of another realm, its path not checked", |forge| {
        NO_POLICY_CHECK(forge);
        forge.foreign("EVIL.TEST");
    }),
    ("the ticket is bound to another address", |forge| {
        let address = HostAddress { addr_type: 2, address: vec![192, 0, 2, 1].into() };
        forge.ticket.caddr = Some(vec![address]);
    }),
    ("the ticket has data that must be understood", |forge| forge.data(4711)),
    ("the ticket has data for its KDC", |forge| forge.data(8)),
    ("the ticket has no data", |forge| forge.ticket.authorization_data = None),
    ("the ticket has another key version", |forge| forge.draft.ticket.enc_part.kvno = Some(99)),
    ("the ticket has no key version", |forge| forge.draft.ticket.enc_part.kvno = None),
    ("the ticket has another version", |forge| forge.draft.ticket.tkt_vno = 4),
    ("the ticket names a host of another case", |forge| {
        forge.draft.ticket.sname = PrincipalName::new(NT_SRV_HST, ["HTTP", "GW.tgg.test"]);
    }),
    ("the ticket names another class of service", |forge| {
        forge.draft.ticket.sname = PrincipalName::new(NT_SRV_HST, ["MSSQLSvc", "gw.tgg.test"]);
    }),
    ("the mechanisms are those of Windows", |forge| {
        forge.draft.mechs = vec![Mech::MsKrb5, Mech::Krb5, Mech::NegoEx, Mech::Ntlm];
    }),
    ("NTLM is preferred", |forge| forge.draft.mechs = vec![Mech::Ntlm, Mech::Krb5]),
    ("the list is signed", |forge| {
        forge.draft.mech_list_mic = true;
        forge.draft.ap_options = Flags::with(&[]);
        let flags = GssFlags::INTEG.0.to_le_bytes();
        forge.draft.authenticator.cksum.as_mut().unwrap().checksum.0[20..24].copy_from_slice(&flags);
    }),
    ("there is no negotiation", |forge| forge.draft.mechs.clear()),
    ("the inner token has Microsoft's OID", |forge| forge.draft.inner = Mech::MsKrb5),
];
