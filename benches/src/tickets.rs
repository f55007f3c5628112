//! Tickets of a real KDC, and tokens that MIT's initiator makes of them.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use peers::mit::{InitiatorOptions, MitInitiator};
use testkdc::{Client, Realm};

use crate::{lane::Failed, socket::Tokens, stage::Stage};

/// The service whose tickets are measured with, unless another one is named.
pub const SPN: &str = "HTTP/localhost";

/// A realm, and alice with a ticket.
#[derive(Debug)]
pub struct Tickets {
    /// The realm.
    pub realm: Realm,
    alice: Client,
    initiator: Mutex<MitInitiator>,
}

impl Tickets {
    /// Starts the realm and gets the ticket.
    ///
    /// # Errors
    ///
    /// If MIT's KDC or headers are not installed.
    pub fn new() -> Result<Self, Failed> {
        let realm = Realm::builder().native().start()?;
        let alice = realm.client()?;
        let kinit = alice.kinit("alice", "alicepw")?;
        if !kinit.success() {
            return Err(kinit.stderr.into());
        }
        let initiator = MitInitiator::start(&alice, SPN, &InitiatorOptions::default())?;
        Ok(Self { realm, alice, initiator: Mutex::new(initiator) })
    }

    /// The keys of the realm's services.
    #[must_use]
    pub fn keytab(&self) -> PathBuf {
        self.realm.dir().join("services.keytab")
    }

    /// Whoever has the ticket.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.alice
    }

    /// Writes so many fresh tokens for [`SPN`] to a file, as [`Tokens::read`] reads them.
    ///
    /// # Errors
    ///
    /// If the KDC gives no ticket.
    pub fn write(&self, stage: &Stage, count: usize) -> Result<PathBuf, Failed> {
        let mut initiator = self.initiator.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = (0..count).map(|_| initiator.token()).collect::<Result<Vec<_>, _>>()?;
        let file = stage.file("tokens");
        Tokens::write(&file, &tokens)?;
        Ok(file)
    }
}
