//! The granting door: what may be relayed to a KDC, where to, and what may be believed of its answer.
//!
//! Pure: octets, facts and the time come in as arguments; verdicts and steps come out. The relay forwards
//! the peer's own octets and can open none of them: this crate is built without keys or ciphers.

pub mod discovery;
pub mod envelope;
pub mod exchange;
pub mod failure;
pub mod health;
pub mod moment;
pub mod network;
pub mod probe;
pub mod reply;
pub mod request;
pub mod routes;
