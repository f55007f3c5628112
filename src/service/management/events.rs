//! Server-sent events for the page: what there is, and each second what has changed
//! (HTML Living Standard section 9.2).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream::unfold};
use http::Response;
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        broadcast::{Receiver, error::TryRecvError},
    },
    time::{Interval, MissedTickBehavior, interval},
};

use super::{Inside, Operator, query::PAGE, shown, with_type};
use crate::{
    ambient,
    body::{Body, passed_on},
    health::Health,
    sessions::{Event, Wanted},
};

/// Time between two events.
const BEAT: Duration = Duration::from_secs(1);

/// Most sockets that one event tells of. A page could not show more in a second.
const MAX_TOLD: usize = 200;

/// What a page is told until it leaves, its operator's pass ends or the gateway drains.
pub(super) fn response(inside: &Inside, who: &Operator, permit: OwnedSemaphorePermit) -> Response<Body> {
    let body = passed_on(StreamBody::new(stream(inside, who, permit)));
    with_type(Response::new(body), "text/event-stream")
}

fn stream(
    inside: &Inside,
    who: &Operator,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Frame<Bytes>, hyper::Error>> + use<> {
    let mut beat = interval(BEAT);
    // A page that reads slowly is told less often, and not everything at once afterwards.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let teller = Teller {
        // Before the snapshot is taken: what happens meanwhile is told twice rather than never.
        events: inside.sessions.subscribe(),
        inside: inside.clone(),
        who: who.clone(),
        health: None,
        beat,
        _permit: permit,
    };
    unfold(teller, |mut teller| async move {
        let event = teller.next().await?;
        Some((Ok(Frame::data(event)), teller))
    })
}

/// Tells one page.
struct Teller {
    inside: Inside,
    who: Operator,
    events: Receiver<Event>,
    /// What was told last of those behind the gateway; `None` before the snapshot.
    health: Option<Vec<Health>>,
    beat: Interval,
    _permit: OwnedSemaphorePermit,
}

impl Teller {
    async fn next(&mut self) -> Option<Bytes> {
        let readiness = Arc::clone(&self.inside.readiness);
        tokio::select! {
            biased;
            () = readiness.drained() => return None,
            _ = self.beat.tick() => {}
        }
        let now = ambient::time_of_day().0;
        if self.who.ends().is_some_and(|ends| ends <= now) {
            return None;
        }
        let health = self.inside.readiness.health();
        let (name, part) = match &self.health {
            None => ("state", self.snapshot()),
            Some(_) => ("tick", self.happened()),
        };
        let told = json!({
            "now": now,
            "stage": self.inside.readiness.stage().word(),
            "open": self.inside.sessions.count(),
            "totals": shown::totals(&self.inside.metrics.totals()),
            "health": (self.health.as_ref() != Some(&health)).then(|| shown::servers(&health)),
            name: part,
        });
        self.health = Some(health);
        // JSON is written on one line, so it is one line of data.
        Some(format!("event: {name}\ndata: {told}\n\n").into())
    }

    fn snapshot(&self) -> Value {
        let newest = Wanted { most: PAGE, ..Wanted::default() };
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "uptime": ambient::now().since_start().as_secs(),
            "who": self.who.name(),
            "ends": self.who.ends(),
            "list": shown::list(&self.inside.sessions, &newest),
        })
    }

    /// What happened since the last time.
    fn happened(&mut self) -> Value {
        let (mut opened, mut closed, mut lost) = (Vec::new(), Vec::new(), 0_u64);
        loop {
            match self.events.try_recv() {
                Ok(_) if opened.len() + closed.len() >= MAX_TOLD => lost = lost.saturating_add(1),
                Ok(Event::Opened(session)) => opened.push(shown::session(&session)),
                Ok(Event::Closed(session, reason)) => {
                    closed.push(json!({ "id": session.entry.id.to_string(), "reason": reason }));
                }
                Err(TryRecvError::Lagged(missed)) => lost = lost.saturating_add(missed),
                Err(TryRecvError::Closed | TryRecvError::Empty) => break,
            }
        }
        json!({ "opened": opened, "closed": closed, "lost": lost })
    }
}
