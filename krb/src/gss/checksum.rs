//! The "checksum" 0x8003 of an authenticator: no checksum, but what the initiator wants and the channel it is on
//! (RFC 4121 section 4.1.1).

use std::fmt;

use super::GssError;

/// The checksum type under which it stands in the authenticator.
pub const CHECKSUM_TYPE: i32 = 0x8003;

/// Octets of the channel bindings, which are an MD5.
const BINDINGS: usize = 16;
/// The only value of the delegation option.
const FOR_CREDENTIALS: u16 = 1;

/// What the initiator asks of the context: the flags of RFC 4121 section 4.1.1.1 and RFC 4757 section 7.1.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct GssFlags(pub u32);

impl GssFlags {
    /// A KRB-CRED is enclosed.
    pub const DELEG: Self = Self(0x1);
    /// The acceptor must prove itself with an AP-REP.
    pub const MUTUAL: Self = Self(0x2);
    /// Messages that come twice must be found.
    pub const REPLAY: Self = Self(0x4);
    /// Messages out of order must be found.
    pub const SEQUENCE: Self = Self(0x8);
    /// Messages can be sealed.
    pub const CONF: Self = Self(0x10);
    /// Messages can be signed.
    pub const INTEG: Self = Self(0x20);
    /// The three messages of DCE.
    pub const DCE: Self = Self(0x1000);
    /// The acceptor may identify the initiator, but not act for him.
    pub const IDENTIFY: Self = Self(0x2000);
    /// The initiator understands errors beyond those of the standard.
    pub const EXTENDED_ERROR: Self = Self(0x4000);

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The flags of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These flags but those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// The fields of the checksum.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct GssChecksum<'a> {
    /// The hash of the channel bindings; zeros if the initiator knows none.
    pub bindings: [u8; BINDINGS],
    /// What the initiator asks for.
    pub flags: GssFlags,
    /// A KRB-CRED for the acceptor to act with. It is there if and only if [`GssFlags::DELEG`] is set.
    pub delegated: Option<&'a [u8]>,
    /// What follows, unread (RFC 6542 section 2).
    pub extensions: &'a [u8],
}

impl<'a> GssChecksum<'a> {
    /// Reads the octets of the checksum. Its numbers are little-endian.
    ///
    /// # Errors
    ///
    /// [`GssError::CutShort`], [`GssError::BindingsLength`] or [`GssError::DelegationOption`].
    pub fn read(octets: &'a [u8]) -> Result<Self, GssError> {
        let (length, rest) = octets.split_first_chunk().ok_or(GssError::CutShort)?;
        let (bindings, rest) = rest.split_first_chunk::<BINDINGS>().ok_or(GssError::CutShort)?;
        let (flags, mut rest) = rest.split_first_chunk().ok_or(GssError::CutShort)?;
        let length = u32::from_le_bytes(*length);
        if usize::try_from(length) != Ok(BINDINGS) {
            return Err(GssError::BindingsLength { found: length });
        }
        let flags = GssFlags(u32::from_le_bytes(*flags));
        let mut delegated = None;
        if flags.contains(GssFlags::DELEG) {
            let (option, after) = rest.split_first_chunk().ok_or(GssError::CutShort)?;
            let (length, after) = after.split_first_chunk().ok_or(GssError::CutShort)?;
            let option = u16::from_le_bytes(*option);
            if option != FOR_CREDENTIALS {
                return Err(GssError::DelegationOption { found: option });
            }
            let length = usize::from(u16::from_le_bytes(*length));
            let (message, after) = after.split_at_checked(length).ok_or(GssError::CutShort)?;
            delegated = Some(message);
            rest = after;
        }
        Ok(Self { bindings: *bindings, flags, delegated, extensions: rest })
    }

    /// The octets of the checksum.
    ///
    /// [`GssFlags::DELEG`] is written as `delegated` has it. A KRB-CRED of more than 65,535 octets does not fit
    /// the format: neither it nor the flag is written.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let delegated =
            self.delegated.and_then(|message| Some((u16::try_from(message.len()).ok()?, message)));
        let flags = match delegated {
            Some(_) => self.flags.with(GssFlags::DELEG),
            None => self.flags.without(GssFlags::DELEG),
        };
        let mut octets = Vec::with_capacity(64);
        octets.extend_from_slice(&[16, 0, 0, 0]);
        octets.extend_from_slice(&self.bindings);
        octets.extend_from_slice(&flags.0.to_le_bytes());
        if let Some((length, message)) = delegated {
            octets.extend_from_slice(&FOR_CREDENTIALS.to_le_bytes());
            octets.extend_from_slice(&length.to_le_bytes());
            octets.extend_from_slice(message);
        }
        octets.extend_from_slice(self.extensions);
        octets
    }
}

/// A KRB-CRED may be sealed with no key at all (RFC 6448): its length is shown and nothing else.
impl fmt::Debug for GssChecksum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GssChecksum")
            .field("bindings", &self.bindings)
            .field("flags", &self.flags)
            .field("delegated", &self.delegated.map(<[u8]>::len))
            .field("extensions", &self.extensions.len())
            .finish()
    }
}
