//! Stores of keys that the real `keytool` and `openssl` make, and clients of Java and OpenSSL that are served from them.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use arc_swap::ArcSwap;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use ticketgate::tls::{
    ClientCertificates, Identities, ServerTls, Settings, TlsError,
    keystore::{KeystoreError, Store, StoreKind, read_keystore, read_truststore},
    protocols::Protocols,
    suites::Suites,
};
use tokio::{io::AsyncWriteExt as _, net::TcpListener, runtime, sync::oneshot};

const PASSWORD: &str = "change it";

/// A folder with an authority, and a certificate of its for `gw.test`, with a key on a curve.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stores-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let folder = Self(path);
        fs::write(folder.path("password"), format!("{PASSWORD}\n")).unwrap();
        fs::write(folder.path("wrong"), "wrong password").unwrap();
        fs::write(folder.path("san"), "subjectAltName=DNS:gw.test,IP:127.0.0.1").unwrap();
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        folder.openssl(
            &[
                &["req", "-x509"],
                &curve[..],
                &["-subj", "/CN=Root", "-keyout", "root.key", "-out", "root.pem"],
            ]
            .concat(),
        );
        folder.openssl(
            &[&["req", "-new"], &curve[..], &["-subj", "/CN=gw.test", "-keyout", "gw.key", "-out", "gw.csr"]]
                .concat(),
        );
        let signed = ["x509", "-req", "-in", "gw.csr", "-CA", "root.pem", "-CAkey", "root.key"];
        folder.openssl(&[&signed[..], &["-CAcreateserial", "-extfile", "san", "-out", "gw.pem"]].concat());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A command that runs in this folder.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// What a command says. It succeeds.
    fn run(&self, program: &str, args: &[&str]) -> String {
        let output = self.command(program, args).output().expect(program);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{program} {args:?}: {said}");
        said
    }

    fn openssl(&self, args: &[&str]) {
        self.run("openssl", args);
    }

    fn keytool(&self, args: &[&str]) {
        self.run("keytool", args);
    }

    /// A PKCS#12 store of OpenSSL with the key of `gw.test` and its chain.
    fn openssl_pkcs12(&self, name: &str, more: &[&str]) -> Store {
        let chain = ["-inkey", "gw.key", "-in", "gw.pem", "-certfile", "root.pem", "-name", "gw"];
        let pass = format!("pass:{PASSWORD}");
        self.openssl(&[&["pkcs12", "-export", "-out", name, "-passout", &pass], &chain[..], more].concat());
        self.store(name)
    }

    /// A store of keytool with the key of `gw.test` and its chain.
    fn converted(&self, name: &str, kind: &str) -> Store {
        self.openssl_pkcs12("from.p12", &[]);
        let from = ["-srckeystore", "from.p12", "-srcstoretype", "PKCS12", "-srcstorepass", PASSWORD];
        let to = ["-destkeystore", name, "-deststoretype", kind, "-deststorepass", PASSWORD];
        self.keytool(&[&["-importkeystore"], &from[..], &to].concat());
        self.store(name)
    }

    /// A store of keytool that trusts the authority.
    fn trusting(&self, name: &str, kind: &str) -> Store {
        let to = ["-keystore", name, "-storetype", kind, "-storepass", PASSWORD];
        self.keytool(
            &[&["-importcert", "-noprompt", "-alias", "root", "-file", "root.pem"], &to[..]].concat(),
        );
        self.store(name)
    }

    /// A store with the right password.
    fn store(&self, name: &str) -> Store {
        Store { path: self.path(name), kind: None, password: Some(self.path("password")) }
    }

    fn certificate(&self, name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.path(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn settings(store: Store) -> Settings {
    Settings {
        identities: Identities::Store(store),
        default_host: None,
        protocols: Protocols::default(),
        suites: Suites::default(),
        client: ClientCertificates::None,
    }
}

/// A server that says `served` and the number of certificates that the client has shown, until it is dropped.
struct Server {
    address: SocketAddr,
    tls: Arc<ArcSwap<ServerTls>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    fn start(settings: Settings) -> Self {
        let tls = Arc::new(ArcSwap::from_pointee(ServerTls::load(settings).unwrap()));
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&tls);
        let serve = async move {
            loop {
                let (io, _) = listener.accept().await.unwrap();
                let Ok(mut accepted) = served.load_full().accept(io).await else { continue };
                let shown = accepted.stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
                let _ = accepted.stream.write_all(format!("served {shown}\n").as_bytes()).await;
                let _ = accepted.stream.shutdown().await;
            }
        };
        let thread = thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! { () = serve => (), _ = stopped => () }
            });
        });
        Self { address, tls, stop: Some(stop), thread: Some(thread) }
    }

    /// What OpenSSL's client says, which trusts the authority and wants the certificate to be for `gw.test`.
    fn s_client(&self, folder: &Folder, more: &[&str]) -> String {
        let to = self.address.to_string();
        let wants =
            ["-CAfile", "root.pem", "-verify_return_error", "-verify_hostname", "gw.test", "-ign_eof"];
        let args = [&["s_client", "-connect", &to, "-servername", "gw.test"], &wants[..], more].concat();
        let output = folder.command("openssl", &args).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.take();
        self.thread.take().map(thread::JoinHandle::join);
    }
}

/// The stores of every kind that there is.
fn all_kinds(folder: &Folder) -> Vec<Store> {
    let pem = ["gw.key", "root.pem", "gw.pem"].map(|name| fs::read_to_string(folder.path(name)).unwrap());
    fs::write(folder.path("store.pem"), pem.concat()).unwrap();
    vec![
        folder.converted("keytool.jks", "JKS"),
        folder.converted("keytool.p12", "PKCS12"),
        folder.openssl_pkcs12("openssl.p12", &[]),
        folder.openssl_pkcs12("legacy.p12", &["-legacy"]),
        folder.openssl_pkcs12(
            "des.p12",
            &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        ),
        folder.openssl_pkcs12("nomac.p12", &["-nomac"]),
        folder.store("store.pem"),
    ]
}

#[test]
fn stores_of_every_kind_have_the_key_and_its_chain() {
    let folder = Folder::new();
    let (own, root) = (folder.certificate("gw.pem"), folder.certificate("root.pem"));
    for store in all_kinds(&folder) {
        let entries = read_keystore(&store).unwrap();
        let [entry] = &entries[..] else { panic!("{store:?}: {entries:?}") };
        // Only JKS has its chains as they were made; others are put together, without who needs nobody's word.
        let is_jks = store.path.ends_with("keytool.jks");
        let wanted = if is_jks { vec![own.clone(), root.clone()] } else { vec![own.clone()] };
        assert_eq!(entry.chain, wanted, "{store:?}");
        let alias = if store.path.ends_with("store.pem") { "1" } else { "gw" };
        assert_eq!(entry.alias, alias, "{store:?}");
        ServerTls::load(settings(store)).unwrap();
    }
}

#[test]
fn a_store_with_several_keys_keeps_them_apart() {
    let folder = Folder::new();
    let store = folder.converted("several", "JKS");
    for (alias, kind) in [("rsa", "RSA"), ("ec", "EC")] {
        let san = format!("san=dns:{alias}.test");
        let to = ["-keystore", "several", "-storetype", "JKS", "-storepass", PASSWORD, "-keypass", PASSWORD];
        let made = ["-genkeypair", "-alias", alias, "-keyalg", kind, "-dname", "CN=x", "-ext", &san];
        folder.keytool(&[&made[..], &to].concat());
    }
    let mut aliases: Vec<_> =
        read_keystore(&store).unwrap().iter().map(|entry| entry.alias.clone()).collect();
    aliases.sort();
    assert_eq!(aliases, ["ec", "gw", "rsa"]);
    let server = Server::start(settings(store));
    for (host, kind) in [("ec.test", "ECDSA"), ("rsa.test", "RSA")] {
        let to = server.address.to_string();
        let output = folder
            .command("openssl", &["s_client", "-connect", &to, "-servername", host, "-tls1_2", "-ign_eof"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(&format!("ECDHE-{kind}-")) && said.contains("served 0"), "{said}");
    }
}

#[test]
fn a_key_of_a_kind_that_tls_has_no_more_is_told_with_its_alias() {
    let folder = Folder::new();
    let store = folder.converted("keystore", "JKS");
    let to = ["-keystore", "keystore", "-storetype", "JKS", "-storepass", PASSWORD, "-keypass", PASSWORD];
    let made = ["-genkeypair", "-alias", "old", "-keyalg", "DSA", "-keysize", "1024", "-dname", "CN=x"];
    folder.keytool(&[&made[..], &to].concat());
    let error = ServerTls::load(settings(store)).unwrap_err();
    assert!(
        matches!(&error, TlsError::Keystore(KeystoreError::Pair { alias, .. }) if alias == "old"),
        "{error}"
    );
}

#[test]
fn a_wrong_password_is_told_with_both_files() {
    let folder = Folder::new();
    for mut store in all_kinds(&folder) {
        // Nothing in it says that a password is wrong; and PEM needs none.
        if ["nomac.p12", "store.pem"].iter().any(|name| store.path.ends_with(name)) {
            continue;
        }
        store.password = Some(folder.path("wrong"));
        let error = read_keystore(&store).unwrap_err();
        assert!(matches!(error, KeystoreError::WrongPassword { .. }), "{store:?}: {error}");
        store.password = None;
        let error = read_keystore(&store).unwrap_err();
        assert!(matches!(error, KeystoreError::NoPassword { .. }), "{store:?}: {error}");
    }
}

#[test]
fn a_store_without_a_mac_and_with_a_wrong_password_is_refused() {
    let folder = Folder::new();
    let mut store = folder.openssl_pkcs12("nomac.p12", &["-nomac"]);
    store.password = Some(folder.path("wrong"));
    let error = read_keystore(&store).unwrap_err();
    assert!(matches!(error, KeystoreError::Pkcs12 { .. }), "{error}");
}

#[test]
fn a_key_with_a_password_of_its_own_is_told_with_its_alias() {
    let folder = Folder::new();
    let store = folder.converted("own.jks", "JKS");
    let change = ["-keypasswd", "-alias", "gw", "-keypass", PASSWORD, "-new", "another"];
    folder.keytool(&[&change[..], &["-keystore", "own.jks", "-storepass", PASSWORD]].concat());
    let error = read_keystore(&store).unwrap_err().to_string();
    assert!(error.contains("gw has a password of its own"), "{error}");
}

#[test]
fn truststores_of_every_kind_have_their_authority() {
    let folder = Folder::new();
    let nokeys = ["pkcs12", "-export", "-nokeys", "-in", "root.pem", "-out", "nokeys.p12"];
    folder.openssl(&[&nokeys[..], &["-passout", &format!("pass:{PASSWORD}")]].concat());
    let mut stores = vec![
        folder.trusting("trust.jks", "JKS"),
        folder.trusting("trust.p12", "PKCS12"),
        folder.store("nokeys.p12"),
        folder.store("root.pem"),
    ];
    // As in Java, the certificates of JKS can be read by anybody.
    stores.push(Store { password: None, ..stores[0].clone() });
    for store in stores {
        assert_eq!(read_truststore(&store).unwrap(), [folder.certificate("root.pem")], "{store:?}");
    }
}

#[test]
fn a_truststore_is_no_keystore_and_a_keystore_no_truststore() {
    let folder = Folder::new();
    for kind in ["JKS", "PKCS12"] {
        let error = read_keystore(&folder.trusting(&format!("trust.{kind}"), kind)).unwrap_err();
        assert!(matches!(error, KeystoreError::NoKey { .. }), "{error}");
    }
    let error = read_truststore(&folder.converted("keys.jks", "JKS")).unwrap_err();
    assert!(matches!(error, KeystoreError::NoTrust { .. }), "{error}");
}

#[test]
fn a_store_of_jceks_is_converted_by_the_command_that_the_error_names() {
    let folder = Folder::new();
    // As the old sample configuration calls it.
    let store = Store { kind: Some(StoreKind::Jceks), ..folder.converted("keystore.db", "JCEKS") };
    let error = read_keystore(&store).unwrap_err().to_string();
    let command = error.split('`').nth(1).unwrap();
    folder.run("sh", &["-c", &format!("{command} -srcstorepass '{PASSWORD}' -deststorepass '{PASSWORD}'")]);
    let converted = Store { kind: Some(StoreKind::Pkcs12), ..folder.store("keystore.db.p12") };
    assert_eq!(read_keystore(&converted).unwrap()[0].chain[0], folder.certificate("gw.pem"));
}

#[test]
fn jks_and_pkcs12_are_taken_for_each_other_as_java_does() {
    let folder = Folder::new();
    let store = Store { kind: Some(StoreKind::Jks), ..folder.converted("keystore", "PKCS12") };
    assert!(read_keystore(&store).is_ok());
    let error = read_keystore(&Store { kind: Some(StoreKind::Pem), ..store }).unwrap_err();
    assert!(matches!(error, KeystoreError::Kind { found: StoreKind::Pkcs12, .. }), "{error}");
}

/// Octets of real stores are changed and cut: each is read or refused.
#[test]
fn damaged_stores_are_refused_without_a_panic() {
    let folder = Folder::new();
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        // xorshift64: all that counts is that it is the same in every run.
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        usize::try_from(noise >> 33).unwrap() % below
    };
    let rounds = ["-iter", "1"];
    for store in [
        folder.converted("keytool.jks", "JKS"),
        folder.openssl_pkcs12("openssl.p12", &rounds),
        folder.openssl_pkcs12("nomac.p12", &[&rounds[..], &["-nomac"]].concat()),
        folder.openssl_pkcs12("legacy.p12", &[&rounds[..], &["-legacy"]].concat()),
    ] {
        let sound = fs::read(&store.path).unwrap();
        assert!(read_keystore(&store).is_ok(), "{store:?}");
        for _ in 0..500 {
            let mut octets = sound.clone();
            for _ in 0..=next(3) {
                let place = next(octets.len());
                octets[place] = u8::try_from(next(256)).unwrap();
            }
            if next(4) == 0 {
                octets.truncate(next(octets.len()));
            }
            fs::write(&store.path, &octets).unwrap();
            let _ = read_keystore(&store);
            let _ = read_truststore(&store);
        }
    }
}

#[test]
fn openssls_client_trusts_what_it_is_served_from_jks() {
    let folder = Folder::new();
    let server = Server::start(settings(folder.converted("keystore", "JKS")));
    for version in ["-tls1_2", "-tls1_3"] {
        let said = server.s_client(&folder, &[version]);
        assert!(said.contains("Verify return code: 0 (ok)") && said.contains("served 0"), "{said}");
    }
}

#[test]
fn openssls_client_takes_its_session_up_again_until_a_reload() {
    let folder = Folder::new();
    let settings = settings(folder.converted("keystore", "PKCS12"));
    let server = Server::start(settings.clone());
    // In TLS 1.2 the ticket is a part of the handshake.
    let said = server.s_client(&folder, &["-tls1_2", "-sess_out", "session"]);
    assert!(said.contains("New, TLSv1.2"), "{said}");
    let said = server.s_client(&folder, &["-tls1_2", "-sess_in", "session"]);
    assert!(said.contains("Reused, TLSv1.2"), "{said}");
    let next = server.tls.load().successor(settings).unwrap();
    server.tls.store(Arc::new(next));
    let said = server.s_client(&folder, &["-tls1_2", "-sess_in", "session"]);
    assert!(said.contains("New, TLSv1.2"), "{said}");
}

#[test]
fn openssls_client_is_let_in_by_the_truststore() {
    let folder = Folder::new();
    let truststore = folder.trusting("truststore.db", "JKS");
    let client = ClientCertificates::Required(truststore);
    let server = Server::start(Settings { client, ..settings(folder.converted("keystore", "JKS")) });
    let said = server.s_client(&folder, &["-tls1_2", "-cert", "gw.pem", "-key", "gw.key"]);
    // OpenSSL sends the authority too.
    assert!(said.contains("served 2"), "{said}");
    let said = server.s_client(&folder, &["-tls1_2"]);
    assert!(!said.contains("served"), "{said}");
}

#[test]
fn javas_client_is_served() {
    let folder = Folder::new();
    let server = Server::start(settings(folder.openssl_pkcs12("keystore", &[])));
    let said = folder.run("keytool", &["-printcert", "-rfc", "-sslserver", &server.address.to_string()]);
    let shown = CertificateDer::from_pem_slice(said.as_bytes()).unwrap();
    assert_eq!(shown, folder.certificate("gw.pem"));
}
