//! `ticketgate passwd`: the hash of a password, as it stands in a jaas-config.xml.

use std::io::{self, IsTerminal as _};

use clap::Args as ClapArgs;
use zeroize::Zeroizing;

use super::prompt::{Terminal, line};
use crate::{
    ambient,
    realm::module::file::hash::{Broken, MAX_PASSWORD, make},
};

/// The flags of `passwd`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print the whole element `user` for this name
    #[arg(long, value_name = "NAME", value_parser = name)]
    user: Option<String>,
}

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswdError {
    /// It cannot be computed.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The two passwords are not the same.
    #[error("the passwords differ; run it again")]
    Differ,
    /// No password was given.
    #[error("there is no password; write it on one line of standard input, or type it at a terminal")]
    Empty,
    /// It cannot be read.
    #[error("the password cannot be read: {0}; write it as UTF-8 on one line of standard input")]
    Input(#[source] io::Error),
    /// It could never be presented, or not judged.
    #[error("the password has more than {MAX_PASSWORD} octets, or control characters in it; choose another")]
    Unusable,
}

impl PasswdError {
    /// Whether what was typed is at fault.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Broken(_))
    }
}

impl Args {
    /// Reads a password and returns what is to be printed.
    ///
    /// # Errors
    ///
    /// Any [`PasswdError`].
    pub fn make(&self) -> Result<String, PasswdError> {
        let password = if io::stdin().is_terminal() {
            typed()?
        } else {
            line(io::stdin().lock(), MAX_PASSWORD).map_err(PasswdError::Input)?
        };
        let hash = hashed(&password)?;
        Ok(match &self.user {
            Some(name) => user(name, &hash),
            None => hash + "\n",
        })
    }
}

/// The hash of a password that can be one.
fn hashed(password: &str) -> Result<String, PasswdError> {
    if password.is_empty() {
        return Err(PasswdError::Empty);
    }
    // RFC 7617 section 2: control characters cannot be sent.
    if password.len() > MAX_PASSWORD || password.contains(char::is_control) {
        return Err(PasswdError::Unusable);
    }
    Ok(make(password.as_bytes(), ambient::random())?)
}

fn user(name: &str, hash: &str) -> String {
    let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // A dollar in front of a brace would begin the name of a value.
    let name = name.replace("${", "$${");
    format!(
        "<user>\n  <name>{name}</name>\n  <password>{hash}</password>\n  <role-name>AUTHORIZED</role-name>\n</user>\n"
    )
}

/// What is typed twice at the terminal of the process, and not shown.
fn typed() -> Result<Zeroizing<String>, PasswdError> {
    let mut terminal = Terminal::open(MAX_PASSWORD).map_err(PasswdError::Input)?;
    let first = terminal.ask("Password").map_err(PasswdError::Input)?;
    let second = terminal.ask("The same again").map_err(PasswdError::Input)?;
    if first == second { Ok(first) } else { Err(PasswdError::Differ) }
}

fn name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.trim() != text || text.contains(':') || text.contains(char::is_control) {
        return Err("a name has no colon, no control characters and no blanks around it".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::module::file::hash::Hash;

    #[test]
    fn what_could_never_be_presented_is_not_hashed() {
        for password in ["", "a\tb", "a\0", &"x".repeat(MAX_PASSWORD + 1)] {
            assert!(hashed(password).unwrap_err().is_usage(), "{password:?}");
        }
        assert!(line("x".repeat(9999).as_bytes(), MAX_PASSWORD).unwrap().len() > MAX_PASSWORD);
        assert!(hashed(&"x".repeat(MAX_PASSWORD)).is_ok());
    }

    #[test]
    fn a_hash_is_of_its_password_and_never_made_twice() {
        let (one, other) = (hashed("secret").unwrap(), hashed("secret").unwrap());
        assert_ne!(one, other);
        for hash in [one, other] {
            let hash = Hash::read(&hash).unwrap();
            assert_eq!((hash.is_of(b"secret"), hash.is_of(b"Secret")), (Ok(true), Ok(false)));
        }
    }

    #[test]
    fn an_element_can_be_read_whatever_the_name() {
        assert!(
            user("a<b&${c}", "$hash").contains("<name>a&lt;b&amp;$${c}</name>\n  <password>$hash</password>")
        );
    }
}
