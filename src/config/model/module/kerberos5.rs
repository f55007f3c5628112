//! The options of `kerberos5`: the keytab, and where passwords are asked for how they are judged.

use std::{path::PathBuf, time::Duration};

use krb::name::RealmName;
use tgg::routes::{KDC_PORT, KrbRealm};
use tpg::services::Pattern;

use super::reading::Reading;
use crate::{config::spanned::Spanned, kdc::named::RealmServers};

/// Options of `kerberos5`.
#[derive(Clone, Debug)]
pub struct Kerberos5 {
    /// Keys of the services whose tickets are accepted.
    pub keytab: Spanned<PathBuf>,
    /// Those services; without any, `HTTP` on every host.
    pub principals: Vec<Pattern>,
    /// KDCs that judge passwords. Those of other realms are looked up in the DNS.
    pub krb_realms: Vec<KrbRealm>,
    /// The realm of users who write none; the keytab's without.
    pub default_realm: Option<String>,
    /// Realms beside the keytab's whose users may log in.
    pub accept_realms: Vec<RealmName>,
    /// In which a password must be judged.
    pub timeout: Duration,
}

impl Kerberos5 {
    /// Whether anything is said of how passwords are judged.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.krb_realms.is_empty() || self.default_realm.is_some() || !self.accept_realms.is_empty()
    }
}

impl Reading<'_, '_> {
    /// What the fields come to.
    pub(super) fn kerberos5(&mut self) -> Option<Kerberos5> {
        let principals = self.each("principal", str::parse::<Pattern>);
        let kdcs = self.each("kdc", str::parse::<RealmServers>).into_iter().map(|servers| {
            let kdcs = servers.at(KDC_PORT);
            KrbRealm { name: servers.krb_realm, kdcs, ..KrbRealm::default() }
        });
        Some(Kerberos5 {
            krb_realms: kdcs.collect(),
            principals,
            default_realm: self.fields.text("defaultRealm").map(|text| text.value),
            accept_realms: self.names("acceptRealm").into_iter().map(RealmName::from).collect(),
            timeout: self.time("timeout", 5),
            keytab: self.path("keyTab")?,
        })
    }
}
