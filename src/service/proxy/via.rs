//! The field `Via`: who passed a message on, and whether it has been here before (RFC 9110 section 7.6.3).

use http::{HeaderMap, HeaderValue, Version, header};

use crate::ambient;

/// The name under which one service passes messages on.
///
/// It is made anew at each start and is another one for each service, so that services of one gateway may stand behind
/// each other: only what comes back to the same one goes round in a circle.
#[derive(Clone, Debug)]
pub struct Via {
    name: String,
}

impl Via {
    /// A name that nobody else has.
    #[must_use]
    pub fn new() -> Self {
        Self { name: format!("ticketgate-{:016x}", u64::from_be_bytes(ambient::random())) }
    }

    /// Whether a message has passed here before.
    #[must_use]
    pub fn has_passed(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::VIA).iter().any(|value| {
            value.as_bytes().split(|octet| *octet == b',').any(|hop| {
                let mut words = hop.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
                words.nth(1) == Some(self.name.as_bytes())
            })
        })
    }

    /// Says on a message that was received in this version of HTTP that it passed here.
    pub fn stamp(&self, headers: &mut HeaderMap, version: Version) {
        let version = if version == Version::HTTP_10 { "1.0" } else { "1.1" };
        if let Ok(value) = HeaderValue::from_str(&format!("{version} {}", self.name)) {
            headers.append(header::VIA, value);
        }
    }
}

impl Default for Via {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_known_behind_whatever_passed_it_on_since() {
        let via = Via::new();
        let mut headers = HeaderMap::new();
        headers.append("via", HeaderValue::from_static("1.1 other (with, a comment)"));
        assert!(!via.has_passed(&headers));
        via.stamp(&mut headers, Version::HTTP_11);
        assert!(via.has_passed(&headers));
        let joined = format!("1.0 fred,  1.1\t{} (x), 1.1 last", via.name);
        headers.insert("via", HeaderValue::from_str(&joined).unwrap());
        assert!(via.has_passed(&headers));
    }

    #[test]
    fn two_services_may_stand_behind_each_other() {
        let mut headers = HeaderMap::new();
        Via::new().stamp(&mut headers, Version::HTTP_11);
        assert!(!Via::new().has_passed(&headers));
    }

    #[test]
    fn the_version_is_the_one_that_was_received() {
        let via = Via::new();
        let mut headers = HeaderMap::new();
        via.stamp(&mut headers, Version::HTTP_10);
        assert_eq!(headers["via"], format!("1.0 {}", via.name));
    }
}
