//! What is counted: the numbers that an operator watches, and their form for Prometheus.
//!
//! Labels are words of the program and names of the configuration, never what a peer wrote: the number of series is
//! bounded by the configuration. What is counted often is resolved once and is then an atomic of its own.

mod listener;
mod process;
mod service;
mod watched;
mod words;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet, text},
    metrics::MetricType,
    registry::{Registry, Unit},
};

use crate::{ambient, health::Board, sessions::Sessions};
use words::Words;

pub use listener::{HandshakeInProgress, ListenerMetrics, OpenConnection};
pub use service::ServiceMetrics;

/// The media type of what [`Metrics::render`] writes (OpenMetrics 1.0).
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is counted of each of several, by its name.
type Named<T> = Mutex<BTreeMap<Arc<str>, Arc<T>>>;

/// All that is counted in one process.
#[derive(Debug)]
pub struct Metrics {
    counts: Arc<Counts>,
    registry: Registry,
}

#[derive(Debug, Default)]
struct Counts {
    services: Named<ServiceMetrics>,
    listeners: Named<ListenerMetrics>,
    /// When each certificate ends, in seconds since 1970, UTC.
    certificates: Mutex<BTreeMap<Arc<str>, i64>>,
    reloads: Words,
    /// Whether the configuration in force is not the one on disk.
    is_stale: AtomicBool,
    loaded_at: AtomicI64,
}

/// What came of reading the configuration, certificates or keys again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reload {
    /// It is in force.
    Done,
    /// What was in force before stays.
    Failed,
}

/// What has been counted in all services until now.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Connections that are open.
    pub connections: u64,
    /// Exchanges with KDCs, answered or not.
    pub exchanges: u64,
    /// Requests that were answered.
    pub requests: u64,
    /// Sockets that were opened.
    pub sockets: u64,
    /// Refusals by reason.
    pub refusals: BTreeMap<&'static str, u64>,
}

impl Metrics {
    /// Nothing counted yet. What `sessions` still count is taken in before each rendering; `board` says who is up.
    #[must_use]
    pub fn new(sessions: &Arc<Sessions>, board: &Arc<Board>) -> Arc<Self> {
        let counts = Arc::<Counts>::default();
        counts.loaded_at.store(ambient::time_of_day().0, Ordering::Relaxed);
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Counted(Arc::clone(&counts), Arc::clone(sessions))));
        registry.register_collector(Box::new(watched::Watched(Arc::clone(board))));
        registry.register_collector(Box::new(process::Process::begun()));
        Arc::new(Self { counts, registry })
    }

    /// The counters of a service. Who asks again for the same name, as after a reload, gets the same ones.
    #[must_use]
    pub fn service(&self, name: &str) -> Arc<ServiceMetrics> {
        named(&self.counts.services, name, ServiceMetrics::new)
    }

    /// The counters of a listener, which is called by the address that it was bound to.
    #[must_use]
    pub fn listener(&self, address: &str) -> Arc<ListenerMetrics> {
        named(&self.counts.listeners, address, |_| ListenerMetrics::default())
    }

    /// Notes when a certificate ends, in seconds since 1970, UTC. `name` is what the operator calls it.
    pub fn certificate(&self, name: &str, not_after: i64) {
        lock(&self.counts.certificates).insert(name.into(), not_after);
    }

    /// Forgets all certificates, before those of a new configuration are noted.
    pub fn forget_certificates(&self) {
        lock(&self.counts.certificates).clear();
    }

    /// Forgets the services for which `keep` is false, so that a configuration without them shows them no more.
    pub fn retain_services(&self, keep: impl Fn(&str) -> bool) {
        lock(&self.counts.services).retain(|name, _| keep(name));
    }

    /// Counts a reload.
    pub fn reloaded(&self, outcome: Reload) {
        self.counts.is_stale.store(outcome == Reload::Failed, Ordering::Relaxed);
        match outcome {
            Reload::Done => {
                self.counts.loaded_at.store(ambient::time_of_day().0, Ordering::Relaxed);
                self.counts.reloads.count("done");
            }
            Reload::Failed => self.counts.reloads.count("failed"),
        }
    }

    /// What has been counted until now, over all services.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for listener in lock(&self.counts.listeners).values() {
            totals.connections = totals.connections.saturating_add(listener.open());
        }
        for service in lock(&self.counts.services).values() {
            service.add_to(&mut totals);
        }
        totals
    }

    /// All of it as text, of the type [`MEDIA_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let mut written = String::new();
        // Writing to a string does not fail, and nothing that is encoded here does.
        let _ = text::encode(&mut written, &self.registry);
        written
    }
}

fn named<T>(all: &Named<T>, name: &str, make: impl FnOnce(Arc<str>) -> T) -> Arc<T> {
    let mut all = lock(all);
    if let Some(known) = all.get(name) {
        return Arc::clone(known);
    }
    let name: Arc<str> = name.into();
    let made = Arc::new(make(Arc::clone(&name)));
    all.insert(name, Arc::clone(&made));
    made
}

/// Stays usable if another thread panicked: each change under a lock of this room is complete in itself.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what the gateway's own code counts.
#[derive(Debug)]
struct Counted(Arc<Counts>, Arc<Sessions>);

impl Collector for Counted {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        self.1.settle();
        let Self(counts, _) = self;
        let services: Vec<_> = lock(&counts.services).values().cloned().collect();
        service::encode(&services, &mut encoder)?;
        let listeners: Vec<_> =
            lock(&counts.listeners).iter().map(|(name, of)| (Arc::clone(name), Arc::clone(of))).collect();
        listener::encode(&listeners, &mut encoder)?;
        let mut gauge = Gauge::begin(
            &mut encoder,
            "ticketgate_certificate_expiry_timestamp",
            "When a certificate ends, in seconds since 1970",
            Some(&Unit::Seconds),
        )?;
        for (name, not_after) in lock(&counts.certificates).iter() {
            gauge.write(&[("certificate", &**name)], *not_after)?;
        }
        let mut reloads = Count::begin(
            &mut encoder,
            "ticketgate_reloads",
            "Orders to read configuration, certificates and keys again",
            None,
        )?;
        for (outcome, times) in counts.reloads.all() {
            reloads.write(&[("outcome", outcome)], times)?;
        }
        Gauge::single(
            &mut encoder,
            "ticketgate_last_reload_successful",
            "0 if what is on disk was refused and what was in force before stays",
            None,
            i64::from(!counts.is_stale.load(Ordering::Relaxed)),
        )?;
        Gauge::single(
            &mut encoder,
            "ticketgate_configuration_loaded_timestamp",
            "When the configuration in force was read, in seconds since 1970",
            Some(&Unit::Seconds),
            counts.loaded_at.load(Ordering::Relaxed),
        )
    }
}

/// A counter that is being written, one line for each set of labels.
struct Count<'a>(prometheus_client::encoding::MetricEncoder<'a>);

impl<'a> Count<'a> {
    fn begin<'e: 'a>(
        encoder: &'a mut DescriptorEncoder<'e>,
        name: &'a str,
        help: &str,
        unit: Option<&'a Unit>,
    ) -> Result<Self, std::fmt::Error> {
        encoder.encode_descriptor(name, help, unit, MetricType::Counter).map(Self)
    }

    fn write<L: EncodeLabelSet>(&mut self, labels: &L, count: u64) -> std::fmt::Result {
        self.0.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)
    }

    /// A counter without labels.
    fn single(&mut self, count: f64) -> std::fmt::Result {
        self.0.encode_counter::<NoLabelSet, _, u64>(&count, None)
    }
}

/// A gauge that is being written, one line for each set of labels.
struct Gauge<'a>(prometheus_client::encoding::MetricEncoder<'a>);

impl<'a> Gauge<'a> {
    fn begin<'e: 'a>(
        encoder: &'a mut DescriptorEncoder<'e>,
        name: &'a str,
        help: &str,
        unit: Option<&'a Unit>,
    ) -> Result<Self, std::fmt::Error> {
        encoder.encode_descriptor(name, help, unit, MetricType::Gauge).map(Self)
    }

    fn write<L: EncodeLabelSet>(&mut self, labels: &L, value: i64) -> std::fmt::Result {
        self.0.encode_family(labels)?.encode_gauge(&value)
    }

    /// A gauge without labels.
    fn single<'e: 'a>(
        encoder: &'a mut DescriptorEncoder<'e>,
        name: &'a str,
        help: &str,
        unit: Option<&'a Unit>,
        value: i64,
    ) -> std::fmt::Result {
        Self::begin(encoder, name, help, unit)?.0.encode_gauge(&value)
    }
}

#[cfg(test)]
mod tests;
