//! Connections that are kept for the next login, and which servers are left out for a while.
//!
//! A connection is taken out of the pool for as long as it is used and put back by whoever knows that all its answers were
//! read. A login that is given up in the middle drops it, and so closes it. Connections on which entries are searched are
//! never those on which users' passwords are tried.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{ClientConfig, pki_types::ServerName};
use tgg::moment::Moment;

use super::{
    PLACES,
    connection::{Connection, Trouble},
    server::Server,
};
use crate::ambient;

/// How long a server that gave no answer is left out while others do.
const LEFT_OUT: Duration = Duration::from_secs(10);
/// How long a connection is kept that nobody uses. Servers close them after minutes.
const IDLE: Duration = Duration::from_secs(30);
/// Connections of one kind to one server that are kept: as many as logins are judged at once.
const KEPT: usize = PLACES;

/// What a connection is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Use {
    /// To try passwords of users on.
    Passwords,
    /// To look users and groups up, as the search account.
    Search,
}

/// A server, and the connections to it that are kept.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) server: Server,
    /// How it is reached over TLS, and what its certificate is for; nothing where passwords pass in the clear.
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    passwords: Vec<(Connection, Moment)>,
    search: Vec<(Connection, Moment)>,
    /// Until when it is left out.
    out: Option<Moment>,
}

impl State {
    const fn kept(&mut self, to: Use) -> &mut Vec<(Connection, Moment)> {
        match to {
            Use::Passwords => &mut self.passwords,
            Use::Search => &mut self.search,
        }
    }
}

impl Place {
    pub(super) fn new(server: Server, tls: Option<(Arc<ClientConfig>, ServerName<'static>)>) -> Self {
        Self { server, tls, state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that was kept and is still good, the one that was used last.
    pub(super) fn take(&self, to: Use) -> Option<Connection> {
        let now = ambient::now();
        loop {
            let (mut connection, since) = self.state().kept(to).pop()?;
            if now.since(since) < IDLE && connection.is_quiet() {
                return Some(connection);
            }
        }
    }

    /// A new connection.
    pub(super) async fn open(&self) -> Result<Connection, Trouble> {
        Connection::open(&self.server, self.tls.as_ref()).await
    }

    /// Keeps a connection all of whose answers were read.
    pub(super) fn keep(&self, to: Use, connection: Connection) {
        let mut state = self.state();
        let kept = state.kept(to);
        if kept.len() < KEPT {
            kept.push((connection, ambient::now()));
        }
    }

    /// Closes the connections that nobody used for a while.
    pub(super) async fn sweep(&self) {
        let now = ambient::now();
        let mut old = Vec::new();
        {
            let mut state = self.state();
            for to in [Use::Passwords, Use::Search] {
                let kept = state.kept(to);
                let fresh = kept.iter().position(|(_, since)| now.since(*since) < IDLE);
                old.extend(kept.drain(..fresh.unwrap_or(kept.len())));
            }
        }
        for (connection, _) in old {
            // A server that does not listen any more must not hold up the others.
            let _ = tokio::time::timeout(Duration::from_secs(1), connection.close()).await;
        }
    }

    /// Whether it is asked only after the others.
    pub(super) fn is_left_out(&self) -> bool {
        self.state().out.is_some_and(|until| ambient::now() < until)
    }

    /// It gave no answer. What was kept is closed: whatever happened to it happened to those connections too.
    pub(super) fn failed(&self) {
        let mut state = self.state();
        state.out = Some(ambient::now() + LEFT_OUT);
        state.passwords.clear();
        state.search.clear();
    }

    /// It gave an answer.
    pub(super) fn answered(&self) {
        self.state().out = None;
    }
}

/// How often connections that nobody uses are looked for.
pub(super) const SWEEP: Duration = IDLE;
