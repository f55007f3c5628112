//! The door from outside: tickets forged with every deviation there is, and what becomes of each.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod answer;
mod authdata;
mod authenticator;
mod bindings;
mod captured;
mod forge;
mod found;
mod keys;
mod mutated;
mod negotiation;
mod outer;
mod replay;
mod request;
mod ticket;
