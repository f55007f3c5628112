//! The signals that an operator sends.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals as they arrive.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    reload: Signal,
}

/// What a signal orders.
pub(super) enum Order {
    Reload,
    Stop,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.terminate.recv() => Order::Stop,
            _ = self.reload.recv() => Order::Reload,
        }
    }
}
