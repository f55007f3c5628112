//! Who was let in, and as what: all that a service is told of a client.

use std::collections::BTreeSet;

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

    /// The principal for a header. Octets beyond ASCII are UTF-8, as they are in the ticket.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        let name = self.local_name.as_ref().unwrap_or(&self.principal);
        // Neither holds a control character, so every one makes a header.
        HeaderValue::from_bytes(name.as_bytes()).unwrap_or_else(|_| HeaderValue::from_static(""))
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

    #[test]
    fn a_name_beyond_ascii_goes_into_a_header_as_it_is() {
        let subject = Subject { principal: "müller@TGG.TEST".to_owned(), ..Subject::default() };
        assert_eq!(subject.header().as_bytes(), "müller@TGG.TEST".as_bytes());
    }
}
