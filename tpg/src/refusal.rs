//! Why a token does not open the door: what is wrong, whose fault it is, and what the peer may know of it.
//!
//! The sentences are the operator's and end with the remedy. The peer learns a code of RFC 4120 section 7.5.9.

mod told;

use krb::{
    crypto::{CryptoError, Enctype},
    gss::GssError,
    msg::MsgError,
    name::{Principal, PrincipalName, RealmName},
    pac::PacError,
    spnego::SpnegoError,
};

use crate::{agreed::AnswerError, replay::NotFresh, utc::Utc};

pub use told::Blame;

/// A part of what is presented that has an enctype, or a form, of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// The AP-REQ.
    ApReq,
    /// The Authenticator.
    Authenticator,
    /// Authorization data.
    AuthorizationData,
    /// The session key in the ticket.
    SessionKey,
    /// The subkey in the authenticator.
    Subkey,
    /// The sealed part of the ticket.
    Ticket,
}

impl Part {
    /// How it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApReq => "AP-REQ",
            Self::Authenticator => "authenticator",
            Self::AuthorizationData => "authorization data",
            Self::SessionKey => "session key",
            Self::Subkey => "subkey",
            Self::Ticket => "ticket",
        }
    }
}

/// Why a token is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The ticket is bound to other addresses.
    #[error(
        "the ticket is bound to other addresses than the peer's; have clients ask for tickets without addresses (noaddresses in krb5.conf)"
    )]
    Address,
    /// The client is anonymous.
    #[error("the client {client} is anonymous; --allow-anonymous (<allowAnonymous>) lets it in")]
    Anonymous {
        /// Under which name.
        client: Principal,
    },
    /// The answer cannot be written.
    #[error("the answer to the client cannot be written: {0}")]
    Answer(#[source] AnswerError),
    /// Authorization data that must be understood and is not.
    #[error("the {} has authorization data of type {ad_type}, which must be understood and is not", part.name())]
    AuthorizationData {
        /// In which part.
        part: Part,
        /// Its type.
        ad_type: i32,
    },
    /// The authenticator was not sealed with the session key of the ticket.
    #[error(
        "the authenticator cannot be opened with the ticket's session key: the client does not hold this ticket, or the token was altered"
    )]
    BadAuthenticator(#[source] CryptoError),
    /// Ticket and authenticator name different clients.
    #[error("the ticket is {ticket}'s, but the authenticator says {authenticator}")]
    BadMatch {
        /// Whose ticket it is.
        ticket: Principal,
        /// Who presents it.
        authenticator: Principal,
    },
    /// The token is bound to another TLS connection, or to none while the client says it binds.
    #[error(
        "the token is bound to another TLS connection: something between client and gateway ends TLS; if that is a proxy of yours, give its certificate with --binding-cert (<bindingCert>)"
    )]
    BindingMismatch,
    /// No channel binding where one is demanded.
    #[error(
        "the token is not bound to the TLS connection, which --channel-binding require (<channelBinding>) demands; browsers on Linux never bind"
    )]
    BindingMissing,
    /// No channel binding from a client that says that it binds.
    #[error(
        "the token is not bound to the TLS connection although the client says that it binds; set client_aware_channel_bindings = false in its krb5.conf, or --channel-binding off (<channelBinding>)"
    )]
    BindingWithheld,
    /// The checksum is malformed.
    #[error("the checksum of the authenticator is malformed: {0}")]
    Checksum(#[source] GssError),
    /// No checksum, or one of another kind than GSS-API has.
    #[error(
        "the authenticator has no checksum of GSS-API (type 0x8003) but {found:?}; --allow-no-checksum (<allowNoChecksum>) accepts such clients"
    )]
    ChecksumMissing {
        /// The type that was found, if any.
        found: Option<i32>,
    },
    /// The client is of a realm that is not accepted.
    #[error(
        "clients of the realm {krb_realm} are not accepted; --accept-realm {krb_realm} (<acceptRealm>) lets them in"
    )]
    ClientRealm {
        /// The realm.
        krb_realm: RealmName,
    },
    /// A DCE style exchange has three legs, and HTTP two.
    #[error("the client asks for a DCE style exchange, which HTTP does not have")]
    DceStyle,
    /// An enctype that is not accepted.
    #[error("the {} has enctype {number}, which is not accepted; {}", part.name(), enctype_remedy(*number))]
    Enctype {
        /// Of what.
        part: Part,
        /// Its number on the wire.
        number: i64,
    },
    /// The ticket has ended.
    #[error("the ticket ended at {ended}, it is {now}; the client must get a new one (kinit)")]
    Expired {
        /// When it ended.
        ended: Utc,
        /// The gateway's time.
        now: Utc,
    },
    /// The framing of GSS-API is malformed.
    #[error("the token is malformed: {0}")]
    Framing(#[source] GssError),
    /// IAKERB, which wants the gateway to speak to the KDC.
    #[error(
        "the client offers IAKERB: it cannot reach a KDC and has no ticket; ticketgate tgg relays its requests"
    )]
    Iakerb,
    /// The ticket is marked invalid.
    #[error("the ticket is marked invalid: it is postdated and was not validated (kinit -v)")]
    Invalid,
    /// Kerberos is not among the mechanisms that are offered.
    #[error(
        "the client does not offer Kerberos at all, but {offered}; it has no ticket for this service: {NO_TICKET}"
    )]
    KerberosNotOffered {
        /// The mechanisms.
        offered: Mechanisms,
    },
    /// The keytab has keys of the service, but none of the ticket's enctype.
    #[error(
        "the keytab has no key of enctype {enctype} for {service}; export it again with all keys (ktadd), or correct the account's encryption types"
    )]
    KeyEnctype {
        /// What the ticket names.
        service: Principal,
        /// The ticket's.
        enctype: i64,
    },
    /// The keytab has keys of the service, but none of the ticket's version.
    #[error("{}", key_version(service, *wanted, *newest))]
    KeyVersion {
        /// What the ticket names.
        service: Principal,
        /// The ticket's key version.
        wanted: u32,
        /// The newest in the keytab.
        newest: u32,
    },
    /// The second token of a negotiation that this connection did not begin.
    #[error(
        "the token continues a negotiation that this connection has not begun: something in front of the gateway spreads one client's requests over connections"
    )]
    LaterToken,
    /// A part of the message is malformed.
    #[error("the {} is malformed: {fault}", part.name())]
    Malformed {
        /// Which.
        part: Part,
        /// What is wrong.
        fault: MsgError,
    },
    /// A number or a time in a message that no message may have.
    #[error("the {} has a value that none may have: {value}", part.name())]
    MalformedValue {
        /// Which.
        part: Part,
        /// The field.
        value: &'static str,
    },
    /// The list of mechanisms was altered, or its signature is not the client's.
    #[error(
        "the signature of the list of mechanisms is not good ({0}): the list was altered on the way, or the client is broken"
    )]
    MechListMic(#[source] GssError),
    /// The list of mechanisms is to be signed with a key that is too weak for it.
    #[error("the list of mechanisms would have to be signed with a key of {}, which is not done here; {}", enctype.name(), enctype_remedy(enctype.number().into()))]
    MechListMicEnctype {
        /// The key's.
        enctype: Enctype,
    },
    /// No signature of the list of mechanisms where one was demanded.
    #[error("the client did not sign its list of mechanisms, which it must when Kerberos is not its first")]
    MechListMicMissing,
    /// Another message than an AP-REQ in its place.
    #[error("the message says that its type is {found}, not 14, an AP-REQ")]
    MessageType {
        /// The type.
        found: i64,
    },
    /// The inner token is framed with the OID that Microsoft misspelt.
    #[error(
        "the token is framed with Microsoft's misspelt OID for Kerberos, which belongs into the list of mechanisms alone"
    )]
    MsFraming,
    /// The negotiation is malformed.
    #[error("the negotiation is malformed: {0}")]
    Negotiation(#[source] SpnegoError),
    /// No key of the keytab opens the ticket, and none is of the service that it names.
    #[error(
        "the keytab has no key for {service}, and none of its other keys opens the ticket; export that principal's key, or correct the name that clients use"
    )]
    NoKeyOpens {
        /// What the ticket names.
        service: Principal,
    },
    /// There is no key at all.
    #[error("the keytab has no usable key; export one for the service")]
    NoKeys,
    /// The ticket is for another service.
    #[error(
        "the ticket is for {service}, not for a service that is accepted here ({accepted}); add --principal (<principal>) if it should be"
    )]
    NotUs {
        /// What the ticket names.
        service: Principal,
        /// What is accepted.
        accepted: String,
    },
    /// The ticket is not valid yet.
    #[error("the ticket starts at {starts}, it is {now}; compare the clocks of gateway and KDC")]
    NotYetValid {
        /// When it starts.
        starts: Utc,
        /// The gateway's time.
        now: Utc,
    },
    /// The raw protocol of NTLM.
    #[error("the client offers NTLM, not Kerberos: {NO_TICKET}")]
    Ntlm,
    /// The PAC cannot be used and must.
    #[error("the ticket's PAC is not good: {0}")]
    Pac(#[source] PacError),
    /// The PAC is another client's, or of another time, than the ticket.
    #[error("the ticket's PAC is of another client or another login than the ticket")]
    PacMismatch,
    /// No PAC where one is demanded.
    #[error(
        "the ticket has no PAC, which --pac require (<pac>) demands; MIT KDCs since 1.20 and Active Directory make one"
    )]
    PacMissing,
    /// A checksum of another kind than GSS-API has is not one over nothing.
    #[error("the checksum of the authenticator is not good: {0}")]
    PlainChecksum(#[source] CryptoError),
    /// The ticket's realm has no key here.
    #[error("the ticket is of the realm {krb_realm}, for which the keytab has no key")]
    Realm {
        /// The realm.
        krb_realm: RealmName,
    },
    /// The replay cache does not vouch for the authenticator.
    #[error("the authenticator does not count as new: {why}{}", replay_remedy(*why))]
    Replay {
        /// Why not.
        why: NotFresh,
    },
    /// Clocks are too far apart.
    #[error("the client's clock is {} {} the gateway's, allowed are {allowed} s; set the clock that is wrong (NTP)", seconds(*apart), if *apart > 0 { "ahead of" } else { "behind" })]
    Skew {
        /// Microseconds that the client is ahead.
        apart: i64,
        /// Seconds that are allowed.
        allowed: i64,
    },
    /// The client meant another service.
    #[error(
        "the client made this token for {named:?}, not for a service that is accepted here: it is relayed from elsewhere, or --principal (<principal>) lacks a name"
    )]
    TargetName {
        /// What the authenticator says.
        named: String,
    },
    /// The client does not say which service it meant.
    #[error(
        "the token does not say which service the client meant, which --target-name require (<targetName>) demands; only Windows clients say it"
    )]
    TargetNameMissing,
    /// The token is longer than is accepted.
    #[error("the token has {length} octets; {most} are accepted")]
    TooLong {
        /// Octets.
        length: usize,
        /// The most.
        most: usize,
    },
    /// The ticket went through a realm that is not trusted for it.
    #[error(
        "the ticket came by the realm {krb_realm}, which is not trusted between {client} and {service}; add --capath {client}={krb_realm} (<capath>), or have the KDC check the path"
    )]
    Transited {
        /// The realm on the way.
        krb_realm: RealmName,
        /// The client's.
        client: RealmName,
        /// The service's.
        service: RealmName,
    },
    /// The list of realms cannot be read.
    #[error("the list of realms that the ticket went through cannot be read")]
    TransitedEncoding,
    /// Neither Kerberos nor SPNEGO.
    #[error("the token is of a mechanism that is neither Kerberos nor SPNEGO")]
    UnknownMechanism,
    /// A ticket for a service that has no long-term key.
    #[error("the client asks for user-to-user authentication, which a service with a keytab has no use for")]
    UserToUser,
    /// Another version of the protocol, or another message.
    #[error("the {} has version {found}; {wanted} is due", part.name())]
    Version {
        /// Of what.
        part: Part,
        /// What is due.
        wanted: i64,
        /// What it has.
        found: i64,
    },
    /// The key that should open the ticket does not.
    #[error(
        "the keytab's key for {service}, version {kvno}, does not open the ticket: it is another key; export it again, and look for a second account with the same name"
    )]
    WrongKey {
        /// What the ticket names.
        service: Principal,
        /// The version that was tried.
        kvno: u32,
    },
}

/// Why clients that could have a ticket offer something else.
const NO_TICKET: &str =
    "no KDC knows the name it used, it is not logged in, or it does not trust this site with tickets";

/// The names of mechanisms that a client offers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mechanisms(pub Vec<&'static str>);

impl std::fmt::Display for Mechanisms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

fn enctype_remedy(number: i64) -> &'static str {
    match number {
        16 => "give the account AES keys, or accept it with --weak-enctype 3des (<weakEnctype>)",
        23 => "give the account AES keys, or accept it with --weak-enctype rc4 (<weakEnctype>)",
        _ => "17, 18, 19 and 20 are",
    }
}

fn key_version(service: &Principal, wanted: u32, newest: u32) -> String {
    if wanted < newest {
        format!(
            "the ticket for {service} is of key version {wanted}, the keytab has {newest}: the ticket is from before the key was changed; keep old keys in the keytab for a ticket's life, or get a new ticket (kinit)"
        )
    } else {
        format!(
            "the ticket for {service} wants key version {wanted}, the keytab has {newest}: it was exported before the last key change; export it again"
        )
    }
}

fn replay_remedy(why: NotFresh) -> &'static str {
    match why {
        NotFresh::BeforeStart => {
            "; a client whose clock is behind has to wait that long, or keep the cache over a restart with --replay-file (<replayFile>)"
        }
        NotFresh::Full => "; raise --replay-capacity (<replayCapacity>)",
        NotFresh::Seen => "; if clients repeat requests by themselves, look for a proxy that retries",
        NotFresh::Unavailable => "",
    }
}

fn seconds(micros: i64) -> String {
    let (whole, tenths) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() / 100_000 % 10);
    format!("{whole}.{tenths} s")
}

/// The name that a ticket has for its service, as principals are written.
pub(crate) fn service(name: &PrincipalName, krb_realm: &RealmName) -> Principal {
    Principal { name: name.clone(), krb_realm: krb_realm.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gw() -> Principal {
        Principal { name: PrincipalName::new(3, ["HTTP", "gw"]), krb_realm: "TGG.TEST".into() }
    }

    #[test]
    fn a_key_version_says_which_side_is_old() {
        let old_ticket = Refusal::KeyVersion { service: gw(), wanted: 2, newest: 3 }.to_string();
        assert!(old_ticket.contains("the ticket is from before the key was changed"), "{old_ticket}");
        let old_keytab = Refusal::KeyVersion { service: gw(), wanted: 4, newest: 3 }.to_string();
        assert!(old_keytab.contains("export it again"), "{old_keytab}");
    }

    #[test]
    fn a_skew_says_whose_clock_is_ahead() {
        let ahead = Refusal::Skew { apart: 400_250_000, allowed: 300 }.to_string();
        assert!(ahead.starts_with("the client's clock is 400.2 s ahead of the gateway's"), "{ahead}");
        let behind = Refusal::Skew { apart: -400_250_000, allowed: 300 }.to_string();
        assert!(behind.starts_with("the client's clock is 400.2 s behind the gateway's"), "{behind}");
    }
}
