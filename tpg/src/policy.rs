//! What a door demands of a ticket, as the operator decided it.

use krb::{
    crypto::{Enctype, Key},
    msg::opened::EncryptionKey,
    name::RealmName,
    pac::Sid,
};

use crate::{keys::NotUsed, refusal::Part, refusal::Refusal, services::Services};

/// Longest token, in octets: Active Directory's grow with the groups of the user, to 48 KiB and some.
pub const MAX_TOKEN: usize = 64 * 1024;

/// Seconds that clocks may be apart (RFC 4120 section 1.3 names five minutes, and so do all peers).
pub const SKEW: i64 = 300;

/// What may be there, must match if it is there, or must be there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Demand {
    /// It is not looked at.
    Off,
    /// It may be missing; if it is there, it must be right.
    #[default]
    IfPresent,
    /// It must be there and be right.
    Require,
}

/// The encryption types that are accepted, in tickets, session keys and subkeys alike.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Enctypes {
    /// Weak ones that are accepted beside the strong.
    pub weak: Vec<Enctype>,
}

impl Enctypes {
    /// The enctype with this number, if it is accepted.
    pub(crate) fn find(&self, number: i64) -> Option<Enctype> {
        Enctype::try_from(number)
            .ok()
            .or_else(|| self.weak.iter().copied().find(|enctype| i64::from(enctype.number()) == number))
    }

    /// The key of a keytab's entry.
    pub(crate) fn key(&self, carried: &EncryptionKey) -> Result<Key, NotUsed> {
        let enctype = self.find(carried.keytype).ok_or_else(|| {
            let weak = Enctype::WEAK.iter().any(|weak| i64::from(weak.number()) == carried.keytype);
            if weak {
                NotUsed::Weak(carried.keytype)
            } else {
                NotUsed::Key(krb::crypto::CryptoError::UnknownEnctype { number: carried.keytype })
            }
        })?;
        Key::new(enctype, carried.keyvalue.as_octets()).map_err(NotUsed::Key)
    }

    /// The key that a part of a message carries.
    pub(crate) fn carried(&self, carried: &EncryptionKey, part: Part) -> Result<Key, Refusal> {
        let refused = || Refusal::Enctype { part, number: carried.keytype };
        let enctype = self.find(carried.keytype).ok_or_else(refused)?;
        Key::new(enctype, carried.keyvalue.as_octets()).map_err(|_| refused())
    }
}

/// A path between realms that is accepted: `via` are the realms between the client's and the service's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaPath {
    /// The realm of the client.
    pub client: RealmName,
    /// Realms on the way.
    pub via: Vec<RealmName>,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// For which services tickets may be.
    pub services: Services,
    /// Seconds that clocks may be apart.
    pub skew: i64,
    /// Which encryption types are accepted.
    pub enctypes: Enctypes,
    /// Whether a token must be bound to the TLS connection (RFC 5929, RFC 9266).
    pub bindings: Demand,
    /// Whether a token must name the service that the client meant to reach (MS-KILE section 3.2.5.8).
    pub target_name: Demand,
    /// Whether a ticket must have a PAC with a good signature.
    pub pac: Demand,
    /// Domains whose SIDs count as user and groups; all, if none are named.
    pub accept_domain_sids: Vec<Sid>,
    /// Whether an authenticator may come without the checksum of RFC 4121 section 4.1.1.
    pub allow_no_checksum: bool,
    /// Realms beside the service's own whose clients are accepted.
    pub accept_realms: Vec<RealmName>,
    /// Paths between realms beside those of the hierarchy.
    pub capaths: Vec<CaPath>,
    /// Whether anonymous clients are accepted (RFC 8062).
    pub allow_anonymous: bool,
    /// Whether a ticket with addresses must come from one of them.
    pub check_addresses: bool,
    /// Whether the inner token may be framed with Microsoft's misspelt OID.
    pub allow_ms_framing: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            services: Services::new(Vec::new()),
            skew: SKEW,
            enctypes: Enctypes::default(),
            bindings: Demand::IfPresent,
            target_name: Demand::IfPresent,
            pac: Demand::IfPresent,
            accept_domain_sids: Vec::new(),
            allow_no_checksum: false,
            accept_realms: Vec::new(),
            capaths: Vec::new(),
            allow_anonymous: false,
            check_addresses: false,
            allow_ms_framing: false,
        }
    }
}
