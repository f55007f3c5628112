//! The stock `curl`, which sends its token with the first request.

use testkdc::{Client, Output};

use crate::error::Error;

/// What makes it answer for whoever has the ticket, of any certificate, and show heads as well as bodies.
const NEGOTIATE: [&str; 8] =
    ["--silent", "--include", "--insecure", "--noproxy", "*", "--negotiate", "--user", ":"];

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

/// Fetches a URL with these further arguments; heads and body are its output.
///
/// # Errors
///
/// [`Error::Client`] if it cannot be started.
pub fn get(client: &Client, url: &str, more: &[&str]) -> Result<Output, Error> {
    Ok(client.run("curl", &[&NEGOTIATE, more, &[url]].concat(), "")?)
}

/// Asks for a WebSocket and shows the heads that come. It is ended after two seconds where one opens, since
/// Debian's speaks no WebSocket: its status then is 28.
///
/// # Errors
///
/// [`Error::Client`] if it cannot be started.
pub fn upgrade(client: &Client, url: &str, more: &[&str]) -> Result<Output, Error> {
    get(client, url, &[&UPGRADE[..], &SHORT, more].concat())
}
