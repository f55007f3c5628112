//! Why ours judges otherwise than MIT's: every reason that there is.

use peers::mit::Verdict as Mits;
use tpg::{
    acceptor::{Judgement, Verdict},
    refusal::{Part, Refusal},
};

/// The reason, if there is one.
pub(crate) fn find(theirs: &Mits, ours: &Judgement) -> Option<&'static str> {
    match (theirs, &ours.verdict) {
        // Ours has no reason to go on that MIT has not, and accepts nothing that MIT refuses.
        (Mits::Accepted(_), Verdict::Refused { refusal, .. }) => stricter(refusal),
        (Mits::Continue { .. }, Verdict::Refused { refusal, .. }) => plainer(refusal),
        _ => None,
    }
}

/// What MIT accepts and ours does not.
const fn stricter(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::NotUs { .. } => {
            "the ticket's name is changed to a service that is not accepted; MIT tries any key"
        }
        Refusal::Realm { .. } => "the ticket's realm is changed to one without a key; MIT tries any key",
        Refusal::MessageType { .. } => "the message type inside is another than outside; MIT reads the outer",
        Refusal::Malformed { part: Part::ApReq, .. } => "the encoding is not DER; MIT reads some of BER",
        Refusal::Framing(_) | Refusal::Negotiation(_) => "the framing is not DER, or octets follow it",
        Refusal::UserToUser => "use-session-key is asked for, which MIT ignores",
        _ => return None,
    })
}

/// Where MIT asks for another token and ours says no.
const fn plainer(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::Framing(_) | Refusal::Negotiation(_) => "a malformed first token, which MIT takes for none",
        _ => return None,
    })
}
