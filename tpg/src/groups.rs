//! What the PAC says of the client, once its signature is good (MS-PAC section 2, MS-KILE section 3.4.5.3).

use krb::{
    name::Principal,
    pac::{Pac, PacError, Sid},
};

use crate::{
    keys::LongTermKey,
    policy::{Demand, Policy},
    refusal::Refusal,
    utc::Utc,
};

/// What a PAC says. Names change hands; the SID of an account does not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Groups {
    /// The SID of the account.
    pub user: Option<Sid>,
    /// The SIDs of its groups, in the order of the PAC.
    pub groups: Vec<Sid>,
    /// Its user principal name.
    pub upn: Option<String>,
}

impl Groups {
    /// Without the SIDs that are not of these domains, if any are named. A KDC filters what a trusted domain may say
    /// (MS-PAC section 4.1.2.2), and this is for doors that do not rely on it.
    fn within(mut self, domains: &[Sid]) -> Self {
        let is_within = |sid: &Sid| {
            domains.is_empty() || sid.split_rid().is_some_and(|(domain, _)| domains.contains(&domain))
        };
        self.user = self.user.filter(is_within);
        self.groups.retain(is_within);
        self
    }
}

/// What came of the PAC.
#[derive(Debug, Default)]
pub enum Judged {
    /// The ticket has none, or it is not looked at.
    #[default]
    Absent,
    /// It is not good, and grants nothing.
    Bad(PacTrouble),
    /// It is good.
    Good(Groups),
}

/// Why a PAC grants nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PacTrouble {
    /// It is of another client or another login.
    #[error("it is of another client or another login than the ticket")]
    Mismatch,
    /// It cannot be read, or is not signed with the service's key.
    #[error("{0}")]
    Pac(#[from] PacError),
}

/// Judges the PAC of a ticket that `key` opened. A bad one means no groups, and no entry where groups are demanded.
///
/// # Errors
///
/// [`Refusal::Pac`], [`Refusal::PacMismatch`] and [`Refusal::PacMissing`], all of them only if the
/// policy requires a PAC.
pub(crate) fn judge(
    pac: Option<&[u8]>,
    key: &LongTermKey,
    client: &Principal,
    authtime: Utc,
    policy: &Policy,
) -> Result<Judged, Refusal> {
    let demand = policy.pac;
    let pac = match (demand, pac) {
        (Demand::Off, _) | (Demand::IfPresent, None) => return Ok(Judged::Absent),
        (Demand::Require, None) => return Err(Refusal::PacMissing),
        (_, Some(pac)) => pac,
    };
    match (read(pac, key, client, authtime), demand) {
        (Ok(groups), _) => Ok(Judged::Good(groups.within(&policy.accept_domain_sids))),
        (Err(PacTrouble::Mismatch), Demand::Require) => Err(Refusal::PacMismatch),
        (Err(PacTrouble::Pac(fault)), Demand::Require) => Err(Refusal::Pac(fault)),
        (Err(trouble), _) => Ok(Judged::Bad(trouble)),
    }
}

fn read(pac: &[u8], key: &LongTermKey, client: &Principal, authtime: Utc) -> Result<Groups, PacTrouble> {
    let pac = Pac::read(pac)?;
    // The signature of the service's key comes first: without it the rest is anybody's. Those of the KDC's key
    // cannot be verified here, and who holds the service's key could forge any of it to itself alone.
    pac.verify_server(&key.pac)?;
    // MS-PAC section 2.7: name and time bind the PAC to this client and this login.
    if !pac.client_info()?.matches(&client.name, authtime.seconds()) {
        return Err(PacTrouble::Mismatch);
    }
    // MIT KDCs write no LOGON_INFO.
    let logon = pac.logon_info()?;
    let upn = pac.upn_dns_info()?;
    let mut groups = Groups::default();
    if let Some(upn) = upn {
        groups.user = upn.sid;
        groups.upn = Some(upn.upn).filter(|upn| !upn.is_empty());
    }
    if let Some(logon) = logon {
        groups.groups = logon.sids().filter(|sid| **sid != logon.user).cloned().collect();
        groups.user = Some(logon.user);
    }
    Ok(groups)
}
