//! A configuration that was understood: services, where they listen, realms, keystores; plain data, every default filled in.

pub mod cross_site;
pub mod kind;
pub mod listener;
pub mod module;
pub mod options;
pub mod realm;
pub mod security;
pub mod service;
pub mod uri;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use listener::Listener;
use realm::Realm;
use security::Store;
use service::Service;

use super::{
    report::{Problem, Report},
    spanned::Spanned,
};

/// All that a file says.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which generation of the vocabulary it is written in.
    pub era: Era,
    /// The services, in the order of the file.
    pub services: Vec<Service>,
    /// Where they listen.
    pub listeners: Vec<Listener>,
    /// The realms.
    pub realms: Vec<Realm>,
    /// Keys and certificates that the gateway shows.
    pub keystore: Option<Store>,
    /// Authorities whose certificates are believed.
    pub truststore: Option<Store>,
    /// The folder of the file, from which relative paths count.
    pub folder: PathBuf,
    /// What the file is called, for messages.
    pub file: PathBuf,
    /// What was defined at the launch, for the files that it names.
    pub defined: BTreeMap<String, String>,
    /// What was read from it: values that fail later are shown where they stand.
    pub octets: Vec<u8>,
}

/// Which generation of the vocabulary a file is written in: what a realm without a constraint means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Era {
    /// Before 2016/06: the service is open.
    Open,
    /// Since 2016/06: whoever can log in may use the service.
    AnyUser,
}

impl Config {
    /// The same as [`Self::told`] for a terminal, each with its line of the file.
    #[must_use]
    pub fn shown(&self, problems: &[Problem]) -> String {
        Report::new(&self.file.to_string_lossy(), &self.octets, problems).shown(true)
    }

    /// What is wrong with values that failed only when they were put to use; one line each.
    #[must_use]
    pub fn told(&self, problems: &[Problem]) -> String {
        Report::new(&self.file.to_string_lossy(), &self.octets, problems).lines()
    }
}

/// The folder of the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folder<'a>(pub(super) &'a Path);

impl Folder<'_> {
    /// A path of the file, from where it counts.
    pub(super) fn path(&self, text: Spanned<String>) -> Spanned<PathBuf> {
        text.map(|text| self.0.join(text))
    }
}
