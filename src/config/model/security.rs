//! Keystore and truststore: which files hold keys and certificates, and whether they can be read at all.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::Folder;
use crate::config::{
    fields::Fields, problems::Problems, report::Problem, spanned::Spanned, vocabulary::Place, xml::Element,
};

/// A file of keys or certificates. It is read where TLS is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Store {
    /// Its format, if the file says so.
    pub format: Option<Format>,
    /// Where it is.
    pub file: Spanned<PathBuf>,
    /// Where its password is: the first line.
    pub password_file: Option<Spanned<PathBuf>>,
}

/// How keys and certificates are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// Java's older format.
    Jks,
    /// Base64 between lines of dashes.
    Pem,
    /// RFC 7292.
    Pkcs12,
}

/// The first octets of Java's encrypted format, which needs ciphers that nothing else uses.
const JCEKS: [u8; 4] = [0xCE, 0xCE, 0xCE, 0xCE];

impl Store {
    /// What `element` says, and whether its files are there.
    pub(in crate::config) fn read(
        element: &Element,
        folder: &Folder<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let fields = Fields::read(element, Place::Store, problems);
        let file = folder.path(fields.text("file")?);
        let password_file = fields.text("password-file").map(|text| folder.path(text));
        let said = fields.word("type");
        match begins_with(&file.value, JCEKS) {
            Some(false) if said == Some("JCEKS") => {
                let says = "the <type> is JCEKS, and the file is of another: it is read as what it is";
                problems.push(Problem::warning(fields.name_span(), says).help("write <type>PKCS12</type>"));
            }
            Some(false) | None if said != Some("JCEKS") => {}
            Some(_) | None => {
                problems.push(jceks(element, &file, password_file.as_ref()));
                return None;
            }
        }
        let password = password_file.as_ref().map(|file| (file, "password-file"));
        let mut missing = false;
        for (file, name) in [Some((&file, "file")), password].into_iter().flatten() {
            if let Err(error) = File::open(&file.value) {
                let says = format!("<{name}> cannot be read: {}: {error}", file.value.display());
                let help = "relative paths count from the folder of the configuration";
                problems.push(Problem::error(file.span.clone(), says).help(help));
                missing = true;
            }
        }
        let format = match said {
            Some("JKS") => Some(Format::Jks),
            Some("PEM") => Some(Format::Pem),
            Some("PKCS12") => Some(Format::Pkcs12),
            _ => None,
        };
        (!missing).then_some(Self { format, file, password_file })
    }
}

/// Whether these are the first octets of a file; `None` if it cannot be read.
fn begins_with(file: &Path, magic: [u8; 4]) -> Option<bool> {
    let mut found = Vec::new();
    File::open(file).and_then(|file| file.take(4).read_to_end(&mut found)).ok()?;
    Some(found == magic)
}

/// What to run, so that it can be pasted into a shell. `keytool` puts the new file in the place of the old one, which it
/// keeps, so nothing else needs to be changed.
fn jceks(element: &Element, file: &Spanned<PathBuf>, password_file: Option<&Spanned<PathBuf>>) -> Problem {
    let path = shell(&file.value);
    let mut command = format!(
        "keytool -importkeystore -srckeystore {path} -srcstoretype JCEKS -destkeystore {path} -deststoretype PKCS12"
    );
    if let Some(password) = password_file {
        let password = shell(&password.value);
        command.push_str(&format!(" -srcstorepass:file {password} -deststorepass:file {password}"));
    }
    let says = format!("the <{}> is of type JCEKS, which Java alone reads", element.name);
    Problem::error(file.span.clone(), says).help(format!("convert it with: {command}"))
}

/// A path as one word of a shell.
fn shell(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%,".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
