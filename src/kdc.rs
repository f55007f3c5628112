//! Sockets to the KDCs: turns the crank of tgg's state machine until a reply can be believed.

mod datagram;
pub mod named;
mod probe;
pub mod resolve;
mod stream;
pub mod target;
mod watch;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream::FuturesUnordered,
};
use tgg::{
    exchange::{Ask, Attempt, DATAGRAM_LIMIT, End, Exchange, HEDGE, Step, Transport},
    failure::Failure,
    health::{Datagrams, Experience, Standing},
    moment::Moment,
    reply::{believe, is_too_big, is_unavailable},
    request::Request,
    routes::{Host, KrbRealm, Purpose, Routes},
};
use tokio::time::{MissedTickBehavior, interval, sleep_until};
use tracing::warn;

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
    /// The servers that are named by address, which need no look-up.
    fn of(realm: &KrbRealm, purpose: Purpose) -> Self {
        let pool = Self::default();
        let named = realm.servers(purpose).iter().filter_map(|server| match server.host {
            Host::Address(address) => Some(SocketAddr::new(address, server.port)),
            Host::Name(_) => None,
        });
        pool.replace(named.map(|address| (address.to_string(), address)).collect());
        pool
    }

    /// Puts other targets in place. Those with an address that was there keep their health and sockets.
    fn replace(&self, targets: Vec<(String, SocketAddr)>) {
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
    /// The servers of `routes`, no name resolved yet; an exchange may take `deadline`.
    #[must_use]
    pub fn new(routes: Arc<Routes>, deadline: Duration) -> Arc<Self> {
        let pools = |realm| (Pool::of(realm, Purpose::Kdc), Pool::of(realm, Purpose::Kpasswd));
        let pools = routes.realms().iter().map(pools).collect();
        Arc::new(Self { routes, pools, deadline })
    }

    /// The routes that the servers are for.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// How long an exchange may take.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
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
        let now = ambient::now();
        let probes: FuturesUnordered<_> = self
            .routes
            .realms()
            .iter()
            .zip(&self.pools)
            .flat_map(|(realm, (kdcs, kpasswds))| {
                [(realm, Purpose::Kdc, kdcs), (realm, Purpose::Kpasswd, kpasswds)]
            })
            .flat_map(|(realm, purpose, pool)| {
                let targets: Vec<_> =
                    pool.0.load().iter().filter(|target| target.take_probe(now)).cloned().collect();
                targets.into_iter().map(move |target| probe::ask(&realm.name, purpose, target))
            })
            .collect();
        probes.collect::<()>().await;
    }
}

/// Looks every quarter of a second which servers are due for a probe. It does not end.
pub async fn keep_probed(kdcs: Arc<Kdcs>) {
    let mut ticks = interval(Duration::from_millis(250));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        kdcs.probe().await;
    }
}

/// Tells the target's health how an attempt went, also when the attempt is dropped because another won.
struct Witness<'a> {
    target: &'a Target,
    over: Transport,
    started: Moment,
    told: bool,
}

impl Witness<'_> {
    fn tell(&mut self, experience: Experience) {
        self.told = true;
        self.target.note(experience, ambient::now());
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        // Dropped early says nothing; dropped after another was asked too says that it kept silent.
        if !self.told && ambient::now().since(self.started) >= HEDGE {
            self.tell(Experience::Failed { datagram: self.over == Transport::Udp });
        }
    }
}

async fn try_target(target: &Arc<Target>, request: &Request<'_>, attempt: Attempt) -> Result<Answer, End> {
    // The same request waits: MIT's KDC of release 1.20 must not find in a datagram what it has a long reply for.
    let _alone = target.alone_with(request.message()).await;
    let now = ambient::now();
    let is_short = target.standing(now).datagrams == Datagrams::TooShort;
    let over = if is_short { Transport::Tcp } else { attempt.over };
    let mut witness = Witness { target, over, started: now, told: false };
    let octets = match over {
        Transport::Udp => {
            let judge = |octets: &[u8]| judge(target, request, octets, Transport::Udp);
            datagram::ask(&target.sockets, request.message(), judge).await
        }
        Transport::Tcp => stream::ask(target, request, attempt.connect_within).await,
    };
    let datagram = over == Transport::Udp;
    // A KDC that asks a person's telephone is as slow as that person.
    let took = (!request.single()).then(|| ambient::now().since(witness.started));
    match octets {
        Ok(octets) => {
            let is_long = octets.len() > DATAGRAM_LIMIT;
            witness.tell(match is_long && !datagram {
                true => Experience::AnsweredTooLong { took, datagram },
                false => Experience::Answered { took, datagram },
            });
            Ok(Answer { octets, kdc: Arc::clone(target), over })
        }
        Err(End::TooBig) => {
            witness.tell(Experience::AnsweredTooLong { took, datagram });
            Err(End::TooBig)
        }
        Err(End::Busy) => {
            // It was not asked, so nothing was learnt.
            witness.told = true;
            Err(End::Busy)
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
        // Somebody's one proof of the password was read: whether to spend another is for the client to say.
        Ok(reply) if is_unavailable(&reply) && !request.single() => Some(Err(End::Broken)),
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
