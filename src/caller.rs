//! Who sent a request, as far as the connection tells.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    limits::{Peer, Timeouts},
    realm::visitor::Visitor,
    sessions::Sessions,
};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Counts the peer.
    pub peer: Arc<Peer>,
    /// Its connection.
    pub visitor: Arc<Visitor>,
    /// `http` or `https`, as the client sees the connection.
    pub scheme: &'static str,
    /// How long it is waited for.
    pub timeouts: Timeouts,
    /// Says that the gateway goes down.
    pub draining: CancellationToken,
    /// All sockets that are open.
    pub sessions: Arc<Sessions>,
}
