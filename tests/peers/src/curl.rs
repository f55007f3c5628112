//! The stock `curl`, which sends what it presents with the first request.

use testkdc::{Client, Output};

use crate::error::Error;

/// What makes it take any certificate and show heads as well as bodies.
const PLAIN: [&str; 5] = ["--silent", "--include", "--insecure", "--noproxy", "*"];

/// What makes it answer for whoever has the ticket.
pub const NEGOTIATE: [&str; 3] = ["--negotiate", "--user", ":"];

/// An upgrade with the key of RFC 6455 section 1.3.
const UPGRADE: [&str; 9] = [
    "--http1.1",
    "--header",
    "Connection: Upgrade",
    "--header",
    "Upgrade: websocket",
    "--header",
    "Sec-WebSocket-Version: 13",
    "--header",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// Seconds after which it lets go of a socket that it cannot speak.
const SHORT: [&str; 2] = ["--max-time", "2"];

/// Fetches a URL with these arguments and presents nothing else; heads and body are its output.
///
/// # Errors
///
/// [`Error::Client`] if it cannot be started.
pub fn ask(client: &Client, url: &str, more: &[&str]) -> Result<Output, Error> {
    Ok(client.run("curl", &[&PLAIN, more, &[url]].concat(), "")?)
}

/// Asks for a WebSocket with these arguments and presents nothing else, and shows the heads that come.
///
/// # Errors
///
/// [`Error::Client`] if it cannot be started.
pub fn ask_for_socket(client: &Client, url: &str, more: &[&str]) -> Result<Output, Error> {
    ask(client, url, &[&UPGRADE[..], &SHORT, more].concat())
}

/// Fetches a URL with a ticket and with these further arguments; heads and body are its output.
///
/// # Errors
///
/// [`Error::Client`] if it cannot be started.
pub fn get(client: &Client, url: &str, more: &[&str]) -> Result<Output, Error> {
    ask(client, url, &[&NEGOTIATE[..], more].concat())
}

/// Asks for a WebSocket with a ticket and shows the heads that come. It is ended after two seconds where one opens, since
/// Debian's speaks no WebSocket: its status then is 28.
///
/// # Errors
///
/// [`Error::Client`] if it cannot be started.
pub fn upgrade(client: &Client, url: &str, more: &[&str]) -> Result<Output, Error> {
    get(client, url, &[&UPGRADE[..], &SHORT, more].concat())
}
