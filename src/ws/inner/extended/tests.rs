//! Frames on their way, whole and in pieces.

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::{super::super::frame, *};

const BOTH: Extensions = Extensions { idle: None, ping_pong: true };

/// A frame as a client sends it.
fn client(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = payload.to_vec();
    let mut room = [0; frame::MAX_HEADER];
    let start = frame::seal_masked(&mut room, &mut octets, [7, 0, 200, 9]);
    let mut frame = room[start..].to_vec();
    frame[0] = first;
    frame.extend_from_slice(&octets);
    frame
}

/// A frame as a server sends it.
fn server(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut room = [0; frame::MAX_SERVER_HEADER];
    let start = frame::seal(&mut room, payload.len());
    let mut frame = room[start..].to_vec();
    frame[0] = first;
    frame.extend_from_slice(payload);
    frame
}

/// What whoever serves the socket reads of these octets, cut into pieces of this length.
fn inbound(octets: &[u8], piece: usize) -> (Vec<u8>, usize) {
    let (mut inbound, mut out) = (Inbound::new(true), BytesMut::new());
    let pings = octets.chunks(piece).map(|piece| inbound.pass(piece, &mut out)).sum();
    (out.to_vec(), pings)
}

fn outbound(octets: &[u8], piece: usize, owed: usize) -> Vec<u8> {
    let (mut outbound, mut out) = (Outbound::new(true), BytesMut::new());
    outbound.owe(owed);
    octets.chunks(piece).for_each(|piece| outbound.pass(piece, &mut out));
    out.to_vec()
}

#[test]
fn commands_of_a_client_become_pings_and_pongs() {
    let octets = [
        client(0x81, b"hi"),
        client(0x81, &[1, 1, 1, 2, 0x09, 0]),
        client(0x82, &[1, 1, 1, 2, 0x0a, 0]),
        client(0x88, &[]),
    ]
    .concat();
    let read = [client(0x81, b"hi"), vec![0x89, 0x80, 0, 0, 0, 0, 0x8a, 0x80, 0, 0, 0, 0], client(0x88, &[])];
    for piece in 1..octets.len() {
        assert_eq!(inbound(&octets, piece), (read.concat(), 1), "in pieces of {piece}");
    }
}

#[test]
fn a_message_of_the_application_may_begin_as_a_command_behind_an_escape() {
    let messages = [client(0x82, &[1, 1, 1, 2, b'x']), client(0x81, &[1, 1, 1, 2])].concat();
    let escape = client(0x81, &[1, 1, 1, 2]);
    let octets =
        [&escape[..], &client(0x82, &[1, 1, 1, 2, b'x']), &escape, &client(0x81, &[1, 1, 1, 2])].concat();
    assert_eq!(inbound(&octets, octets.len()), (messages.clone(), 0));
    let sent = [server(0x82, &[1, 1, 1, 2, b'x']), server(0x81, &[1, 1, 1, 2]), server(0x81, &[1, 1, 1])];
    let expected = [
        server(0x82, &[1, 1, 1, 2]),
        server(0x82, &[1, 1, 1, 2, b'x']),
        server(0x81, &[1, 1, 1, 2]),
        server(0x81, &[1, 1, 1, 2]),
        server(0x81, &[1, 1, 1]),
    ];
    assert_eq!(outbound(&sent.concat(), 3, 0), expected.concat());
}

#[test]
fn a_control_frame_between_escape_and_message_changes_nothing() {
    let literal = client(0x81, &[1, 1, 1, 2, 9, 0]);
    let octets = [&client(0x81, &[1, 1, 1, 2])[..], &client(0x8a, b"p"), &literal].concat();
    assert_eq!(inbound(&octets, 5), ([client(0x8a, b"p"), literal].concat(), 0));
}

#[test]
fn what_begins_as_a_command_and_is_none_is_a_breach() {
    for octets in [
        client(0x81, &[1, 1, 1, 2, 9]),
        client(0x81, &[1, 1, 1, 2, 9, 1]),
        client(0x81, &[1, 1, 1, 2, 7, 0]),
        client(0x81, &[1, 1, 1, 2, 9, 0, 0]),
        client(0x01, &[1, 1, 1, 2]),
    ] {
        let all = [octets, client(0x81, b"more")].concat();
        let (read, _) = inbound(&all, 4);
        assert_eq!(read[0], 0x8f, "an opcode of nobody");
        assert_eq!(read.len(), 6, "and nothing behind it");
    }
}

#[test]
fn pings_of_the_gateway_become_commands_but_not_within_a_message() {
    let ping = [0x89, 0];
    let command = [0x81, 6, 1, 1, 1, 2, 9, 0];
    assert_eq!(outbound(&ping, 1, 0), command);
    let parts = [&server(0x01, b"a")[..], &ping, &server(0x80, b"b"), &ping].concat();
    let sent = [&server(0x01, b"a")[..], &ping, &server(0x80, b"b"), &command].concat();
    assert_eq!(outbound(&parts, 2, 0), sent);
    let full = server(0x89, b"with a payload");
    assert_eq!(outbound(&full, 3, 0), full);
}

#[test]
fn only_the_answer_to_a_command_is_one() {
    let pong = [0x8a, 0];
    let twice = [pong, pong].concat();
    assert_eq!(outbound(&twice, 1, 1), [&[0x81, 6, 1, 1, 1, 2, 0x0a, 0][..], &pong].concat());
}

proptest! {
    /// Messages that do not begin as commands pass as they are, whatever they are cut into.
    #[test]
    fn all_else_passes_unchanged(
        messages in prop::collection::vec(prop::collection::vec(2u8.., 0..300), 0..8),
        piece in 1usize..40,
    ) {
        let sent: Vec<u8> = messages.iter().flat_map(|message| client(0x82, message)).collect();
        prop_assert_eq!(inbound(&sent, piece).0, sent);
        let sent: Vec<u8> = messages.iter().flat_map(|message| server(0x82, message)).collect();
        prop_assert_eq!(outbound(&sent, piece, 0), sent);
    }

    /// Nothing that a client sends breaks it.
    #[test]
    fn any_octets_are_taken(octets in prop::collection::vec(any::<u8>(), 0..200), piece in 1usize..40) {
        inbound(&octets, piece);
        outbound(&octets, piece, 1);
    }
}

#[tokio::test]
async fn octets_go_through_both_ways() {
    let (mut far, near) = duplex(1 << 16);
    let early = client(0x81, b"early");
    let mut socket = Extended::new(near, &early[..3], BOTH);
    far.write_all(&early[3..]).await.unwrap();
    far.write_all(&client(0x81, &[1, 1, 1, 2, 9, 0])).await.unwrap();
    let mut read = vec![0; early.len() + 6];
    socket.read_exact(&mut read).await.unwrap();
    assert_eq!(read, [&early[..], &[0x89, 0x80, 0, 0, 0, 0]].concat());
    socket.write_all(&[0x8a, 0]).await.unwrap();
    socket.write_all(&server(0x82, &[7; 20_000])).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut sent = Vec::new();
    far.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, [&[0x81, 6, 1, 1, 1, 2, 0x0a, 0][..], &server(0x82, &[7; 20_000])].concat());
}

#[tokio::test]
async fn a_connection_that_takes_little_gets_all() {
    let (mut far, near) = duplex(7);
    let mut socket = Extended::new(near, b"", BOTH);
    let message = server(0x82, &[1, 1, 1, 2, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]);
    let sending = async {
        socket.write_all(&message).await.unwrap();
        socket.shutdown().await.unwrap();
    };
    let mut sent = Vec::new();
    let (_, read) = tokio::join!(sending, far.read_to_end(&mut sent));
    read.unwrap();
    assert_eq!(sent, [server(0x82, &[1, 1, 1, 2]), message.clone()].concat());
}

#[tokio::test]
async fn a_client_that_counts_the_silence_hears_something_in_time() {
    for (ping_pong, pong) in [(true, &[0x81, 6, 1, 1, 1, 2, 0x0a, 0][..]), (false, &[0x8a, 0])] {
        let (mut far, near) = duplex(64);
        let extensions = Extensions { idle: Some(Duration::from_millis(40)), ping_pong };
        let begun = ambient::now();
        let mut socket = Extended::new(near, b"", extensions);
        let reading = tokio::spawn(async move { socket.read_u8().await.map(|_| ()) });
        let mut heard = vec![0; 3 * pong.len()];
        far.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, pong.repeat(3));
        assert!(
            ambient::now().since(begun) >= Duration::from_millis(90),
            "three quarters of it, three times"
        );
        drop(far);
        assert!(reading.await.unwrap().is_err());
    }
}
