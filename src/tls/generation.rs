//! The certificates of one reading, and which of them serves a connection.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use rustls::{
    ServerConfig, SignatureScheme,
    crypto::{CryptoProvider, aws_lc_rs, aws_lc_rs::sign::any_supported_type},
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    version,
};
use tracing::warn;

use super::{
    ClientCertificates, Settings, TlsError, binding,
    keystore::{self, Entry, KeystoreError},
    x509::Facts,
};
use crate::ambient;

/// Certificates of a name whose bindings are good: connections, and tickets made for them, outlive a reload.
const CERTIFICATES: usize = 4;

/// A certificate, and what serves it.
#[derive(Debug)]
pub(super) struct Identity {
    alias: String,
    /// What the certificate says, if it can be read.
    facts: Option<Facts>,
    pub(super) key: Arc<CertifiedKey>,
    /// The configuration of connections that it serves.
    pub(super) config: Arc<ServerConfig>,
    /// Its end-point binding, then those of the certificates that had its alias before.
    pub(super) bindings: Vec<[u8; 16]>,
}

/// All of a reading.
#[derive(Debug)]
pub(super) struct Generation {
    first: Arc<Identity>,
    all: Vec<Arc<Identity>>,
    /// Those that are for a host, in their order; `*.` may stand before its name.
    by_host: HashMap<String, Vec<Arc<Identity>>>,
    /// Those for clients that name no host, or one that there is no certificate for.
    by_default: Vec<Arc<Identity>>,
}

impl Generation {
    /// The keys of a reading, served as the settings say. Bindings of the generation before stay good.
    ///
    /// # Errors
    ///
    /// Any [`TlsError`].
    pub(super) fn read(
        settings: &Settings,
        entries: &[Entry],
        before: Option<&Self>,
    ) -> Result<Self, TlsError> {
        let shared = shared(settings)?;
        let mut all = Vec::new();
        let mut by_host: HashMap<String, Vec<Arc<Identity>>> = HashMap::new();
        for entry in entries {
            let past = before.and_then(|before| before.named(&entry.alias));
            let identity = Arc::new(identity(entry, &shared, settings, past)?);
            for host in identity.facts.iter().flat_map(|facts| &facts.hosts) {
                by_host.entry(host.clone()).or_default().push(Arc::clone(&identity));
            }
            all.push(identity);
        }
        let first = all.first().map(Arc::clone);
        let first =
            first.ok_or_else(|| KeystoreError::NoKey { path: settings.identities.path().to_owned() })?;
        let mut generation = Self { first, all, by_host, by_default: Vec::new() };
        if let Some(host) = &settings.default_host {
            generation.by_default = generation.of_default(host);
        }
        Ok(generation)
    }

    /// Those that are for the host of a configuration, which may be an address.
    fn of_default(&self, host: &str) -> Vec<Arc<Identity>> {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let found: Vec<_> = match address {
            Ok(address) => {
                let is_for = |facts: &Facts| facts.addresses.contains(&address);
                let are_for = self.all.iter().filter(|identity| identity.facts.as_ref().is_some_and(is_for));
                are_for.map(Arc::clone).collect()
            }
            Err(_) => self.of_host(host).to_vec(),
        };
        // Nobody dials the address that stands for all.
        if found.is_empty() && !address.is_ok_and(|address| address.is_unspecified()) {
            warn!(
                host,
                alias = self.first.alias,
                "No certificate is for this host, so clients may not trust what they are shown"
            );
        }
        found
    }

    fn of_host(&self, host: &str) -> &[Arc<Identity>] {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let wildcard = || Some(format!("*.{}", host.split_once('.')?.1));
        let found = self.by_host.get(&host).or_else(|| self.by_host.get(&wildcard()?));
        found.map_or(&[], Vec::as_slice)
    }

    /// The one that serves a client: for the host that it names, or else the default one, or else the first;
    /// and among those for the host the first whose kind of key the client can verify.
    pub(super) fn choose(&self, host: Option<&str>, schemes: &[SignatureScheme]) -> &Arc<Identity> {
        let named = host.map_or(&[][..], |host| self.of_host(host));
        let fitting = if named.is_empty() { self.by_default.as_slice() } else { named };
        let can_verify = |identity: &&Arc<Identity>| identity.key.key.choose_scheme(schemes).is_some();
        fitting.iter().find(can_verify).or_else(|| fitting.first()).unwrap_or(&self.first)
    }

    /// The names of all, and when they end.
    pub(super) fn certificates(&self) -> Vec<(String, i64)> {
        let ends = |identity: &Identity| Some((identity.alias.clone(), identity.facts.as_ref()?.ends));
        self.all.iter().filter_map(|identity| ends(identity)).collect()
    }

    fn named(&self, alias: &str) -> Option<&Identity> {
        self.all.iter().find(|identity| identity.alias == alias).map(Arc::as_ref)
    }
}

fn identity(
    entry: &Entry,
    shared: &ServerConfig,
    settings: &Settings,
    past: Option<&Identity>,
) -> Result<Identity, TlsError> {
    let key = Arc::new(certified(entry, settings)?);
    let alias = entry.alias.clone();
    if !can_serve(shared.crypto_provider(), &key) {
        return Err(TlsError::KeyWithoutSuite { alias, path: settings.identities.path().to_owned() });
    }
    let own = entry.chain.first().and_then(|der| binding::end_point(der));
    let facts = entry.chain.first().and_then(|der| Facts::of(der));
    if let Some(facts) = &facts {
        warn_if_over(facts, &alias, settings);
    }
    let mut config = shared.clone();
    config.cert_resolver = Arc::new(SingleCertAndKey::from(Arc::clone(&key)));
    Ok(Identity { alias, facts, key, config: Arc::new(config), bindings: bindings(own, past) })
}

/// The binding of a certificate and those of the ones before it, each once.
fn bindings(own: Option<[u8; 16]>, before: Option<&Identity>) -> Vec<[u8; 16]> {
    let mut bindings: Vec<_> = own.into_iter().collect();
    for past in before.iter().flat_map(|identity| &identity.bindings) {
        if bindings.len() < CERTIFICATES && !bindings.contains(past) {
            bindings.push(*past);
        }
    }
    bindings
}

fn certified(entry: &Entry, settings: &Settings) -> Result<CertifiedKey, TlsError> {
    let failed = |source| settings.identities.unpaired(entry, source);
    let key = any_supported_type(&entry.key).map_err(failed)?;
    let certified = CertifiedKey::new(entry.chain.clone(), key);
    match certified.keys_match() {
        // Keys of some makers do not tell their public half.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(source) => Err(failed(source)),
    }
}

/// Whether any suite goes with a key. Those of TLS 1.3 go with all.
fn can_serve(provider: &CryptoProvider, key: &CertifiedKey) -> bool {
    let kind = key.key.algorithm();
    let mut suites = provider.cipher_suites.iter();
    suites.any(|suite| suite.version() == &version::TLS13 || suite.usable_for_signature_algorithm(kind))
}

/// What the configurations of all identities have in common.
///
/// Tickets of sessions are its own, so that no session outlives a reload: it would go on with a client's certificate
/// that is not trusted any more, and its client would bind tokens to a certificate that is no longer served.
fn shared(settings: &Settings) -> Result<ServerConfig, TlsError> {
    let provider = settings.suites.provider(settings.protocols).ok_or(TlsError::NoSuite)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&settings.protocols.versions())
        .map_err(|_| TlsError::NoSuite)?;
    let verifier = |store| {
        let roots = Arc::new(keystore::roots(store)?);
        Ok::<_, TlsError>(WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)))
    };
    let builder = match &settings.client {
        ClientCertificates::None => builder.with_no_client_auth(),
        ClientCertificates::Optional(store) => {
            builder.with_client_cert_verifier(verifier(store)?.allow_unauthenticated().build()?)
        }
        ClientCertificates::Required(store) => builder.with_client_cert_verifier(verifier(store)?.build()?),
    };
    let mut config = builder.with_cert_resolver(Arc::new(Nobody));
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::Tickets)?;
    // HTTP/2 is not offered: WebSocket over it is another protocol (RFC 8441), and no Kerberos client has it.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    Ok(config)
}

/// Stands where each identity's own certificate comes.
#[derive(Debug)]
struct Nobody;

impl ResolvesServerCert for Nobody {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

fn warn_if_over(facts: &Facts, alias: &str, settings: &Settings) {
    if facts.ends < ambient::time_of_day().0 {
        let path = settings.identities.path().display();
        warn!(%path, alias, hosts = facts.hosts.join(" "), "The certificate has expired, so clients will not trust it; renew it");
    }
}
