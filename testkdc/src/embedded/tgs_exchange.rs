//! The TGS exchange: who has a ticket-granting ticket gets further ones, for services of this realm and on the way to
//! those of others (RFC 4120 section 3.3, RFC 6806 section 8).
//!
//! Requests that act for other users (S4U) are refused, and tickets for services are not renewed: a service could have
//! written those for anybody, since it has the key.

use krb::crypto::{ChecksumKey, CryptoError, Key, Usage, UsageKeys};
use krb::der::{self, DerError, Reader};
use krb::flags::{kdc, ticket};
use krb::msg::ap::ApReq;
use krb::msg::kdc::{KdcReqBody, TgsReq};
use krb::msg::opened::{AuthorizationData, AuthorizationDataElement, EncTicketPart, ad_type};
use krb::msg::padata::{PA_FOR_USER, PA_FOR_X509_USER, PA_TGS_REQ};
use krb::msg::{PVNO, msg_type};
use krb::name::{Principal, PrincipalName};
use krb::octets::Octets;
use krb::peek;

use super::account::Kind;
use super::case::Case;
use super::dice;
use super::forge::PacDraft;
use super::issue::{self, Order, Sealing};
use super::moment;
use super::opening::{self, Opened, Presented};
use super::pac;
use super::records::Record;
use super::refusal::Refusal;
use super::terms::{Limits, Terms, seconds};

/// Flags that a ticket has because the one it was granted for has them.
const INHERITED: [u8; 5] =
    [ticket::FORWARDED, ticket::PROXY, ticket::PRE_AUTHENT, ticket::HW_AUTHENT, ticket::ANONYMOUS];

/// Options that are not granted. Tickets are not postdated, so there is none to validate.
const UNANSWERED: [u8; 3] = [kdc::CNAME_IN_ADDL_TKT, kdc::REQUEST_ANONYMOUS, kdc::VALIDATE];

/// What the KDC alone may say in a ticket.
const KDC_ONLY: [i32; 3] = [ad_type::KDC_ISSUED, ad_type::CAMMAC, ad_type::WIN2K_PAC];

/// Answers a TGS-REQ.
pub(super) fn answer(case: &mut Case<'_>, octets: &[u8]) -> Result<Vec<u8>, Refusal> {
    let request = TgsReq::decode(octets)?;
    let body = &request.req_body;
    case.server = body.sname.as_ref().map(|sname| case.ours(sname));
    if request.pvno != PVNO {
        return Err(Refusal::Version);
    }
    if request.msg_type != msg_type::TGS_REQ {
        return Err(Refusal::MessageType);
    }
    let padata = request.padata.as_deref().unwrap_or_default();
    let value = |wanted| padata.iter().find(|data| data.padata_type == wanted).map(|data| &data.padata_value);
    let shown = value(PA_TGS_REQ).ok_or(Refusal::PadataType)?;
    let presented = opening::ap_req(case, &ApReq::decode(shown)?, Usage::TGS_REQ_AUTHENTICATOR)?;
    check_body(&presented, octets)?;
    let tgt = &presented.ticket;
    case.client = Some(tgt.client());
    if !tgt.is_granting(case) {
        return Err(Refusal::NotUs);
    }
    opening::is_current(case, &tgt.part)?;
    if body.realm != case.records.krb_realm {
        return Err(Refusal::WrongRealm);
    }
    if UNANSWERED.into_iter().any(|option| body.kdc_options.bit(option)) {
        return Err(Refusal::BadOption);
    }
    if value(PA_FOR_USER).or(value(PA_FOR_X509_USER)).is_some() {
        return Err(Refusal::PadataType);
    }
    came_straight(case, tgt)?;

    let peer = peer_ticket(case, body)?;
    let server = server(case, body, tgt, peer.as_ref())?;
    let session = session(case, body, server, peer.as_ref())?;
    let ticket_key = match &peer {
        Some(peer) => Sealing { key: &peer.session, kvno: None },
        None => Sealing::best(server)?,
    };
    let reply_key = presented.subkey.as_ref().unwrap_or(&tgt.session);
    let order = Order {
        client: tgt.client(),
        server: reply_name(case, body, server),
        ticket_key,
        reply_key: Sealing { key: reply_key, kvno: None },
        reply_usage: if presented.subkey.is_some() { Usage::TGS_REP_SUBKEY } else { Usage::TGS_REP },
        session,
        flags: flags(body, &tgt.part, server),
        authtime: seconds(&tgt.part.authtime)?,
        terms: terms(case, body, tgt, server)?,
        addresses: match asks_other_addresses(body) {
            true => body.addresses.clone(),
            false => tgt.part.caddr.clone(),
        },
        transited: Octets::default(),
        authorization_data: authorization_data(body, &presented)?,
        pac: pac_of(case, tgt)?,
        for_service: server.is_service(),
        nonce: body.nonce,
        key_expiration: None,
        padata: None,
        encrypted_pa_data: None,
    };
    issue::reply(case, order)
}

/// Whether the authenticator is over this request: the octets of its body as they arrived.
fn check_body(presented: &Presented<'_>, octets: &[u8]) -> Result<(), Refusal> {
    let body = body_octets(octets).map_err(|_| Refusal::Malformed)?;
    let checksum = presented.authenticator.cksum.as_ref().ok_or(Refusal::ChecksumType)?;
    let keys = ChecksumKey::derive(&presented.ticket.session, Usage::TGS_REQ_CHECKSUM)?;
    keys.verify_checksum(body, checksum).map_err(|error| match error {
        CryptoError::ChecksumType { .. } => Refusal::ChecksumType,
        _ => Refusal::Checksum,
    })
}

fn body_octets(request: &[u8]) -> Result<&[u8], DerError> {
    let mut fields = Reader::new(request).enter(peek::TGS_REQ)?.enter(der::SEQUENCE)?;
    fields.enter(der::context(1))?;
    fields.enter(der::context(2))?;
    fields.enter_if(der::context(3))?;
    Ok(fields.enter(der::context(4))?.rest())
}

/// Whether the ticket is of a user of the realm that issued it: a trusted realm has no say about others' users, and
/// least of all about ours.
fn came_straight(case: &Case<'_>, tgt: &Opened<'_>) -> Result<(), Refusal> {
    if tgt.issuer == case.records.krb_realm {
        return Ok(());
    }
    let straight = tgt.part.crealm == tgt.issuer && tgt.part.transited.contents.is_empty();
    if straight { Ok(()) } else { Err(Refusal::Path) }
}

/// The ticket-granting ticket of the other user, where a ticket from user to user is asked for (RFC 4120 section 3.7).
fn peer_ticket<'a>(case: &Case<'a>, body: &KdcReqBody) -> Result<Option<Opened<'a>>, Refusal> {
    if !body.kdc_options.bit(kdc::ENC_TKT_IN_SKEY) {
        return Ok(None);
    }
    let ticket = body.additional_tickets.as_ref().and_then(|tickets| tickets.first());
    let peer = opening::ticket(case, ticket.ok_or(Refusal::BadOption)?)?;
    opening::is_current(case, &peer.part)?;
    // Only of our own making: another realm has no say in who of ours has which session key.
    if !peer.is_granting(case) || peer.issuer != case.records.krb_realm {
        return Err(Refusal::ServerMismatch);
    }
    Ok(Some(peer))
}

/// Who the ticket is for, and whether this client may have one.
fn server<'a>(
    case: &Case<'a>,
    body: &KdcReqBody,
    tgt: &Opened<'a>,
    peer: Option<&Opened<'a>>,
) -> Result<&'a Record, Refusal> {
    let records = case.records;
    let name = body.sname.as_ref().or(peer.map(|peer| &peer.part.cname)).ok_or(Refusal::ServerUnknown)?;
    if body.kdc_options.bit(kdc::RENEW) {
        let same = tgt.issuer == records.krb_realm && tgt.server.account.name.same_name(name);
        return if same { Ok(tgt.server) } else { Err(Refusal::ServerMismatch) };
    }
    let found = records.find(name).or_else(|| referral(case, body, name));
    let server = found.filter(|server| !server.account.disabled).ok_or(Refusal::ServerUnknown)?;
    if server.account.expires.is_some_and(|end| moment::seconds(end) <= case.now.seconds) {
        return Err(Refusal::ServerExpired);
    }
    match peer {
        Some(peer) if !peer.part.cname.same_name(&server.account.name) => Err(Refusal::ServerMismatch),
        None if server.is_user() => Err(Refusal::MustUseUserToUser),
        _ if server.account.kind == Kind::ChangePassword => Err(Refusal::Policy),
        // The way to a third realm over this one.
        _ if server.account.kind == Kind::Granting
            && tgt.issuer != records.krb_realm
            && !server.account.name.same_name(&PrincipalName::krbtgt(&records.krb_realm)) =>
        {
            Err(Refusal::Path)
        }
        _ => Ok(server),
    }
}

/// The realm that a host's services are in, for a client that follows (RFC 6806 section 8).
fn referral<'a>(case: &Case<'a>, body: &KdcReqBody, name: &PrincipalName) -> Option<&'a Record> {
    let [_, host] = name.name_string.as_slice() else { return None };
    let krb_realm = case.records.realm_of_host(host).filter(|_| body.kdc_options.bit(kdc::CANONICALIZE))?;
    case.records.exact(&PrincipalName::krbtgt(krb_realm))
}

/// The name as it was asked for, unless another is the answer.
fn reply_name(case: &Case<'_>, body: &KdcReqBody, server: &Record) -> Principal {
    let own = &server.account.name;
    case.ours(body.sname.as_ref().filter(|asked| asked.same_name(own)).unwrap_or(own))
}

/// A session key that the client and who opens the ticket can use.
fn session(
    case: &mut Case<'_>,
    body: &KdcReqBody,
    server: &Record,
    peer: Option<&Opened<'_>>,
) -> Result<Key, Refusal> {
    let Some(peer) = peer else { return issue::session(case, body, server) };
    let enctype = peer.session.enctype();
    if !body.etype.contains(&enctype.number().into()) {
        return Err(Refusal::Enctype);
    }
    Ok(dice::key(enctype, case.dice)?)
}

fn asks_other_addresses(body: &KdcReqBody) -> bool {
    body.kdc_options.bit(kdc::FORWARDED) || body.kdc_options.bit(kdc::PROXY)
}

/// The flags of the new ticket, beside what tells of its times.
fn flags(body: &KdcReqBody, tgt: &EncTicketPart, server: &Record) -> Vec<u8> {
    let mut flags = vec![ticket::TRANSITED_POLICY_CHECKED];
    flags.extend(server.account.delegate.then_some(ticket::OK_AS_DELEGATE));
    flags.extend(INHERITED.into_iter().filter(|flag| tgt.flags.bit(*flag)));
    if body.kdc_options.bit(kdc::RENEW) {
        let kept = [ticket::FORWARDABLE, ticket::PROXIABLE, ticket::INITIAL];
        flags.extend(kept.into_iter().filter(|flag| tgt.flags.bit(*flag)));
    } else {
        flags.extend(issue::asked_flags(&body.kdc_options).filter(|flag| tgt.flags.bit(*flag)));
    }
    let now = [(kdc::FORWARDED, ticket::FORWARDED), (kdc::PROXY, ticket::PROXY)];
    flags.extend(now.into_iter().filter(|(option, _)| body.kdc_options.bit(*option)).map(|(_, flag)| flag));
    flags
}

/// The times of the new ticket, if the one presented allows what is asked for.
fn terms(case: &Case<'_>, body: &KdcReqBody, tgt: &Opened<'_>, server: &Record) -> Result<Terms, Refusal> {
    let asks = |option| body.kdc_options.bit(option);
    let has = |flag| tgt.part.flags.bit(flag);
    let refused = (asks(kdc::FORWARDED) && !has(ticket::FORWARDABLE))
        || (asks(kdc::PROXY) && !(has(ticket::PROXIABLE) && server.account.kind != Kind::Granting))
        || (asks(kdc::RENEW) && !has(ticket::RENEWABLE));
    if refused {
        return Err(Refusal::BadOption);
    }
    let renew_till =
        tgt.part.renew_till.as_ref().filter(|_| has(ticket::RENEWABLE)).map(seconds).transpose()?;
    let end = seconds(&tgt.part.endtime)?;
    let now = case.now.seconds;
    // It may be presented a little late, but nothing is left of it to be granted.
    if end <= now {
        return Err(Refusal::TicketExpired);
    }
    if asks(kdc::RENEW) {
        let renew_till = renew_till.filter(|renew_till| *renew_till > now).ok_or(Refusal::TicketExpired)?;
        let start = seconds(tgt.part.starttime.as_ref().unwrap_or(&tgt.part.authtime))?;
        let life = end.saturating_sub(start);
        let end = now.saturating_add(life).min(renew_till);
        return Ok(Terms { start: now, end, renew_till: Some(renew_till) });
    }
    let records = case.records;
    let parties = [Some(server), None];
    let (life, renew) = (records.max_life(parties), records.max_renew(parties));
    let limits = Limits { life, renew, end: Some(end), skew: records.skew };
    Terms::of(body, limits, renew_till, case.now)
}

/// What the ticket says behind its PAC: what the one presented said, then what the client asks for.
fn authorization_data(
    body: &KdcReqBody,
    presented: &Presented<'_>,
) -> Result<Vec<AuthorizationDataElement>, Refusal> {
    let kept = presented.ticket.part.authorization_data.iter().flat_map(|data| data.0.clone());
    let asked = match &body.enc_authorization_data {
        None => Vec::new(),
        Some(sealed) => {
            let keys = match &presented.subkey {
                Some(subkey) => UsageKeys::derive(subkey, Usage::TGS_REQ_AUTH_DATA_SUBKEY)?,
                None => UsageKeys::derive(&presented.ticket.session, Usage::TGS_REQ_AUTH_DATA)?,
            };
            let octets = keys.open_data(sealed).map_err(|_| Refusal::Authenticator)?;
            AuthorizationData::decode(&octets)?.0
        }
    };
    Ok(kept.chain(asked).filter(|element| !is_for_kdc(element)).collect())
}

/// Whether an element, or one inside it, is what only the KDC may say; a new PAC takes the place of the old.
fn is_for_kdc(element: &AuthorizationDataElement) -> bool {
    KDC_ONLY.contains(&element.ad_type)
        || (element.ad_type == ad_type::IF_RELEVANT
            && AuthorizationData::decode(&element.ad_data)
                .is_ok_and(|inner| inner.0.iter().any(|element| KDC_ONLY.contains(&element.ad_type))))
}

/// The PAC of the new ticket, if the one presented has one, and whether the client is still welcome.
fn pac_of(case: &Case<'_>, tgt: &Opened<'_>) -> Result<Option<PacDraft>, Refusal> {
    let (records, authtime) = (case.records, seconds(&tgt.part.authtime)?);
    let presented = pac::find(tgt.part.authorization_data.as_ref());
    if tgt.part.crealm == records.krb_realm {
        let client = records.find(&tgt.part.cname).ok_or(Refusal::ClientUnknown)?;
        if client.account.disabled {
            return Err(Refusal::Disabled);
        }
        return Ok(presented.map(|_| pac::of_user(records, client, &tgt.part.cname, authtime)));
    }
    let draft = |octets: Octets| pac::of_stranger(records, &octets, tgt.key, &tgt.client(), authtime);
    presented.map(draft).transpose()
}
