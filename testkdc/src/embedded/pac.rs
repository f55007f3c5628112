//! The PAC that the embedded KDC puts into its tickets: the user's SIDs and names, signed (MS-PAC, MS-KILE section
//! 3.3.5.6.4).

use krb::crypto::{ChecksumKey, Key, Usage};
use krb::der::{Reader, SEQUENCE, context};
use krb::msg::opened::{AuthorizationData, AuthorizationDataElement, EncTicketPart, ad_type};
use krb::msg::padata::{PA_PAC_REQUEST, PaData};
use krb::name::{Principal, PrincipalName};
use krb::octets::Octets;
use krb::pac::{
    ClientInfo, Pac, PacBuilder, Sid, UpnDnsInfo, ValidationInfo, buffer, filetime, group_attribute,
    user_flag,
};
use zeroize::Zeroizing;

use super::forge::PacDraft;
use super::records::{Record, Records, plain};
use super::refusal::Refusal;

/// `Domain Users`, the primary group of whoever has no other (MS-PAC section 2.5; a well-known number).
const DOMAIN_USERS: u32 = 513;
/// Tag of a BOOLEAN.
const BOOLEAN: u8 = 0x01;

/// Whether the client of an AS-REQ wants a PAC (MS-KILE section 2.2.3): it does unless it says that it does not.
pub(super) fn is_wanted(padata: &[PaData]) -> bool {
    let said = padata.iter().find(|data| data.padata_type == PA_PAC_REQUEST);
    said.and_then(|data| {
        let mut fields = Reader::new(&data.padata_value).enter(SEQUENCE).ok()?;
        fields.enter(context(0)).ok()?.only(BOOLEAN).ok()?.first().copied()
    }) != Some(0)
}

/// What a PAC says of a user of this realm, who logged in as `name` at `authtime`, in seconds since 1970.
pub(super) fn of_user(records: &Records, user: &Record, name: &PrincipalName, authtime: i64) -> PacDraft {
    let ordinary = |group: &u32| (*group, group_attribute::ORDINARY);
    let groups = [DOMAIN_USERS].iter().chain(&user.account.groups).map(ordinary).collect();
    let extra: Vec<_> =
        user.account.other_groups.iter().map(|sid| (*sid, group_attribute::ORDINARY)).collect();
    let krb_realm = String::from_utf8_lossy(records.krb_realm.as_octets()).into_owned();
    let netbios = krb_realm.split('.').next().unwrap_or_default().to_owned();
    let account = user.account_name();
    let logon = ValidationInfo {
        account: account.clone(),
        domain: netbios,
        user_id: user.rid,
        primary_group_id: DOMAIN_USERS,
        groups,
        user_flags: if extra.is_empty() { 0 } else { user_flag::EXTRA_SIDS },
        domain_sid: Some(records.domain),
        extra,
        ..ValidationInfo::default()
    };
    let names = UpnDnsInfo {
        upn: records.upn(user),
        dns_domain: krb_realm,
        upn_constructed: user.account.upn.is_none(),
        sam_name: Some(account),
        sid: records.domain.with_rid(user.rid).ok(),
    };
    PacDraft {
        logon: Some(logon),
        client: client_info(plain(name), authtime),
        names: Some(names),
        others: Vec::new(),
    }
}

fn client_info(name: String, authtime: i64) -> Option<ClientInfo> {
    Some(ClientInfo { filetime: filetime(authtime)?, name })
}

/// What the PAC of another realm's ticket says, without what that realm has no say in: accounts and groups of this
/// one (MS-PAC section 4.1.2.2).
pub(super) fn of_stranger(
    records: &Records,
    octets: &[u8],
    key: &Key,
    client: &Principal,
    authtime: i64,
) -> Result<PacDraft, Refusal> {
    let read = || {
        let pac = Pac::read(octets)?;
        pac.verify_server(&ChecksumKey::derive(key, Usage::PAC_SIGNATURE)?)?;
        let logon = pac.buffer(buffer::LOGON_INFO).map(ValidationInfo::read).transpose()?;
        Ok::<_, Refusal>((pac.client_info()?, logon, pac.upn_dns_info()?))
    };
    let (said, mut logon, names) = read().map_err(|_| Refusal::Pac)?;
    if !said.matches(&client.name, authtime) {
        return Err(Refusal::Pac);
    }
    let is_ours = |sid: &Sid| sid.split_rid().is_some_and(|(domain, _)| domain == records.domain);
    if names.as_ref().is_some_and(|names| names.sid.as_ref().is_some_and(is_ours)) {
        return Err(Refusal::Pac);
    }
    if let Some(logon) = &mut logon {
        if logon.domain_sid == Some(records.domain) || logon.user_id == 0 {
            return Err(Refusal::Pac);
        }
        logon.extra.retain(|(sid, _)| !is_ours(sid));
        // These are of the realm that the service is in, and the other one is none.
        logon.resource_groups.clear();
        logon.resource_domain = None;
        logon.user_flags &= !user_flag::RESOURCE_GROUPS;
    }
    let client = client_info(plain(&client.name), authtime);
    Ok(PacDraft { logon, client, names, others: Vec::new() })
}

/// The PAC among what a ticket says, wherever KDCs put it: inside AD-IF-RELEVANT.
pub(super) fn find(data: Option<&AuthorizationData>) -> Option<Octets> {
    let mut elements = data?.0.iter().filter(|element| element.ad_type == ad_type::IF_RELEVANT);
    elements.find_map(|element| {
        let inner = AuthorizationData::decode(&element.ad_data).ok()?;
        inner.0.into_iter().find(|element| element.ad_type == ad_type::WIN2K_PAC).map(|pac| pac.ad_data)
    })
}

/// Signs the PAC and puts it in front of what the ticket says.
pub(super) fn put(
    part: &mut EncTicketPart,
    draft: PacDraft,
    server: &Key,
    kdc: &Key,
    for_service: bool,
) -> Result<(), Refusal> {
    let mut builder = PacBuilder::new();
    if let Some(logon) = &draft.logon {
        builder = builder.logon_info(logon);
    }
    if let Some(client) = &draft.client {
        builder = builder.client_info(client);
    }
    if let Some(names) = &draft.names {
        builder = builder.upn_dns_info(names);
    }
    for (kind, octets) in draft.others {
        builder = builder.buffer(kind, octets);
    }
    let octets = if for_service {
        // What the KDC signs of the ticket has a single zero in the place of the PAC (MS-PAC section 2.8.3).
        let mut signed = part.clone();
        place(&mut signed, &[0])?;
        builder.sign_for_service(&Zeroizing::new(signed.encode()?), server, kdc)?
    } else {
        builder.sign(server, kdc)?
    };
    place(part, &octets)
}

/// Puts a PAC in front of what the ticket says.
fn place(part: &mut EncTicketPart, octets: &[u8]) -> Result<(), Refusal> {
    let pac = AuthorizationDataElement { ad_type: ad_type::WIN2K_PAC, ad_data: octets.into() };
    let ad_data = AuthorizationData(vec![pac]).encode()?.into();
    let first = AuthorizationDataElement { ad_type: ad_type::IF_RELEVANT, ad_data };
    let data = part.authorization_data.get_or_insert_with(|| AuthorizationData(Vec::new()));
    data.0.insert(0, first);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pac_is_left_out_only_for_who_says_so() {
        let asked =
            |octets: &[u8]| is_wanted(&[PaData { padata_type: PA_PAC_REQUEST, padata_value: octets.into() }]);
        assert!(!asked(&[0x30, 5, 0xA0, 3, 1, 1, 0]));
        assert!(asked(&[0x30, 5, 0xA0, 3, 1, 1, 0xFF]));
        assert!(asked(&[0x30, 5, 0xA0, 3, 1, 1]) && asked(&[]) && is_wanted(&[]));
    }
}
