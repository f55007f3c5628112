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
    pub(super) fn take(&self, to: Use, now: Moment) -> Option<Connection> {
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
    pub(super) fn keep(&self, to: Use, connection: Connection, now: Moment) {
        let mut state = self.state();
        let kept = state.kept(to);
        if kept.len() < KEPT {
            kept.push((connection, now));
        }
    }

    /// Closes the connections that nobody used for a while.
    pub(super) async fn sweep(&self, now: Moment) {
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
    pub(super) fn is_left_out(&self, now: Moment) -> bool {
        self.state().out.is_some_and(|until| now < until)
    }

    /// It gave no answer. What was kept is closed: whatever happened to it happened to those connections too.
    pub(super) fn failed(&self, now: Moment) {
        let mut state = self.state();
        state.out = Some(now + LEFT_OUT);
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

#[cfg(test)]
mod tests {
    use tokio::{
        io::AsyncWriteExt as _,
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::realm::module::ldap::server::Protection;

    const START: Moment = Moment::after_start(Duration::from_secs(100));

    async fn place() -> (Place, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server =
            Server { host: "127.0.0.1".to_owned(), port, protection: Protection::Clear, base: String::new() };
        (Place::new(server, None), listener)
    }

    /// A connection that is kept, and its other end.
    async fn kept(place: &Place, listener: &TcpListener, at: Moment) -> TcpStream {
        let (connection, accepted) = tokio::join!(place.open(), listener.accept());
        place.keep(Use::Search, connection.unwrap(), at);
        accepted.unwrap().0
    }

    #[tokio::test]
    async fn a_connection_is_used_again_for_what_it_was_kept_for() {
        let (place, listener) = place().await;
        let _far = kept(&place, &listener, START).await;
        assert!(place.take(Use::Passwords, START).is_none());
        assert!(place.take(Use::Search, START).is_some());
        assert!(place.take(Use::Search, START).is_none());
    }

    #[tokio::test]
    async fn a_connection_that_rested_too_long_is_not_used() {
        let (place, listener) = place().await;
        let _far = kept(&place, &listener, START).await;
        assert!(place.take(Use::Search, START + IDLE).is_none());
    }

    #[tokio::test]
    async fn a_connection_that_its_server_closed_or_spoke_on_is_not_used() {
        let (place, listener) = place().await;
        drop(kept(&place, &listener, START).await);
        let mut spoke = kept(&place, &listener, START).await;
        spoke.write_all(b"x").await.unwrap();
        // It is the last that was kept, and so the first that is tried.
        let _good = kept(&place, &listener, START).await;
        // The kernel has told both ends by now; the reactor is told with the next event.
        tokio::task::yield_now().await;
        assert!(place.take(Use::Search, START).is_some());
        assert!(place.take(Use::Search, START).is_none());
    }

    #[tokio::test]
    async fn what_nobody_used_is_closed_with_a_word() {
        let (place, listener) = place().await;
        let mut old = kept(&place, &listener, START).await;
        let _fresh = kept(&place, &listener, START + IDLE).await;
        place.sweep(START + IDLE).await;
        let mut said = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut old, &mut said).await.unwrap();
        assert_eq!(said, b"\x30\x05\x02\x01\x01\x42\x00");
        assert!(place.take(Use::Search, START + IDLE).is_some());
    }

    #[tokio::test]
    async fn a_server_that_gave_no_answer_is_left_out_for_a_while() {
        let (place, listener) = place().await;
        let _far = kept(&place, &listener, START).await;
        place.failed(START);
        assert!(place.take(Use::Search, START).is_none());
        assert!(place.is_left_out(START + Duration::from_secs(9)));
        assert!(!place.is_left_out(START + LEFT_OUT));
        place.failed(START);
        place.answered();
        assert!(!place.is_left_out(START));
    }
}
