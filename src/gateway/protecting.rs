//! Mode `tpg`: a gate, and the back ends behind it.

use std::{path::PathBuf, sync::Arc};

use tpg::{local_name::Rules, roles::Grants};

use super::{Opened, StartError};
use crate::{
    realm::{COOKIE_PREFIX, Realm, gss, gss::Gss, session::Sessions},
    service::{
        Service,
        proxy::{self, Proxy},
    },
    tls::{client, front::FrontCertificates},
};

/// What mode `tpg` is made of.
#[derive(Clone, Debug)]
pub struct Protecting {
    /// Who is let in.
    pub gate: Gate,
    /// The back ends and how they are spoken to.
    pub proxy: proxy::Settings,
    /// Who signs the certificates of back ends; without it those whom the system trusts.
    pub authorities: Option<PathBuf>,
}

impl Protecting {
    /// The back ends behind the gate, whose keytab is watched from now on.
    pub(super) fn open(self) -> Result<Opened, StartError> {
        let urls = [&self.proxy.sockets, &self.proxy.requests];
        let needs_tls = urls.into_iter().flatten().any(|url| url.scheme.is_secure());
        let tls = if needs_tls { Some(client::trusting(self.authorities.as_deref())?) } else { None };
        let realm = self.gate.open()?;
        let gss = Arc::clone(&realm.gss);
        let front = Some(Arc::clone(&realm.front)).filter(|front| !front.is_empty());
        let proxy = Proxy::new(self.proxy, realm, tls.as_ref()).ok_or(StartError::BackendName)?;
        let background = vec![tokio::spawn(Arc::clone(&gss).watch())];
        Ok(Opened { service: Service::Proxy(Arc::new(proxy)), background, raw: None, gss: Some(gss), front })
    }
}

/// Who is let in.
#[derive(Clone, Debug)]
pub struct Gate {
    /// How tickets are judged.
    pub gss: gss::Settings,
    /// How local names are made.
    pub rules: Rules,
    /// Who has which roles.
    pub grants: Grants,
    /// The roles that are needed, all of them.
    pub required: Vec<String>,
    /// Seconds that a session spares further tickets, if it does.
    pub session: Option<i64>,
    /// Whether sockets end with their tickets.
    pub ends_with_ticket: bool,
    /// Certificates that proxies in front of the gateway show.
    pub binding_certificates: Vec<PathBuf>,
}

impl Gate {
    fn open(self) -> Result<Realm, StartError> {
        let Self { gss, rules, grants, required, session, ends_with_ticket, binding_certificates } = self;
        let front = Arc::new(FrontCertificates::load(binding_certificates)?);
        let sessions = session.and_then(|life| Sessions::new(COOKIE_PREFIX.to_owned(), life));
        Ok(Realm { gss: Gss::open(gss)?, rules, grants, required, sessions, ends_with_ticket, front })
    }
}
