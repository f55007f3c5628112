//! What realms must not forget over a reload of the configuration.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tgg::routes::Routes;

use super::{gss::Replays, hashing::Hashing, module::jwt::source::KeySets};
use crate::{
    kdc::Kdcs,
    tls::{TlsError, front::FrontCertificates},
};

/// What outlives the realms that use it.
#[derive(Debug, Default)]
pub struct Kept {
    /// Which authenticators were used.
    pub replays: Replays,
    /// The threads that compute hashes of passwords, for all realms.
    pub hashing: Hashing,
    /// Keys that issuers of tokens have published.
    pub key_sets: KeySets,
    /// Certificates of proxies in front, those in use before with them.
    fronts: Mutex<Vec<Arc<FrontCertificates>>>,
    /// KDCs that judge passwords, for as long as a realm has them: what is known of their health.
    kdcs: Mutex<Vec<Weak<Kdcs>>>,
}

impl Kept {
    /// The certificates in these files as they are now; those that they had the last time stay good.
    pub(super) fn front(&self, files: Vec<PathBuf>) -> Result<Arc<FrontCertificates>, TlsError> {
        let mut fronts = self.fronts.lock().unwrap_or_else(PoisonError::into_inner);
        let before = fronts.iter_mut().find(|front| front.files() == files);
        let Some(before) = before else {
            let front = Arc::new(FrontCertificates::load(files)?);
            fronts.push(Arc::clone(&front));
            return Ok(front);
        };
        *before = Arc::new(before.renewed()?);
        Ok(Arc::clone(before))
    }
    /// The KDCs of these realms, as known as they are.
    pub(super) fn kdcs(&self, routes: Routes, deadline: Duration) -> Arc<Kdcs> {
        let mut kdcs = self.kdcs.lock().unwrap_or_else(PoisonError::into_inner);
        kdcs.retain(|known| known.strong_count() > 0);
        let mut known = kdcs.iter().filter_map(Weak::upgrade);
        let alike = known.find(|known| *known.routes() == routes && known.deadline() == deadline);
        alike.unwrap_or_else(|| {
            let new = Kdcs::new(Arc::new(routes), deadline);
            kdcs.push(Arc::downgrade(&new));
            new
        })
    }
}
