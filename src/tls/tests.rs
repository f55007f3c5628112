//! Tests of server and client TLS: handshakes between the two over a stream in memory.

pub(crate) mod made;

use rustls::{
    CipherSuite, ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, SignatureScheme,
    crypto::aws_lc_rs,
};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_rustls::{TlsConnector, client};

use self::made::{Authority, Folder, Host, stored};
use super::{
    binding::end_point,
    client::{Authorities, ClientSettings},
    keystore::Store,
    *,
};

/// A server with these certificates in a PEM store.
fn settings(folder: &Folder, hosts: &[&Host]) -> Settings {
    let pem: String = hosts.iter().map(|host| host.pem()).collect();
    Settings {
        identities: Identities::Store(folder.store(pem)),
        default_host: None,
        protocols: Protocols::default(),
        suites: Suites::default(),
        client: ClientCertificates::None,
    }
}

fn server(folder: &Folder, hosts: &[&Host]) -> ServerTls {
    ServerTls::load(settings(folder, hosts)).unwrap()
}

/// A client that trusts this authority alone.
fn client(folder: &Folder, authority: &Authority) -> ClientSettings {
    let path = folder.file("authority.pem", authority.pem());
    ClientSettings { authorities: Authorities::pem(&path), ..ClientSettings::default() }
}

type Client = client::TlsStream<DuplexStream>;

/// What both sides say of a handshake for this host.
async fn shake(
    server: &ServerTls,
    client: Arc<ClientConfig>,
    host: &str,
) -> (io::Result<Accepted<DuplexStream>>, io::Result<Client>) {
    let (near, far) = duplex(64 * 1024);
    let host = ServerName::try_from(host.to_owned()).unwrap();
    tokio::join!(server.accept(near), TlsConnector::from(client).connect(host, far))
}

/// A connection for this host that both sides agree to.
async fn open(server: &ServerTls, client: Arc<ClientConfig>, host: &str) -> (Accepted<DuplexStream>, Client) {
    let (accepted, connected) = shake(server, client, host).await;
    (accepted.unwrap(), connected.unwrap())
}

/// Says something in both directions.
async fn talk(accepted: &mut Accepted<DuplexStream>, client: &mut Client) {
    let mut heard = [0; 2];
    client.write_all(b"hi").await.unwrap();
    accepted.stream.read_exact(&mut heard).await.unwrap();
    accepted.stream.write_all(&heard).await.unwrap();
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hi");
}

/// The certificate that the client was shown.
fn shown(client: &Client) -> CertificateDer<'static> {
    client.get_ref().1.peer_certificates().unwrap()[0].clone()
}

#[tokio::test]
async fn the_host_that_a_client_names_chooses_the_certificate() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let hosts = ["one.test", "two.test", "*.wild.test"].map(|name| root.host(name));
    let server = server(&folder, &hosts.each_ref());
    let client = client(&folder, &root).load().unwrap();
    for (name, host) in [
        ("two.test", &hosts[1]),
        ("one.test", &hosts[0]),
        ("TWO.test", &hosts[1]),
        ("a.wild.test", &hosts[2]),
    ] {
        let (_, connected) = open(&server, Arc::clone(&client), name).await;
        assert_eq!(shown(&connected), host.der(), "{name}");
    }
}

#[tokio::test]
async fn a_name_goes_before_a_wildcard() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let hosts = ["*.wild.test", "a.wild.test"].map(|name| root.host(name));
    let server = server(&folder, &hosts.each_ref());
    let (_, connected) = open(&server, client(&folder, &root).load().unwrap(), "a.wild.test").await;
    assert_eq!(shown(&connected), hosts[1].der());
}

#[test]
fn who_names_no_known_host_is_shown_that_of_the_default_host_or_the_first() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let hosts = ["one.test", "two.test", "10.0.0.1"].map(|name| root.host(name));
    for (default_host, wanted) in [
        (None, 0),
        (Some("TWO.test"), 1),
        (Some("10.0.0.1"), 2),
        (Some("three.test"), 0),
        (Some("0.0.0.0"), 0),
    ] {
        let default_host = default_host.map(str::to_owned);
        let settings = Settings { default_host, ..settings(&folder, &hosts.each_ref()) };
        let server = ServerTls::load(settings).unwrap();
        let generation = &server.generation;
        for named in [None, Some("other.test")] {
            assert_eq!(generation.choose(named, &[]).key.cert[0], hosts[wanted].der(), "{named:?}");
        }
    }
}

#[test]
fn of_two_kinds_of_key_the_first_that_the_client_can_verify_is_used() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let hosts =
        [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_RSA_SHA256].map(|kind| root.host_with("gw.test", kind));
    let server = server(&folder, &hosts.each_ref());
    let generation = &server.generation;
    for (schemes, host) in [
        (&[SignatureScheme::RSA_PSS_SHA256, SignatureScheme::ECDSA_NISTP256_SHA256][..], &hosts[0]),
        (&[SignatureScheme::RSA_PSS_SHA256], &hosts[1]),
        (&[SignatureScheme::ED25519], &hosts[0]),
    ] {
        assert_eq!(generation.choose(Some("gw.test"), schemes).key.cert[0], host.der(), "{schemes:?}");
    }
}

#[tokio::test]
async fn a_protocol_that_is_not_named_is_not_spoken() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let host = root.host("gw.test");
    let only = |list| Protocols::parse(list).unwrap();
    let server =
        ServerTls::load(Settings { protocols: only("TLSv1.3"), ..settings(&folder, &[&host]) }).unwrap();
    let client = client(&folder, &root);
    let old = ClientSettings { protocols: only("TLSv1.2"), ..client.clone() };
    let (accepted, connected) = shake(&server, old.load().unwrap(), "gw.test").await;
    assert!(accepted.is_err() && connected.is_err());
    let (accepted, _) = open(&server, client.load().unwrap(), "gw.test").await;
    assert_eq!(accepted.stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn a_suite_that_is_named_is_the_one_that_is_used() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let suites = Suites::parse("ECDHE-ECDSA-CHACHA20-POLY1305").unwrap();
    let server = ServerTls::load(Settings { suites, ..settings(&folder, &[&root.host("gw.test")]) }).unwrap();
    let (accepted, _) = open(&server, client(&folder, &root).load().unwrap(), "gw.test").await;
    let suite = accepted.stream.get_ref().1.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
}

#[test]
fn suites_that_no_certificate_or_protocol_goes_with_are_told_at_the_start() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let host = root.host("gw.test");
    let with = |suites, protocols| {
        let suites = Suites::parse(suites).unwrap();
        let protocols = Protocols::parse(protocols).unwrap();
        ServerTls::load(Settings { suites, protocols, ..settings(&folder, &[&host]) }).unwrap_err()
    };
    let error = with("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2,TLSv1.3");
    assert!(matches!(error, TlsError::KeyWithoutSuite { .. }), "{error}");
    let error = with("ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.3");
    assert!(matches!(error, TlsError::NoSuite), "{error}");
    let error = with("TLS_AES_128_GCM_SHA256", "TLSv1.2");
    assert!(matches!(error, TlsError::NoSuite), "{error}");
}

/// What becomes of clients that show nothing, a good certificate, and one of somebody else's authority.
async fn shows(client_certificates: impl Fn(Store) -> ClientCertificates) -> [Option<bool>; 3] {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let (trusted, other) = (Authority::new("people"), Authority::new("others"));
    let store = stored(&folder.file("truststore.pem", trusted.pem()));
    let settings =
        Settings { client: client_certificates(store), ..settings(&folder, &[&root.host("gw.test")]) };
    let server = ServerTls::load(settings).unwrap();
    let mut outcomes = [None; 3];
    let people = [None, Some(trusted.host("alice.test")), Some(other.host("mallory.test"))];
    for (outcome, person) in outcomes.iter_mut().zip(people) {
        let mut roots = RootCertStore::empty();
        roots.add(root.der()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match &person {
            None => builder.with_no_client_auth(),
            Some(person) => {
                let key = PrivateKeyDer::try_from(person.key.serialized_der().to_vec()).unwrap();
                builder.with_client_auth_cert(vec![person.der()], key).unwrap()
            }
        };
        let (accepted, _) = shake(&server, Arc::new(config), "gw.test").await;
        *outcome = accepted.ok().map(|accepted| {
            let shown = accepted.stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            shown.is_some_and(|shown| person.is_some_and(|person| *shown == person.der()))
        });
    }
    outcomes
}

#[tokio::test]
async fn clients_are_not_asked_for_certificates_unless_said() {
    assert_eq!(shows(|_| ClientCertificates::None).await, [Some(false); 3]);
}

#[tokio::test]
async fn an_optional_certificate_may_be_missing_but_not_be_anybodys() {
    assert_eq!(shows(ClientCertificates::Optional).await, [Some(false), Some(true), None]);
}

#[tokio::test]
async fn without_a_certificate_that_is_required_there_is_no_connection() {
    assert_eq!(shows(ClientCertificates::Required).await, [None, Some(true), None]);
}

#[tokio::test]
async fn a_reload_is_for_new_connections_and_the_open_ones_live_on() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let (old, new) = (root.host("gw.test"), root.host("gw.test"));
    let before = server(&folder, &[&old]);
    let client = client(&folder, &root).load().unwrap();
    let (mut accepted, mut connected) = open(&before, Arc::clone(&client), "gw.test").await;
    let after = before.successor(settings(&folder, &[&new])).unwrap();
    drop(before);
    talk(&mut accepted, &mut connected).await;
    let (_, connected) = open(&after, client, "gw.test").await;
    assert_eq!(shown(&connected), new.der());
}

#[tokio::test]
async fn all_addresses_of_one_reading_serve_the_certificate_that_was_read_first() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let (first, second) = (root.host("gw.test"), root.host("gw.test"));
    let mut keys = Keys::default();
    ServerTls::read(&settings(&folder, &[&first]), &mut keys, None).unwrap();
    let other = ServerTls::read(&settings(&folder, &[&second]), &mut keys, None).unwrap();
    let (_, connected) = open(&other, client(&folder, &root).load().unwrap(), "gw.test").await;
    assert_eq!(shown(&connected), first.der());
}

#[tokio::test]
async fn a_reload_that_fails_changes_nothing() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let (old, new) = (root.host("gw.test"), root.host("gw.test"));
    let before = server(&folder, &[&old]);
    let client_certificates = ClientCertificates::Optional(folder.store("half a truststore"));
    let next = Settings { client: client_certificates, ..settings(&folder, &[&new]) };
    folder.store("half a keystore");
    assert!(matches!(before.successor(next), Err(TlsError::Keystore(_))));
    let (_, connected) = open(&before, client(&folder, &root).load().unwrap(), "gw.test").await;
    assert_eq!(shown(&connected), old.der());
}

#[tokio::test]
async fn a_session_is_taken_up_again_but_not_across_a_reload() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let host = root.host("gw.test");
    let mut server = server(&folder, &[&host]);
    for list in ["TLSv1.2", "TLSv1.3"] {
        let protocols = Protocols::parse(list).unwrap();
        let client = ClientSettings { protocols, ..client(&folder, &root) }.load().unwrap();
        let mut kinds = Vec::new();
        for reload in [false, false, true] {
            if reload {
                server = server.successor(settings(&folder, &[&host])).unwrap();
            }
            let (mut accepted, mut connected) = open(&server, Arc::clone(&client), "gw.test").await;
            // Tickets of TLS 1.3 come behind the handshake.
            talk(&mut accepted, &mut connected).await;
            kinds.push(connected.get_ref().1.handshake_kind().unwrap());
        }
        assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Full], "{list}");
    }
}

#[tokio::test]
async fn tokens_are_bound_to_the_certificate_that_serves_and_to_the_connection() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let (one, two) = (root.host("one.test"), root.host("two.test"));
    let server = server(&folder, &[&one, &two]);
    let client = client(&folder, &root).load().unwrap();
    for (name, host) in [("one.test", &one), ("two.test", &two)] {
        let (accepted, _) = open(&server, Arc::clone(&client), name).await;
        let exporter = binding::exporter(accepted.stream.get_ref().1);
        assert_eq!(accepted.bindings, [end_point(&host.der()).unwrap(), exporter.unwrap()], "{name}");
    }
}

#[tokio::test]
async fn bindings_of_the_certificates_before_stay_good_for_their_host_alone() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let renewed: Vec<[Host; 2]> =
        (0..5).map(|_| ["one.test", "two.test"].map(|name| root.host(name))).collect();
    let mut server = server(&folder, &renewed[0].each_ref());
    for hosts in &renewed[1..] {
        // Once more without a change: what is past is not forgotten for it.
        for _ in 0..2 {
            server = server.successor(settings(&folder, &hosts.each_ref())).unwrap();
        }
    }
    let (accepted, _) = open(&server, client(&folder, &root).load().unwrap(), "two.test").await;
    let wanted: Vec<_> = renewed[1..].iter().rev().map(|[_, two]| end_point(&two.der()).unwrap()).collect();
    assert_eq!(accepted.bindings[..4], wanted);
    assert_eq!(accepted.bindings.len(), 5, "and the connection's own");
}

#[tokio::test]
async fn a_successor_keeps_the_bindings_and_what_it_succeeds_goes_on() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let (old, new) = (root.host("gw.test"), root.host("gw.test"));
    let before = server(&folder, &[&old]);
    let after = before.successor(settings(&folder, &[&new])).unwrap();
    let client = client(&folder, &root).load().unwrap();
    let (accepted, _) = open(&after, Arc::clone(&client), "gw.test").await;
    let bindings = [&new, &old].map(|host| end_point(&host.der()).unwrap());
    assert_eq!(accepted.bindings[..2], bindings);
    assert_eq!(shown(&open(&before, client, "gw.test").await.1), old.der());
}

#[test]
fn a_certificate_and_a_key_that_do_not_belong_together_are_told_by_their_files() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let certificate = folder.file("certificate.pem", root.host("gw.test").certificate.pem());
    let key = folder.file("key.pem", root.host("gw.test").key.serialize_pem());
    let error = ServerTls::load(Files { certificate, key }.into()).unwrap_err().to_string();
    assert!(
        error.contains("certificate.pem and key") && error.contains("key.pem cannot be used together"),
        "{error}"
    );
}

#[tokio::test]
async fn a_back_end_is_reached_only_by_its_name_and_under_its_authority() {
    let (folder, root) = (Folder::new(), Authority::new("root"));
    let server = server(&folder, &[&root.host("backend.test")]);
    let trusting = client(&folder, &root).load().unwrap();
    open(&server, Arc::clone(&trusting), "backend.test").await;
    assert!(shake(&server, trusting, "other.test").await.1.is_err());
    let stranger = client(&folder, &Authority::new("other")).load().unwrap();
    assert!(shake(&server, stranger, "backend.test").await.1.is_err());
}
