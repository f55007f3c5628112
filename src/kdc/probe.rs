//! Asking a KDC that failed whether it is back.

use std::{sync::Arc, time::Duration};

use krb::{error_code, peek};
use tgg::{exchange::Transport, health::Experience, probe, routes::Purpose};
use tokio::time::timeout;
use tracing::debug;

use super::{datagram, stream, target::Target};
use crate::ambient;

/// Longest time that one transport is tried.
const WAIT: Duration = Duration::from_secs(1);

/// Asks one target, and has it note the outcome.
pub(super) async fn ask(krb_realm: &str, purpose: Purpose, target: Arc<Target>) {
    let started = ambient::now();
    let over = match purpose {
        Purpose::Kdc => kdc(krb_realm, &target).await,
        Purpose::Kpasswd => kpasswd(&target).await,
    };
    debug!(kdc = %target.name, answered = over.map(Transport::word), "Probed");
    let now = ambient::now();
    let experience = match over {
        Some(over) => {
            Experience::Answered { took: Some(now.since(started)), datagram: over == Transport::Udp }
        }
        None => Experience::Failed { datagram: false },
    };
    target.note(experience, now);
}

/// The transport over which a KDC answers a question, UDP first.
async fn kdc(krb_realm: &str, target: &Target) -> Option<Transport> {
    let nonce = u32::from_be_bytes(ambient::random());
    let question = probe::request(krb_realm, nonce, ambient::time_of_day().0)?;
    let over_udp = timeout(WAIT, datagram::probe(&target.sockets, &question)).await;
    if over_udp.is_ok_and(|reply| reply.is_some_and(|octets| is_answer(&octets))) {
        return Some(Transport::Udp);
    }
    let over_tcp = timeout(WAIT, stream::probe(target, &question)).await;
    over_tcp.is_ok_and(|reply| reply.is_some_and(|octets| is_answer(&octets))).then_some(Transport::Tcp)
}

/// Any answer will do but that no answers can be had.
fn is_answer(octets: &[u8]) -> bool {
    let unavailable = i64::from(error_code::KDC_ERR_SVC_UNAVAILABLE);
    peek::kdc_rep(octets).is_ok() || peek::krb_error(octets).is_ok_and(|error| error.code != unavailable)
}

/// Nothing can be asked of a password server without a ticket; that it takes a connection must do.
async fn kpasswd(target: &Target) -> Option<Transport> {
    timeout(WAIT, stream::opens(target)).await.unwrap_or(false).then_some(Transport::Tcp)
}
