//! What a server asks before it lets in, and what is answered: `WWW-Authenticate` and those who answer it.
//!
//! Challenges are read as RFC 9110 section 11.6.1 has them, and as KAAZING Gateway writes them: with `Application ` in
//! front of the scheme where scripts are to answer, and with whatever a login module wrote in place of parameters.
//! Answers are found by [`ChallengeHandler`]s, each for its schemes; [`Dispatch`] chooses one by location.

mod basic;
mod dispatch;
mod error;
mod handler;
mod negotiate;
mod token;

pub use basic::{Basic, Login, LoginHandler};
pub use dispatch::{Dispatch, PatternError};
pub use error::ChallengeError;
pub use handler::{Answering, ChallengeHandler, ChallengeRequest, Credentials, Handlers};
pub use negotiate::{NegotiateHandler, Tickets};
pub use token::Token;

/// Octets of the longest field that is read. A token of Kerberos takes up to 64 KiB, and a third more in base64.
pub const MAX_FIELD: usize = 128 * 1024;
/// Challenges of one answer that are read.
pub const MAX_CHALLENGES: usize = 16;

/// Puts a challenge to those who write scripts, not to browsers.
const APPLICATION: &str = "Application";

/// One challenge.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge {
    scheme: String,
    parameters: String,
    is_application: bool,
}

impl Challenge {
    /// Reads the values of all fields `WWW-Authenticate` of an answer, in their order.
    ///
    /// # Errors
    ///
    /// [`ChallengeError::Long`], [`ChallengeError::Many`] above the bounds of this module, and
    /// [`ChallengeError::Unreadable`] for what begins with no scheme.
    pub fn read<'a>(fields: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, ChallengeError> {
        let mut challenges = Vec::new();
        let mut octets = 0_usize;
        for field in fields {
            octets = octets.saturating_add(field.len());
            if octets > MAX_FIELD {
                return Err(ChallengeError::Long);
            }
            let mut rest = field;
            loop {
                rest = rest.trim_start_matches([' ', '\t', ',']);
                if rest.is_empty() {
                    break;
                }
                if challenges.len() == MAX_CHALLENGES {
                    return Err(ChallengeError::Many);
                }
                let (challenge, behind) = Self::split(rest)?;
                challenges.push(challenge);
                rest = behind;
            }
        }
        Ok(challenges)
    }

    /// The first challenge of a list, and what comes behind it.
    fn split(list: &str) -> Result<(Self, &str), ChallengeError> {
        let (mut scheme, mut rest) = token(list).ok_or(ChallengeError::Unreadable)?;
        let mut is_application = false;
        if scheme.eq_ignore_ascii_case(APPLICATION)
            && let Some((inner, behind)) = token(blanks(rest))
        {
            (scheme, rest, is_application) = (inner, behind, true);
        }
        let ends = !rest.is_empty() && !rest.starts_with([' ', '\t', ',']);
        if ends {
            return Err(ChallengeError::Unreadable);
        }
        let end = end_of_parameters(rest);
        let (parameters, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (scheme, parameters) = (scheme.to_owned(), parameters.trim().to_owned());
        Ok((Self { scheme, parameters, is_application }, behind))
    }

    /// The scheme as the server wrote it, without `Application `.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether it is this scheme, in any case.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Whether it is put to scripts alone, as `Application Basic` is.
    #[must_use]
    pub const fn is_application(&self) -> bool {
        self.is_application
    }

    /// All that stands behind the scheme, as the server wrote it.
    #[must_use]
    pub fn parameters(&self) -> &str {
        &self.parameters
    }

    /// The value of the first parameter with this name, in any case. Parameters end at commas or blanks: KAAZING Gateway
    /// puts blanks between those of login modules.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut rest = self.parameters.as_str();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let (found, behind) = token(rest)?;
            let behind = blanks(behind).strip_prefix('=').map(blanks)?;
            let (value, behind) = match behind.strip_prefix('"') {
                Some(quoted) => unquote(quoted)?,
                None => {
                    let end = behind.find([' ', '\t', ',']).unwrap_or(behind.len());
                    let (value, behind) = behind.split_at_checked(end)?;
                    (value.to_owned(), behind)
                }
            };
            if found.eq_ignore_ascii_case(name) {
                return Some(value);
            }
            rest = behind;
        }
    }

    /// What stands behind the scheme, if it is one word of base64 or the like, such as a token of Negotiate.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        let bare = self.parameters.trim_end_matches('=');
        let is_token = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet);
        (!bare.is_empty() && bare.bytes().all(is_token)).then_some(&*self.parameters)
    }
}

/// Where the parameters end: at the comma behind which another scheme begins, or at the end.
fn end_of_parameters(text: &str) -> usize {
    let mut is_quoted = false;
    let mut octets = text.bytes().enumerate();
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'\\' if is_quoted => {
                octets.next();
            }
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                let behind = text.get(at..).unwrap_or_default().trim_start_matches([' ', '\t', ',']);
                let Some((_, after)) = token(behind) else { continue };
                // A name and a value, or a scheme.
                if !blanks(after).starts_with('=') {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// A token at the start (RFC 9110 section 5.6.2), and what comes behind it.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_tchar = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    let end = text.bytes().position(|octet| !is_tchar(octet)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(token, _)| !token.is_empty())
}

fn blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// What stands in quotes (RFC 9110 section 5.6.4), and what comes behind them. The first quote is gone already.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests;
