//! Names of principals and Kerberos realms, and how they are written so that none can pass for another.
//!
//! RFC 4120 sections 5.2.1, 5.2.2 and 6.2. A KerberosString should be ASCII; Active Directory sends UTF-8
//! (MS-KILE section 3.1.5.7) and old peers send anything, so it stays the octets that arrived and names are
//! compared octet by octet.

use std::fmt;

use rasn::types::{Identifier, Tag};
use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use crate::codec::{raw_string, whole_message};

/// A name whose kind is not known.
pub const NT_UNKNOWN: i32 = 0;
/// A user or a service as the KDC's database knows it.
pub const NT_PRINCIPAL: i32 = 1;
/// A service and its instance, such as `krbtgt`.
pub const NT_SRV_INST: i32 = 2;
/// A service and its host, such as `HTTP` or `host`.
pub const NT_SRV_HST: i32 = 3;
/// A service with its host as the remaining components.
pub const NT_SRV_XHST: i32 = 4;
/// A unique number.
pub const NT_UID: i32 = 5;
/// An X.509 distinguished name in the text form of RFC 2253.
pub const NT_X500_PRINCIPAL: i32 = 6;
/// An address as mail has it, such as `user@example.com`.
pub const NT_SMTP_NAME: i32 = 7;
/// A user principal name that the KDC maps to a principal (RFC 6806 section 5).
pub const NT_ENTERPRISE: i32 = 10;
/// A name reserved by a standard, such as that of the anonymous user (RFC 6111).
pub const NT_WELLKNOWN: i32 = 11;
/// A service with its host and domain (MS-KILE).
pub const NT_SRV_HST_DOMAIN: i32 = 12;

/// A GeneralString as it arrived: usually ASCII, often UTF-8, sometimes neither.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KerberosString(pub Vec<u8>);

/// The name of a Kerberos realm.
pub type RealmName = KerberosString;

/// The name of a principal within its realm.
///
/// Equality includes the name type. RFC 4120 section 6.2 calls the type a hint, so whoever decides by name
/// compares `name_string` alone: [`Self::same_name`].
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq, Hash)]
pub struct PrincipalName {
    /// What kind of name this claims to be, such as [`NT_PRINCIPAL`].
    #[rasn(tag(explicit(0)))]
    pub name_type: i32,
    /// The components, such as `HTTP` and `www.example.com`. A peer may send none.
    #[rasn(tag(explicit(1)))]
    pub name_string: Vec<KerberosString>,
}

/// A principal with its realm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The name within the realm.
    pub name: PrincipalName,
    /// The realm that the name belongs to.
    pub krb_realm: RealmName,
}

whole_message!(PrincipalName);

impl PrincipalName {
    /// The name with these components.
    pub fn new<S: Into<KerberosString>>(name_type: i32, components: impl IntoIterator<Item = S>) -> Self {
        Self { name_type, name_string: components.into_iter().map(Into::into).collect() }
    }

    /// The ticket-granting service that issues tickets for `krb_realm`: `krbtgt/REALM`.
    #[must_use]
    pub fn krbtgt(krb_realm: &RealmName) -> Self {
        Self::new(NT_SRV_INST, [KerberosString::from("krbtgt"), krb_realm.clone()])
    }

    /// Whether both have the same components, whatever their types.
    #[must_use]
    pub fn same_name(&self, other: &Self) -> bool {
        self.name_string == other.name_string
    }
}

/// The components with `/` between them, each as [`write_component`] writes it.
impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, component) in self.name_string.iter().enumerate() {
            if place > 0 {
                f.write_str("/")?;
            }
            write_component(&component.0, f)?;
        }
        Ok(())
    }
}

/// The name, `@` and the realm.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.krb_realm)
    }
}

impl KerberosString {
    /// The octets as they stand in the message.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }

    /// The text, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        str::from_utf8(&self.0).ok()
    }
}

raw_string!(KerberosString, Tag::GENERAL_STRING, Identifier::GENERAL_STRING);

/// The text as [`write_component`] writes it.
impl fmt::Display for KerberosString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_component(&self.0, f)
    }
}

impl fmt::Debug for KerberosString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl From<&str> for KerberosString {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for KerberosString {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<&[u8]> for KerberosString {
    fn from(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl From<Vec<u8>> for KerberosString {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

/// Writes one component of a principal's name, or a realm, so that it can be told from every other.
///
/// As krb5_unparse_name has it, `/`, `@` and `\` get a backslash, and newline, tab, backspace and NUL become
/// `\n`, `\t`, `\b` and `\0`. Beyond that, other control characters, characters that steer how a terminal lays
/// out text, and octets that are not UTF-8 become `\xNN`, one for each octet: a hostile name can then neither
/// end a log line nor look like another principal by what it hides.
///
/// # Errors
///
/// Those of `out`, and no other.
pub fn write_component(octets: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '/' | '@' | '\\' => {
                    out.write_char('\\')?;
                    out.write_char(character)?;
                }
                '\n' => out.write_str("\\n")?,
                '\t' => out.write_str("\\t")?,
                '\u{8}' => out.write_str("\\b")?,
                '\0' => out.write_str("\\0")?,
                _ if character.is_control() || is_invisible(character) => {
                    write_hex(character.encode_utf8(&mut [0; 4]).as_bytes(), out)?;
                }
                _ => out.write_char(character)?,
            }
        }
        write_hex(chunk.invalid(), out)?;
    }
    Ok(())
}

fn write_hex(octets: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(out, "\\x{octet:02x}"))
}

/// Characters without a shape of their own, those that Unicode calls default ignorable: joiners, fillers,
/// variation selectors, marks and overrides of direction, tags. Line separators are with them.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(octets: &[u8]) -> String {
        KerberosString::from(octets).to_string()
    }

    #[test]
    fn ordinary_names_are_written_as_they_are() {
        assert_eq!(PrincipalName::new(NT_PRINCIPAL, ["alice"]).to_string(), "alice");
        assert_eq!(PrincipalName::new(NT_SRV_HST, ["HTTP", "gw.h4.test"]).to_string(), "HTTP/gw.h4.test");
        assert_eq!(written("münchen 用户".as_bytes()), "münchen 用户");
        let name = PrincipalName::krbtgt(&"H4.TEST".into());
        assert_eq!(Principal { name, krb_realm: "H4.TEST".into() }.to_string(), "krbtgt/H4.TEST@H4.TEST");
    }

    #[test]
    fn separators_inside_a_component_do_not_separate() {
        assert_eq!(PrincipalName::new(NT_PRINCIPAL, ["a/b"]).to_string(), "a\\/b");
        assert_eq!(PrincipalName::new(NT_ENTERPRISE, ["alice@h4.test"]).to_string(), "alice\\@h4.test");
        assert_eq!(written(b"a\\/b"), "a\\\\\\/b");
    }

    #[test]
    fn a_hostile_name_cannot_start_a_new_log_line_or_steer_a_terminal() {
        assert_eq!(written(b"a\n\t\x08\0\r\x1b[2J\x7f"), "a\\n\\t\\b\\0\\x0d\\x1b[2J\\x7f");
        assert_eq!(written("\u{85}\u{2028}\u{202e}".as_bytes()), "\\xc2\\x85\\xe2\\x80\\xa8\\xe2\\x80\\xae");
    }

    #[test]
    fn a_hostile_name_cannot_hide_a_character() {
        assert_eq!(written("al\u{200b}ice".as_bytes()), "al\\xe2\\x80\\x8bice");
        assert_eq!(written("alice\u{3164}".as_bytes()), "alice\\xe3\\x85\\xa4");
    }

    #[test]
    fn octets_that_are_not_text_are_written_in_hex() {
        assert_eq!(written(b"\xff\xfea\xc3"), "\\xff\\xfea\\xc3");
        assert_eq!(format!("{:?}", KerberosString::from(&b"\xff\n"[..])), "\"\\xff\\n\"");
    }

    #[test]
    fn a_backslash_that_was_sent_differs_from_one_that_escapes() {
        assert_ne!(written(b"\\xff"), written(b"\xff"));
        assert_ne!(written(b"\\n"), written(b"\n"));
    }

    #[test]
    fn no_two_components_are_written_alike() {
        let mut seen = std::collections::HashSet::new();
        for first in 0..=u8::MAX {
            assert!(seen.insert(written(&[first])));
            for second in 0..=u8::MAX {
                assert!(seen.insert(written(&[first, second])), "{first:02x} {second:02x}");
            }
        }
    }

    #[test]
    fn the_type_of_a_name_is_only_a_hint() {
        let (one, other) = (PrincipalName::new(NT_PRINCIPAL, ["a"]), PrincipalName::new(NT_UNKNOWN, ["a"]));
        assert!(one != other && one.same_name(&other));
    }
}
