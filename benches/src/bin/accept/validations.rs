//! Processor time for each ticket that a library accepts, from the token to the principal and the reply.

use benches::{
    lane::Failed,
    stage::Stage,
    table::{Spread, Table},
    tickets::Tickets,
};
use peers::mit::{AcceptorOptions, FLAG_MUTUAL, InitiatorOptions, MitInitiator, ReplayCache, cost};
use testkdc::Client;

use crate::ours;

/// The two families of ciphers, by the names that MIT gives the strongest of each.
const CIPHERS: [&str; 2] = ["aes256-cts-hmac-sha1-96", "aes256-cts-hmac-sha384-192"];

/// What the tickets and tokens of a row have.
struct Row {
    cipher: &'static str,
    pac: bool,
    mutual: bool,
    client: Client,
    octets: usize,
    ours: Vec<f64>,
    alone: Vec<f64>,
    remembering: Vec<f64>,
    acquiring: Vec<f64>,
}

impl Row {
    /// Adds a service whose tickets are so, and gets a ticket for somebody.
    fn set(tickets: &Tickets, cipher: &'static str, pac: bool, mutual: bool) -> Result<Self, Failed> {
        let realm = &tickets.realm;
        let client = realm.client_with(&realm.direct().libdefault("permitted_enctypes", cipher))?;
        let kinit = client.kinit("alice", "alicepw")?;
        if !kinit.success() {
            return Err(kinit.stderr.into());
        }
        let figures = Vec::new;
        Ok(Self {
            cipher,
            pac,
            mutual,
            client,
            octets: 0,
            ours: figures(),
            alone: figures(),
            remembering: figures(),
            acquiring: figures(),
        })
    }

    /// One service for each cipher, with and without a PAC.
    fn spn(&self) -> String {
        format!("HTTP/{}-{}.tgg.test", self.cipher, if self.pac { "pac" } else { "bare" })
    }

    fn tokens(&self, count: usize) -> Result<Vec<Vec<u8>>, Failed> {
        let flags = if self.mutual { FLAG_MUTUAL } else { 0 };
        let options = InitiatorOptions { flags, ..InitiatorOptions::default() };
        let mut initiator = MitInitiator::start(&self.client, &self.spn(), &options)?;
        Ok((0..count).map(|_| initiator.token()).collect::<Result<_, _>>()?)
    }
}

fn add_services(tickets: &Tickets) -> Result<(), Failed> {
    for cipher in CIPHERS {
        for (name, flag) in [("pac", "-no_auth_data_required"), ("bare", "+no_auth_data_required")] {
            let spn = format!("HTTP/{cipher}-{name}.tgg.test");
            tickets.realm.kadmin(&format!("add_principal -randkey -e {cipher}:normal {flag} {spn}"))?;
        }
    }
    Ok(())
}

/// All combinations of cipher, PAC and mutual authentication, one after the other in each round.
pub(crate) fn measure(
    stage: &Stage,
    tickets: &Tickets,
    rounds: usize,
    count: usize,
) -> Result<Table, Failed> {
    add_services(tickets)?;
    let mut rows = Vec::new();
    for cipher in CIPHERS {
        for (pac, mutual) in [(true, false), (true, true), (false, false), (false, true)] {
            rows.push(Row::set(tickets, cipher, pac, mutual)?);
        }
    }
    for round in 0..rounds {
        for (place, row) in rows.iter_mut().enumerate() {
            let keytab = tickets.realm.keytab(&row.spn())?;
            let tokens = row.tokens(count)?;
            row.octets = tokens.first().map_or(0, Vec::len);
            let plain = AcceptorOptions::default();
            let file = stage.file(&format!("replays-{round}-{place}"));
            let remembers = AcceptorOptions { replay_cache: ReplayCache::File(file), ..plain.clone() };
            let each = |options: &AcceptorOptions, acquires: bool| {
                let cost = cost(&keytab, options, &tokens, acquires)?;
                if cost.refused > 0 {
                    return Err(Failed::from(format!("{} of {count} tokens were refused", cost.refused)));
                }
                Ok(cost.each.as_secs_f64() * 1e6)
            };
            row.ours.push(ours::cost(&keytab, &tokens)?);
            row.alone.push(each(&plain, false)?);
            row.remembering.push(each(&remembers, false)?);
            row.acquiring.push(each(&plain, true)?);
        }
    }
    let mut table = Table::new(&[
        "ticket",
        "PAC",
        "mutual",
        "octets",
        "ours us",
        "MIT us",
        "MIT / ours",
        "MIT us, replay file",
        "MIT us, credential each time",
    ]);
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    for row in rows {
        let spread = |figures: &[f64]| figures.iter().copied().collect::<Spread>().show(1);
        let ratio: Spread = row.alone.iter().zip(&row.ours).map(|(mit, ours)| mit / ours).collect();
        table.row([
            row.cipher.to_owned(),
            yes(row.pac),
            yes(row.mutual),
            row.octets.to_string(),
            spread(&row.ours),
            spread(&row.alone),
            ratio.show(1),
            spread(&row.remembering),
            spread(&row.acquiring),
        ]);
    }
    Ok(table)
}
