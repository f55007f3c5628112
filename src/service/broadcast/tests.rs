//! Who hears what, who is too slow, and where it comes from.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncWriteExt as _, DuplexStream, duplex},
    net::TcpListener,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::protocol::Role};
use tokio_util::sync::CancellationToken;

use super::{source::Source, *};
use crate::service::{
    proxy::{dial::Dialler, url::BackendUrl},
    socket::Why,
    upstream::Upstream,
};

const PATIENCE: Duration = Duration::from_secs(20);

struct Client {
    socket: WebSocketStream<DuplexStream>,
    served: JoinHandle<Ended>,
}

impl Client {
    /// One that listens when this returns. Its connection holds so many octets.
    async fn new(broadcast: &Broadcast, room: usize) -> Self {
        let (near, far) = duplex(room);
        let (bounds, task) = (bounds(), broadcast.clone());
        let before = broadcast.listeners();
        let served = tokio::spawn(async move { task.serve(far, Bytes::new(), &bounds).await });
        while broadcast.listeners() == before {
            tokio::task::yield_now().await;
        }
        Self { socket: WebSocketStream::from_raw_socket(near, Role::Client, None).await, served }
    }

    async fn hear(&mut self) -> Message {
        timeout(PATIENCE, self.socket.next()).await.unwrap().unwrap().unwrap()
    }
}

impl Broadcast {
    fn listeners(&self) -> usize {
        locked(&self.hall.listeners).len()
    }
}

fn bounds() -> Bounds {
    Bounds {
        ends: crate::term::Term::default(),
        inactivity: None,
        message: PATIENCE,
        max_message: 1000,
        notice: Notice::below(&CancellationToken::new()),
        octets: Arc::default(),
    }
}

fn message(text: &'static str) -> Message {
    Message::Binary(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn all_who_listen_hear_every_message_in_its_order() {
    let broadcast = Broadcast::new(64_000);
    broadcast.publish(&Bytes::from_static(b"nobody"));
    let mut clients = [Client::new(&broadcast, 1 << 16).await, Client::new(&broadcast, 1 << 16).await];
    for text in ["one", "two"] {
        broadcast.publish(&Bytes::from_static(text.as_bytes()));
    }
    for client in &mut clients {
        assert_eq!((client.hear().await, client.hear().await), (message("one"), message("two")));
    }
}

#[tokio::test]
async fn what_clients_send_is_thrown_away() {
    let broadcast = Broadcast::new(64_000);
    let (mut talks, mut listens) =
        (Client::new(&broadcast, 1 << 16).await, Client::new(&broadcast, 1 << 16).await);
    talks.socket.send(Message::text("heard by nobody")).await.unwrap();
    broadcast.publish(&Bytes::from_static(b"one"));
    assert_eq!((talks.hear().await, listens.hear().await), (message("one"), message("one")));
    talks.socket.send(Message::binary(vec![0; 1001])).await.unwrap();
    drop(talks.socket);
    assert_eq!(talks.served.await.unwrap().why, Why::Said(Goodbye::TooLong));
}

#[tokio::test]
async fn a_slow_client_is_closed_and_the_others_hear_all() {
    let broadcast = Broadcast::new(10_000);
    let (mut slow, mut quick) = (Client::new(&broadcast, 512).await, Client::new(&broadcast, 1 << 16).await);
    for number in 0..20 {
        broadcast.publish(&Bytes::from(vec![number; 1000]));
        assert_eq!(quick.hear().await, Message::binary(vec![number; 1000]));
    }
    // What it was being sent comes to its end, and then the reason.
    assert_eq!(slow.hear().await, Message::binary(vec![0; 1000]));
    let Message::Close(Some(frame)) = slow.hear().await else { panic!("no close frame") };
    assert_eq!(u16::from(frame.code), 1008);
    assert!(slow.socket.next().await.is_none());
    assert_eq!(slow.served.await.unwrap().why, Why::Said(Goodbye::Slow));
}

#[test]
fn what_waits_is_counted_with_what_it_costs() {
    let mut queue = Queue::default();
    let mut pushed = 0;
    while !queue.is_over {
        queue.push(&Bytes::from_static(b"x"), 1000);
        pushed += 1;
    }
    assert_eq!(pushed, 1000 / (1 + COST) + 1);
    assert!(queue.messages.is_empty(), "nothing is kept for a client that is closed");
}

#[test]
fn one_message_may_wait_however_long_it_is() {
    let mut queue = Queue::default();
    queue.push(&Bytes::from(vec![0; 5000]), 1000);
    assert!(!queue.is_over);
    queue.push(&Bytes::from_static(b"x"), 1000);
    assert!(queue.is_over);
}

#[tokio::test]
async fn what_a_client_has_taken_does_not_wait_any_more() {
    let broadcast = Broadcast::new(3000);
    let mut client = Client::new(&broadcast, 1 << 16).await;
    for _ in 0..100 {
        broadcast.publish(&Bytes::from(vec![7; 2000]));
        assert_eq!(client.hear().await, Message::binary(vec![7; 2000]));
    }
}

#[tokio::test]
async fn a_client_that_has_left_is_forgotten() {
    let broadcast = Broadcast::new(64_000);
    let mut client = Client::new(&broadcast, 1 << 16).await;
    client.socket.close(None).await.unwrap();
    assert_eq!(client.served.await.unwrap().why, Why::Closed);
    assert_eq!(broadcast.listeners(), 0);
}

#[tokio::test]
async fn each_piece_of_a_publisher_is_a_message() {
    let broadcast = Broadcast::new(64_000);
    let mut client = Client::new(&broadcast, 1 << 16).await;
    let (mut near, far) = duplex(1 << 16);
    let (task, notice) = (broadcast.clone(), Notice::below(&CancellationToken::new()));
    let publisher = tokio::spawn(async move { task.publisher(far, &notice).await });
    for text in ["one", "two"] {
        near.write_all(text.as_bytes()).await.unwrap();
        assert_eq!(client.hear().await, message(text));
    }
    drop(near);
    assert_eq!(publisher.await.unwrap(), 6);
}

#[tokio::test]
async fn a_publisher_is_told_to_stop() {
    let (_near, far) = duplex(16);
    let notice = Notice::below(&CancellationToken::new());
    notice.close();
    assert_eq!(Broadcast::new(1).publisher(far, &notice).await, 0);
}

/// Follows a server on this host.
async fn following(scheme: &str, inactivity: Duration) -> (Broadcast, TcpListener, Notice, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: BackendUrl = format!("{scheme}://{}", listener.local_addr().unwrap()).parse().unwrap();
    let dialler = Dialler::new(&url, None, PATIENCE).unwrap();
    let upstream = Upstream { url, dialler, host: None, patience: PATIENCE };
    let source = Source { upstream, max_message: 1000, inactivity: Some(inactivity) };
    let (broadcast, notice) = (Broadcast::new(64_000), Notice::below(&CancellationToken::new()));
    let (task, told) = (broadcast.clone(), notice.clone());
    let follows = tokio::spawn(async move { task.follow(&source, &told).await });
    (broadcast, listener, notice, follows)
}

#[tokio::test]
async fn a_server_of_octets_is_followed_and_connected_to_again() {
    let (broadcast, listener, notice, follows) = following("tcp", PATIENCE).await;
    let mut client = Client::new(&broadcast, 1 << 16).await;
    for text in ["one", "two"] {
        let (mut stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        assert_eq!(client.hear().await, message(text));
    }
    notice.close();
    timeout(PATIENCE, follows).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_of_messages_is_followed_until_it_is_told_goodbye() {
    let (broadcast, listener, notice, follows) = following("ws", PATIENCE).await;
    let mut client = Client::new(&broadcast, 1 << 16).await;
    let (stream, _) = listener.accept().await.unwrap();
    let mut server = accept_async(stream).await.unwrap();
    for text in ["one", "two"] {
        server.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
        server.send(Message::text(text)).await.unwrap();
        assert_eq!(client.hear().await, message(text));
        assert_eq!(server.next().await.unwrap().unwrap(), Message::Pong(Bytes::from_static(b"there?")));
    }
    notice.close();
    let Message::Close(Some(frame)) = server.next().await.unwrap().unwrap() else { panic!("no close") };
    assert_eq!(u16::from(frame.code), 1001);
    timeout(PATIENCE, follows).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_whose_message_is_too_long_is_left_and_tried_again() {
    let (_broadcast, listener, notice, follows) = following("ws", PATIENCE).await;
    for _ in 0..2 {
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        let mut server = accept_async(stream).await.unwrap();
        server.send(Message::binary(vec![0; 1001])).await.unwrap();
        while let Some(Ok(_)) = timeout(PATIENCE, server.next()).await.unwrap() {}
    }
    notice.close();
    timeout(PATIENCE, follows).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_asked_and_then_left() {
    let (_broadcast, listener, notice, follows) = following("ws", Duration::from_millis(100)).await;
    let (stream, _) = listener.accept().await.unwrap();
    // It is read from by hand, so that no ping is answered.
    let mut stream = accept_async(stream).await.unwrap().into_inner();
    let mut said = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut said)).await.unwrap().unwrap();
    assert_eq!(said.get(..2), Some(&[0x89, 0x80][..]));
    assert_eq!(said.len(), 6, "a masked ping and nothing else");
    timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    notice.close();
    timeout(PATIENCE, follows).await.unwrap().unwrap();
}
