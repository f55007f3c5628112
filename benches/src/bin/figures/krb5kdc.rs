//! How much of krb5kdc's own rate is left behind one gateway process, on the same processors.

use std::{fs, time::SystemTime};

use benches::{
    lane::{Failed, Way},
    stage::{Cores, Stage},
    table::{Spread, Table},
    tally::Found,
};
use client::{AsExchange, TicketOptions};
use krb::name::{NT_PRINCIPAL, Principal, PrincipalName};
use testkdc::Realm;

use crate::process::{Gateway, Load};

/// An AS-REQ of alice, who is told to pre-authenticate.
fn request(realm: &Realm) -> Result<Vec<u8>, Failed> {
    let alice =
        Principal { name: PrincipalName::new(NT_PRINCIPAL, ["alice"]), krb_realm: realm.name().into() };
    #[expect(clippy::disallowed_methods, reason = "a request must name a time to come")]
    let now = SystemTime::now();
    // The first octet stays as it is, so that the nonce is four octets long however it is changed.
    let mut dice = |octets: &mut [u8]| octets.fill(0x55);
    let exchange = AsExchange::new(alice, "alicepw", &TicketOptions::default(), now, &mut dice)?;
    Ok(exchange.request().to_vec())
}

/// Requests a second directly and through the gateway.
pub(crate) fn measure(stage: &Stage, rounds: usize, seconds: f64) -> Result<Table, Failed> {
    let realm = Realm::builder().native().start()?;
    let file = stage.file("alice");
    fs::write(&file, request(&realm)?)?;
    let gateway = Gateway::start(stage, Cores::Free, realm.name(), &[realm.kdc_addr()], false)?;
    let ways = [
        ("krb5kdc, UDP", Way::Udp, realm.kdc_addr()),
        ("WebSocket", Way::Ws, gateway.web),
        ("KKDCP", Way::Kkdcp, gateway.web),
        ("UDP", Way::Udp, gateway.raw),
    ];
    let mut found: Vec<_> = [1, 64]
        .into_iter()
        .flat_map(|clients| ways.map(|(name, way, to)| (name, way, to, clients, Vec::new())))
        .collect();
    for _ in 0..rounds {
        for (_, way, to, clients, found) in &mut found {
            let load = Load {
                way: *way,
                to: *to,
                request: &file,
                clients: *clients,
                watch: Some(gateway.pid()),
                cores: Cores::Free,
            };
            found.push(load.for_seconds(stage, seconds)?);
            gateway.forget()?;
        }
    }
    let mut table = Table::new(&[
        "way",
        "clients",
        "requests/s",
        "of direct UDP",
        "p50 ms",
        "p99 ms",
        "max ms",
        "errors",
    ]);
    for (place, (name, .., clients, figures)) in found.iter().enumerate() {
        let direct = found.get(place - place % ways.len()).map(|(.., found)| found.as_slice());
        let ratio =
            figures.iter().zip(direct.unwrap_or_default()).map(|(found, direct)| found.rate / direct.rate);
        let millis = |of: fn(&Found) -> f64| figures.iter().map(|found| of(found) / 1e3).collect::<Spread>();
        table.row([
            (*name).to_owned(),
            clients.to_string(),
            figures.iter().map(|found| found.rate).collect::<Spread>().show(0),
            ratio.collect::<Spread>().show(2),
            millis(|found| found.p50_us).show(2),
            millis(|found| found.p99_us).show(2),
            millis(|found| found.max_us).show(2),
            figures.iter().map(|found| found.errors).sum::<f64>().to_string(),
        ]);
    }
    Ok(table)
}
