//! What a client loses when KDCs fail.

use std::{
    net::{SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

use benches::{
    lane::{Failed, Way},
    stage::{CAPTURED_REALM, Cores, Stage},
    table::{Spread, Table},
};

use crate::process::{Gateway, Load, NullKdc};

/// Exchanges by which a gateway learns that a KDC is down.
const LEARN: usize = 10;
/// Seconds for which a gateway with a dead realm is watched.
const WATCH: Duration = Duration::from_secs(3);

/// What a KDC that refuses, keeps silent or is dead for good costs.
pub(crate) fn measure(stage: &Stage, rounds: usize) -> Result<Table, Failed> {
    let kdc = NullKdc::start(stage, Cores::Apart)?;
    // Nobody listens where somebody did a moment ago; a socket that nobody reads is silent.
    let refusing = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    let (mut well, mut refused, mut hedged) = (Vec::new(), Vec::new(), Vec::new());
    let (mut dead, mut dead_cpu, mut dead_idle) = (Vec::new(), Vec::new(), Vec::new());
    let request = stage.as_req();
    let start = |kdcs: &[SocketAddr]| Gateway::start(stage, Cores::Apart, CAPTURED_REALM, kdcs, false);
    let load = |gateway: &Gateway| Load {
        way: Way::Kkdcp,
        to: gateway.web,
        request: &request,
        clients: 1,
        watch: Some(gateway.pid()),
        cores: Cores::Apart,
    };
    for _ in 0..rounds {
        let first = |kdcs: &[SocketAddr]| -> Result<f64, Failed> {
            Ok(load(&start(kdcs)?).count(stage, 1)?.max_us / 1e3)
        };
        let healthy = first(&[kdc.address])?;
        well.push(healthy);
        refused.push(first(&[refusing, kdc.address])? - healthy);
        hedged.push(first(&[silent.local_addr()?, kdc.address])? - healthy);

        let gateway = start(&[refusing])?;
        load(&gateway).count(stage, LEARN)?;
        let before = gateway.cpu()?;
        thread::sleep(WATCH);
        dead_idle.push((gateway.cpu()? - before) / WATCH.as_secs_f64() * 100.0);
        let known = load(&gateway).refused(stage, 1000)?;
        dead.push(known.max_us / 1e3);
        dead_cpu.push(known.cpu_us);
    }
    let mut table = Table::new(&["case", "figure", "target"]);
    let mut row = |case: &str, figures: Vec<f64>, digits, unit: &str, target: &str| {
        let figures: Spread = figures.into_iter().collect();
        table.row([case.to_owned(), format!("{} {unit}", figures.show(digits)), target.to_owned()]);
    };
    row("first exchange of a new gateway, KDC well", well, 1, "ms", "");
    row("the same, first KDC refuses: more", refused, 1, "ms", "< 50 ms");
    row("the same, first KDC silent: more", hedged, 0, "ms", "< 1500 ms");
    row("dead realm, known: slowest 503 of 1000", dead, 1, "ms", "< 100 ms");
    row("dead realm, known: CPU a 503", dead_cpu, 1, "us", "");
    row("dead realm, nobody asks: CPU", dead_idle, 2, "% of a core", "none");
    Ok(table)
}
