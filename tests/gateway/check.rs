//! What `ticketgate check` writes, where, and the codes it ends with.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn check(flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ticketgate")).arg("check").args(flags).output().unwrap()
}

#[test]
fn a_sound_configuration_is_one_line_a_service_on_standard_output() {
    let run = check(&["--config", file("conf/gateway-config.xml").to_str().unwrap()]);
    assert_eq!(run.status.code(), Some(0));
    let told = String::from_utf8_lossy(&run.stderr);
    let warning = "warning: the realm `demo` cannot judge anybody yet, and its services let nobody in; ";
    assert!(told.lines().count() == 1 && told.contains(warning), "{told}");
    let expected = "\
        Web (directory) at http://localhost:8000/: everybody\n\
        Echo (echo) at ws://localhost:8000/echo: everybody\n\
        Echo for users (echo) at ws://localhost:8000/echo-for-users: users of demo with AUTHORIZED\n\
        Broker (proxy) at ws://localhost:8000/broker: everybody\n\
        Application (http.proxy) at http://localhost:8000/app: everybody\n\
        Moved (http.redirect) at http://localhost:8000/old: everybody\n\
        KDC (kerberos5.proxy) at ws://localhost:8000/kerberos, http://localhost:8000/KdcProxy: everybody\n\
        News (broadcast) at ws://localhost:8000/news: everybody\n\
        Management (management) at http://localhost:2020/: everybody\n";
    assert_eq!(String::from_utf8_lossy(&run.stdout), expected);
}

#[test]
fn words_of_a_realm_that_are_not_in_force_yet_are_named() {
    let text = fs::read_to_string(file("conf/tpg.xml")).unwrap();
    let text = text.replace("<login-modules>", "<session-timeout>4 hours</session-timeout><login-modules>");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("timeout-{}.xml", std::process::id()));
    fs::write(&path, text).unwrap();
    let run = check(&["--config", path.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(
        told.contains("warning: in the realm `kerberos` these are not in force yet: session-timeout; "),
        "{told}"
    );
}

#[test]
fn what_is_defined_on_the_command_line_is_put_in() {
    let config = file("conf/gateway-config.xml");
    let run = check(&["--config", config.to_str().unwrap(), "--define", "gateway.port=8010"]);
    assert_eq!(run.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&run.stdout).contains("ws://localhost:8010/echo"));
}

#[test]
fn a_wrong_configuration_ends_with_78_and_is_told_on_standard_error_alone() {
    let config = file("tests/data/config/wrong.xml");
    let run = check(&["--config", config.to_str().unwrap()]);
    assert_eq!((run.status.code(), run.stdout.len()), (Some(78), 0));
    let told = String::from_utf8_lossy(&run.stderr);
    let begins = format!(
        "{}:11:6: error: <acept> is not known in <service>; did you mean <accept>?",
        config.display()
    );
    assert!(told.starts_with(&begins), "{told}");
}

#[test]
fn a_configuration_that_cannot_be_read_ends_with_78_and_its_name() {
    let run = check(&["--config", "/nowhere/gateway-config.xml"]);
    assert_eq!(run.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&run.stderr).contains("/nowhere/gateway-config.xml"));
}

#[test]
fn a_file_that_is_not_there_yet_is_a_warning() {
    let run = check(&["--config", file("conf/tpg.xml").to_str().unwrap()]);
    assert_eq!(run.status.code(), Some(0));
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(told.contains("conf/tpg.xml:37:23: warning: the keytab "), "{told}");
}

#[test]
fn what_tls_alone_can_judge_is_told_with_its_place() {
    let path = std::env::temp_dir().join(format!("ticketgate-check-{}.xml", std::process::id()));
    let own = path.file_name().unwrap().to_str().unwrap();
    let xml = format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">\n\
         <service><accept>wss://localhost:1/</accept><type>echo</type><accept-options>\n\
         <ssl.ciphers>TLS_RSA_WITH_RC4_128_MD5</ssl.ciphers>\n\
         <ssl.protocols>SSLv3</ssl.protocols>\n\
         </accept-options></service><security><keystore>\n\
         <file>{own}</file>\n\
         </keystore></security></gateway-config>\n"
    );
    fs::write(&path, xml).unwrap();
    let run = check(&["--config", path.to_str().unwrap()]);
    fs::remove_file(&path).unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    let begins: Vec<String> = told.lines().map(|line| line.replace(path.to_str().unwrap(), "")).collect();
    assert_eq!(run.status.code(), Some(78), "{told}");
    let expected =
        [":3:14: error: <ssl.ciphers> ", ":4:16: error: <ssl.protocols> ", ":6:7: error: the <file> "];
    assert_eq!(begins.len(), expected.len(), "{told}");
    for (line, expected) in begins.iter().zip(expected) {
        assert!(line.starts_with(expected), "{told}");
    }
}
