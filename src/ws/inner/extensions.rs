//! What is agreed inside beside sub-protocols: `x-kaazing-idle-timeout` and `x-kaazing-ping-pong`.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

/// What a client closes the socket after, if nothing came.
const IDLE_TIMEOUT: &str = "x-kaazing-idle-timeout";

/// Pings and pongs that a script sees.
const PING_PONG: &str = "x-kaazing-ping-pong";

/// The first octets of a message that is a command of [`PING_PONG`].
pub(super) const CONTROL: [u8; 4] = [1, 1, 1, 2];

/// What is in use on a socket.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Extensions {
    /// The client closes if nothing came for so long.
    pub idle: Option<Duration>,
    /// Whether pings and pongs are messages.
    pub ping_pong: bool,
}

impl Extensions {
    /// What is agreed with a client that asked for these, where nothing may come for `inactivity`. Others are ignored.
    #[must_use]
    pub fn agreed(asked: &[String], inactivity: Option<Duration>) -> Self {
        let asks = |name: &str| asked.iter().any(|one| one == name);
        Self { idle: inactivity.filter(|_| asks(IDLE_TIMEOUT)), ping_pong: asks(PING_PONG) }
    }

    /// Whether any is in use.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.idle.is_some() || self.ping_pong
    }

    /// Says in an answer 101 what is agreed: a line for each, with a parameter, because the JavaScript client reads on
    /// behind the semicolon whether there is one or not.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let idle = self.idle.map(|idle| format!("{IDLE_TIMEOUT}; timeout={}", idle.as_millis()));
        let ping_pong = self.ping_pong.then(|| format!("{PING_PONG}; 01010102"));
        for line in idle.into_iter().chain(ping_pong) {
            headers.extend(HeaderValue::try_from(line).map(|line| (header::SEC_WEBSOCKET_EXTENSIONS, line)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(asked: &[&str], inactivity: Option<u64>) -> Vec<String> {
        let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
        let mut headers = HeaderMap::new();
        Extensions::agreed(&asked, inactivity.map(Duration::from_millis)).tell(&mut headers);
        headers
            .get_all(header::SEC_WEBSOCKET_EXTENSIONS)
            .iter()
            .map(|line| line.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn what_was_asked_for_is_agreed_in_the_order_that_kaazing_gateway_has() {
        let both = ["x-kaazing-ping-pong", "x-kaazing-idle-timeout"];
        let said = ["x-kaazing-idle-timeout; timeout=2000", "x-kaazing-ping-pong; 01010102"];
        assert_eq!(told(&both, Some(2000)), said);
        assert_eq!(told(&both, None), said[1..]);
        assert_eq!(told(&both[1..], Some(2000)), said[..1]);
        assert_eq!(told(&["x-kaazing-http-revalidate", "permessage-deflate"], Some(2000)), [""; 0]);
        assert_eq!(told(&[], Some(2000)), [""; 0]);
    }
}
