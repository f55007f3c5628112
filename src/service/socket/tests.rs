//! How sockets that end in the gateway are bounded and closed, whatever their service makes of them.

use tokio::{
    io::{DuplexStream, duplex},
    task::JoinHandle,
};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// A service that has nothing to say.
struct Mute;

impl Conversation for Mute {
    const LISTENS_AHEAD: bool = true;

    fn hear(&mut self, _: Message) {}

    fn poll_say(&mut self, _: &mut Context<'_>) -> Poll<Message> {
        Poll::Pending
    }

    fn poll_over(&mut self, _: &mut Context<'_>) -> Poll<Goodbye> {
        Poll::Pending
    }
}

fn bounds() -> Bounds {
    Bounds {
        ends: Term::default(),
        inactivity: None,
        message: PATIENCE,
        max_message: 1000,
        notice: Notice::below(&CancellationToken::new()),
        octets: Arc::default(),
    }
}

/// A socket of a mute service: its client's end.
fn open(bounds: Bounds) -> (DuplexStream, JoinHandle<Ended>) {
    let (client, server) = duplex(1 << 16);
    (client, tokio::spawn(async move { serve(server, Bytes::new(), &bounds, Mute).await }))
}

async fn client(io: DuplexStream) -> WebSocketStream<DuplexStream> {
    WebSocketStream::from_raw_socket(io, Role::Client, None).await
}

/// The code that the gateway closes with.
async fn close_code(io: DuplexStream) -> u16 {
    let mut socket = client(io).await;
    loop {
        match timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap() {
            Message::Close(Some(frame)) => return frame.code.into(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other}"),
        }
    }
}

/// A client's frame with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[first, 0xfe][..], &length, &[0; 4], payload].concat()
}

#[tokio::test]
async fn what_breaks_the_protocol_or_a_limit_is_closed_with_the_code_that_says_so() {
    let in_pieces = [frame(0x02, &[0; 600]), frame(0x80, &[0; 600])].concat();
    for (what, octets, code, why) in [
        ("too long", frame(0x82, &[0; 1001]), 1009, Goodbye::TooLong),
        ("too long in pieces", in_pieces, 1009, Goodbye::TooLong),
        ("no mask", vec![0x82, 1, 0], 1002, Goodbye::Protocol),
        ("a reserved bit", frame(0xc2, b"x"), 1002, Goodbye::Protocol),
        ("no UTF-8", frame(0x81, &[0xff]), 1007, Goodbye::NotUtf8),
    ] {
        let (mut io, served) = open(bounds());
        io.write_all(&octets).await.unwrap();
        assert_eq!(close_code(io).await, code, "{what}");
        assert_eq!(served.await.unwrap().why, Why::Said(why), "{what}");
    }
}

#[tokio::test]
async fn a_message_as_long_as_the_limit_passes() {
    let (mut io, served) = open(bounds());
    io.write_all(&[frame(0x82, &[0; 1000]), frame(0x88, &1000_u16.to_be_bytes())].concat()).await.unwrap();
    assert_eq!(close_code(io).await, 1000);
    let ended = served.await.unwrap();
    assert_eq!((ended.why, ended.octets_in, ended.octets_out), (Why::Closed, 1018, 4));
}

#[tokio::test]
async fn a_socket_ends_with_its_pass_also_in_a_flood() {
    let ends = Term::fixed(ambient::now() + Duration::from_millis(100), Goodbye::Expired);
    let (io, served) = open(Bounds { ends, ..bounds() });
    let (read, mut write) = tokio::io::split(io);
    let flood = tokio::spawn(async move {
        let frames = frame(0x82, b"x").repeat(1000);
        while write.write_all(&frames).await.is_ok() {}
    });
    let mut octets = Vec::new();
    let mut read = read;
    read.read_to_end(&mut octets).await.unwrap();
    // 3000 and its reason.
    assert_eq!(octets.get(..4), Some(&[0x88, 16, 0x0b, 0xb8][..]));
    assert_eq!(served.await.unwrap().why, Why::Said(Goodbye::Expired));
    flood.await.unwrap();
}

#[tokio::test]
async fn a_gateway_that_goes_down_says_so() {
    let draining = CancellationToken::new();
    let (io, served) = open(Bounds { notice: Notice::below(&draining), ..bounds() });
    draining.cancel();
    assert_eq!(close_code(io).await, 1001);
    assert_eq!(served.await.unwrap().why, Why::Said(Goodbye::GoingAway));
}

#[tokio::test]
async fn a_goodbye_that_nobody_answers_does_not_last() {
    let draining = CancellationToken::new();
    let message = Duration::from_millis(50);
    let (io, served) = open(Bounds { notice: Notice::below(&draining), message, ..bounds() });
    draining.cancel();
    assert_eq!(timeout(PATIENCE, served).await.unwrap().unwrap().why, Why::Said(Goodbye::GoingAway));
    drop(io);
}

#[tokio::test]
async fn a_silent_peer_is_asked_and_then_dropped_without_a_word() {
    let inactivity = Duration::from_millis(200);
    let started = ambient::now();
    let (mut io, served) = open(Bounds { inactivity: Some(inactivity), ..bounds() });
    let mut ping = [0; 2];
    io.read_exact(&mut ping).await.unwrap();
    assert_eq!(ping, [0x89, 0]);
    assert!(ambient::now().since(started) >= inactivity / 2);
    let mut rest = Vec::new();
    io.read_to_end(&mut rest).await.unwrap();
    assert!(ambient::now().since(started) >= inactivity);
    assert!(rest.is_empty(), "{rest:?}");
    assert_eq!(served.await.unwrap().why, Why::Silent);
}

#[tokio::test]
async fn a_peer_that_answers_pings_may_say_nothing_else() {
    let inactivity = Some(Duration::from_millis(600));
    let (io, served) = open(Bounds { inactivity, ..bounds() });
    let mut socket = client(io).await;
    for _ in 0..3 {
        // Read on, it sends its answer.
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::Ping(Bytes::new()));
    }
    socket.close(None).await.unwrap();
    assert_eq!(served.await.unwrap().why, Why::Closed);
}

#[tokio::test]
async fn a_frame_that_is_begun_must_be_finished_in_time() {
    let (mut io, served) = open(Bounds { message: Duration::from_millis(100), ..bounds() });
    io.write_all(&[0x82, 0x85, 0, 0]).await.unwrap();
    assert_eq!(close_code(io).await, 1000);
    assert_eq!(served.await.unwrap().why, Why::Said(Goodbye::Idle));
}

#[tokio::test]
async fn fragments_and_pings_without_end_do_not_keep_a_message_open() {
    let (mut io, served) = open(Bounds { message: Duration::from_millis(100), ..bounds() });
    io.write_all(&frame(0x02, b"x")).await.unwrap();
    let more = [frame(0, b""), frame(0x89, b"")].concat();
    while let Ok(Ok(())) = timeout(PATIENCE, io.write_all(&more)).await {
        let mut pong = [0; 2];
        if io.read_exact(&mut pong).await.is_err() {
            break;
        }
    }
    assert_eq!(served.await.unwrap().why, Why::Said(Goodbye::Idle));
}

#[tokio::test]
async fn a_peer_that_breaks_off_is_not_waited_for() {
    let (io, served) = open(bounds());
    drop(io);
    assert_eq!(timeout(PATIENCE, served).await.unwrap().unwrap().why, Why::Broke);
}

#[tokio::test]
async fn what_came_behind_the_upgrade_is_heard_first() {
    let (client, server) = duplex(1 << 16);
    let early = Bytes::from(frame(0x89, b"early"));
    let served = tokio::spawn(async move { serve(server, early, &bounds(), Mute).await });
    let mut socket = self::client(client).await;
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong(b"early".as_slice().into()));
    drop(socket);
    served.await.unwrap();
}
