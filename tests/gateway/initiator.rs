//! The client's end of an exchange: requests, and what must be true of their answers.

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use client::{AsExchange, AsStep, Credential, TgsExchange, TicketOptions};
use krb::{
    crypto::{Enctype, Key, Usage, UsageKeys},
    flags::Flags,
    frame,
    msg::{
        ap::ApReq,
        kdc::AsReq,
        krb_error::KrbError,
        opened::{AuthorizationDataElement, EncTicketPart},
        padata::{PA_ENC_TIMESTAMP, PaData},
    },
    name::{NT_PRINCIPAL, NT_SRV_HST, NT_SRV_INST, Principal, PrincipalName},
    sealed::EncryptedData,
};
use testkdc::Realm;
use ticketgate::ambient;

use crate::world::{PATIENCE, realm};

/// The service that tickets are asked for.
const SERVICE: [&str; 2] = ["HTTP", "gw.tgg.test"];

/// A type of authorization data that means nothing to any KDC: negative ones are for local use (RFC 4120
/// section 7.5.4).
const AD_OF_NOBODY: i32 = -17;

fn now() -> SystemTime {
    let (seconds, micros) = ambient::time_of_day();
    UNIX_EPOCH + Duration::new(seconds.unsigned_abs(), micros * 1000)
}

fn dice(octets: &mut [u8]) {
    getrandom::fill(octets).unwrap();
}

fn user(name: &str, krb_realm: &str) -> Principal {
    Principal { name: PrincipalName::new(NT_PRINCIPAL, [name]), krb_realm: krb_realm.into() }
}

fn service() -> PrincipalName {
    PrincipalName::new(NT_SRV_HST, SERVICE)
}

/// An AS-REQ that proves nothing, with a nonce of its own.
pub(crate) fn as_req(name: &str) -> Vec<u8> {
    as_req_in(name, realm().name())
}

/// The same for another realm.
pub(crate) fn as_req_in(name: &str, krb_realm: &str) -> Vec<u8> {
    let exchange =
        AsExchange::new(user(name, krb_realm), "", &TicketOptions::default(), now(), &mut dice).unwrap();
    exchange.request().to_vec()
}

/// An AS-REQ that proves nothing and is too long for a datagram.
pub(crate) fn large_as_req() -> Vec<u8> {
    large_as_req_in(realm().name())
}

/// The same for another realm.
pub(crate) fn large_as_req_in(krb_realm: &str) -> Vec<u8> {
    as_req_in(&"l".repeat(2000), krb_realm)
}

/// An AS-REQ with a proof of the password, or what looks like one, that is too long for a datagram.
pub(crate) fn large_proving_as_req() -> Vec<u8> {
    let mut request = AsReq::decode(&as_req("alice")).unwrap();
    let proof = PaData { padata_type: PA_ENC_TIMESTAMP, padata_value: vec![7; 2000].into() };
    request.0.padata = Some(vec![proof]);
    request.encode().unwrap()
}

/// The reply that brings alice her ticket-granting ticket.
pub(crate) fn as_rep() -> Vec<u8> {
    directly(realm().kdc_addr(), &proving_as_req())
}

/// An AS-REQ that proves the password. The first half of the exchange goes to the KDC directly.
pub(crate) fn proving_as_req() -> Vec<u8> {
    let options = TicketOptions::default();
    let alice = user("alice", realm().name());
    let mut exchange = AsExchange::new(alice, "alicepw", &options, now(), &mut dice).unwrap();
    let answer = directly(realm().kdc_addr(), exchange.request());
    assert!(matches!(exchange.reply(&answer, now(), &mut dice).unwrap(), AsStep::Ask));
    exchange.request().to_vec()
}

/// A ticket-granting ticket from the KDC directly.
pub(crate) fn tgt() -> Credential {
    tgt_over(&mut |request| directly(realm().kdc_addr(), request))
}

/// A TGS-REQ that the KDC would grant.
pub(crate) fn tgs_req(tgt: &Credential) -> Vec<u8> {
    let exchange = TgsExchange::new(tgt, service(), &TicketOptions::default(), now(), &mut dice).unwrap();
    exchange.request().to_vec()
}

/// A password change in form, with a true ticket and sealed parts that nobody can open.
pub(crate) fn password_change() -> Vec<u8> {
    let options = TicketOptions::default();
    let changepw = PrincipalName::new(NT_SRV_INST, ["kadmin", "changepw"]);
    let alice = user("alice", realm().name());
    let mut exchange =
        AsExchange::for_service(alice, changepw, "alicepw", &options, now(), &mut dice).unwrap();
    let ticket = finish(&mut exchange, &mut |request| directly(realm().kdc_addr(), request)).ticket;
    let sealed = EncryptedData { etype: 20, kvno: None, cipher: vec![7; 60].into() };
    let ap_req = ApReq::new(Flags::with(&[]), ticket, sealed).encode().unwrap();
    // KRB-PRIV (RFC 4120 section 5.7.1): pvno, msg-type, and the sealed part [3].
    let mut private = vec![0x75, 0x1b, 0x30, 0x19, 0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 21];
    private.extend_from_slice(&[0xa3, 0x0d, 0x30, 0x0b, 0xa0, 3, 2, 1, 20, 0xa2, 4, 4, 2, 7, 7]);
    let length = |octets: usize| u16::try_from(octets).unwrap().to_be_bytes();
    let whole = length(6 + ap_req.len() + private.len());
    [&whole[..], &[0, 1], &length(ap_req.len()), &ap_req, &private].concat()
}

/// An AP-REQ, which no KDC is asked with.
pub(crate) fn ap_req(tgt: &Credential) -> Vec<u8> {
    let sealed = EncryptedData { etype: 20, kvno: None, cipher: vec![7; 60].into() };
    ApReq::new(Flags::with(&[]), tgt.ticket.clone(), sealed).encode().unwrap()
}

/// Sends one request over TCP, as to a KDC, and reads one answer.
pub(crate) fn directly(to: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    ask_stream(&mut stream, request)
}

/// Sends one framed request and reads one framed answer.
pub(crate) fn ask_stream(stream: &mut TcpStream, request: &[u8]) -> Vec<u8> {
    stream.write_all(&framed(request)).unwrap();
    let mut length = [0; frame::PREFIX];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; frame::announced(&length).unwrap().unwrap()];
    stream.read_exact(&mut answer).unwrap();
    answer
}

/// A message with its length in front.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&frame::prefix(message.len())[..], message].concat()
}

/// A ticket-granting ticket of this user from the KDC directly.
pub(crate) fn tgt_in(realm: &Realm, name: &str, password: &str) -> Credential {
    let options = TicketOptions::default();
    let user = user(name, realm.name());
    let mut exchange = AsExchange::new(user, password, &options, now(), &mut dice).unwrap();
    finish(&mut exchange, &mut |request| directly(realm.kdc_addr(), request))
}

/// Gets a ticket-granting ticket for alice, who must pre-authenticate.
pub(crate) fn tgt_over(ask: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> Credential {
    let options = TicketOptions::default();
    let alice = user("alice", realm().name());
    let mut exchange = AsExchange::new(alice, "alicepw", &options, now(), &mut dice).unwrap();
    finish(&mut exchange, ask)
}

fn finish(exchange: &mut AsExchange, ask: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> Credential {
    loop {
        let answer = ask(exchange.request());
        match exchange.reply(&answer, now(), &mut dice).unwrap() {
            AsStep::Ask => {}
            AsStep::Done(credential) => break credential,
        }
    }
}

/// Gets a ticket for a service from a password, and opens it as the service does.
pub(crate) fn whole_exchange(ask: &mut dyn FnMut(&[u8]) -> Vec<u8>) {
    service_ticket(ask, &TicketOptions::default());
}

/// The same with authorization data of so many octets in the request; they come back in the ticket.
pub(crate) fn whole_exchange_with_authorization_data(ask: &mut dyn FnMut(&[u8]) -> Vec<u8>, octets: usize) {
    let restriction = AuthorizationDataElement { ad_type: AD_OF_NOBODY, ad_data: vec![7; octets].into() };
    let options = TicketOptions { authorization_data: vec![restriction.clone()], ..TicketOptions::default() };
    let carried = service_ticket(ask, &options).authorization_data.unwrap();
    assert!(carried.0.contains(&restriction));
}

/// The KDC seals the session key twice, once for the client and once for the service; both must be the same.
fn service_ticket(ask: &mut dyn FnMut(&[u8]) -> Vec<u8>, options: &TicketOptions) -> EncTicketPart {
    let tgt = tgt_over(ask);
    let exchange = TgsExchange::new(&tgt, service(), options, now(), &mut dice).unwrap();
    let credential = exchange.reply(&ask(exchange.request())).unwrap();
    let opened = opened_by_service(&credential.ticket.enc_part);
    assert_eq!(opened.key.keyvalue.as_octets(), credential.key.octets());
    assert_eq!(opened.cname, credential.client.name);
    opened
}

fn opened_by_service(sealed: &EncryptedData) -> EncTicketPart {
    let key = &service_keys()[&sealed.etype];
    let plaintext = UsageKeys::derive(key, Usage::TICKET).unwrap().open_data(sealed).unwrap();
    EncTicketPart::decode(&plaintext).unwrap()
}

/// The keys of [`SERVICE`] by enctype, as `klist -Kek` prints them from its keytab.
fn service_keys() -> &'static HashMap<i64, Key> {
    static KEYS: OnceLock<HashMap<i64, Key>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let keytab = realm().dir().join("services.keytab");
        let listed = realm().client().unwrap().run("klist", &["-Kek", keytab.to_str().unwrap()], "").unwrap();
        let spn = SERVICE.join("/");
        let lines = listed.stdout.lines().filter(|line| line.contains(&spn));
        lines.map(key).map(|key| (key.enctype().number().into(), key)).collect()
    })
}

/// Reads ` 2 HTTP/gw.tgg.test@TGG.TEST (aes256-cts-hmac-sha384-192)  (0x1234…)`.
fn key(line: &str) -> Key {
    let (_, hex) = line.rsplit_once("(0x").unwrap();
    let digits = hex.trim_end_matches(')');
    let octets: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&digits[place..place + 2], 16).unwrap())
        .collect();
    let enctype = Enctype::ALL.into_iter().find(|enctype| {
        krb::etype::name(enctype.number()).is_some_and(|name| line.contains(&format!("({name})")))
    });
    Key::new(enctype.unwrap_or_else(|| panic!("no enctype in {line}")), &octets).unwrap()
}

/// The code of an answer that is a KRB-ERROR.
#[track_caller]
pub(crate) fn error_code(answer: &[u8]) -> i32 {
    KrbError::decode(answer).expect("a KRB-ERROR").error_code
}
