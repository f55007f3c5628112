//! MIT's initiator, which makes fresh tokens for one service and verifies what the service answers.

use testkdc::Client;

use crate::{
    error::Error,
    mit::{
        program::{self, GO_ON, NEW},
        verdict::Verdict,
    },
    process::Process,
};

/// The service must prove itself (RFC 2743 section 1.2.1).
pub const FLAG_MUTUAL: u32 = 2;
/// Messages are to be protected; what negotiates asks for it on its own.
pub const FLAG_INTEG: u32 = 32;

/// How a token is wrapped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mechanism {
    /// The bare token of RFC 4121.
    Krb5,
    /// The same in SPNEGO's, as every browser sends it.
    #[default]
    Spnego,
}

/// How MIT's initiator is started.
#[derive(Clone, Debug, Default)]
pub struct InitiatorOptions {
    /// The application data of the channel bindings; `None` is no bindings.
    pub bindings: Option<Vec<u8>>,
    /// What is asked of the context, such as [`FLAG_MUTUAL`].
    pub flags: u32,
    /// How tokens are wrapped.
    pub mechanism: Mechanism,
}

/// A process that makes tokens with `gss_init_sec_context`.
#[derive(Debug)]
pub struct MitInitiator(Process);

impl MitInitiator {
    /// Starts it with a client's credential cache, for this service.
    ///
    /// # Errors
    ///
    /// [`Error::Compile`] without MIT's headers. A cache without a ticket shows at the first token.
    pub fn start(client: &Client, spn: &str, options: &InitiatorOptions) -> Result<Self, Error> {
        let mut command = program::command()?;
        // A trace of thousands of tokens would be most of what they cost.
        command.envs(client.env()).env_remove("KRB5_TRACE");
        command.args(["initiate", spn, "--flags", &options.flags.to_string()]);
        command.args(["--mech", if options.mechanism == Mechanism::Krb5 { "krb5" } else { "spnego" }]);
        program::add_bindings(&mut command, options.bindings.as_deref());
        Ok(Self(Process::start(&mut command)?))
    }

    /// A token that was never seen before, beginning a new context.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`] without a credential cache, [`Error::NoToken`] if the KDC gives no ticket.
    pub fn token(&mut self) -> Result<Vec<u8>, Error> {
        match program::ask(&mut self.0, NEW, &[])? {
            Verdict::Refused(refused) => Err(Error::NoToken { said: refused.text }),
            made => Ok(made.token().to_owned()),
        }
    }

    /// What it makes of the service's answer to the last token: with [`FLAG_MUTUAL`] whether the service
    /// proved itself.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`] if it is gone.
    pub fn verify(&mut self, answer: &[u8]) -> Result<Verdict, Error> {
        program::ask(&mut self.0, GO_ON, answer)
    }
}
