//! Kerberos over TCP and UDP without the web: what is served, and what is refused as a KDC would.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::UdpSocket,
};

use krb::error_code::{
    KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_WRONG_REALM, KRB_ERR_FIELD_TOOLONG, KRB_ERR_RESPONSE_TOO_BIG,
};

use crate::{
    initiator::{ap_req, as_req, as_req_in, ask_stream, directly, error_code, framed, tgt, whole_exchange},
    world::{Gateway, PATIENCE, realm},
    ws_client::plain,
};

fn gateway() -> Gateway {
    Gateway::before_realm(&["--listen-raw", "127.0.0.1:0"])
}

/// A socket for datagrams to the gateway.
fn udp(gateway: &Gateway) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(gateway.raw()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut octets = vec![0; 65_536];
    let length = socket.recv(&mut octets).unwrap();
    octets.truncate(length);
    octets
}

fn ask_udp(socket: &UdpSocket, request: &[u8]) -> Vec<u8> {
    socket.send(request).unwrap();
    receive(socket)
}

#[test]
fn a_password_becomes_a_service_ticket_over_tcp_and_over_udp() {
    let gateway = gateway();
    let (mut stream, socket) = (plain(gateway.raw()), udp(&gateway));
    whole_exchange(&mut |request| ask_stream(&mut stream, request));
    whole_exchange(&mut |request| ask_udp(&socket, request));
}

#[test]
fn a_length_with_the_high_bit_or_above_the_limit_is_told_so_and_the_connection_ends() {
    let gateway = gateway();
    for length in
        [[0x80, 0, 0, 1], [0xff; 4], [0, 2, 0, 1], [0x7f, 0xff, 0xff, 0xff], [0x6a, 0x81, 0x80, 0x30]]
    {
        // With and without octets behind it.
        for rest in [0, 100_000] {
            let (mut stream, mut said) = (plain(gateway.raw()), Vec::new());
            let _ = stream.write_all(&[&length[..], &vec![0; rest]].concat());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            stream.read_to_end(&mut said).unwrap();
            assert_eq!(said[..4], u32::try_from(said.len() - 4).unwrap().to_be_bytes());
            assert_eq!(error_code(&said[4..]), KRB_ERR_FIELD_TOOLONG, "{length:02x?}");
        }
    }
    assert_eq!(error_code(&directly(gateway.raw(), &as_req("alice"))), KDC_ERR_PREAUTH_REQUIRED);
}

#[test]
fn what_is_no_request_ends_a_connection_without_a_word() {
    let gateway = gateway();
    let whole = as_req("alice");
    for message in [&ap_req(&tgt())[..], &whole[..whole.len() - 1], b"garbage", b""] {
        let (mut stream, mut said) = (plain(gateway.raw()), Vec::new());
        stream.write_all(&framed(message)).unwrap();
        stream.read_to_end(&mut said).unwrap();
        assert_eq!(said, b"", "{message:02x?}");
    }
}

#[test]
fn datagrams_that_are_no_requests_get_silence() {
    let gateway = gateway();
    let socket = udp(&gateway);
    let whole = as_req("alice");
    let garbage =
        [&b"garbage"[..], b"", &whole[1..], &whole[..20], &ap_req(&tgt()), &framed(&whole), &[0; 60_000]];
    for octets in garbage {
        socket.send(octets).unwrap();
    }
    let refused = garbage.len();
    gateway.wait_until_log("refusals", |log| log.matches("\"blame\":\"peer\"").count() >= refused);
    // All have been dealt with, so the next datagram to come answers the next one to go.
    assert_eq!(error_code(&ask_udp(&socket, &whole)), KDC_ERR_PREAUTH_REQUIRED);
    socket.set_nonblocking(true).unwrap();
    assert_eq!(socket.recv(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_realm_that_is_not_served_is_told_so() {
    let gateway = gateway();
    let request = as_req_in("alice", "ELSEWHERE.TEST");
    assert_eq!(error_code(&directly(gateway.raw(), &request)), KDC_ERR_WRONG_REALM);
    assert_eq!(error_code(&ask_udp(&udp(&gateway), &request)), KDC_ERR_WRONG_REALM);
}

#[test]
fn a_reply_that_fits_no_datagram_is_to_be_asked_for_over_tcp() {
    let gateway = gateway();
    let socket = udp(&gateway);
    let request = as_req(&realm().large_user());
    let answer = ask_udp(&socket, &request);
    assert_eq!(error_code(&answer), KRB_ERR_RESPONSE_TOO_BIG);
    assert!(answer.len() < request.len(), "whoever forged the address gains nothing");
    let answer = directly(gateway.raw(), &request);
    assert_eq!(error_code(&answer), KDC_ERR_PREAUTH_REQUIRED);
    assert!(answer.len() > 1400);
}
