//! Bodies on their way: of any size, told in any way, in both directions, and never gathered in memory.

use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
    sync::mpsc::channel,
    time::Duration,
};

use super::{admitted, ask, before};
use crate::{
    backend::{Backend, Head},
    ticket::authorization,
    world::PATIENCE,
    ws_client::plain,
};

/// A back end that sends every body back in one chunk, with its trailers.
fn mirror() -> Backend {
    Backend::new(|head, mut stream| {
        let (body, trailers) = head.body(&mut stream);
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        if !body.is_empty() {
            let _ = stream.write_all(format!("{:x}\r\n", body.len()).as_bytes());
            let _ = stream.write_all(&body);
            let _ = stream.write_all(b"\r\n");
        }
        let trailers = if trailers.trim().is_empty() { "\r\n".to_owned() } else { trailers };
        let _ = stream.write_all(format!("0\r\n{trailers}").as_bytes());
    })
}

#[test]
fn curl_gets_back_what_it_sends_with_and_without_a_length() {
    let backend = mirror();
    let gateway = before(&backend, "http", &[]);
    let body: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let url = format!("http://{}/", gateway.web());
    for flags in [&["--data-binary", "@-"][..], &["-T", "-"], &["--http1.0", "--data-binary", "@-"]] {
        let mut curl = Command::new("curl")
            .args(["-sS", "--fail", "--max-time", "30"])
            .args(flags)
            .args(["--header", authorization().trim_end()])
            .arg(&url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl runs; install curl");
        let mut stdin = curl.stdin.take().unwrap();
        let sent = body.clone();
        let sending = std::thread::spawn(move || stdin.write_all(&sent).unwrap());
        let output = curl.wait_with_output().unwrap();
        sending.join().unwrap();
        assert!(
            output.status.success() && output.stdout == body,
            "{flags:?}: {} octets",
            output.stdout.len()
        );
    }
}

#[test]
fn trailers_pass_but_cannot_say_who_asks() {
    let backend = Backend::new(|head, mut stream| {
        let (_, trailers) = head.body(&mut stream);
        let length = trailers.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{trailers}");
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let gateway = before(&backend, "http", &[]);
    let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
                   Trailer: x-sum, x-remote-user, x_remote_user\r\n\r\n\
                   2\r\nhi\r\n0\r\nx-sum: 7\r\nX-Remote-User: root\r\nx_remote_user: root\r\n\r\n";
    let (mut stream, answer) = ask(&gateway, request);
    let (trailers, _) = answer.body(&mut stream);
    assert_eq!(String::from_utf8(trailers).unwrap().to_ascii_lowercase(), "x-sum: 7\r\n\r\n");
}

#[test]
fn trailers_of_a_response_pass_to_a_client_that_takes_them() {
    let gateway_of = |backend: &Backend| before(backend, "http", &[]);
    let backend = mirror();
    let gateway = gateway_of(&backend);
    let request = "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\
                   Transfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n";
    let (mut stream, answer) = ask(&gateway, request);
    let (body, trailers) = answer.body(&mut stream);
    assert_eq!((&body[..], trailers.to_ascii_lowercase().as_str()), (&b"hi"[..], "x-sum: 7\r\n\r\n"));
    assert_eq!(backend.head().value("te"), "trailers");
}

#[test]
fn a_head_request_is_told_the_length_and_sent_no_body() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    let gateway = before(&backend, "http", &[]);
    let (mut stream, answer) = ask(&gateway, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(answer.value("content-length"), "1234");
    // The connection is not out of step.
    stream.write_all(&admitted("HEAD /second HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
    assert_eq!(Head::read(&mut stream).unwrap().line(), "HTTP/1.1 200 OK");
    assert_eq!((backend.head().line(), backend.head().line()), ("HEAD / HTTP/1.1", "HEAD /second HTTP/1.1"));
}

#[test]
fn responses_that_have_no_body_have_none() {
    for status in ["204 No Content", "304 Not Modified"] {
        let backend = Backend::answering(format!("HTTP/1.1 {status}\r\nETag: \"a\"\r\n\r\n"));
        let gateway = before(&backend, "http", &[]);
        let (mut stream, _) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(&admitted("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
        assert_eq!(Head::read(&mut stream).unwrap().line(), format!("HTTP/1.1 {status}"));
    }
}

#[test]
fn a_client_that_waits_is_told_to_go_on_when_the_back_end_is() {
    let backend = Backend::new(|head, mut stream| {
        assert_eq!(head.value("expect"), "100-continue");
        assert!(head.ahead.is_empty());
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        let mut body = [0; 5];
        stream.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").unwrap();
        stream.write_all(&body).unwrap();
    });
    let gateway = before(&backend, "http", &[]);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    let (mut stream, answer) = ask(&gateway, head);
    assert_eq!(answer.line(), "HTTP/1.1 100 Continue");
    stream.write_all(b"hello").unwrap();
    let answer = Head::read(&mut stream).unwrap();
    assert_eq!(answer.body(&mut stream).0, b"hello");
}

#[test]
fn a_client_that_waits_is_not_told_to_go_on_when_the_back_end_refuses() {
    let backend = Backend::answering("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
    let gateway = before(&backend, "http", &[]);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    let (_, answer) = ask(&gateway, head);
    assert_eq!(answer.line(), "HTTP/1.1 413 Payload Too Large");
}

#[test]
fn a_response_that_breaks_off_is_not_made_whole() {
    let backend = Backend::new(|_, mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let gateway = before(&backend, "http", &[]);
    let (mut stream, answer) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut rest = answer.ahead;
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
    let record = gateway.wait_for_record("visit", |_| true);
    assert_eq!(record["outcome"], "backend_broke");
}

#[test]
fn a_client_that_reads_nothing_for_too_long_is_given_up() {
    let length = 64 * 1024 * 1024;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let backend = Backend::answering([head.into_bytes(), vec![b'x'; length]].concat());
    let gateway = before(&backend, "http", &["--idle-timeout", "0.5"]);
    let mut stream = plain(gateway.web());
    stream.write_all(&admitted("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
    gateway.wait_for_record("a client that left", |record| record["outcome"] == "client_left");
}

#[test]
fn a_client_that_does_not_read_makes_nobody_gather() {
    let (shows, full) = channel();
    let backend = Backend::new(move |_, mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").unwrap();
        // Nothing is taken any more once the kernel's buffers on the way are full.
        stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        while stream.write_all(&[0; 65_536]).is_ok() {}
        shows.send(()).unwrap();
    });
    let gateway = before(&backend, "http", &[]);
    let come = |count: usize| {
        let clients = (0..count).map(|_| {
            let mut stream = plain(gateway.web());
            stream.write_all(&admitted("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
            Head::read(&mut stream).unwrap();
            stream
        });
        let clients: Vec<_> = clients.collect();
        for _ in &clients {
            full.recv_timeout(PATIENCE).unwrap();
        }
        clients
    };
    // The first has the program itself come into memory.
    let _first = come(1);
    let before = gateway.resident();
    let slow = come(10);
    let grown = gateway.resident().saturating_sub(before);
    assert!(grown < 5 << 20, "{grown} octets for {} slow clients", slow.len());
}
