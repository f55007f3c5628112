//! Where the keys of an issuer come from: a file that is read again when it changes, or a URL.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use tokio::time::{MissedTickBehavior, interval, sleep_until};
use tracing::{debug, error, info, warn};

use super::{
    algorithm::Algorithm,
    cache::{self, Cache},
    keys::{KeySet, KeySetError, MAX_SET, Unusable},
};
use crate::{
    ambient,
    fetch::{Bounds, Clear, FetchError, Fetcher, UrlError},
    file_state::FileState,
    tls::client::{ClientSettings, ClientTlsError},
};

/// An issuer must have answered before the chain gives up a login that waits for it. It is asked by one at a time.
const BOUNDS: Bounds = Bounds { patience: Duration::from_secs(5), body: MAX_SET, places: 1 };
/// How often a file is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// For which keys of a file are good: it is known to be there.
const FOR_EVER: Duration = Duration::MAX;

/// Where keys are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// In a file.
    File(PathBuf),
    /// There.
    Url(Uri),
}

/// Why text does not say where keys are. The text is the remedy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Anybody on the way could put keys of their own in place of the issuer's.
    #[error(
        "who carries http:// can put keys of its own in place of the issuer's, and sign for everybody; write it with https:// (http:// is for this host only: 127.0.0.1, [::1], localhost)"
    )]
    Clear,
    /// It is no URL that can be asked.
    #[error("write it as https://HOST[:PORT]/…, or as the name of a file without file:")]
    Url,
}

/// Why there are no keys, or no new ones.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// What is there is no set of keys.
    #[error("{0}: {1}")]
    Content(String, KeySetError),
    /// It cannot be asked.
    #[error("{0}: {1}")]
    Fetch(String, FetchError),
    /// The file cannot be read.
    #[error("cannot read {0}: {1}; it must exist, and be readable by the gateway's user")]
    Read(String, io::Error),
    /// It answered something else.
    #[error(
        "{0} answers {1}; redirects are not followed: name the very place of the keys, which the issuer publishes as its jwks_uri"
    )]
    Status(String, StatusCode),
    /// TLS cannot be spoken.
    #[error(transparent)]
    Tls(#[from] ClientTlsError),
    /// It is no URL that can be asked.
    #[error(transparent)]
    Url(#[from] UrlError),
}

/// Keys of one issuer, as new as they can be had.
#[derive(Debug)]
pub struct Source {
    origin: Origin,
    algorithms: Vec<Algorithm>,
    fetcher: Option<Fetcher>,
    cache: Arc<Cached>,
    /// The state of the file when it was last read, whether or not it could be used.
    seen: Mutex<Option<FileState>>,
}

/// Keys that were fetched, and the right to fetch others.
#[derive(Debug, Default)]
pub struct Cached {
    cache: Mutex<Cache>,
    turn: tokio::sync::Mutex<()>,
}

/// What is known of the keys at URLs. It outlives the realms that use it: the issuer may be away when the
/// configuration is read again.
#[derive(Debug, Default)]
pub struct KeySets(Mutex<Vec<(Known, Weak<Cached>)>>);

/// Keys are only the same where the same are believed to tell them.
type Known = (Uri, ClientSettings, Vec<Algorithm>);

impl KeySets {
    fn of(&self, known: Known) -> Arc<Cached> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, cached)| cached.strong_count() > 0);
        if let Some(cached) =
            all.iter().find(|(one, _)| *one == known).and_then(|(_, cached)| cached.upgrade())
        {
            return cached;
        }
        let cached = Arc::default();
        all.push((known, Arc::downgrade(&cached)));
        cached
    }
}

impl Origin {
    /// What an operator writes: a URL, or the name of a file, which `file` completes.
    ///
    /// # Errors
    ///
    /// Any [`OriginError`].
    pub fn read(text: &str, file: impl FnOnce(&str) -> PathBuf) -> Result<Self, OriginError> {
        let Some((scheme, _)) = text.split_once("://") else {
            return if text.starts_with("file:") {
                Err(OriginError::Url)
            } else {
                Ok(Self::File(file(text)))
            };
        };
        let is_secure = scheme.eq_ignore_ascii_case("https");
        if !is_secure && !scheme.eq_ignore_ascii_case("http") {
            return Err(OriginError::Url);
        }
        let url: Uri = text.parse().map_err(|_| OriginError::Url)?;
        let host = url.host().filter(|host| !host.is_empty()).ok_or(OriginError::Url)?;
        if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(OriginError::Url);
        }
        if is_secure || is_here(host) { Ok(Self::Url(url)) } else { Err(OriginError::Clear) }
    }
}

/// Whether a host is this one, by its name alone.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

impl Source {
    /// Reads a file. A URL is not asked yet: the gateway starts also while the issuer is away.
    ///
    /// # Errors
    ///
    /// Any [`SourceError`].
    pub fn open(
        origin: Origin,
        algorithms: Vec<Algorithm>,
        tls: &ClientSettings,
        sets: &KeySets,
    ) -> Result<Arc<Self>, SourceError> {
        let (fetcher, cache) = match &origin {
            Origin::File(_) => (None, Arc::default()),
            Origin::Url(url) => {
                let fetcher = Fetcher::new(&url.to_string(), tls.load()?, BOUNDS, Clear::Loopback)?;
                (Some(fetcher), sets.of((url.clone(), tls.clone(), algorithms.clone())))
            }
        };
        let source = Self { origin, algorithms, fetcher, cache, seen: Mutex::new(None) };
        if let Origin::File(path) = &source.origin {
            source.read(path)?;
        }
        Ok(Arc::new(source))
    }

    /// The keys; if there are none yet, the issuer is asked for them. `None` if it cannot be.
    pub async fn keys(self: &Arc<Self>) -> Option<Arc<KeySet>> {
        let (keys, may) = {
            let cache = self.cache();
            (cache.keys(ambient::now()), cache.may_fetch(ambient::now()))
        };
        if keys.is_some() || !may {
            return keys;
        }
        self.renew().await;
        self.cache().keys(ambient::now())
    }

    /// Keys that are newer than these, in which a token's is not. `None` if it cannot be said whether there are.
    pub async fn newer(self: &Arc<Self>, than: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        let is_newer = |keys: &Arc<KeySet>| !Arc::ptr_eq(keys, than);
        let may = {
            let mut cache = self.cache();
            !cache.keys(ambient::now()).as_ref().is_some_and(is_newer)
                && self.fetcher.is_some()
                && cache.may_search(ambient::now())
        };
        if may {
            self.renew().await;
        }
        let cache = self.cache();
        let keys = cache.keys(ambient::now())?;
        (is_newer(&keys) || !cache.fails()).then_some(keys)
    }

    /// Keeps the keys up to date. It does not end.
    pub async fn watch(self: Arc<Self>) {
        match &self.origin {
            Origin::File(path) => self.watch_file(path).await,
            Origin::Url(_) => loop {
                let due = self.cache().due(ambient::now());
                if ambient::now() < due {
                    // Logins fetch keys too, after which they are due later.
                    sleep_until(ambient::instant(due)).await;
                } else {
                    self.renew().await;
                }
            },
        }
    }

    async fn watch_file(&self, path: &Path) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let is_known = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == FileState::at(path);
            let is_due = self.cache().fails();
            if is_known && !is_due {
                continue;
            }
            match self.read(path) {
                Ok(()) => info!(keys = %self.origin, "Read the changed keys of tokens"),
                Err(fault) => self.failed(&fault),
            }
        }
    }

    /// Fetches the keys, unless somebody else just does. It goes on also if whoever asked goes away.
    async fn renew(self: &Arc<Self>) {
        let (source, before) = (Arc::clone(self), self.cache().count);
        let renewing = tokio::spawn(async move {
            let _turn = source.cache.turn.lock().await;
            if source.cache().count != before {
                return;
            }
            match source.fetch().await {
                Ok((keys, life)) => {
                    source.tell(&keys);
                    source.cache().succeeded(Arc::new(keys), life, ambient::now());
                }
                Err(fault) => source.failed(&fault),
            }
        });
        // A task that broke has fetched nothing.
        let _ = renewing.await;
    }

    async fn fetch(&self) -> Result<(KeySet, Duration), SourceError> {
        let Some(fetcher) = &self.fetcher else {
            return Err(UrlError::Unreadable(self.origin.to_string()).into());
        };
        let mut headers = HeaderMap::new();
        let accepted = HeaderValue::from_static("application/jwk-set+json, application/json");
        headers.insert(header::ACCEPT, accepted);
        let asked = fetcher.ask(Method::GET, headers, Bytes::new()).await;
        let answer = asked.map_err(|why| SourceError::Fetch(self.origin.to_string(), why))?;
        if answer.status.as_u16() != 200 {
            return Err(SourceError::Status(self.origin.to_string(), answer.status));
        }
        let keys = self.keys_of(&answer.body)?;
        Ok((keys, cache::life(&answer.headers)))
    }

    fn read(&self, path: &Path) -> Result<(), SourceError> {
        let failed = |why| SourceError::Read(self.origin.to_string(), why);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = FileState::at(path);
        let file = File::open(path).map_err(failed)?;
        let mut octets = Vec::new();
        let most = u64::try_from(MAX_SET).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut octets).map_err(failed)?;
        let keys = self.keys_of(&octets)?;
        self.tell(&keys);
        self.cache().succeeded(Arc::new(keys), FOR_EVER, ambient::now());
        Ok(())
    }

    fn keys_of(&self, octets: &[u8]) -> Result<KeySet, SourceError> {
        KeySet::read(octets, &self.algorithms)
            .map_err(|why| SourceError::Content(self.origin.to_string(), why))
    }

    fn tell(&self, keys: &KeySet) {
        debug!(keys = %self.origin, count = keys.count(), "Read the keys of tokens");
        for skipped in keys.skipped() {
            match skipped.why {
                Unusable::Algorithm | Unusable::Use => debug!(keys = %self.origin, "Not used: {skipped}"),
                _ => warn!(keys = %self.origin, "Not used: {skipped}"),
            }
        }
    }

    fn failed(&self, fault: &SourceError) {
        let mut cache = self.cache();
        if !cache.failed(ambient::now()) {
            return;
        }
        if cache.keys(ambient::now()).is_some() {
            error!("New keys of tokens cannot be had, those in use go on for now: {fault}");
        } else {
            error!("Nobody can log in with a token, since its keys cannot be had: {fault}");
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
