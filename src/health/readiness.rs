//! Whether new visitors should be sent here: what a balancer in front is told.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

use super::{Board, Health, Kind};

/// How far the gateway is on its way from start to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// It was told to stop; connections that are open may go on for a while.
    Draining,
    /// Every listener is bound.
    Serving,
    /// Not every listener is bound yet.
    Starting,
}

impl Stage {
    /// One word for pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Serving => "serving",
            Self::Starting => "starting",
        }
    }
}

/// What readiness depends on.
#[derive(Debug)]
pub struct Readiness {
    board: Arc<Board>,
    draining: CancellationToken,
    is_bound: AtomicBool,
}

/// Whether visitors should come, and if not, why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// How far the gateway is.
    pub stage: Stage,
    /// Kerberos realms without any KDC, and services without any back end, that is up.
    pub without: Vec<(Kind, Arc<str>)>,
}

impl Verdict {
    /// Whether visitors should come.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Serving && self.without.is_empty()
    }
}

impl Readiness {
    /// That of a gateway which has not bound its listeners yet, and is told to stop by `draining`.
    #[must_use]
    pub const fn new(board: Arc<Board>, draining: CancellationToken) -> Self {
        Self { board, draining, is_bound: AtomicBool::new(false) }
    }

    /// Notes that every listener is bound.
    pub fn bound(&self) {
        self.is_bound.store(true, Ordering::Release);
    }

    /// How far the gateway is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        if self.draining.is_cancelled() {
            Stage::Draining
        } else if self.is_bound.load(Ordering::Acquire) {
            Stage::Serving
        } else {
            Stage::Starting
        }
    }

    /// Waits until the gateway is told to stop.
    pub async fn drained(&self) {
        self.draining.cancelled().await;
    }

    /// Who is up behind the gateway.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        self.board.read()
    }

    /// Whether visitors should be sent here.
    #[must_use]
    pub fn judge(&self) -> Verdict {
        let mut groups = BTreeMap::<(Kind, Arc<str>), bool>::new();
        // Without a password server a realm still gives tickets.
        for health in self.health().into_iter().filter(|health| health.kind != Kind::Kpasswd) {
            *groups.entry((health.kind, health.of)).or_default() |= health.is_up;
        }
        let without = groups.into_iter().filter(|(_, any_up)| !any_up).map(|(group, _)| group).collect();
        Verdict { stage: self.stage(), without }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::tests::{Fixed, server};

    fn readiness(servers: Vec<Health>) -> Readiness {
        let board = Arc::<Board>::default();
        board.replace(vec![Arc::new(Fixed(servers))]);
        Readiness::new(board, CancellationToken::new())
    }

    #[test]
    fn a_gateway_is_ready_from_its_last_bound_listener_until_it_drains() {
        let readiness = readiness(vec![]);
        assert_eq!(readiness.judge().stage, Stage::Starting);
        assert!(!readiness.judge().is_ready());
        readiness.bound();
        assert!(readiness.judge().is_ready());
        readiness.draining.cancel();
        assert_eq!(readiness.judge().stage, Stage::Draining);
        assert!(!readiness.judge().is_ready());
    }

    #[test]
    fn one_kdc_of_a_realm_that_is_up_is_enough() {
        let one_of_two =
            vec![server(Kind::Kdc, "TGG.TEST", "kdc1", false), server(Kind::Kdc, "TGG.TEST", "kdc2", true)];
        let readiness = readiness(one_of_two);
        readiness.bound();
        assert!(readiness.judge().is_ready());
    }

    #[test]
    fn a_service_without_any_back_end_is_named() {
        let readiness = readiness(vec![
            server(Kind::Backend, "shop", "tcp://10.0.0.1:80", false),
            server(Kind::Kdc, "TGG.TEST", "kdc1", true),
        ]);
        readiness.bound();
        assert_eq!(readiness.judge().without, [(Kind::Backend, "shop".into())]);
    }

    #[test]
    fn a_realm_without_a_password_server_is_ready() {
        let readiness = readiness(vec![server(Kind::Kpasswd, "TGG.TEST", "kdc1", false)]);
        readiness.bound();
        assert!(readiness.judge().is_ready());
    }
}
