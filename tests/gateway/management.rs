//! The page for operators in a real browser: what it shows, what it orders, and that names of strangers stay text.

use std::{
    convert::Infallible,
    io::{Read as _, Write as _},
    net::SocketAddr,
    sync::Arc,
    thread,
    time::Duration,
};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use peers::{Browser, or_skipped};
use serde_json::{Value, json};
use tgg::{
    envelope::{Envelope, Opened},
    probe,
    routes::{Host, KrbRealm, Routes, Server},
};
use ticketgate::{
    ambient,
    answer::Goodbye,
    health::{Board, Health, Kind, Readiness, Watch},
    kdc::Kdcs,
    limits::{Allowed, Limits, Principals},
    metrics::Metrics,
    notice::Notice,
    record::{RequestId, Via},
    service::{
        kerberos5_proxy::Kerberos5Proxy,
        management::{Inside, Management, Operator},
    },
    sessions::{Entry, Guard, Sessions},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    backend::Head,
    world::{Gateway, PATIENCE, realm},
    ws_client::{Form, Socket, plain},
};

/// A name that would run a script if a page took it for HTML.
const HOSTILE: &str = "<img src=x onerror=document.title='run'>@TGG.TEST";

/// The service, below `/admin`, and what it shows.
struct World {
    metrics: Arc<Metrics>,
    sessions: Arc<Sessions>,
    board: Arc<Board>,
    address: SocketAddr,
    draining: CancellationToken,
    /// Ends the service when dropped.
    runtime: Runtime,
}

#[derive(Debug)]
struct Kdc(bool);

impl Watch for Kdc {
    fn health(&self) -> Vec<Health> {
        let (of, name) = ("TGG.TEST".into(), "kdc1.tgg.test:88".into());
        vec![Health { kind: Kind::Kdc, of, name, is_up: self.0, since: None }]
    }
}

impl World {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let (sessions, board) = (Arc::<Sessions>::default(), Arc::<Board>::default());
        let (metrics, draining) = (Metrics::new(&sessions, &board), CancellationToken::new());
        let readiness = Arc::new(Readiness::new(Arc::clone(&board), draining.clone()));
        readiness.bound();
        let inside = Inside {
            metrics: Arc::clone(&metrics),
            sessions: Arc::clone(&sessions),
            keyrings: Arc::default(),
            readiness,
            configuration: "{}".into(),
        };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, Arc::new(Management::new(inside))));
        Self { metrics, sessions, board, address, draining, runtime }
    }

    fn open(&self, principal: &str) -> (Guard, Notice) {
        let notice = Notice::below(&self.draining);
        let guard = self.sessions.open(Entry {
            id: RequestId::next(),
            service: self.metrics.service("shop"),
            principal: Some(principal.to_owned()),
            roles: vec!["AUTHORIZED".to_owned()],
            peer: "192.0.2.7:50000".parse().unwrap(),
            via: "ws",
            backend: Some("wss://a-back-end-with-a-long-name.shop.internal.example.com:8443/socket".into()),
            since: ambient::time_of_day().0,
            last: Some(ambient::time_of_day().0 + 3600),
            notice: notice.clone(),
            realm: None,
            authorization: None,
            departure: None,
        });
        (guard, notice)
    }

    fn browse(&self) -> Option<Browser> {
        let browser = or_skipped(Browser::chromium(&realm().client().unwrap()))?;
        browser.open(&format!("http://localhost:{}/admin", self.address.port())).unwrap();
        Some(browser)
    }
}

async fn serve(listener: TcpListener, management: Arc<Management>) {
    loop {
        let (io, peer) = listener.accept().await.unwrap();
        let management = Arc::clone(&management);
        tokio::spawn(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let below = request.uri().path().strip_prefix("/admin").unwrap_or("/nowhere");
                let who = Operator::local(peer).unwrap();
                let response = management.answer(&request, below, &who);
                async move { Ok::<_, Infallible>(response) }
            });
            http1::Builder::new().serve_connection(TokioIo::new(io), answer).await
        });
    }
}

/// Waits in the page until an expression is true, and returns another one.
#[track_caller]
pub(crate) fn once(browser: &Browser, is_so: &str, then: &str) -> Value {
    let script = format!(
        "for (const end = Date.now() + 25000; Date.now() < end; await new Promise(go => setTimeout(go, 50)))
            if ({is_so}) return {then};
        throw new Error('never so, but: ' + document.body.innerText);"
    );
    browser.run_async(&script, &json!([])).unwrap()
}

#[test]
fn the_page_shows_who_is_connected_and_the_names_of_strangers_are_text() {
    let world = World::start();
    let (_guard, _notice) = world.open(HOSTILE);
    let Some(browser) = world.browse() else { return };
    let cell = "document.querySelector('#list bdi')";
    assert_eq!(once(&browser, cell, &format!("{cell}.textContent")), HOSTILE);
    let told = "[document.images.length, document.title, document.getElementById('open').textContent]";
    assert_eq!(once(&browser, "true", told), json!([1, "ticketgate", "1"]));
}

#[test]
fn a_name_cannot_turn_around_what_stands_beside_it() {
    let world = World::start();
    let (_guard, _notice) = world.open("\u{202e}TSET.GGT@ecila");
    let Some(browser) = world.browse() else { return };
    let cell = "document.querySelector('#list bdi')";
    assert_eq!(once(&browser, cell, &format!("{cell}.textContent")), r"\u{202e}TSET.GGT@ecila");
}

#[test]
fn what_opens_and_ends_and_what_is_refused_is_seen_without_a_reload() {
    let world = World::start();
    let Some(browser) = world.browse() else { return };
    once(&browser, "document.getElementById('stage').textContent === 'serving'", "0");
    let (guard, _notice) = world.open("alice@TGG.TEST");
    world.metrics.service("shop").refused("realm_unknown");
    once(&browser, "document.querySelectorAll('#list tr').length === 1", "0");
    once(
        &browser,
        "document.getElementById('refusals').innerText.includes('Kerberos realm is not served')",
        "0",
    );
    guard.ended("client_closed");
    once(&browser, "document.querySelectorAll('#list tr').length === 0", "0");
}

#[test]
fn a_kdc_that_goes_down_is_told_to_screen_readers_too() {
    let world = World::start();
    world.board.replace(vec![Arc::new(Kdc(true))]);
    let Some(browser) = world.browse() else { return };
    once(&browser, "document.querySelector('#servers .good')", "0");
    world.board.replace(vec![Arc::new(Kdc(false))]);
    let news = once(
        &browser,
        "document.querySelector('#servers .bad')",
        "document.querySelector('[aria-live=polite]').textContent",
    );
    assert_eq!(news, "The KDC kdc1.tgg.test:88 is down.");
}

#[test]
fn a_session_is_closed_from_the_page_after_it_was_confirmed() {
    let world = World::start();
    let (guard, notice) = world.open("alice@TGG.TEST");
    let closing = thread::spawn({
        let (handle, notice) = (world.runtime.handle().clone(), notice.clone());
        move || {
            handle.block_on(notice.given());
            guard.ended(notice.goodbye().word());
        }
    });
    let Some(browser) = world.browse() else { return notice.close() };
    once(
        &browser,
        "document.querySelector('#list button')",
        "document.querySelector('#list button').click()",
    );
    let focused =
        once(&browser, "document.getElementById('confirm').open", "document.activeElement.textContent");
    // Whoever presses Enter too early closes nothing.
    assert_eq!(focused, "Keep it");
    once(&browser, "true", "document.getElementById('close-one').click()");
    once(&browser, "document.querySelectorAll('#list tr').length === 0", "0");
    closing.join().unwrap();
    assert_eq!(notice.goodbye(), Goodbye::Closed);
}

#[test]
fn the_page_fits_a_telephone() {
    let world = World::start();
    world.board.replace(vec![Arc::new(Kdc(true))]);
    let (_guard, _notice) = world.open(&format!("{}@TGG.TEST", "a".repeat(200)));
    let Some(browser) = world.browse() else { return };
    browser.narrow(360).unwrap();
    // What is for screen readers alone is cut to nothing.
    let too_wide = "[...document.querySelectorAll('body *:not(.unseen, .skip, thead, thead *)')]
        .filter(node => node.getBoundingClientRect().right > 361).map(node => node.outerHTML.slice(0, 80))";
    let told = once(
        &browser,
        "innerWidth === 360 && document.querySelector('#list tr')",
        &format!("[document.documentElement.scrollWidth, {too_wide}]"),
    );
    assert_eq!(told, json!([360, []]));
}

#[tokio::test]
async fn each_request_to_a_kdc_is_counted_by_what_came_of_it() {
    let kdc = realm().kdc_addr();
    let server = Server { host: Host::Address(kdc.ip()), port: kdc.port() };
    let krb_realm = KrbRealm { name: "TGG.TEST".to_owned(), kdcs: vec![server], ..KrbRealm::default() };
    let kdcs = Kdcs::new(Arc::new(Routes::new([krb_realm])), Duration::from_secs(20));
    let allowed = Allowed {
        connections: 1,
        connections_per_peer: 0,
        handshakes: 0,
        in_flight_per_peer: 0,
        peer_rate: 0,
    };
    let limits = Limits::new(allowed, Arc::new(Semaphore::new(1)));
    let metrics = Metrics::new(&Arc::default(), &Arc::default());
    let service = Kerberos5Proxy::new(kdcs, Principals::new(0)).counted(metrics.service("kerberos"));
    let address: SocketAddr = "192.0.2.7:50000".parse().unwrap();
    let ask = async |message: Vec<u8>| {
        let opened = Opened { envelope: Envelope::Framed, krb_realm: None, message: message.into() };
        service.answer(opened, &limits.peer(address.ip()), Via { peer: address, over: "ws" }).await
    };
    let now = ambient::time_of_day().0;
    // The realm has no such principal.
    assert!(ask(probe::request("TGG.TEST", 7, now).unwrap()).await.reply.is_ok());
    assert!(ask(probe::request("OTHER.TEST", 7, now).unwrap()).await.reply.is_err());
    assert!(ask(b"no Kerberos".to_vec()).await.reply.is_err());
    let text = metrics.render();
    for line in [
        r#"ticketgate_exchanges_total{service="kerberos",kind="as",outcome="KDC_ERR_C_PRINCIPAL_UNKNOWN"} 1"#,
        r#"ticketgate_exchanges_total{service="kerberos",kind="as",outcome="realm_unknown"} 1"#,
        r#"ticketgate_exchanges_total{service="kerberos",kind="unread",outcome="kind"} 1"#,
        r#"ticketgate_refusals_total{service="kerberos",reason="realm_unknown"} 1"#,
        r#"ticketgate_refusals_total{service="kerberos",reason="kind"} 1"#,
        r#"ticketgate_exchange_duration_seconds_count{service="kerberos",kind="as"} 2"#,
    ] {
        assert!(text.contains(line), "no {line} in:\n{text}");
    }
}

/// What the service answers over a connection of its own.
fn asked(gateway: &Gateway, line: &str) -> Value {
    let address = gateway.at("management");
    let mut stream = plain(address);
    let head = format!("{line} HTTP/1.1\r\nHost: {address}\r\nX-Ticketgate: 1\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn the_gateway_shows_its_sockets_with_what_they_carry_and_closes_them() {
    let gateway = Gateway::run(&format!(
        r#"<gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
        <service><name>KDC</name><accept>ws://127.0.0.1:0/</accept><type>kerberos5.proxy</type>
            <properties><krb-realm><name>TGG.TEST</name><kdc>{}</kdc></krb-realm></properties></service>
        <service><name>management</name><accept>http://127.0.0.2:0/</accept><type>management</type></service>
        </gateway-config>"#,
        realm().kdc_addr()
    ));
    let address = gateway.at("KDC");
    let mut stream = plain(address);
    let head = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    Head::read(&mut stream).expect("an answer");
    let mut socket = Socket::upgraded(stream, Form::Framed);
    socket.assert_serves();
    let patience = ambient::now() + PATIENCE;
    let session = loop {
        let told = asked(&gateway, "GET /sessions");
        let session = told["sessions"][0].clone();
        if session["received"].as_u64() > Some(0) && session["sent"].as_u64() > Some(0) {
            break session;
        }
        assert!(ambient::now() < patience, "{told}");
    };
    assert_eq!((&session["service"], &session["via"]), (&json!("KDC"), &json!("ws")));
    let order = format!("DELETE /sessions/{}", session["id"].as_str().unwrap());
    assert_eq!(asked(&gateway, &order), json!({ "closed": 1 }));
    assert_eq!(socket.closed(), 1008);
}
