//! Files that a configuration names and that are not there: they may come before the gateway starts.

use std::path::PathBuf;

use super::{
    model::{Config, kind::Kind, module::Judge},
    report::Problem,
    spanned::Spanned,
};

/// A warning for each file or folder that is needed at the start and is not there.
///
/// Keystores are not among them: without them a configuration does not load.
#[must_use]
pub fn missing(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut need = |path: &Spanned<PathBuf>, what: &str| {
        if !path.exists() {
            let says = format!("{what} {} is not there", path.display());
            let help = "relative paths count from the folder of the configuration";
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
            Judge::Http(_) | Judge::Jwt(_) | Judge::Keystore(_) | Judge::Ldap(_) => {}
        }
    }
    problems
}
