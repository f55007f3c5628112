//! The real counterparts of the gateway, for tests and benchmarks alike.

mod browser;
pub mod curl;
mod error;
mod haproxy;
mod issuer;
pub mod mit;
pub mod node;
mod process;
pub mod python;
mod skipped;
mod workshop;

pub use browser::{Browser, Talk};
pub use error::Error;
pub use haproxy::Haproxy;
pub use issuer::Issuer;
pub use skipped::or_skipped;
