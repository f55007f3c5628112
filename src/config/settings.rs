//! From what the file says to what the gateway is built of: the only place that knows both.

mod access;
mod front;
mod service;
mod shown;

use std::path::{Path, PathBuf};

use self::{access::Realms, service::Services};
use super::{
    model::{Config, security},
    report::Problem,
};
use crate::{
    gateway::Settings,
    tls::keystore::{Store, StoreKind},
};

/// How long open connections may go on after the signal to stop, unless a flag says otherwise.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(10);

/// What the gateway is to be built of.
///
/// # Errors
///
/// What is wrong with values that only their rooms can judge: suites of ciphers, files, names of hosts.
pub fn settings(config: &Config) -> Result<Settings, Vec<Problem>> {
    let mut problems = Vec::new();
    let realms = Realms::of(config);
    let services = Services::of(config, &realms, &mut problems);
    let (halls, allowed) = front::halls(config, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Settings {
        halls,
        allowed,
        room: usize::MAX,
        realms: realms.settings,
        services: services.settings,
        drain: DRAIN,
        files: files(config),
        shown: shown::shown(config),
    })
}

/// Warnings about realms that services have: those that cannot judge anybody, and ways in where others could read along.
#[must_use]
pub fn unguarded(config: &Config) -> Vec<Problem> {
    let mut problems = access::unjudged(config);
    problems.extend(access::readable(config));
    problems
}

/// What is read again with the configuration.
fn files(config: &Config) -> Vec<PathBuf> {
    let stores = [&config.keystore, &config.truststore].into_iter().flatten();
    let files = stores.flat_map(|store| {
        let password = store.password_file.as_ref().map(|file| file.value.clone());
        [Some(store.file.value.clone()), password].into_iter().flatten()
    });
    let tokens = config.services.iter().filter_map(|service| service.kind.identity()?.token.as_ref());
    let keys = tokens.filter_map(|token| token.keys.clone());
    [config.file.clone()].into_iter().chain(files).chain(keys).collect()
}

/// A keystore or truststore.
pub(super) fn store(store: &security::Store) -> Store {
    let kind = store.format.map(|format| match format {
        security::Format::Jks => StoreKind::Jks,
        security::Format::Pem => StoreKind::Pem,
        security::Format::Pkcs12 => StoreKind::Pkcs12,
    });
    let password = store.password_file.as_ref().map(|file| Path::new(&file.value).to_owned());
    Store { path: store.file.value.clone(), kind, password }
}
