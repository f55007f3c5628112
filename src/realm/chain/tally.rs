//! What the answers of login modules come to: the table of JAAS.

/// What a module's judgement means for the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Success {
    /// Nothing, but one must agree where none has to.
    Optional,
    /// It must agree; the others are asked all the same.
    Required,
    /// It must agree, or nobody else is asked.
    Requisite,
    /// If it agrees, nobody else is asked.
    Sufficient,
}

impl Success {
    /// Whether the module must agree.
    #[must_use]
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::Required | Self::Requisite)
    }

    /// As the configuration has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
            Self::Requisite => "requisite",
            Self::Sufficient => "sufficient",
        }
    }
}

/// What a module said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Said {
    /// No, or nothing that can be used.
    Failure,
    /// That it is not for it to say.
    Ignored,
    /// Yes.
    Success,
}

impl Said {
    /// One word for the log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Ignored => "ignored",
            Self::Success => "success",
        }
    }
}

/// The answers so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    has_agreed: bool,
    needed_failed: bool,
}

impl Tally {
    /// Notes an answer. False if nobody else is to be asked.
    #[must_use]
    pub const fn note(&mut self, success: Success, said: Said) -> bool {
        match said {
            Said::Success => {
                self.has_agreed = true;
                !matches!(success, Success::Sufficient)
            }
            Said::Ignored => true,
            Said::Failure => {
                self.needed_failed |= success.is_needed();
                !matches!(success, Success::Requisite)
            }
        }
    }

    /// Whether the user is let in: somebody agreed, and nobody failed who had to agree.
    #[must_use]
    pub const fn agrees(self) -> bool {
        self.has_agreed && !self.needed_failed
    }
}
