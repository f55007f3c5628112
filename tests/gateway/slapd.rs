//! OpenLDAP's server with a small directory, on free ports of this host.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use ticketgate::ambient;

use crate::{authority::authority, world::PATIENCE};

/// People, groups and the account of the gateway. Names, passwords and attributes are what tests ask for.
const ENTRIES: &str = "\
dn: dc=example
objectClass: domain
dc: example

dn: cn=gateway,dc=example
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: gateway
userPassword: g4te

dn: ou=people,dc=example
objectClass: organizationalUnit
ou: people

dn: uid=joe,ou=people,dc=example
objectClass: inetOrgPerson
uid: joe
cn: Joe
sn: Doe
mail: joe@example.com
mail: doe@example.com
employeeNumber: AUTHORIZED
title: not a role
memberOf: cn=walkers,ou=elsewhere,dc=example
userPassword: welcome

dn: uid=amy,ou=people,dc=example
objectClass: inetOrgPerson
uid: amy
cn: Amy
sn: Roe
userPassword: am:y

dn: uid=twin,ou=people,dc=example
objectClass: inetOrgPerson
uid: twin
cn: One
sn: Same
userPassword: same

dn: cn=Two,ou=people,dc=example
objectClass: inetOrgPerson
uid: twin
cn: Two
sn: Same
userPassword: same

dn: uid=o\\2Chara\\2Bx\\3D\\5C\\22,ou=people,dc=example
objectClass: inetOrgPerson
uid: o,hara+x=\\\"
cn: Pat
sn: O'Hara
userPassword: pat

dn: uid=*,ou=people,dc=example
objectClass: inetOrgPerson
uid: *
cn: Star
sn: Star
userPassword: star

dn: cn=nopw,ou=people,dc=example
objectClass: inetOrgPerson
cn: nopw
uid: nopw
sn: None

dn: ou=groups,dc=example
objectClass: organizationalUnit
ou: groups

dn: cn=staff,ou=groups,dc=example
objectClass: groupOfNames
cn: staff
description: ALL STAFF
member: uid=joe,ou=people,dc=example

dn: cn=boss,ou=groups,dc=example
objectClass: groupOfNames
cn: boss
member: uid=amy,ou=people,dc=example
";

/// A server, stopped when dropped.
pub(crate) struct Slapd {
    dir: PathBuf,
    child: Option<Child>,
    /// Where it speaks in the clear, and goes on with TLS if asked to.
    pub(crate) port: u16,
    /// Where it speaks TLS from the start.
    pub(crate) tls_port: u16,
}

impl Slapd {
    /// Starts one.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// Starts one with these further lines in its configuration.
    pub(crate) fn with(more: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("slapd-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let data = dir.join("data");
        fs::create_dir_all(&data).unwrap();
        let authority = authority();
        let (dir_name, ca) = (dir.display(), authority.anchor.display());
        let (certificate, key) = (authority.certificate.display(), authority.key.display());
        let conf = format!(
            "include /etc/ldap/schema/core.schema\n\
             include /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\n\
             modulepath /usr/lib/ldap\n\
             moduleload back_mdb\n\
             moduleload memberof\n\
             pidfile {dir_name}/slapd.pid\n\
             TLSCACertificateFile {ca}\n\
             TLSCertificateFile {certificate}\n\
             TLSCertificateKeyFile {key}\n\
             {more}\n\
             database mdb\n\
             suffix dc=example\n\
             rootdn cn=root,dc=example\n\
             directory {}\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact=cn=gateway,dc=example read by users read by * none\n",
            data.display()
        );
        fs::write(dir.join("slapd.conf"), conf).unwrap();
        fs::write(dir.join("entries.ldif"), ENTRIES).unwrap();
        let loaded = Command::new("/usr/sbin/slapadd")
            .args(["-q", "-f"])
            .arg(dir.join("slapd.conf"))
            .arg("-l")
            .arg(dir.join("entries.ldif"))
            .output()
            .expect("slapadd is needed: testkdc/packages tests");
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        // Both are held until both are known, so that they differ.
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [port, tls_port] = free.map(|listener| listener.local_addr().unwrap().port());
        let mut slapd = Self { dir, child: None, port, tls_port };
        slapd.run();
        slapd
    }

    /// Starts it again at the same ports.
    pub(crate) fn run(&mut self) {
        // The second host is one that the certificate is not for.
        let urls = format!(
            "ldap://127.0.0.1:{0}/ ldaps://127.0.0.1:{1}/ ldap://127.0.0.2:{0}/ ldaps://127.0.0.2:{1}/",
            self.port, self.tls_port
        );
        let log = fs::File::create(self.dir.join("log")).unwrap();
        let child = Command::new("/usr/sbin/slapd")
            .args(["-h", &urls, "-d", "stats", "-f"])
            .arg(self.dir.join("slapd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let patience = ambient::now() + PATIENCE;
        for port in [self.port, self.tls_port] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(ambient::now() < patience, "slapd does not start:\n{}", self.log());
                thread::yield_now();
            }
        }
    }

    /// Ends it, and all its connections with it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What it says of the requests that came.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// The URL of people on it, without TLS from the start.
    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}/ou=people,dc=example", self.port)
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            eprintln!("--- slapd's log ---\n{}", self.log());
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}
