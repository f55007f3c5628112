//! Who was let in, and as what: all that a service is told of a client.

use std::{collections::BTreeSet, fmt::Write as _};

use http::HeaderValue;
use tpg::{local_name::Rules, permit::Identity, roles::Grants};

/// Whom a pass is made out to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Subject {
    /// The principal, as principals are written.
    pub principal: String,
    /// Its local name, if a rule gives it one.
    pub local_name: Option<String>,
    /// Its roles.
    pub roles: BTreeSet<String>,
}

/// Between the parts of a subject in a session. No part has one: names are written without control characters.
const SEPARATOR: char = '\u{1f}';

/// Visible characters that a name does not bring into a header as they are: those that lists and parameters are made
/// with (RFC 9110 section 5.6), the colon behind a user's name (RFC 7617 section 2), and the sign of the encoding.
const SEPARATING: &[u8] = b"\"%,:;";

impl Subject {
    /// The subject that a permit's identity comes to.
    #[must_use]
    pub fn new(identity: &Identity, rules: &Rules, grants: &Grants) -> Self {
        Self {
            principal: identity.client.to_string(),
            local_name: rules.local_name(&identity.client),
            roles: grants.roles(identity),
        }
    }

    /// The local name, or else the principal, for a header: visible ASCII as it is, all else percent-encoded
    /// (RFC 3986 section 2.1), and the characters that separate values in fields too.
    ///
    /// Servers take blanks off both ends of a field, so that ` alice` would be `alice`; they split it at commas; and
    /// of octets beyond ASCII each makes something else.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        let name = self.local_name.as_ref().unwrap_or(&self.principal);
        let mut text = String::with_capacity(name.len());
        for octet in name.bytes() {
            if octet.is_ascii_graphic() && !SEPARATING.contains(&octet) {
                text.push(char::from(octet));
            } else {
                let _ = write!(text, "%{octet:02X}");
            }
        }
        // It has visible characters alone, so it always is one.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// As text that [`Self::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = self.principal.clone();
        text.push(SEPARATOR);
        text.push_str(self.local_name.as_deref().unwrap_or_default());
        for role in &self.roles {
            text.push(SEPARATOR);
            text.push_str(role);
        }
        text
    }

    /// Reads what [`Self::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split(SEPARATOR);
        let principal = parts.next()?.to_owned();
        let local_name = Some(parts.next()?.to_owned()).filter(|name| !name.is_empty());
        Some(Self { principal, local_name, roles: parts.map(str::to_owned).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_comes_back_from_its_text() {
        let mut subject = Subject { principal: "alice@TGG.TEST".to_owned(), ..Subject::default() };
        assert_eq!(Subject::from_text(&subject.to_text()), Some(subject.clone()));
        subject.local_name = Some("alice".to_owned());
        subject.roles = ["a".to_owned(), "b".to_owned()].into();
        assert_eq!(Subject::from_text(&subject.to_text()), Some(subject));
    }

    fn header(principal: &str) -> String {
        let subject = Subject { principal: principal.to_owned(), ..Subject::default() };
        subject.header().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_principal_as_most_are_goes_into_a_header_as_it_is() {
        for name in
            ["alice@TGG.TEST", "HTTP/gw.tgg.test@TGG.TEST", r"alice\@corp.test@TGG.TEST", "GW$@TGG.TEST"]
        {
            assert_eq!(header(name), name);
        }
    }

    #[test]
    fn a_name_that_a_server_would_trim_split_or_misread_is_percent_encoded() {
        for (name, sent) in [
            (" alice@TGG.TEST", "%20alice@TGG.TEST"),
            ("x, alice@TGG.TEST", "x%2C%20alice@TGG.TEST"),
            ("alice:admin@TGG.TEST", "alice%3Aadmin@TGG.TEST"),
            ("%20alice@TGG.TEST", "%2520alice@TGG.TEST"),
            ("müller@TGG.TEST", "m%C3%BCller@TGG.TEST"),
        ] {
            assert_eq!(header(name), sent);
        }
    }

    #[test]
    fn a_local_name_is_no_less_guarded() {
        let subject = Subject { local_name: Some("alice ".to_owned()), ..Subject::default() };
        assert_eq!(subject.header(), "alice%20");
    }
}
