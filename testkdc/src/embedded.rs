//! A small KDC in this process, for demonstrations and for tests that must forge. **Never for production.**
//!
//! It keeps nothing, audits nothing, locks nobody out, tells everybody why it refuses, and has had nobody's eyes on it
//! but its authors'. What it is good for: stock `kinit`, `kvno` and their like, and the crates of this house, work
//! with it at once, without a package installed, and a [`Forge`] makes it say what no real KDC would.
//!
//! ```
//! use testkdc::embedded::{Database, Kdc, Server, random};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Database::new("DEMO.TEST").user("demo", "demo", &[1105]).service("HTTP/localhost");
//! let kdc = Kdc::new(database, &mut random)?.observed(|event| println!("{event}"));
//! let keytab = kdc.keytab("HTTP/localhost").expect("a service of the database");
//! let server = Server::start(kdc, &["127.0.0.1:0".parse()?])?;
//! println!("KDC and password changes at {}", server.addrs()[0]);
//! # Ok(())
//! # }
//! ```
//!
//! [`Kdc::answer`] is the whole of it and is pure: octets, the time and dice in, octets out. [`Server`] puts sockets
//! in front.

mod account;
mod as_exchange;
mod case;
mod database;
mod dice;
mod exchange;
mod forge;
mod issue;
mod kdc;
mod kpasswd;
mod moment;
mod opening;
mod pac;
mod records;
mod refusal;
mod server;
mod terms;
mod tgs_exchange;

pub use account::Account;
pub use database::Database;
pub use dice::Dice;
pub use exchange::{Event, Exchange, Kind};
pub use forge::{Forge, PacDraft};
pub use kdc::Kdc;
pub use refusal::Refusal;
pub use server::{MAX_CONNECTIONS, MAX_DATAGRAM, Server, random};
