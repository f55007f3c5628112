//! A running realm: its addresses, its keys, its people and its log.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::builder::{Builder, Place};
use crate::client::Client;
use crate::control::Control;
use crate::daemon::Daemon;
use crate::error::Error;
use crate::krb5_conf::Krb5Conf;
use crate::port::{self, Port};

/// Letters in the large principals' names; `realm/setup.sh` has the same number.
const LARGE: usize = 1000;

/// A realm with its servers. They stop and its files go when it is dropped.
///
/// Users are `alice`, `bob`, `expired` (the account), `pwexpired` (the password), `lockable` (locked after
/// three failures), `nopreauth`, `müller` and [`large_user`](Self::large_user); each one's password is the
/// name with `pw` behind it, `largepw` for the last. Services are `HTTP/gw.tgg.test`,
/// `HTTP/localhost`, `host/svc.tgg.test` and [`large_service`](Self::large_service).
#[derive(Debug)]
pub struct Realm {
    name: String,
    place: Place,
    kdc: Daemon,
    kadmind: Daemon,
    count: AtomicU32,
    control: Arc<Control>,
    _kadmin: Port,
}

impl Realm {
    /// Begins to say what the realm should be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        name: String,
        place: Place,
        control: Arc<Control>,
        kdc: Daemon,
        kadmind: Daemon,
        kadmin: Port,
    ) -> Self {
        Self { name, place, kdc, kadmind, count: AtomicU32::new(2), control, _kadmin: kadmin }
    }

    /// The realm's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the servers run.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The directory with everything that belongs to the realm.
    pub fn dir(&self) -> &Path {
        self.control.dir()
    }

    /// Where the KDC listens, with UDP and with TCP.
    pub fn kdc_addr(&self) -> SocketAddr {
        self.kdc.addr()
    }

    /// Where passwords are changed, with UDP and with TCP.
    pub fn kpasswd_addr(&self) -> SocketAddr {
        self.kadmind.addr()
    }

    /// The KDC, to kill or freeze it.
    pub fn kdc(&self) -> &Daemon {
        &self.kdc
    }

    /// The server that changes passwords.
    pub fn kadmind(&self) -> &Daemon {
        &self.kadmind
    }

    /// What the KDC has logged so far.
    pub fn kdc_log(&self) -> String {
        self.kdc.log()
    }

    /// Starts a further KDC on the same database and another port.
    ///
    /// # Errors
    ///
    /// [`Error::Server`] if it does not come up; another try takes another port.
    pub fn second_kdc(&self) -> Result<Daemon, Error> {
        let name = format!("kdc{}", self.next());
        Daemon::start(Arc::clone(&self.control), name, port::take()?)
    }

    /// The user whose name makes every message long: requests for a TGT still fit a datagram, replies are
    /// beyond the 4096 octets up to which the KDC answers over UDP.
    pub fn large_user(&self) -> String {
        format!("large-{}", "x".repeat(LARGE))
    }

    /// The service whose tickets are long for the same reason.
    pub fn large_service(&self) -> String {
        format!("HTTP/large-{}.tgg.test", "x".repeat(LARGE))
    }

    /// Exports the current keys of a service and returns the keytab.
    ///
    /// # Errors
    ///
    /// [`Error::Kadmin`] if the realm has no such principal.
    pub fn keytab(&self, spn: &str) -> Result<PathBuf, Error> {
        let file = self.dir().join(format!("{}.keytab", self.next()));
        self.kadmin(&format!("ktadd -norandkey -k \"{}\" {spn}", file.display()))?;
        Ok(file)
    }

    /// Adds a user who must pre-authenticate.
    ///
    /// # Errors
    ///
    /// [`Error::Kadmin`] if there is one already.
    pub fn add_user(&self, name: &str, password: &str) -> Result<(), Error> {
        self.kadmin(&format!("add_principal -pw \"{password}\" +requires_preauth {name}")).map(drop)
    }

    /// Adds a service with random keys.
    ///
    /// # Errors
    ///
    /// [`Error::Kadmin`] if there is one already.
    pub fn add_service(&self, spn: &str) -> Result<(), Error> {
        self.kadmin(&format!("add_principal -randkey {spn}")).map(drop)
    }

    /// Runs a query of `kadmin.local`, such as `getprinc alice`, and returns what it printed.
    ///
    /// # Errors
    ///
    /// [`Error::Kadmin`] with what it said if it refuses.
    pub fn kadmin(&self, query: &str) -> Result<String, Error> {
        self.control.kadmin(query)
    }

    /// What a client needs to reach this realm directly.
    pub fn direct(&self) -> Krb5Conf {
        Krb5Conf::new().kdc(self.kdc_addr()).kpasswd_server(self.kpasswd_addr())
    }

    /// A client that talks to the KDC directly.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if its files cannot be written.
    pub fn client(&self) -> Result<Client, Error> {
        self.client_with(&self.direct())
    }

    /// A client with another configuration, for instance one that knows only a gateway.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if its files cannot be written.
    pub fn client_with(&self, conf: &Krb5Conf) -> Result<Client, Error> {
        let dir = self.dir().join(format!("client{}", self.next()));
        Client::new(dir, &conf.render(&self.name))
    }

    /// Writes a `krb5.conf` for programs that bring their own environment.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be written.
    pub fn krb5_conf(&self, conf: &Krb5Conf) -> Result<PathBuf, Error> {
        let file = self.dir().join(format!("krb5-{}.conf", self.next()));
        fs::write(&file, conf.render(&self.name)).map_err(Error::io(&file))?;
        Ok(file)
    }

    /// A number that no file and no server of this realm has yet.
    fn next(&self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        // Not left to the last reference: a daemon may outlive its realm.
        self.control.close();
    }
}
