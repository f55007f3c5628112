//! `ticketgate explain`: why one token is accepted or refused.

use std::{
    io::{self, IsTerminal as _, Read as _},
    path::PathBuf,
};

use clap::Args as ClapArgs;
use tpg::{policy::Policy, utc::Utc};

use super::gate;
use crate::{
    explain::{self, ExplainError, Explained},
    realm::gss::utc,
};

/// Characters of the longest input that is read.
const MAX_INPUT: u64 = 1024 * 1024;

/// The flags of `explain`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    gate: gate::Args,
    /// When the token was presented, such as 2026-11-22T08:51:56Z; without it now
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Utc>,
    /// The token in base64, with or without "Negotiate" before it; without it standard input
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

impl Args {
    /// Judges the token and says how it went.
    ///
    /// # Errors
    ///
    /// [`ExplainError`] if there is no token or no keytab to judge it by.
    pub fn explain(self) -> Result<Explained, ExplainError> {
        let Self { gate, at, token } = self;
        let text = match token {
            Some(token) => token,
            None => from_stdin().map_err(ExplainError::Input)?,
        };
        let keytab: PathBuf = gate.keytab();
        let policy: Policy = gate.policy();
        explain::explain(&text, &keytab, policy, at, utc())
    }
}

fn from_stdin() -> io::Result<String> {
    let input = io::stdin();
    if input.is_terminal() {
        use std::io::Write as _;
        let _ = writeln!(io::stderr(), "Paste the token, then Ctrl-D:");
    }
    let mut text = String::new();
    input.lock().take(MAX_INPUT).read_to_string(&mut text)?;
    Ok(text)
}

/// `2026-11-22T08:51:56Z`, or seconds since 1970.
fn time(text: &str) -> Result<Utc, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Utc::new(seconds, 0));
    }
    let digits: String = text.chars().filter(|character| !matches!(character, '-' | ':' | 'T')).collect();
    Utc::of(&krb::time::KerberosTime::from(digits.into_bytes()))
        .ok_or_else(|| "write it as 2026-11-22T08:51:56Z (UTC), or as seconds since 1970".to_owned())
}
