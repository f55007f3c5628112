//! What operators are shown, as JSON. Times are seconds since 1970, UTC.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::{
    ambient,
    health::{Health, Readiness, Verdict},
    metrics::Totals,
    sessions::{Session, Sessions, Wanted},
};

/// Characters of a principal that are shown. Peers choose their names, and a name may be as long as a message.
const MAX_NAME: usize = 256;

/// That the process serves.
pub(super) fn health(readiness: &Readiness) -> String {
    json!({ "stage": readiness.stage().word(), "version": env!("CARGO_PKG_VERSION") }).to_string()
}

/// Whether visitors should come, and what is missing.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let without: Vec<_> =
        verdict.without.iter().map(|(kind, of)| json!({ "kind": kind.word(), "of": &**of })).collect();
    json!({ "ready": verdict.is_ready(), "stage": verdict.stage.word(), "without": without }).to_string()
}

/// Some of the open sessions.
pub(super) fn page(sessions: &Sessions, wanted: &Wanted) -> String {
    list(sessions, wanted).to_string()
}

pub(super) fn list(sessions: &Sessions, wanted: &Wanted) -> Value {
    let page = sessions.list(wanted);
    let last = page.sessions.last().filter(|_| page.has_more);
    json!({
        "now": ambient::time_of_day().0,
        "open": sessions.count(),
        "more": last.map(|last| last.entry.id.to_string()),
        "sessions": page.sessions.iter().map(|one| session(one)).collect::<Vec<_>>(),
    })
}

pub(super) fn session(session: &Session) -> Value {
    let entry = &session.entry;
    json!({
        "id": entry.id.to_string(),
        "service": &**entry.service.name(),
        "principal": entry.principal.as_deref().map(clip),
        "roles": entry.roles,
        "peer": entry.peer.to_string(),
        "via": entry.via,
        "backend": entry.backend.as_deref(),
        "since": entry.since,
        "ends": entry.ends(),
        "received": session.octets.received.load(Ordering::Relaxed),
        "sent": session.octets.sent.load(Ordering::Relaxed),
    })
}

fn clip(name: &str) -> &str {
    name.char_indices().nth(MAX_NAME).map_or(name, |(end, _)| name.get(..end).unwrap_or(name))
}

pub(super) fn servers(all: &[Health]) -> Vec<Value> {
    all.iter()
        .map(|health| {
            json!({
                "kind": health.kind.word(),
                "of": &*health.of,
                "name": &*health.name,
                "up": health.is_up,
                "since": health.since,
            })
        })
        .collect()
}

pub(super) fn totals(totals: &Totals) -> Value {
    json!({
        "connections": totals.connections,
        "exchanges": totals.exchanges,
        "requests": totals.requests,
        "sockets": totals.sockets,
        "refusals": totals.refusals,
    })
}

pub(super) fn closed(count: usize) -> String {
    json!({ "closed": count }).to_string()
}
