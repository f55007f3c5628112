//! What a server says inside a WebSocket, a message a line.

#![no_main]

use client::handshake::{Handshake, Heard, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    for is_balanced in [false, true] {
        let mut handshake = Handshake::new("/echo", &["foo".to_owned()], is_balanced).unwrap();
        let mut messages = octets
            .split_inclusive(|octet| *octet == b'\n')
            .map(|part| part.strip_suffix(b"\n").unwrap_or(part));
        while let Some(message) = messages.next() {
            match handshake.take(message) {
                Ok(Step::Open(mut opened)) => {
                    assert!(opened.protocol.is_none_or(|protocol| protocol == "foo"));
                    for message in messages.by_ref() {
                        if opened.commands.hear(message) == Heard::Message {
                            let _ = opened.commands.escape(message);
                        }
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
    }
});
