//! Commands of WebDriver (<https://www.w3.org/TR/webdriver2/>): JSON over HTTP, one connection each.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

use crate::error::Error;

/// Longest wait for an answer. A script may take half a minute, a cold start longer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program that browsers are driven through.
#[derive(Debug)]
pub(crate) struct WebDriver(SocketAddr);

impl WebDriver {
    pub(crate) const fn new(at: SocketAddr) -> Self {
        Self(at)
    }

    /// Gives a command; its value.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.command("POST", path, &body.to_string())
    }

    /// Asks for a value.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Error> {
        self.command("GET", path, "")
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Value, Error> {
        self.command("DELETE", path, "")
    }

    fn command(&self, method: &str, path: &str, body: &str) -> Result<Value, Error> {
        let answered = self.exchange(method, path, body).map_err(Error::io(path))?;
        let mut value = serde_json::from_slice::<Value>(&answered)
            .ok()
            .and_then(|body| body.get("value").cloned())
            .ok_or_else(|| Error::Protocol {
                program: "WebDriver",
                said: String::from_utf8_lossy(&answered).into_owned(),
            })?;
        // Errors are told by their fields as surely as by the status (section 6.6).
        let field = |name: &str| value.get(name).and_then(Value::as_str);
        match (field("error"), field("message"), field("stacktrace")) {
            (Some(error), Some(message), Some(_)) => {
                Err(Error::WebDriver { said: format!("{error}: {message}") })
            }
            _ => Ok(value.take()),
        }
    }

    /// The body of the response.
    fn exchange(&self, method: &str, path: &str, body: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.0)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!(
            // geckodriver compares the port with the 0 that it was started with, chromedriver with nothing.
            "{method} {path} HTTP/1.1\r\nHost: localhost:0\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        let mut octets = Vec::new();
        let mut part = [0; 16_384];
        loop {
            if let Some(body) = whole_body(&octets) {
                return Ok(body.to_owned());
            }
            match stream.read(&mut part)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => octets.extend_from_slice(part.get(..count).unwrap_or_default()),
            }
        }
    }
}

/// The body, once all of it is there. Both drivers say its length.
fn whole_body(octets: &[u8]) -> Option<&[u8]> {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let (head, body) = octets.split_at_checked(end)?;
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    body.get(..length.trim().parse().ok()?)
}
