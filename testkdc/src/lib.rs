//! Starts a MIT KDC with a test realm, natively or in a container.
//!
//! ```no_run
//! # fn main() -> Result<(), testkdc::Error> {
//! let realm = testkdc::Realm::builder().start()?;
//! let client = realm.client()?;
//! assert!(client.kinit("alice", "alicepw")?.success());
//! # Ok(())
//! # }
//! ```
//!
//! Every call blocks. Nothing outside one temporary directory is touched, and
//! a [`Realm`] that is dropped, or whose process ends in whatever way, leaves
//! no server and no file behind: it may live in a `static`.
//!
//! Beside it is a small KDC of our own in [`embedded`].

mod builder;
mod client;
mod control;
mod daemon;
mod directory;
pub mod embedded;
mod engine;
mod error;
mod krb5_conf;
mod port;
mod program;
mod realm;

pub use builder::{Builder, Place};
pub use client::{Client, Output};
pub use daemon::Daemon;
pub use engine::{Engine, engine};
pub use error::Error;
pub use krb5_conf::Krb5Conf;
pub use realm::Realm;
