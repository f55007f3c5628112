//! What the gateway is watched by: counters, the registry of open sockets, and who is up behind it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    health::{Board, Readiness},
    metrics::Metrics,
    sessions::Sessions,
    signing::Keyrings,
};

/// The instruments of one process. They outlive reloads.
#[derive(Clone, Debug)]
pub struct Instruments {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is open.
    pub sessions: Arc<Sessions>,
    /// Who knows servers behind the gateway.
    pub board: Arc<Board>,
    /// Whether visitors should come.
    pub readiness: Arc<Readiness>,
    /// What services sign with.
    pub keyrings: Arc<Keyrings>,
}

impl Instruments {
    /// Those of a gateway that `draining` tells to stop.
    #[must_use]
    pub fn new(draining: CancellationToken) -> Self {
        let (sessions, board) = (Arc::<Sessions>::default(), Arc::<Board>::default());
        let metrics = Metrics::new(&sessions, &board);
        let readiness = Arc::new(Readiness::new(Arc::clone(&board), draining));
        Self { metrics, sessions, board, readiness, keyrings: Arc::default() }
    }
}
