//! The part of a URL behind `?`: which sessions are meant.

use crate::{record::RequestId, sessions::Wanted};

/// Sessions on a page, and the most that can be asked for.
pub(super) const PAGE: usize = 100;
const MOST: usize = 1000;

/// What is asked for.
#[derive(Debug, Default)]
pub(super) struct Query {
    wanted: Wanted,
}

/// Why a query is not understood.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum QueryError {
    /// Not the name of a session.
    #[error("before= is no id of a session; take it from \"more\" in the last answer")]
    Before,
    /// Not a number from 1 to [`MOST`].
    #[error("limit= is no number from 1 to {MOST}")]
    Limit,
    /// A parameter that there is not.
    #[error("only service=, principal=, text=, before= and limit= can stand behind the question mark")]
    Unknown,
}

impl Query {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    ///
    /// Any [`QueryError`].
    pub(super) fn read(text: &str) -> Result<Self, QueryError> {
        let mut wanted = Wanted { most: PAGE, ..Wanted::default() };
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "before" => wanted.before = Some(RequestId::parse(&value).ok_or(QueryError::Before)?),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                    wanted.most = limit.ok_or(QueryError::Limit)?;
                }
                "principal" => wanted.principal = Some(value.into_owned()),
                "service" => wanted.service = Some(value.into_owned()),
                "text" => wanted.text = Some(value.into_owned()),
                _ => return Err(QueryError::Unknown),
            }
        }
        Ok(Self { wanted })
    }

    pub(super) fn wanted(&self) -> Wanted {
        self.wanted.clone()
    }

    /// The principal whose sessions are meant, if the query says nothing else.
    pub(super) fn principal(&self) -> Option<&str> {
        let only =
            Wanted { principal: self.wanted.principal.clone(), most: self.wanted.most, ..Wanted::default() };
        self.wanted.principal.as_deref().filter(|_| only == self.wanted)
    }
}
