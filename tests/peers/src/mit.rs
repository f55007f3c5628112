//! MIT's own GSS-API: its acceptor to judge the tokens that ours judges, its initiator to make them.
//!
//! Both are one small program in C (`mit/gss.c`), compiled when it is first needed. Each value below is one
//! process of it, which is asked and answers in turn.

mod acceptor;
mod bench;
mod initiator;
mod program;
mod verdict;

pub use acceptor::{AcceptorOptions, MitAcceptor, ReplayCache};
pub use bench::{Cost, cost};
pub use initiator::{FLAG_INTEG, FLAG_MUTUAL, InitiatorOptions, Mechanism, MitInitiator};
pub use verdict::{Established, Refused, Verdict};
