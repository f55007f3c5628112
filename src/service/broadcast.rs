//! `broadcast`: what one sends, all hear. Clients only receive; what they send is read and thrown away.
//!
//! A message is kept once, whoever has still to take it. A client that takes too little is closed and never has
//! the others wait, nor those who publish.

pub mod source;

use std::{
    collections::{HashMap, VecDeque},
    mem::size_of,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio_tungstenite::tungstenite::Message;

use super::socket::{self, Bounds, Conversation, Ended};
use crate::{answer::Goodbye, notice::Notice};

/// Octets that one read of a publisher takes: the longest message that a stream of octets makes.
const READ: usize = 16 * 1024;

/// What a message costs beside its octets while it waits. Without it tiny ones could hold many times their length.
const COST: usize = size_of::<Bytes>();

/// Messages that a queue keeps room for once all are taken.
const ROOM: usize = 16;

/// Hands messages to all who listen.
#[derive(Clone, Debug)]
pub struct Broadcast {
    hall: Arc<Hall>,
}

#[derive(Debug)]
struct Hall {
    listeners: Mutex<HashMap<u64, Arc<Mutex<Queue>>>>,
    next: AtomicU64,
    max_pending: AtomicUsize,
}

/// What waits for one client.
#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Bytes>,
    /// Octets that wait, with those of the message that is being sent.
    pending: usize,
    /// More came than may wait.
    is_over: bool,
    waker: Option<Waker>,
}

impl Broadcast {
    /// With nobody in it. A client for which more than `max_pending` octets wait is closed.
    #[must_use]
    pub fn new(max_pending: usize) -> Self {
        let hall = Hall {
            listeners: Mutex::default(),
            next: AtomicU64::new(0),
            max_pending: AtomicUsize::new(max_pending),
        };
        Self { hall: Arc::new(hall) }
    }

    /// Serves one client until it closes. `early` is what was read behind the head of the upgrade.
    pub fn serve<I>(&self, io: I, early: Bytes, bounds: &Bounds) -> impl Future<Output = Ended>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        socket::serve(io, early, bounds, self.listen())
    }

    /// Has clients be closed from now on for which more octets than these wait.
    pub fn allow_pending(&self, octets: usize) {
        self.hall.max_pending.store(octets, Ordering::Relaxed);
    }

    /// Sends a message to all who listen now.
    pub fn publish(&self, message: &Bytes) {
        let listeners = locked(&self.hall.listeners);
        let max_pending = self.hall.max_pending.load(Ordering::Relaxed);
        let push = |queue: &Arc<Mutex<Queue>>| locked(queue).push(message, max_pending);
        let wakers: Vec<Waker> = listeners.values().filter_map(push).collect();
        // Whatever runs when they wake may want to leave.
        drop(listeners);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Publishes what arrives on a connection, a message for each piece, until it ends or is told to. Returns the
    /// octets that arrived.
    pub async fn publisher<I>(&self, mut io: I, notice: &Notice) -> u64
    where
        I: AsyncRead + Unpin,
    {
        let (mut octets, mut arrived) = (vec![0; READ], 0_u64);
        loop {
            let read = tokio::select! {
                biased;
                () = notice.given() => return arrived,
                read = io.read(&mut octets) => read,
            };
            let Some(piece) = read.ok().and_then(|read| octets.get(..read)).filter(|piece| !piece.is_empty())
            else {
                return arrived;
            };
            arrived = arrived.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            // Copied, so that it keeps no more than itself.
            self.publish(&Bytes::copy_from_slice(piece));
        }
    }

    fn listen(&self) -> Listener {
        let id = self.hall.next.fetch_add(1, Ordering::Relaxed);
        let queue = Arc::default();
        locked(&self.hall.listeners).insert(id, Arc::clone(&queue));
        Listener { hall: Arc::clone(&self.hall), id, queue, sending: 0 }
    }
}

impl Queue {
    /// Has a message wait, unless too much does already. Whom to wake.
    fn push(&mut self, message: &Bytes, max_pending: usize) -> Option<Waker> {
        if self.is_over {
            return None;
        }
        let cost = message.len() + COST;
        // One message may always wait, however long it is.
        if self.pending > 0 && self.pending + cost > max_pending {
            (self.is_over, self.messages) = (true, VecDeque::new());
        } else {
            self.pending += cost;
            self.messages.push_back(message.clone());
        }
        self.waker.take()
    }

    fn wait(&mut self, context: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => self.waker = Some(context.waker().clone()),
        }
    }
}

/// A client that listens.
struct Listener {
    hall: Arc<Hall>,
    id: u64,
    queue: Arc<Mutex<Queue>>,
    /// What the message costs that the client has still to take.
    sending: usize,
}

impl Conversation for Listener {
    const LISTENS_AHEAD: bool = true;

    fn hear(&mut self, _: Message) {}

    fn poll_say(&mut self, context: &mut Context<'_>) -> Poll<Message> {
        let mut queue = locked(&self.queue);
        queue.pending -= std::mem::take(&mut self.sending).min(queue.pending);
        let Some(message) = queue.messages.pop_front() else {
            if queue.messages.capacity() > ROOM {
                // It may not be needed again for hours.
                queue.messages = VecDeque::new();
            }
            queue.wait(context);
            return Poll::Pending;
        };
        self.sending = message.len() + COST;
        Poll::Ready(Message::Binary(message))
    }

    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<Goodbye> {
        let mut queue = locked(&self.queue);
        if queue.is_over {
            return Poll::Ready(Goodbye::Slow);
        }
        queue.wait(context);
        Poll::Pending
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        locked(&self.hall.listeners).remove(&self.id);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
