//! What the system says of this process, under the names that Prometheus gives it everywhere.

use std::fs;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Unit};
use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};
use tgg::moment::Moment;

use super::{Count, Gauge};
use crate::ambient;

/// Writes version, age, memory, processor time and open files.
#[derive(Debug)]
pub(super) struct Process {
    /// When it started, in seconds since 1970, UTC.
    started_at: i64,
    started: Moment,
}

impl Process {
    /// A process that starts now.
    pub(super) fn begun() -> Self {
        Self { started_at: ambient::time_of_day().0, started: ambient::now() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let encoder = &mut encoder;
        let seconds = Some(&Unit::Seconds);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        Gauge::begin(encoder, "ticketgate_build_info", "1, with the version as a label", None)?
            .write(&version, 1)?;
        let uptime = i64::try_from(ambient::now().since(self.started).as_secs()).unwrap_or(i64::MAX);
        Gauge::single(encoder, "ticketgate_uptime", "Time since the start", seconds, uptime)?;
        let help = "When the process started, in seconds since 1970";
        Gauge::single(encoder, "process_start_time", help, seconds, self.started_at)?;
        if let Some((resident, used)) = stat() {
            let help = "Memory that is in use";
            Gauge::single(encoder, "process_resident_memory", help, Some(&Unit::Bytes), resident)?;
            let help = "Processor time that was used";
            Count::begin(encoder, "process_cpu", help, seconds)?.single(used)?;
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            let open = i64::try_from(files.count()).unwrap_or(i64::MAX);
            Gauge::single(encoder, "process_open_fds", "Open files and sockets", None, open)?;
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            Gauge::single(encoder, "process_max_fds", "Open files and sockets that are allowed", None, most)?;
        }
        Ok(())
    }
}

/// Resident memory in octets and processor time in seconds, as the kernel counts them (proc(5)).
fn stat() -> Option<(i64, f64)> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may have blanks.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number)?.parse::<u32>().ok();
    let ticks = f64::from(field(11)?) + f64::from(field(12)?);
    let per_second = f64::from(u32::try_from(clock_ticks_per_second()).ok()?);
    let resident = i64::from(field(21)?).checked_mul(i64::try_from(page_size()).ok()?)?;
    Some((resident, ticks / per_second))
}
