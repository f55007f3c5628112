//! Commands of the server among the messages (`x-kaazing-ping-pong`), for clients that cannot see pings of RFC 6455.

/// Octets that begin a command.
const CONTROL: usize = 4;
/// Asks whether the client is there, and its answer.
const PING: [u8; 2] = [9, 0];
const PONG: [u8; 2] = [10, 0];

/// What tells commands from messages. By default there are none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Commands {
    control: Option<[u8; CONTROL]>,
    /// Whether the next message is none, whatever it begins with.
    is_escaped: bool,
}

/// What a message is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heard {
    /// For the application.
    Message,
    /// For nobody.
    Nothing,
    /// A question; send this as text.
    Ping([u8; CONTROL + 2]),
    /// A command that there is not: close with 1002.
    Unknown,
}

impl Commands {
    /// Those that begin with these octets, eight digits in hexadecimal.
    pub(super) fn read(parameter: &str) -> Option<Self> {
        if parameter.len() != 2 * CONTROL || !parameter.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            return None;
        }
        let control = u32::from_str_radix(parameter, 16).ok()?.to_be_bytes();
        Some(Self { control: Some(control), is_escaped: false })
    }

    /// What this message is, the next that arrived.
    pub fn hear(&mut self, message: &[u8]) -> Heard {
        let Some(control) = self.control else { return Heard::Message };
        if std::mem::take(&mut self.is_escaped) {
            return Heard::Message;
        }
        let Some((begin, command)) = message.split_first_chunk::<CONTROL>() else { return Heard::Message };
        if *begin != control {
            return Heard::Message;
        }
        if command.is_empty() {
            self.is_escaped = true;
            Heard::Nothing
        } else if command == PING {
            let [a, b, c, d] = control;
            let [e, f] = PONG;
            Heard::Ping([a, b, c, d, e, f])
        } else if command == PONG {
            Heard::Nothing
        } else {
            Heard::Unknown
        }
    }

    /// What must be sent in front of this message, so that it is taken for none.
    #[must_use]
    pub fn escape(&self, message: &[u8]) -> Option<[u8; CONTROL]> {
        self.control.filter(|control| message.starts_with(control))
    }
}
