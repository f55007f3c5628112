//! Files that a configuration names: those that are not there yet, and keystores that cannot be used.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    model::{Config, kind::Kind, module::Judge, security::Store},
    report::Problem,
    settings::store,
    spanned::Spanned,
    users,
};
use crate::tls::keystore::{KeystoreError, read_keystore, read_truststore};

/// A warning for each file or folder that is needed at the start and is not there.
///
/// Keystores are not among them: without them a configuration does not load.
#[must_use]
pub fn missing(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut need = |path: &Spanned<PathBuf>, what: &str| {
        if !path.exists() {
            let says = format!("{what} {} is not there", path.display());
            let help = if path.starts_with(&config.folder) {
                "a relative path counts from the folder of the configuration"
            } else {
                "a path that begins with a slash counts from the root of the file system"
            };
            problems.push(Problem::warning(path.span.clone(), says).help(help));
        }
    };
    for service in &config.services {
        if let Kind::Directory(directory) = &service.kind {
            need(&directory.root, "the directory");
            directory.error_pages.iter().for_each(|pages| need(pages, "the directory"));
        }
    }
    for module in config.realms.iter().flat_map(|realm| &realm.authentication.modules) {
        match &module.judge {
            Judge::Exec(exec) => need(&exec.command, "the program"),
            Judge::File(file) => need(&file.file, "the file"),
            Judge::Gss(gss) => gss.binding_certificates.iter().for_each(|file| need(file, "the certificate")),
            Judge::Kerberos5(kerberos5) => need(&kerberos5.keytab, "the keytab"),
            Judge::Jwt(jwt) => jwt.file().iter().for_each(|file| need(file, "the JWK set")),
            Judge::Keystore(keystore) => keystore.store.iter().for_each(|file| need(file, "the keystore")),
            Judge::Ldap(ldap) => {
                ldap.account.iter().for_each(|(_, file)| need(file, "the file with the password"));
            }
            Judge::Http(_) => {}
        }
    }
    problems
}

/// What is wrong with keystore and truststore, where a service needs them.
#[must_use]
pub fn unusable(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut judge = |known: Option<&Store>, read: &dyn Fn(&Store) -> Result<(), KeystoreError>| {
        let Some(known) = known else { return };
        if let Err(error) = read(known) {
            let problem = Problem::error(
                known.file.span.clone(),
                format!("the <file> {} cannot be used", known.file.display()),
            );
            problems.push(problem.help(error.to_string()));
        }
    };
    if config.listeners.iter().any(|listener| listener.secure) {
        judge(config.keystore.as_ref(), &|known| read_keystore(&store(known)).map(|_| ()));
    }
    judge(config.truststore.as_ref(), &|known| read_truststore(&store(known)).map(|_| ()));
    problems
}

/// What is wrong with the files of users, and what is worth a warning: lines with places in those files; and whether
/// the gateway would start with them. Those that are not there have been told of.
#[must_use]
pub fn users(config: &Config) -> (String, bool) {
    let modules = config.realms.iter().flat_map(|realm| &realm.authentication.modules);
    let files = modules.filter_map(|module| match &module.judge {
        Judge::File(file) if file.file.exists() => Some(&file.file.value),
        _ => None,
    });
    let (mut lines, mut is_sound) = (String::new(), true);
    for file in files.collect::<BTreeSet<_>>() {
        match users::load(file, &config.defined) {
            Ok((_, warnings)) => lines.push_str(&warnings),
            Err(error) => {
                lines.push_str(&format!("{error}\n"));
                is_sound = false;
            }
        }
    }
    (lines, is_sound)
}
