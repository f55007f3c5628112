//! The protected door: does this token open it, for whom, and if not, why. Pure: time, randomness and what was
//! seen of the connection are arguments.

pub mod acceptor;
mod agreed;
mod authdata;
mod authenticator;
pub mod found;
pub mod groups;
mod judging;
pub mod keys;
pub mod local_name;
pub mod negotiation;
pub mod permit;
pub mod policy;
pub mod refusal;
pub mod replay;
pub mod services;
pub mod ticket;
mod transited;
pub mod utc;
