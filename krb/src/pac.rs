//! The PAC: what Active Directory, and others after it, say in a ticket of who its owner is (MS-PAC section 2.3).
//!
//! Reading proves nothing. [`Pac::verify_server`] with the key that opened the ticket says that the KDC, or another
//! holder of that key, wrote it; only then may anything else in it be believed.

mod build;
mod client_info;
mod error;
mod logon_info;
mod ndr;
mod sid;
mod upn_dns_info;

use std::fmt;

use crate::crypto::ChecksumKey;

pub use build::PacBuilder;
pub use client_info::{ClientInfo, filetime};
pub use error::PacError;
pub use logon_info::{LogonInfo, MAX_SIDS, ValidationInfo, group_attribute, user_flag};
pub use sid::{MAX_SUBAUTHORITIES, Sid, SidError};
pub use upn_dns_info::UpnDnsInfo;

/// How many buffers a PAC may have. Windows makes about ten; MIT krb5 draws the line at 4,096.
pub const MAX_BUFFERS: u32 = 64;

/// Octets of a count and a version.
const PREFIX: usize = 8;
/// Octets of type, size and offset of a buffer.
const INFO: usize = 16;
/// What offsets are multiples of.
const ALIGNMENT: u64 = 8;
/// Octets of the checksum type, in front of a signature.
const SIGNATURE_TYPE: usize = 4;

/// What a buffer holds (MS-PAC section 2.4).
pub mod buffer {
    /// Logon information, see [`LogonInfo`](super::LogonInfo).
    pub const LOGON_INFO: u32 = 1;
    /// Secrets of the user, sealed for him.
    pub const CREDENTIALS: u32 = 2;
    /// The checksum under the service's key.
    pub const SERVER_CHECKSUM: u32 = 6;
    /// The checksum under the KDC's key, over the server checksum.
    pub const KDC_CHECKSUM: u32 = 7;
    /// The client's name and time, see [`ClientInfo`](super::ClientInfo).
    pub const CLIENT_INFO: u32 = 0x0a;
    /// Services that acted for the user.
    pub const DELEGATION_INFO: u32 = 0x0b;
    /// Other names of the user, see [`UpnDnsInfo`](super::UpnDnsInfo).
    pub const UPN_DNS_INFO: u32 = 0x0c;
    /// Claims about the user.
    pub const CLIENT_CLAIMS: u32 = 0x0d;
    /// Logon information of the user's computer.
    pub const DEVICE_INFO: u32 = 0x0e;
    /// Claims about the user's computer.
    pub const DEVICE_CLAIMS: u32 = 0x0f;
    /// The KDC's checksum over the whole ticket.
    pub const TICKET_CHECKSUM: u32 = 0x10;
    /// Whether the client asked for a PAC.
    pub const ATTRIBUTES: u32 = 0x11;
    /// The SID of who asked for a ticket-granting ticket.
    pub const REQUESTOR: u32 = 0x12;
    /// The KDC's checksum over the whole PAC.
    pub const FULL_CHECKSUM: u32 = 0x13;
}

/// What may be there once only.
const SINGLE: [u32; 4] =
    [buffer::LOGON_INFO, buffer::SERVER_CHECKSUM, buffer::KDC_CHECKSUM, buffer::CLIENT_INFO];

/// A PAC, borrowed, whose buffers are known to lie within it.
#[derive(Clone)]
pub struct Pac<'a> {
    octets: &'a [u8],
    buffers: Vec<Buffer<'a>>,
}

#[derive(Clone, Copy)]
struct Buffer<'a> {
    kind: u32,
    offset: usize,
    contents: &'a [u8],
}

impl<'a> Pac<'a> {
    /// Finds the buffers.
    ///
    /// # Errors
    ///
    /// [`PacError::CutShort`], [`PacError::Version`], [`PacError::BufferCount`] for what is no PAC;
    /// [`PacError::Alignment`], [`PacError::OutOfBounds`], [`PacError::Overlap`], [`PacError::Duplicate`] for
    /// buffers that cannot be. All are final.
    pub fn read(octets: &'a [u8]) -> Result<Self, PacError> {
        let (count, rest) = octets.split_first_chunk::<4>().ok_or(PacError::CutShort)?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(PacError::CutShort)?;
        let (count, version) = (u32::from_le_bytes(*count), u32::from_le_bytes(*version));
        if version != 0 {
            return Err(PacError::Version { found: version });
        }
        if count == 0 || count > MAX_BUFFERS {
            return Err(PacError::BufferCount { count });
        }
        // At most 64, which no arithmetic below can carry over an edge.
        let count = usize::try_from(count).map_err(|_| PacError::CutShort)?;
        let (infos, _) = rest.split_at_checked(count * INFO).ok_or(PacError::CutShort)?;
        let header = PREFIX + count * INFO;
        let mut buffers = Vec::with_capacity(count);
        for info in infos.as_chunks::<INFO>().0 {
            buffers.push(Buffer::find(octets, header, info)?);
        }
        check_overlap(&buffers)?;
        for kind in SINGLE {
            if buffers.iter().filter(|buffer| buffer.kind == kind).count() > 1 {
                return Err(PacError::Duplicate { kind });
            }
        }
        Ok(Self { octets, buffers })
    }

    /// All buffers in their order: what each holds, see [`buffer`], and the octets.
    pub fn buffers(&self) -> impl Iterator<Item = (u32, &'a [u8])> {
        self.buffers.iter().map(|buffer| (buffer.kind, buffer.contents))
    }

    /// The first buffer that holds `kind`.
    #[must_use]
    pub fn buffer(&self, kind: u32) -> Option<&'a [u8]> {
        self.find(kind).map(|buffer| buffer.contents)
    }

    fn find(&self, kind: u32) -> Option<&Buffer<'a>> {
        self.buffers.iter().find(|buffer| buffer.kind == kind)
    }

    /// Says that the holder of the key that opened the ticket wrote this PAC (MS-PAC section 2.8.1).
    ///
    /// `keys` are derived from that key for [`Usage::PAC_SIGNATURE`](crate::crypto::Usage::PAC_SIGNATURE). The
    /// checksums of the KDC cannot be verified without its key, and whoever has the service's can forge tickets
    /// to it in any case.
    ///
    /// # Errors
    ///
    /// [`PacError::Missing`] without either signature, [`PacError::SignatureType`] for one that this key does
    /// not make, [`PacError::Malformed`] for one that is too short, [`PacError::Signature`] if it does not fit.
    pub fn verify_server(&self, keys: &ChecksumKey) -> Result<(), PacError> {
        let kind = buffer::SERVER_CHECKSUM;
        let signature = self.find(kind).ok_or(PacError::Missing { kind })?;
        let (found, octets) = signature.signature()?;
        let expected = keys.enctype().checksum_number();
        if found != expected {
            return Err(PacError::SignatureType { found, expected });
        }
        // The identifier of a read-only domain controller may follow.
        let octets = octets.get(..keys.enctype().checksum_length()).ok_or(PacError::Malformed { kind })?;
        keys.verify(&self.without_signatures()?, octets).map_err(|_| PacError::Signature)
    }

    /// What both signatures are over: all octets, with those of the signatures themselves zero.
    fn without_signatures(&self) -> Result<Vec<u8>, PacError> {
        let mut octets = self.octets.to_vec();
        for kind in [buffer::SERVER_CHECKSUM, buffer::KDC_CHECKSUM] {
            let found = self.find(kind).ok_or(PacError::Missing { kind })?;
            let (checksum_type, signature) = found.signature()?;
            let length = signature_length(checksum_type).unwrap_or(signature.len()).min(signature.len());
            let start = found.offset.saturating_add(SIGNATURE_TYPE);
            if let Some(place) = octets.get_mut(start..start.saturating_add(length)) {
                place.fill(0);
            }
        }
        Ok(octets)
    }

    /// Whom and which logon the PAC is about.
    ///
    /// # Errors
    ///
    /// [`PacError::Missing`], [`PacError::Malformed`] or [`PacError::Text`].
    pub fn client_info(&self) -> Result<ClientInfo, PacError> {
        let kind = buffer::CLIENT_INFO;
        ClientInfo::read(self.buffer(kind).ok_or(PacError::Missing { kind })?)
    }

    /// The user's SIDs. Not every KDC knows them: MIT krb5's writes none.
    ///
    /// # Errors
    ///
    /// [`PacError::Malformed`], [`PacError::Text`], [`PacError::TooManySids`] or [`PacError::NoUserSid`].
    pub fn logon_info(&self) -> Result<Option<LogonInfo>, PacError> {
        self.buffer(buffer::LOGON_INFO).map(|octets| ValidationInfo::read(octets)?.evaluate()).transpose()
    }

    /// The user's other names.
    ///
    /// # Errors
    ///
    /// [`PacError::Malformed`] or [`PacError::Text`].
    pub fn upn_dns_info(&self) -> Result<Option<UpnDnsInfo>, PacError> {
        self.buffer(buffer::UPN_DNS_INFO).map(UpnDnsInfo::read).transpose()
    }
}

impl<'a> Buffer<'a> {
    /// Finds what `info` describes, behind the first `header` octets.
    fn find(octets: &'a [u8], header: usize, info: &[u8; INFO]) -> Result<Self, PacError> {
        let [a, b, c, d, e, f, g, h, offset @ ..] = *info;
        let kind = u32::from_le_bytes([a, b, c, d]);
        let size = u32::from_le_bytes([e, f, g, h]);
        let offset = u64::from_le_bytes(offset);
        if !offset.is_multiple_of(ALIGNMENT) {
            return Err(PacError::Alignment { kind });
        }
        let out = PacError::OutOfBounds { kind };
        let offset = usize::try_from(offset).map_err(|_| out)?;
        let size = usize::try_from(size).map_err(|_| out)?;
        if offset < header {
            return Err(out);
        }
        let contents = octets.get(offset..).and_then(|rest| rest.get(..size)).ok_or(out)?;
        Ok(Self { kind, offset, contents })
    }

    /// The type and the octets of a signature.
    fn signature(&self) -> Result<(i32, &'a [u8]), PacError> {
        let (number, octets) =
            self.contents.split_first_chunk().ok_or(PacError::Malformed { kind: self.kind })?;
        Ok((i32::from_le_bytes(*number), octets))
    }
}

/// Two buffers must not share octets: what one says would depend on what the other is.
fn check_overlap(buffers: &[Buffer<'_>]) -> Result<(), PacError> {
    let mut places: Vec<_> = buffers.iter().map(|buffer| (buffer.offset, buffer.contents.len())).collect();
    places.sort_unstable();
    let overlap = places.windows(2).any(|pair| match pair {
        [(offset, size), (next, _)] => offset.saturating_add(*size) > *next,
        _ => false,
    });
    if overlap { Err(PacError::Overlap) } else { Ok(()) }
}

/// Octets of a signature, without the identifier that may follow it (MS-PAC section 2.8).
const fn signature_length(checksum_type: i32) -> Option<usize> {
    match checksum_type {
        15 | 16 => Some(12),
        12 => Some(20),
        // -138 is HMAC-MD5 (RFC 4757).
        19 | -138 => Some(16),
        20 => Some(24),
        _ => None,
    }
}

/// The types and sizes of the buffers, of which some hold secrets.
impl fmt::Debug for Pac<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.buffers().map(|(kind, contents)| (kind, contents.len()))).finish()
    }
}

#[cfg(test)]
mod tests;
