//! The program `testkdc` as somebody types it, and what is left of it after its sudden end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

#[test]
fn a_killed_process_leaves_no_server_and_no_file() {
    let mut testkdc = Command::new(env!("CARGO_BIN_EXE_testkdc"))
        .env("TESTKDC", "native")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<_> = BufReader::new(testkdc.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.starts_with("Ctrl-C"))
        .collect();
    let word = |begin: &str| {
        let line = lines.iter().find(|line| line.starts_with(begin)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let (kdc, keytab) = (word("kdc"), word("keytab"));
    assert!(Path::new(&keytab).exists());
    assert!(std::net::UdpSocket::bind(&kdc).is_err());

    testkdc.kill().unwrap();
    testkdc.wait().unwrap();
    // Nothing is left that could say when it is done, so look.
    let gone = || !Path::new(&keytab).parent().unwrap().exists() && std::net::UdpSocket::bind(&kdc).is_ok();
    for _ in 0..500 {
        if gone() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{keytab} or the server at {kdc} is still there");
}
