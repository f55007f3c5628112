//! Changing a password (RFC 3244): who got a ticket for `kadmin/changepw` with the old one may set a new one, and
//! only that.

use std::sync::{Mutex, PoisonError};

use krb::crypto::{Key, Usage, UsageKeys};
use krb::flags::ticket;
use krb::kpasswd::{self, result};
use krb::msg::ap::{ApRep, ApReq};
use krb::msg::krb_priv::{ChangePasswdData, EncKrbPrivPart, KrbPriv};
use krb::msg::opened::{Authenticator, EncApRepPart};
use krb::msg::{HostAddress, PVNO, addr_type, msg_type};
use krb::name::PrincipalName;
use zeroize::Zeroizing;

use super::account::Kind;
use super::case::Case;
use super::dice;
use super::issue::{self, Sealing};
use super::kdc::{Made, krb_error};
use super::opening::{self, Presented};
use super::refusal::Refusal;
use super::terms::seconds;

/// A directional address: from who was asked to who asks (RFC 4120 section 7.5.3).
const FROM_ACCEPTOR: [u8; 4] = [0, 0, 0, 1];

/// Requests that were opened lately, each by the time and the client in its authenticator. One that comes again would
/// bring back a password that was changed since.
#[derive(Debug, Default)]
pub(super) struct Used(Vec<(i64, i64, PrincipalName)>);

/// A request that was opened as far as its ticket: from here on the answer is sealed.
struct Change {
    session: Key,
    /// Seals both KRB-PRIVs.
    private_key: Key,
    authenticator: Authenticator,
    /// Our address, as the client has it.
    our_address: Option<HostAddress>,
    /// Whose password becomes what, if it may.
    wanted: Result<(PrincipalName, Zeroizing<String>), Refusal>,
}

/// Answers a request.
pub(super) fn answer(case: &mut Case<'_>, octets: &[u8], used: &Mutex<Used>) -> Made {
    let change = open(case, octets).and_then(|change| {
        used.lock().unwrap_or_else(PoisonError::into_inner).keep(case, &change.authenticator)?;
        Ok(change)
    });
    let mut change = match change {
        Ok(change) => change,
        Err(refusal) => {
            return Made { octets: refuse(case, &refusal), refusal: Some(refusal), rekeyed: None };
        }
    };
    let wanted = std::mem::replace(&mut change.wanted, Err(Refusal::Internal));
    let rekeyed = wanted.and_then(|(name, password)| {
        case.records.rekey(&name, password, case.dice)?.ok_or(Refusal::ClientUnknown)
    });
    let (rekeyed, refusal) = match rekeyed {
        Ok(rekeyed) => (Some(rekeyed), None),
        Err(refusal) => (None, Some(refusal)),
    };
    match reply(case, &change, refusal.as_ref()) {
        Ok(octets) => Made { octets, refusal, rekeyed },
        Err(refusal) => Made { octets: refuse(case, &refusal), refusal: Some(refusal), rekeyed: None },
    }
}

impl Used {
    /// Keeps one for as long as its time is near enough.
    fn keep(&mut self, case: &Case<'_>, authenticator: &Authenticator) -> Result<(), Refusal> {
        let Authenticator { ctime, cusec, cname, .. } = authenticator;
        let this = (seconds(ctime)?, *cusec, cname.clone());
        self.0.retain(|(made, ..)| !case.now.is_off(*made, case.records.skew));
        if self.0.contains(&this) {
            return Err(Refusal::Replay);
        }
        self.0.push(this);
        Ok(())
    }
}

/// Opens a request.
fn open(case: &mut Case<'_>, octets: &[u8]) -> Result<Change, Refusal> {
    let request = kpasswd::request(octets).map_err(|_| Refusal::Malformed)?;
    let ap_req = ApReq::decode(request.presented)?;
    let presented = opening::ap_req(case, &ap_req, Usage::AP_REQ_AUTHENTICATOR)?;
    let ticket = &presented.ticket;
    case.client = Some(ticket.client());
    case.server = Some(case.ours(&ticket.server.account.name));
    if ticket.server.account.kind != Kind::ChangePassword {
        return Err(Refusal::NotUs);
    }
    opening::is_current(case, &ticket.part)?;
    let private_key = presented.subkey.as_ref().unwrap_or(&ticket.session).clone();
    let private = KrbPriv::decode(request.private)?;
    if private.pvno != PVNO {
        return Err(Refusal::Version);
    }
    if private.msg_type != msg_type::KRB_PRIV {
        return Err(Refusal::MessageType);
    }
    let opened = UsageKeys::derive(&private_key, Usage::KRB_PRIV)?.open_data(&private.enc_part);
    let opened = Zeroizing::new(opened.map_err(|_| Refusal::Authenticator)?);
    let part = EncKrbPrivPart::decode(&opened)?;
    let wanted = wanted(case, &presented, &part, request.set);
    Ok(Change {
        session: presented.ticket.session,
        private_key,
        authenticator: presented.authenticator,
        our_address: part.r_address,
        wanted,
    })
}

/// What the client wants, if it may want that.
fn wanted(
    case: &Case<'_>,
    presented: &Presented<'_>,
    part: &EncKrbPrivPart,
    set: bool,
) -> Result<(PrincipalName, Zeroizing<String>), Refusal> {
    // Some send it as a negative number.
    let same = |one: i64, other: i64| (one ^ other) & 0xFFFF_FFFF == 0;
    if part.seq_number.zip(presented.authenticator.seq_number).is_some_and(|(one, other)| !same(one, other)) {
        return Err(Refusal::Order);
    }
    let client = presented.ticket.client();
    let data = if set {
        ChangePasswdData::decode(part.user_data.as_octets())?
    } else {
        ChangePasswdData { newpasswd: part.user_data.clone(), targname: None, targrealm: None }
    };
    let own = data.targname.is_none_or(|name| name.same_name(&client.name))
        && data.targrealm.is_none_or(|krb_realm| krb_realm == client.krb_realm)
        && client.krb_realm == case.records.krb_realm;
    if !own {
        return Err(Refusal::OtherPassword);
    }
    if !presented.ticket.part.flags.bit(ticket::INITIAL) {
        return Err(Refusal::NotInitial);
    }
    let password = str::from_utf8(data.newpasswd.as_octets()).map_err(|_| Refusal::NewPassword)?;
    if password.is_empty() {
        return Err(Refusal::NewPassword);
    }
    Ok((client.name, Zeroizing::new(password.to_owned())))
}

/// The answer to a request that was opened: how it ended.
fn reply(
    case: &mut Case<'_>,
    change: &Change,
    refusal: Option<&Refusal>,
) -> Result<Option<Vec<u8>>, Refusal> {
    let seq_number = Some(dice::sequence(case.dice));
    let Authenticator { ctime, cusec, .. } = &change.authenticator;
    let proof = EncApRepPart { ctime: ctime.clone(), cusec: *cusec, subkey: None, seq_number }.encode()?;
    let session = Sealing { key: &change.session, kvno: None };
    let ap_rep = ApRep::new(issue::seal(case, session, Usage::AP_REP, proof)?).encode()?;
    let directional =
        || HostAddress { addr_type: addr_type::DIRECTIONAL, address: FROM_ACCEPTOR.to_vec().into() };
    let part = EncKrbPrivPart {
        user_data: verdict(refusal).into(),
        timestamp: Some(case.now.stamp()),
        usec: Some(case.now.micros.into()),
        seq_number,
        // The address at which the client believes us to be: behind a relay we know no better.
        s_address: change.our_address.clone().unwrap_or_else(directional),
        r_address: None,
    };
    let private = Sealing { key: &change.private_key, kvno: None };
    let private = KrbPriv::new(issue::seal(case, private, Usage::KRB_PRIV, part.encode()?)?).encode()?;
    Ok(kpasswd::write_reply(&ap_rep, &private))
}

/// The answer to a request that could not be opened.
fn refuse(case: &Case<'_>, refusal: &Refusal) -> Option<Vec<u8>> {
    kpasswd::write_reply(&[], &krb_error(case, refusal, Some(&verdict(Some(refusal))))?)
}

/// The number and the text for the client.
fn verdict(refusal: Option<&Refusal>) -> Vec<u8> {
    let (number, text) = match refusal {
        None => (result::SUCCESS, String::new()),
        Some(refusal) => (number(refusal), refusal.to_string()),
    };
    [&number.to_be_bytes()[..], text.as_bytes()].concat()
}

const fn number(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::Internal => result::HARDERROR,
        Refusal::Malformed | Refusal::MessageType | Refusal::Version => result::MALFORMED,
        Refusal::NewPassword => result::SOFTERROR,
        Refusal::NotInitial => result::INITIAL_FLAG_NEEDED,
        Refusal::OtherPassword => result::ACCESSDENIED,
        _ => result::AUTHERROR,
    }
}
