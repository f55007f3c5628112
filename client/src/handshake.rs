//! The client's part of the handshake inside a WebSocket (`x-kaazing-handshake`): HTTP in messages, until the service
//! lets in.
//!
//! Two forms are played. With `.kl=Y` in the query of the upgrade the server speaks first and last, to keep the client or
//! send it elsewhere, and ends each response with an empty message; without, the client begins, and a response ends as
//! HTTP has it. Whoever has the socket gives each message to [`Handshake::take`] and does what that says.

mod commands;
mod error;
mod response;

use std::time::Duration;

use self::response::Response;
use crate::challenge::{Challenge, ChallengeError, Credentials};

pub use commands::{Commands, Heard};
pub use error::HandshakeError;

/// The sub-protocol that stands for the handshake.
pub const PROTOCOL: &str = "x-kaazing-handshake";
/// What stands in the query of the upgrade where the server is to speak first.
pub const BALANCED: &str = ".kl=Y";
/// Octets of the longest response: its challenge may be a token of Kerberos.
pub const MAX_RESPONSE: usize = 160 * 1024;

/// Messages of one response. Gateways send one.
const MAX_PARTS: u32 = 64;

/// In front of what a balancer says: U+F0FF in UTF-8.
const BALANCER: &[u8] = b"\xef\x83\xbf";
/// Extensions that are asked for.
const EXTENSIONS: &str = "x-kaazing-idle-timeout,x-kaazing-ping-pong";

/// What is to be done next.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// The service asks who is there: answer with [`Handshake::request`], or give up.
    Challenged(Vec<Challenge>),
    /// The service has let in.
    Open(Opened),
    /// The service is at another URL.
    Redirected(String),
    /// Send this.
    Send(String),
    /// More must arrive first.
    Wait,
}

/// What was agreed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Opened {
    /// The sub-protocol that the service chose.
    pub protocol: Option<String>,
    /// After such a silence the server is gone.
    pub idle_timeout: Option<Duration>,
    /// What begins a command of the server among the messages.
    pub commands: Commands,
    /// With which the service proves itself, if it sent that.
    pub proof: Vec<Challenge>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum State {
    /// Until the balancer says to stay.
    Arriving,
    /// Until the response is there.
    Asking,
    /// Until the balancer says to stay for good.
    Agreed(Opened),
    Over,
}

/// One handshake on one socket.
#[derive(Clone, Debug)]
pub struct Handshake {
    target: String,
    protocols: Vec<String>,
    is_balanced: bool,
    state: State,
    read: Vec<u8>,
    /// Messages of the response so far.
    parts: u32,
}

impl Handshake {
    /// For a path with its query, and these sub-protocols. `is_balanced` says that the upgrade had [`BALANCED`] in its
    /// query, which `target` has not.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Unwritable`] for control characters in any of them.
    pub fn new(target: &str, protocols: &[String], is_balanced: bool) -> Result<Self, HandshakeError> {
        let all = protocols.iter().map(String::as_str).chain([target]);
        if all.into_iter().any(|text| text.contains(char::is_control)) || target.contains(' ') {
            return Err(HandshakeError::Unwritable);
        }
        let state = if is_balanced { State::Arriving } else { State::Asking };
        Ok(Self {
            target: target.to_owned(),
            protocols: protocols.to_vec(),
            is_balanced,
            state,
            read: Vec::new(),
            parts: 0,
        })
    }

    /// What the client says first, if it does.
    #[must_use]
    pub fn first(&self) -> Option<String> {
        (!self.is_balanced).then(|| self.request(None))
    }

    /// A request, with what answers a challenge.
    #[must_use]
    pub fn request(&self, credentials: Option<&Credentials>) -> String {
        let mut request = format!("GET {} HTTP/1.1\r\n", self.target);
        // KAAZING's clients write both, and leave the older one empty.
        request += "WebSocket-Protocol: \r\n";
        request += &format!("Sec-WebSocket-Protocol: {}\r\n", self.protocols.join(","));
        request += &format!("Sec-WebSocket-Extensions: {EXTENSIONS}\r\n");
        if let Some(credentials) = credentials {
            request += &format!("Authorization: {}\r\n", credentials.value());
        }
        request + "\r\n"
    }

    /// Reads a message of the server's, text and binary alike.
    ///
    /// # Errors
    ///
    /// Any [`HandshakeError`]: the socket is of no use any more.
    pub fn take(&mut self, message: &[u8]) -> Result<Step, HandshakeError> {
        match &mut self.state {
            State::Arriving => match balanced(message)? {
                Some(elsewhere) => Ok(self.over(Step::Redirected(elsewhere))),
                None => {
                    self.state = State::Asking;
                    Ok(Step::Send(self.request(None)))
                }
            },
            State::Asking => self.response(message),
            State::Agreed(opened) => match balanced(message)? {
                Some(elsewhere) => Ok(self.over(Step::Redirected(elsewhere))),
                None => {
                    let opened = std::mem::take(opened);
                    Ok(self.over(Step::Open(opened)))
                }
            },
            State::Over => Err(HandshakeError::Unreadable),
        }
    }

    fn over(&mut self, step: Step) -> Step {
        self.state = State::Over;
        step
    }

    fn response(&mut self, message: &[u8]) -> Result<Step, HandshakeError> {
        self.parts = self.parts.saturating_add(1);
        if self.read.len().saturating_add(message.len()) > MAX_RESPONSE || self.parts > MAX_PARTS {
            return Err(HandshakeError::Long);
        }
        // An empty message ends a response, and without `.kl=Y` means nothing.
        let is_whole = if self.is_balanced {
            message.is_empty()
        } else {
            self.read.extend_from_slice(message);
            Response::is_whole(&self.read)
        };
        if !is_whole {
            if self.is_balanced {
                self.read.extend_from_slice(message);
            }
            return Ok(Step::Wait);
        }
        self.parts = 0;
        let read = std::mem::take(&mut self.read);
        let response = Response::read(&read)?;
        match response.status {
            101 => {
                let opened = self.opened(&response)?;
                if self.is_balanced {
                    self.state = State::Agreed(opened);
                    Ok(Step::Wait)
                } else {
                    Ok(self.over(Step::Open(opened)))
                }
            }
            301 | 302 | 303 | 307 | 308 => {
                let location = response.value("Location").ok_or(HandshakeError::Unreadable)?.to_owned();
                Ok(self.over(Step::Redirected(location)))
            }
            401 => Ok(Step::Challenged(challenges(&response)?)),
            status => Err(HandshakeError::Refused { status, reason: response.reason.to_owned() }),
        }
    }

    fn opened(&self, response: &Response<'_>) -> Result<Opened, HandshakeError> {
        let chosen = response.value("Sec-WebSocket-Protocol").filter(|chosen| !chosen.is_empty());
        if chosen.is_some_and(|chosen| !self.protocols.iter().any(|offered| offered == chosen)) {
            return Err(HandshakeError::Unasked);
        }
        let mut opened = Opened {
            protocol: chosen.map(str::to_owned),
            // A token that cannot be read proves nothing, which is for whoever wants a proof to say.
            proof: challenges(response).unwrap_or_default(),
            ..Opened::default()
        };
        for extension in response.values("Sec-WebSocket-Extensions").flat_map(|value| value.split(',')) {
            let (name, parameter) = extension.split_once(';').unwrap_or((extension, ""));
            match (name.trim(), parameter.trim()) {
                ("", _) => {}
                ("x-kaazing-idle-timeout", parameter) => {
                    let timeout = parameter.strip_prefix("timeout=").and_then(|value| value.parse().ok());
                    let timeout = timeout.filter(|timeout| *timeout > 0).ok_or(HandshakeError::Unreadable)?;
                    opened.idle_timeout = Some(Duration::from_millis(timeout));
                }
                ("x-kaazing-ping-pong", parameter) => {
                    opened.commands = Commands::read(parameter).ok_or(HandshakeError::Unreadable)?;
                }
                _ => return Err(HandshakeError::Unasked),
            }
        }
        Ok(opened)
    }
}

fn challenges(response: &Response<'_>) -> Result<Vec<Challenge>, ChallengeError> {
    Challenge::read(response.values("WWW-Authenticate"))
}

/// What a balancer says: to stay, or where else to go.
fn balanced(message: &[u8]) -> Result<Option<String>, HandshakeError> {
    match message.strip_prefix(BALANCER) {
        Some(b"N") => Ok(None),
        Some([b'R', url @ ..]) if !url.is_empty() => {
            Ok(Some(std::str::from_utf8(url).map_err(|_| HandshakeError::Unreadable)?.to_owned()))
        }
        Some(b"R") => Err(HandshakeError::NoMember),
        _ => Err(HandshakeError::Unreadable),
    }
}

#[cfg(test)]
mod tests;
