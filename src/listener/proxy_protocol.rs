//! The header that a proxy in front writes before a connection's own octets: the PROXY protocol of HAProxy, versions
//! 1 and 2.
//!
//! It is read only of peers that are trusted to tell who connects, and before TLS. There is no telling whether a
//! connection without one lacks it by mistake or by design, so where it is expected it must be there (section 2 of
//! the specification). How long it may take is the caller's to say.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use crc::{CRC_32_ISCSI, Crc};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Octets that tell version 2 from all else.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// What version 1 begins with.
const WORD: &[u8; 6] = b"PROXY ";

/// Octets of the shortest header of version 1: `PROXY UNKNOWN` and the end of the line.
const SHORTEST_LINE: usize = 15;
/// Octets of the longest header of version 1 (section 2.1).
const LONGEST_LINE: usize = 107;
/// Octets of version 2 before the addresses.
const FIXED: usize = 16;
/// Octets of the longest header of version 2 that is read. Addresses take up to 216; a proxy may add a client's
/// whole certificate.
const LONGEST: usize = 16 * 1024;

/// The additional field that holds a checksum (section 2.2.3).
const CHECKSUM: u8 = 0x03;
static CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Why a connection has no header that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyProtocolError {
    /// It begins with something else.
    #[error(
        "no PROXY protocol header; switch it on at the proxy (send-proxy), or tcp.proxy.protocol off here"
    )]
    Absent,
    /// The checksum does not fit.
    #[error("the PROXY protocol header was damaged on its way: its checksum is wrong")]
    Checksum,
    /// The connection ended, or broke off, before it was whole.
    #[error("the connection ended within the PROXY protocol header: {0}")]
    Ended(#[from] io::Error),
    /// It breaks the specification.
    #[error("malformed PROXY protocol header; what is in front of the gateway must send version 1 or 2")]
    Malformed,
    /// It is above the limit.
    #[error("PROXY protocol header of {0} octets; {LONGEST} are read: have the proxy add less to it")]
    TooLong(usize),
}

/// What the octets so far come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// The header has at least so many octets, which is more than there are.
    Least(usize),
    /// It is whole: whom the proxy speaks for. `None` if it speaks for itself, or does not know.
    Whole(Option<SocketAddr>),
}

/// Reads a header, and not an octet of what is behind it. `None` means that the peer's own address counts.
///
/// # Errors
///
/// Any [`ProxyProtocolError`]; the connection cannot be used.
pub async fn read<I>(io: &mut I) -> Result<Option<SocketAddr>, ProxyProtocolError>
where
    I: AsyncRead + Unpin,
{
    let mut header = Vec::new();
    loop {
        match parse(&header)? {
            Progress::Whole(source) => return Ok(source),
            Progress::Least(length) => {
                let begun = header.len();
                header.resize(length, 0);
                io.read_exact(header.get_mut(begun..).unwrap_or_default()).await?;
            }
        }
    }
}

/// Looks at what was read so far. Nothing behind the header is ever asked for.
///
/// # Errors
///
/// All of [`ProxyProtocolError`] but [`ProxyProtocolError::Ended`].
pub fn parse(octets: &[u8]) -> Result<Progress, ProxyProtocolError> {
    let begins = |with: &[u8]| octets.iter().zip(with).all(|(octet, expected)| octet == expected);
    if begins(WORD) {
        line(octets)
    } else if begins(SIGNATURE) {
        binary(octets)
    } else {
        Err(ProxyProtocolError::Absent)
    }
}

/// Version 1: a line for people.
fn line(octets: &[u8]) -> Result<Progress, ProxyProtocolError> {
    let Some(end) = octets.windows(2).position(|two| two == b"\r\n") else {
        return least_of_line(octets).map(Progress::Least);
    };
    let text = octets.get(WORD.len()..end).and_then(|line| str::from_utf8(line).ok());
    let text = text.filter(|_| end + 2 == octets.len() && octets.len() <= LONGEST_LINE);
    let text = text.ok_or(ProxyProtocolError::Malformed)?;
    if text == "UNKNOWN" || text.starts_with("UNKNOWN ") {
        return Ok(Progress::Whole(None));
    }
    let mut words = text.split(' ');
    let mut next = || words.next().ok_or(ProxyProtocolError::Malformed);
    let (family, from, to, from_port, to_port) = (next()?, next()?, next()?, next()?, next()?);
    let address = |text: &str| match family {
        "TCP4" => text.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        "TCP6" => text.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        _ => None,
    };
    let port = |text: &str| {
        let plain =
            text.bytes().all(|digit| digit.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        text.parse::<u16>().ok().filter(|_| plain)
    };
    let told = (address(from), address(to), port(from_port), port(to_port), words.next());
    let (Some(from), Some(_), Some(port), Some(_), None) = told else {
        return Err(ProxyProtocolError::Malformed);
    };
    Ok(Progress::Whole(Some(SocketAddr::new(from, port))))
}

/// How long a line is at least whose end has not come yet.
fn least_of_line(octets: &[u8]) -> Result<usize, ProxyProtocolError> {
    // The shortest lines with addresses: the rest is then read two octets at a time, and not one.
    let shortest = match octets.get(..WORD.len() + 5) {
        Some(b"PROXY TCP4 ") => "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n".len(),
        Some(b"PROXY TCP6 ") => "PROXY TCP6 :: :: 0 0\r\n".len(),
        _ => SHORTEST_LINE,
    };
    let missing = if octets.last() == Some(&b'\r') { 1 } else { 2 };
    let least = shortest.max(octets.len() + missing);
    if least > LONGEST_LINE { Err(ProxyProtocolError::Malformed) } else { Ok(least) }
}

/// Version 2: octets for machines.
fn binary(octets: &[u8]) -> Result<Progress, ProxyProtocolError> {
    let Some((fixed, body)) = octets.split_first_chunk::<FIXED>() else {
        // Short enough for version 1 as well, so that the first read suits both.
        let least = if octets.len() < SHORTEST_LINE { SHORTEST_LINE } else { FIXED };
        return Ok(Progress::Least(least));
    };
    let [.., version_command, family, high, low] = *fixed;
    let announced = usize::from(u16::from_be_bytes([high, low]));
    let whole = FIXED + announced;
    if version_command >> 4 != 2 {
        return Err(ProxyProtocolError::Malformed);
    }
    if whole > LONGEST {
        return Err(ProxyProtocolError::TooLong(whole));
    }
    if octets.len() < whole {
        return Ok(Progress::Least(whole));
    }
    if octets.len() > whole {
        return Err(ProxyProtocolError::Malformed);
    }
    match version_command & 0x0f {
        // Of itself, to see whether the gateway lives. The rest has no meaning.
        0 => return Ok(Progress::Whole(None)),
        1 => {}
        _ => return Err(ProxyProtocolError::Malformed),
    }
    let addresses = match family {
        // Of no family, or without a known protocol above it.
        0x00..=0x02 => 0,
        0x10..=0x12 => 12,
        0x20..=0x22 => 36,
        0x30..=0x32 => 216,
        _ => return Err(ProxyProtocolError::Malformed),
    };
    let (addresses, fields) = body.split_at_checked(addresses).ok_or(ProxyProtocolError::Malformed)?;
    check_fields(octets, fields)?;
    // Only streams are accepted here: the address of a datagram, or of a socket in a file system, is nobody's.
    Ok(Progress::Whole(match family {
        0x11 => source::<4>(addresses),
        0x21 => source::<16>(addresses),
        _ => None,
    }))
}

/// The first of two addresses and the first of two ports.
fn source<const N: usize>(octets: &[u8]) -> Option<SocketAddr>
where
    IpAddr: From<[u8; N]>,
{
    let (from, rest) = octets.split_first_chunk::<N>()?;
    let (_, ports) = rest.split_first_chunk::<N>()?;
    let port = u16::from_be_bytes(*ports.first_chunk()?);
    Some(SocketAddr::new(IpAddr::from(*from), port))
}

/// Walks the additional fields, which must fill the header, and verifies the checksum if there is one.
fn check_fields(header: &[u8], mut fields: &[u8]) -> Result<(), ProxyProtocolError> {
    while let Some(([kind, high, low], rest)) = fields.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, rest) = rest.split_at_checked(length).ok_or(ProxyProtocolError::Malformed)?;
        if *kind == CHECKSUM {
            let told = <[u8; 4]>::try_from(value).map_err(|_| ProxyProtocolError::Malformed)?;
            // Of the whole header, with zeros in its own place.
            let mut digest = CASTAGNOLI.digest();
            digest.update(header.get(..header.len() - rest.len() - value.len()).unwrap_or_default());
            digest.update(&[0; 4]);
            digest.update(rest);
            if digest.finalize() != u32::from_be_bytes(told) {
                return Err(ProxyProtocolError::Checksum);
            }
        }
        fields = rest;
    }
    if fields.is_empty() { Ok(()) } else { Err(ProxyProtocolError::Malformed) }
}

#[cfg(test)]
mod tests;
