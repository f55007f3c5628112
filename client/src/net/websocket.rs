//! WebSockets that let their user in: challenges on the upgrade and inside the socket are answered, redirects followed.

mod error;
mod redirect;
mod socket;

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE},
};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use url::Url;

use super::{
    dial::{Connection, Dialler},
    upgrade::{Answer, Asking, Refused, Switched, Wish},
};
use crate::{
    challenge::{Challenge, ChallengeError, ChallengeHandler as _, Credentials, Handlers},
    handshake::{BALANCED, Handshake, Opened, PROTOCOL, Step},
};

pub use error::WebSocketError;
pub use redirect::RedirectPolicy;
pub use socket::{Closed, Received, WebSocket};

/// Challenges in a row that are answered. Negotiate takes two or three.
const MAX_CHALLENGES: usize = 10;
/// Redirects in a row that are followed.
const MAX_REDIRECTS: usize = 5;

/// Whether the handshake inside the WebSocket is offered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Inside {
    /// It has to be played.
    Always,
    /// It is offered, and left out where the server does not choose it or refuses it.
    #[default]
    Auto,
    /// It is not offered.
    Never,
}

/// What a socket should be like.
#[derive(Clone, Debug)]
pub struct Options {
    /// Fields of the upgrade beside those that it must have.
    pub headers: HeaderMap,
    /// Whether `x-kaazing-handshake` is offered.
    pub inside: Inside,
    /// Octets of the longest message that is taken.
    pub max_message: usize,
    /// How long the server may take for each answer. Users may take as long as they like.
    pub patience: Duration,
    /// The sub-protocols that are offered, best first.
    pub protocols: Vec<String>,
    /// Where the server may send the client.
    pub redirects: RedirectPolicy,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            headers: HeaderMap::new(),
            inside: Inside::default(),
            max_message: 16 * 1024 * 1024,
            patience: Duration::from_secs(30),
            protocols: Vec::new(),
            redirects: RedirectPolicy::default(),
        }
    }
}

/// Opens a WebSocket at `url`, `ws` or `wss`; whoever asks who is there is answered by `handlers`.
///
/// # Errors
///
/// Any [`WebSocketError`].
pub async fn connect(
    url: &Url,
    options: &Options,
    dialler: &Dialler,
    handlers: &mut Handlers,
) -> Result<WebSocket, WebSocketError> {
    let mut url = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        handlers.begin();
        let mut opening = Opening { url: &url, options, dialler, handlers };
        let elsewhere = match opening.open(options.inside != Inside::Never).await {
            Err(WebSocketError::Refused { status, .. })
                if options.inside == Inside::Auto && is_unoffered(status) =>
            {
                opening.handlers.begin();
                opening.open(false).await?
            }
            opened => opened?,
        };
        match elsewhere {
            Opens::Here(socket) => return Ok(*socket),
            Opens::There(location) => url = options.redirects.follow(&url, &location)?,
        }
    }
    Err(WebSocketError::Redirects)
}

/// Whether a server that does not know the sub-protocol may answer so.
fn is_unoffered(status: StatusCode) -> bool {
    [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::NOT_ACCEPTABLE, StatusCode::UPGRADE_REQUIRED]
        .contains(&status)
}

/// Where a socket opens.
enum Opens {
    Here(Box<WebSocket>),
    There(String),
}

/// An attempt at one URL.
struct Opening<'a> {
    url: &'a Url,
    options: &'a Options,
    dialler: &'a Dialler,
    handlers: &'a mut Handlers,
}

impl Opening<'_> {
    async fn open(&mut self, is_inside: bool) -> Result<Opens, WebSocketError> {
        if !matches!(self.url.scheme(), "ws" | "wss") {
            return Err(WebSocketError::Scheme);
        }
        let mut wish = Wish::of(&self.upgraded(is_inside))?;
        wish.headers = self.options.headers.clone();
        wish.protocols = is_inside
            .then(|| PROTOCOL.to_owned())
            .into_iter()
            .chain(self.options.protocols.clone())
            .collect();
        let mut asking = self.dial().await?;
        for _ in 0..=MAX_CHALLENGES {
            let answer = timeout(self.options.patience, asking.ask(&wish)).await;
            let refused = match answer.map_err(|_| WebSocketError::Silent)?? {
                Answer::Switched(switched) => return self.switched(*switched, is_inside).await,
                Answer::Refused(refused) => refused,
            };
            if refused.status.is_redirection()
                && let Some(location) = refused.headers.get(LOCATION)
            {
                let location = location.to_str().map_err(|_| WebSocketError::Location)?;
                return Ok(Opens::There(location.to_owned()));
            }
            let credentials = self.answered(&refused).await?;
            let mut value =
                HeaderValue::from_str(credentials.value()).map_err(|_| WebSocketError::Credentials)?;
            value.set_sensitive(true);
            wish.headers.insert(AUTHORIZATION, value);
            if !asking.is_open().await {
                asking = self.dial().await?;
            }
        }
        Err(WebSocketError::Challenges)
    }

    /// The URL of the upgrade: with what says that the server is to speak first.
    fn upgraded(&self, is_inside: bool) -> Url {
        let mut url = self.url.clone();
        if is_inside && !is_balanced(&url) {
            let query =
                url.query().map_or_else(|| BALANCED.to_owned(), |query| format!("{query}&{BALANCED}"));
            url.set_query(Some(&query));
        }
        url
    }

    async fn dial(&self) -> Result<Asking, WebSocketError> {
        Ok(Asking::on(self.dialler.dial(self.url).await?).await?)
    }

    /// What answers a refusal of the upgrade.
    async fn answered(&mut self, refused: &Refused) -> Result<Credentials, WebSocketError> {
        let status = refused.status;
        if status != StatusCode::UNAUTHORIZED {
            return Err(WebSocketError::Refused { status, reason: reason(status) });
        }
        let challenges = challenges(&refused.headers)?;
        self.credentials(&challenges).await
    }

    async fn credentials(&mut self, challenges: &[Challenge]) -> Result<Credentials, WebSocketError> {
        let credentials = self.handlers.answer(self.url.as_str(), challenges).await?;
        credentials.ok_or_else(|| WebSocketError::Unanswered {
            schemes: challenges.iter().map(|challenge| challenge.scheme().to_owned()).collect(),
        })
    }

    /// Begins to speak on a socket, inside of it if the server chose that.
    async fn switched(&mut self, switched: Switched, is_inside: bool) -> Result<Opens, WebSocketError> {
        let protocol = switched.protocol.clone();
        self.agreed(&challenges(&switched.headers).unwrap_or_default())?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(self.options.max_message))
            .max_frame_size(Some(self.options.max_message));
        let mut stream = switched.socket(config).await;
        if !is_inside || protocol.as_deref() != Some(PROTOCOL) {
            if self.options.inside == Inside::Always {
                return Err(WebSocketError::NotInside);
            }
            let opened = Opened { protocol, ..Opened::default() };
            return Ok(Opens::Here(Box::new(WebSocket::new(stream, opened))));
        }
        // What was answered on the upgrade was for the way in; inside it is asked anew.
        self.handlers.begin();
        match self.play(&mut stream).await {
            Ok(Played::Open(opened)) => {
                self.agreed(&opened.proof)?;
                Ok(Opens::Here(Box::new(WebSocket::new(stream, opened))))
            }
            Ok(Played::Redirected(location)) => {
                let _ = timeout(self.options.patience, stream.close(None)).await;
                Ok(Opens::There(location))
            }
            Err(error) => {
                let _ = timeout(self.options.patience, stream.close(None)).await;
                Err(error)
            }
        }
    }

    fn agreed(&mut self, proof: &[Challenge]) -> Result<(), ChallengeError> {
        self.handlers.agreed(proof.iter().find(|challenge| challenge.is("Negotiate")))
    }

    /// The handshake inside.
    async fn play(&mut self, stream: &mut WebSocketStream<Connection>) -> Result<Played, WebSocketError> {
        let query = self.url.query().filter(|query| *query != BALANCED);
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let target = format!("{}{query}", self.url.path());
        let mut handshake = Handshake::new(&target, &self.options.protocols, true)?;
        let mut rounds = 0;
        loop {
            let message = timeout(self.options.patience, stream.next()).await;
            let step = match message.map_err(|_| WebSocketError::Silent)? {
                Some(Ok(Message::Binary(octets))) => handshake.take(&octets)?,
                Some(Ok(Message::Text(text))) => handshake.take(text.as_bytes())?,
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(1005, |frame| frame.code.into());
                    return Err(WebSocketError::ClosedInside { code });
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(error.into()),
                None => return Err(WebSocketError::ClosedInside { code: 1006 }),
            };
            let request = match step {
                Step::Open(opened) => return Ok(Played::Open(opened)),
                Step::Redirected(location) => return Ok(Played::Redirected(location)),
                Step::Wait => continue,
                Step::Send(request) => request,
                Step::Challenged(challenges) => {
                    rounds += 1;
                    if rounds > MAX_CHALLENGES {
                        return Err(WebSocketError::Challenges);
                    }
                    let credentials = self.credentials(&challenges).await?;
                    handshake.request(Some(&credentials))
                }
            };
            let sent = timeout(self.options.patience, stream.send(Message::text(request))).await;
            sent.map_err(|_| WebSocketError::Silent)??;
        }
    }
}

/// How the handshake inside ended.
enum Played {
    Open(Opened),
    Redirected(String),
}

fn is_balanced(url: &Url) -> bool {
    url.query().is_some_and(|query| query.split('&').any(|part| part == BALANCED))
}

fn challenges(headers: &HeaderMap) -> Result<Vec<Challenge>, ChallengeError> {
    Challenge::read(headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()))
}

fn reason(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().to_owned()
}
