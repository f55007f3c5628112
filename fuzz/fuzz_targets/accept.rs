//! The acceptor behind its seals: the fuzzer writes what a ticket and an authenticator hold, and both are sealed with
//! keys that the acceptor has.

#![no_main]

use std::{
    future::Future,
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use krb::{
    crypto::{Key, Usage, UsageKeys},
    flags::Flags,
    gss::{self, Mech, TokenId},
    keytab::{Entry, Keytab},
    msg::{
        ap::ApReq,
        opened::{Authenticator, EncTicketPart},
        ticket::Ticket,
    },
    name::Principal,
    spnego::{self, MechTypes, NegTokenInit},
};
use libfuzzer_sys::fuzz_target;
use tpg::{
    acceptor::{Acceptor, Seen, Verdict},
    keys::KeyTable,
    policy::Policy,
    replay::Memory,
    utc::Utc,
};

/// When the captured tokens were made, 2026-11-22T04:18:39Z.
const NOW: Utc = Utc::new(1_795_321_119, 0);

/// The keys that open them.
const KEYTAB: &[u8] = include_bytes!("../../tests/data/mit-1.20.1/svc.keytab");

/// The first key of the keytab, with which tickets are sealed here.
static SERVICE: LazyLock<Entry> = LazyLock::new(|| keytab().entries.remove(0));
static SERVICE_KEY: LazyLock<Key> = LazyLock::new(|| Key::try_from(&SERVICE.key).expect("a strong key"));
static DOOR: LazyLock<Acceptor> = LazyLock::new(|| {
    let policy = Policy { accept_realms: vec!["OTHER.TEST".into()], ..Policy::default() };
    let (keys, _) = KeyTable::new(&keytab(), &policy.services, &policy.enctypes);
    Acceptor::new(policy, keys)
});

fn keytab() -> Keytab {
    Keytab::read(KEYTAB).expect("a keytab")
}

// Two octets: how long the part of the ticket is. Then that part, then the authenticator, then an octet of options,
// whose lowest bit says whether a negotiation is around it and whose next whether the signature of its list is.
fuzz_target!(|octets: &[u8]| {
    let Some((length, rest)) = octets.split_first_chunk() else { return };
    let Some((options, rest)) = rest.split_last() else { return };
    let (part, authenticator) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
    // The client knows the session key, wherever the ticket has it.
    let session = EncTicketPart::decode(part).ok().and_then(|part| Key::try_from(&part.key).ok());
    let token = token(part, &session.unwrap_or_else(|| SERVICE_KEY.clone()), authenticator, *options);
    let store = Memory::new(10, Utc::new(0, 0));
    let (seen, dice) = (Seen { bindings: &[[9; 16]], peer: None }, |octets: &mut [u8]| octets.fill(7));
    let verdict = || {
        let judged = pin!(DOOR.accept(&token, None, &seen, &store, NOW, &dice));
        match judged.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(judgement) => judgement.verdict,
            Poll::Pending => unreachable!("the store of one process answers at once"),
        }
    };
    if let Verdict::Granted { permit, .. } = verdict() {
        let part = EncTicketPart::decode(part).expect("who is let in has a ticket");
        let said = Authenticator::decode(authenticator).expect("and an authenticator");
        let client = &permit.identity().client;
        assert_eq!((&client.name, &client.krb_realm), (&part.cname, &part.crealm));
        assert!(client.name.same_name(&said.cname) && client.krb_realm == said.crealm);
        assert!(matches!(verdict(), Verdict::Refused { .. }), "a second use is refused");
    }
});

fn token(part: &[u8], session: &Key, authenticator: &[u8], options: u8) -> Vec<u8> {
    let seal = |key: &Key, usage, octets: &[u8]| {
        UsageKeys::derive(key, usage).expect("a key").seal_data(&[1; 16], octets)
    };
    let Principal { name, krb_realm } = SERVICE.principal.clone();
    let mut enc_part = seal(&SERVICE_KEY, Usage::TICKET, part);
    enc_part.kvno = Some(SERVICE.kvno.into());
    let ticket = Ticket { tkt_vno: 5, realm: krb_realm, sname: name, enc_part };
    let sealed = seal(session, Usage::AP_REQ_AUTHENTICATOR, authenticator);
    let bits: Vec<u8> = (0..8).filter(|bit| options & 0x80 >> bit != 0 && *bit < 6).collect();
    let request = ApReq::new(Flags::with(&bits), ticket, sealed).encode().expect("DER");
    let inner = gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApReq, &request));
    if options & 1 == 0 {
        return inner;
    }
    let list = spnego::mech_list(&[Mech::Krb5, Mech::Ntlm]);
    let init = NegTokenInit {
        mech_types: MechTypes::read(&list).expect("a list"),
        mech_token: Some(&inner),
        mech_list_mic: (options & 2 != 0).then_some(&authenticator[..authenticator.len().min(28)]),
    };
    gss::frame(Mech::Spnego, &init.encode())
}
