//! `ticketgate tgg`: from flags to settings.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::Args as ClapArgs;
use tgg::{
    network::{Network, Networks},
    routes::{KDC_PORT, KPASSWD_PORT, KrbRealm},
};

use super::web::{self, address, seconds};
use crate::{
    gateway::{Kind, Serves, Settings, granting::Granting},
    hall::Carriers,
    kdc::{named::RealmServers, resolve::Lookup},
    pages::OriginError,
};

/// The flags of `tgg`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    web: web::Args,
    /// Address for Kerberos over TCP and UDP, under the same policy
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen_raw: Option<SocketAddr>,
    /// A realm and its KDCs, in the order to ask them, such as TGG.TEST=kdc1,kdc2:1088
    #[arg(long, value_name = "REALM=HOST[:PORT],...")]
    kdc: Vec<RealmServers>,
    /// A realm and its password servers, such as TGG.TEST=kdc1
    #[arg(long, value_name = "REALM=HOST[:PORT],...")]
    kpasswd: Vec<RealmServers>,
    /// A realm whose KDCs and password servers are looked up in the DNS (URI and SRV records)
    #[arg(long, value_name = "REALM")]
    discover: Vec<String>,
    /// Network where looked-up servers may be; without any: everywhere but this host and its link
    #[arg(long, value_name = "CIDR")]
    kdc_network: Vec<Network>,
    /// Port that discovered servers may have beside 88 and 464
    #[arg(long, value_name = "PORT")]
    kdc_port: Vec<u16>,
    /// DNS server to ask instead of the system's
    #[arg(long, value_name = "ADDR", value_parser = address)]
    dns_server: Option<SocketAddr>,
    /// Seconds until an exchange with a realm's KDCs is given up; MIT clients go elsewhere after 10
    #[arg(long, value_name = "SECONDS", default_value = "9", value_parser = seconds)]
    deadline: Duration,
    /// AS requests for one principal a second, ten times as many at once; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 5)]
    principal_rate: u32,
}

/// Why flags that are each sound cannot be used together. The operator's fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A password server without a KDC.
    #[error("--kpasswd names a realm that no --kdc or --discover names")]
    KpasswdAlone,
    /// No realm at all.
    #[error("no realm is served; name one with --kdc REALM=HOST or --discover REALM")]
    NoRealm,
    /// An origin that is none.
    #[error("--allow-origin: {0}")]
    Origin(#[from] OriginError),
}

impl Args {
    /// The configuration that is served in place of flags.
    #[must_use]
    pub const fn config(&self) -> Option<&PathBuf> {
        self.web.config()
    }

    /// How many threads serve.
    #[must_use]
    pub fn threads(&self) -> NonZeroUsize {
        self.web.threads()
    }

    /// The settings that the flags come to.
    ///
    /// # Errors
    ///
    /// Any [`SettingsError`].
    pub fn settings(self) -> Result<Settings, SettingsError> {
        let mut realms: Vec<KrbRealm> = Vec::new();
        for servers in self.kdc {
            let kdcs = servers.at(KDC_PORT);
            realms.push(KrbRealm { name: servers.krb_realm, kdcs, ..KrbRealm::default() });
        }
        for name in self.discover {
            realms.push(KrbRealm { name, discover: true, ..KrbRealm::default() });
        }
        if realms.is_empty() {
            return Err(SettingsError::NoRealm);
        }
        for servers in self.kpasswd {
            let realm = realms
                .iter_mut()
                .find(|realm| realm.name.eq_ignore_ascii_case(&servers.krb_realm))
                .ok_or(SettingsError::KpasswdAlone)?;
            realm.kpasswds.extend(servers.at(KPASSWD_PORT));
        }
        let granting = Granting {
            realms,
            principal_rate: self.principal_rate,
            lookup: Lookup {
                dns_server: self.dns_server,
                networks: Networks { named: self.kdc_network },
                ports: self.kdc_port,
            },
            deadline: self.deadline,
        };
        let mut settings = self.web.settings("tgg", Kind::Granting(granting), None)?;
        settings
            .halls
            .extend(self.listen_raw.map(|listen| self.web.hall(listen, Serves::Raw(0, Carriers::Both))));
        Ok(settings)
    }
}
