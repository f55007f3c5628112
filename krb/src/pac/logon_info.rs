//! The logon information of a user: his SID and those of his groups (KERB_VALIDATION_INFO, MS-PAC section 2.5).

use super::ndr::{Reader, Writer};
use super::{PacError, Sid, buffer};

/// How many SIDs one list may have. Windows logs nobody on who is in more than 1,015 groups.
pub const MAX_SIDS: usize = 2_048;

/// Octets of a group: its number and its attributes.
const GROUP: usize = 8;
/// Octets of an array element that points to a SID and has attributes.
const SID_AND_ATTRIBUTES: usize = 8;

/// What a group is good for (MS-PAC section 2.2.1).
pub mod group_attribute {
    /// Counts for access checks.
    pub const ENABLED: u32 = 0x4;
    /// Counts only where access is denied.
    pub const USE_FOR_DENY_ONLY: u32 = 0x10;
    /// What ordinary groups have: mandatory, enabled by default, enabled.
    pub const ORDINARY: u32 = 0x7;
}

/// What of the logon information is filled in (MS-PAC section 2.5).
pub mod user_flag {
    /// The extra SIDs.
    pub const EXTRA_SIDS: u32 = 0x20;
    /// The resource groups.
    pub const RESOURCE_GROUPS: u32 = 0x200;
}

/// Who the user is and which groups grant him something.
///
/// Groups that are not enabled, or only good for denying, are left out, and lists that the flags do not announce
/// are not believed. Whether SIDs of other domains may be in here is decided by the KDC's trusts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogonInfo {
    /// The account name.
    pub account: String,
    /// The NetBIOS name of the domain.
    pub domain: String,
    /// The user.
    pub user: Sid,
    /// His primary group; usually among `groups` too.
    pub primary_group: Sid,
    /// Groups of his domain.
    pub groups: Vec<Sid>,
    /// SIDs of other domains and well-known ones.
    pub extra: Vec<Sid>,
    /// Groups of the service's domain.
    pub resource_groups: Vec<Sid>,
}

/// The logon information as it stands in the PAC, as far as it names SIDs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ValidationInfo {
    /// EffectiveName: the account.
    pub account: String,
    /// LogonDomainName.
    pub domain: String,
    /// UserId; zero says that the first extra SID is the user's.
    pub user_id: u32,
    /// PrimaryGroupId.
    pub primary_group_id: u32,
    /// GroupIds with their attributes, see [`group_attribute`].
    pub groups: Vec<(u32, u32)>,
    /// UserFlags, see [`user_flag`].
    pub user_flags: u32,
    /// LogonDomainId.
    pub domain_sid: Option<Sid>,
    /// ExtraSids with their attributes.
    pub extra: Vec<(Sid, u32)>,
    /// ResourceGroupDomainSid.
    pub resource_domain: Option<Sid>,
    /// ResourceGroupIds with their attributes.
    pub resource_groups: Vec<(u32, u32)>,
}

impl LogonInfo {
    /// All SIDs that grant something, the user's first. Some may come twice.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        let groups = self.groups.iter().chain(&self.extra).chain(&self.resource_groups);
        [&self.user, &self.primary_group].into_iter().chain(groups)
    }
}

impl ValidationInfo {
    /// Reads the contents of a buffer.
    ///
    /// # Errors
    ///
    /// [`PacError::Malformed`], [`PacError::Text`] or [`PacError::TooManySids`].
    pub fn read(octets: &[u8]) -> Result<Self, PacError> {
        let mut ndr = unwrap(octets)?;
        let top = ndr.pointer()?;
        if top.is_null() {
            return Err(ndr.malformed());
        }
        // The fields in their order; times, counters and the session key of NTLM are passed over.
        ndr.take(6 * 8)?;
        let account = ndr.string_pointer()?;
        let mut strings = [account; 5];
        for string in &mut strings {
            *string = ndr.string_pointer()?;
        }
        ndr.take(2 + 2)?;
        let (user_id, primary_group_id) = (ndr.u32()?, ndr.u32()?);
        let (group_count, groups) = (ndr.u32()?, ndr.pointer()?);
        let user_flags = ndr.u32()?;
        ndr.take(16)?;
        let (server, domain) = (ndr.string_pointer()?, ndr.string_pointer()?);
        let domain_sid = ndr.pointer()?;
        ndr.take(2 * 4 + 2 * 4 + 2 * 8 + 2 * 4)?;
        let (extra_count, extra) = (ndr.u32()?, ndr.pointer()?);
        let resource_domain = ndr.pointer()?;
        let (resource_count, resource_groups) = (ndr.u32()?, ndr.pointer()?);

        // What they point to, in the same order.
        let account = ndr.string(account)?;
        for string in strings {
            ndr.string(string)?;
        }
        let groups = read_groups(&mut ndr, group_count, groups.is_null())?;
        ndr.string(server)?;
        let domain = ndr.string(domain)?;
        let domain_sid = if domain_sid.is_null() { None } else { Some(ndr.sid()?) };
        let extra = read_sids(&mut ndr, extra_count, extra.is_null())?;
        let resource_domain = if resource_domain.is_null() { None } else { Some(ndr.sid()?) };
        let resource_groups = read_groups(&mut ndr, resource_count, resource_groups.is_null())?;
        Ok(Self {
            account: ndr.text(account)?,
            domain: ndr.text(domain)?,
            user_id,
            primary_group_id,
            groups,
            user_flags,
            domain_sid,
            extra,
            resource_domain,
            resource_groups,
        })
    }

    /// The contents of a buffer that says this.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut ndr = Writer::default();
        ndr.pointer(true);
        ndr.raw(&[0; 6 * 8]);
        ndr.string_pointer(&self.account);
        for _ in 0..5 {
            ndr.string_pointer("");
        }
        ndr.raw(&[0; 4]);
        ndr.u32(self.user_id);
        ndr.u32(self.primary_group_id);
        ndr.count(self.groups.len());
        ndr.pointer(!self.groups.is_empty());
        ndr.u32(self.user_flags);
        ndr.raw(&[0; 16]);
        ndr.string_pointer("");
        ndr.string_pointer(&self.domain);
        ndr.pointer(self.domain_sid.is_some());
        ndr.raw(&[0; 2 * 4 + 2 * 4 + 2 * 8 + 2 * 4]);
        ndr.count(self.extra.len());
        ndr.pointer(!self.extra.is_empty());
        ndr.pointer(self.resource_domain.is_some());
        ndr.count(self.resource_groups.len());
        ndr.pointer(!self.resource_groups.is_empty());

        ndr.string(&self.account);
        for _ in 0..5 {
            ndr.string("");
        }
        write_groups(&mut ndr, &self.groups);
        ndr.string("");
        ndr.string(&self.domain);
        self.domain_sid.iter().for_each(|sid| ndr.sid(sid));
        write_sids(&mut ndr, &self.extra);
        self.resource_domain.iter().for_each(|sid| ndr.sid(sid));
        write_groups(&mut ndr, &self.resource_groups);
        wrap(ndr)
    }

    /// What of it counts.
    ///
    /// # Errors
    ///
    /// [`PacError::NoUserSid`] if nothing says who the user is, [`PacError::Malformed`] for a SID that would be
    /// too long.
    pub fn evaluate(&self) -> Result<LogonInfo, PacError> {
        let announced = |flag: u32| self.user_flags & flag != 0;
        let domain = self.domain_sid.as_ref().ok_or(PacError::NoUserSid)?;
        let mut extra = if announced(user_flag::EXTRA_SIDS) { &self.extra[..] } else { &[] };
        let user = match self.user_id {
            0 => {
                let ((user, _), rest) = extra.split_first().ok_or(PacError::NoUserSid)?;
                extra = rest;
                *user
            }
            rid => within(domain, rid)?,
        };
        let resource_groups = match &self.resource_domain {
            Some(domain) if announced(user_flag::RESOURCE_GROUPS) => {
                in_domain(domain, &self.resource_groups)?
            }
            _ => Vec::new(),
        };
        Ok(LogonInfo {
            account: self.account.clone(),
            domain: self.domain.clone(),
            user,
            primary_group: within(domain, self.primary_group_id)?,
            groups: in_domain(domain, &self.groups)?,
            extra: extra.iter().filter(|(_, attributes)| counts(*attributes)).map(|(sid, _)| *sid).collect(),
            resource_groups,
        })
    }
}

const fn counts(attributes: u32) -> bool {
    attributes & group_attribute::ENABLED != 0 && attributes & group_attribute::USE_FOR_DENY_ONLY == 0
}

fn within(domain: &Sid, rid: u32) -> Result<Sid, PacError> {
    domain.with_rid(rid).map_err(|_| PacError::Malformed { kind: buffer::LOGON_INFO })
}

fn in_domain(domain: &Sid, groups: &[(u32, u32)]) -> Result<Vec<Sid>, PacError> {
    let mut sids = Vec::with_capacity(groups.len());
    for (rid, _) in groups.iter().filter(|(_, attributes)| counts(*attributes)) {
        sids.push(within(domain, *rid)?);
    }
    Ok(sids)
}

/// The octets behind the header of a serialized type, which must be version 1 and little-endian (MS-RPCE section
/// 2.2.6).
fn unwrap(octets: &[u8]) -> Result<Reader<'_>, PacError> {
    let mut header = Reader::new(octets, buffer::LOGON_INFO);
    let form = header.take(4)?;
    let _filler = header.u32()?;
    let length = usize::try_from(header.u32()?).map_err(|_| header.malformed())?;
    let _filler = header.u32()?;
    if form != [1, 0x10, 8, 0] {
        return Err(header.malformed());
    }
    Ok(Reader::new(header.take(length)?, buffer::LOGON_INFO))
}

fn wrap(ndr: Writer) -> Vec<u8> {
    let contents = ndr.done();
    let length = u32::try_from(contents.len()).unwrap_or(u32::MAX);
    let header = [1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc];
    [&header[..], &length.to_le_bytes(), &[0; 4], &contents].concat()
}

/// How many elements an array has, which is there unless its pointer is null.
fn elements(ndr: &mut Reader<'_>, count: u32, null: bool, size: usize) -> Result<usize, PacError> {
    if null {
        return if count == 0 { Ok(0) } else { Err(ndr.malformed()) };
    }
    let count = ndr.array(count, size)?;
    if count > MAX_SIDS { Err(PacError::TooManySids) } else { Ok(count) }
}

fn read_groups(ndr: &mut Reader<'_>, count: u32, null: bool) -> Result<Vec<(u32, u32)>, PacError> {
    let count = elements(ndr, count, null, GROUP)?;
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        groups.push((ndr.u32()?, ndr.u32()?));
    }
    Ok(groups)
}

fn write_groups(ndr: &mut Writer, groups: &[(u32, u32)]) {
    if !groups.is_empty() {
        ndr.count(groups.len());
    }
    for (rid, attributes) in groups {
        ndr.u32(*rid);
        ndr.u32(*attributes);
    }
}

fn read_sids(ndr: &mut Reader<'_>, count: u32, null: bool) -> Result<Vec<(Sid, u32)>, PacError> {
    let count = elements(ndr, count, null, SID_AND_ATTRIBUTES)?;
    // Pointers and attributes first, then what the pointers point to. A SID that is not there grants nothing.
    let mut there = Vec::with_capacity(count);
    for _ in 0..count {
        let (pointer, attributes) = (ndr.pointer()?, ndr.u32()?);
        if !pointer.is_null() {
            there.push(attributes);
        }
    }
    let mut sids = Vec::with_capacity(there.len());
    for attributes in there {
        sids.push((ndr.sid()?, attributes));
    }
    Ok(sids)
}

fn write_sids(ndr: &mut Writer, sids: &[(Sid, u32)]) {
    if !sids.is_empty() {
        ndr.count(sids.len());
    }
    for (_, attributes) in sids {
        ndr.pointer(true);
        ndr.u32(*attributes);
    }
    for (sid, _) in sids {
        ndr.sid(sid);
    }
}
