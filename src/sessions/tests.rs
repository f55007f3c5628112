//! What the registry of open sockets promises.

use tokio::sync::broadcast::error::TryRecvError;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{answer::Goodbye, health::Board, metrics::Metrics};

/// A registry, and counters that show what it tells its services.
pub(crate) fn registry() -> (Arc<Sessions>, Arc<Metrics>) {
    let sessions = Arc::<Sessions>::default();
    let metrics = Metrics::new(&sessions, &Arc::<Board>::default());
    (sessions, metrics)
}

pub(crate) fn entry(metrics: &Metrics, service: &str, principal: Option<&str>) -> Entry {
    Entry {
        id: RequestId::next(),
        service: metrics.service(service),
        principal: principal.map(str::to_owned),
        roles: vec!["AUTHORIZED".to_owned()],
        peer: "192.0.2.7:50000".parse().unwrap(),
        via: "ws",
        backend: None,
        since: 1_700_000_000,
        last: Some(1_700_003_600),
        notice: Notice::below(&CancellationToken::new()),
        realm: None,
        authorization: None,
        departure: None,
    }
}

fn all() -> Wanted {
    Wanted { most: 100, ..Wanted::default() }
}

#[test]
fn a_socket_is_listed_for_as_long_as_its_guard_lives() {
    let (sessions, metrics) = registry();
    let guard = sessions.open(entry(&metrics, "shop", Some("alice@TGG.TEST")));
    assert_eq!(sessions.list(&all()).sessions.len(), 1);
    drop(guard);
    assert!(sessions.list(&all()).sessions.is_empty());
}

#[test]
fn closing_a_socket_gives_its_notice_and_no_other() {
    let (sessions, metrics) = registry();
    let (one, other) = (entry(&metrics, "shop", None), entry(&metrics, "shop", None));
    let (id, notices) = (one.id, [one.notice.clone(), other.notice.clone()]);
    let _guards = [sessions.open(one), sessions.open(other)];
    assert!(sessions.close(id));
    assert_eq!(notices.map(|notice| notice.goodbye()), [Goodbye::Closed, Goodbye::GoingAway]);
}

#[test]
fn a_socket_that_is_gone_cannot_be_closed() {
    let (sessions, metrics) = registry();
    let entry = entry(&metrics, "shop", None);
    let id = entry.id;
    sessions.open(entry).ended("done");
    assert!(!sessions.close(id));
}

#[test]
fn all_sockets_of_a_principal_are_closed_over_all_services() {
    let (sessions, metrics) = registry();
    let entries = [("shop", "alice@A"), ("mail", "alice@A"), ("shop", "alice@B"), ("shop", "ALICE@A")]
        .map(|(service, principal)| entry(&metrics, service, Some(principal)));
    let notices = entries.each_ref().map(|entry| entry.notice.clone());
    let _guards = entries.map(|entry| sessions.open(entry));
    assert_eq!(sessions.close_principal("alice@A"), 2);
    let closed = notices.map(|notice| notice.goodbye() == Goodbye::Closed);
    assert_eq!(closed, [true, true, false, false]);
}

#[test]
fn pages_follow_each_other_without_a_gap_and_end() {
    let (sessions, metrics) = registry();
    let guards: Vec<_> = (0..50).map(|_| sessions.open(entry(&metrics, "shop", None))).collect();
    let mut wanted = Wanted { most: 20, ..Wanted::default() };
    let mut seen = Vec::new();
    let mut pages = Vec::new();
    loop {
        let page = sessions.list(&wanted);
        seen.extend(page.sessions.iter().map(|session| session.entry.id));
        pages.push(page.sessions.len());
        wanted.before = seen.last().copied();
        if !page.has_more {
            break;
        }
    }
    assert_eq!(pages, [20, 20, 10]);
    assert_eq!(seen, guards.iter().rev().map(|guard| guard.session.entry.id).collect::<Vec<_>>());
}

#[test]
fn a_list_can_be_of_one_service_or_one_principal_or_what_has_a_text_in_it() {
    let (sessions, metrics) = registry();
    let _guards = [("shop", "alice@A"), ("mail", "alice@A"), ("shop", "bob@A")]
        .map(|(service, principal)| sessions.open(entry(&metrics, service, Some(principal))));
    let some = |text: &str| Some(text.to_owned());
    let count = |wanted: Wanted| sessions.list(&Wanted { most: 9, ..wanted }).sessions.len();
    assert_eq!(count(Wanted { service: some("shop"), ..Wanted::default() }), 2);
    assert_eq!(count(Wanted { principal: some("alice@A"), ..Wanted::default() }), 2);
    assert_eq!(count(Wanted { principal: some("alice"), ..Wanted::default() }), 0);
    assert_eq!(count(Wanted { text: some("ALICE"), ..Wanted::default() }), 2);
    assert_eq!(count(Wanted { text: some("mai"), ..Wanted::default() }), 1);
    assert_eq!(count(Wanted { text: some("192.0.2.7:"), ..Wanted::default() }), 3);
}

#[test]
fn octets_are_counted_once_however_often_somebody_looks() {
    let (sessions, metrics) = registry();
    let guard = sessions.open(entry(&metrics, "shop", None));
    let received = || {
        let line = "ticketgate_received_bytes_total{service=\"shop\"} ";
        metrics.render().lines().find_map(|text| text.strip_prefix(line)?.parse::<u64>().ok())
    };
    guard.octets().set(100, 7);
    assert_eq!((received(), received()), (Some(100), Some(100)));
    guard.octets().set(150, 7);
    guard.ended("done");
    assert_eq!(received(), Some(150));
}

#[test]
fn who_listens_hears_of_sockets_that_open_and_end() {
    let (sessions, metrics) = registry();
    let mut events = sessions.subscribe();
    sessions.open(entry(&metrics, "shop", None)).ended("idle");
    assert!(matches!(events.try_recv(), Ok(Event::Opened(_))));
    assert!(matches!(events.try_recv(), Ok(Event::Closed(_, "idle"))));
}

#[test]
fn a_slow_listener_holds_nobody_up_and_is_told_what_it_lost() {
    let (sessions, metrics) = registry();
    let mut events = sessions.subscribe();
    for _ in 0..QUEUE {
        drop(sessions.open(entry(&metrics, "shop", None)));
    }
    assert!(
        matches!(events.try_recv(), Err(TryRecvError::Lagged(lost)) if lost == u64::try_from(QUEUE).unwrap())
    );
}
