//! MIT's acceptor, which judges one token after another.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::Error,
    mit::{
        program::{self, GO_ON, NEW},
        verdict::Verdict,
    },
    process::Process,
};

/// Where MIT remembers what was presented before.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum ReplayCache {
    /// In this file, as MIT does unless told otherwise.
    File(PathBuf),
    /// Nowhere, so that the same token may be judged again.
    #[default]
    None,
}

/// How MIT's acceptor is started.
#[derive(Clone, Debug, Default)]
pub struct AcceptorOptions {
    /// The application data of the channel bindings that it expects; `None` is no bindings.
    pub bindings: Option<Vec<u8>>,
    /// A configuration of its own; without it there is none, and everything has MIT's defaults.
    pub krb5_conf: Option<PathBuf>,
    /// The principal whose keys are tried; `None` is any key of the keytab.
    pub name: Option<String>,
    /// Where replays are remembered.
    pub replay_cache: ReplayCache,
}

impl AcceptorOptions {
    /// Adds what they say to the tool's command.
    pub(crate) fn apply(&self, command: &mut Command, keytab: &Path) {
        command.env("KRB5_KTNAME", keytab);
        command.env(
            "KRB5RCACHENAME",
            match &self.replay_cache {
                ReplayCache::File(path) => format!("file2:{}", path.display()),
                ReplayCache::None => "none:".to_owned(),
            },
        );
        if let Some(conf) = &self.krb5_conf {
            command.env("KRB5_CONFIG", conf);
        }
        if let Some(name) = &self.name {
            command.args(["--name", name]);
        }
        program::add_bindings(command, self.bindings.as_deref());
    }
}

/// A process that judges tokens with `gss_accept_sec_context`.
#[derive(Debug)]
pub struct MitAcceptor(Process);

impl MitAcceptor {
    /// Starts it with the keys of this keytab.
    ///
    /// # Errors
    ///
    /// [`Error::Compile`] without MIT's headers. A keytab that cannot be used shows at the first token.
    pub fn start(keytab: &Path, options: &AcceptorOptions) -> Result<Self, Error> {
        let mut command = program::command()?;
        command.arg("accept");
        options.apply(&mut command, keytab);
        Ok(Self(Process::start(&mut command)?))
    }

    /// Judges the first token of a new context.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`] if it could not start with this keytab and name.
    pub fn judge(&mut self, token: &[u8]) -> Result<Verdict, Error> {
        program::ask(&mut self.0, NEW, token)
    }

    /// Judges the next token after [`Verdict::Continue`].
    ///
    /// # Errors
    ///
    /// As [`judge`](Self::judge).
    pub fn go_on(&mut self, token: &[u8]) -> Result<Verdict, Error> {
        program::ask(&mut self.0, GO_ON, token)
    }
}
