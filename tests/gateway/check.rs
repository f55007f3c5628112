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
    assert!(told.is_empty(), "{told}");
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

/// What `check --as` says of a configuration with these services and this realm.
fn told_as(name: &str, flags: &[&str]) -> String {
    let xml = "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">\
        <service><name>open</name><accept>ws://localhost:1/open</accept><type>echo</type></service>\
        <service><name>any</name><accept>ws://localhost:1/any</accept><type>echo</type>\
        <realm-name>demo</realm-name></service>\
        <service><name>staff</name><accept>ws://localhost:1/staff</accept><type>echo</type>\
        <realm-name>demo</realm-name><authorization-constraint><require-role>staff</require-role>\
        <require-role>boss</require-role></authorization-constraint></service>\
        <service><name>hers</name><accept>ws://localhost:1/hers</accept><type>echo</type>\
        <realm-name>demo</realm-name><authorization-constraint>\
        <require-role>alice@EXAMPLE.COM</require-role></authorization-constraint></service>\
        <security><realm><name>demo</name><authentication>\
        <http-challenge-scheme>Negotiate</http-challenge-scheme><login-modules>\
        <login-module><type>kerberos5</type><success>required</success><options><keyTab>k</keyTab></options>\
        </login-module><login-module><type>gss</type><success>required</success><options>\
        <grant>staff=realm:EXAMPLE.COM</grant><grant>boss=sid:S-1-5-21-1-2-3-512</grant>\
        <grant>boss=indicator:otp</grant></options></login-module></login-modules></authentication></realm>\
        </security></gateway-config>";
    let path = std::env::temp_dir().join(format!("ticketgate-as-{name}-{}.xml", std::process::id()));
    fs::write(&path, xml).unwrap();
    let run = check(&[&["--config", path.to_str().unwrap()], flags].concat());
    fs::remove_file(&path).unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).into_owned()
}

#[test]
fn which_services_would_let_a_user_in_is_told_and_why_the_others_would_not() {
    assert_eq!(
        told_as("alice", &["--as", "alice@EXAMPLE.COM"]),
        "open: lets everybody in\n\
         any: lets alice@EXAMPLE.COM in, once alice@EXAMPLE.COM logs in to demo, with staff\n\
         staff: does not let alice@EXAMPLE.COM in: it needs boss, which is granted by \
         boss=sid:S-1-5-21-1-2-3-512 and boss=indicator:otp\n\
         hers: lets alice@EXAMPLE.COM in, once alice@EXAMPLE.COM logs in to demo, with staff\n"
    );
    let told = told_as("bob", &["--as", "bob@OTHER.COM"]);
    assert!(
        told.contains("hers: does not let bob@OTHER.COM in: it needs alice@EXAMPLE.COM, which no"),
        "{told}"
    );
    for flags in [
        &["--as", "alice@EXAMPLE.COM,boss"][..],
        &["--as", "alice@EXAMPLE.COM", "--fact", "sid:S-1-5-21-1-2-3-512"],
        &["--as", "alice@EXAMPLE.COM", "--fact", "indicator:otp"],
    ] {
        let told = told_as("boss", flags);
        assert!(told.contains("staff: lets alice@EXAMPLE.COM in,"), "{told}");
    }
}

#[test]
fn a_user_of_a_file_is_told_with_the_roles_that_stand_there() {
    let config = file("conf/gateway-config.xml");
    let told = |name: &str| {
        let run = check(&["--config", config.to_str().unwrap(), "--as", name]);
        String::from_utf8_lossy(&run.stdout).into_owned()
    };
    assert!(told("joe").contains("Echo for users: lets joe in, once joe logs in to demo, with AUTHORIZED\n"));
    assert!(told("nobody").contains("Echo for users: does not let nobody in: it needs AUTHORIZED"));
}

#[test]
fn where_others_could_read_along_is_a_warning() {
    let realm = |scheme: &str, mode: &str| {
        format!(
            "<realm><name>{scheme}{mode}</name><authentication>\
             <http-challenge-scheme>{scheme}</http-challenge-scheme>\
             <authorization-mode>{mode}</authorization-mode><login-modules>\
             <login-module><type>kerberos5</type><success>required</success><options><keyTab>k</keyTab></options>\
             </login-module><login-module><type>gss</type><success>required</success></login-module>\
             </login-modules></authentication></realm>"
        )
    };
    let service = |number: usize, host: &str, realm: &str| {
        format!(
            "<service><accept>ws://{host}:1/{number}</accept><type>echo</type><realm-name>{realm}</realm-name>\
             </service>\n"
        )
    };
    let services = [
        service(1, "gw.example.com", "Basicchallenge"),
        service(2, "localhost", "Basicchallenge"),
        service(3, "[::1]", "Basicchallenge"),
        service(4, "gw.example.com", "Negotiatechallenge"),
        service(5, "gw.example.com", "Negotiaterecycle"),
    ];
    let realms =
        [realm("Basic", "challenge"), realm("Negotiate", "challenge"), realm("Negotiate", "recycle")];
    let xml = format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">\n{}<security>{}</security></gateway-config>",
        services.concat(),
        realms.concat()
    );
    let path = std::env::temp_dir().join(format!("ticketgate-clear-{}.xml", std::process::id()));
    fs::write(&path, xml).unwrap();
    let run = check(&["--config", path.to_str().unwrap()]);
    fs::remove_file(&path).unwrap();
    let told = String::from_utf8_lossy(&run.stderr).replace(path.to_str().unwrap(), "");
    let about = |word: &str| {
        let lines = told.lines().filter(|line| line.contains(word));
        lines.map(|line| line.split(':').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(about("users show who they are here without TLS"), ["2"], "{told}");
    assert_eq!(about("browsers keep no session here"), ["6"], "{told}");
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
