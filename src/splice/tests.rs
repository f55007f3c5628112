//! Pairs of which at least the client speaks a stream of octets, and what a pair keeps.

use std::sync::atomic::Ordering;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{DuplexStream, duplex},
    task::{JoinHandle, yield_now},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, Role, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;

use std::sync::Arc;

use super::*;
use crate::ws::frame;

const PATIENCE: Duration = Duration::from_secs(20);

fn bounds() -> Bounds {
    Bounds {
        ends: Term::default(),
        idle: None,
        message: PATIENCE,
        pending: 64_000,
        silence: Silence::default(),
        max_message: u64::MAX,
        notice: Notice::below(&CancellationToken::new()),
        octets: Arc::default(),
    }
}

/// A pair: the client's end, the back end's, and what comes of it.
fn joined(speaks: Speaks, early: Early, bounds: Bounds) -> (DuplexStream, DuplexStream, JoinHandle<Spliced>) {
    let (client, near_client) = duplex(1 << 16);
    let (near_backend, backend) = duplex(1 << 16);
    let spliced = async move { join(near_client, near_backend, early, speaks, &bounds).await };
    (client, backend, tokio::spawn(spliced))
}

/// A client of octets before a back end that speaks WebSocket.
async fn wrapped(bounds: Bounds) -> (DuplexStream, WebSocketStream<DuplexStream>, JoinHandle<Spliced>) {
    let (client, backend, spliced) = joined(Speaks::Wrapped, Early::default(), bounds);
    (client, WebSocketStream::from_raw_socket(backend, Role::Server, None).await, spliced)
}

async fn reason(spliced: JoinHandle<Spliced>) -> Reason {
    timeout(PATIENCE, spliced).await.unwrap().unwrap().reason
}

async fn read(io: &mut DuplexStream, length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    timeout(PATIENCE, io.read_exact(&mut octets)).await.unwrap().unwrap();
    octets
}

async fn rest(io: &mut DuplexStream) -> Vec<u8> {
    let mut octets = Vec::new();
    timeout(PATIENCE, io.read_to_end(&mut octets)).await.unwrap().unwrap();
    octets
}

async fn next(socket: &mut WebSocketStream<DuplexStream>) -> Message {
    timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap()
}

fn closes(code: CloseCode, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}

#[tokio::test]
async fn what_has_passed_is_told_while_the_pair_lasts() {
    let bounds = bounds();
    let octets = Arc::clone(&bounds.octets);
    let (mut client, mut backend, _spliced) = joined(Speaks::Plain, Early::default(), bounds);
    client.write_all(b"request").await.unwrap();
    backend.write_all(b"yes").await.unwrap();
    read(&mut client, 3).await;
    let told = async {
        while octets.received.load(Ordering::Relaxed) < 7 || octets.sent.load(Ordering::Relaxed) < 3 {
            yield_now().await;
        }
    };
    timeout(PATIENCE, told).await.unwrap();
}

#[tokio::test]
async fn octets_pass_as_they_are_and_each_side_ends_its_own_half() {
    let early = Early { client: Bytes::from_static(b"early "), backend: Bytes::from_static(b"hello ") };
    let (mut client, mut backend, spliced) = joined(Speaks::Plain, early, bounds());
    client.write_all(b"request").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut backend).await, b"early request");
    backend.write_all(b"response").await.unwrap();
    backend.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, b"hello response");
    let spliced = timeout(PATIENCE, spliced).await.unwrap().unwrap();
    assert_eq!(spliced, Spliced { reason: Reason::Ended(Side::Client), up: 13, down: 14 });
}

#[tokio::test]
async fn octets_of_any_length_become_messages_and_come_back() {
    let (client, mut backend, _spliced) = wrapped(bounds()).await;
    let echo = tokio::spawn(async move {
        while let Some(Ok(Message::Binary(octets))) = backend.next().await {
            backend.send(Message::Binary(octets)).await.unwrap();
        }
    });
    let sent: Vec<u8> = (0..=255).cycle().take(3_000_001).collect();
    let (mut reader, mut writer) = tokio::io::split(client);
    let octets = sent.clone();
    let writing = tokio::spawn(async move {
        for piece in octets.chunks(100_003) {
            writer.write_all(piece).await.unwrap();
        }
        writer
    });
    let mut arrived = vec![0; sent.len()];
    timeout(PATIENCE, reader.read_exact(&mut arrived)).await.unwrap().unwrap();
    assert!(arrived == sent);
    drop((reader, writing.await.unwrap()));
    timeout(PATIENCE, echo).await.unwrap().unwrap();
}

#[tokio::test]
async fn messages_of_a_back_end_are_octets_of_whatever_kind() {
    let (mut client, mut backend, _spliced) = wrapped(bounds()).await;
    backend.send(Message::text("te")).await.unwrap();
    backend.send(Message::binary(&b"xt"[..])).await.unwrap();
    // In two frames.
    backend.get_mut().write_all(&[0x02, 1, b'!', 0x80, 1, b'?']).await.unwrap();
    assert_eq!(read(&mut client, 6).await, b"text!?");
}

#[tokio::test]
async fn a_ping_of_a_back_end_is_answered_and_reaches_nobody() {
    let (mut client, mut backend, _spliced) = wrapped(bounds()).await;
    backend.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    assert_eq!(next(&mut backend).await, Message::Pong(Bytes::from_static(b"there?")));
    backend.send(Message::text("octets")).await.unwrap();
    assert_eq!(read(&mut client, 6).await, b"octets");
}

#[tokio::test]
async fn a_back_end_that_closes_is_answered_and_the_client_is_sent_the_rest() {
    let (mut client, mut backend, spliced) = wrapped(bounds()).await;
    backend.send(Message::text("last")).await.unwrap();
    backend.close(None).await.unwrap();
    assert_eq!(rest(&mut client).await, b"last");
    assert_eq!(next(&mut backend).await, closes(CloseCode::Normal, ""));
    assert_eq!(reason(spliced).await, Reason::Ended(Side::Backend));
}

#[tokio::test]
async fn a_client_that_ends_its_half_closes_and_is_still_sent_the_rest() {
    // By hand, because a server of that library answers a close frame at once.
    let (mut client, mut io, spliced) = joined(Speaks::Wrapped, Early::default(), bounds());
    client.write_all(b"request").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(read(&mut io, 13).await.get(..2), Some(&[0x82, 0x87][..]));
    let close = read(&mut io, 8).await;
    assert_eq!(close.get(..2), Some(&[0x88, 0x82][..]));
    io.write_all(&[0x82, 2, b'o', b'k', 0x88, 0]).await.unwrap();
    assert_eq!(rest(&mut client).await, b"ok");
    assert_eq!(reason(spliced).await, Reason::Ended(Side::Client));
    // One close frame is enough, and only now is the connection shut.
    assert!(rest(&mut io).await.is_empty());
}

#[tokio::test]
async fn behind_the_close_frame_the_connection_stays_open_for_the_back_end() {
    let (mut client, backend, _spliced) = wrapped(bounds()).await;
    client.shutdown().await.unwrap();
    let mut io = backend.into_inner();
    read(&mut io, 8).await;
    let (mut more, mut context) = ([0; 1], Context::from_waker(std::task::Waker::noop()));
    io.write_all(&[0x82, 1, b'x']).await.unwrap();
    assert_eq!(read(&mut client, 1).await, b"x");
    let mut more = tokio::io::ReadBuf::new(&mut more);
    assert!(std::pin::Pin::new(&mut io).poll_read(&mut context, &mut more).is_pending());
}

#[tokio::test]
async fn a_back_end_that_breaks_the_protocol_is_told_so() {
    let (mut client, mut backend, spliced) = wrapped(bounds()).await;
    backend.get_mut().write_all(&[0x82, 0x81, 0, 0, 0, 0, b'x']).await.unwrap();
    assert_eq!(next(&mut backend).await, closes(CloseCode::Protocol, ""));
    assert!(rest(&mut client).await.is_empty());
    drop(client);
    assert_eq!(reason(spliced).await, Reason::Said(Goodbye::Protocol));
}

#[tokio::test]
async fn when_the_gateway_goes_down_both_sides_hear_it_as_they_can() {
    let draining = CancellationToken::new();
    let (mut client, mut backend, spliced) =
        wrapped(Bounds { notice: Notice::below(&draining), ..bounds() }).await;
    client.write_all(b"x").await.unwrap();
    assert_eq!(next(&mut backend).await, Message::binary(&b"x"[..]));
    draining.cancel();
    assert_eq!(next(&mut backend).await, closes(CloseCode::Away, "going away"));
    assert!(rest(&mut client).await.is_empty());
    drop(client);
    assert_eq!(reason(spliced).await, Reason::Said(Goodbye::GoingAway));
}

#[tokio::test]
async fn what_was_read_of_either_side_before_goes_first() {
    let early = Early {
        client: Bytes::from_static(b"banner"),
        backend: Bytes::from_static(&[0x81, 5, b'h', b'e', b'l', b'l', b'o', 0x89, 0]),
    };
    let (mut client, backend, _spliced) = joined(Speaks::Wrapped, early, bounds());
    let mut backend = WebSocketStream::from_raw_socket(backend, Role::Server, None).await;
    assert_eq!(read(&mut client, 5).await, b"hello");
    assert_eq!(next(&mut backend).await, Message::binary(&b"banner"[..]));
    assert_eq!(next(&mut backend).await, Message::Pong(Bytes::new()));
}

#[tokio::test]
async fn a_back_end_that_breaks_off_ends_the_client() {
    let (mut client, backend, spliced) = wrapped(bounds()).await;
    drop(backend);
    assert!(rest(&mut client).await.is_empty());
    client.shutdown().await.unwrap();
    assert_eq!(reason(spliced).await, Reason::Ended(Side::Backend));
}

#[tokio::test]
async fn a_client_that_ends_is_not_waited_for_by_a_back_end_that_never_closes() {
    let message = Duration::from_millis(50);
    let (mut client, mut backend, spliced) = wrapped(Bounds { message, ..bounds() }).await;
    client.shutdown().await.unwrap();
    assert_eq!(reason(spliced).await, Reason::Ended(Side::Client));
    assert_eq!(next(&mut backend).await, closes(CloseCode::Normal, ""));
    assert!(matches!(backend.next().await, None | Some(Err(Error::Io(_) | Error::Protocol(_)))));
}

#[test]
fn no_more_is_kept_for_a_side_that_takes_nothing_than_may_be_pending() {
    for (pending, kept) in [(1000, 1000), (1, 1), (0, 1), (1 << 20, 65_536)] {
        let (mut client, near_client) = duplex(1 << 20);
        let (near_backend, _backend) = duplex(100);
        let bounds = Bounds { pending, ..bounds() };
        let mut pair = Pair::new(near_client, near_backend, Speaks::Plain, &bounds);
        let mut context = Context::from_waker(std::task::Waker::noop());
        let octets = vec![7; 1 << 20];
        let written = std::pin::Pin::new(&mut client).poll_write(&mut context, &octets);
        assert!(matches!(written, Poll::Ready(Ok(written)) if written == octets.len()));
        assert!(pair.poll_both(&mut context).is_pending());
        let held = pair.up.take_held().len();
        assert!(held <= kept && held + 100 > kept.min(100), "{held} octets where {pending} may be pending");
    }
}

/// For those who are to be given up.
const SOON: Option<Duration> = Some(Duration::from_millis(40));
/// For those who have to answer in half of it.
const AMPLE: Option<Duration> = Some(Duration::from_secs(1));

/// A pair whose client is listened to, or its back end.
fn listening(client: Option<Duration>, backend: Option<Duration>) -> Bounds {
    Bounds { silence: Silence { client, backend }, ..bounds() }
}

#[tokio::test]
async fn a_client_that_answers_pings_may_say_nothing_for_ever() {
    for speaks in [Speaks::WebSocket, Speaks::Octets] {
        let (mut client, _backend, spliced) = joined(speaks, Early::default(), listening(AMPLE, None));
        for _ in 0..2 {
            assert_eq!(read(&mut client, 2).await, frame::ping(), "{speaks:?}");
            client.write_all(&frame::masked_pong(&[], [1; 4])).await.unwrap();
        }
        assert!(!spliced.is_finished());
    }
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_given_up_without_a_word_to_it() {
    for speaks in [Speaks::WebSocket, Speaks::Octets] {
        let (mut client, mut backend, spliced) = joined(speaks, Early::default(), listening(SOON, None));
        assert_eq!(rest(&mut client).await, frame::ping(), "{speaks:?}");
        assert_eq!(reason(spliced).await, Reason::Silent(Side::Client));
        let told = rest(&mut backend).await;
        assert_eq!(told.is_empty(), speaks == Speaks::Octets, "one that speaks WebSocket is told goodbye");
    }
}

#[tokio::test]
async fn a_back_end_that_answers_no_ping_is_given_up_and_its_client_told() {
    let (mut client, mut backend, spliced) =
        joined(Speaks::WebSocket, Early::default(), listening(None, SOON));
    let ping = read(&mut backend, 6).await;
    assert_eq!(ping[..2], [0x89, 0x80], "clients mask what they send");
    let CloseFrame { code, reason: why } = Goodbye::Idle.frame();
    assert_eq!(read(&mut client, 8).await, frame::close(code.into(), &why));
    drop(client);
    assert_eq!(reason(spliced).await, Reason::Silent(Side::Backend));
}

#[tokio::test]
async fn a_ping_never_stands_inside_of_a_frame() {
    let (mut client, mut backend, spliced) =
        joined(Speaks::WebSocket, Early::default(), listening(SOON, AMPLE));
    // The header of a frame with three octets, and one of them.
    backend.write_all(&[0x82, 3, b'a']).await.unwrap();
    assert_eq!(read(&mut client, 3).await, [0x82, 3, b'a']);
    // The back end is asked after many times what a client may be silent, which could not be asked.
    read(&mut backend, 6).await;
    assert!(!spliced.is_finished(), "a client that cannot be asked is not given up");
    backend.write_all(b"bc").await.unwrap();
    assert_eq!(read(&mut client, 4).await, [&b"bc"[..], &frame::ping()].concat());
}

#[tokio::test]
async fn questions_do_not_keep_a_pair_from_idling() {
    let silence = Silence { client: AMPLE, backend: AMPLE.map(|ample| ample * 5 / 4) };
    let (mut client, _backend, spliced) =
        joined(Speaks::Octets, Early::default(), Bounds { silence, ..bounds() });
    let answering = async {
        while read(&mut client, 2).await == frame::ping() {
            client.write_all(&frame::masked_pong(&[], [1; 4])).await.unwrap();
        }
        drop(client);
    };
    let (reason, ()) = tokio::join!(reason(spliced), answering);
    assert_eq!(reason, Reason::Said(Goodbye::Idle));
}
