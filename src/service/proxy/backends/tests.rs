//! Who is asked, in which order, and how often.

use std::collections::BTreeSet;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    task::yield_now,
};

use super::*;

/// The URL of a server that reads a head on each connection and answers with its path, or as `script` says.
async fn serving(script: impl Fn(&str) -> String + Send + Sync + 'static) -> BackendUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let _ = stream.write_all(script(&head).as_bytes()).await;
        }
    });
    url.parse().unwrap()
}

fn no_content(line: &str) -> String {
    format!("HTTP/1.1 204 No Content\r\nConnection: close\r\nX-Line: {line}\r\n\r\n")
}

fn echo_line(head: &str) -> String {
    no_content(head.lines().next().unwrap())
}

/// The URL of a port that nobody listens on, and what keeps it so.
fn absent() -> (BackendUrl, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (format!("http://{}", socket.local_addr().unwrap()).parse().unwrap(), socket)
}

fn request(method: Method) -> Request<Outgoing> {
    let mut request = Request::new(Outgoing::nothing());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_static("/x?y");
    request
}

async fn ask(backends: &Backends, method: Method) -> (String, Result<String, Refused>) {
    let octets = AtomicU64::new(0);
    let (backend, outcome) = backends.send(request(method), 0, Carriage::Kept, &octets).await;
    let line = outcome.map(|(response, _)| match response.headers().get("x-line") {
        Some(line) => line.to_str().unwrap().to_owned(),
        None => response.status().to_string(),
    });
    (backend.name.to_string(), line)
}

#[tokio::test]
async fn each_has_its_turn() {
    let urls = [serving(echo_line).await, serving(echo_line).await, serving(echo_line).await];
    let backends = Backends::new(&urls, &Way::default(), None).unwrap();
    let mut asked = BTreeSet::new();
    for _ in 0..urls.len() {
        let (name, line) = ask(&backends, Method::GET).await;
        assert_eq!(line.unwrap(), "GET /base/x?y HTTP/1.1");
        asked.insert(name);
    }
    assert_eq!(asked.len(), urls.len());
}

#[tokio::test]
async fn where_there_is_no_connection_the_next_one_is_asked_and_remembered() {
    let ((before, _none), (behind, _nobody)) = (absent(), absent());
    let urls = [before, serving(echo_line).await, behind];
    let backends = Backends::new(&urls, &Way::default(), None).unwrap();
    for _ in 0..3 {
        let (name, line) = ask(&backends, Method::POST).await;
        assert_eq!((name, line.unwrap().as_str()), (urls[1].to_string(), "POST /base/x?y HTTP/1.1"));
    }
    let now = ambient::now();
    let trusted: Vec<_> = backends.all().map(|backend| backend.recovery.is_trusted(now)).collect();
    assert_eq!(trusted, [false, true, false]);
    for _ in 0..3 {
        assert_eq!(backends.in_turn()[0].url, urls[1], "the one that answered is tried first");
    }
}

#[tokio::test]
async fn where_none_can_be_connected_to_the_failure_is_told() {
    let ((one, _none), (other, _nobody)) = (absent(), absent());
    let urls = [one, other];
    let backends = Backends::new(&urls, &Way::default(), None).unwrap();
    let (_, outcome) = ask(&backends, Method::GET).await;
    assert!(matches!(outcome, Err(Refused::Backend(BackendFailure::Absent(_)))), "{outcome:?}");
    let (_, dialled) = backends.dial(&[]).await;
    assert!(matches!(dialled, Err(BackendFailure::Absent(_))), "{dialled:?}");
}

#[tokio::test]
async fn what_was_sent_once_goes_to_no_other() {
    let urls = [serving(|_| String::new()).await, serving(echo_line).await];
    let backends = Backends::new(&urls, &Way::default(), None).unwrap();
    let (mut broken, mut served) = (0, 0);
    for _ in 0..4 {
        match ask(&backends, Method::POST).await.1 {
            Ok(_) => served += 1,
            Err(Refused::Backend(BackendFailure::Broken(_))) => broken += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((broken, served), (2, 2));
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_is_allowed() {
    let hop = |head: &str| match head.split(' ').nth(1).unwrap() {
        "/base/x?y" => redirect("/base/1"),
        "/base/1" => redirect("2"),
        _ => echo_line(head),
    };
    let url = serving(hop).await;
    for (redirects, method, expected) in [
        (2, Method::GET, "GET /base/2 HTTP/1.1"),
        (2, Method::HEAD, "HEAD /base/2 HTTP/1.1"),
        (1, Method::GET, "302 Found"),
        (0, Method::GET, "302 Found"),
        (2, Method::POST, "302 Found"),
    ] {
        let way = Way { redirects, ..Way::default() };
        let backends = Backends::new(std::slice::from_ref(&url), &way, None).unwrap();
        assert_eq!(ask(&backends, method).await.1.unwrap(), expected, "{redirects} redirects");
    }
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n")
}

#[tokio::test]
async fn a_back_end_is_told_when_its_connection_is_for_one_request() {
    let url =
        serving(|head| no_content(head.lines().find(|line| line.starts_with("connection")).unwrap())).await;
    let keeping = Keeping { connections: 0, ..Keeping::default() };
    let backends = Backends::new(&[url], &Way { keeping, ..Way::default() }, None).unwrap();
    assert_eq!(ask(&backends, Method::GET).await.1.unwrap(), "connection: close");
}

#[tokio::test]
async fn a_back_end_that_came_up_is_found_by_its_probe() {
    let (url, socket) = absent();
    let way = Way { recovery: Some(Duration::from_millis(1)), ..Way::default() };
    let backends = Backends::new(&[url], &way, None).unwrap();
    let watched = async {
        while backends.is_up() {
            yield_now().await;
        }
        let _listener = socket.listen(1).unwrap();
        while !backends.is_up() {
            yield_now().await;
        }
    };
    tokio::select! {
        () = backends.watch() => panic!("it is watched for ever"),
        () = watched => {}
    }
}

#[tokio::test]
async fn connections_come_from_the_address_that_is_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: BackendUrl = format!("tcp://{}", listener.local_addr().unwrap()).parse().unwrap();
    let from = |source: &str| Way { source: Some(source.parse().unwrap()), ..Way::default() };
    let backends = Backends::new(std::slice::from_ref(&url), &from("127.0.0.2:0"), None).unwrap();
    let (_, opened) = backends.dial(&[]).await;
    let (_accepted, peer) = listener.accept().await.unwrap();
    assert_eq!(peer.ip().to_string(), "127.0.0.2");
    assert!(opened.is_ok());
    // An address of the documentation, which no host has.
    let backends = Backends::new(&[url], &from("192.0.2.1:0"), None).unwrap();
    let (_, opened) = backends.dial(&[]).await;
    assert!(matches!(opened, Err(BackendFailure::Source(_))), "{opened:?}");
}

#[tokio::test]
async fn a_prepared_connection_that_ends_when_it_is_used_costs_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let backends = Backends::new(&[url], &Way { prepared: 1, ..Way::default() }, None).unwrap();
    let head = async |mut stream: TcpStream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        (stream, String::from_utf8(head).unwrap())
    };
    let served = async {
        let (prepared, _) = listener.accept().await.unwrap();
        while backends.first().pool.ready().waiting() == 0 {
            yield_now().await;
        }
        let asking = Arc::clone(&backends);
        let octets = AtomicU64::new(0);
        let asked = tokio::spawn(async move {
            asking.send(request(Method::GET), 0, Carriage::Own, &octets).await.1.map(|(answer, _)| answer)
        });
        // It has been looked at by the time that it brings a head.
        drop(head(prepared).await);
        // The next one may be prepared too; the request comes over the one that is opened for it.
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut stream, head) = head(stream).await;
                    stream.write_all(echo_line(&head).as_bytes()).await.unwrap();
                });
            }
        });
        asked.await.unwrap().unwrap()
    };
    tokio::select! {
        () = backends.watch() => panic!("it is watched for ever"),
        answer = served => assert_eq!(answer.headers()["x-line"], "GET /x?y HTTP/1.1"),
    }
}
