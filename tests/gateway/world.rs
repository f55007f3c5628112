//! What the tests stand on: the gateway's binary, and a realm that they share.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use testkdc::{Krb5Conf, Realm};
use ticketgate::ambient;

use crate::authority::authority;

/// How long a test waits for what must come. Generous: machines are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The realm that most tests share; tests that break something start their own.
pub(crate) fn realm() -> &'static Realm {
    static REALM: OnceLock<Realm> = OnceLock::new();
    REALM.get_or_init(|| Realm::builder().native().start().expect("the test realm starts"))
}

/// Lines that arrive from a running process.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<(Mutex<String>, Condvar)>);

impl Lines {
    pub(crate) fn collect(&self, from: impl std::io::Read + Send + 'static) {
        let lines = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                let (text, changed) = &*lines.0;
                *text.lock().unwrap() += &(line + "\n");
                changed.notify_all();
            }
        });
    }

    pub(crate) fn text(&self) -> String {
        // A test that failed while it waited still wants to show what was said.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, found: impl Fn(&str) -> bool) -> String {
        let (text, changed) = &*self.0;
        let waiting = text.lock().unwrap();
        let (text, ended) = changed.wait_timeout_while(waiting, PATIENCE, |text| !found(text)).unwrap();
        let text = text.clone();
        assert!(!ended.timed_out(), "no {what} in:\n{text}");
        text
    }
}

/// Tries until it holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = ambient::now();
    while !holds() {
        assert!(ambient::now().since(started) < PATIENCE, "{what}");
    }
}

/// How many services the demo announces.
const DEMO_SERVICES: usize = 10;

/// A running gateway, stopped when dropped. It logs JSON at level debug.
pub(crate) struct Gateway {
    mode: &'static str,
    child: Child,
    output: Lines,
    log: Lines,
}

impl Gateway {
    /// Starts mode `tgg` on a free port with these further flags, and waits until it serves.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_logging("json", "tgg", flags)
    }

    /// Starts mode `tpg` with the realm's keytab and these further flags, without other limits for a single peer.
    pub(crate) fn tpg(flags: &[&str]) -> Self {
        let keytab = realm().dir().join("services.keytab");
        let keytab = ["--keytab", keytab.to_str().unwrap()];
        Self::tpg_with(&[&keytab, flags].concat())
    }

    /// The same with a keytab of the test's own among the flags.
    pub(crate) fn tpg_with(flags: &[&str]) -> Self {
        let mut all = flags.to_vec();
        for limit in ["--peer-connections", "--peer-requests", "--peer-rate"] {
            if !flags.contains(&limit) {
                all.extend_from_slice(&[limit, "0"]);
            }
        }
        Self::start_logging("json", "tpg", &all)
    }

    /// Starts mode `tpg` with the realm's keytab and a log for people.
    pub(crate) fn tpg_text(flags: &[&str]) -> Self {
        let keytab = realm().dir().join("services.keytab");
        let keytab = ["--keytab", keytab.to_str().unwrap()];
        Self::start_logging("text", "tpg", &[&keytab, flags].concat())
    }

    /// Starts mode `tpg` with the realm's keytab and a clock that is so many seconds ahead.
    pub(crate) fn tpg_shifted(seconds: i64, flags: &[&str]) -> Self {
        let keytab = realm().dir().join("services.keytab");
        let keytab = ["--keytab", keytab.to_str().unwrap()];
        // The library that the command `faketime` loads; only the clock of the day is shifted.
        let shift = [
            ("LD_PRELOAD", libfaketime()),
            ("FAKETIME", format!("{seconds:+}")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        Self::start_in(&shift, "json", "tpg", &[&keytab, flags].concat())
    }

    /// Starts what this configuration says, and waits until each of its `<accept>`s is there. Their ports may be 0.
    pub(crate) fn run(xml: &str) -> Self {
        Self::run_with(&[], xml, xml.matches("<accept>").count())
    }

    /// The same with these further flags, and with so many addresses: a publisher's `<accept>` is not announced.
    pub(crate) fn run_with(flags: &[&str], xml: &str, addresses: usize) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("config-{}-{}.xml", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&file, xml).unwrap();
        Self::serving("run", &file, flags, addresses)
    }

    /// Has this subcommand serve a configuration, and waits until so many ways in are there.
    pub(crate) fn serving(mode: &str, file: &Path, flags: &[&str], ways: usize) -> Self {
        let args = ["--log-format", "json", mode, "--config", file.to_str().unwrap()];
        Self::spawn(&[], "", &[&args, flags].concat(), ways)
    }

    /// Starts `ticketgate demo`, which has its files in this folder while it runs.
    pub(crate) fn demo(folder: &Path) -> Self {
        let env = [("TMPDIR", folder.to_str().unwrap().to_owned())];
        Self::spawn(&env, "demo", &["--log-format", "json", "demo", "--port", "0"], DEMO_SERVICES)
    }

    /// Where the service of this name, which has one `<accept>`, is served.
    pub(crate) fn at(&self, service: &str) -> SocketAddr {
        let prefix = format!("listening {service} ");
        let output = self.output.text();
        let line =
            output.lines().find_map(|line| line.strip_prefix(&prefix)).expect("a service of that name");
        line.split('/').nth(2).unwrap().parse().unwrap()
    }

    /// Starts mode `tunnel` on a free port, through the gateway at this URL.
    pub(crate) fn tunnel(url: &str, flags: &[&str]) -> Self {
        let args = ["--log-format", "json", "tunnel", "--listen", "127.0.0.1:0", "--tgg", url];
        Self::spawn(&[], "tunnel", &[&args, flags].concat(), 2)
    }

    /// Starts it in front of the shared realm at this address, which was another gateway's.
    pub(crate) fn before_realm_at(address: SocketAddr) -> Self {
        let (realm, address) = (realm(), address.to_string());
        let kdc = format!("{}={}", realm.name(), realm.kdc_addr());
        let args = ["--log-format", "json", "tgg", "--listen", &address, "--kdc", &kdc];
        Self::spawn(&[], "tgg", &args, 1)
    }

    /// Where WebSockets are served.
    pub(crate) fn socket_url(&self, path: &str) -> String {
        let scheme = if self.listening("wss").is_some() { "wss" } else { "ws" };
        format!("{scheme}://localhost:{}{path}", self.web().port())
    }

    fn start_logging(format: &str, mode: &'static str, flags: &[&str]) -> Self {
        Self::start_in(&[], format, mode, flags)
    }

    fn start_in(env: &[(&str, String)], format: &str, mode: &'static str, flags: &[&str]) -> Self {
        let args = [&["--log-format", format, mode, "--listen", "127.0.0.1:0"], flags].concat();
        Self::spawn(env, mode, &args, if flags.contains(&"--listen-raw") { 3 } else { 1 })
    }

    fn spawn(env: &[(&str, String)], mode: &'static str, args: &[&str], addresses: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ticketgate"))
            .envs(env.iter().map(|(name, value)| (name, value)))
            .args(args)
            .env("RUST_LOG", "debug,hickory_proto=info,hickory_resolver=info,hickory_net=info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (output, log) = (Lines::default(), Lines::default());
        output.collect(child.stdout.take().unwrap());
        log.collect(child.stderr.take().unwrap());
        log.wait_until("start", |log| log.contains("Started"));
        // The other pipe is read by another thread, which may be behind.
        output.wait_until("address", |output| output.lines().count() >= addresses);
        Self { mode, child, output, log }
    }

    /// Starts it in front of the shared realm, with these further flags.
    pub(crate) fn before_realm(flags: &[&str]) -> Self {
        Self::logging_before_realm("json", flags)
    }

    /// The same with a log for people.
    pub(crate) fn text_before_realm(flags: &[&str]) -> Self {
        Self::logging_before_realm("text", flags)
    }

    fn logging_before_realm(format: &str, flags: &[&str]) -> Self {
        let realm = realm();
        let kdc = format!("{}={}", realm.name(), realm.kdc_addr());
        let kpasswd = format!("{}={}", realm.name(), realm.kpasswd_addr());
        let mut all = vec!["--kdc", &kdc, "--kpasswd", &kpasswd];
        all.extend_from_slice(flags);
        Self::start_logging(format, "tgg", &all)
    }

    /// Starts it with TLS and with these further flags.
    pub(crate) fn tls(flags: &[&str]) -> Self {
        Self::start(&[&tls_flags(), flags].concat())
    }

    /// Starts it in front of the shared realm with TLS and with these further flags.
    pub(crate) fn tls_before_realm(flags: &[&str]) -> Self {
        Self::before_realm(&[&tls_flags(), flags].concat())
    }

    /// Where MS-KKDCP is served.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.listening("wss").is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}/KdcProxy", self.web().port())
    }

    /// What a client needs that can reach nothing but this gateway, over TLS.
    pub(crate) fn conf(&self) -> Krb5Conf {
        let anchors = format!("FILE:{}", authority().anchor.display());
        Krb5Conf::new().kdc(self.url()).kpasswd_server(self.url()).http_anchors(anchors)
    }

    fn listening(&self, scheme: &str) -> Option<SocketAddr> {
        let prefix = format!("listening {} {scheme}://", self.mode);
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

    /// Waits until standard output says this.
    #[track_caller]
    pub(crate) fn wait_for_output(&self, says: &str) -> String {
        self.output.wait_until(says, |output| output.contains(says))
    }

    /// All of the log so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Waits until the log says this.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, says: &str) -> String {
        self.wait_until_log(says, |log| log.contains(says))
    }

    /// Waits until the log is as it should be.
    #[track_caller]
    pub(crate) fn wait_until_log(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        self.log.wait_until(what, is_it)
    }

    /// The records so far.
    pub(crate) fn records(&self) -> Vec<Value> {
        records(&self.log()).collect()
    }

    /// Waits for a record that is as it should be.
    #[track_caller]
    pub(crate) fn wait_for_record(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        self.log.wait_until(what, |log| records(log).any(|record| is_it(&record)));
        self.records().into_iter().find(|record| is_it(record)).unwrap()
    }

    /// Waits until there are so many records, and returns them.
    #[track_caller]
    pub(crate) fn wait_for_records(&self, count: usize) -> Vec<Value> {
        let log = self.log.wait_until("further record", |log| records(log).count() >= count);
        records(&log).collect()
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

    /// Waits until so many threads serve. Each gives itself its name once it runs.
    #[track_caller]
    pub(crate) fn wait_for_serving_threads(&self, count: usize) {
        let serving = || {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
            let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
            names.filter(|name| name.trim() == "serving").count()
        };
        let patience = ambient::now() + PATIENCE;
        while serving() != count {
            assert!(ambient::now() < patience, "{} threads serve, not {count}", serving());
            thread::yield_now();
        }
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

/// Where Debian has it.
pub(crate) fn libfaketime() -> String {
    let found = std::fs::read_dir("/usr/lib").unwrap().filter_map(|dir| {
        let file = dir.ok()?.path().join("faketime/libfaketime.so.1");
        file.is_file().then(|| file.to_str().unwrap().to_owned())
    });
    found.into_iter().next().expect("libfaketime is installed: testkdc/packages tests")
}

/// The records of exchanges with KDCs, and of visits to back ends.
fn records(log: &str) -> impl Iterator<Item = Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(|line: &Value| {
        line["target"] == "ticketgate::exchange" || line["target"] == "ticketgate::visit"
    })
}

/// The flags that make a gateway serve TLS with the certificate that the tests trust.
pub(crate) fn tls_flags() -> [&'static str; 4] {
    let authority = authority();
    let path = |file: &'static Path| file.to_str().unwrap();
    ["--tls-cert", path(&authority.certificate), "--tls-key", path(&authority.key)]
}

/// An address of this host where nobody listens: a test asks for no other on 127.0.0.7.
pub(crate) fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.7:0").unwrap().local_addr().unwrap()
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

/// How long `work` took, and what came of it.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    #[expect(clippy::disallowed_methods, reason = "it measures what a person would wait")]
    let started = Instant::now();
    let done = work();
    (started.elapsed(), done)
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

impl Gateway {
    /// Waits for its end; the exit code.
    pub(crate) fn exit(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Memory that it holds, in octets (VmRSS).
    pub(crate) fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }
}
