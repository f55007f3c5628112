//! The binary as a user's own program, against gateways that are the same binary.

mod connect;
mod tunnel;
