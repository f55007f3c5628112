//! An issuer of JSON Web Tokens in Python, whose library is not ours: it makes keys, publishes them over HTTP or HTTPS, and signs.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::{error::Error, process::Process};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/issuer.py");
/// Debian's own, which has Debian's packages.
const PYTHON: &str = "/usr/bin/python3";

/// A running issuer, stopped when dropped.
#[derive(Debug)]
pub struct Issuer {
    process: Process,
    port: u16,
    scheme: &'static str,
}

impl Issuer {
    /// One that publishes its keys over HTTPS with this certificate and its key, or over HTTP without.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if its library is not installed, or [`Error::Io`].
    pub fn start(tls: Option<(&Path, &Path)>) -> Result<Self, Error> {
        let has = Command::new(PYTHON).args(["-c", "import jwcrypto"]).output().map_err(Error::io(PYTHON))?;
        if !has.status.success() {
            return Err(Error::Missing { program: "jwcrypto", package: "python3-jwcrypto" });
        }
        let mut command = Command::new(PYTHON);
        command.arg(SCRIPT);
        if let Some((certificate, key)) = tls {
            command.arg(certificate).arg(key);
        }
        let mut process = Process::start(&mut command)?;
        let port = read(&mut process)?.as_u64().and_then(|port| u16::try_from(port).ok());
        let port = port.ok_or(Error::Protocol { program: "issuer.py", said: String::new() })?;
        Ok(Self { process, port, scheme: if tls.is_some() { "https" } else { "http" } })
    }

    /// Where its keys are published.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://localhost:{}/jwks.json", self.scheme, self.port)
    }

    /// Makes a key of this name for an algorithm, and publishes it beside those before.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`], as of all that follow.
    pub fn make(&mut self, algorithm: &str, kid: &str) -> Result<(), Error> {
        self.ask(&json!({ "make": algorithm, "kid": kid })).map(drop)
    }

    /// Publishes a key no longer.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn withdraw(&mut self, kid: &str) -> Result<(), Error> {
        self.ask(&json!({ "withdraw": kid })).map(drop)
    }

    /// A token with these claims, or this text in place of them, signed with the key that its header names.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn sign(&mut self, claims: &Value, header: &Value) -> Result<String, Error> {
        self.text(&json!({ "sign": claims, "header": header }))
    }

    /// The same, signed with another key than the header names.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn sign_by(&mut self, kid: &str, claims: &Value, header: &Value) -> Result<String, Error> {
        self.text(&json!({ "sign": claims, "header": header, "by": kid }))
    }

    /// The same, signed with HS256 and this secret, under the name of a key.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn sign_with_secret(&mut self, claims: &Value, kid: &str, secret: &str) -> Result<String, Error> {
        self.text(&json!({ "sign": claims, "header": { "kid": kid }, "secret": secret }))
    }

    /// A public key as PEM.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn pem(&mut self, kid: &str) -> Result<String, Error> {
        self.text(&json!({ "pem": kid }))
    }

    /// The set that it publishes.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn set(&mut self) -> Result<String, Error> {
        self.text(&json!({ "set": null }))
    }

    /// Has it answer this in place of its keys: `status`, `fields`, `body`, and `delay` in seconds. `null` ends that.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn answer(&mut self, answer: &Value) -> Result<(), Error> {
        self.ask(&json!({ "answer": answer })).map(drop)
    }

    /// Has it refuse connections, or take them again.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn away(&mut self, away: bool) -> Result<(), Error> {
        self.ask(&json!({ "away": away })).map(drop)
    }

    /// How often it was asked for its keys.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`].
    pub fn asked(&mut self) -> Result<u64, Error> {
        Ok(self.ask(&json!({ "asked": null }))?.as_u64().unwrap_or_default())
    }

    fn text(&mut self, question: &Value) -> Result<String, Error> {
        Ok(self.ask(question)?.as_str().unwrap_or_default().to_owned())
    }

    fn ask(&mut self, question: &Value) -> Result<Value, Error> {
        self.process.tell(format!("{question}\n").as_bytes())?;
        read(&mut self.process)
    }
}

/// A line of JSON.
fn read(process: &mut Process) -> Result<Value, Error> {
    let mut line = Vec::new();
    let mut octet = [0];
    while octet != *b"\n" {
        process.hear(&mut octet)?;
        line.extend(octet);
    }
    let said = || String::from_utf8_lossy(&line).chars().take(200).collect();
    serde_json::from_slice(&line).map_err(|_| Error::Protocol { program: "issuer.py", said: said() })
}
