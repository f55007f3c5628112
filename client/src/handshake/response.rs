//! A response of HTTP in messages, as far as the handshake needs it.

use super::HandshakeError;

/// Lines of a head.
const MAX_LINES: usize = 128;

/// A response whose head is read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Response<'a> {
    pub(super) status: u16,
    pub(super) reason: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Response<'a> {
    /// Whether head and body are there.
    pub(super) fn is_whole(octets: &'a [u8]) -> bool {
        let Some((head, body)) = split(octets) else { return false };
        // What cannot be read is whole: no more of it makes it better.
        let Ok(response) = Self::of_head(head) else { return true };
        let length = response.value("Content-Length").and_then(|value| value.parse().ok()).unwrap_or(0);
        body.len() >= length
    }

    /// Reads it; the body is of no account.
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, HandshakeError> {
        let (head, _) = split(octets).ok_or(HandshakeError::Unreadable)?;
        Self::of_head(head)
    }

    fn of_head(head: &'a [u8]) -> Result<Self, HandshakeError> {
        let head = std::str::from_utf8(head).map_err(|_| HandshakeError::Unreadable)?;
        let mut lines = head.lines();
        let line = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let line = line.ok_or(HandshakeError::Unreadable)?;
        let (status, reason) = line.split_once(' ').unwrap_or((line, ""));
        if status.len() != 3 || !status.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(HandshakeError::Unreadable);
        }
        let mut fields = Vec::new();
        for line in lines {
            if fields.len() == MAX_LINES {
                return Err(HandshakeError::Long);
            }
            let (name, value) = line.split_once(':').ok_or(HandshakeError::Unreadable)?;
            fields.push((name, value.trim()));
        }
        let status = status.parse().map_err(|_| HandshakeError::Unreadable)?;
        Ok(Self { status, reason, fields })
    }

    /// The values of all fields with this name, in any case.
    pub(super) fn values(&self, name: &'static str) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        let named = self.fields.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value)
    }

    pub(super) fn value(&self, name: &'static str) -> Option<&'a str> {
        self.values(name).next()
    }
}

/// The head without the empty line, and the body.
fn split(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((octets.get(..end)?, octets.get(end + 4..)?))
}
