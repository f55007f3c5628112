//! What stands in front of a service, and the verdicts that come out of it.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, request::Parts};

use super::{Realm, pass::Pass, scheme::Layer, visitor::Visitor};
use crate::{
    metrics::ServiceMetrics,
    record::{RequestId, admission},
};

/// The verdict about a request.
#[derive(Debug)]
pub enum Admission {
    /// It is asked for credentials.
    Challenge {
        /// How (`WWW-Authenticate`).
        challenge: HeaderValue,
        /// Has a browser forget a session that has ended.
        set_cookie: Option<HeaderValue>,
    },
    /// The peer is known and may not, or has failed often enough. No challenge, or it would only try the same again.
    Denied {
        /// The gateway's own proof to the peer (`WWW-Authenticate`).
        reply: Option<HeaderValue>,
    },
    /// It is served.
    Pass(Box<Pass>),
    /// Too many logins failed: it may try again after so long.
    Wait(Duration),
    /// The gateway cannot say, and that is not the peer's fault.
    Unavailable,
    /// The credentials cannot be read, whoever presents them.
    Unreadable,
}

/// What stands in front of a service.
#[derive(Debug)]
pub enum Gate {
    /// Those who show who they are and have the roles.
    Guarded {
        /// Who can be told apart.
        realm: Arc<Realm>,
        /// The roles that are needed, all of them.
        required: Vec<String>,
    },
    /// Nothing: all may pass.
    Open,
    /// A realm that cannot tell anybody apart: nobody may pass.
    Shut,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asks {
    /// To have the socket open that it came inside of.
    Inside,
    /// A response.
    Response,
    /// A socket.
    Socket,
}

impl Asks {
    /// What its answer travels in.
    #[must_use]
    pub const fn layer(self) -> Layer {
        match self {
            Self::Inside => Layer::Inner,
            Self::Response | Self::Socket => Layer::Native,
        }
    }
}

/// A request that is being judged.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Names it in the log.
    pub id: RequestId,
    /// Its connection.
    pub visitor: &'a Visitor,
    /// The service that is asked for.
    pub service: &'a str,
    /// What it asks for.
    pub asks: Asks,
    /// What clients are told with `Application Negotiate`: where they get tickets, and for whom.
    pub tickets_from: &'a [String],
    /// Where the outcome is counted.
    pub metrics: &'a ServiceMetrics,
}

impl Gate {
    /// Judges a request head. The origin of the page that sent it must have been judged before: tickets and
    /// cookies are sent by browsers on anybody's behalf.
    pub async fn admit(&self, case: Case<'_>, head: &Parts) -> Admission {
        match self {
            Self::Guarded { realm, required } => realm.admit(case, required, head).await,
            Self::Shut => {
                case.metrics.admitted(admission::shut(case.id, case.visitor));
                Admission::Unavailable
            }
            Self::Open => Admission::Pass(Box::new(Pass::open())),
        }
    }

    /// Takes out of a request what it presents here: it is for nobody behind the gateway.
    pub fn conceal(&self, head: &mut Parts) {
        if let Self::Guarded { realm, .. } = self {
            realm.sources.conceal(head, realm.scheme.kind);
        }
    }

    /// Whether a script in the page logs in, and not the browser.
    #[must_use]
    pub fn asks_page(&self) -> bool {
        self.realm().is_some_and(|realm| realm.scheme.by_page)
    }

    /// Whether users are spared to log in again.
    #[must_use]
    pub fn has_sessions(&self) -> bool {
        self.realm().is_some_and(|realm| realm.sessions.is_some())
    }

    /// The realm, if there is one.
    #[must_use]
    pub const fn realm(&self) -> Option<&Arc<Realm>> {
        match self {
            Self::Guarded { realm, .. } => Some(realm),
            Self::Open | Self::Shut => None,
        }
    }
}
