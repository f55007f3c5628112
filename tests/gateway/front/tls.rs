//! How TLS is spoken, as the clients of OpenSSL and curl find it.

use super::{UPGRADE, accept_options, answer, configuration, echo, folder::Folder, moved, request, service};
use crate::{backend::Backend, world::Gateway, ws_client::plain};

const AT: &str = "https://127.0.0.1:0/in";

/// The same option under both of its names.
fn both(name: &str, value: &str) -> [String; 2] {
    ["ssl", "tls"].map(|scheme| format!("<{scheme}.{name}>{value}</{scheme}.{name}>"))
}

/// A gateway whose one service answers whoever calls it `gw.test`.
fn serving(folder: &Folder, options: &str) -> Gateway {
    folder.run(&moved(
        "one",
        "https://gw.test:8443/in",
        &format!("<ssl.bind>127.0.0.1:0</ssl.bind>{options}"),
    ))
}

#[test]
fn only_the_protocols_that_are_configured_are_spoken() {
    let folder = Folder::new();
    for (protocols, spoken, refused) in [("TLSv1.2", "-tls1_2", "-tls1_3"), ("TLSv1.3", "-tls1_3", "-tls1_2")]
    {
        for option in both("protocols", protocols) {
            let gateway = folder.run(&moved("one", AT, &option));
            let (is_served, said) = folder.s_client(gateway.at("one"), &[spoken]);
            assert!(is_served && said.contains(&format!("Protocol version: {protocols}")), "{said}");
            let (is_served, said) = folder.s_client(gateway.at("one"), &[refused]);
            assert!(!is_served && said.contains("protocol version"), "{said}");
        }
    }
}

#[test]
fn without_a_word_about_it_tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let folder = Folder::new();
    let gateway = folder.run(&moved("one", AT, ""));
    let at = gateway.at("one");
    assert!(folder.s_client(at, &["-tls1_2"]).0);
    assert!(folder.s_client(at, &["-tls1_3"]).0);
    // OpenSSL itself offers it at this level alone.
    let (is_served, said) = folder.s_client(at, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
    assert!(!is_served && said.contains("alert"), "{said}");
}

#[test]
fn only_the_suites_that_are_configured_are_chosen() {
    let folder = Folder::new();
    for option in both("ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256,TLS_CHACHA20_POLY1305_SHA256") {
        let gateway = folder.run(&moved("one", AT, &option));
        let at = gateway.at("one");
        for (flags, chosen) in [
            (&["-tls1_3"][..], "TLS_CHACHA20_POLY1305_SHA256"),
            (&["-tls1_2"], "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ] {
            let (is_served, said) = folder.s_client(at, flags);
            assert!(is_served && said.contains(&format!("Ciphersuite: {chosen}")), "{said}");
        }
        for flags in [
            ["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
        ] {
            let (is_served, said) = folder.s_client(at, &flags);
            assert!(!is_served && said.contains("handshake failure"), "{said}");
        }
    }
}

#[test]
fn clients_are_asked_for_certificates_only_where_that_is_configured() {
    let folder = Folder::new();
    for (word, asks) in [("none", false), ("optional", true)] {
        let gateway = serving(&folder, &both("verify-client", word)[0]);
        let (is_served, said) = folder.s_client(gateway.at("one"), &["-tls1_2", "-msg"]);
        assert!(is_served && said.contains("CertificateRequest") == asks, "{word}: {said}");
    }
}

#[test]
fn where_certificates_are_required_only_clients_of_the_truststore_are_served() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (known, stranger) = (folder.named("client.pem"), other.named("client.pem"));
    for option in both("verify-client", "required") {
        let gateway = serving(&folder, &option);
        let at = gateway.at("one");
        for version in ["1.2", "1.3"] {
            let version = ["--tls-max", version];
            let with = |file| [&version[..], &["--cert", file]].concat();
            assert_eq!(folder.curl(at, &with(&known)), 302, "{version:?}");
            assert_eq!(folder.curl(at, &with(&stranger)), 0, "{version:?}");
            assert_eq!(folder.curl(at, &version), 0, "{version:?}");
        }
    }
}

#[test]
fn where_certificates_are_optional_only_those_of_strangers_are_refused() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (known, stranger) = (folder.named("client.pem"), other.named("client.pem"));
    for option in both("verify-client", "optional") {
        let gateway = serving(&folder, &option);
        let at = gateway.at("one");
        assert_eq!(folder.curl(at, &["--cert", &known]), 302);
        assert_eq!(folder.curl(at, &["--cert", &stranger]), 0);
        assert_eq!(folder.curl(at, &[]), 302);
    }
}

#[test]
fn each_host_has_its_certificate() {
    let folder = Folder::new();
    folder.keystore(&["one.test", "gw.test", "*.many.test"]);
    let gateway = serving(&folder, "");
    let at = gateway.at("one");
    for host in ["one.test", "gw.test", "any.many.test"] {
        let wants = ["-servername", host, "-verify_hostname", host];
        let (is_served, said) = folder.s_client(at, &wants);
        assert!(is_served && said.contains("Verification: OK"), "{host}: {said}");
    }
    let (is_served, said) = folder.s_client(at, &["-servername", "one.test", "-verify_hostname", "gw.test"]);
    assert!(!is_served && said.contains("hostname mismatch"), "{said}");
}

#[test]
fn who_names_no_host_or_an_unknown_one_is_shown_the_certificate_of_the_accept() {
    let folder = Folder::new();
    folder.keystore(&["one.test", "gw.test"]);
    let gateway = serving(&folder, "");
    let at = gateway.at("one");
    for names in [&["-noservername"][..], &["-servername", "unknown.test"]] {
        let (is_served, said) = folder.s_client(at, &[names, &["-verify_hostname", "gw.test"]].concat());
        assert!(is_served, "{names:?}: {said}");
    }
}

#[test]
fn where_a_host_in_front_speaks_tls_clients_are_spoken_to_in_clear_and_are_secure_all_the_same() {
    for option in both("encryption", "disabled") {
        // Without a keystore: nobody needs one.
        let options = format!("<tcp.bind>127.0.0.1:0</tcp.bind>{option}");
        let gateway = Gateway::run(&configuration(&echo("one", "wss://gw.test/in", &options)));
        let status = |origin: &str| {
            let lines = format!("{UPGRADE}Origin: {origin}\r\n");
            let answer = answer(&mut plain(gateway.at("one")), &request("gw.test", "/in", &lines)).unwrap();
            answer.line().to_owned()
        };
        assert_eq!(status("https://gw.test"), "HTTP/1.1 101 Switching Protocols");
        assert_eq!(status("http://gw.test"), "HTTP/1.1 403 Forbidden", "that page is not of the service");
    }
}

#[test]
fn where_a_host_in_front_speaks_tls_back_ends_are_told_that_clients_use_https() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let inside = format!(
        "<connect>{}</connect><properties><use-forwarded>inject</use-forwarded></properties>{}",
        backend.url("http"),
        accept_options("<tcp.bind>127.0.0.1:0</tcp.bind><ssl.encryption>disabled</ssl.encryption>")
    );
    let gateway = Gateway::run(&configuration(&service("one", "https://gw.test/in", "http.proxy", &inside)));
    answer(&mut plain(gateway.at("one")), &request("gw.test", "/in", "")).unwrap();
    let head = backend.head();
    assert_eq!(head.value("x-forwarded-proto"), "https");
    assert_eq!(head.value("forwarded"), "for=127.0.0.1;host=\"gw.test\";proto=https");
}
