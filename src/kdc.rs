//! Sockets to the KDCs: turns the crank of tgg's state machine until a reply can be believed.

pub mod datagram;
pub mod resolve;
pub mod stream;
pub mod target;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream::FuturesUnordered,
};
use krb::peek;
use tgg::{
    exchange::{Ask, Attempt, End, Exchange, HEDGE, Step, Transport},
    failure::Failure,
    health::{Experience, Standing},
    moment::Moment,
    probe,
    reply::{believe, is_too_big},
    request::Request,
    routes::{Purpose, Routes},
};
use tokio::time::{sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::ambient;
use target::Target;

/// The reply of a KDC, and where it came from.
#[derive(Debug)]
pub struct Answer {
    /// The reply, believed.
    pub octets: Bytes,
    /// The KDC.
    pub kdc: Arc<Target>,
    /// How it was spoken to.
    pub over: Transport,
}

/// The servers of one realm for one purpose, as they are resolved now.
#[derive(Debug, Default)]
pub struct Pool(ArcSwap<Vec<Arc<Target>>>);

impl Pool {
    /// Puts other targets in place. Those with an address that was there keep their health and sockets.
    fn replace(&self, targets: Vec<(String, std::net::SocketAddr)>) {
        let old = self.0.load();
        let new = targets
            .into_iter()
            .map(|(name, address)| {
                let known = old.iter().find(|target| target.address == address && target.name == name);
                known.map_or_else(|| Arc::new(Target::new(name, address)), Arc::clone)
            })
            .collect();
        self.0.store(Arc::new(new));
    }
}

/// The servers of all realms.
#[derive(Debug)]
pub struct Kdcs {
    routes: Arc<Routes>,
    pools: Vec<(Pool, Pool)>,
    deadline: Duration,
}

impl Kdcs {
    /// The servers of `routes`, none resolved yet; an exchange may take `deadline`.
    #[must_use]
    pub fn new(routes: Arc<Routes>, deadline: Duration) -> Arc<Self> {
        let pools = routes.realms().iter().map(|_| <(Pool, Pool)>::default()).collect();
        Arc::new(Self { routes, pools, deadline })
    }

    /// The routes that the servers are for.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    fn pool(&self, realm: usize, purpose: Purpose) -> Option<&Pool> {
        let (kdcs, kpasswds) = self.pools.get(realm)?;
        Some(match purpose {
            Purpose::Kdc => kdcs,
            Purpose::Kpasswd => kpasswds,
        })
    }

    /// Has a request answered by one of its realm's servers.
    ///
    /// # Errors
    ///
    /// Any [`Failure`]. All may pass with time; a client does well to try again elsewhere.
    pub async fn exchange(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        let now = ambient::now();
        let pool = self.pool(request.realm(), request.purpose()).ok_or(Failure::NoKdc)?;
        let targets = pool.0.load_full();
        let standings: Vec<Standing> = targets.iter().map(|target| target.standing(now)).collect();
        let ask =
            Ask { octets: request.message().len(), single: request.single(), deadline: now + self.deadline };
        let mut exchange = Exchange::new(ask, &standings, now);
        let mut attempts: FuturesUnordered<BoxFuture<'_, (Attempt, Result<Answer, End>)>> =
            FuturesUnordered::new();
        loop {
            match exchange.next(ambient::now()) {
                Step::Dial(attempt) => {
                    if let Some(target) = targets.get(attempt.kdc) {
                        attempts.push(
                            try_target(target, request, attempt).map(move |end| (attempt, end)).boxed(),
                        );
                    } else {
                        exchange.ended(attempt, End::NotRead, ambient::now());
                    }
                }
                Step::Fail(failure) => return Err(failure),
                Step::Wait(until) => {
                    tokio::select! {
                        biased;
                        Some((attempt, end)) = attempts.next() => match end {
                            Ok(answer) => return Ok(answer),
                            Err(end) => exchange.ended(attempt, end, ambient::now()),
                        },
                        () = sleep_until(ambient::instant(until)) => {}
                    }
                }
            }
        }
    }

    /// Asks every server that failed lately, and whose time has come, whether it is back.
    pub async fn probe(&self) {
        let due: FuturesUnordered<_> = self
            .routes
            .realms()
            .iter()
            .zip(&self.pools)
            .flat_map(|(realm, (kdcs, kpasswds))| {
                let due = |pool: &Pool| {
                    let now = ambient::now();
                    pool.0.load().iter().filter(|target| target.take_probe(now)).cloned().collect::<Vec<_>>()
                };
                let tickets = due(kdcs).into_iter().map(|target| (Purpose::Kdc, target));
                let passwords = due(kpasswds).into_iter().map(|target| (Purpose::Kpasswd, target));
                tickets.chain(passwords).map(|(purpose, target)| (realm.name.as_str(), purpose, target))
            })
            .map(|(realm, purpose, target)| async move { probe_target(realm, purpose, &target).await })
            .collect();
        due.collect::<()>().await;
    }
}

/// Tells the target's health how an attempt went, also when the attempt is dropped because another won.
struct Witness<'a> {
    target: &'a Target,
    attempt: Attempt,
    started: Moment,
    told: bool,
}

impl Witness<'_> {
    fn tell(&mut self, experience: Experience) {
        self.told = true;
        let now = ambient::now();
        if self.target.note(experience, now) {
            let Target { name, address, .. } = self.target;
            if self.target.standing(now).down {
                warn!(kdc = %name, %address, "KDC is down; it is asked again once it answers a probe");
            } else {
                info!(kdc = %name, %address, "KDC is back");
            }
        }
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        // Dropped early says nothing; dropped after another was asked too says that it kept silent.
        if !self.told && ambient::now().since(self.started) >= HEDGE {
            let datagram = self.attempt.over == Transport::Udp;
            self.tell(Experience::Failed { datagram });
        }
    }
}

async fn try_target(target: &Arc<Target>, request: &Request<'_>, attempt: Attempt) -> Result<Answer, End> {
    let mut witness = Witness { target, attempt, started: ambient::now(), told: false };
    let octets = match attempt.over {
        Transport::Udp => datagram::ask(target, request).await,
        Transport::Tcp => stream::ask(target, request, attempt.connect_within).await,
    };
    let datagram = attempt.over == Transport::Udp;
    // A KDC that asks a person's telephone is as slow as that person.
    let took = (!request.single()).then(|| ambient::now().since(witness.started));
    let answered = Experience::Answered { took, datagram };
    match octets {
        Ok(octets) => {
            witness.tell(answered);
            Ok(Answer { octets, kdc: Arc::clone(target), over: witness.attempt.over })
        }
        Err(End::TooBig) => {
            witness.tell(answered);
            Err(End::TooBig)
        }
        Err(end) => {
            witness.tell(Experience::Failed { datagram });
            Err(end)
        }
    }
}

/// Judges what came back; `None` if it is not the reply.
fn judge(target: &Target, request: &Request<'_>, octets: &[u8], over: Transport) -> Option<Result<(), End>> {
    match believe(request, octets) {
        Ok(reply) if over == Transport::Udp && is_too_big(&reply) => Some(Err(End::TooBig)),
        Ok(_) => Some(Ok(())),
        Err(disbelief) => {
            warn!(
                kdc = %target.name, address = %target.address, transport = over.word(),
                octets = octets.len(), "Reply is not believed: {disbelief}"
            );
            None
        }
    }
}

/// Longest time a probe waits.
const PROBE_WAIT: Duration = Duration::from_secs(1);

async fn probe_target(krb_realm: &str, purpose: Purpose, target: &Arc<Target>) {
    let started = ambient::now();
    let alive = match purpose {
        Purpose::Kdc => {
            let nonce = u32::from_be_bytes(ambient::random());
            let question = probe::request(krb_realm, nonce, ambient::time_of_day().0);
            let answered = |octets: &[u8]| peek::krb_error(octets).is_ok() || peek::kdc_rep(octets).is_ok();
            match question {
                Some(question) => {
                    let datagram = timeout(PROBE_WAIT, datagram::probe(target, &question, answered)).await;
                    match datagram {
                        Ok(true) => Some(true),
                        _ => {
                            timeout(PROBE_WAIT, stream::opens(target)).await.unwrap_or(false).then_some(false)
                        }
                    }
                }
                None => None,
            }
        }
        // No question can be asked there without a ticket; that it listens must do.
        Purpose::Kpasswd => {
            timeout(PROBE_WAIT, stream::opens(target)).await.unwrap_or(false).then_some(false)
        }
    };
    let took = ambient::now().since(started);
    let experience = alive.map_or(Experience::Failed { datagram: false }, |datagram| Experience::Answered {
        took: Some(took),
        datagram,
    });
    debug!(kdc = %target.name, address = %target.address, ?alive, "Probed");
    let mut witness = Witness {
        target,
        attempt: Attempt { kdc: 0, over: Transport::Udp, connect_within: PROBE_WAIT },
        started,
        told: false,
    };
    witness.tell(experience);
}
