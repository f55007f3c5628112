//! Why a test realm, or a tool that should talk to it, could not be started.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What is wrong, with what to do about it at the end of its text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `TESTKDC` has a value that it cannot have.
    #[error("TESTKDC is {value:?}; use container or native")]
    Choice {
        /// What stands there.
        value: String,
    },
    /// Neither podman nor docker answers.
    #[error("no container engine answers: install podman, or set TESTKDC=native")]
    Engine,
    /// The image could not be built.
    #[error("the image could not be built:\n{said}")]
    Image {
        /// What the script `testkdc/image` said; its last line names the remedy.
        said: String,
    },
    /// A file or a process could not be made.
    #[error("{path}: {source}")]
    Io {
        /// The file or the program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `kadmin.local` refused.
    #[error("kadmin.local refused {query:?}: {said}")]
    Kadmin {
        /// The query.
        query: String,
        /// What it wrote to its standard error.
        said: String,
    },
    /// A program is not installed.
    #[error("{program} not found: install {package}")]
    Missing {
        /// The program's name.
        program: &'static str,
        /// Debian's package that has it.
        package: &'static str,
    },
    /// No port was free for UDP and TCP at once; retrying may help.
    #[error("no port of 127.0.0.1 is free for UDP and TCP")]
    Port,
    /// A server did not start, or an order to one failed.
    #[error("{what} failed; its logs say:\n{said}")]
    Server {
        /// What was asked for.
        what: String,
        /// The ends of the logs.
        said: String,
    },
    /// Whoever runs the servers did not answer in time.
    #[error("{what}: no answer within {limit:?}; its logs say:\n{said}")]
    Silent {
        /// What was asked for.
        what: String,
        /// How long was waited.
        limit: Duration,
        /// The ends of the logs.
        said: String,
    },
}

impl Error {
    /// Puts the file or program into an error of the system.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
