//! The shell of the initiator: its sockets, its clock and its dice, with the feature `net`.

pub mod ambient;
pub mod ccache_file;
pub mod configuration;
pub mod dial;
pub mod kdcs;
pub mod session;
pub mod tunnel;
pub mod upgrade;
pub mod websocket;
