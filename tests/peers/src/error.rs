//! Why a counterpart could not be started or asked.

use std::io;
use std::path::{Path, PathBuf};

/// What stands between a test and its counterpart; what the counterpart itself decides is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program could not be run as a client of the test realm.
    #[error(transparent)]
    Client(#[from] testkdc::Error),
    /// The compiler refused a tool's source.
    #[error("{program} cannot be compiled; install gcc and libkrb5-dev:\n{said}")]
    Compile {
        /// The tool.
        program: &'static str,
        /// What the compiler said.
        said: String,
    },
    /// A counterpart ended, or closed its output, in the middle of a conversation.
    #[error("{program} ended:\n{said}")]
    Ended {
        /// The counterpart.
        program: String,
        /// What it wrote to standard error.
        said: String,
    },
    /// Something could not be read, written or started.
    #[error("{what}")]
    Io {
        /// A file or a program.
        what: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program of the system is missing.
    #[error("{program} not found: install {package}")]
    Missing {
        /// The program.
        program: &'static str,
        /// The package of Debian that has it.
        package: &'static str,
    },
    /// An initiator has no token.
    #[error("no token: {said}")]
    NoToken {
        /// What its library said.
        said: String,
    },
    /// A counterpart answered what its protocol does not know.
    #[error("{program} answered out of turn: {said}")]
    Protocol {
        /// The counterpart.
        program: &'static str,
        /// The start of what it answered.
        said: String,
    },
    /// A script in a page failed.
    #[error("the script failed: {said}")]
    Script {
        /// The exception.
        said: String,
    },
    /// The compiler of TypeScript refused the client for pages, or its tests.
    #[error("the client for pages cannot be compiled:\n{said}")]
    TypeScript {
        /// What the compiler said.
        said: String,
    },
    /// Packages of Python or Node could not be fetched.
    #[error("{said}")]
    Unfetched {
        /// What was tried, and what to do.
        said: String,
    },
    /// A browser refused a command.
    #[error("the browser: {said}")]
    WebDriver {
        /// Its error and message.
        said: String,
    },
}

impl Error {
    /// Whether the machine lacks what somebody could install.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Unfetched { .. })
    }

    /// Names the file or program that an I/O error is about.
    pub(crate) fn io(what: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let what = what.as_ref().to_owned();
        |source| Self::Io { what, source }
    }
}
