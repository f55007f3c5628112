//! What the binary says when it starts, and the codes it ends with.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpStream,
    process::{Command, Stdio},
};

use ticketgate::ambient;

use crate::world::{Gateway, PATIENCE, exit_code, tls_flags};

#[test]
fn each_bound_address_is_one_line_on_standard_output_and_nothing_else() {
    let mut gateway = Gateway::start(&["--kdc", "TGG.TEST=127.0.0.1:9", "--listen-raw", "127.0.0.1:0"]);
    let (web, raw) = (gateway.web(), gateway.raw());
    assert_eq!(gateway.stop(), Some(0));
    let expected =
        format!("listening tgg ws://{web}/\nlistening tgg tcp://{raw}/\nlistening tgg udp://{raw}/\n");
    assert_eq!(gateway.output(), expected);
}

#[test]
fn a_wrong_command_line_ends_with_64_and_says_what_to_do() {
    for (flags, says) in [
        (&[][..], "Usage"),
        (&["tgg"], "--listen"),
        (&["tgg", "--listen", "127.0.0.1:0"], "--kdc REALM=HOST"),
        (&["tgg", "--listen", "127.0.0.1:0", "--kdc", "TGG.TEST"], "REALM=HOST[:PORT]"),
        (&["tgg", "--listen", "127.0.0.1:0", "--kdc", "A=a", "--kpasswd", "B=b"], "--kpasswd"),
        (&["tgg", "--listen", "127.0.0.1:0", "--kdc", "A=a", "--tls-cert", "x"], "--tls-key"),
        (&["tgg", "--listen", "127.0.0.1:0", "--kdc", "A=a", "--allow-origin", "a.test"], "https://"),
        (&["tgg", "--listen", "127.0.0.1:0", "--kdc", "A=a", "--deadline", "0"], "seconds"),
        (&["tgg", "--listen", "127.0.0.1:0", "--kdc", "A=a", "--max-connections", "0"], "--max-connections"),
    ] {
        let (code, stderr) = exit_code(flags);
        assert_eq!(code, Some(64), "{flags:?}: {stderr}");
        assert!(stderr.contains(says), "{flags:?}: {stderr}");
    }
}

#[test]
fn a_certificate_that_cannot_be_read_ends_with_78() {
    let flags =
        ["tgg", "--listen", "127.0.0.1:0", "--kdc", "A=a", "--tls-cert", "/nowhere", "--tls-key", "/nowhere"];
    let (code, stderr) = exit_code(&flags);
    assert_eq!(code, Some(78), "{stderr}");
    assert!(stderr.contains("/nowhere"), "{stderr}");
}

#[test]
fn an_address_that_is_taken_ends_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, stderr) = exit_code(&["tgg", "--listen", &address, "--kdc", "A=127.0.0.1"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&address), "{stderr}");
}

#[test]
fn the_gateway_takes_as_many_open_files_as_it_may() {
    let mut gateway = Command::new("sh")
        .args(["-c", "ulimit -S -n 64; exec \"$0\" tgg --listen 127.0.0.1:0 --kdc TGG.TEST=127.0.0.1:9"])
        .arg(env!("CARGO_BIN_EXE_ticketgate"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(gateway.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", gateway.id())).unwrap();
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let [soft, hard] = [3, 4].map(|column| line.split_whitespace().nth(column).unwrap());
    assert!(soft == hard && soft != "64", "{line}");
}

#[test]
fn one_thread_serves_without_tls_and_as_many_as_there_are_processors_with_it() {
    let processors = std::thread::available_parallelism().unwrap().get();
    let kdc = ["--kdc", "TGG.TEST=127.0.0.1:9"];
    let tls = tls_flags();
    Gateway::start(&kdc).wait_for_serving_threads(1);
    Gateway::start(&[&kdc[..], &tls].concat()).wait_for_serving_threads(processors);
    Gateway::start(&[&kdc[..], &["--threads", "3"]].concat()).wait_for_serving_threads(3);
}

#[test]
fn peers_cannot_take_the_open_files_that_kdcs_are_asked_through() {
    let mut gateway = Command::new("sh")
        .args(["-c", "ulimit -n 80; exec \"$0\" tgg --listen 127.0.0.1:0 --kdc TGG.TEST=127.0.0.1:9"])
        .arg(env!("CARGO_BIN_EXE_ticketgate"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(gateway.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let web = line.trim().trim_start_matches("listening tgg ws://").trim_end_matches('/').to_owned();
    // More than there are files.
    let held: Vec<_> = (0..100).map(|_| TcpStream::connect(&web).unwrap()).collect();
    let taken = || fs::read_dir(format!("/proc/{}/fd", gateway.id())).unwrap().count();
    let patience = ambient::now() + PATIENCE;
    while taken() < 60 {
        assert!(ambient::now() < patience, "only {} files are taken", taken());
        std::thread::yield_now();
    }
    assert!(taken() < 78, "{} of 80 files are taken", taken());
    drop(held);
    gateway.kill().unwrap();
    let mut log = String::new();
    gateway.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    gateway.wait().unwrap();
    assert!(log.contains("Open files allow 60 connections"), "{log}");
    assert!(!log.contains("Cannot accept"), "{log}");
}
