//! Who behind the gateway is up: KDCs and back ends, and whether the gateway is ready because of it.

mod readiness;

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;

pub use readiness::{Readiness, Stage, Verdict};

/// What is behind the gateway.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A back end of a service.
    Backend,
    /// A KDC of a Kerberos realm.
    Kdc,
    /// A password server of a Kerberos realm.
    Kpasswd,
}

impl Kind {
    /// One word for logs, counters and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Kdc => "kdc",
            Self::Kpasswd => "kpasswd",
        }
    }
}

/// How one server behind the gateway is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Health {
    /// What it is.
    pub kind: Kind,
    /// The Kerberos realm or the service that it is for. One of those for the same is enough.
    pub of: Arc<str>,
    /// What the operator or the DNS calls it.
    pub name: Arc<str>,
    /// Whether it is asked.
    pub is_up: bool,
    /// Since when that is so, in seconds since 1970, UTC; `None`: since it is known.
    pub since: Option<i64>,
}

/// Whoever knows servers behind the gateway.
pub trait Watch: fmt::Debug + Send + Sync {
    /// How they are now.
    fn health(&self) -> Vec<Health>;
}

/// Where all who know servers are found. A reload puts others in place.
#[derive(Debug, Default)]
pub struct Board(ArcSwap<Vec<Arc<dyn Watch>>>);

impl Board {
    /// Has these be asked from now on, and no others.
    pub fn replace(&self, watching: Vec<Arc<dyn Watch>>) {
        self.0.store(Arc::new(watching));
    }

    /// How all servers are now, in an order that does not change. One that several know of is there once.
    #[must_use]
    pub fn read(&self) -> Vec<Health> {
        let mut all: Vec<Health> = self.0.load().iter().flat_map(|watch| watch.health()).collect();
        all.sort_unstable();
        all.dedup_by(|next, known| (next.kind, &next.of, &next.name) == (known.kind, &known.of, &known.name));
        all
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Servers that are as the test says.
    #[derive(Debug)]
    pub(crate) struct Fixed(pub(crate) Vec<Health>);

    impl Watch for Fixed {
        fn health(&self) -> Vec<Health> {
            self.0.clone()
        }
    }

    pub(crate) fn server(kind: Kind, of: &str, name: &str, is_up: bool) -> Health {
        Health { kind, of: of.into(), name: name.into(), is_up, since: None }
    }

    #[test]
    fn a_server_that_two_know_of_is_down_if_one_of_them_says_so() {
        let board = Board::default();
        let said = |is_up| Arc::new(Fixed(vec![server(Kind::Kdc, "TGG.TEST", "kdc1", is_up)]));
        board.replace(vec![said(true), said(false)]);
        assert_eq!(board.read(), [server(Kind::Kdc, "TGG.TEST", "kdc1", false)]);
    }
}
