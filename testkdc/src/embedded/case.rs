//! One request on its way through the KDC: what it is judged by, and what is known of it so far.

use krb::name::{Principal, PrincipalName};

use super::dice::Dice;
use super::exchange::Kind;
use super::forge::Forge;
use super::moment::Now;
use super::records::Records;

/// What every step needs, and what the record of the exchange will say.
pub(super) struct Case<'a> {
    pub(super) records: &'a Records,
    pub(super) now: Now,
    pub(super) dice: Dice<'a>,
    pub(super) forge: Option<&'a dyn Forge>,
    pub(super) kind: Kind,
    pub(super) client: Option<Principal>,
    pub(super) server: Option<Principal>,
}

impl Case<'_> {
    /// A principal of this realm.
    pub(super) fn ours(&self, name: &PrincipalName) -> Principal {
        Principal { name: name.clone(), krb_realm: self.records.krb_realm.clone() }
    }
}
