//! The gateway, nginx and Apache, each with the same small file behind several ways to log in.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    configured,
    jwt::{AUDIENCE, Algorithm, ISSUER, Issuer},
    lane::Failed,
    process,
    proxies::{free, listens},
    running::{Running, on},
    stage::{Cores, Stage},
    tally::Found,
};

/// Octets of the file.
pub const SIZE: usize = 1024;

/// The user whose password is in plain text, or as near to that as can be.
pub const PLAIN: &str = "plain";

/// Users whose passwords are hashed, by the name of the hash.
pub const HASHED: [&str; 3] = ["argon2id", "bcrypt", "sha-crypt"];

/// The password of every user.
const PASSWORD: &str = "secret";

/// What the gateway and its peers are asked for below each way's path.
const FILE: &str = "file.html";

/// Services of the gateway's configuration, each with a line that says where it listens.
const SERVICES: usize = 6;

/// How long a server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The password by argon2id with 19 MiB, two passes and one lane, which is the least that OWASP asks for.
const ARGON2ID: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$oTSb1X+ttpUqHVjzoHgxJg$JBg+lBi/EPF7glb4DL1anwSghoOru3dA8AJFdchKrNc";

/// The password by bcrypt, 2^10 rounds.
const BCRYPT: &str = "$2b$10$6UTlw6YddKwHCTv/HT9yK.jsc.rMU0EKUgUdKWuGEdIo3CRVVOiVy";

/// The password by SHA-crypt with SHA-512, 5000 rounds.
const SHA_CRYPT: &str = "$6$xCHtyoY.sWy9YLn7$J/yHfu1XDfw..09sapGgtIAIupWt1TC3SIVh2Me/5Ggw5TV54OvcrWxB471/iStpez2xZaBG.\
    OYnHQycmuVHT0";

/// The password by SHA-1: of what Apache takes the nearest to plain text.
const SHA1: &str = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=";

/// Who lets users in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// Apache, in one process.
    Apache,
    /// nginx, and where a way needs it another nginx that judges.
    Nginx,
    /// `ticketgate run`.
    Ticketgate,
}

/// What a client shows with each request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shows {
    /// Nothing: it may pass as it is.
    Nothing,
    /// A name, and the password of all.
    Password(&'static str),
    /// The cookie that it was given for its password.
    Session,
    /// A signed token.
    Token(Algorithm),
}

/// A way into a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Way {
    /// Whose.
    pub server: Server,
    /// What the tables call it.
    pub name: &'static str,
    /// Below what of its server's paths it is.
    pub path: &'static str,
    /// What is shown there.
    pub shows: Shows,
}

/// A way that lets in whoever shows this.
#[derive(Debug)]
pub struct Entrance {
    path: String,
    fields: Vec<String>,
}

/// How long a load lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lasts {
    /// Until each client has asked so often: for what takes so long that few answers would fall into a time.
    Times(usize),
    /// So many seconds.
    Seconds(f64),
}

/// A running server.
#[derive(Debug)]
pub struct Gate {
    server: Server,
    address: SocketAddr,
    running: Running,
    judge: Option<Running>,
}

impl Server {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ticketgate, Self::Nginx, Self::Apache];

    /// What the tables call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apache => "Apache",
            Self::Nginx => "nginx",
            Self::Ticketgate => "ticketgate",
        }
    }
}

impl Gate {
    /// Starts one and waits until it serves.
    ///
    /// # Errors
    ///
    /// If it is not installed, or does not listen.
    pub fn start(server: Server, stage: &Stage, cores: Cores, issuer: &Issuer) -> Result<Self, Failed> {
        let root = stage.file("files");
        fs::create_dir_all(&root)?;
        fs::write(root.join(FILE), [b'x'; SIZE])?;
        let gate = |address, running, judge| Self { server, address, running, judge };
        match server {
            Server::Apache => {
                let address = free()?;
                let running = Running::start(&mut apache(stage, cores, address, issuer)?)?;
                listens(server.name(), address)?;
                Ok(gate(address, running, None))
            }
            Server::Nginx => {
                let (judge_at, address) = (free()?, free()?);
                let judge = Running::start(&mut judge(stage, cores, judge_at)?)?;
                let running = Running::start(&mut nginx(stage, cores, address, judge_at)?)?;
                listens(server.name(), judge_at)?;
                listens(server.name(), address)?;
                Ok(gate(address, running, Some(judge)))
            }
            Server::Ticketgate => {
                let mut running = Running::start(&mut ticketgate(stage, cores, issuer)?)?;
                let lines = (0..SERVICES).map(|_| running.line()).collect::<Result<Vec<_>, _>>()?;
                let at = lines.iter().find_map(|line| line.split_once("://")?.1.split_once('/'));
                let (address, _) = at.ok_or("no address")?;
                Ok(gate(address.parse()?, running, None))
            }
        }
    }

    /// The most memory that was ever resident, in octets.
    ///
    /// # Errors
    ///
    /// If it is gone.
    pub fn peak(&self) -> Result<u64, Failed> {
        Ok(process::peak(self.running.pid())?)
    }

    /// What a client must show at a way. It is tried whether that lets it in and nothing does not.
    ///
    /// # Errors
    ///
    /// If it is otherwise: whatever would be measured is no login.
    pub fn enter(&self, way: &Way, issuer: &Issuer) -> Result<Entrance, Failed> {
        let path = format!("/{}/{FILE}", way.path);
        let fields = match way.shows {
            Shows::Nothing => Vec::new(),
            Shows::Password(name) => vec![basic(name)],
            Shows::Session => vec![format!("Cookie: {}", self.cookie(&path)?)],
            Shows::Token(algorithm) => {
                let scheme = if self.server == Server::Ticketgate { "Token" } else { "Bearer" };
                vec![format!("Authorization: {scheme} {}", issuer.token(algorithm))]
            }
        };
        let answers = (self.ask("GET", &path, &fields, "")?, self.ask("GET", &path, &[], "")?);
        let (with, without) = (status(&answers.0), status(&answers.1));
        if with != "200" {
            return Err(format!("what should let in is answered with {with}").into());
        }
        if !fields.is_empty() && without != "401" {
            return Err(format!("nothing at all is answered with {without}").into());
        }
        Ok(Entrance { path, fields })
    }

    /// Where sockets are opened: by everybody, or with the cookie of a session.
    ///
    /// # Errors
    ///
    /// If no cookie is given.
    pub fn sockets(&self, with_session: bool) -> Result<Entrance, Failed> {
        if !with_session {
            return Ok(Entrance { path: "/sockets/open".to_owned(), fields: Vec::new() });
        }
        let fields = vec![format!("Cookie: {}", self.cookie(&format!("/session/{FILE}"))?)];
        Ok(Entrance { path: "/sockets/session".to_owned(), fields })
    }

    /// So many clients that each fetch the file again and again over a connection that stays.
    ///
    /// # Errors
    ///
    /// If a connection is refused.
    pub fn fetched(
        &self,
        stage: &Stage,
        cores: Cores,
        entrance: &Entrance,
        clients: usize,
        lasts: Lasts,
    ) -> Result<Found, Failed> {
        self.load(on(cores.others(), &stage.program("fetch")), entrance, clients, lasts)
    }

    /// So many clients that each open a WebSocket and close it, again and again.
    ///
    /// # Errors
    ///
    /// If the generator does not start.
    pub fn opened(
        &self,
        stage: &Stage,
        cores: Cores,
        entrance: &Entrance,
        clients: usize,
        lasts: Lasts,
    ) -> Result<Found, Failed> {
        let mut command = on(cores.others(), &stage.program("sockets"));
        command.arg("--open");
        self.load(command, entrance, clients, lasts)
    }

    fn load(
        &self,
        mut command: Command,
        entrance: &Entrance,
        clients: usize,
        lasts: Lasts,
    ) -> Result<Found, Failed> {
        command.arg("--to").arg(self.address.to_string()).args(["--path", &entrance.path]);
        command.args(["--clients", &clients.to_string()]);
        match lasts {
            Lasts::Times(count) => command.args(["--count", &count.to_string()]),
            Lasts::Seconds(seconds) => command.args(["--seconds", &seconds.to_string()]),
        };
        for field in &entrance.fields {
            command.args(["--field", field]);
        }
        for process in [Some(&self.running), self.judge.as_ref()].into_iter().flatten() {
            command.args(["--watch", &process.pid().to_string()]);
        }
        Found::read(&command.output()?.stdout)
    }

    /// The cookie that is given for a password.
    fn cookie(&self, path: &str) -> Result<String, Failed> {
        let head = match self.server {
            Server::Apache => {
                let form = format!("httpd_username={PLAIN}&httpd_password={PASSWORD}");
                let form_type = "Content-Type: application/x-www-form-urlencoded".to_owned();
                self.ask("POST", "/login", &[form_type], &form)?
            }
            Server::Nginx | Server::Ticketgate => self.ask("GET", path, &[basic(PLAIN)], "")?,
        };
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        let cookie = fields.find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let (_, cookie) = cookie.ok_or_else(|| format!("no cookie is given, but {}", status(&head)))?;
        Ok(cookie.split(';').next().unwrap_or(cookie).to_owned())
    }

    /// The head of the answer to one request on a connection of its own.
    fn ask(&self, method: &str, path: &str, fields: &[String], body: &str) -> Result<String, Failed> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\
             {fields}\r\n{body}"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        Ok(text.split("\r\n\r\n").next().unwrap_or_default().to_owned())
    }
}

/// The field that shows a name and the password.
fn basic(name: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{name}:{PASSWORD}")))
}

/// The status of a response.
fn status(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or("nothing")
}

fn ticketgate(stage: &Stage, cores: Cores, issuer: &Issuer) -> Result<Command, Failed> {
    let user =
        |name: &str, hash: &str| format!("<user><name>{name}</name><password>{hash}</password></user>\n");
    let hashed = HASHED.into_iter().zip([ARGON2ID, BCRYPT, SHA_CRYPT]);
    let users: String = hashed.map(|(name, hash)| user(name, hash)).collect();
    let users = format!(
        "<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\">\n{}{users}</jaas-config>\n",
        user(PLAIN, PASSWORD)
    );
    fs::write(stage.file("users.xml"), users)?;
    issuer.write(stage)?;
    let conf = include_str!("../conf/logins.xml").replace("ISSUER", ISSUER).replace("AUDIENCE", AUDIENCE);
    configured::ticketgate(stage, cores, "logins.xml", &conf)
}

fn nginx(stage: &Stage, cores: Cores, address: SocketAddr, judge: SocketAddr) -> Result<Command, Failed> {
    let users = stage.file("nginx-users");
    fs::write(&users, format!("{PLAIN}:{{PLAIN}}{PASSWORD}\nbcrypt:{BCRYPT}\nsha-crypt:{SHA_CRYPT}\n"))?;
    let conf = include_str!("../conf/logins-nginx.conf")
        .replace("ADDRESS", &address.to_string())
        .replace("JUDGE", &judge.to_string())
        .replace("USERS", &users.display().to_string())
        .replace("ROOT", &stage.file("files").display().to_string())
        .replace("CREDENTIALS", credentials(&basic(PLAIN)));
    configured::nginx(stage, cores, address, &conf)
}

fn judge(stage: &Stage, cores: Cores, address: SocketAddr) -> Result<Command, Failed> {
    let conf = include_str!("../conf/judge-nginx.conf")
        .replace("JUDGE", &address.to_string())
        .replace("CREDENTIALS", credentials(&basic(PLAIN)));
    configured::nginx(stage, cores, address, &conf)
}

/// What a field says.
fn credentials(field: &str) -> &str {
    field.split_once(": ").map_or(field, |(_, value)| value)
}

fn apache(stage: &Stage, cores: Cores, address: SocketAddr, issuer: &Issuer) -> Result<Command, Failed> {
    let users = stage.file("apache-users");
    fs::write(&users, format!("{PLAIN}:{SHA1}\nbcrypt:{BCRYPT}\nsha-crypt:{SHA_CRYPT}\n"))?;
    let conf = include_str!("../conf/logins-apache.conf")
        .replace("ADDRESS", &address.to_string())
        .replace("JWKS", &issuer.write(stage)?.display().to_string())
        .replace("KEYS", &free()?.to_string())
        .replace("USERS", &users.display().to_string())
        .replace("ROOT", &stage.file("files").display().to_string())
        .replace("CERTIFICATE", &stage.certificate().display().to_string())
        .replace("PRIVATE", &stage.key().display().to_string());
    configured::apache(stage, cores, address, &conf)
}
