//! What modules are told after their judgement where nobody waits for the answer: `abort` and `logout`.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{runtime::Handle, sync::Semaphore};
use tracing::warn;

use crate::record::RequestId;

/// Notices on their way at a time. Those beyond are dropped: a module that hangs is not to fill the memory.
const MAX_NOTICES: usize = 256;

/// Logins that a module said were good, and notices that are on their way.
#[derive(Debug)]
pub struct Notices {
    /// Judged good, with whoever is asked not yet told how it ended.
    open: Mutex<BTreeSet<RequestId>>,
    places: Arc<Semaphore>,
}

impl Default for Notices {
    fn default() -> Self {
        Self { open: Mutex::default(), places: Arc::new(Semaphore::new(MAX_NOTICES)) }
    }
}

impl Notices {
    /// A login was judged good.
    pub fn opened(&self, login: RequestId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(login);
    }

    /// It has come to an end, this or that; false if it was not judged good, or has ended before.
    pub fn closed(&self, login: RequestId) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&login)
    }

    /// Has a notice sent, if there is a place for it.
    pub fn send(
        &self,
        kind: &'static str,
        login: RequestId,
        notice: impl Future<Output = ()> + Send + 'static,
    ) {
        let place = Arc::clone(&self.places).try_acquire_owned();
        // When the gateway ends nobody is left to send it.
        if let (Ok(place), Ok(runtime)) = (place, Handle::try_current()) {
            runtime.spawn(async move {
                notice.await;
                drop(place);
            });
        } else {
            warn!(kind, id = %login, "The login module is not told how a login ended: it is too slow to hear it");
        }
    }
}
