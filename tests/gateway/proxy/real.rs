//! Servers that everybody knows, reached through a WebSocket: Redis and PostgreSQL from the system's packages.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use tokio_tungstenite::tungstenite::Message;

use super::{ask, open, upgrade_head};
use crate::{
    backend::{Head, serve},
    world::{Gateway, PATIENCE},
};
use ticketgate::ambient;

/// A server that runs until it is dropped, in a directory of its own.
struct Server {
    child: Child,
    dir: PathBuf,
    address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it listens. `command` is given the directory and the port.
    fn start(name: &str, command: impl FnOnce(&Path, u16) -> Command) -> Self {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = command(&dir, address.port())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}; run testkdc/packages tests"));
        let patience = ambient::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(ambient::now() < patience, "{name} does not listen");
            thread::yield_now();
        }
        Self { child, dir, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // PostgreSQL takes its children along.
        let _ = Command::new("kill").arg("-INT").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn before(server: &Server) -> Gateway {
    Gateway::tpg(&["--connect", &format!("tcp://{}", server.address)])
}

#[test]
fn redis_answers_through_a_websocket() {
    let redis = Server::start("redis", |dir, port| {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string(), "--dir"]).arg(dir);
        command
    });
    let gateway = before(&redis);
    let mut socket = open(&gateway);
    for (said, answer) in [
        (Message::text("PING\r\n"), &b"+PONG\r\n"[..]),
        (Message::binary(&b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$3\r\n\0\xff\n\r\n"[..]), b"+OK\r\n"),
        (Message::binary(&b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"[..]), b"$3\r\n\0\xff\n\r\n"),
    ] {
        socket.send(said).unwrap();
        assert_eq!(socket.read().unwrap(), Message::binary(answer));
    }
}

/// A local port whose octets go through a WebSocket of the gateway.
fn tunnel(gateway: &Gateway) -> SocketAddr {
    let web = gateway.web();
    serve(move |mut local| {
        let mut stream = TcpStream::connect(web).unwrap();
        stream.write_all(upgrade_head("/", "Sec-WebSocket-Protocol: binary\r\n").as_bytes()).unwrap();
        let head = Head::read(&mut stream).unwrap();
        assert!(head.line().contains(" 101 "), "{}", head.text);
        let (mut up, mut from) = (stream.try_clone().unwrap(), local.try_clone().unwrap());
        thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut some) {
                let length = u16::try_from(count).unwrap().to_be_bytes();
                let frame = [&[0x82, 0xfe, length[0], length[1], 0, 0, 0, 0][..], &some[..count]].concat();
                up.write_all(&frame).unwrap();
            }
            let _ = up.write_all(&[0x88, 0x80, 0, 0, 0, 0]);
        });
        let mut frames = std::io::Cursor::new(head.ahead).chain(stream);
        let mut header = [0; 2];
        while frames.read_exact(&mut header).is_ok() && header[0] == 0x82 {
            let mut length = [0; 8];
            let (extended, short) = match header[1] {
                127 => (8, 0),
                126 => (2, 0),
                short => (0, u64::from(short)),
            };
            frames.read_exact(&mut length[8 - extended..]).unwrap();
            let payload = if extended == 0 { short } else { u64::from_be_bytes(length) };
            std::io::copy(&mut (&mut frames).take(payload), &mut local).unwrap();
        }
        let _ = local.shutdown(Shutdown::Both);
    })
}

/// A command of PostgreSQL's that runs as an ordinary user: its server refuses to be root.
fn postgres(program: &str) -> Command {
    let bin = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok);
    let bin = bin.map(|version| version.path().join("bin")).max().expect("run testkdc/packages tests");
    if rustix::process::getuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(bin.join(program));
        command
    } else {
        Command::new(bin.join(program))
    }
}

#[test]
fn psql_speaks_with_postgresql_through_a_websocket() {
    // Not below the build's directory, which another user may not be able to reach.
    let data = std::env::temp_dir().join(format!("ticketgate-postgresql-{}", std::process::id()));
    let _ = fs::remove_dir_all(&data);
    let made = postgres("initdb").args(["-A", "trust", "-U", "postgres", "-D"]).arg(&data).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let server = Server::start("postgresql", |_, port| {
        let mut command = postgres("postgres");
        command.args(["-h", "127.0.0.1", "-k", "", "-p", &port.to_string(), "-D"]).arg(&data);
        command
    });
    let gateway = before(&server);
    let local = tunnel(&gateway);
    let query = "create table t as select n, repeat('x', 1000) as x from generate_series(1, 5000) n; \
                 select count(*), sum(length(x)) from t; select x from t;";
    let output = Command::new("psql")
        .args(["-X", "-A", "-t", "-q", "-h", "127.0.0.1", "-U", "postgres", "-p", &local.port().to_string()])
        .args(["-c", query, "postgres"])
        .output()
        .expect("psql runs; run testkdc/packages tests");
    drop(server);
    let _ = fs::remove_dir_all(&data);
    let (said, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    let expected = "5000|5000000\n".to_owned() + &("x".repeat(1000) + "\n").repeat(5000);
    assert!(said == expected, "{} octets, {error}", said.len());
    let record = gateway.wait_for_record("socket", |record| record["octets_out"].as_u64() > Some(5_000_000));
    assert_eq!(record["via"], "tcp");
}

#[test]
fn a_server_of_octets_is_not_offered_to_ordinary_requests() {
    let gateway = Gateway::tpg(&["--connect", "tcp://127.0.0.1:9"]);
    let (_, answer) = ask(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(answer.line(), "HTTP/1.1 426 Upgrade Required");
}
