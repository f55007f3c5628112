//! The program `testkdc` as somebody types it, and what is left of it after its sudden end.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Ends with the test, also with one that fails.
struct ByHand(Child);

impl ByHand {
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn a_killed_process_leaves_no_server_and_no_file() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_testkdc"));
    let mut testkdc = ByHand(program.env("TESTKDC", "native").stdout(Stdio::piped()).spawn().unwrap());
    let lines: Vec<_> = BufReader::new(testkdc.0.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.starts_with("Ctrl-C"))
        .collect();
    let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    let keytab = Path::new(value("keytab"));
    let kdc = value("kdc").split_whitespace().next().unwrap();
    assert!(keytab.exists());
    assert!(UdpSocket::bind(kdc).is_err());

    testkdc.kill();
    // Nothing is left that could say when it is done, so look.
    let gone = || !keytab.parent().unwrap().exists() && UdpSocket::bind(kdc).is_ok();
    for _ in 0..500 {
        if gone() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{keytab:?} or the server at {kdc} is still there");
}
