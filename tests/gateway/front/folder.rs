//! A folder with a configuration that can be changed, certificates, and clients that trust them.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};

use super::configuration;
use crate::{identity::TlsStream, world::Gateway, ws_client::plain};

/// The folder. It goes when it is dropped.
pub(super) struct Folder {
    path: PathBuf,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Folder {
    /// One with a keystore for `gw.test` and a truststore with its authority, which signed a client's certificate too.
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("front-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Front tests");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let authority = CertifiedIssuer::self_signed(params, p256()).unwrap();
        let folder = Self { path, authority };
        folder.write("truststore.pem", &folder.authority.pem());
        folder.write("client.pem", &folder.signed("client.test"));
        folder.keystore(&["gw.test"]);
        folder
    }

    /// Puts a keystore there with a new certificate and key for each of these hosts.
    pub(super) fn keystore(&self, hosts: &[&str]) {
        let signed: Vec<_> = hosts.iter().map(|host| self.signed(host)).collect();
        self.write("keystore.pem", &signed.concat());
    }

    /// A key and its certificate.
    fn signed(&self, host: &str) -> String {
        let key = p256();
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        key.serialize_pem() + &params.signed_by(&key, &self.authority).unwrap().pem()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where a file is, for a command line.
    pub(super) fn named(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    /// Puts a configuration there: services, the stores, and whatever is in front of them.
    pub(super) fn configure(&self, services: &str) {
        let stores = "<security><keystore><type>PEM</type><file>keystore.pem</file></keystore>\
                      <truststore><type>PEM</type><file>truststore.pem</file></truststore></security>";
        self.write("gateway-config.xml", &configuration(&format!("{services}{stores}")));
    }

    /// Starts what these services are, with the stores.
    pub(super) fn run(&self, services: &str) -> Gateway {
        self.configure(services);
        self.start(&[])
    }

    /// Starts what is configured.
    pub(super) fn start(&self, flags: &[&str]) -> Gateway {
        let file = self.file("gateway-config.xml");
        let ways = fs::read_to_string(&file).unwrap().matches("<accept>").count();
        Gateway::serving("run", &file, flags, ways)
    }

    /// A connection over TLS to a host there, which must show a certificate for it.
    pub(super) fn connect(&self, host: &'static str, to: SocketAddr) -> std::io::Result<TlsStream> {
        let mut connection = self.client(host);
        let mut stream = plain(to);
        connection.complete_io(&mut stream)?;
        Ok(StreamOwned::new(connection, stream))
    }

    /// A connection whose handshake has begun: the gateway waits for its end.
    pub(super) fn halfway(&self, to: SocketAddr) -> TcpStream {
        let mut stream = plain(to);
        self.client("gw.test").write_tls(&mut stream).unwrap();
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1, "the gateway has answered");
        stream
    }

    fn client(&self, host: &'static str) -> ClientConnection {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.file("truststore.pem")).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        ClientConnection::new(Arc::new(config), ServerName::try_from(host).unwrap()).unwrap()
    }

    /// What the client of OpenSSL says of its handshake with `gw.test` there, and whether there was one.
    pub(super) fn s_client(&self, to: SocketAddr, flags: &[&str]) -> (bool, String) {
        let (to, anchor) = (to.to_string(), self.named("truststore.pem"));
        let always = ["s_client", "-brief", "-connect", &to, "-CAfile", &anchor, "-verify_return_error"];
        let output = run("openssl", &[&always[..], flags].concat());
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// What curl fetches from `/in` of `gw.test` there: the status of the answer, 0 if there is none.
    pub(super) fn curl(&self, to: SocketAddr, flags: &[&str]) -> u16 {
        let resolve = format!("gw.test:{}:{}", to.port(), to.ip());
        let url = format!("https://gw.test:{}/in", to.port());
        let anchor = self.named("truststore.pem");
        let always = ["--silent", "--noproxy", "*", "--cacert", &anchor, "--resolve", &resolve];
        let shows = ["--write-out", "%{http_code}", "--output", "/dev/null", &url];
        let output = run("curl", &[&always[..], &shows, flags].concat());
        String::from_utf8_lossy(&output.stdout).parse().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn p256() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).stdin(Stdio::null()).output().expect(program)
}
