//! `gateway-config.xml`: from its octets to what the gateway is told to do, every mistake with its place.

mod fields;
pub mod files;
pub mod load;
pub mod model;
mod namespaces;
mod problems;
pub mod report;
pub mod settings;
pub mod spanned;
pub mod substitution;
pub mod users;
pub mod value;
pub mod vocabulary;
pub mod xml;

pub use load::load;
pub use settings::settings;
