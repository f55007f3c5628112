//! Certificates that clients show in TLS, made by OpenSSL and shown by curl.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Output, Stdio},
    sync::Arc,
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use serde_json::Value;

use super::{Folder, config, custom::JUDGE};
use crate::{authority::authority, backend::Head, world::Gateway, ws_client::plain};

/// An authority of OpenSSL's in a folder, and whom it has signed.
struct Authority {
    folder: Folder,
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().expect(program);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

impl Authority {
    fn new() -> Self {
        let folder = Folder::new().with("conf", "[req]\ndistinguished_name = dn\n[dn]\n");
        let new = Self { folder };
        new.signs_itself("ca", "/CN=Clients");
        new
    }

    fn file(&self, name: &str) -> String {
        self.folder.path(name).to_str().unwrap().to_owned()
    }

    fn signs_itself(&self, name: &str, subject: &str) {
        self.make(name, subject, &["-addext", "basicConstraints=critical,CA:TRUE"]);
    }

    fn make(&self, name: &str, subject: &str, more: &[&str]) {
        let (conf, key, out) =
            (self.file("conf"), self.file(&format!("{name}.key")), self.file(&format!("{name}.pem")));
        let always = [
            "req",
            "-x509",
            "-config",
            &conf,
            "-utf8",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &out,
            "-days",
            "2",
            "-subj",
            subject,
        ];
        run("openssl", &[&always[..], more].concat());
    }

    /// Has the authority `by` sign a certificate for a subject, with these further names.
    fn sign_by(&self, by: &str, name: &str, subject: &str, names: &str) {
        let (ca, key) = (self.file(&format!("{by}.pem")), self.file(&format!("{by}.key")));
        let names = format!("subjectAltName={names}");
        let mut more = vec!["-CA", &ca, "-CAkey", &key, "-addext", "basicConstraints=CA:FALSE"];
        if names.len() > "subjectAltName=".len() {
            more.extend(["-addext", &names]);
        }
        self.make(name, subject, &more);
    }

    fn sign(&self, name: &str, subject: &str, names: &str) {
        self.sign_by("ca", name, subject, names);
    }

    /// A subject as OpenSSL writes it.
    fn subject(&self, name: &str) -> String {
        let file = self.file(&format!("{name}.pem"));
        let output = run("openssl", &["x509", "-noout", "-subject", "-nameopt", "RFC2253", "-in", &file]);
        let text = String::from_utf8(output.stdout).unwrap();
        text.trim_end_matches('\n').strip_prefix("subject=").unwrap().to_owned()
    }

    /// The text of a configuration with one service for users of the realm, who need this role.
    fn text(&self, role: &str, scheme: &str, modules: &str) -> String {
        let keystore = authority();
        let store = self.folder.path("keystore.pem");
        let read = |file| fs::read(file).unwrap();
        fs::write(&store, [read(&keystore.certificate), read(&keystore.key)].concat()).unwrap();
        config(&format!(
            "<service><name>one</name><accept>https://localhost:8443/in</accept><type>http.redirect</type>\
             <properties><location>/in/</location></properties>\
             <accept-options><ssl.bind>127.0.0.1:0</ssl.bind><ssl.verify-client>optional</ssl.verify-client></accept-options>\
             <realm-name>shown</realm-name>\
             <authorization-constraint><require-role>{role}</require-role></authorization-constraint></service>\
             <security><keystore><file>{}</file></keystore><truststore><file>{}</file></truststore>\
             <realm><name>shown</name><authentication>{scheme}<failed-logins>0</failed-logins>\
             <login-modules>{modules}</login-modules></authentication></realm></security>",
            store.display(),
            self.file("trusted.pem"),
        ))
    }

    /// A gateway that trusts the authority.
    fn gateway(&self, role: &str, scheme: &str, modules: &str) -> Gateway {
        fs::copy(self.file("ca.pem"), self.file("trusted.pem")).unwrap();
        Gateway::run(&self.text(role, scheme, modules))
    }

    /// What becomes of a client that shows this certificate, if any.
    fn status(&self, gateway: &Gateway, name: &str, more: &[&str]) -> u16 {
        let to = gateway.at("one");
        let url = format!("https://localhost:{}/in", to.port());
        let (certificate, key) = (self.file(&format!("{name}.pem")), self.file(&format!("{name}.key")));
        let shown = ["--cert", &certificate, "--key", &key];
        let always = [
            "--silent",
            "--noproxy",
            "*",
            "--ipv4",
            "--cacert",
            authority().anchor.to_str().unwrap(),
            "--write-out",
            "%{http_code}",
            "--output",
            "/dev/null",
            &url,
        ];
        let shown = if name.is_empty() { &[][..] } else { &shown };
        let output = Command::new("curl").args([&always, shown, more].concat()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).parse().unwrap()
    }

    /// A connection that shows this certificate, and stays.
    fn connect(&self, to: SocketAddr, name: &str) -> StreamOwned<ClientConnection, std::net::TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&authority().anchor).unwrap()).unwrap();
        let own = CertificateDer::from_pem_file(self.folder.path(&format!("{name}.pem"))).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.folder.path(&format!("{name}.key"))).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots);
        let config = config.with_client_auth_cert(vec![own], key).unwrap();
        let mut client =
            ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        let mut stream = plain(to);
        client.complete_io(&mut stream).unwrap();
        StreamOwned::new(client, stream)
    }
}

/// The module, with what its judgement means.
fn keystore(success: &str, options: &str) -> String {
    format!(
        "<login-module><type>keystore</type><success>{success}</success><options>{options}</options></login-module>"
    )
}

/// A module that judges tokens.
fn judge(success: &str, log: &Path) -> String {
    format!(
        "<login-module><type>exec</type><success>{success}</success><options><command>{JUDGE}</command>\
         <argument>program</argument><argument>{}</argument></options></login-module>",
        log.display()
    )
}

const TOKEN: &str = "<http-challenge-scheme>Application Token</http-challenge-scheme>";

/// What the log says of those who came to this.
fn told(gateway: &Gateway, outcome: &str) -> Vec<Value> {
    let lines = gateway.log();
    let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["target"] == "ticketgate::admission" && line["outcome"] == outcome).collect()
}

/// Whom it let in, after so many others.
#[track_caller]
fn granted(gateway: &Gateway, others: usize) -> String {
    gateway.wait_until_log("login", |log| log.matches("\"granted\"").count() > others);
    told(gateway, "granted")[others]["client"].as_str().unwrap().to_owned()
}

#[test]
fn a_subject_is_written_as_openssl_writes_it_however_hostile() {
    let made = Authority::new();
    let gateway = made.gateway("*", "", &keystore("required", ""));
    for (others, subject) in [
        "/C=DE/O=Example, Inc./OU=a+b/CN=joe",
        "/DC=test/DC=corp/UID=joe/emailAddress=joe@corp.test",
        "/CN=joe\nCN=boss",
        "/CN=joe\",O=\"x;<y>\\\\z",
        "/CN=#joe /O= x",
        "/CN= /O=#x",
        "/CN=Jörg Müller\u{7f}",
        "/CN=joe+UID=1/O=x",
        "/GN=Joe/SN=Doe/serialNumber=12/title=Dr/street=x/initials=J/L=B/ST=B/CN=j",
        "/1.3.6.1.4.1.99999.1=odd/CN=joe",
        "/CN=\u{1f600}, DC=x",
    ]
    .into_iter()
    .enumerate()
    {
        made.sign("joe", subject, "");
        assert_eq!(made.status(&gateway, "joe", &[]), 302, "{subject:?}");
        assert_eq!(granted(&gateway, others), made.subject("joe"), "{subject:?}");
    }
}

#[test]
fn names_that_cannot_be_written_or_are_too_long_let_nobody_in() {
    let made = Authority::new();
    let gateway = made.gateway("*", "", &keystore("required", ""));
    let long: String = (0..100).map(|_| format!("/OU={}", "x".repeat(60))).collect();
    made.sign("long", &format!("{long}/CN=joe"), "");
    made.sign("odd", "/CN=joe", "otherName:1.3.6.1.4.1.311.20.2.3;INTEGER:1");
    for name in ["long", "odd"] {
        assert_eq!(made.status(&gateway, name, &[]), 403, "{name}");
    }
    gateway.wait_for_log("a name that cannot be written");
}

#[test]
fn the_option_says_which_name_comes_first_and_only_the_subject_is_a_role() {
    let made = Authority::new();
    let names =
        "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:joe@corp.test,email:joe@x.test,URI:urn:joe,DNS:joe.test";
    made.sign("joe", "/O=x/CN=joe", names);
    for (option, name) in [
        ("subject", "CN=joe,O=x"),
        ("upn", "joe@corp.test"),
        ("email", "joe@x.test"),
        ("uri", "urn:joe"),
        ("dns", "joe.test"),
        ("cn", "joe"),
    ] {
        let gateway = made.gateway(
            "CN=joe,O=x",
            "",
            &keystore("required", &format!("<principal>{option}</principal>")),
        );
        assert_eq!(made.status(&gateway, "joe", &[]), 302, "{option}");
        assert_eq!(granted(&gateway, 0), name);
    }
    let options = "<principal>email</principal><grant>STAFF=principal:joe@corp.test</grant>";
    assert_eq!(made.status(&made.gateway("joe@x.test", "", &keystore("required", options)), "joe", &[]), 403);
    assert_eq!(made.status(&made.gateway("STAFF", "", &keystore("required", options)), "joe", &[]), 302);
    made.sign("bare", "/CN=bare", "");
    let gateway = made.gateway("*", "", &keystore("required", options));
    assert_eq!(made.status(&gateway, "bare", &[]), 403);
    gateway.wait_for_log("no name of the kind");
}

#[test]
fn whoever_shows_no_certificate_is_refused_and_asked_for_nothing_that_nobody_judges() {
    let made = Authority::new();
    let gateway = made.gateway("*", "", &keystore("required", ""));
    assert_eq!(made.status(&gateway, "", &[]), 403);
    assert_eq!(made.status(&gateway, "", &["--header", "Authorization: Basic am9lOndlbGNvbWU="]), 403);
    // A stranger's is refused in the handshake.
    let other = Authority::new();
    other.sign("joe", "/CN=joe", "");
    assert_eq!(other.status(&gateway, "joe", &[]), 0);
    assert!(told(&gateway, "granted").is_empty());
}

#[test]
fn a_certificate_is_enough_or_else_a_token_where_the_chain_says_so() {
    let made = Authority::new();
    made.sign("joe", "/CN=joe", "");
    let modules = keystore("sufficient", "<grant>AUTHORIZED=principal:CN=joe</grant>")
        + &judge("required", &made.folder.path("heard"));
    let gateway = made.gateway("AUTHORIZED", TOKEN, &modules);
    assert_eq!(made.status(&gateway, "joe", &[]), 302);
    assert_eq!(made.status(&gateway, "", &[]), 401);
    assert_eq!(made.status(&gateway, "", &["--header", "Authorization: Token good"]), 302);
    assert_eq!(made.status(&gateway, "", &["--header", "Authorization: Token bad"]), 403);
}

#[test]
fn a_certificate_that_is_not_good_is_nothing_to_let_in_by() {
    let made = Authority::new();
    made.sign("joe", "/CN=joe", "");
    made.sign("ann", "/CN=ann", "");
    fs::write(made.folder.path("heard.always"), "").unwrap();
    let listed = format!("<keyStoreURL>file:{}</keyStoreURL>", made.file("ann.pem"));
    // A module that lets in whoever comes, and what comes brings nothing.
    let modules = judge("sufficient", &made.folder.path("heard")) + &keystore("optional", &listed);
    let gateway = made.gateway("AUTHORIZED", TOKEN, &modules);
    assert_eq!(made.status(&gateway, "joe", &[]), 401);
    assert_eq!(made.status(&gateway, "", &[]), 401);
    let modules = keystore("optional", &listed) + &judge("required", &made.folder.path("heard"));
    let gateway = made.gateway("AUTHORIZED", TOKEN, &modules);
    assert_eq!(made.status(&gateway, "joe", &[]), 401);
    assert_eq!(made.status(&gateway, "ann", &[]), 302);
}

#[test]
fn a_keystore_lists_who_is_let_in_or_who_signs_them() {
    let made = Authority::new();
    made.sign("joe", "/CN=joe", "");
    made.sign("ann", "/CN=ann", "");
    let with = |options: &str| {
        let gateway = made.gateway("*", "", &keystore("required", options));
        ["joe", "ann"].map(|name| made.status(&gateway, name, &[]))
    };
    let url = |name: &str| format!("<keyStoreURL>file:{}</keyStoreURL>", made.file(name));
    assert_eq!(with(&url("ann.pem")), [403, 302]);
    assert_eq!(with(&url("ca.pem")), [302, 302]);
    // Both in one, of which one counts.
    let both = ["joe.pem", "ann.pem"].map(|name| fs::read(made.folder.path(name)).unwrap()).concat();
    fs::write(made.folder.path("both.pem"), both).unwrap();
    assert_eq!(with(&url("both.pem")), [302, 302]);
    assert_eq!(with(&format!("{}<keyStoreAlias>2</keyStoreAlias>", url("both.pem"))), [403, 302]);
    // As OpenSSL and Java write them.
    fs::write(made.folder.path("pw"), "changeit\n").unwrap();
    let (pem, key, p12) = (made.file("joe.pem"), made.file("joe.key"), made.file("joe.p12"));
    let export = ["pkcs12", "-export", "-in", &pem, "-inkey", &key, "-name", "joe", "-out", &p12];
    run("openssl", &[&export[..], &["-passout", "pass:changeit"]].concat());
    let password = format!("<keyStorePasswordURL>file:{}</keyStorePasswordURL>", made.file("pw"));
    let pkcs12 = format!(
        "{}{password}<keyStoreAlias>joe</keyStoreAlias><keyStoreType>PKCS12</keyStoreType>",
        url("joe.p12")
    );
    assert_eq!(with(&pkcs12), [302, 403]);
    let jks = made.file("users.jks");
    for name in ["joe", "ann"] {
        let file = made.file(&format!("{name}.pem"));
        let import = ["-importcert", "-noprompt", "-alias", name, "-file", &file, "-keystore", &jks];
        run("keytool", &[&import[..], &["-storetype", "JKS", "-storepass", "changeit"]].concat());
    }
    let jks = format!("{}{password}<keyStoreAlias>ann</keyStoreAlias>", url("users.jks"));
    assert_eq!(with(&jks), [403, 302]);
}

#[test]
fn a_user_in_the_list_vouches_for_nobody() {
    let made = Authority::new();
    made.sign("joe", "/CN=joe", "");
    made.sign_by("joe", "boss", "/CN=boss", "");
    let chain = ["boss.pem", "joe.pem"].map(|name| fs::read(made.folder.path(name)).unwrap()).concat();
    fs::write(made.folder.path("boss.pem"), chain).unwrap();
    let listed = format!("<keyStoreURL>{}</keyStoreURL>", made.file("joe.pem"));
    let gateway = made.gateway("*", "", &keystore("required", &listed));
    assert_eq!(made.status(&gateway, "boss", &[]), 0);
    assert_eq!(made.status(&gateway, "joe", &[]), 302);
}

#[test]
fn who_is_no_longer_trusted_is_refused_on_connections_that_are_open_too() {
    let made = Authority::new();
    made.sign("joe", "/CN=joe", "");
    let file = made.folder.path("gateway-config.xml");
    fs::copy(made.file("ca.pem"), made.file("trusted.pem")).unwrap();
    fs::write(&file, made.text("*", "", &keystore("required", ""))).unwrap();
    let gateway = Gateway::serving("run", &file, &[], 1);
    let at = gateway.at("one");
    let mut open = made.connect(at, "joe");
    let mut ask = || {
        let request = format!("GET /in HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", at.port());
        std::io::Write::write_all(&mut open, request.as_bytes()).unwrap();
        super::status(&Head::read(&mut open).unwrap())
    };
    assert_eq!(ask(), 302);
    made.signs_itself("other", "/CN=Others");
    fs::copy(made.file("other.pem"), made.file("trusted.pem")).unwrap();
    gateway.signal("HUP");
    gateway.wait_for_log("\"Reloaded\"");
    assert_eq!(ask(), 403);
    assert_eq!(made.status(&gateway, "joe", &[]), 0);
}

#[test]
fn a_store_without_such_an_entry_keeps_the_gateway_from_starting() {
    let made = Authority::new();
    fs::copy(made.file("ca.pem"), made.file("trusted.pem")).unwrap();
    let file = made.folder.path("gateway-config.xml");
    let options =
        format!("<keyStoreURL>{}</keyStoreURL><keyStoreAlias>ann</keyStoreAlias>", made.file("ca.pem"));
    fs::write(&file, made.text("*", "", &keystore("required", &options))).unwrap();
    let (code, said) = crate::world::exit_code(&["run", "--config", file.to_str().unwrap()]);
    assert!(code != Some(0) && said.contains("has no entry ann"), "{said}");
}
