//! Ports of the loopback that are free for UDP and TCP at once.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
#[cfg(target_os = "linux")]
use std::os::{linux::net::SocketAddrExt, unix::net};

use crate::error::Error;

/// First port that is tried. Below the ports that systems give to outgoing
/// connections (Linux: from 32768), so that none of those gets in between.
const FIRST: u16 = 20_000;

/// How many ports there are to try.
const COUNT: u16 = 12_000;

/// Attempts until the loopback counts as full.
const ATTEMPTS: usize = 200;

/// A port that no other realm takes while this lives.
#[derive(Debug)]
pub(crate) struct Port {
    /// The port on 127.0.0.1.
    pub(crate) addr: SocketAddr,
    _claim: Claim,
}

/// `krb5kdc` and `kadmind` share a port with whoever asked for it the same way, so two realms that chose
/// one number would take each other's requests and never see an error. A socket with an abstract
/// name says that the number is taken, and is gone with its process.
#[cfg(target_os = "linux")]
type Claim = net::UnixListener;
#[cfg(not(target_os = "linux"))]
type Claim = ();

#[cfg(target_os = "linux")]
fn claim(port: u16) -> Option<Claim> {
    let name = net::SocketAddr::from_abstract_name(format!("testkdc-{port}")).ok()?;
    net::UnixListener::bind_addr(&name).ok()
}

#[cfg(not(target_os = "linux"))]
fn claim(_port: u16) -> Option<Claim> {
    Some(())
}

/// Takes a port that is free for UDP and TCP.
pub(crate) fn take() -> Result<Port, Error> {
    (0..ATTEMPTS).find_map(|_| attempt()).ok_or(Error::Port)
}

fn attempt() -> Option<Port> {
    // The only randomness of the standard library: the seed of its maps.
    let dice = RandomState::new().build_hasher().finish();
    let port = FIRST + u16::try_from(dice % u64::from(COUNT)).ok()?;
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let claim = claim(port)?;
    UdpSocket::bind(addr).ok()?;
    TcpListener::bind(addr).ok()?;
    Some(Port { addr, _claim: claim })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::take;

    #[test]
    fn no_port_is_given_twice() {
        let ports: Vec<_> = (0..50).map(|_| take().unwrap()).collect();
        let numbers: HashSet<_> = ports.iter().map(|port| port.addr.port()).collect();
        assert_eq!(numbers.len(), ports.len());
    }
}
