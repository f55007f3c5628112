//! Connections to a back end that are open before anybody asks for one.
//!
//! What a client sends never goes to a connection that ended while it waited: each is looked at before it is used, and
//! where none is left one is opened.

use std::{
    collections::VecDeque,
    os::fd::AsFd as _,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use tokio::{
    io::AsyncBufRead as _,
    sync::Notify,
    time::{sleep, timeout},
};
use tracing::debug;

use super::{
    dial::{Connection, Dialler},
    failure::BackendFailure,
    recovery::pause,
};

/// How often connections that wait are looked at, so that those that ended are replaced.
const LOOK: Duration = Duration::from_secs(1);
/// The longest time between two tries to open them.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Connections that are opened at the same time.
const AT_ONCE: usize = 8;

/// The way to a back end, and the connections that wait.
#[derive(Debug)]
pub struct Ready {
    dialler: Dialler,
    count: usize,
    /// Whether the back end may speak first. One of HTTP that does so turns the connection down.
    speaks_first: bool,
    waiting: Mutex<VecDeque<Connection>>,
    taken: Notify,
}

impl Ready {
    /// A way on which `count` connections are kept open by [`Self::keep`].
    #[must_use]
    pub fn new(dialler: Dialler, count: usize, speaks_first: bool) -> Self {
        Self { dialler, count, speaks_first, waiting: Mutex::default(), taken: Notify::new() }
    }

    /// The way itself.
    #[must_use]
    pub const fn dialler(&self) -> &Dialler {
        &self.dialler
    }

    /// How many connections wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// The connection that waited for the shortest time, if there is one that lives.
    #[must_use]
    pub fn take(&self) -> Option<Connection> {
        if self.count == 0 {
            return None;
        }
        let connection = loop {
            let mut connection = self.lock().pop_back()?;
            if is_alive(&mut connection, self.speaks_first) {
                break connection;
            }
        };
        self.taken.notify_one();
        Some(connection)
    }

    /// A connection that waited, or else one that is opened now, with `preface` as its first octets.
    ///
    /// # Errors
    ///
    /// As [`Dialler::dial`].
    pub async fn open(&self, preface: &[u8]) -> Result<Connection, BackendFailure> {
        if let Some(mut connection) = self.take()
            && self.dialler.begin(&mut connection, preface).await.is_ok()
        {
            return Ok(connection);
        }
        // One that ended since it was looked at was told of a client and of nothing else.
        let mut connection = self.dialler.dial().await?;
        self.dialler.begin(&mut connection, preface).await?;
        Ok(connection)
    }

    /// Keeps the connections open for as long as it is polled.
    pub async fn keep(&self) {
        if self.count == 0 {
            return;
        }
        let mut failures = 0;
        loop {
            match self.fill().await {
                Ok(()) => failures = 0,
                Err(why) => {
                    failures += 1;
                    debug!(backend = %self.dialler, "No connection waits: {why}");
                    sleep(pause(failures, LONGEST_PAUSE)).await;
                    continue;
                }
            }
            let _ = timeout(LOOK, self.taken.notified()).await;
            self.lock().retain_mut(|connection| is_alive(connection, self.speaks_first));
        }
    }

    /// Opens what is missing; stops at the first that cannot be opened.
    async fn fill(&self) -> Result<(), BackendFailure> {
        let missing = self.count.saturating_sub(self.waiting());
        let mut opened = stream::iter(0..missing).map(|_| self.dialler.dial()).buffer_unordered(AT_ONCE);
        while let Some(connection) = opened.next().await {
            self.lock().push_back(connection?);
        }
        Ok(())
    }

    /// Stays usable if another thread panicked: each change under the lock is complete in itself.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Connection>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a connection that nothing was sent on can be used. What its back end said already stays in it.
fn is_alive(connection: &mut Connection, speaks_first: bool) -> bool {
    let stream = match connection {
        Connection::Later(_) => return true,
        Connection::Plain(stream) => &*stream,
        Connection::Tls(stream) => stream.get_ref().0,
    };
    // The kernel is asked, since the runtime may not have heard of an end that is there.
    let mut asked = [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN | PollFlags::RDHUP)];
    let events = loop {
        match poll(&mut asked, Some(&Timespec::default())) {
            Ok(_) => {
                let [asked] = &asked;
                break asked.revents();
            }
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    };
    if events.intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR) {
        return false;
    }
    match connection {
        // TLS has things of its own to say, such as session tickets.
        Connection::Tls(stream) => {
            let mut context = Context::from_waker(Waker::noop());
            match Pin::new(&mut **stream).poll_fill_buf(&mut context) {
                Poll::Pending => true,
                Poll::Ready(Ok(said)) => !said.is_empty() && speaks_first,
                Poll::Ready(Err(_)) => false,
            }
        }
        _ => speaks_first || !events.contains(PollFlags::IN),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        task::yield_now,
    };

    use super::*;

    /// A way to a listener of this test, with so many connections in advance, and that listener.
    async fn way(count: usize, speaks_first: bool) -> (Ready, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap()).parse().unwrap();
        let dialler = Dialler::new(&url, None, Duration::from_secs(30)).unwrap();
        (Ready::new(dialler, count, speaks_first), listener)
    }

    /// Accepts a connection, while connections are kept ready and until as many wait.
    async fn accept(ready: &Ready, listener: &TcpListener) -> TcpStream {
        let accepted = async {
            let (stream, _) = listener.accept().await.unwrap();
            while ready.waiting() == 0 {
                yield_now().await;
            }
            stream
        };
        tokio::select! {
            () = ready.keep() => panic!("it keeps them for ever"),
            stream = accepted => stream,
        }
    }

    /// Waits until this host has heard of what the other end did.
    async fn settle(ready: &Ready, is_alive: bool) {
        loop {
            let mut waiting = ready.lock().pop_back().unwrap();
            let lives = super::is_alive(&mut waiting, ready.speaks_first);
            ready.lock().push_back(waiting);
            if lives == is_alive {
                return;
            }
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_connection_waits_and_is_used_once() {
        let (ready, listener) = way(1, false).await;
        let mut backend = accept(&ready, &listener).await;
        let mut taken = ready.take().unwrap();
        assert!(ready.take().is_none());
        taken.write_all(b"x").await.unwrap();
        assert_eq!(backend.read_u8().await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn one_that_was_taken_is_replaced() {
        let (ready, listener) = way(1, false).await;
        let _first = accept(&ready, &listener).await;
        let _taken = ready.take().unwrap();
        let _second = accept(&ready, &listener).await;
        assert_eq!(ready.waiting(), 1);
    }

    #[tokio::test]
    async fn one_that_ended_while_it_waited_is_not_used() {
        let (ready, listener) = way(1, true).await;
        drop(accept(&ready, &listener).await);
        settle(&ready, false).await;
        let opened = tokio::spawn(async move { ready.open(&[]).await.map(|_| ready) });
        listener.accept().await.unwrap();
        assert!(opened.await.unwrap().is_ok(), "another one is opened");
    }

    #[tokio::test]
    async fn a_greeting_waits_with_the_connection() {
        let (ready, listener) = way(1, true).await;
        let mut backend = accept(&ready, &listener).await;
        backend.write_all(b"hello").await.unwrap();
        let mut taken = ready.take().unwrap();
        let mut greeting = [0; 5];
        taken.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"hello");
    }

    #[tokio::test]
    async fn a_server_of_http_that_speaks_first_has_given_the_connection_up() {
        let (ready, listener) = way(1, false).await;
        let mut backend = accept(&ready, &listener).await;
        backend.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").await.unwrap();
        settle(&ready, false).await;
        assert!(ready.take().is_none());
    }
}
