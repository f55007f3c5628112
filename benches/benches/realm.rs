//! What the parts of a login cost that need no socket: credentials read, sessions begun and found, a chain asked, a
//! challenge made.
//!
//! `cargo bench -p benches --bench realm`.

use std::sync::Arc;

use divan::{Bencher, black_box};
use http::{HeaderName, Request, header, request::Parts};
use ticketgate::{
    realm::{
        chain::{Chain, Link, Outcome, Success},
        credentials::{Credentials, Sources},
        module::{Attempt, Brought, Doing, LoginModule, Shared, Verdict},
        roles::Grants,
        scheme::{Kind, Layer, Scheme},
        session::{Lasts, Sessions},
        subject::Subject,
        visitor::Visitor,
    },
    record::RequestId,
};
use tokio::runtime::{Builder, Runtime};

fn main() {
    divan::main();
}

/// 2026-11-22T09:00:00Z.
const NOW: i64 = 1_795_338_000;

/// Octets of a token with some claims and a signature of RSA.
const TOKEN: usize = 700;

/// The fields that browsers send, and these.
fn head(target: &str, fields: &[(HeaderName, &str)]) -> Parts {
    let mut request = Request::get(target)
        .header(header::HOST, "gw.example.com")
        .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .header(header::ACCEPT, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header(header::ACCEPT_LANGUAGE, "en-US,en;q=0.5")
        .header(header::ACCEPT_ENCODING, "gzip, deflate, br, zstd");
    for (name, value) in fields {
        request = request.header(name, *value);
    }
    request.body(()).expect("a head").into_parts().0
}

fn read(bencher: Bencher<'_, '_>, head: &Parts, kind: Kind, sources: &Sources) {
    assert!(!Credentials::read(head, kind, sources).expect("credentials").is_empty());
    bencher.bench_local(|| Credentials::read(black_box(head), kind, sources));
}

#[divan::bench]
fn read_basic(bencher: Bencher<'_, '_>) {
    let head = head("/", &[(header::AUTHORIZATION, "Basic am9lOndlbGNvbWU=")]);
    read(bencher, &head, Kind::Basic, &Sources::default());
}

#[divan::bench]
fn read_token(bencher: Bencher<'_, '_>) {
    let field = format!("Token {}", "x".repeat(TOKEN));
    let head = head("/", &[(header::AUTHORIZATION, &field)]);
    read(bencher, &head, Kind::Token, &Sources::default());
}

/// One of each place that a realm can declare.
#[divan::bench]
fn read_declared(bencher: Bencher<'_, '_>) {
    let token = "x".repeat(TOKEN);
    let cookie = format!("theme=dark; sso={token}");
    let name = HeaderName::from_static("x-token");
    let head = head(&format!("/?page=1&token={token}"), &[(name.clone(), &token), (header::COOKIE, &cookie)]);
    let sources = Sources {
        headers: vec![name],
        parameters: vec!["token".to_owned()],
        cookies: vec!["sso".to_owned()],
    };
    read(bencher, &head, Kind::Token, &sources);
}

/// A user with a few roles.
fn subject() -> Subject {
    let mut user = Brought::user("joe@example.com");
    user.roles.extend(["AUTHORIZED", "ADMINISTRATOR", "STAFF"].map(str::to_owned));
    Subject::of(vec![user], &Grants::default()).expect("a user with a name")
}

fn sessions() -> Sessions {
    let lasts = Lasts { life: 8 * 3600, idle: Some(1800) };
    Sessions::new("__Host-ticketgate-demo".to_owned(), lasts, NOW).expect("a key")
}

#[divan::bench]
fn begin_session(bencher: Bencher<'_, '_>) {
    let (sessions, subject) = (sessions(), subject());
    bencher.bench_local(|| sessions.begin(black_box(&subject), Some([7; 16]), None, NOW));
}

#[divan::bench]
fn find_session(bencher: Bencher<'_, '_>) {
    let (sessions, subject) = (sessions(), subject());
    let cookie = sessions.begin(&subject, Some([7; 16]), None, NOW).expect("a cookie");
    let cookie = cookie.to_str().expect("visible characters");
    let (_, value) =
        cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a name and a value");
    assert!(sessions.find(value, NOW).is_some());
    bencher.bench_local(|| sessions.find(black_box(value), NOW));
}

/// A module that lets everybody in.
#[derive(Debug)]
struct Agrees;

impl LoginModule for Agrees {
    fn kind(&self) -> &'static str {
        "agrees"
    }

    fn login<'a>(&'a self, _attempt: &'a Attempt<'a>, _shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(async { Verdict::Success(Box::new(Brought::user("joe"))) })
    }
}

/// Its timers need one, and to be in it is not what is measured.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// What a chain adds to what its only module does, from the question to the end of the login.
#[divan::bench]
fn ask_chain_of_one(bencher: Bencher<'_, '_>) {
    let module = Arc::new(Agrees);
    let chain = Chain::new(vec![Link { module, success: Success::Required, debug: false }]);
    let head = head("/", &[(header::AUTHORIZATION, "Basic am9lOndlbGNvbWU=")]);
    let credentials = Credentials::read(&head, Kind::Basic, &Sources::default()).expect("a password");
    let visitor = Visitor::new(([127, 0, 0, 1], 50_000).into(), true, Vec::new());
    let runtime = runtime();
    bencher.bench_local(|| {
        let attempt = Attempt {
            id: RequestId::next(),
            realm: "demo",
            service: "files",
            credentials: black_box(&credentials),
            visitor: &visitor,
        };
        let outcome = runtime.block_on(chain.judge(&attempt, &mut Shared::default()));
        assert!(matches!(outcome, Outcome::Agreed { .. }));
    });
}

#[divan::bench]
fn make_challenge(bencher: Bencher<'_, '_>) {
    let scheme = Scheme { kind: Kind::Basic, by_page: false, description: Some("Example Corp".to_owned()) };
    bencher.bench_local(|| black_box(&scheme).challenge(&[], Layer::Native));
}
