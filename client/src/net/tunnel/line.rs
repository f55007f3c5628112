//! The WebSocket to the gateway: opened when it is needed, shared by all requests, opened again when it ended.
//!
//! A gateway that chooses `kkdcp.mux` answers by the numbers of requests, in any order, on one socket. Any other relays
//! a stream, as KAAZING Gateway's proxy does, whose KDC may close it behind each answer: there each request has a socket
//! of its own. Proxies agree to whatever sub-protocol is offered, so one that answers nothing to the first is one too.
//!
//! A request whose socket ended is not sent again: the KDC may have read it, and its client knows what to do.

use std::{collections::HashMap, pin::Pin, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use http::StatusCode;
use krb::frame;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Interval, MissedTickBehavior, Sleep, interval, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};
use tracing::{debug, info, warn};
use url::Url;

use super::request::{self, Request};
use crate::net::{
    dial::{Connection, DialError, Dialler},
    upgrade::{Answer, Asking, UpgradeError, Wish},
};

/// Messages that carry the number of their request.
const MUX: &str = "kkdcp.mux";
/// A stream of messages with their lengths in front; what a gateway that chooses nothing carries too.
const STREAM: &str = "krb5.tcp";

/// How long it may take until the socket is open. Stock clients ask elsewhere after a second and give up after some.
const OPEN_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take: gateways give up on KDCs after nine seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long a message may take to be written.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// How long the gateway is left alone after the first failure, and after many.
const REST: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];
/// How often the socket is tried. A second time without an answer, and it is dead.
const PING_EVERY: Duration = Duration::from_secs(15);
/// So many of those without a request, and the socket is closed: sooner than networks forget it.
const MAX_IDLE: u32 = 16;
/// Requests of one socket in flight. Gateways read no more before they have answered some.
const MAX_IN_FLIGHT: usize = 64;
/// Sockets for requests that each have their own.
const MAX_SOCKETS: usize = 16;
/// Questions that wait for the socket. Their number is bounded by those who ask.
const QUEUE: usize = 64;
/// Octets of the longest message from the gateway: that of a KDC, and its envelope.
const MAX_MESSAGE: usize = frame::MAX_MESSAGE + 1024;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error(
        "the gateway refused the WebSocket with {0}; see that the path of its URL is right, and that its log says why"
    )]
    Refused(StatusCode),
    #[error("the gateway does not answer within {} seconds", OPEN_WITHIN.as_secs())]
    Silent,
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unanswered {
    /// It was sent, and the gateway said nothing more, or it could not be sent in time. It may have been read.
    Lost,
    /// The gateway reaches no KDC.
    NoKdc,
    /// The gateway cannot be reached.
    Unreachable,
}

/// A request, and who waits for its answer. Whoever drops it says that it is lost.
#[derive(Debug)]
pub(super) struct Question {
    request: Request,
    answer: oneshot::Sender<Result<Bytes, Unanswered>>,
}

impl Question {
    fn answered(self, answer: Result<Bytes, Unanswered>) {
        // Who asked may have given up.
        let _ = self.answer.send(answer);
    }
}

/// Asks the gateway.
#[derive(Clone, Debug)]
pub(super) struct Uplink(mpsc::Sender<Question>);

impl Uplink {
    /// Its two ends.
    pub(super) fn new() -> (Self, mpsc::Receiver<Question>) {
        let (uplink, questions) = mpsc::channel(QUEUE);
        (Self(uplink), questions)
    }

    /// The answer to a request: a Kerberos message as the KDC, or the gateway in its place, made it.
    pub(super) async fn ask(&self, request: Request) -> Result<Bytes, Unanswered> {
        let asked = async {
            let (answer, answered) = oneshot::channel();
            self.0.send(Question { request, answer }).await.map_err(|_| Unanswered::Lost)?;
            answered.await.unwrap_or(Err(Unanswered::Lost))
        };
        timeout(ANSWER_WITHIN, asked).await.unwrap_or(Err(Unanswered::Lost))
    }
}

/// The way to the gateway.
#[derive(Debug)]
pub(super) struct Line {
    /// Gateways, in the order to ask them.
    gateways: Vec<(Url, Wish)>,
    dialler: Dialler,
    /// Attempts that failed since the last one that did not.
    failures: u32,
    /// Set after a failure.
    rest: Option<Pin<Box<Sleep>>>,
}

type Socket = WebSocketStream<Connection>;

/// A socket, whose it is, and whether it carries the numbers of requests.
struct Opened {
    socket: Socket,
    gateway: usize,
    is_mux: bool,
}

impl Line {
    /// Nothing is opened yet.
    pub(super) fn new(urls: Vec<Url>, dialler: Dialler) -> Result<Self, DialError> {
        let gateway = |url: Url| {
            let mut wish = Wish::of(&url)?;
            wish.protocols = vec![MUX.to_owned(), STREAM.to_owned()];
            Ok((url, wish))
        };
        let gateways = urls.into_iter().map(gateway).collect::<Result<_, _>>()?;
        Ok(Self { gateways, dialler, failures: 0, rest: None })
    }

    /// Answers questions until nobody is left to ask. The first socket is opened at once, so that the log says early
    /// whether the gateway is there.
    pub(super) async fn run(mut self, mut questions: mpsc::Receiver<Question>) {
        let mut alone = JoinSet::new();
        let mut next = None;
        loop {
            if let Some(rest) = &mut self.rest {
                rest.await;
            }
            match self.open().await {
                Some(Opened { socket, gateway, is_mux: true }) => {
                    match share(socket, next.take(), &mut questions).await {
                        Ended::Unneeded => return,
                        Ended::Unanswered => self.is_stream(gateway),
                        Ended::Idle | Ended::Lost => {}
                    }
                }
                Some(Opened { socket, is_mux: false, .. }) => {
                    while alone.len() >= MAX_SOCKETS {
                        alone.join_next().await;
                    }
                    alone.spawn(ask_alone(socket, next.take()));
                }
                None => {
                    let waiting = std::iter::from_fn(|| questions.try_recv().ok());
                    next.take().into_iter().chain(waiting).for_each(|question: Question| {
                        question.answered(Err(Unanswered::Unreachable));
                    });
                }
            }
            // Who asked may have given up while the gateway was left alone.
            while next.as_ref().is_none_or(|question: &Question| question.answer.is_closed()) {
                next = questions.recv().await;
                if next.is_none() {
                    while alone.join_next().await.is_some() {}
                    return;
                }
            }
        }
    }

    /// Offers this gateway nothing but streams from now on.
    fn is_stream(&mut self, gateway: usize) {
        if let Some((url, wish)) = self.gateways.get_mut(gateway) {
            info!(gateway = %url, "The gateway answers no numbered requests; each has a socket of its own now");
            wish.protocols = vec![STREAM.to_owned()];
        }
    }

    /// A socket to the first gateway that grants one.
    async fn open(&mut self) -> Option<Opened> {
        for (gateway, (url, wish)) in self.gateways.iter().enumerate() {
            let opened = timeout(OPEN_WITHIN, open(&self.dialler, url, wish)).await;
            match opened.unwrap_or(Err(LineError::Silent)) {
                Ok((socket, is_mux)) => {
                    if self.failures > 0 {
                        info!(gateway = %url, "The gateway can be reached again");
                    }
                    self.failures = 0;
                    self.rest = None;
                    return Some(Opened { socket, gateway, is_mux });
                }
                // Once is enough for who reads it, until it changes.
                Err(error) if self.failures == 0 => {
                    warn!(gateway = %url, "The gateway cannot be used: {error}")
                }
                Err(error) => debug!(gateway = %url, "The gateway still cannot be used: {error}"),
            }
        }
        let [first, most] = REST;
        let rest = first.saturating_mul(1 << self.failures.min(8)).min(most);
        self.failures = self.failures.saturating_add(1);
        self.rest = Some(Box::pin(sleep(rest)));
        None
    }
}

/// A socket, and whether it carries the numbers of requests.
async fn open(dialler: &Dialler, url: &Url, wish: &Wish) -> Result<(Socket, bool), LineError> {
    let connection = dialler.dial(url).await?;
    let switched = match Asking::on(connection).await?.ask(wish).await? {
        Answer::Switched(switched) => switched,
        Answer::Refused(refused) => return Err(LineError::Refused(refused.status)),
    };
    debug!(gateway = %url, protocol = switched.protocol, "Connected");
    let is_mux = switched.protocol.as_deref() == Some(MUX);
    let config =
        WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    Ok((switched.socket(config).await, is_mux))
}

/// Why a shared socket ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ended {
    /// Nothing was asked for a while.
    Idle,
    /// The gateway closed it, is gone, or sent what is no answer.
    Lost,
    /// The same, before it ever answered what it was asked.
    Unanswered,
    /// Nobody is left to ask.
    Unneeded,
}

/// Sends questions as they come, and answers as they come back. Those that are left at the end are lost.
async fn share(
    mut socket: Socket,
    first: Option<Question>,
    questions: &mut mpsc::Receiver<Question>,
) -> Ended {
    let mut shared =
        Shared { pending: HashMap::new(), last: 0, idle: 0, is_heard: true, has_answered: false };
    let mut ticks = ticks();
    let mut next = first;
    let ended = loop {
        if let Some(question) = next.take()
            && !send(&mut socket, Message::Binary(shared.number(question))).await
        {
            break Ended::Lost;
        }
        tokio::select! {
            message = socket.next() => match shared.hear(message) {
                Ok(()) => {}
                Err(ended) => break ended,
            },
            question = questions.recv(), if shared.pending.len() < MAX_IN_FLIGHT => match question {
                Some(question) => next = Some(question),
                None => break Ended::Unneeded,
            },
            _ = ticks.tick() => {
                if let Err(ended) = shared.tick() {
                    break ended;
                }
                if !send(&mut socket, Message::Ping(Bytes::new())).await {
                    break Ended::Lost;
                }
            }
        }
    };
    debug!(unanswered = shared.pending.len(), "Socket ended: {ended:?}");
    let is_unanswered = ended == Ended::Lost && !shared.has_answered && !shared.pending.is_empty();
    let ended = if is_unanswered { Ended::Unanswered } else { ended };
    // Those who wait are told before the gateway is.
    drop(shared);
    part(socket).await;
    ended
}

fn ticks() -> Interval {
    let mut ticks = interval(PING_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}

/// What is known of a socket that many share.
struct Shared {
    pending: HashMap<u32, Question>,
    /// The number of the last question.
    last: u32,
    /// Ticks since there was a question.
    idle: u32,
    /// Whether anything arrived since the last tick.
    is_heard: bool,
    /// Whether a request was ever answered.
    has_answered: bool,
}

impl Shared {
    /// Gives a question its number, and shows what to send.
    fn number(&mut self, question: Question) -> Bytes {
        self.idle = 0;
        self.last = self.last.wrapping_add(1);
        let unit = question.request.sealed(self.last);
        self.pending.insert(self.last, question);
        unit
    }

    fn hear(
        &mut self,
        message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Result<(), Ended> {
        self.is_heard = true;
        match message {
            Some(Ok(Message::Binary(unit))) => {
                let (id, answer) = request::answer(&unit).ok_or(Ended::Lost)?;
                // Who asked may have given up, or the gateway answers twice.
                if let Some(question) = self.pending.remove(&id) {
                    self.has_answered = true;
                    question.answered(Ok(answer));
                }
                Ok(())
            }
            Some(Ok(Message::Text(_))) => Err(Ended::Lost),
            Some(Ok(Message::Close(frame))) => {
                debug!("The gateway closes: {frame:?}");
                Ok(())
            }
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => {
                debug!("The socket broke: {error}");
                Err(Ended::Lost)
            }
            None => Err(Ended::Lost),
        }
    }

    fn tick(&mut self) -> Result<(), Ended> {
        self.pending.retain(|_, question| !question.answer.is_closed());
        self.idle = if self.pending.is_empty() { self.idle.saturating_add(1) } else { 0 };
        if !std::mem::replace(&mut self.is_heard, false) {
            return Err(Ended::Lost);
        }
        if self.idle >= MAX_IDLE { Err(Ended::Idle) } else { Ok(()) }
    }
}

/// Asks one question on a stream of its own.
async fn ask_alone(mut socket: Socket, question: Option<Question>) {
    if let Some(Question { request, mut answer }) = question {
        let answered = async {
            if !send(&mut socket, Message::Binary(request.framed())).await {
                return None;
            }
            let mut read = BytesMut::new();
            while let Some(Ok(message)) = socket.next().await {
                let Message::Binary(octets) = message else { continue };
                read.extend_from_slice(&octets);
                let Ok(announced) = frame::announced(&read) else { return None };
                let Some(announced) = announced else { continue };
                if read.len() >= frame::PREFIX + announced {
                    return Some(read.freeze().slice(frame::PREFIX..frame::PREFIX + announced));
                }
            }
            None
        };
        tokio::select! {
            octets = answered => {
                let _ = answer.send(octets.ok_or(Unanswered::Lost));
            }
            () = answer.closed() => {}
        }
    }
    part(socket).await;
}

/// Whether a message was written in time.
async fn send(socket: &mut Socket, message: Message) -> bool {
    matches!(timeout(WRITE_WITHIN, socket.send(message)).await, Ok(Ok(())))
}

/// Says goodbye, and does not wait long for the gateway to say it too.
async fn part(mut socket: Socket) {
    let goodbye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    let parting = async {
        let _ = socket.close(Some(goodbye)).await;
        while let Some(Ok(_)) = socket.next().await {}
    };
    let _ = timeout(Duration::from_secs(1), parting).await;
}
