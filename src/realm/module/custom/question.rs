//! What modules of the operator's own are asked: one JSON object in one line.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::to_writer;
use zeroize::Zeroizing;

use super::Attempt;
use crate::{realm::credentials::Presented, record::RequestId};

/// Of which protocol the question is.
const VERSION: &str = "1";

/// What a module is told after its judgement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// The login came to nothing.
    Abort,
    /// The chain agrees: is it still so?
    Commit,
    /// Whoever was let in has gone.
    Logout,
}

impl Phase {
    const fn word(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Commit => "commit",
            Self::Logout => "logout",
        }
    }
}

/// The question about a login, without an end of line.
#[must_use]
pub fn question(attempt: &Attempt<'_>) -> Zeroizing<Vec<u8>> {
    exact(|out| write_question(out, attempt))
}

/// What a module is told after its judgement, without an end of line.
#[must_use]
pub fn notice(login: RequestId, phase: Phase) -> Zeroizing<Vec<u8>> {
    exact(|out| {
        let mut members = Members::begin(out, login, phase.word())?;
        members.end()
    })
}

/// Writes twice, first to measure: a buffer that grows would leave secrets behind it.
fn exact(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> Zeroizing<Vec<u8>> {
    let mut count = Count(0);
    // Neither a count nor a vector fails.
    let _ = write(&mut count);
    let mut octets = Zeroizing::new(Vec::with_capacity(count.0));
    let _ = write(&mut *octets);
    octets
}

fn write_question(out: &mut dyn Write, attempt: &Attempt<'_>) -> io::Result<()> {
    let Attempt { id, realm, service, credentials, visitor } = *attempt;
    let mut members = Members::begin(out, id, "login")?;
    members.text("realm", realm)?;
    members.text("service", service)?;
    members.text("peer", &visitor.address.ip().to_canonical().to_string())?;
    members.name("secure")?;
    members.out.write_all(if visitor.tls { b"true" } else { b"false" })?;
    match &credentials.presented {
        Presented::Password(password) => {
            members.text("scheme", "Basic")?;
            members.text("user", &password.name)?;
            members.text("password", &password.password)?;
        }
        Presented::Ticket(token) => {
            members.text("scheme", "Negotiate")?;
            members.text("token", &Zeroizing::new(STANDARD.encode(token)))?;
        }
        Presented::Token(token) => {
            members.text("scheme", "Token")?;
            members.text("token", token)?;
        }
        Presented::Nothing | Presented::Other => {}
    }
    members.name("values")?;
    let mut values = Members { out: members.out, is_first: true };
    values.out.write_all(b"{")?;
    let mut written = BTreeSet::new();
    for declared in &credentials.declared {
        // A header field and a cookie may have one name; what JSON says twice is read as anything.
        if let Some(value) = &declared.value
            && written.insert(&declared.name)
        {
            values.text(&declared.name, value)?;
        }
    }
    values.out.write_all(b"}")?;
    members.end()
}

/// The members of an object that is being written.
struct Members<'a> {
    out: &'a mut dyn Write,
    is_first: bool,
}

impl<'a> Members<'a> {
    fn begin(out: &'a mut dyn Write, login: RequestId, phase: &str) -> io::Result<Self> {
        out.write_all(b"{")?;
        let mut members = Self { out, is_first: true };
        members.name("version")?;
        members.out.write_all(VERSION.as_bytes())?;
        members.text("login", &login.to_string())?;
        members.text("phase", phase)?;
        Ok(members)
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        if !self.is_first {
            self.out.write_all(b",")?;
        }
        self.is_first = false;
        to_writer(&mut *self.out, name)?;
        self.out.write_all(b":")
    }

    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.name(name)?;
        Ok(to_writer(&mut *self.out, text)?)
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"}")
    }
}

/// How many octets were written.
struct Count(usize);

impl Write for Count {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(octets.len());
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
