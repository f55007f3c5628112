//! `ticketgate passwd`: the hash of a password, as it stands in a jaas-config.xml.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _},
};

use clap::Args as ClapArgs;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

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
        let password = if io::stdin().is_terminal() { typed() } else { line(io::stdin().lock()) }?;
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

/// One line, without its end.
fn line(input: impl io::BufRead) -> Result<Zeroizing<String>, PasswdError> {
    // One octet more than may be, and the two of a line's end.
    let most = u64::try_from(MAX_PASSWORD + 3).unwrap_or(u64::MAX);
    // All at once, so that no copy is left behind by a buffer that grew.
    let mut text = Zeroizing::new(String::with_capacity(MAX_PASSWORD + 3));
    input.take(most).read_line(&mut text).map_err(PasswdError::Input)?;
    if text.ends_with('\n') {
        text.pop();
    }
    if text.ends_with('\r') {
        text.pop();
    }
    Ok(text)
}

/// What is typed twice at the terminal of the process, and not shown.
fn typed() -> Result<Zeroizing<String>, PasswdError> {
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(PasswdError::Input)?;
    let silent = Silent::begin(&terminal).map_err(PasswdError::Input)?;
    let mut lines = BufReader::new(&terminal);
    let mut ask = |what: &str| {
        write!(&terminal, "{what}: ").map_err(PasswdError::Input)?;
        let answer = line(&mut lines);
        // The line's end was not shown either.
        let _ = writeln!(&terminal);
        answer
    };
    let first = ask("Password")?;
    let second = ask("The same again")?;
    drop(silent);
    if first == second { Ok(first) } else { Err(PasswdError::Differ) }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed before was shown, and is no part of a password.
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
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
    fn a_password_is_the_first_line_without_its_end() {
        for (input, password) in [
            ("secret\nmore\n", "secret"),
            ("secret\r\n", "secret"),
            ("secret", "secret"),
            (" a b ", " a b "),
            ("", ""),
        ] {
            assert_eq!(*line(input.as_bytes()).unwrap(), password, "{input:?}");
        }
    }

    #[test]
    fn what_could_never_be_presented_is_not_hashed() {
        for password in ["", "a\tb", "a\0", &"x".repeat(MAX_PASSWORD + 1)] {
            assert!(hashed(password).unwrap_err().is_usage(), "{password:?}");
        }
        assert!(line("x".repeat(9999).as_bytes()).unwrap().len() > MAX_PASSWORD);
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
