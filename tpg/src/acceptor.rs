//! The one call of this room: a token in; a permit, another round or a refusal out.

use core::net::IpAddr;
use std::fmt;

use krb::{
    error_code::KRB_AP_ERR_SKEW,
    gss::{self, Mech, TokenId, checksum::GssFlags},
    msg::krb_error::KrbError,
    name::Principal,
    spnego::NegState,
};

use crate::{
    found::Found,
    judging::Case,
    keys::KeyTable,
    negotiation::{Pending, Wrapping, answer},
    permit::Permit,
    policy::Policy,
    refusal::Refusal,
    replay::ReplayStore,
    utc::Utc,
};

/// Fills octets with random ones that nobody can predict; one that fails must not return.
pub type Dice<'a> = &'a (dyn Fn(&mut [u8]) + Sync);

/// The door: what it demands, and the keys that it has.
#[derive(Debug)]
pub struct Acceptor {
    policy: Policy,
    keys: KeyTable,
}

/// What is known of the connection that a token came on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    /// The channel bindings of the connection, hashed: one for each certificate that may have been shown, and the
    /// exporter's (RFC 5929, RFC 9266). Without TLS none.
    pub bindings: &'a [[u8; 16]],
    /// The address of the peer, if it is the client's.
    pub peer: Option<IpAddr>,
}

/// The verdict on a token, and what was found on the way to it.
#[derive(Debug)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// For the log.
    pub found: Found,
}

/// What becomes of a token. `Debug` shows the length of the answer.
#[must_use = "a verdict that nobody reads protects nothing"]
pub enum Verdict {
    /// It is good.
    Granted {
        /// The proof.
        permit: Permit,
        /// The token for the client, with which it may verify the service.
        reply: Option<Vec<u8>>,
    },
    /// The client has to send another.
    More {
        /// The token for the client.
        reply: Vec<u8>,
        /// To be handed in with its next token on the same connection, and forgotten after a minute.
        pending: Pending,
    },
    /// It is not good.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The token for the client, if there is anything to say.
        reply: Option<Vec<u8>>,
    },
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted { permit, reply } => {
                let reply = reply.as_ref().map(Vec::len);
                f.debug_struct("Granted").field("permit", permit).field("reply", &reply).finish()
            }
            Self::More { reply, pending } => {
                f.debug_struct("More").field("reply", &reply.len()).field("pending", pending).finish()
            }
            Self::Refused { refusal, reply } => {
                let reply = reply.as_ref().map(Vec::len);
                f.debug_struct("Refused").field("refusal", refusal).field("reply", &reply).finish()
            }
        }
    }
}

impl Acceptor {
    /// A door with these demands and these keys.
    #[must_use]
    pub const fn new(policy: Policy, keys: KeyTable) -> Self {
        Self { policy, keys }
    }

    /// What it demands.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its keys.
    #[must_use]
    pub const fn keys(&self) -> &KeyTable {
        &self.keys
    }

    /// Judges the token of one request. `pending` is what this connection's last token left, if anything.
    ///
    /// Nobody is authenticated by a connection: each request brings its own token (RFC 4559 section 6).
    pub async fn accept<S: ReplayStore>(
        &self,
        token: &[u8],
        pending: Option<Pending>,
        seen: &Seen<'_>,
        store: &S,
        now: Utc,
        dice: Dice<'_>,
    ) -> Judgement {
        let (policy, keys) = (&self.policy, &self.keys);
        let mut case = Case { policy, keys, seen, store, now, dice, found: Found::default() };
        let verdict = match case.judge(token, pending).await {
            Ok(verdict) => verdict,
            Err(refusal) => {
                let reply = self.answer_refusal(&refusal, &case.found, now);
                Verdict::Refused { refusal, reply }
            }
        };
        Judgement { verdict, found: case.found }
    }

    /// What the client is told of a refusal (RFC 4120 section 3.2.3 and 5.9.1): a KRB-ERROR if it asked for mutual
    /// authentication, for then it reads one; and if its clock is off, which the error's time lets it correct, as
    /// Heimdal does.
    fn answer_refusal(&self, refusal: &Refusal, found: &Found, now: Utc) -> Option<Vec<u8>> {
        let mutual = found.mutual == Some(true)
            || found.gss_flags.is_some_and(|flags| flags.contains(GssFlags::MUTUAL));
        let code = refusal.code();
        let error = if mutual || code == KRB_AP_ERR_SKEW { self.krb_error(code, found, now) } else { None };
        match found.wrapping? {
            Wrapping::Bare => error,
            Wrapping::Spnego(_) => Some(answer(NegState::Reject, None, error.as_deref(), None)),
        }
    }

    /// A KRB-ERROR in a token: the code, our time, and a name of our own, not the one that the client wrote.
    fn krb_error(&self, code: i32, found: &Found, now: Utc) -> Option<Vec<u8>> {
        let own = match &found.key {
            Some(opened) => &opened.principal,
            None => &self.keys.keys().next()?.principal,
        };
        let Principal { name, krb_realm } = own.clone();
        let mut error =
            KrbError::new(code, krb_realm, name.name_string.clone(), now.kerberos(), now.micros(), None);
        error.sname = name;
        let message = error.encode().ok()?;
        Some(gss::frame(Mech::Krb5, &gss::with_id(TokenId::Error, &message)))
    }
}
