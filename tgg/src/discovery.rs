//! What the DNS says about a realm's servers: SRV records (RFC 4120 section 7.2.3.2, RFC 2782) and URI
//! records (RFC 7553, in the form of MIT krb5 1.15).
//!
//! Only configured realms are looked up, and what is found is judged: a port must be the service's own or
//! named by the operator, an address must be permitted ([`crate::network`]).

use crate::routes::Purpose;

/// A server that a record names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Lower ones come first.
    pub priority: u16,
    /// Its share among those of the same priority.
    pub weight: u16,
}

/// Why a URI record is passed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// Not `krb5srv:FLAGS:TRANSPORT:HOST[:PORT]`.
    #[error("it is not of the form krb5srv:FLAGS:TRANSPORT:HOST[:PORT]")]
    Form,
    /// A transport other than udp and tcp. `kkdcp` would be another proxy.
    #[error("its transport is neither udp nor tcp")]
    Transport,
}

/// The owner names of a realm's SRV records.
#[must_use]
pub fn srv_names(purpose: Purpose, krb_realm: &str) -> [String; 2] {
    let service = service(purpose);
    [format!("_{service}._udp.{krb_realm}."), format!("_{service}._tcp.{krb_realm}.")]
}

/// The owner name of a realm's URI records.
#[must_use]
pub fn uri_name(purpose: Purpose, krb_realm: &str) -> String {
    format!("_{}.{krb_realm}.", service(purpose))
}

const fn service(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Kdc => "kerberos",
        Purpose::Kpasswd => "kpasswd",
    }
}

/// Reads the data of a URI record (RFC 7553 section 4.5).
///
/// # Errors
///
/// Any [`UriError`]; the record is passed over.
pub fn uri(data: &[u8], purpose: Purpose) -> Result<Found, UriError> {
    let (&[p0, p1, w0, w1], target) = data.split_first_chunk::<4>().ok_or(UriError::Form)?;
    let target = str::from_utf8(target).map_err(|_| UriError::Form)?;
    let mut parts = target.splitn(4, ':');
    let scheme = parts.next().unwrap_or_default();
    let (Some(_flags), Some(transport), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(UriError::Form);
    };
    if !scheme.eq_ignore_ascii_case("krb5srv") {
        return Err(UriError::Form);
    }
    if !["udp", "tcp"].iter().any(|known| transport.eq_ignore_ascii_case(known)) {
        return Err(UriError::Transport);
    }
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| UriError::Form)?),
        None => (rest, purpose.port()),
    };
    if host.is_empty() {
        return Err(UriError::Form);
    }
    Ok(Found {
        host: host.to_owned(),
        port,
        priority: u16::from_be_bytes([p0, p1]),
        weight: u16::from_be_bytes([w0, w1]),
    })
}

/// Whether a server may have the port that a record gives it.
#[must_use]
pub fn port_permitted(port: u16, purpose: Purpose, named: &[u16]) -> bool {
    port == purpose.port() || named.contains(&port)
}

/// Puts servers in the order to ask them: by priority, and by chance according to their weight (RFC 2782).
///
/// `dice(end)` gives a number from 0 up to `end`, inclusive. Servers that several records name stay once.
pub fn order(mut found: Vec<Found>, mut dice: impl FnMut(u64) -> u64) -> Vec<Found> {
    found.sort_by_key(|server| (server.priority, server.weight));
    let mut ordered: Vec<Found> = Vec::with_capacity(found.len());
    while let Some(first) = found.first() {
        let priority = first.priority;
        let alike = found.iter().take_while(|server| server.priority == priority);
        let total: u64 = alike.clone().map(|server| u64::from(server.weight)).sum();
        let drawn = dice(total);
        let mut sum = 0;
        let place = alike
            .take_while(|server| {
                sum += u64::from(server.weight);
                sum < drawn
            })
            .count();
        let server = found.remove(place.min(found.len() - 1));
        if !ordered.iter().any(|known| known.host == server.host && known.port == server.port) {
            ordered.push(server);
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, priority: u16, weight: u16) -> Found {
        Found { host: host.into(), port: 88, priority, weight }
    }

    fn hosts(found: &[Found]) -> Vec<&str> {
        found.iter().map(|server| server.host.as_str()).collect()
    }

    #[test]
    fn priority_comes_first_and_weight_by_chance() {
        let found = vec![server("c", 2, 0), server("b", 1, 10), server("a", 1, 90)];
        assert_eq!(hosts(&order(found.clone(), |_| 0)), ["b", "a", "c"]);
        assert_eq!(hosts(&order(found.clone(), |end| end)), ["a", "b", "c"]);
        let mut draws = [11, 0, 0].into_iter();
        assert_eq!(hosts(&order(found, |_| draws.next().unwrap())), ["a", "b", "c"]);
    }

    #[test]
    fn a_server_named_by_the_udp_and_the_tcp_record_is_asked_once() {
        let found = vec![server("a", 0, 5), server("b", 0, 5), server("a", 0, 5), server("b", 0, 5)];
        let ordered = order(found, |end| end / 2);
        assert_eq!(ordered.len(), 2);
    }

    #[test]
    fn dice_that_cheat_do_no_harm() {
        let found = vec![server("a", 0, u16::MAX), server("b", 0, 0)];
        assert_eq!(order(found, |_| u64::MAX).len(), 2);
        assert_eq!(order(Vec::new(), |_| 0).len(), 0);
    }

    #[test]
    fn the_uri_records_of_mit_are_read() {
        let read = |target: &str| uri(&[&[0, 10, 0, 1][..], target.as_bytes()].concat(), Purpose::Kdc);
        let found = read("krb5srv:m:udp:kdc1.example.com").unwrap();
        assert_eq!(
            (found.host.as_str(), found.port, found.priority, found.weight),
            ("kdc1.example.com", 88, 10, 1)
        );
        assert_eq!(read("KRB5SRV::TCP:kdc1.example.com:1088").unwrap().port, 1088);
        assert_eq!(read("krb5srv:m:kkdcp:https://kdc1/path"), Err(UriError::Transport));
        for wrong in
            ["", "krb5srv", "krb5srv:m:udp:", "krb5srv:m:udp::88", "http:m:udp:a", "krb5srv:m:udp:a:b:c"]
        {
            assert_eq!(read(wrong), Err(UriError::Form), "{wrong}");
        }
        assert_eq!(uri(&[0, 1, 0], Purpose::Kdc), Err(UriError::Form));
        assert_eq!(uri(&[0, 1, 0, 1, 0xff], Purpose::Kdc), Err(UriError::Form));
    }

    #[test]
    fn a_strange_port_needs_naming() {
        assert!(port_permitted(88, Purpose::Kdc, &[]));
        assert!(!port_permitted(464, Purpose::Kdc, &[]));
        assert!(port_permitted(464, Purpose::Kpasswd, &[]));
        assert!(!port_permitted(22, Purpose::Kdc, &[]));
        assert!(port_permitted(1088, Purpose::Kdc, &[1088]));
    }
}
