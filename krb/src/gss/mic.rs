//! Message integrity codes: what proves that a list of mechanisms was not changed on its way (RFC 4121 section
//! 4.2.6.1).
//!
//! The form of enctypes 17 to 20. Older ciphers have that of RFC 1964, which is not read here.

use super::{GssError, TokenId};
use crate::crypto::{ChecksumKey, CryptoError, Key, Usage};

const FILLER: [u8; 5] = [0xff; 5];
/// Octets in front of the checksum.
const HEADER: usize = 16;

/// Who made the code, and with which key (RFC 4121 section 4.2.2).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct MicFlags(pub u8);

impl MicFlags {
    /// The acceptor made it.
    pub const SENT_BY_ACCEPTOR: Self = Self(1);
    /// What it is over is sealed; never set for an integrity code.
    const SEALED: Self = Self(2);
    /// The key is the subkey of the acceptor's AP-REP.
    pub const ACCEPTOR_SUBKEY: Self = Self(4);

    /// The flags of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that have a meaning; a receiver ignores the others.
    const fn known(self) -> Self {
        Self(self.0 & (Self::SENT_BY_ACCEPTOR.0 | Self::SEALED.0 | Self::ACCEPTOR_SUBKEY.0))
    }
}

/// The code over `message` with the sequence number `seq`.
///
/// `key` is the acceptor's subkey if it chose one, else the initiator's, else the session key of the ticket
/// (RFC 4121 section 2). `usage` is [`Usage::GSS_ACCEPTOR_SIGN`] or [`Usage::GSS_INITIATOR_SIGN`], and `flags`
/// say the same to the receiver.
///
/// # Errors
///
/// Those of [`ChecksumKey::derive`].
pub fn make(
    key: &Key,
    usage: Usage,
    flags: MicFlags,
    seq: u64,
    message: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let checksums = ChecksumKey::derive(key, usage)?;
    let mut token = Vec::with_capacity(HEADER + key.enctype().checksum_length());
    token.extend_from_slice(&TokenId::Mic.octets());
    token.push(flags.0);
    token.extend_from_slice(&FILLER);
    token.extend_from_slice(&seq.to_be_bytes());
    // The header comes last in what is summed and first in what is sent (section 4.2.4).
    let checksum = checksums.make(&[message, &token].concat());
    token.extend_from_slice(&checksum);
    Ok(token)
}

/// Says whether `token` is the code over `message`, made by whom `flags` say, and gives its sequence number.
///
/// # Errors
///
/// [`GssError::CutShort`], [`GssError::TokenId`], [`GssError::OtherTokenId`] or [`GssError::MicFlags`] for
/// another token, [`GssError::Mic`] if it does not fit.
pub fn verify(
    key: &Key,
    usage: Usage,
    flags: MicFlags,
    message: &[u8],
    token: &[u8],
) -> Result<u64, GssError> {
    let (id, _) = super::split_id(token)?;
    if id != TokenId::Mic {
        return Err(GssError::OtherTokenId { wanted: TokenId::Mic, found: id });
    }
    let (header, checksum) = token.split_first_chunk::<HEADER>().ok_or(GssError::CutShort)?;
    let [_, _, found, filler @ .., a, b, c, d, e, f, g, h] = *header;
    let wanted = flags.known();
    if MicFlags(found).known() != wanted {
        return Err(GssError::MicFlags { wanted: wanted.0, found });
    }
    if filler != FILLER {
        return Err(GssError::Mic);
    }
    let checksums = ChecksumKey::derive(key, usage).map_err(|_| GssError::Mic)?;
    checksums.verify(&[message, header].concat(), checksum).map_err(|_| GssError::Mic)?;
    Ok(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}
