//! Where the stock programs are, which package has them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, iter};

use crate::error::Error;

/// Programs of MIT Kerberos and the packages of Debian that have them.
const PACKAGES: [(&str, &str); 9] = [
    ("kadmin.local", "krb5-admin-server"),
    ("kadmind", "krb5-admin-server"),
    ("kdb5_util", "krb5-kdc"),
    ("kdestroy", "krb5-user"),
    ("kinit", "krb5-user"),
    ("klist", "krb5-user"),
    ("kpasswd", "krb5-user"),
    ("krb5kdc", "krb5-kdc"),
    ("kvno", "krb5-user"),
];

/// What the native realm needs.
pub(crate) const SERVERS: [&str; 4] = ["krb5kdc", "kdb5_util", "kadmind", "kadmin.local"];

/// The search path, with the directories where Debian has servers and an
/// ordinary user's path does not look.
pub(crate) fn path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// Where `program` is.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&path()).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// Says which of these programs is missing.
pub(crate) fn require(programs: &[&str]) -> Result<(), Error> {
    programs.iter().try_for_each(|program| match find(program) {
        Some(_) => Ok(()),
        None => Err(missing(program)),
    })
}

/// The same for one program, if it is one of MIT's.
pub(crate) fn require_if_known(program: &str) -> Result<(), Error> {
    if PACKAGES.iter().any(|(name, _)| *name == program) { require(&[program]) } else { Ok(()) }
}

/// The error that names the package of `program`, which must be one that is known here.
fn missing(program: &str) -> Error {
    let known = PACKAGES.iter().find(|(name, _)| *name == program);
    let (program, package) = known.copied().unwrap_or(("a program", "the package that has it"));
    Error::Missing { program, package }
}

/// The last lines of each file that exists, each under its name.
pub(crate) fn tails(files: impl IntoIterator<Item = PathBuf>) -> String {
    files.into_iter().flat_map(|file| tail(&file)).collect::<Vec<_>>().join("\n")
}

fn tail(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut last: Vec<_> = text.lines().rev().take(12).map(shortened).collect();
    if last.is_empty() {
        return last;
    }
    last.reverse();
    iter::once(format!("{}:", file.display())).chain(last).collect()
}

/// A log line names principals, and one of the realm's has 1000 octets.
fn shortened(line: &str) -> String {
    line.chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::{SERVERS, missing};

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        assert_eq!(missing("krb5kdc").to_string(), "krb5kdc not found: install krb5-kdc");
    }

    #[test]
    fn every_server_program_has_a_package() {
        for program in SERVERS {
            assert!(missing(program).to_string().starts_with(program));
        }
    }
}
