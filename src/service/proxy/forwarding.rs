//! What a back end is told of where a request came from: `Forwarded` (RFC 7239) and the fields that came before it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header, uri::Authority};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The fields that say where a request came from. Others that begin alike name users or are nobody's, and never pass.
const CLAIMS: [HeaderName; 7] = [
    header::FORWARDED,
    FORWARDED_FOR,
    FORWARDED_HOST,
    FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-server"),
];

/// What becomes of what a client says of where its request came from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Forwarding {
    /// It is taken out, and nothing is put in.
    Exclude,
    /// It passes as it is. Anybody can claim anything in it.
    Ignore,
    /// It passes with the gateway's own word behind it. What the gateway says stands last, and that alone is certain.
    Inject,
    /// It is taken out, and the gateway's own word is put in.
    #[default]
    Own,
}

/// Whom a request came from, as the gateway knows it.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Its address.
    pub peer: SocketAddr,
    /// What it called the gateway.
    pub host: Option<&'a Authority>,
    /// `http` or `https`.
    pub scheme: &'static str,
}

impl Forwarding {
    /// What of a client's claims passes. It is copied before anything is stripped and handed to [`Self::tell`] then.
    #[must_use]
    pub fn claims(self, headers: &HeaderMap) -> HeaderMap {
        let mut claims = HeaderMap::new();
        if matches!(self, Self::Ignore | Self::Inject) {
            for name in &CLAIMS {
                for value in headers.get_all(name) {
                    claims.append(name, value.clone());
                }
            }
        }
        claims
    }

    /// Tells a back end. `claims` are what passes of the client's, which must be stripped already.
    pub fn tell(self, headers: &mut HeaderMap, claims: HeaderMap, asker: &Asker<'_>) {
        headers.extend(claims);
        if !matches!(self, Self::Inject | Self::Own) {
            return;
        }
        let peer = asker.peer.ip().to_canonical();
        let node = match peer {
            IpAddr::V4(_) => peer.to_string(),
            IpAddr::V6(_) => format!("\"[{peer}]\""),
        };
        let named = asker.host.map(|host| format!(";host=\"{host}\"")).unwrap_or_default();
        let mut append = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name, value);
            }
        };
        append(header::FORWARDED, &format!("for={node}{named};proto={}", asker.scheme));
        append(FORWARDED_FOR, &peer.to_string());
        // These two are no lists to most who read them, and what stands there is of the first hop.
        let mut put = |name: HeaderName, value: &str| {
            if !headers.contains_key(&name)
                && let Ok(value) = HeaderValue::from_str(value)
            {
                headers.insert(name, value);
            }
        };
        put(FORWARDED_PROTO, asker.scheme);
        if let Some(host) = asker.host {
            put(FORWARDED_HOST, host.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::proxy::{head::strip_request, identity::Identity};

    const CLAIMED: [(&str, &str); 5] = [
        ("forwarded", "for=10.0.0.1"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-user", "root"),
        ("x_forwarded_for", "10.0.0.2"),
    ];

    /// What a back end reads in these fields, when a client claims all of the above.
    fn told(forwarding: Forwarding) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in CLAIMED {
            headers.append(name, HeaderValue::from_static(value));
        }
        let claims = forwarding.claims(&headers);
        strip_request(&mut headers, &Identity::default());
        let host = Authority::from_static("gw.test");
        let asker = Asker { peer: "192.0.2.7:1".parse().unwrap(), host: Some(&host), scheme: "http" };
        forwarding.tell(&mut headers, claims, &asker);
        let mut told: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        // By name alone: the order of the values of one field is what counts.
        told.sort_by(|one, other| one.0.cmp(&other.0));
        told
    }

    fn lines(lines: &[(&str, &str)]) -> Vec<(String, String)> {
        lines.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_the_gateways_word_counts_where_nothing_else_is_asked_for() {
        let expected = lines(&[
            ("forwarded", "for=192.0.2.7;host=\"gw.test\";proto=http"),
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "gw.test"),
            ("x-forwarded-proto", "http"),
        ]);
        assert_eq!(told(Forwarding::default()), expected);
    }

    #[test]
    fn excluded_claims_leave_nothing() {
        assert_eq!(told(Forwarding::Exclude), []);
    }

    #[test]
    fn ignored_claims_pass_but_for_names_of_users_and_odd_spellings() {
        let expected =
            [("forwarded", "for=10.0.0.1"), ("x-forwarded-for", "10.0.0.1"), ("x-forwarded-proto", "https")];
        assert_eq!(told(Forwarding::Ignore), lines(&expected));
    }

    #[test]
    fn an_injected_word_stands_last() {
        let expected = lines(&[
            ("forwarded", "for=10.0.0.1"),
            ("forwarded", "for=192.0.2.7;host=\"gw.test\";proto=http"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "gw.test"),
            ("x-forwarded-proto", "https"),
        ]);
        assert_eq!(told(Forwarding::Inject), expected);
    }

    #[test]
    fn an_address_of_the_new_kind_is_quoted_and_one_that_is_mapped_is_not() {
        for (peer, node, plain) in [
            ("[::ffff:192.0.2.7]:1", "192.0.2.7", "192.0.2.7"),
            ("[2001:db8::1]:1", "\"[2001:db8::1]\"", "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            let asker = Asker { peer: peer.parse().unwrap(), host: None, scheme: "https" };
            Forwarding::Own.tell(&mut headers, HeaderMap::new(), &asker);
            assert_eq!(headers["forwarded"], format!("for={node};proto=https"));
            assert_eq!(headers["x-forwarded-for"], plain);
        }
    }
}
