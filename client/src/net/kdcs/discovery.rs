//! Where a realm's servers are by the word of the DNS (RFC 4120 section 7.2.3.2, RFC 2782), where krb5.conf names none.

use std::{net::SocketAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::{RData, RecordType, rdata::SRV},
};
use krb::name::RealmName;

use super::Purpose;
use crate::{krb5_conf::Server, net::ambient};

/// How long one question may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Servers of a realm that are asked.
const MAX_SERVERS: usize = 16;

/// Longest name of a domain, in octets.
const MAX_NAME: usize = 253;

/// The servers that the DNS names, in the order in which they are to be asked; none where there is no DNS.
pub(super) async fn servers(dns: Option<SocketAddr>, krb_realm: &RealmName, purpose: Purpose) -> Vec<Server> {
    let (Some(domain), Some(resolver)) = (domain(krb_realm), resolver(dns)) else { return Vec::new() };
    let services = match purpose {
        Purpose::Ticket => ["_kerberos._udp", "_kerberos._tcp"],
        Purpose::TicketFromPrimary => ["_kerberos-master._udp", "_kerberos-master._tcp"],
        Purpose::Password => ["_kpasswd._udp", "_kpasswd._tcp"],
    };
    let mut servers: Vec<Server> = Vec::new();
    for service in services {
        // With the dot at its end the domains that the host searches are left out.
        let Ok(answer) = resolver.lookup(format!("{service}.{domain}."), RecordType::SRV).await else {
            continue;
        };
        let records = answer.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(srv.clone()),
            _ => None,
        });
        for SRV { target, port, .. } in ordered(records.collect()) {
            let target = target.to_ascii();
            let host = target.trim_end_matches('.');
            let server = Server::Direct { host: host.to_owned(), port: Some(port) };
            // A lone dot says that the service is not there.
            if !host.is_empty() && port != 0 && !servers.contains(&server) && servers.len() < MAX_SERVERS {
                servers.push(server);
            }
        }
    }
    servers
}

/// The domain of a realm that has the form of one.
fn domain(krb_realm: &RealmName) -> Option<&str> {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
    let text = krb_realm.as_str()?;
    let is_domain = !text.is_empty() && text.len() < MAX_NAME && text.bytes().all(plain);
    (is_domain && !text.split('.').any(str::is_empty)).then_some(text)
}

fn resolver(dns: Option<SocketAddr>) -> Option<TokioResolver> {
    let builder = match dns {
        Some(server) => {
            let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            for connection in &mut connections {
                connection.port = server.port();
            }
            let server = NameServerConfig::new(server.ip(), true, connections.into());
            let config = ResolverConfig::from_name_servers(vec![server]);
            Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
        }
        None => TokioResolver::builder_tokio(),
    };
    let mut builder = builder.ok()?;
    builder.options_mut().timeout = ANSWER;
    builder.build().ok()
}

/// The lowest priority first, and within one at random by weight (RFC 2782).
fn ordered(mut records: Vec<SRV>) -> Vec<SRV> {
    records.sort_by_key(|srv| (srv.priority, srv.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let weights = records.iter().take_while(|srv| srv.priority == priority);
        let total: u64 = weights.map(|srv| u64::from(srv.weight)).sum();
        let mut octets = [0; 8];
        ambient::fill(&mut octets);
        let mut left = u64::from_be_bytes(octets) % (total + 1);
        let chosen = records.iter().position(|srv| {
            let weight = u64::from(srv.weight);
            let is_chosen = left <= weight;
            left = left.saturating_sub(weight);
            is_chosen
        });
        ordered.push(records.remove(chosen.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Name;

    use super::*;

    #[test]
    fn lower_priorities_come_first_and_no_server_is_lost() {
        let record = |priority, weight, port| SRV::new(priority, weight, port, Name::root());
        let records =
            vec![record(1, 0, 1), record(0, 5, 2), record(0, 90, 3), record(1, 10, 4), record(0, 0, 5)];
        for _ in 0..100 {
            let ports: Vec<_> = ordered(records.clone()).iter().map(|srv| srv.port).collect();
            let (first, last) = ports.split_at(3);
            assert!([2, 3, 5].iter().all(|port| first.contains(port)), "{ports:?}");
            assert!([1, 4].iter().all(|port| last.contains(port)), "{ports:?}");
        }
    }

    #[test]
    fn a_realm_without_the_form_of_a_domain_is_not_looked_up() {
        for krb_realm in ["", "A B", "a..b", ".a", "a.", "a/b", "ä", &"a".repeat(300)] {
            assert_eq!(domain(&krb_realm.into()), None, "{krb_realm:?}");
        }
        assert_eq!(domain(&"TGG.TEST".into()), Some("TGG.TEST"));
    }
}
