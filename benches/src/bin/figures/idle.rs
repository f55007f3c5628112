//! What a WebSocket costs while it waits: resident memory of the gateway, before and after many.

use benches::{
    lane::{Failed, Way},
    stage::{CAPTURED_REALM, Cores, Stage},
    table::{Spread, Table},
};

use crate::process::{Gateway, Load, NullKdc};

/// Octets for each of `sockets` that made one exchange and wait.
pub(crate) fn measure(stage: &Stage, rounds: usize, sockets: usize) -> Result<Table, Failed> {
    let kdc = NullKdc::start(stage, Cores::Apart)?;
    let mut table = Table::new(&["way", "sockets", "KiB each"]);
    for (name, way) in [("WebSocket", Way::Ws), ("WebSocket, TLS", Way::Wss)] {
        let mut each = Vec::new();
        for _ in 0..rounds {
            let gateway = Gateway::start(stage, Cores::Apart, CAPTURED_REALM, &[kdc.address], way.is_tls())?;
            let load = Load {
                way,
                to: gateway.web,
                request: &stage.as_req(),
                clients: 1,
                watch: None,
                cores: Cores::Apart,
            };
            // The first exchanges fill what all sockets share.
            load.count(stage, 100)?;
            let before = gateway.resident()?;
            let held = Load { clients: sockets, ..load }.hold(stage)?;
            let grown = gateway.resident()?.saturating_sub(before) / 1024;
            drop(held);
            each.push(f64::from(u32::try_from(grown)?) / f64::from(u32::try_from(sockets)?));
        }
        table.row([name.to_owned(), sockets.to_string(), each.into_iter().collect::<Spread>().show(1)]);
    }
    Ok(table)
}
