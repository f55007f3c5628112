//! What a server says of a new password: a code, and a text for people or Active Directory's policy (RFC 3244 section 2).

use std::fmt;

use krb::kpasswd::result;
use krb::name::KerberosString;

/// Octets of Active Directory's policy in the place of a text (MS-KILE has no name for it; MIT krb5's
/// src/lib/krb5/krb/chpw.c reads it so).
const POLICY: usize = 30;

/// The flag of a policy that wants characters of several kinds.
const COMPLEX: u32 = 1;

/// Tenths of a microsecond in a day, the unit of a policy's times.
const A_DAY: u64 = 86_400 * 10_000_000;

/// A new password that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ChangeRefused {
    /// Why.
    pub code: ResultCode,
    /// What the server says to people, without what could steer a terminal; empty if it says nothing.
    pub text: String,
}

/// Why a server does not change a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResultCode {
    /// The client may not do this.
    AccessDenied,
    /// The proof is not accepted.
    AuthError,
    /// The version of the protocol is not known.
    BadVersion,
    /// The server failed.
    HardError,
    /// The ticket must come from a password, not from another ticket.
    InitialFlagNeeded,
    /// The request cannot be read.
    Malformed,
    /// Another code.
    Other(u16),
    /// The password breaks a policy.
    SoftError,
}

impl ChangeRefused {
    /// Reads a verdict: a code of two octets, and a text.
    pub(super) fn judge(verdict: &[u8]) -> Result<(), Self> {
        let Some((code, text)) = verdict.split_first_chunk::<2>() else {
            return Err(Self { code: ResultCode::Malformed, text: String::new() });
        };
        let code = match u16::from_be_bytes(*code) {
            result::SUCCESS => return Ok(()),
            result::MALFORMED => ResultCode::Malformed,
            result::HARDERROR => ResultCode::HardError,
            result::AUTHERROR => ResultCode::AuthError,
            result::SOFTERROR => ResultCode::SoftError,
            result::ACCESSDENIED => ResultCode::AccessDenied,
            result::BAD_VERSION => ResultCode::BadVersion,
            result::INITIAL_FLAG_NEEDED => ResultCode::InitialFlagNeeded,
            other => ResultCode::Other(other),
        };
        Err(Self { code, text: policy(text).unwrap_or_else(|| for_people(text)) })
    }
}

impl fmt::Display for ChangeRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.code {
            ResultCode::AccessDenied => "the server does not let this password be changed",
            ResultCode::AuthError => "the server does not accept the proof of the old password",
            ResultCode::BadVersion => "the server speaks another version of the protocol",
            ResultCode::HardError => "the server failed to change the password",
            ResultCode::InitialFlagNeeded => "the server wants the old password again",
            ResultCode::Malformed => "the server cannot read the change, or its answer cannot be read",
            ResultCode::Other(code) => {
                return write!(f, "the server refuses with code {code}: {}", self.text);
            }
            ResultCode::SoftError => "the new password is not accepted",
        })?;
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}

/// Active Directory's policy in words, if that is what the octets are.
fn policy(octets: &[u8]) -> Option<String> {
    let octets: &[u8; POLICY] = octets.try_into().ok()?;
    let (kind, rest) = octets.split_first_chunk::<2>()?;
    let (least, rest) = rest.split_first_chunk::<4>()?;
    let (history, rest) = rest.split_first_chunk::<4>()?;
    let (properties, rest) = rest.split_first_chunk::<4>()?;
    let (_expire, rest) = rest.split_first_chunk::<8>()?;
    let age = u64::from_be_bytes(*rest.first_chunk::<8>()?) / A_DAY;
    if *kind != [0, 0] {
        return None;
    }
    let mut wants = Vec::new();
    if u32::from_be_bytes(*properties) & COMPLEX != 0 {
        wants.push(
            "it must have capitals, small letters, digits or other characters, three of the four".to_owned(),
        );
    }
    match u32::from_be_bytes(*least) {
        0 => {}
        least => wants.push(format!("it must have at least {least} characters")),
    }
    match u32::from_be_bytes(*history) {
        0 => {}
        history => wants.push(format!("it must differ from the last {history} passwords")),
    }
    if age > 0 {
        wants.push(format!("a password can be changed again after {age} days"));
    }
    Some(wants.join("; "))
}

/// A text of a server, made fit for people and terminals: control characters become blanks.
fn for_people(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let plain = |character: char| {
        let shown = KerberosString::from(character.to_string()).to_string();
        let is_plain = matches!(character, '/' | '@' | '\\') || shown.chars().eq([character]);
        if is_plain { character } else { ' ' }
    };
    let plain: String = text.chars().map(plain).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(verdict: &[u8]) -> ChangeRefused {
        ChangeRefused::judge(verdict).unwrap_err()
    }

    #[test]
    fn a_verdict_is_a_code_and_a_text() {
        assert_eq!(ChangeRefused::judge(b"\0\0Password changed"), Ok(()));
        let soft = rejected(b"\0\x04New password is too short.\nPlease choose another.\x1b[2J");
        assert_eq!(soft.code, ResultCode::SoftError);
        assert_eq!(
            soft.to_string(),
            "the new password is not accepted: New password is too short. Please choose another. [2J"
        );
        assert_eq!(rejected(b"\x01\0").code, ResultCode::Other(256));
        for short in [&b""[..], b"\0"] {
            assert_eq!(rejected(short).code, ResultCode::Malformed);
        }
    }

    #[test]
    fn a_policy_of_active_directory_is_put_into_words() {
        let verdict = [
            &[0, 4, 0, 0][..],
            &7_u32.to_be_bytes(),
            &24_u32.to_be_bytes(),
            &COMPLEX.to_be_bytes(),
            &(42 * A_DAY).to_be_bytes(),
            &A_DAY.to_be_bytes(),
        ]
        .concat();
        let text = rejected(&verdict).text;
        assert!(
            text.contains("at least 7") && text.contains("last 24") && text.contains("after 1 days"),
            "{text}"
        );
        assert!(text.contains("capitals"), "{text}");
        // A text may be as long.
        let text = [&[0, 4][..], &[b'x'; POLICY]].concat();
        assert_eq!(rejected(&text).text, "x".repeat(POLICY));
    }
}
