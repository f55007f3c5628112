//! Who was let in, and as what: all that a service is told of a client.

use std::{collections::BTreeSet, fmt::Write as _};

use http::HeaderValue;

use super::{
    module::{Brought, Facts, Name},
    roles::Grants,
};

/// Whom a pass is made out to.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Subject {
    /// The principal: the first name that a module brought.
    pub principal: String,
    /// What back ends call it, if a rule gives it a local name.
    pub local_name: Option<String>,
    /// Its names that count as roles, which it alone has.
    pub names: BTreeSet<String>,
    /// Its roles.
    pub roles: BTreeSet<String>,
}

/// Between the parts of a list in a session. No part has one: names are written without control characters.
const SEPARATOR: char = '\u{1f}';
/// Between its lists.
const LIST: char = '\u{1e}';

/// Visible characters that a name does not bring into a header as they are: those that lists and parameters are made
/// with (RFC 9110 section 5.6), the colon behind a user's name (RFC 7617 section 2), and the sign of the encoding.
const SEPARATING: &[u8] = b"\"%,:;";

impl Subject {
    /// The subject that the modules of a login make together, with the roles that are granted to it; `None` if nobody
    /// says who it is, or in a name that could be taken for another.
    #[must_use]
    pub fn of(brought: Vec<Brought>, grants: &Grants) -> Option<Self> {
        let (mut names, mut facts): (Vec<Name>, _) = (Vec::new(), Facts::default());
        let mut subject = Self::default();
        for one in brought {
            names.extend(one.names);
            facts.add(one.facts);
            subject.roles.extend(one.roles);
            subject.local_name = subject.local_name.or(one.local_name);
        }
        let is_sound = |text: &str| !text.is_empty() && !text.contains(char::is_control);
        let mut written = names.iter().map(|name| &name.text).chain(&subject.local_name);
        if !written.all(|text| is_sound(text)) {
            return None;
        }
        subject.principal = names.first()?.text.clone();
        subject.roles.extend(grants.roles(&names, &facts));
        subject.names = names.into_iter().filter(|name| name.is_role).map(|name| name.text).collect();
        Some(subject)
    }

    /// Whether the user has a role, or is the one whose name it is.
    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.roles.contains(role) || self.names.contains(role)
    }

    /// The local name, or else the principal, for a header: visible ASCII as it is, all else percent-encoded
    /// (RFC 3986 section 2.1), and the characters that separate values in fields too.
    ///
    /// Servers take blanks off both ends of a field, so that ` alice` would be `alice`; they split it at commas; and
    /// of octets beyond ASCII each makes something else.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        visible(&encoded(self.called()))
    }

    /// The roles for a header: each as [`Self::header`] writes a name, with commas between them.
    #[must_use]
    pub fn roles_header(&self) -> HeaderValue {
        visible(&self.listed_roles())
    }

    /// What back ends call the user: the local name, or else the principal.
    #[must_use]
    pub fn called(&self) -> &str {
        self.local_name.as_ref().unwrap_or(&self.principal)
    }

    /// The same text as [`Self::roles_header`].
    #[must_use]
    pub fn listed_roles(&self) -> String {
        self.roles.iter().map(|role| encoded(role)).collect::<Vec<_>>().join(",")
    }

    /// As text that [`Self::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let local_name = self.local_name.iter().map(String::as_str);
        let list = |parts: &BTreeSet<String>| {
            parts.iter().fold(String::new(), |text, part| text + part + &SEPARATOR.to_string())
        };
        let lists = [self.principal.clone(), local_name.collect(), list(&self.names), list(&self.roles)];
        lists.join(&LIST.to_string())
    }

    /// Reads what [`Self::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lists = text.split(LIST);
        let principal = lists.next()?.to_owned();
        let local_name = Some(lists.next()?.to_owned()).filter(|name| !name.is_empty());
        let mut list = || Some(lists.next()?.split_terminator(SEPARATOR).map(str::to_owned).collect());
        Some(Self { principal, local_name, names: list()?, roles: list()? })
    }
}

/// Text of which only visible ASCII is left as it is, without the characters that separate values; all else is
/// percent-encoded.
#[must_use]
pub fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for octet in name.bytes() {
        if octet.is_ascii_graphic() && !SEPARATING.contains(&octet) {
            text.push(char::from(octet));
        } else {
            let _ = write!(text, "%{octet:02X}");
        }
    }
    text
}

/// Visible characters for a header.
#[must_use]
pub fn visible(text: &str) -> HeaderValue {
    // Of such alone it always is one.
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_comes_back_from_its_text() {
        let mut subject = Subject { principal: "alice@TGG.TEST".to_owned(), ..Subject::default() };
        assert_eq!(Subject::from_text(&subject.to_text()), Some(subject.clone()));
        subject.local_name = Some("alice".to_owned());
        subject.names = ["alice@TGG.TEST".to_owned()].into();
        subject.roles = ["a".to_owned(), "b".to_owned()].into();
        assert_eq!(Subject::from_text(&subject.to_text()), Some(subject));
    }

    fn brought(name: &str, is_role: bool) -> Brought {
        Brought { names: vec![Name { text: name.to_owned(), is_role }], ..Brought::default() }
    }

    #[test]
    fn the_modules_of_a_login_make_one_subject_together() {
        let roles = |roles: &[&str]| roles.iter().map(|role| (*role).to_owned()).collect::<BTreeSet<_>>();
        let first = Brought { roles: roles(&["x"]), ..brought("alice@TGG.TEST", true) };
        let facts = Facts { groups: vec!["staff".to_owned()], ..Facts::default() };
        let second = Brought { local_name: Some("alice".to_owned()), facts, ..brought("boss", false) };
        let grants = Grants::new(vec!["g=group:staff".parse().unwrap()]);
        let subject = Subject::of(vec![first, second], &grants).unwrap();
        assert_eq!(subject.principal, "alice@TGG.TEST");
        assert_eq!(subject.local_name.as_deref(), Some("alice"));
        assert_eq!(subject.roles, roles(&["x", "g"]));
        assert!(subject.has("alice@TGG.TEST") && subject.has("x"));
        assert!(!subject.has("boss"), "users may choose such a name themselves");
    }

    #[test]
    fn nobody_in_particular_is_no_subject_nor_is_a_name_that_could_forge_another() {
        assert_eq!(Subject::of(vec![Brought::default()], &Grants::default()), None);
        for name in ["", "alice\u{1f}boss", "alice\nbob"] {
            assert_eq!(Subject::of(vec![brought(name, true)], &Grants::default()), None, "{name:?}");
        }
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
    fn a_role_with_a_comma_is_not_two() {
        let roles = ["a,admin", "büro", "staff"].map(str::to_owned).into();
        let subject = Subject { roles, ..Subject::default() };
        assert_eq!(subject.roles_header(), "a%2Cadmin,b%C3%BCro,staff");
        assert_eq!(Subject::default().roles_header(), "");
    }

    #[test]
    fn a_local_name_is_no_less_guarded() {
        let subject = Subject { local_name: Some("alice ".to_owned()), ..Subject::default() };
        assert_eq!(subject.header(), "alice%20");
    }
}
