//! What the tests stand on: the gateway's binary, and a realm that they share.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, OnceLock},
    thread,
    time::Duration,
};

use serde_json::Value;
use testkdc::Realm;

/// How long a test waits for what must come. Generous: machines are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The realm that most tests share; tests that break something start their own.
pub(crate) fn realm() -> &'static Realm {
    static REALM: OnceLock<Realm> = OnceLock::new();
    REALM.get_or_init(|| Realm::builder().native().start().expect("the test realm starts"))
}

/// Lines that arrive from a running process.
#[derive(Clone, Default)]
struct Lines(Arc<(Mutex<String>, Condvar)>);

impl Lines {
    fn collect(&self, from: impl std::io::Read + Send + 'static) {
        let lines = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                let (text, changed) = &*lines.0;
                *text.lock().unwrap() += &(line + "\n");
                changed.notify_all();
            }
        });
    }

    fn text(&self) -> String {
        self.0.0.lock().unwrap().clone()
    }

    #[track_caller]
    fn wait_until(&self, what: &str, found: impl Fn(&str) -> bool) -> String {
        let (text, changed) = &*self.0;
        let waiting = text.lock().unwrap();
        let (text, ended) = changed.wait_timeout_while(waiting, PATIENCE, |text| !found(text)).unwrap();
        assert!(!ended.timed_out(), "no {what} in:\n{text}");
        text.clone()
    }
}

/// A running `ticketgate tgg`, stopped when dropped. It logs JSON at level debug.
pub(crate) struct Gateway {
    child: Child,
    output: Lines,
    log: Lines,
}

impl Gateway {
    /// Starts it on a free port with these further flags, and waits until it serves.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ticketgate"))
            .args(["--log-format", "json", "tgg", "--listen", "127.0.0.1:0"])
            .args(flags)
            .env("RUST_LOG", "debug,hickory_proto=info,hickory_resolver=info,hickory_net=info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (output, log) = (Lines::default(), Lines::default());
        output.collect(child.stdout.take().unwrap());
        log.collect(child.stderr.take().unwrap());
        log.wait_until("start", |log| log.contains("\"Started\""));
        Self { child, output, log }
    }

    /// Starts it in front of the shared realm, with these further flags.
    pub(crate) fn before_realm(flags: &[&str]) -> Self {
        let realm = realm();
        let kdc = format!("{}={}", realm.name(), realm.kdc_addr());
        let kpasswd = format!("{}={}", realm.name(), realm.kpasswd_addr());
        let mut all = vec!["--kdc", &kdc, "--kpasswd", &kpasswd];
        all.extend_from_slice(flags);
        Self::start(&all)
    }

    fn listening(&self, scheme: &str) -> Option<SocketAddr> {
        let prefix = format!("listening tgg {scheme}://");
        let output = self.output.text();
        let line = output.lines().find_map(|line| line.strip_prefix(&prefix))?;
        Some(line.trim_end_matches('/').parse().unwrap())
    }

    /// Where HTTP and WebSocket are served.
    pub(crate) fn web(&self) -> SocketAddr {
        self.listening("ws").or_else(|| self.listening("wss")).expect("a web address")
    }

    /// Where Kerberos is served over TCP and UDP.
    pub(crate) fn raw(&self) -> SocketAddr {
        self.listening("tcp").expect("a raw address")
    }

    /// All of standard output so far.
    pub(crate) fn output(&self) -> String {
        self.output.text()
    }

    /// All of the log so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Waits until the log says this.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, says: &str) -> String {
        self.log.wait_until(says, |log| log.contains(says))
    }

    /// The records of exchanges so far.
    pub(crate) fn records(&self) -> Vec<Value> {
        let is_record = |line: &Value| line["target"] == "ticketgate::exchange";
        self.log().lines().filter_map(|line| serde_json::from_str(line).ok()).filter(is_record).collect()
    }

    /// Sends a signal such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Stops it as an operator does; the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }

    /// Seconds of processor time so far, user and system.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<f64> =
            after_name.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
        // utime and stime are fields 14 and 15 of proc(5), in ticks of a hundredth of a second.
        (fields[11] + fields[12]) / 100.0
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the gateway's log ---\n{}", self.log());
        }
    }
}

/// Runs the binary to its end; its exit code and what it wrote to standard error.
pub(crate) fn exit_code(flags: &[&str]) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ticketgate"))
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code(), stderr)
}
