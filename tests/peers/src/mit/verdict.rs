//! What MIT's library makes of a token.

/// What came of one step of a context.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The context is established.
    Accepted(Established),
    /// Another token of the other side is wanted.
    Continue {
        /// The token for the other side.
        token: Vec<u8>,
    },
    /// There will be no context.
    Refused(Refused),
}

/// An established context.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Established {
    /// The principal of the other side, such as `alice@TGG.TEST`.
    pub peer: String,
    /// `krb5`, or `spnego` where that is all that the library says.
    pub mech: String,
    /// What the context has (RFC 2743 section 1.2.1).
    pub flags: u32,
    /// The end of the ticket, in seconds since 1970.
    pub ends: i64,
    /// The token for the other side, empty if there is none.
    pub token: Vec<u8>,
}

/// A refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// The major status (RFC 2744 section 3.9.1).
    pub major: u32,
    /// The minor status: MIT's own number of the reason.
    pub minor: u32,
    /// What the library says of both.
    pub text: String,
    /// The error token for the other side, empty if there is none.
    pub token: Vec<u8>,
}

impl Verdict {
    /// Whether the context is established.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }

    /// The established context, if it is one.
    #[must_use]
    pub fn accepted(self) -> Option<Established> {
        match self {
            Self::Accepted(established) => Some(established),
            Self::Continue { .. } | Self::Refused(_) => None,
        }
    }

    /// The refusal, if it is one.
    #[must_use]
    pub fn refused(self) -> Option<Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::Accepted(_) | Self::Continue { .. } => None,
        }
    }

    /// The token for the other side, empty if there is none.
    #[must_use]
    pub fn token(&self) -> &[u8] {
        match self {
            Self::Accepted(Established { token, .. })
            | Self::Continue { token }
            | Self::Refused(Refused { token, .. }) => token,
        }
    }
}
