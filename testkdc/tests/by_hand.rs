//! The program `testkdc` as somebody types it, and what is left of it after its sudden end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

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
    leaves_nothing(&[]);
}

#[test]
fn an_embedded_one_leaves_nothing_either() {
    leaves_nothing(&["--embedded"]);
}

#[track_caller]
fn leaves_nothing(args: &[&str]) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_testkdc"));
    program.args(args).env("TESTKDC", "native").stdout(Stdio::piped());
    let mut testkdc = ByHand(program.spawn().unwrap());
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
    assert_goes(keytab.parent().unwrap(), kdc);
}

#[test]
fn an_order_that_outlives_its_giver_leaves_no_server_and_no_file() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (kdc, kpasswd, kadmin) = (free(), free(), free());
    let address = |port: &TcpListener| port.local_addr().unwrap();
    let dir = env::temp_dir().join(format!("testkdc-order-{}", process::id()));
    let mut serve = Command::new("sh");
    serve.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/realm/serve.sh")).arg(&dir).env("TESTKDC_CONTROL", "1");
    for (variable, port) in
        [("TESTKDC_PORT", &kdc), ("TESTKDC_KPASSWD_PORT", &kpasswd), ("TESTKDC_KADMIN_PORT", &kadmin)]
    {
        serve.env(variable, address(port).port().to_string());
    }
    let kdc_address = address(&kdc).to_string();
    drop((kdc, kpasswd, kadmin));
    let mut serve = ByHand(serve.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let mut answers = BufReader::new(serve.0.stdout.take().unwrap());
    let mut answer = String::new();
    answers.read_line(&mut answer).unwrap();
    assert_eq!(answer, "ok\n");

    let mut orders = serve.0.stdin.take().unwrap();
    drop(answers);
    orders.write_all(b"kadmin getprinc alice\n").unwrap();
    drop(orders);
    assert_goes(&dir, &kdc_address);
}

/// Nothing is left that could say when it is done, so this looks until it is.
fn assert_goes(dir: &Path, kdc: &str) {
    let gone = (0..500).any(|_| {
        thread::sleep(Duration::from_millis(20));
        !dir.exists() && UdpSocket::bind(kdc).is_ok()
    });
    assert!(gone, "{dir:?} or the server at {kdc} is still there");
}
