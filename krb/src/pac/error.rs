//! Why a PAC cannot be read or believed.

use super::{MAX_BUFFERS, MAX_SIDS};

/// What can be wrong with a PAC. All are final.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PacError {
    /// A buffer does not start at a multiple of eight.
    #[error("buffer {kind:#x} of the PAC is not aligned")]
    Alignment {
        /// What the buffer holds.
        kind: u32,
    },
    /// No buffer, or too many.
    #[error("the PAC has {count} buffers; accepted are 1 to {MAX_BUFFERS}")]
    BufferCount {
        /// The count found.
        count: u32,
    },
    /// The PAC is shorter than its header.
    #[error("the PAC ends within its header")]
    CutShort,
    /// What may be there once is there twice.
    #[error("buffer {kind:#x} of the PAC is there twice")]
    Duplicate {
        /// What the buffers hold.
        kind: u32,
    },
    /// A buffer does not have the form that it should.
    #[error("buffer {kind:#x} of the PAC is malformed")]
    Malformed {
        /// What the buffer holds.
        kind: u32,
    },
    /// What must be there is not.
    #[error("the PAC lacks buffer {kind:#x}")]
    Missing {
        /// What the buffer would hold.
        kind: u32,
    },
    /// The logon information does not say which SID is the user's.
    #[error("the PAC has no SID for its user")]
    NoUserSid,
    /// A buffer does not lie within the PAC and behind its header.
    #[error("buffer {kind:#x} lies outside of the PAC")]
    OutOfBounds {
        /// What the buffer holds.
        kind: u32,
    },
    /// Two buffers share octets.
    #[error("buffers of the PAC overlap")]
    Overlap,
    /// The server signature does not fit: another key made it, or the PAC was altered.
    #[error("the signature of the PAC does not fit: wrong key, or the PAC was altered")]
    Signature,
    /// The server signature is of a type that the key of the ticket does not make.
    #[error("the signature of the PAC is of type {found}, but the key makes type {expected}")]
    SignatureType {
        /// The type found.
        found: i32,
        /// What goes with the key.
        expected: i32,
    },
    /// A name is not UTF-16.
    #[error("a name in buffer {kind:#x} of the PAC is not UTF-16")]
    Text {
        /// What the buffer holds.
        kind: u32,
    },
    /// There are more SIDs than a logon can have.
    #[error("the PAC lists more than {MAX_SIDS} SIDs")]
    TooManySids,
    /// A version that is not known.
    #[error("the PAC has version {found}, not 0")]
    Version {
        /// The version found.
        found: u32,
    },
}
