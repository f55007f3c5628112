//! The health of KDCs and back ends as gauges, read from the board at each rendering.

use std::sync::Arc;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::Gauge;
use crate::health::{Board, Kind};

/// Writes who is up.
#[derive(Debug)]
pub(super) struct Watched(pub(super) Arc<Board>);

impl Collector for Watched {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let all = self.0.read();
        let up = |is_up| i64::from(is_up);
        let mut gauge =
            Gauge::begin(&mut encoder, "ticketgate_kdc_up", "1 if a KDC or password server answers", None)?;
        for health in all.iter().filter(|health| health.kind != Kind::Backend) {
            let labels =
                [("krb_realm", &*health.of), ("kdc", &*health.name), ("purpose", health.kind.word())];
            gauge.write(&labels, up(health.is_up))?;
        }
        let mut gauge =
            Gauge::begin(&mut encoder, "ticketgate_backend_up", "1 if a back end can be reached", None)?;
        for health in all.iter().filter(|health| health.kind == Kind::Backend) {
            gauge.write(&[("service", &*health.of), ("backend", &*health.name)], up(health.is_up))?;
        }
        Ok(())
    }
}
