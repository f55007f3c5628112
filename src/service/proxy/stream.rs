//! A connection that is a stream of octets and nothing else, joined with a back end: a stream too, or a WebSocket.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, header};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    Proxy,
    backends::{Backend, Backends},
    dial::Connection,
    failure::BackendFailure,
    joined::Joined,
    preface::{Client, Preface},
};
use crate::{
    ambient,
    metrics::ServiceMetrics,
    notice::Notice,
    record::visit::Visit,
    sessions::{Entry, Sessions},
    splice::Speaks,
    term::Term,
    ws::client,
};

/// A client of a stream of octets.
#[derive(Debug)]
pub struct Streamed {
    /// The service that it reached.
    pub service: Arc<str>,
    /// Where it is.
    pub peer: SocketAddr,
    /// How long a back end may take to agree, and a goodbye.
    pub patience: Duration,
    /// Where it is counted.
    pub metrics: Arc<ServiceMetrics>,
    /// What is open in the gateway.
    pub sessions: Arc<Sessions>,
    /// Says from outside that it is to end.
    pub notice: Notice,
}

impl Proxy {
    /// Serves a connection until it ends. Without a back end it is closed: there are no words for why.
    pub async fn stream<I>(&self, mut io: I, client: Streamed)
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let Streamed { service, peer, patience, metrics, sessions, notice } = client;
        let mut visit = Visit::stream(service, peer);
        visit.metrics = Some(Arc::clone(&metrics));
        let Some(backends) = &self.sockets else { return visit.forget() };
        let (backend, opened) =
            self.open_stream(backends, Client { peer, host: None, id: visit.id, pass: None }, patience).await;
        visit.backend = Some(Arc::clone(&backend.name));
        let (connection, early, speaks) = match opened {
            Ok(opened) => opened,
            Err(why) => {
                visit.refused(why.word(), "backend", &why);
                let _ = timeout(patience, io.shutdown()).await;
                return;
            }
        };
        let session = sessions.open(Entry {
            id: visit.id,
            service: metrics,
            principal: None,
            roles: Vec::new(),
            peer,
            via: "tcp",
            backend: visit.backend.clone(),
            since: ambient::time_of_day().0,
            last: None,
            notice: notice.clone(),
            realm: None,
            authorization: None,
            departure: None,
        });
        let octets = Arc::clone(session.octets());
        let (joining, ends) = (self.joining, self.joining.end(Term::default()));
        let joined = Joined { connection, early, speaks, ends, joining, visit };
        session.ended(joined.serve(io, Bytes::new(), patience, notice, octets).await);
    }

    async fn open_stream(
        &self,
        backends: &Arc<Backends>,
        client: Client<'_>,
        patience: Duration,
    ) -> (Arc<Backend>, Result<(Connection, Bytes, Speaks), BackendFailure>) {
        if !backends.is_up() {
            return (Arc::clone(backends.first()), Err(BackendFailure::Down));
        }
        let told = if backends.first().url.scheme.is_octets() { self.preface } else { Preface::Nothing };
        let preface = match told.of(&client) {
            Ok(preface) => preface,
            Err(why) => return (Arc::clone(backends.first()), Err(why)),
        };
        if self.is_deferred && backends.first().url.scheme.is_octets() {
            let later = Connection::Later(Box::new(backends.later(preface)));
            return (Arc::clone(backends.first()), Ok((later, Bytes::new(), Speaks::Plain)));
        }
        let (backend, opened) = backends.dial(&preface).await;
        let connection = match opened {
            Ok(connection) => connection,
            Err(why) => return (backend, Err(why)),
        };
        if backend.url.scheme.is_octets() {
            return (backend, Ok((connection, Bytes::new(), Speaks::Plain)));
        }
        let path = if backend.url.base.is_empty() { "/" } else { &backend.url.base };
        // Its base was read as a path, so that this is a request.
        let Ok(request) = Request::get(path).header(header::HOST, backend.host.clone()).body(()) else {
            return (backend, Err(BackendFailure::Unasked));
        };
        let agreed = timeout(patience, client::open(connection, request)).await;
        let opened = match agreed {
            Ok(Ok((connection, early))) => Ok((connection, early, Speaks::Wrapped)),
            Ok(Err(why)) => Err(BackendFailure::Handshake(why)),
            Err(_) => Err(BackendFailure::Late),
        };
        (backend, opened)
    }
}
