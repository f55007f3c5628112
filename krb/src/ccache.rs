//! Credential caches: the tickets of one client with their session keys, in the file format of MIT krb5 and
//! Heimdal.
//!
//! The format is described in MIT krb5's doc/formats/ccache_file_format.rst; where that is silent, its
//! src/lib/krb5/ccache/ccmarshal.c decides. Versions 4 and 3 are read, version 4 is written. Versions 1 and 2
//! have numbers in the byte order of a machine that the file does not name.

mod read;
mod write;

use crate::flags::Flags;
use crate::msg::HostAddress;
use crate::msg::opened::{AuthorizationDataElement, EncryptionKey};
use crate::name::{NT_PRINCIPAL, Principal, PrincipalName};
use crate::octets::Octets;

/// The longest file that is read, in octets: a ticket has at most some 64 KiB.
pub const MAX_LENGTH: usize = 16 * 1024 * 1024;

/// The most components that a name may have, and the most addresses or authorization data of a ticket.
///
/// Names have three components at most, tickets a few addresses.
pub const MAX_COUNT: u32 = 256;

/// The first octet of every version of the format.
const FORMAT: u8 = 5;

/// The tag of the header's field with the time offset.
const TAG_TIME_OFFSET: u16 = 1;

/// The realm that makes an entry one of configuration.
const CONFIG_REALM: &str = "X-CACHECONF:";

/// The realm that Heimdal and MIT krb5 give to a configuration entry that is removed.
const REMOVED_CONFIG_REALM: &str = "X-RMED-CONF:";

/// The first component of the name of every configuration entry.
const CONFIG_NAME: &str = "krb5_ccache_conf_data";

/// The tickets of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ccache {
    /// How far the KDC's clock is from the client's, where the client kept that.
    pub time_offset: Option<TimeOffset>,
    /// The client.
    pub principal: Principal,
    /// Tickets and configuration entries in the order of the file, without those that were removed.
    pub credentials: Vec<Credential>,
}

/// What to add to the client's clock to get the KDC's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOffset {
    /// Seconds.
    pub seconds: i32,
    /// Microseconds beyond them.
    pub microseconds: i32,
}

/// A ticket and what its owner must know to use it; or a configuration entry, see [`Self::is_config`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose ticket it is.
    pub client: Principal,
    /// What it is for.
    pub server: Principal,
    /// The session key.
    pub key: EncryptionKey,
    /// When the ticket is valid.
    pub times: Times,
    /// Whether the ticket is sealed with the session key of [`Self::second_ticket`] (user to user).
    pub is_skey: bool,
    /// What the ticket may be used for, see [`flags::ticket`](crate::flags::ticket). The file holds 32 of them.
    pub flags: Flags,
    /// The addresses it may be presented from; none means any.
    pub addresses: Vec<HostAddress>,
    /// Authorization data that was asked for with it.
    pub authdata: Vec<AuthorizationDataElement>,
    /// The encoded ticket; of a configuration entry the value.
    pub ticket: Octets,
    /// The other ticket of user to user, empty as a rule.
    pub second_ticket: Octets,
}

/// When a ticket is valid, in seconds since 1970; 0 where the KDC did not say. They last until 2106.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When the client proved who it is.
    pub auth: u32,
    /// When the ticket starts to be valid; 0 means at `auth`.
    pub start: u32,
    /// When it ends.
    pub end: u32,
    /// Until when it can be renewed.
    pub renew_till: u32,
}

/// Why octets are no credential cache, or a credential cache has no octets.
///
/// [`Self::Truncated`] may go away when the file is read again later, no other does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CcacheError {
    /// A field of the header is cut by the header's end, or has another length than its tag asks for.
    #[error("the header's field at octet {at} has an impossible length")]
    Header {
        /// Where in the file the field begins.
        at: usize,
    },
    /// It does not begin as a credential cache does.
    #[error("not a credential cache: the first octet is {found:#04x}, not 0x05")]
    NotACcache {
        /// The first octet.
        found: u8,
    },
    /// The file is longer than [`MAX_LENGTH`].
    #[error("a credential cache of {length} octets is too long; {MAX_LENGTH} are the most")]
    TooLong {
        /// Its length in octets.
        length: usize,
    },
    /// A name has more components than [`MAX_COUNT`], or a ticket more addresses or authorization data.
    #[error("the list at octet {at} has {count} elements; {MAX_COUNT} are the most")]
    TooMany {
        /// Where in the file the count stands.
        at: usize,
        /// The elements it claims.
        count: u32,
    },
    /// The file ends within its header, the client's name or a credential.
    #[error(
        "the file ends within what begins at octet {entry}: its field at octet {at} lacks {missing} octets"
    )]
    Truncated {
        /// Where in the file the header, the name or the credential begins.
        entry: usize,
        /// Where in the file the field begins that is cut.
        at: usize,
        /// How many octets that field lacks.
        missing: usize,
    },
    /// A credential has a part that the format has no room for.
    #[error("credential number {index} does not fit into a file: a part is too long or a number too great")]
    UnwritableCredential {
        /// Its place among the credentials, from 0.
        index: usize,
    },
    /// The name of the client has too many components for the format.
    #[error("the client's name does not fit into a file: it has too many components or is too long")]
    UnwritableName,
    /// It is a credential cache of a version that is not read.
    #[error(
        "the credential cache has version {found:04x}; set ccache_type = 4 in krb5.conf and get tickets anew"
    )]
    Version {
        /// The version.
        found: u16,
    },
}

impl Ccache {
    /// The value that is configured as `key` for `service`, or for all where that is `None`.
    #[must_use]
    pub fn config(&self, key: &str, service: Option<&Principal>) -> Option<&[u8]> {
        let server = config_principal(key, service);
        let entry = self.credentials.iter().find(|entry| {
            entry.server.krb_realm == server.krb_realm && entry.server.name.same_name(&server.name)
        })?;
        Some(&entry.ticket)
    }
}

impl Credential {
    /// An entry that configures `value` as `key` for `service`, or for all where that is `None`.
    #[must_use]
    pub fn for_config(client: Principal, key: &str, service: Option<&Principal>, value: &[u8]) -> Self {
        Self {
            client,
            server: config_principal(key, service),
            key: EncryptionKey::new(0, Vec::new()),
            times: Times::default(),
            is_skey: false,
            flags: Flags::from(0),
            addresses: Vec::new(),
            authdata: Vec::new(),
            ticket: value.into(),
            second_ticket: Octets::default(),
        }
    }

    /// Whether this is no ticket but a value that some program keeps beside them.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.server.krb_realm.as_octets() == CONFIG_REALM.as_bytes()
    }

    /// Whether the entry was removed, which is done in place.
    ///
    /// Heimdal and MIT krb5 set the end of such a ticket to 0. Entries that never had an end have no other time
    /// either, or MIT makes sure that they have. Both give configuration that is removed another realm.
    fn is_removed(&self) -> bool {
        (self.times.end == 0 && self.times.auth != 0)
            || self.server.krb_realm.as_octets() == REMOVED_CONFIG_REALM.as_bytes()
    }
}

/// The name that stands for a configured value.
fn config_principal(key: &str, service: Option<&Principal>) -> Principal {
    let mut name = PrincipalName::new(NT_PRINCIPAL, [CONFIG_NAME, key]);
    name.name_string.extend(service.map(|service| service.to_string().into()));
    Principal { name, krb_realm: CONFIG_REALM.into() }
}

#[cfg(test)]
mod tests;
