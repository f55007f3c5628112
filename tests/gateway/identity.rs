//! A server's certificate and key in PEM files, and clients that trust it alone.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::world::PATIENCE;

/// TLS from a client to the gateway.
pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A self-signed P-256 certificate for localhost and its key. The files go when it is dropped.
pub(crate) struct Identity {
    dir: PathBuf,
    certificate: CertificateDer<'static>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let dir = dir.join(format!("identity-{}-{count}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let mut identity = Self { dir, certificate: Vec::new().into() };
        identity.renew();
        identity
    }

    /// Puts another certificate and key into the files.
    pub(crate) fn renew(&mut self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.certificate_file(), made.cert.pem()).unwrap();
        fs::write(self.key_file(), made.signing_key.serialize_pem()).unwrap();
        self.certificate = made.cert.der().clone();
    }

    pub(crate) fn certificate_file(&self) -> PathBuf {
        self.dir.join("certificate.pem")
    }

    fn key_file(&self) -> PathBuf {
        self.dir.join("key.pem")
    }

    /// The certificate in DER.
    pub(crate) fn der(&self) -> Vec<u8> {
        self.certificate.to_vec()
    }

    /// `--tls-cert` and `--tls-key` with their files.
    pub(crate) fn flags(&self) -> [String; 4] {
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        ["--tls-cert".into(), path(self.certificate_file()), "--tls-key".into(), path(self.key_file())]
    }

    /// What a client must trust to reach a server with this certificate and no other.
    pub(crate) fn trust(&self) -> Trust {
        Trust(self.certificate.clone())
    }

    /// Opens a connection as [`Trust::connect`] does.
    pub(crate) fn connect(&self, to: SocketAddr) -> std::io::Result<TlsStream> {
        self.trust().connect(to)
    }
}

/// A client's trust in one certificate.
pub(crate) struct Trust(CertificateDer<'static>);

impl Trust {
    /// Opens a connection; an error says that the server is another.
    pub(crate) fn connect(&self, to: SocketAddr) -> std::io::Result<TlsStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.clone()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        connection.complete_io(&mut stream)?;
        Ok(StreamOwned::new(connection, stream))
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
