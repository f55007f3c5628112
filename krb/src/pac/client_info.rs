//! Whom and which logon a PAC is about: what ties it to the ticket around it (MS-PAC section 2.7).

use super::buffer;
use super::error::PacError;
use super::ndr::Reader;
use crate::name::PrincipalName;

/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;
/// What a FILETIME counts in a second.
const TICKS: i64 = 10_000_000;

/// The client's name and the time of its logon.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientInfo {
    /// The time of the logon as a FILETIME: units of 100 ns since 1601.
    pub filetime: u64,
    /// The name, without realm and without escapes.
    pub name: String,
}

/// The FILETIME of a moment in seconds since 1970; `None` before 1601 and some ten thousand years from now.
#[must_use]
pub fn filetime(seconds: i64) -> Option<u64> {
    u64::try_from(seconds.checked_add(EPOCH)?.checked_mul(TICKS)?).ok()
}

impl ClientInfo {
    pub(super) fn read(octets: &[u8]) -> Result<Self, PacError> {
        let mut fields = Reader::new(octets, buffer::CLIENT_INFO);
        let filetime = fields.u64()?;
        let length = fields.u16()?;
        let name = fields.take(usize::from(length))?;
        Ok(Self { filetime, name: fields.text(name)? })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let name: Vec<u8> = self.name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        [&self.filetime.to_le_bytes()[..], &length.to_le_bytes(), &name].concat()
    }

    /// The time of the logon in seconds since 1970; `None` if it is no 63-bit number.
    #[must_use]
    pub fn auth_time(&self) -> Option<i64> {
        Some(i64::try_from(self.filetime).ok()?.div_euclid(TICKS) - EPOCH)
    }

    /// Whether the PAC is about the client of the ticket it stands in.
    ///
    /// `cname` and `authtime`, in seconds since 1970, are the ticket's. The name is compared as components with
    /// `/` between them, without escapes: an enterprise name has its `@` as it is. The time must be the same to
    /// the unit.
    #[must_use]
    pub fn matches(&self, cname: &PrincipalName, authtime: i64) -> bool {
        let components: Vec<&[u8]> = cname.name_string.iter().map(|part| part.as_octets()).collect();
        Some(self.filetime) == filetime(authtime) && self.name.as_bytes() == components.join(&b'/')
    }
}
