//! Issuers in the test's own process, for what real ones do not do when they are told to.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::watch,
};

use super::*;
use crate::realm::module::jwt::tests::made::{Issuer, set};

fn origin(text: &str) -> Result<Origin, OriginError> {
    Origin::read(text, |name| Path::new("/etc").join(name))
}

#[test]
fn keys_are_in_a_file_or_at_a_url_that_nobody_on_the_way_can_change() {
    for (text, file) in [("jwks.json", "/etc/jwks.json"), ("/a b", "/a b"), ("c:/x", "/etc/c:/x")] {
        assert_eq!(origin(text), Ok(Origin::File(file.into())), "{text}");
    }
    for url in [
        "https://login.test/jwks.json",
        "HTTPS://login.test",
        "https://[2001:db8::1]:8443/a?b=c",
        "http://localhost:8080/",
        "http://LOCALHOST/",
        "http://127.0.0.1/",
        "http://127.8.9.10:1/",
        "http://[::1]:1/",
    ] {
        assert!(matches!(origin(url), Ok(Origin::Url(_))), "{url}");
    }
    for url in [
        "http://login.test/",
        "http://10.0.0.1/",
        "http://localhost.thief.test/",
        "http://127.0.0.1.thief.test/",
        "http://0.0.0.0/",
        "http://[::]/",
    ] {
        assert_eq!(origin(url), Err(OriginError::Clear), "{url}");
    }
    for url in [
        "ftp://login.test/",
        "file:///etc/jwks.json",
        "file:/etc/jwks.json",
        "https://",
        "https:///a",
        "https://a b/",
        "https://user@login.test/",
        "https://:8443/",
    ] {
        assert_eq!(origin(url), Err(OriginError::Url), "{url}");
    }
}

/// An issuer that counts how often it is asked, and answers when it may.
struct Published {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    may: watch::Sender<bool>,
}

impl Published {
    async fn new(body: Vec<u8>, may: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let (may, waits) = watch::channel(may);
        let counts = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                counts.fetch_add(1, Ordering::Relaxed);
                let (body, mut waits) = (body.clone(), waits.clone());
                tokio::spawn(async move {
                    let _ = waits.wait_for(|may| *may).await;
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.write_all(&body).await;
                });
            }
        });
        Self { address, asked, may }
    }

    fn source(&self, sets: &KeySets) -> Arc<Source> {
        let origin = origin(&format!("http://{}/", self.address)).unwrap();
        Source::open(origin, Algorithm::ALL.to_vec(), &ClientSettings::default(), sets).unwrap()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    async fn until_asked(&self) {
        while self.asked() == 0 {
            tokio::task::yield_now().await;
        }
    }
}

fn published() -> Vec<u8> {
    Issuer::new(Algorithm::Es256).set()
}

#[tokio::test]
async fn logins_that_come_together_have_the_issuer_asked_once() {
    let issuer = Published::new(published(), false).await;
    let source = issuer.source(&KeySets::default());
    let logins: Vec<_> = (0..20)
        .map(|_| {
            let source = Arc::clone(&source);
            tokio::spawn(async move { source.keys().await })
        })
        .collect();
    issuer.until_asked().await;
    issuer.may.send_replace(true);
    for login in logins {
        assert!(login.await.unwrap().is_some());
    }
    assert_eq!(issuer.asked(), 1);
    assert!(source.keys().await.is_some());
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn keys_are_fetched_also_if_whoever_waited_for_them_goes_away() {
    let issuer = Published::new(published(), false).await;
    let source = issuer.source(&KeySets::default());
    let waits = Arc::clone(&source);
    let login = tokio::spawn(async move { waits.keys().await });
    issuer.until_asked().await;
    login.abort();
    assert!(login.await.unwrap_err().is_cancelled());
    issuer.may.send_replace(true);
    assert!(source.keys().await.is_some());
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn unknown_keys_have_the_issuer_asked_once_and_new_ones_are_told_to_all() {
    let issuer = Published::new(published(), true).await;
    let source = issuer.source(&KeySets::default());
    let first = source.keys().await.unwrap();
    let second = source.newer(&first).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(issuer.asked(), 2);
    // Others who know only the first need not ask.
    assert!(Arc::ptr_eq(&second, &source.newer(&first).await.unwrap()));
    for _ in 0..10 {
        assert!(Arc::ptr_eq(&second, &source.newer(&second).await.unwrap()));
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn what_is_no_set_of_keys_is_not_asked_for_by_each_login() {
    let issuer = Published::new(b"<html>".to_vec(), true).await;
    let source = issuer.source(&KeySets::default());
    for _ in 0..10 {
        assert!(source.keys().await.is_none());
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn keys_outlive_the_realm_over_a_reload_and_not_longer() {
    let issuer = Published::new(published(), true).await;
    let sets = KeySets::default();
    let before = issuer.source(&sets);
    let keys = before.keys().await.unwrap();
    let after = issuer.source(&sets);
    drop(before);
    assert!(Arc::ptr_eq(&keys, &after.keys().await.unwrap()));
    assert_eq!(issuer.asked(), 1);
    drop(after);
    assert!(issuer.source(&sets).keys().await.is_some());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn whoever_watches_has_keys_before_anybody_logs_in() {
    let issuer = Published::new(published(), true).await;
    let source = issuer.source(&KeySets::default());
    let watching = tokio::spawn(Arc::clone(&source).watch());
    issuer.until_asked().await;
    assert!(source.keys().await.is_some());
    watching.abort();
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_long_file_is_not_read_to_its_end() {
    let name = format!("ticketgate-long-{}-{:x}", std::process::id(), u64::from_ne_bytes(ambient::random()));
    let path = std::env::temp_dir().join(name);
    let keys = set(&[json!({ "kty": "EC", "x": "A".repeat(MAX_SET) })]);
    std::fs::write(&path, keys).unwrap();
    let opened = Source::open(
        Origin::File(path.clone()),
        Algorithm::ALL.to_vec(),
        &ClientSettings::default(),
        &KeySets::default(),
    );
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(opened, Err(SourceError::Content(_, KeySetError::TooLong))), "{opened:?}");
}
