//! `ticketgate connect`: a WebSocket at the terminal, which logs in where it is asked to.
//!
//! Lines of standard input are sent as text messages, messages are written to standard output, and the end of the input is a
//! clean goodbye.

mod logins;
mod talk;

use std::io;

use clap::{Args as ClapArgs, ValueEnum};
use client::{
    challenge::{Basic, Credentials, Handlers, NegotiateHandler, Token},
    net::{
        ambient,
        dial::Dialler,
        websocket::{self, Closed, Inside, Options, RedirectPolicy, WebSocketError},
    },
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use self::logins::{Asked, FromCache};
use super::{
    RUN_TIME, USAGE, prompt,
    tickets::{MAX_PASSWORD, Tickets, TicketsError},
};

/// The flags of `connect`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    tickets: Tickets,
    /// Sub-protocol to offer, the best first
    #[arg(long, value_name = "NAME")]
    protocol: Vec<String>,
    /// Field to send with the upgrade, such as "Cookie: a=b"
    #[arg(long, value_name = "FIELD", value_parser = field)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// Page to come from, as a browser says it, such as `https://app.example.com`
    #[arg(long, value_name = "ORIGIN", value_parser = value)]
    origin: Option<HeaderValue>,
    /// Log in with this name where a password is asked for (Basic)
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read the password from the first line of standard input, before the lines to send
    #[arg(long, requires = "user")]
    password_stdin: bool,
    /// Log in with this where a token is asked for (Token, Bearer); other users of this host can see it
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Service to get a ticket for, in place of HTTP/ and the host of the URL
    #[arg(long, value_name = "SPN")]
    spn: Option<String>,
    /// Whether to play KAAZING's handshake inside the WebSocket
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    inside: When,
    /// Where the server may send the client
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    redirects: Redirects,
    /// How binary messages are written
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    binary: Form,
    /// Where to connect: ws:// or wss://
    url: Url,
}

/// Whether the handshake inside is played.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum When {
    /// It must be
    Always,
    /// If the server chooses it
    #[default]
    Auto,
    /// It is not offered
    Never,
}

/// Where redirects are followed, but never from TLS to clear text.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Redirects {
    /// To any host
    Always,
    /// Nowhere
    Never,
    /// To hosts of the same parent domain
    PeerDomain,
    /// To the same host
    SameDomain,
    /// To the same host and port
    #[default]
    SameOrigin,
    /// To the same host and those below it
    SubDomain,
}

/// How binary messages are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Form {
    /// Digits in hexadecimal, a message a line
    #[default]
    Hex,
    /// As they are, one behind the other
    Raw,
}

/// Why the talk ended otherwise than by a goodbye.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server closed it for a reason.
    #[error("the server closed the WebSocket with code {}{}{}", closed.code, words(closed), remedy(closed.code))]
    Closed {
        /// How.
        closed: Closed,
    },
    /// Standard input cannot be read or is no text.
    #[error("standard input cannot be sent: {0}; write lines of UTF-8")]
    Input(#[source] io::Error),
    /// Standard output is gone.
    #[error("standard output cannot be written: {0}")]
    Output(#[source] io::Error),
    /// The password cannot be read.
    #[error("the password cannot be read: {0}; write it on the first line of standard input")]
    Password(#[source] io::Error),
    /// The system gives no threads or signals.
    #[error("cannot start: {0}")]
    System(#[source] io::Error),
    /// What has to do with tickets.
    #[error(transparent)]
    Tickets(Box<TicketsError>),
    /// There is no socket, or no more.
    #[error(transparent)]
    WebSocket(#[from] WebSocketError),
}

impl ConnectError {
    /// The code that the process ends with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Tickets(error) => error.code(),
            Self::WebSocket(WebSocketError::Scheme) => USAGE,
            _ => RUN_TIME,
        }
    }
}

impl From<TicketsError> for ConnectError {
    fn from(error: TicketsError) -> Self {
        Self::Tickets(Box::new(error))
    }
}

fn words(closed: &Closed) -> String {
    if closed.reason.is_empty() { String::new() } else { format!(" ({})", closed.reason.escape_debug()) }
}

fn remedy(code: u16) -> &'static str {
    match code {
        1006 => ", without a goodbye; the network or the server may be gone",
        1008 => "; its log says which rule was broken",
        1011 => "; its log says what went wrong",
        1012 | 1013 => "; try again later",
        3000 => "; the login has ended: get a new ticket or token, and connect again",
        _ => "",
    }
}

impl Args {
    /// Connects, and talks until either side has said goodbye.
    ///
    /// # Errors
    ///
    /// Any [`ConnectError`].
    pub fn talk(self) -> Result<(), ConnectError> {
        let password = match self.password_stdin {
            true => Some(prompt::line(io::stdin().lock(), MAX_PASSWORD).map_err(ConnectError::Password)?),
            false => None,
        };
        let trust = self.tickets.trust()?;
        let options = self.options();
        let Self { tickets, user, token, spn, binary, url, .. } = self;
        let mut handlers = Handlers::default();
        if let Some(token) = token {
            for scheme in ["Token", "Bearer"] {
                let credentials = Credentials::new(format!("{scheme} {token}"));
                // Where it is refused there is no other.
                let once = move |_: &_, attempt| (attempt == 0).then(|| credentials.clone());
                handlers = handlers.with(Token::new(scheme, once));
            }
        }
        if let Some(user) = user {
            handlers = handlers.with(Basic::new(Asked { user, password }));
        }
        let mut negotiate = NegotiateHandler::new(FromCache::new(tickets), ambient::fill);
        if let Some(spn) = spn {
            negotiate = negotiate.for_service(spn);
        }
        let mut handlers = handlers.with(negotiate);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ConnectError::System)?;
        runtime.block_on(async {
            let dialler = Dialler::new(trust);
            let socket = websocket::connect(&url, &options, &dialler, &mut handlers).await?;
            tracing::info!(%url, protocol = socket.protocol(), "Connected");
            talk::talk(socket, binary).await
        })
    }

    fn options(&self) -> Options {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.header {
            headers.append(name, value.clone());
        }
        if let Some(origin) = &self.origin {
            headers.insert(header::ORIGIN, origin.clone());
        }
        Options {
            headers,
            inside: match self.inside {
                When::Always => Inside::Always,
                When::Auto => Inside::Auto,
                When::Never => Inside::Never,
            },
            protocols: self.protocol.clone(),
            redirects: match self.redirects {
                Redirects::Always => RedirectPolicy::Always,
                Redirects::Never => RedirectPolicy::Never,
                Redirects::PeerDomain => RedirectPolicy::PeerDomain,
                Redirects::SameDomain => RedirectPolicy::SameDomain,
                Redirects::SameOrigin => RedirectPolicy::SameOrigin,
                Redirects::SubDomain => RedirectPolicy::SubDomain,
            },
            ..Options::default()
        }
    }
}

fn field(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let how = || "write it as \"Name: value\"".to_owned();
    let (name, value) = text.split_once(':').ok_or_else(how)?;
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| how())?;
    Ok((name, HeaderValue::from_str(value.trim()).map_err(|_| how())?))
}

fn value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "it must not have control characters in it".to_owned())
}
