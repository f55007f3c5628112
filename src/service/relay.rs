//! Kerberos over WebSocket: a byte stream as KAAZING's clients expect it, or whole messages.
//!
//! There is no standard. Without a sub-protocol the socket is a stream of units that are told apart by
//! their first octet ([`tgg::envelope`]); the sub-protocols declare it:
//!
//! - `krb5.tcp`: the stream of RFC 4120 section 7.2.2 and nothing else; answers in order.
//! - `kkdcp`: one KDC-PROXY-MESSAGE in each message; answers in order.
//! - `kkdcp.mux`: four octets of the client's choice and a KDC-PROXY-MESSAGE in each message; answers carry
//!   the same four octets and come in any order.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{FuturesOrdered, FuturesUnordered},
};
use tgg::envelope::{self, Carries, MAX_UNIT, Malformed, Opened, Stream};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message},
};

use super::{
    kerberos5_proxy::{Answered, Kerberos5Proxy},
    socket,
};
use crate::{
    ambient,
    answer::{Goodbye, OnStream, on_stream},
    limits::{Peer, Timeouts},
    notice::Notice,
    record::Via,
    sessions::Octets,
    term::Term,
    ws::{self, Frames, Metered, Read},
};

/// Octets of the request id of `kkdcp.mux`.
const ID: usize = 4;

/// Longest WebSocket message, in octets.
const MAX_MESSAGE: usize = MAX_UNIT + ID;

/// Requests of one socket in flight. While there are so many the socket is not read.
const MAX_IN_FLIGHT: usize = 64;

/// What a socket carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// `kkdcp`
    Kkdcp,
    /// `kkdcp.mux`
    Mux,
    /// `krb5.tcp`, or none.
    Stream(Carries),
}

impl Protocol {
    /// The first of the offered sub-protocols that is known, and its name for the answer.
    #[must_use]
    pub fn choose<'a>(offered: impl Iterator<Item = &'a str>) -> (Self, Option<&'static str>) {
        let mut known = offered.filter_map(|name| match name {
            "kkdcp" => Some((Self::Kkdcp, Some("kkdcp"))),
            "kkdcp.mux" => Some((Self::Mux, Some("kkdcp.mux"))),
            "krb5.tcp" => Some((Self::Stream(Carries::Framed), Some("krb5.tcp"))),
            _ => None,
        });
        known.next().unwrap_or((Self::Stream(Carries::Any), None))
    }
}

/// Where a socket came from and what bounds it.
#[derive(Debug)]
pub struct Bounds {
    /// Counts the peer.
    pub peer: Arc<Peer>,
    /// For the record.
    pub via: Via,
    /// How long it may idle, and take for a message.
    pub timeouts: Timeouts,
    /// Octets of its longest message, as long as Kerberos needs no more.
    pub max_message: usize,
    /// When it ends at the latest.
    pub ends: Term,
    /// Says from outside that it is to end.
    pub notice: Notice,
    /// Is told what has passed.
    pub octets: Arc<Octets>,
}

/// Serves one socket until it closes, and says why it did in a word.
pub async fn serve<I>(
    service: Arc<Kerberos5Proxy>,
    io: I,
    early: Bytes,
    protocol: Protocol,
    bounds: Bounds,
) -> &'static str
where
    I: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut socket = ws::server(io, early, bounds.max_message.min(MAX_MESSAGE)).await;
    let goodbye = converse(&service, &mut socket, protocol, &bounds).await;
    if let Some(goodbye) = goodbye {
        socket::part(&mut socket, goodbye, bounds.timeouts.message).await;
    }
    bounds.octets.set(socket.get_ref().arrived(), socket.get_ref().sent());
    goodbye.map_or("client_closed", Goodbye::word)
}

/// Takes requests and sends answers until there is a reason to say goodbye; `None` if the peer left.
async fn converse<I>(
    service: &Kerberos5Proxy,
    socket: &mut WebSocketStream<Metered<I>>,
    protocol: Protocol,
    bounds: &Bounds,
) -> Option<Goodbye>
where
    I: AsyncRead + AsyncWrite + Unpin + Send,
{
    let Timeouts { idle, message, .. } = bounds.timeouts;
    let mut reader = Reader::new(protocol);
    let mut in_flight = InFlight::new(protocol);
    let mut idle_until = ambient::now() + idle;
    // Since when a unit has been arriving that is not whole, if only as a part of a frame.
    let mut begun = None;
    let mut frames = Frames::default();
    // Set once no more requests are taken: the last answers go out before the goodbye.
    let mut ending = None;
    loop {
        while ending.is_none() && in_flight.len() < MAX_IN_FLIGHT {
            match reader.unit() {
                Ok(Some(unit)) => {
                    begun = None;
                    in_flight.push(Box::pin(answer(service, unit, bounds)));
                }
                Ok(None) => break,
                Err((malformed, octets)) => {
                    let refused = service.refuse(malformed, octets, bounds.via);
                    ending = outcome(Wrapping::None, refused).err();
                }
            }
        }
        if ending.is_some() && in_flight.is_empty() {
            return ending;
        }
        if frames.is_partial() || reader.is_partial() {
            begun.get_or_insert_with(ambient::now);
        } else {
            begun = None;
        }
        bounds.octets.set(socket.get_ref().arrived(), socket.get_ref().sent());
        let patience = begun.map_or(idle_until, |begun| begun + message);
        let listening = ending.is_none() && in_flight.len() < MAX_IN_FLIGHT;
        // One timer for both, since each takes room in every socket that idles.
        let expires = bounds.ends.next().filter(|_| ending.is_none()).map(|at| (at, None));
        let idles = (listening && in_flight.is_empty()).then_some((patience, Some(Goodbye::Idle)));
        let due = expires.into_iter().chain(idles).min_by_key(|(at, _)| *at);
        tokio::select! {
            biased;
            Some(outcome) = in_flight.next(), if !in_flight.is_empty() => {
                // A peer that does not read its answers is not waited for.
                match outcome {
                    Ok(answer) => timeout(message, socket.send(Message::Binary(answer))).await.ok()?.ok()?,
                    Err(goodbye) => return Some(goodbye),
                }
                idle_until = ambient::now() + idle;
            }
            () = bounds.notice.given(), if ending.is_none() => ending = Some(bounds.notice.goodbye()),
            () = sleep_until(ambient::instant(due.map(|(at, _)| at).unwrap_or_default())), if due.is_some() => {
                // Where no end has come by now, its user has moved it.
                ending = due.and_then(|(_, idle)| idle.or_else(|| bounds.ends.over(ambient::now())));
            }
            // The last, because a flood keeps it ready.
            read = frames.next(socket), if listening => match read {
                Read::Begun => {}
                Read::Message(message) => match message? {
                    Ok(Message::Binary(octets)) => reader.take(octets),
                    Ok(Message::Text(_)) | Err(tungstenite::Error::Utf8(_)) => ending = Some(Goodbye::Text),
                    Ok(_) => {}
                    Err(error) => ending = Some(socket::breach(&error)?),
                },
            },
        }
    }
}

/// An answer to send, or the reason to say goodbye.
type Outcome = Result<Bytes, Goodbye>;

async fn answer(service: &Kerberos5Proxy, unit: Unit, bounds: &Bounds) -> Outcome {
    let envelope = unit.opened.envelope;
    let answered = service.answer(unit.opened, &bounds.peer, bounds.via).await;
    outcome(Wrapping::Envelope(envelope, unit.id), answered)
}

enum Wrapping {
    Envelope(envelope::Envelope, Option<[u8; ID]>),
    /// It could not be opened, so it cannot be answered in kind.
    None,
}

fn outcome(wrapping: Wrapping, answered: Answered) -> Outcome {
    if let Err(why) = &answered.reply
        && let OnStream::Close(code) = on_stream(why)
    {
        return Err(Goodbye::Refused(code));
    }
    let Wrapping::Envelope(envelope, id) = wrapping else { return Err(Goodbye::Protocol) };
    let sealed = envelope.seal(answered.reply_or_error());
    Ok(match id {
        Some(id) => {
            let mut message = BytesMut::with_capacity(ID + sealed.len());
            message.extend_from_slice(&id);
            message.extend_from_slice(&sealed);
            message.freeze()
        }
        None => sealed,
    })
}

/// A request and what its answer must carry.
struct Unit {
    id: Option<[u8; ID]>,
    opened: Opened,
}

/// Turns WebSocket messages into requests.
struct Reader {
    protocol: Protocol,
    stream: Stream,
    message: Option<Bytes>,
}

impl Reader {
    fn new(protocol: Protocol) -> Self {
        let carries = match protocol {
            Protocol::Stream(carries) => carries,
            Protocol::Kkdcp | Protocol::Mux => Carries::Any,
        };
        Self { protocol, stream: Stream::new(carries), message: None }
    }

    fn take(&mut self, octets: Bytes) {
        match self.protocol {
            Protocol::Stream(_) => self.stream.push(octets),
            Protocol::Kkdcp | Protocol::Mux => self.message = Some(octets),
        }
    }

    fn is_partial(&self) -> bool {
        self.stream.is_partial()
    }

    /// The next request; an error comes with the octets of what is malformed.
    fn unit(&mut self) -> Result<Option<Unit>, (Malformed, usize)> {
        if matches!(self.protocol, Protocol::Stream(_)) {
            let opened = self.stream.unit().map_err(|malformed| (malformed, self.stream.held()))?;
            return Ok(opened.map(|opened| Unit { id: None, opened }));
        }
        let Some(mut message) = self.message.take() else { return Ok(None) };
        let octets = message.len();
        let mut id = None;
        if self.protocol == Protocol::Mux {
            id = message.split_first_chunk::<ID>().map(|(id, _)| *id);
            message = message.split_off(ID.min(octets));
        }
        let opened = envelope::open_kkdcp(&message).map_err(|malformed| (malformed, octets))?;
        Ok(Some(Unit { id, opened }))
    }
}

type Pending<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Answers that are being waited for.
enum InFlight<'a> {
    AnyOrder(FuturesUnordered<Pending<'a>>),
    Ordered(FuturesOrdered<Pending<'a>>),
}

impl<'a> InFlight<'a> {
    fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Mux => Self::AnyOrder(FuturesUnordered::new()),
            Protocol::Kkdcp | Protocol::Stream(_) => Self::Ordered(FuturesOrdered::new()),
        }
    }

    fn push(&mut self, pending: Pending<'a>) {
        match self {
            Self::AnyOrder(set) => set.push(pending),
            Self::Ordered(queue) => queue.push_back(pending),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::AnyOrder(set) => set.len(),
            Self::Ordered(queue) => queue.len(),
        }
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    async fn next(&mut self) -> Option<Outcome> {
        match self {
            Self::AnyOrder(set) => set.next().await,
            Self::Ordered(queue) => queue.next().await,
        }
    }
}
