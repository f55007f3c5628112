//! The shell of the initiator: its sockets, its clock and its dice, with the feature `net`.

pub mod ambient;
pub mod dial;
pub mod tunnel;
pub mod upgrade;
