//! What a back end is told of a user in the head of a request, and which fields are the gateway's alone for that.

pub mod token;

use http::{HeaderMap, HeaderName, HeaderValue};

use self::token::Token;
use super::head;
use crate::realm::{pass::Pass, subject};

/// The fields that tell a back end who asks. What clients send under any of them never passes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Who it is: the local name, or else the principal.
    pub principal: HeaderName,
    /// The roles, as a list with commas.
    pub roles: Option<HeaderName>,
    /// The realm of the configuration that says so.
    pub realm: Option<HeaderName>,
    /// When the session ends, in seconds since 1970.
    pub ends: Option<HeaderName>,
    /// All of it as a signed token.
    pub token: Option<Token>,
}

/// Why fields cannot tell who asks. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A field that means something else.
    #[error("`{0}` has a meaning of its own; take another field, such as x-remote-user")]
    Meaning(HeaderName),
    /// Two things in one field.
    #[error("`{0}` and `{1}` are one field to some back ends; give each a name of its own")]
    Twice(HeaderName, HeaderName),
}

/// Whether a field may tell of the user: it must have no meaning of its own.
#[must_use]
pub fn may_name(field: &HeaderName) -> bool {
    head::may_name(field)
}

impl Default for Identity {
    fn default() -> Self {
        let principal = HeaderName::from_static("x-remote-user");
        Self { principal, roles: None, realm: None, ends: None, token: None }
    }
}

impl Identity {
    /// All fields that are in use.
    pub fn fields(&self) -> impl Iterator<Item = &HeaderName> {
        let others = [&self.roles, &self.realm, &self.ends].into_iter().flatten();
        let token = self.token.as_ref().map(|token| &token.field);
        std::iter::once(&self.principal).chain(others).chain(token)
    }

    /// Whether the fields can be used, together too.
    ///
    /// # Errors
    ///
    /// Any [`IdentityError`].
    pub fn check(&self) -> Result<(), IdentityError> {
        let mut known: Vec<&HeaderName> = Vec::new();
        for field in self.fields() {
            if !head::may_name(field) {
                return Err(IdentityError::Meaning(field.clone()));
            }
            if let Some(other) = known.iter().find(|known| head::reads_as(field.as_str(), known.as_str())) {
                return Err(IdentityError::Twice((*other).clone(), field.clone()));
            }
            known.push(field);
        }
        Ok(())
    }

    /// Tells who was let in, in clear. What the client said must be stripped already.
    ///
    /// A user without any role has an empty list, and a session without an end no field.
    pub fn tell(&self, headers: &mut HeaderMap, pass: &Pass) {
        let Some(subject) = &pass.subject else { return };
        headers.insert(self.principal.clone(), subject.header());
        if let Some(field) = &self.roles {
            headers.insert(field.clone(), subject.roles_header());
        }
        if let (Some(field), Some(realm)) = (&self.realm, pass.realm.as_deref())
            && !realm.is_empty()
        {
            headers.insert(field.clone(), subject::visible(&subject::encoded(realm)));
        }
        if let (Some(field), Some(ends)) = (&self.ends, pass.ends) {
            headers.insert(field.clone(), HeaderValue::from(ends));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str) -> HeaderName {
        HeaderName::from_static(name)
    }

    #[test]
    fn each_thing_is_told_in_a_field_of_its_own_that_means_nothing_else() {
        assert_eq!(Identity::default().check(), Ok(()));
        let named = |name| Identity { roles: Some(field(name)), ..Identity::default() };
        assert_eq!(named("x-remote-roles").check(), Ok(()));
        assert_eq!(named("cookie").check(), Err(IdentityError::Meaning(field("cookie"))));
        for name in ["x-remote-user", "x_remote.user"] {
            let twice = IdentityError::Twice(field("x-remote-user"), field(name));
            assert_eq!(named(name).check(), Err(twice));
        }
        let same = Identity { ends: Some(field("a-b")), ..named("a_b") };
        assert_eq!(same.check(), Err(IdentityError::Twice(field("a_b"), field("a-b"))));
    }
}
