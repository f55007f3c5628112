//! What comes back, and what a client that takes nothing can have the gateway keep.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncWriteExt as _, DuplexStream, duplex},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{notice::Notice, service::socket::Why};

fn open(repeat: u32, room: usize, message: Duration) -> (DuplexStream, JoinHandle<Ended>) {
    let (client, server) = duplex(room);
    let bounds = Bounds {
        ends: crate::term::Term::default(),
        inactivity: None,
        message,
        max_message: 1 << 17,
        notice: Notice::below(&CancellationToken::new()),
        octets: Default::default(),
    };
    let echo = Echo::new(NonZeroU32::new(repeat).unwrap());
    (client, tokio::spawn(async move { echo.serve(server, Bytes::new(), &bounds).await }))
}

#[tokio::test]
async fn messages_come_back_with_their_type_and_as_often_as_is_said() {
    for repeat in [1, 3] {
        let (io, served) = open(repeat, 1 << 16, Duration::from_secs(20));
        let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
        for message in [Message::text("text"), Message::binary(vec![7; 100_000]), Message::text("")] {
            socket.send(message.clone()).await.unwrap();
            for _ in 0..repeat {
                assert_eq!(socket.next().await.unwrap().unwrap(), message);
            }
        }
        socket.close(None).await.unwrap();
        assert_eq!(served.await.unwrap().why, Why::Closed);
    }
}

#[tokio::test]
async fn messages_that_come_together_are_answered_in_their_order() {
    let (io, _served) = open(2, 1 << 16, Duration::from_secs(20));
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
    for number in ["1", "2", "3"] {
        socket.feed(Message::text(number)).await.unwrap();
    }
    socket.flush().await.unwrap();
    for number in ["1", "1", "2", "2", "3", "3"] {
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(number));
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_not_read_from_and_given_up() {
    let (mut io, served) = open(1, 4096, Duration::from_millis(200));
    let frame = [&[0x82, 0xfe, 0x04, 0, 0, 0, 0, 0][..], &[0; 1024]].concat();
    let mut sent = 0;
    while let Ok(Ok(())) = timeout(Duration::from_secs(20), io.write_all(&frame)).await {
        sent += frame.len();
    }
    // What both directions of the connection hold, a read, and a message.
    assert!(sent < 16 * 1024, "{sent}");
    assert_eq!(served.await.unwrap().why, Why::Stuck);
}
