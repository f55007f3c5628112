//! Other names of a user, and the SID that stays when they change (MS-PAC section 2.10).

use super::error::PacError;
use super::ndr::Reader;
use super::{Sid, buffer};

/// The account has no user principal name: this one was made of its other names.
const CONSTRUCTED: u32 = 1;
/// The account name and the SID are there too.
const EXTENDED: u32 = 2;

/// The user's names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UpnDnsInfo {
    /// The user principal name, such as `alice@corp.example.com`.
    pub upn: String,
    /// The DNS name of the domain.
    pub dns_domain: String,
    /// Whether `upn` was made of other names, and is nothing that an administrator assigned.
    pub upn_constructed: bool,
    /// The account name, such as `alice`.
    pub sam_name: Option<String>,
    /// The user's SID.
    pub sid: Option<Sid>,
}

impl UpnDnsInfo {
    pub(super) fn read(octets: &[u8]) -> Result<Self, PacError> {
        let kind = buffer::UPN_DNS_INFO;
        let mut fields = Reader::new(octets, kind);
        let (upn, dns_domain) = (place(&mut fields, octets)?, place(&mut fields, octets)?);
        let flags = fields.u32()?;
        let (mut sam_name, mut sid) = (None, None);
        if flags & EXTENDED != 0 {
            let name = place(&mut fields, octets)?;
            sam_name = Some(fields.text(name)?);
            let packed = place(&mut fields, octets)?;
            sid = Some(Sid::read(packed).map_err(|_| fields.malformed())?);
        }
        Ok(Self {
            upn: fields.text(upn)?,
            dns_domain: fields.text(dns_domain)?,
            upn_constructed: flags & CONSTRUCTED != 0,
            sam_name,
            sid,
        })
    }

    /// The extended form if there is a SID, with an empty account name if there is none.
    pub(super) fn encode(&self) -> Vec<u8> {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let mut flags = if self.upn_constructed { CONSTRUCTED } else { 0 };
        let mut values = vec![wide(&self.upn), wide(&self.dns_domain)];
        if let Some(sid) = &self.sid {
            flags |= EXTENDED;
            values.extend([wide(self.sam_name.as_deref().unwrap_or_default()), sid.encode()]);
        }
        let mut header = Vec::new();
        let mut contents: Vec<u8> = Vec::new();
        let start = values.len() * 4 + 4;
        for (index, value) in values.iter().enumerate() {
            if index == 2 {
                header.extend_from_slice(&flags.to_le_bytes());
            }
            for number in [value.len(), start + contents.len()] {
                header.extend_from_slice(&u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes());
            }
            contents.extend_from_slice(value);
        }
        if values.len() == 2 {
            header.extend_from_slice(&flags.to_le_bytes());
        }
        [header, contents].concat()
    }
}

/// What the next length and offset, from the start of the buffer, describe.
fn place<'a>(fields: &mut Reader<'a>, octets: &'a [u8]) -> Result<&'a [u8], PacError> {
    let (length, offset) = (usize::from(fields.u16()?), usize::from(fields.u16()?));
    octets.get(offset..).and_then(|rest| rest.get(..length)).ok_or(fields.malformed())
}
