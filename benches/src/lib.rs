//! What the load generator, the null KDC and the table of figures have in common.

pub mod clock;
pub mod lane;
pub mod latency;
pub mod process;
pub mod tls;
pub mod wire;
