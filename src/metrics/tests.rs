//! What the counters promise, and that dashboard and alerts ask for counters that there are.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use serde_json::Value;

use super::*;
use crate::health::{
    Kind,
    tests::{Fixed, server},
};

fn metrics() -> Arc<Metrics> {
    Metrics::new(&Arc::default(), &Arc::default())
}

/// The value in the line that begins with this name and these labels.
#[track_caller]
fn value(metrics: &Metrics, series: &str) -> Option<f64> {
    let text = metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[test]
fn a_service_that_is_asked_for_twice_has_one_set_of_counters() {
    let metrics = metrics();
    metrics.service("shop").answered(200);
    metrics.service("shop").answered(204);
    assert_eq!(value(&metrics, r#"ticketgate_requests_total{service="shop",status="2xx"}"#), Some(2.0));
}

#[test]
fn a_service_that_did_nothing_has_no_line() {
    let metrics = metrics();
    let _idle = metrics.service("idle");
    assert!(!metrics.render().contains("idle"));
}

#[test]
fn exchanges_are_counted_by_kind_and_outcome_and_their_time_by_kind() {
    let metrics = metrics();
    let service = metrics.service("kerberos");
    service.exchanged(Some("as"), "ticket", Duration::from_millis(3));
    service.exchanged(Some("as"), "kdc_silent", Duration::from_secs(20));
    service.exchanged(None, "malformed", Duration::ZERO);
    let series = |rest: &str| value(&metrics, &format!(r#"ticketgate_exchange{rest}"#));
    assert_eq!(series(r#"s_total{service="kerberos",kind="as",outcome="ticket"}"#), Some(1.0));
    assert_eq!(series(r#"s_total{service="kerberos",kind="unread",outcome="malformed"}"#), Some(1.0));
    let bucket =
        |le: &str| series(&format!(r#"_duration_seconds_bucket{{le="{le}",service="kerberos",kind="as"}}"#));
    assert_eq!((bucket("0.0025"), bucket("0.005")), (Some(0.0), Some(1.0)));
    assert_eq!((bucket("10.0"), bucket("+Inf")), (Some(1.0), Some(2.0)));
}

#[test]
fn a_connection_is_open_until_its_guard_is_dropped() {
    let metrics = metrics();
    let listener = metrics.listener("127.0.0.1:443");
    let series = r#"ticketgate_connections_open{listener="127.0.0.1:443"}"#;
    let connection = listener.accepted();
    assert_eq!(value(&metrics, series), Some(1.0));
    drop(connection);
    assert_eq!(value(&metrics, series), Some(0.0));
}

#[test]
fn a_handshake_that_nobody_ended_is_counted_as_dropped() {
    let metrics = metrics();
    let listener = metrics.listener("a");
    listener.handshake().ended("done");
    drop(listener.handshake());
    for outcome in ["done", "dropped"] {
        let series = format!(r#"ticketgate_tls_handshakes_total{{listener="a",outcome="{outcome}"}}"#);
        assert_eq!(value(&metrics, &series), Some(1.0), "{outcome}");
    }
    assert_eq!(value(&metrics, r#"ticketgate_tls_handshakes_in_progress{listener="a"}"#), Some(0.0));
}

#[test]
fn a_reload_that_failed_is_shown_until_one_succeeds() {
    let metrics = metrics();
    let last = || value(&metrics, "ticketgate_last_reload_successful");
    assert_eq!(last(), Some(1.0));
    metrics.reloaded(Reload::Failed);
    assert_eq!(last(), Some(0.0));
    metrics.reloaded(Reload::Done);
    assert_eq!(last(), Some(1.0));
}

#[test]
fn the_health_of_kdcs_is_read_when_it_is_written() {
    let board = Arc::<Board>::default();
    let metrics = Metrics::new(&Arc::default(), &board);
    let series = r#"ticketgate_kdc_up{krb_realm="TGG.TEST",kdc="kdc1",purpose="kdc"}"#;
    for is_up in [true, false] {
        board.replace(vec![Arc::new(Fixed(vec![server(Kind::Kdc, "TGG.TEST", "kdc1", is_up)]))]);
        assert_eq!(value(&metrics, series), Some(f64::from(u8::from(is_up))));
    }
}

#[test]
fn totals_are_of_all_services() {
    let metrics = metrics();
    for service in ["shop", "mail"] {
        metrics.service(service).refused("origin");
        metrics.service(service).exchanged(Some("tgs"), "ticket", Duration::ZERO);
    }
    let totals = metrics.totals();
    assert_eq!((totals.exchanges, totals.refusals.get("origin")), (2, Some(&2)));
}

#[test]
fn a_name_of_the_configuration_cannot_break_a_line() {
    let metrics = metrics();
    metrics.service("a\"} 1\nb{c=\"").answered(200);
    let text = metrics.render();
    assert!(text.contains(r#"{service="a\"} 1\nb{c=\"",status="2xx"} 1"#), "{text}");
}

#[test]
fn counts_of_many_threads_are_all_there() {
    let metrics = metrics();
    let service = metrics.service("shop");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| service.refused("origin")));
        }
    });
    assert_eq!(metrics.totals().refusals.get("origin"), Some(&4000));
}

/// Names of series in text, as Prometheus and Grafana ask for them.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character| !is_part(character));
    let ours = |word: &&str| word.starts_with("ticketgate_") || word.starts_with("process_");
    words.filter(ours).map(str::to_owned).collect()
}

fn conf(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("conf").join(name)).unwrap()
}

/// Every series that there can be.
fn written() -> BTreeSet<String> {
    let board = Arc::<Board>::default();
    board.replace(vec![Arc::new(Fixed(vec![
        server(Kind::Kdc, "A", "a", true),
        server(Kind::Backend, "shop", "b", true),
    ]))]);
    let metrics = Metrics::new(&Arc::default(), &board);
    let (service, listener) = (metrics.service("shop"), metrics.listener("a"));
    service.admitted("granted");
    service.answered(200);
    service.backend_failed("backend_late");
    service.exchanged(Some("as"), "ticket", Duration::ZERO);
    service.moved(1, 1);
    service.refused("origin");
    service.socket_opened();
    service.socket_closed("idle");
    drop(listener.accepted());
    drop(listener.handshake());
    listener.refused("peer_connections");
    metrics.certificate("a", 1);
    metrics.reloaded(Reload::Done);
    let text = metrics.render();
    let series = text.lines().filter(|line| !line.starts_with('#'));
    series.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())).collect()
}

#[test]
fn alerts_ask_for_what_is_written() {
    let asked = names(&conf("prometheus-alerts.yml"));
    assert!(!asked.is_empty());
    let missing: Vec<_> = asked.difference(&written()).cloned().collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_dashboard_shows_every_series_but_what_it_has_no_use_for() {
    let dashboard: Value = serde_json::from_str(&conf("grafana-dashboard.json")).unwrap();
    let asked = names(&dashboard.to_string());
    let mut left: BTreeSet<_> = written();
    let missing: Vec<_> = asked.difference(&left).cloned().collect();
    assert!(missing.is_empty(), "asked for and never written: {missing:?}");
    left.retain(|name| !asked.contains(name));
    let unused = [
        "process_start_time_seconds",
        "ticketgate_configuration_loaded_timestamp_seconds",
        "ticketgate_exchange_duration_seconds_count",
        "ticketgate_exchange_duration_seconds_sum",
    ];
    assert_eq!(left.into_iter().collect::<Vec<_>>(), unused);
}
