//! Kerberos over TCP and UDP as a KDC speaks it (RFC 4120 section 7.2), under the gateway's policy.
//!
//! For networks that want the policy without the web, and for the local end of a tunnel.

use std::{net::SocketAddr, sync::Arc};

use bytes::BytesMut;
use krb::error_code;
use tgg::{
    envelope::{Carries, Envelope, Opened, Stream},
    failure::krb_error,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::kerberos5_proxy::Kerberos5Proxy;
use crate::{
    ambient,
    answer::{OnStream, on_stream},
    limits::{LINGER, Limits, Peer, Timeouts},
    record::Via,
};

/// Longest reply that a datagram carries, in octets; longer ones are asked for again over TCP.
///
/// It fits an Ethernet frame with room for tunnels, and bounds what a forged source address can have sent
/// to its owner.
const MAX_DATAGRAM: usize = 1400;

/// Octets that a read asks for.
const READ: usize = 4096;

/// Serves one TCP connection: requests one after the other, until the peer leaves or idles.
pub async fn stream(
    service: &Kerberos5Proxy,
    mut io: TcpStream,
    peer: &Peer,
    via: Via,
    timeouts: Timeouts,
    draining: &CancellationToken,
) {
    let mut units = Stream::new(Carries::Framed);
    let mut begun = ambient::now();
    loop {
        let unit = match units.unit() {
            Ok(Some(unit)) => unit,
            Ok(None) => {
                if !units.is_partial() {
                    begun = ambient::now();
                }
                let patience = if units.is_partial() { timeouts.message } else { timeouts.idle };
                let mut octets = BytesMut::with_capacity(READ);
                let read = tokio::select! {
                    read = io.read_buf(&mut octets) => read,
                    () = tokio::time::sleep_until(ambient::instant(begun + patience)) => return,
                    () = draining.cancelled(), if !units.is_partial() => return,
                };
                match read {
                    Ok(1..) => {
                        if !units.is_partial() {
                            begun = ambient::now();
                        }
                        units.push(octets.freeze());
                        continue;
                    }
                    Ok(0) | Err(_) => return,
                }
            }
            Err(malformed) => {
                service.refuse(malformed, units.held(), via);
                if malformed.is_too_long() {
                    // What the KDC says to a length that it does not take (RFC 4120 section 7.2.2).
                    let error = krb_error(error_code::KRB_ERR_FIELD_TOOLONG, b"", ambient::time_of_day());
                    let farewell = async {
                        io.write_all(&Envelope::Framed.seal(error)).await?;
                        io.shutdown().await?;
                        // Unread octets would have the connection reset, and the error might not arrive.
                        copy(&mut io.take(LINGER), &mut sink()).await
                    };
                    let _ = timeout(timeouts.message, farewell).await;
                }
                return;
            }
        };
        let answered = service.answer(unit, peer, via).await;
        if let Err(why) = &answered.reply
            && matches!(on_stream(why), OnStream::Close(_))
        {
            return;
        }
        let reply = Envelope::Framed.seal(answered.reply_or_error());
        match timeout(timeouts.message, io.write_all(&reply)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// Answers one datagram.
pub async fn datagram(
    service: &Kerberos5Proxy,
    socket: &UdpSocket,
    limits: &Arc<Limits>,
    opened: Opened,
    from: SocketAddr,
) {
    let peer = limits.peer(from.ip());
    let answered = service.answer(opened, &peer, Via { peer: from, over: "udp" }).await;
    if let Err(why) = &answered.reply
        && matches!(on_stream(why), OnStream::Close(_))
    {
        // It was no request. An answer would only serve whoever forged the address it came from.
        return;
    }
    let krb_realm = answered.krb_realm().clone();
    let mut reply = answered.reply_or_error();
    if reply.len() > MAX_DATAGRAM {
        let too_big = error_code::KRB_ERR_RESPONSE_TOO_BIG;
        reply = krb_error(too_big, &krb_realm, ambient::time_of_day());
    }
    let _ = socket.send_to(&reply, from).await;
}
