//! The initiator of Kerberos exchanges: asks a KDC for tickets, over whatever
//! carries octets.
//!
//! Sockets, the clock and randomness are arguments. An exchange shows the
//! octets of its request and takes the octets of the answer; the caller sends
//! the one to a KDC of the realm and receives the other, over UDP, TCP, or a
//! gateway. They are whole messages, without the length that TCP puts in front.
//!
//! ```no_run
//! use std::time::SystemTime;
//!
//! use client::{AsExchange, AsStep, ClientError, Credential, Dice, TgsExchange, TicketOptions};
//! use krb::name::{NT_PRINCIPAL, NT_SRV_HST, Principal, PrincipalName};
//!
//! /// A ticket for HTTP/www.example.com. `ask` sends a request and returns the answer.
//! fn ticket(
//!     ask: impl Fn(&[u8]) -> Vec<u8>,
//!     now: impl Fn() -> SystemTime,
//!     dice: &mut dyn Dice,
//! ) -> Result<Credential, ClientError> {
//!     let alice = Principal {
//!         name: PrincipalName::new(NT_PRINCIPAL, ["alice"]),
//!         krb_realm: "EXAMPLE.COM".into(),
//!     };
//!     let options = TicketOptions::default();
//!     let mut exchange = AsExchange::new(alice, "her password", &options, now(), dice)?;
//!     let tgt = loop {
//!         let answer = ask(exchange.request());
//!         match exchange.reply(&answer, now(), dice)? {
//!             AsStep::Ask => {}
//!             AsStep::Done(credential) => break credential,
//!         }
//!     };
//!     let service = PrincipalName::new(NT_SRV_HST, ["HTTP", "www.example.com"]);
//!     let exchange = TgsExchange::new(&tgt, service, &options, now(), dice)?;
//!     let answer = ask(exchange.request());
//!     exchange.reply(&answer)
//! }
//! ```

mod answer;
mod as_exchange;
pub mod ccache;
pub mod challenge;
mod clock;
mod credential;
mod dice;
mod error;
pub mod handshake;
pub mod krb5_conf;
mod moment;
pub mod negotiate;
#[cfg(feature = "net")]
pub mod net;
mod options;
pub mod password_change;
pub mod principal;
mod remedy;
mod reply_key;
mod service_exchange;
mod tgs_exchange;

pub use as_exchange::{AsExchange, AsStep};
pub use clock::ClockOffset;
pub use credential::{Credential, Times};
pub use dice::Dice;
pub use error::{ClientError, Refusal};
pub use negotiate::{Negotiate, NegotiateError, NegotiateOptions};
pub use options::TicketOptions;
pub use password_change::{PasswordChange, PasswordChangeError};
pub use service_exchange::{Found, ServiceExchange, ServiceStep};
pub use tgs_exchange::TgsExchange;

#[cfg(test)]
mod recorded;
