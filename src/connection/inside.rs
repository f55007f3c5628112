//! The handshake inside a WebSocket, from the upgrade to a socket that is open, or is closed.
//!
//! Whoever is not let in holds a connection and a few hundred octets, for a bounded time, and has reached no service.

use std::{
    io,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, header, request::Parts, uri::Authority};
use http_body_util::{BodyExt as _, Limited};
use tgg::moment::Moment;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{sleep_until, timeout},
};
use tracing::debug;

use super::walk::{self, Opening, Opens};
use crate::{
    ambient,
    answer::{self, Goodbye, login},
    body::Body,
    caller::Caller,
    limits::LINGER,
    realm::{Asks, pass::Pass},
    router::Hosted,
    service::proxy::Asked,
    ws::{
        self, frame,
        inner::{
            self, Form,
            asked::{self, MAX_LENGTH},
            extensions::Extensions,
            line::{Heard, Line, Lost},
            said,
        },
    },
};

/// Octets of the longest body of an answer: a page of an error.
const MAX_BODY: usize = 16 * 1024;

/// A handshake that goes on inside a WebSocket.
#[derive(Debug)]
pub(super) struct Inside {
    hosted: Arc<Hosted>,
    caller: Caller,
    form: Form,
    /// The upgrade, which its pages, its host and its key were judged of.
    head: Parts,
    host: Option<Authority>,
    key: HeaderValue,
    mount: usize,
    /// The pass of the upgrade, where the browser logs in and not the page.
    pass: Option<Pass>,
}

/// How a handshake ended well.
#[derive(Debug)]
pub(super) struct Played<I> {
    /// The socket that opens.
    pub(super) opening: Box<Opening>,
    /// Its connection.
    pub(super) io: I,
    /// What was read of it.
    pub(super) early: Bytes,
    /// What is in use on it.
    pub(super) extensions: Extensions,
}

/// What becomes of a handshake after an answer.
enum Then {
    /// The socket is open.
    Open(Box<Opening>, Extensions),
    /// It is closed.
    Part(Goodbye),
    /// The client may ask again.
    Wait,
}

/// Chooses the handshake in answer to an upgrade.
pub(super) fn begin(
    hosted: &Arc<Hosted>,
    asked: Asked,
    pass: Option<Pass>,
    caller: &Caller,
) -> (Response<Body>, Option<Opens>) {
    let Asked { head, host, key, mount, .. } = asked;
    let Some(key) = key else { return (login::unreadable(), None) };
    let response = ws::switch(key.clone(), Some(HeaderValue::from_static(inner::PROTOCOL)));
    let (hosted, caller, form) = (Arc::clone(hosted), caller.clone(), Form::of(head.uri.query()));
    let inside = Inside { hosted, caller, form, head, host, key, mount, pass };
    (response, Some(Opens::Inside(Box::new(inside))))
}

impl Inside {
    /// Plays the handshake on a connection; `None` if its client was not let in. `early` is what was read behind the
    /// upgrade.
    pub(super) async fn play<I>(mut self, io: I, early: &[u8]) -> Option<Played<I>>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let mut line = Line::new(io, early, MAX_LENGTH);
        let goodbye = match self.talk(&mut line).await {
            Ok(Then::Open(opening, extensions)) => {
                let (io, early) = line.into_parts();
                return Some(Played { opening, io, early, extensions });
            }
            Ok(Then::Part(goodbye)) => goodbye,
            Ok(Then::Wait) => return None,
            Err(Lost::Breach(breach)) => breach.into(),
            Err(Lost::Broke(error)) => {
                debug!(peer = %self.caller.visitor.address, "Handshake broke off: {error}");
                return None;
            }
        };
        debug!(peer = %self.caller.visitor.address, outcome = goodbye.word(), "Handshake ended");
        let _ = timeout(self.caller.timeouts.message, part(line, goodbye)).await;
        None
    }

    /// Answers requests until the socket is open or is to be closed. A client that leaves is waited for no more.
    async fn talk<I>(&mut self, line: &mut Line<I>) -> Result<Then, Lost>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let message = self.caller.timeouts.message;
        if self.form.is_balanced {
            self.say(line, &[inner::STAY]).await?;
        }
        let began = ambient::now();
        // Whoever has nothing to think about asks at once.
        let mut ends = began + message;
        let mut silence =
            Silence { inactivity: self.hosted.manner.inactivity, since: began, is_asked: false };
        loop {
            let due = silence.due().map_or(ends, |due| due.min(ends));
            tokio::select! {
                biased;
                () = self.caller.draining.cancelled() => return Ok(Then::Part(Goodbye::GoingAway)),
                heard = line.hear() => {
                    silence.heard();
                    match heard? {
                        Heard::Closed => return Ok(Then::Wait),
                        Heard::Message(request) => match self.answer(line, &request).await? {
                            Then::Wait => ends = began + self.hosted.manner.handshake,
                            then => return Ok(then),
                        },
                        Heard::Ping(octets) => self.write(line, &frame::pong(&octets)).await?,
                        Heard::Pong => {}
                    }
                }
                () = sleep_until(ambient::instant(due)) => {
                    if ends <= ambient::now() {
                        return Ok(Then::Part(Goodbye::Idle));
                    }
                    if silence.is_asked {
                        return Ok(Then::Wait);
                    }
                    silence.is_asked = true;
                    self.write(line, &frame::ping()).await?;
                }
            }
        }
    }

    /// Answers one request.
    async fn answer<I>(&mut self, line: &mut Line<I>, request: &[u8]) -> Result<Then, Lost>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let asked = match asked::Asked::read(request, self.head.uri.path()) {
            Ok(asked) => asked,
            Err(why) => {
                debug!(peer = %self.caller.visitor.address, "Request inside a socket is not served: {why}");
                self.tell(line, login::unreadable()).await?;
                return Ok(Then::Part(Goodbye::Denied));
            }
        };
        let (mut response, opening) = self.serve(&asked).await;
        let Some(opening) = opening else {
            if answer::asks_again(response.status()) {
                self.tell(line, response).await?;
                return Ok(Then::Wait);
            }
            match self.elsewhere(&response) {
                Some(url) => self.send(line, &url).await?,
                None => self.tell(line, response).await?,
            }
            return Ok(Then::Part(Goodbye::Denied));
        };
        let extensions = Extensions::agreed(&asked.extensions, self.hosted.manner.inactivity);
        extensions.tell(response.headers_mut());
        self.tell(line, response).await?;
        if self.form.is_balanced {
            self.say(line, &[inner::STAY]).await?;
        }
        Ok(Then::Open(Box::new(opening), extensions))
    }

    /// Has the service serve the socket, if its gate lets the client in.
    async fn serve(&mut self, asked: &asked::Asked) -> (Response<Body>, Option<Opening>) {
        let (hosted, caller) = (&self.hosted, &self.caller);
        let mut head = asked.merged(&self.head);
        // They count once: a browser repeats nothing that it does not know to be wrong.
        self.head.headers.remove(header::AUTHORIZATION);
        let visit = walk::begin(hosted, caller, "ws", Method::GET, head.uri.clone());
        let Ok(_in_flight) = caller.peer.request() else { return (walk::too_many(hosted, visit), None) };
        let mut pass = match self.pass.take() {
            Some(pass) => pass,
            None => match walk::judge(hosted, &head, Asks::Inside, caller, visit.id).await {
                Ok(pass) => pass,
                Err(response) => {
                    // The gate wrote why.
                    visit.forget();
                    return (response, None);
                }
            },
        };
        hosted.gate.conceal(&mut head);
        let (host, key) = (self.host.clone(), Some(self.key.clone()));
        let asked = Asked { head, body: None, host, key, mount: self.mount };
        let (mut response, opening) = walk::serve(hosted, asked, &mut pass, caller, visit).await;
        // No browser reads it here.
        pass.set_cookie = None;
        walk::mark(&mut response, &mut pass);
        if opening.is_none() && !hosted.gate.asks_page() {
            self.pass = Some(pass);
        }
        (response, opening)
    }

    /// Where a response sends a client that waits for the balancer's word.
    fn elsewhere(&self, response: &Response<Body>) -> Option<String> {
        let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
        let scheme = if self.caller.scheme == "https" { "wss" } else { "ws" };
        let base = format!("{scheme}://{}{}", self.host.as_ref()?, self.head.uri.path());
        let leads = self.form.is_balanced && answer::sends_on(response.status());
        leads.then(|| inner::place(&base, location, self.head.uri.query())).flatten()
    }

    /// Says a response, as the client waits for it.
    async fn tell<I>(&self, line: &mut Line<I>, response: Response<Body>) -> Result<(), Lost>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await.map(|body| body.to_bytes());
        let body = body.ok().filter(|body| said::is_sendable(body)).unwrap_or_default();
        let (seconds, _) = ambient::time_of_day();
        let now = UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
        let text = said::write(&head, self.hosted.manner.names_itself, &body, now);
        if self.form.is_terminated {
            self.say(line, &[&text, b""]).await
        } else {
            self.say(line, &[&text]).await
        }
    }

    /// Sends the client to another place, as the JavaScript client understands it: in place of the word to stay that
    /// would follow 101.
    async fn send<I>(&self, line: &mut Line<I>, url: &str) -> Result<(), Lost>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        self.tell(line, ws::switch(self.key.clone(), None)).await?;
        self.say(line, &[&inner::go_to(url)]).await
    }

    async fn say<I>(&self, line: &mut Line<I>, messages: &[&[u8]]) -> Result<(), Lost>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        in_time(self.caller.timeouts.message, line.say(messages)).await
    }

    async fn write<I>(&self, line: &mut Line<I>, frame: &[u8]) -> Result<(), Lost>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        in_time(self.caller.timeouts.message, line.write(frame)).await
    }
}

/// Waits for a client to take what it is sent.
async fn in_time(time: Duration, sending: impl Future<Output = io::Result<()>>) -> Result<(), Lost> {
    timeout(time, sending).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(Lost::Broke)
}

/// Says goodbye, and closes the connection once the client has.
async fn part<I>(mut line: Line<I>, goodbye: Goodbye) -> io::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let close = goodbye.frame();
    line.write(&frame::close(close.code.into(), &close.reason)).await?;
    line.leave(LINGER).await
}

/// How long nothing has come.
struct Silence {
    /// How long nothing may.
    inactivity: Option<Duration>,
    since: Moment,
    /// Whether the client was asked since then whether it still exists.
    is_asked: bool,
}

impl Silence {
    fn heard(&mut self) {
        (self.since, self.is_asked) = (ambient::now(), false);
    }

    /// When something has to be done about it.
    fn due(&self) -> Option<Moment> {
        let inactivity = self.inactivity?;
        Some(self.since + if self.is_asked { inactivity } else { inactivity / 2 })
    }
}
