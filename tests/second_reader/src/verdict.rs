//! What each reader makes of some octets: nothing, or a message, shown by writing it again.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use kerberos_asn1 as theirs;
use krb::msg::MsgError;
use krb::msg::ap::ApReq;
use krb::msg::kdc::{AsRep, AsReq, TgsRep, TgsReq};
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{Authenticator, EncTicketPart};
use red_asn1::Asn1Object;

/// The types that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// AP-REQ.
    ApReq,
    /// AS-REP.
    AsRep,
    /// AS-REQ.
    AsReq,
    /// The opened part of an AP-REQ.
    Authenticator,
    /// The opened part of a ticket.
    EncTicketPart,
    /// KRB-ERROR.
    KrbError,
    /// TGS-REP.
    TgsRep,
    /// TGS-REQ.
    TgsReq,
}

/// What a reader makes of some octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The reader panicked.
    Panicked,
    /// A message; these are the octets it is written as.
    Read(Vec<u8>),
    /// No message of this type, or something behind it.
    Refused,
}

impl Kind {
    /// What `krb` makes of `octets`. A panic is left to fail the test.
    #[must_use]
    pub fn ours(self, octets: &[u8]) -> Verdict {
        self.reread(octets).map_or(Verdict::Refused, Verdict::Read)
    }

    fn reread(self, octets: &[u8]) -> Result<Vec<u8>, MsgError> {
        match self {
            Self::ApReq => ApReq::decode(octets)?.encode(),
            Self::AsRep => AsRep::decode(octets)?.encode(),
            Self::AsReq => AsReq::decode(octets)?.encode(),
            Self::Authenticator => Authenticator::decode(octets)?.encode(),
            Self::EncTicketPart => EncTicketPart::decode(octets)?.encode(),
            Self::KrbError => KrbError::decode(octets)?.encode(),
            Self::TgsRep => TgsRep::decode(octets)?.encode(),
            Self::TgsReq => TgsReq::decode(octets)?.encode(),
        }
    }

    /// What `kerberos_asn1` makes of `octets`.
    #[must_use]
    pub fn theirs(self, octets: &[u8]) -> Verdict {
        fn reread<T: Asn1Object>(octets: &[u8]) -> Verdict {
            match T::parse(octets) {
                Ok(([], message)) => Verdict::Read(message.build()),
                _ => Verdict::Refused,
            }
        }
        let read = match self {
            Self::ApReq => reread::<theirs::ApReq>,
            Self::AsRep => reread::<theirs::AsRep>,
            Self::AsReq => reread::<theirs::AsReq>,
            Self::Authenticator => reread::<theirs::Authenticator>,
            Self::EncTicketPart => reread::<theirs::EncTicketPart>,
            Self::KrbError => reread::<theirs::KrbError>,
            Self::TgsRep => reread::<theirs::TgsRep>,
            Self::TgsReq => reread::<theirs::TgsReq>,
        };
        quietly(|| catch_unwind(AssertUnwindSafe(|| read(octets)))).unwrap_or(Verdict::Panicked)
    }
}

/// Runs `reader` without a word on stderr about panics in it; those of other code are reported as ever.
fn quietly<T>(reader: impl FnOnce() -> T) -> T {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                report(panic);
            }
        }));
    });
    QUIET.set(true);
    let read = reader();
    QUIET.set(false);
    read
}
