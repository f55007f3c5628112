//! `ticketgate run`: every service of a gateway-config.xml.

use std::{collections::BTreeMap, io::IsTerminal as _, num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::Args as ClapArgs;
use tracing::warn;

use super::web::seconds;
use crate::{
    config::{self, load::LoadError},
    gateway::{Settings, Source},
};

/// How long open connections may go on after SIGTERM.
const DRAIN: Duration = Duration::from_secs(10);

/// The flags of `run`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    file: FileArgs,
    /// Reload when the file or a key store that it names has changed, not only on SIGHUP
    #[arg(long)]
    watch: bool,
    /// Seconds that open connections may go on after SIGTERM
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    drain_timeout: Duration,
    /// Threads that serve; without it one for each processor
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// Which file, and what it refers to.
#[derive(ClapArgs, Clone, Debug)]
#[group(skip)]
pub struct FileArgs {
    /// The configuration; relative paths in it count from its folder
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Value of ${NAME} in the configuration, before its own properties
    #[arg(long, value_name = "NAME=VALUE", value_parser = define)]
    pub define: Vec<(String, String)>,
}

/// Why a configuration is not served. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It cannot be loaded.
    #[error("{0}")]
    Load(#[from] LoadError),
    /// Values that only their rooms can judge are wrong.
    #[error("{lines}")]
    Values {
        /// A line for each.
        lines: String,
        /// The same for a terminal, with the lines of the file.
        shown: String,
    },
}

impl Args {
    /// How many threads serve.
    #[must_use]
    pub fn threads(&self) -> NonZeroUsize {
        let all = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(all)
    }

    /// Those of `tgg --config` and `tpg --config`: all else is as it is without a flag.
    #[must_use]
    pub fn of(config: PathBuf) -> Self {
        let file = FileArgs { config, define: Vec::new() };
        Self { file, watch: false, drain_timeout: DRAIN, threads: None }
    }
}

impl FileArgs {
    /// Names that the configuration may refer to.
    #[must_use]
    pub fn defines(&self) -> BTreeMap<String, String> {
        self.define.iter().cloned().collect()
    }

    /// Reads the configuration, with what is worth a warning in it.
    ///
    /// # Errors
    ///
    /// Any [`RunError`], with every mistake of the file.
    pub fn read(&self) -> Result<(Settings, Vec<String>), RunError> {
        let (config, mut warnings) = config::load(&self.config, &self.defines())?;
        warnings.extend(config::settings::unguarded(&config));
        let warnings = config.told(&warnings).lines().map(str::to_owned).collect();
        let settings = config::settings(&config).map_err(|problems| {
            let lines = config.told(&problems).trim_end().to_owned();
            RunError::Values { lines, shown: config.shown(&problems) }
        })?;
        Ok((settings, warnings))
    }
}

impl Source for Args {
    type Error = RunError;

    fn settings(&self) -> Result<Settings, RunError> {
        let (settings, warnings) = self.file.read()?;
        for warning in warnings {
            warn!("{warning}");
        }
        Ok(Settings { drain: self.drain_timeout, ..settings })
    }

    fn watches(&self) -> bool {
        self.watch
    }
}

impl RunError {
    /// As it is told where a person looks at it: on a terminal with the lines of the file.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            told if !std::io::stderr().is_terminal() => told.to_string(),
            Self::Load(LoadError::Wrong(wrong)) => wrong.shown(true),
            Self::Values { shown, .. } => shown.clone(),
            told => told.to_string(),
        }
    }
}

fn define(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or_else(|| "write it as NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}
