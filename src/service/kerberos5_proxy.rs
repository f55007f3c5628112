//! `kerberos5.proxy`: one request in, one reply out, whatever carried it here.
//!
//! All doors of this service (WebSocket, MS-KKDCP, raw TCP and UDP) meet in [`Kerberos5Proxy::answer`]: one
//! policy, one record.

use std::sync::Arc;

use bytes::Bytes;
use krb::peek::KdcReq;
use tgg::{
    envelope::{Malformed, Opened},
    failure::{Refusal, Unanswered, krb_error},
    moment::Moment,
    request::{self, Asked},
};

use crate::{
    ambient,
    kdc::Kdcs,
    limits::{Peer, Principals},
    metrics::ServiceMetrics,
    record::{self, RequestId, Via},
};

/// A gateway to the KDCs of some realms.
#[derive(Debug)]
pub struct Kerberos5Proxy {
    kdcs: Arc<Kdcs>,
    principals: Arc<Principals>,
    metrics: Option<Arc<ServiceMetrics>>,
}

/// The end of an exchange.
#[derive(Debug)]
pub struct Answered {
    /// Names it in the log.
    pub id: RequestId,
    /// The reply, out of any wrapping.
    pub reply: Result<Bytes, Unanswered>,
    /// The realm that was asked, as far as it could be read.
    krb_realm: Bytes,
}

impl Answered {
    /// The realm that was asked, as the peer wrote it; empty if it could not be read.
    #[must_use]
    pub const fn krb_realm(&self) -> &Bytes {
        &self.krb_realm
    }

    /// The reply, or a KRB-ERROR that says why there is none.
    #[must_use]
    pub fn reply_or_error(self) -> Bytes {
        let Self { reply, krb_realm, .. } = self;
        reply.unwrap_or_else(|why| krb_error(why.code(), &krb_realm, ambient::time_of_day()))
    }
}

impl Kerberos5Proxy {
    /// A gateway to these KDCs.
    #[must_use]
    pub const fn new(kdcs: Arc<Kdcs>, principals: Arc<Principals>) -> Self {
        Self { kdcs, principals, metrics: None }
    }

    /// The same, counted there.
    #[must_use]
    pub fn counted(self, metrics: Arc<ServiceMetrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Relays one request, if it may be, and writes its record.
    pub async fn answer(&self, opened: Opened, peer: &Peer, via: Via) -> Answered {
        let (id, started) = (RequestId::next(), ambient::now());
        let Opened { message, krb_realm: outer_realm, .. } = opened;
        let outer = || outer_realm.clone().unwrap_or_default();
        let without_reply = |asked, why, krb_realm| {
            record::unanswered(id, via, started, asked, message.len(), &why);
            self.count_unanswered(asked, &why, started);
            Answered { id, reply: Err(why), krb_realm }
        };
        let _in_flight = match peer.request() {
            Ok(in_flight) => in_flight,
            Err(why) => return without_reply(None, why.into(), outer()),
        };
        let asked = match request::read(&message) {
            Ok(asked) => asked,
            Err(why) => return without_reply(None, why.into(), outer()),
        };
        let krb_realm = message.slice_ref(asked.krb_realm());
        let routes = self.kdcs.routes();
        let permitted = request::permit(&message, asked, outer_realm.as_deref(), routes);
        let request = match permitted.and_then(|request| self.count_principal(&asked).map(|()| request)) {
            Ok(request) => request,
            Err(why) => return without_reply(Some(&asked), why.into(), krb_realm),
        };
        match self.kdcs.exchange(&request).await {
            Ok(answer) => {
                let outcome = record::answered(id, via, started, &request, &answer);
                if let Some(metrics) = &self.metrics {
                    metrics.exchanged(Some(asked.kind()), outcome, ambient::now().since(started));
                }
                Answered { id, reply: Ok(answer.octets), krb_realm }
            }
            Err(why) => without_reply(Some(&asked), why.into(), krb_realm),
        }
    }

    /// Counts a request that names its client, which a TGS-REQ does not.
    fn count_principal(&self, asked: &Asked<'_>) -> Result<(), Refusal> {
        match asked {
            Asked::Kdc(KdcReq { realm, cname: Some(cname), .. }) => self.principals.count(realm, cname),
            Asked::Kdc(_) | Asked::Kpasswd(_) => Ok(()),
        }
    }

    /// Writes the record of what could not even be opened.
    pub fn refuse(&self, malformed: Malformed, octets: usize, via: Via) -> Answered {
        let (id, started) = (RequestId::next(), ambient::now());
        let why = Unanswered::from(Refusal::from(malformed));
        record::unanswered(id, via, started, None, octets, &why);
        self.count_unanswered(None, &why, started);
        Answered { id, reply: Err(why), krb_realm: Bytes::new() }
    }

    fn count_unanswered(&self, asked: Option<&Asked<'_>>, why: &Unanswered, started: Moment) {
        let Some(metrics) = &self.metrics else { return };
        metrics.exchanged(asked.map(Asked::kind), why.word(), ambient::now().since(started));
        match why {
            Unanswered::Failed(_) => metrics.backend_failed(why.word()),
            Unanswered::Refused(_) => metrics.refused(why.word()),
        }
    }
}
