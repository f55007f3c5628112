//! The AS exchange: who proves to know a password gets a ticket (RFC 4120 section 3.1, RFC 6806 section 11).
//!
//! A timestamp that arrives twice is answered twice, as MIT's KDC does: only who has the key can read either answer.

use std::time::SystemTime;

use krb::crypto::{ChecksumKey, Key, Usage, UsageKeys};
use krb::flags::{kdc, ticket};
use krb::msg::kdc::{AsReq, KdcReqBody};
use krb::msg::padata::{
    EtypeInfo2, EtypeInfo2Entry, MethodData, PA_ENC_TIMESTAMP, PA_ETYPE_INFO2, PA_REQ_ENC_PA_REP, PaData,
    PaEncTsEnc,
};
use krb::msg::{PVNO, msg_type};
use krb::octets::Octets;
use krb::sealed::EncryptedData;

use super::account::Kind;
use super::case::Case;
use super::issue::{self, Order, Sealing};
use super::moment::{LAST, seconds};
use super::pac;
use super::records::Record;
use super::refusal::Refusal;
use super::terms::{self, Limits, Terms};

/// Options that only a ticket can be asked for with another.
const NEEDS_TICKET: [u8; 6] =
    [kdc::FORWARDED, kdc::PROXY, kdc::CNAME_IN_ADDL_TKT, kdc::ENC_TKT_IN_SKEY, kdc::RENEW, kdc::VALIDATE];

/// Answers an AS-REQ.
pub(super) fn answer(case: &mut Case<'_>, octets: &[u8]) -> Result<Vec<u8>, Refusal> {
    let request = AsReq::decode(octets)?;
    let body = &request.req_body;
    let records = case.records;
    case.client = body.cname.as_ref().map(|cname| case.ours(cname));
    case.server = body.sname.as_ref().map(|sname| case.ours(sname));
    if request.pvno != PVNO {
        return Err(Refusal::Version);
    }
    if request.msg_type != msg_type::AS_REQ {
        return Err(Refusal::MessageType);
    }
    if body.realm != records.krb_realm {
        return Err(Refusal::WrongRealm);
    }
    let unanswered = [kdc::REQUEST_ANONYMOUS].iter().chain(&NEEDS_TICKET);
    if unanswered.into_iter().any(|option| body.kdc_options.bit(*option)) {
        return Err(Refusal::BadOption);
    }
    let client = body.cname.as_ref().and_then(|cname| records.find(cname)).ok_or(Refusal::ClientUnknown)?;
    let server = body.sname.as_ref().and_then(|sname| records.find(sname)).ok_or(Refusal::ServerUnknown)?;
    may_log_in(case, client, server)?;

    let padata = request.padata.as_deref().unwrap_or_default();
    let proved = prove(case, padata, body, client)?;
    let reply_key = match proved {
        Some(key) => key,
        None => client.keys_for(&body.etype).first().copied().ok_or(Refusal::Enctype)?,
    };
    let session = issue::session(case, body, server)?;
    let parties = [Some(client), Some(server)];
    let limits = Limits {
        life: records.max_life(parties),
        renew: records.max_renew(parties),
        end: client.account.expires.map(seconds),
        skew: records.skew,
    };
    let terms = Terms::of(body, limits, Some(LAST), case.now)?;
    let asked = issue::asked_flags(&body.kdc_options).filter(|_| !client.account.sensitive);
    let mut flags: Vec<_> = asked.chain([ticket::INITIAL]).collect();
    flags.extend(server.account.delegate.then_some(ticket::OK_AS_DELEGATE));
    flags.extend(proved.map(|_| ticket::PRE_AUTHENT));
    let protects = padata.iter().any(|data| data.padata_type == PA_REQ_ENC_PA_REP);
    let mut encrypted_pa_data = None;
    if protects {
        flags.push(ticket::ENC_PA_REP);
        encrypted_pa_data = Some(vec![request_checksum(reply_key, octets)?]);
    }
    let authtime = case.now.seconds;
    // RFC 6806 section 5: an enterprise name becomes the true one only for who is ready for it.
    let canonical = body.kdc_options.bit(kdc::CANONICALIZE);
    let name = if canonical { Some(&client.account.name) } else { body.cname.as_ref() };
    let name = name.cloned().ok_or(Refusal::Internal)?;
    let order = Order {
        client: case.ours(&name),
        server: case.server.clone().ok_or(Refusal::Internal)?,
        ticket_key: Sealing::best(server)?,
        reply_key: Sealing { key: reply_key, kvno: Some(client.kvno) },
        reply_usage: Usage::AS_REP,
        session,
        flags,
        authtime,
        terms,
        addresses: body.addresses.clone(),
        transited: Octets::default(),
        authorization_data: Vec::new(),
        pac: pac::is_wanted(padata).then(|| pac::of_user(records, client, &name, authtime)),
        for_service: server.is_service(),
        nonce: body.nonce,
        key_expiration: client.account.password_expires.map(seconds),
        padata: Some(vec![etype_info(client, [reply_key])?]),
        encrypted_pa_data,
    };
    issue::reply(case, order)
}

/// Whether both accounts are open, and the password is not too old for anything but its change. As with MIT's KDC,
/// anybody is told, before proving anything.
fn may_log_in(case: &Case<'_>, client: &Record, server: &Record) -> Result<(), Refusal> {
    let is_over = |end: Option<SystemTime>| end.is_some_and(|end| seconds(end) <= case.now.seconds);
    if client.account.disabled {
        return Err(Refusal::Disabled);
    }
    if is_over(client.account.expires) {
        return Err(Refusal::AccountExpired);
    }
    if is_over(client.account.password_expires) && server.account.kind != Kind::ChangePassword {
        return Err(Refusal::PasswordExpired);
    }
    if server.account.disabled {
        return Err(Refusal::ServerUnknown);
    }
    if is_over(server.account.expires) {
        return Err(Refusal::ServerExpired);
    }
    if server.is_user() {
        return Err(Refusal::MustUseUserToUser);
    }
    Ok(())
}

/// The key that the client proves to have; `None` if it need not and does not.
fn prove<'a>(
    case: &Case<'_>,
    padata: &[PaData],
    body: &KdcReqBody,
    client: &'a Record,
) -> Result<Option<&'a Key>, Refusal> {
    let Some(proof) = padata.iter().find(|data| data.padata_type == PA_ENC_TIMESTAMP) else {
        return match client.account.preauth {
            true => Err(Refusal::PreauthRequired { methods: methods(client, body)? }),
            false => Ok(None),
        };
    };
    let sealed = EncryptedData::decode(&proof.padata_value)?;
    let key = client.key(sealed.etype).ok_or(Refusal::Enctype)?;
    let opened = UsageKeys::derive(key, Usage::PA_ENC_TIMESTAMP)?.open_data(&sealed);
    let Some(time) = opened.ok().and_then(|opened| PaEncTsEnc::decode(&opened).ok()) else {
        return Err(Refusal::PreauthFailed { methods: methods(client, body)? });
    };
    if case.now.is_off(terms::seconds(&time.patimestamp)?, case.records.skew) {
        return Err(Refusal::Skew);
    }
    Ok(Some(key))
}

/// How the client can prove what it knows: a METHOD-DATA.
fn methods(client: &Record, body: &KdcReqBody) -> Result<Vec<u8>, Refusal> {
    let keys = client.keys_for(&body.etype);
    if keys.is_empty() {
        return Err(Refusal::Enctype);
    }
    let empty = |padata_type| PaData { padata_type, padata_value: Octets::default() };
    let methods = vec![etype_info(client, keys)?, empty(PA_ENC_TIMESTAMP), empty(PA_REQ_ENC_PA_REP)];
    Ok(MethodData(methods).encode()?)
}

/// How these keys of the client are made from its password (RFC 4120 section 5.2.7.5).
fn etype_info<'a>(client: &Record, keys: impl IntoIterator<Item = &'a Key>) -> Result<PaData, Refusal> {
    let entry = |key: &Key| EtypeInfo2Entry {
        etype: key.enctype().number().into(),
        salt: Some(client.salt.clone()),
        s2kparams: Some(key.enctype().default_iterations())
            .filter(|rounds| *rounds > 0)
            .map(|rounds| rounds.to_be_bytes().to_vec().into()),
    };
    let value = EtypeInfo2(keys.into_iter().map(entry).collect()).encode()?;
    Ok(PaData { padata_type: PA_ETYPE_INFO2, padata_value: value.into() })
}

/// Shows the client that nobody changed its request on the way (RFC 6806 section 11).
fn request_checksum(reply_key: &Key, request: &[u8]) -> Result<PaData, Refusal> {
    let checksum = ChecksumKey::derive(reply_key, Usage::AS_REQ)?.make_checksum(request);
    Ok(PaData { padata_type: PA_REQ_ENC_PA_REP, padata_value: checksum.encode()?.into() })
}
