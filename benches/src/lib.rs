//! What the load generators, the back ends and the tables of figures have in common.

#![expect(clippy::print_stdout, reason = "figures are what this package is for")]

pub mod clock;
pub mod configured;
pub mod fetch;
pub mod files;
pub mod jwt;
pub mod lane;
pub mod latency;
pub mod logins;
pub mod process;
pub mod proxies;
pub mod running;
pub mod socket;
pub mod stage;
pub mod table;
pub mod tally;
pub mod tickets;
pub mod tls;
pub mod wire;
