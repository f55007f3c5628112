//! The handshake inside a WebSocket: frames and requests of a client, and the commands among its messages. What is merged
//! with the upgrade keeps that one's host, cookies and target.

#![no_main]

use std::time::Duration;

use http::Request;
use libfuzzer_sys::fuzz_target;
use ticketgate::ws::inner::{
    asked::{Asked, MAX_LENGTH},
    extended::Extended,
    extensions::Extensions,
    line::{Heard, Line},
};
use tokio::io::{AsyncReadExt as _, join, sink};

fuzz_target!(|octets: &[u8]| {
    let (upgrade, ()) = Request::get("/in?.kl=Y&a=b")
        .header("host", "gw.test")
        .header("cookie", "a=b")
        .body(())
        .unwrap()
        .into_parts();
    let check = |request: &[u8]| {
        let Ok(asked) = Asked::read(request, "/in") else { return };
        let merged = asked.merged(&upgrade);
        assert_eq!((&merged.uri, &merged.headers["host"]), (&upgrade.uri, &upgrade.headers["host"]));
        assert_eq!(merged.headers.get_all("cookie").iter().count(), 1);
        assert!(!merged.headers.contains_key("sec-websocket-extensions"));
    };
    check(octets);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut line = Line::new(join(octets, sink()), b"", MAX_LENGTH);
        while let Ok(heard) = line.hear().await {
            match heard {
                Heard::Closed => break,
                Heard::Message(message) => check(&message),
                Heard::Ping(octets) => assert!(octets.len() <= 125),
                Heard::Pong => {}
            }
        }
        let extensions = Extensions { idle: None::<Duration>, ping_pong: true };
        let mut read = Vec::new();
        Extended::new(join(octets, sink()), b"", extensions).read_to_end(&mut read).await.unwrap();
        assert!(read.len() <= octets.len() + 6, "nothing is made longer, but for a breach at the end");
    });
});
