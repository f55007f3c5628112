//! What is made of files that are right, and of those that are nearly so.

mod said;
mod tokens;

use std::{fs, ops::Range, path::Path};

use super::*;
use crate::config::{
    model::{Era, module::Judge, realm::Scheme, service::Required},
    report::Severity,
};
use crate::realm::module::ldap::{Mode, Role};

const CURRENT: &str = "http://xmlns.kaazing.org/2016/06/gateway";

/// What is understood of a file whose folder is that of the workspace.
fn read(xml: &str) -> Result<(Config, Vec<Problem>), LoadError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway-config.xml");
    understand(&path, xml.as_bytes().to_vec(), &BTreeMap::new())
}

/// The inside of a file in another namespace.
fn in_namespace(namespace: &str, inside: &str) -> (Config, Vec<Problem>) {
    read(&format!("<gateway-config xmlns=\"{namespace}\">{inside}</gateway-config>")).unwrap()
}

const PROTECTED: &str = "<service><accept>ws://localhost:1/</accept><type>echo</type><realm-name>demo</realm-name></service>\
    <security><realm><name>demo</name><authentication><login-modules><login-module><type>file</type>\
    <success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>";

#[test]
fn a_realm_without_a_constraint_means_any_user_since_2016_06() {
    for host in ["com", "org"] {
        let (config, warnings) =
            in_namespace(&format!("http://xmlns.kaazing.{host}/2016/06/gateway"), PROTECTED);
        let service = config.services.first().unwrap();
        assert_eq!((service.realm, &service.required), (Some(0), &Required::AnyUser));
        assert_eq!((config.era, warnings.len()), (Era::AnyUser, 0));
    }
}

#[test]
fn a_realm_without_a_constraint_meant_nothing_before_and_the_operator_is_told() {
    for namespace in [
        "http://xmlns.kaazing.com/gateway-config/dragonfire",
        "http://xmlns.kaazing.com/gateway-config/excalibur",
        "http://xmlns.kaazing.com/2012/03/gateway",
        "http://xmlns.kaazing.com/2012/08/gateway",
        "http://xmlns.kaazing.com/2012/09/gateway",
        "http://xmlns.kaazing.org/2014/09/gateway",
        "http://xmlns.kaazing.com/2014/09/gateway",
        "http://xmlns.kaazing.org/2015/11/gateway",
        "HTTP://xmlns.Kaazing.com/2015/11/Gateway",
    ] {
        let (config, warnings) = in_namespace(namespace, PROTECTED);
        let service = config.services.first().unwrap();
        assert_eq!((service.realm, &service.required), (None, &Required::Open), "{namespace}");
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(warning.says.contains("open to everybody"), "{}", warning.says);
    }
}

#[test]
fn a_namespace_that_is_not_known_is_told_with_the_nearest() {
    let error =
        read("<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/07/gateway\"/>").unwrap_err().to_string();
    assert!(error.contains("did you mean `http://xmlns.kaazing.org/2016/06/gateway`?"), "{error}");
}

#[test]
fn a_file_without_a_namespace_is_read_as_one_of_today() {
    let (config, warnings) = read(&format!("<gateway-config>{PROTECTED}</gateway-config>")).unwrap();
    assert_eq!(config.era, Era::AnyUser);
    assert!(warnings.first().unwrap().says.contains("in which namespace"));
}

#[test]
fn an_element_of_another_namespace_is_refused_whatever_its_name() {
    let xml = format!("<gateway-config xmlns=\"{CURRENT}\" xmlns:o=\"urn:o\"><o:service/></gateway-config>");
    let error = read(&xml).unwrap_err().to_string();
    assert!(error.contains("<service> is not in the namespace of the file"), "{error}");
}

#[test]
fn a_file_of_another_kind_is_told_apart() {
    let error = read("<jaas-config/>").unwrap_err().to_string();
    assert!(error.contains("the file holds <jaas-config>, which is no configuration"), "{error}");
}

#[test]
fn elements_come_in_any_order() {
    let straight = "<service><name>a</name><accept>ws://localhost:1/</accept><type>echo</type><properties><repeat>2</repeat></properties></service>";
    let turned = "<service><properties><repeat>2</repeat></properties><type>echo</type><accept>ws://localhost:1/</accept><name>a</name></service>";
    for inside in [straight, turned] {
        assert_eq!(
            said::said(&format!(
                "<security/>{inside}<properties><property><value>b</value><name>a</name></property></properties>"
            )),
            [""; 0]
        );
    }
}

#[test]
fn a_service_without_a_name_is_called_by_its_type_and_number() {
    let echo = |name: &str| {
        let own = if name.is_empty() { String::new() } else { format!("<name>{name}</name>") };
        format!("<service>{own}<accept>ws://localhost:1/{name}</accept><type>echo</type></service>")
    };
    let second = echo("").replace(":1/", ":1/2");
    let inside = format!("{}{}{second}", echo("echo-1"), echo("b"));
    let (config, _) = in_namespace(CURRENT, &inside);
    let names: Vec<&str> = config.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["echo-1", "b", "echo-3"]);
    let inside = format!("{}{}", echo(""), echo("echo-1"));
    let (config, _) = in_namespace(CURRENT, &inside);
    assert_eq!(config.services.first().unwrap().name.as_str(), "echo-2");
}

#[test]
fn what_service_defaults_say_holds_where_the_service_says_nothing() {
    let inside = "<service-defaults><accept-options><ws.maximum.message.size>1k</ws.maximum.message.size>\
        <http.keepalive.timeout>7 s</http.keepalive.timeout></accept-options>\
        <connect-options><connect.timeout>7 s</connect.timeout></connect-options></service-defaults>\
        <service><accept>ws://localhost:1/</accept><type>echo</type></service>\
        <service><accept>ws://localhost:2/</accept><type>echo</type><accept-options>\
        <ws.maximum.message.size>2k</ws.maximum.message.size><http.keepalive.timeout>8 s</http.keepalive.timeout>\
        </accept-options><connect-options><connect.timeout>8 s</connect.timeout></connect-options></service>";
    let (config, _) = in_namespace(CURRENT, inside);
    let sizes: Vec<usize> =
        config.services.iter().map(|service| service.accept_options.maximum_message).collect();
    assert_eq!(sizes, [1024, 2048]);
    let seconds = |time: std::time::Duration| time.as_secs();
    let kept: Vec<u64> =
        config.listeners.iter().map(|listener| seconds(listener.options.keepalive)).collect();
    assert_eq!(kept, [7, 8]);
    let dialled = config.services.iter().map(|service| seconds(service.connect_options.connect_timeout));
    assert_eq!(dialled.collect::<Vec<_>>(), [7, 8]);
}

#[test]
fn what_one_service_says_of_its_address_holds_for_all_there() {
    let inside = "<service><accept>ws://localhost:1/a</accept><type>echo</type></service>\
        <service><accept>ws://localhost:1/b</accept><type>echo</type><accept-options>\
        <tcp.maximum.connections>7</tcp.maximum.connections></accept-options></service>";
    let (config, _) = in_namespace(CURRENT, inside);
    let [listener] = config.listeners.as_slice() else { panic!("{:?}", config.listeners) };
    assert_eq!((listener.options.connections, listener.accepts.len()), (7, 2));
}

#[test]
fn a_connection_may_idle_as_long_as_a_socket_where_only_that_is_said() {
    let with = |options: &str| {
        let inside = format!(
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options>{options}</accept-options></service>"
        );
        in_namespace(CURRENT, &inside).0.listeners.first().unwrap().options.keepalive.as_secs()
    };
    assert_eq!(with(""), 30);
    assert_eq!(with("<ws.inactivity.timeout>90 s</ws.inactivity.timeout>"), 90);
    assert_eq!(
        with(
            "<ws.inactivity.timeout>90 s</ws.inactivity.timeout><http.keepalive.timeout>5 s</http.keepalive.timeout>"
        ),
        5
    );
}

#[test]
fn a_bind_moves_the_listener_and_leaves_the_name() {
    let inside = "<service><accept>wss://gw.example.com/a</accept><type>echo</type><accept-options>\
        <tcp.bind>127.0.0.1:8443</tcp.bind><ssl.encryption>disabled</ssl.encryption></accept-options></service>\
        <service><accept>wss://other.example.com/a</accept><type>echo</type><accept-options>\
        <wss.bind>127.0.0.1:8443</wss.bind><tcp.bind>1</tcp.bind></accept-options></service>";
    let (config, _) = in_namespace(CURRENT, inside);
    let [listener] = config.listeners.as_slice() else { panic!("{:?}", config.listeners) };
    assert_eq!((listener.bind.host.as_deref(), listener.bind.port), (Some("127.0.0.1"), 8443));
    assert!(!listener.secure, "a host in front speaks TLS");
}

#[test]
fn a_service_that_checks_for_updates_is_left_out() {
    let inside = "<service><type>update.check</type></service><service><accept>ws://localhost:1/</accept><type>echo</type></service>";
    let (config, warnings) = in_namespace(CURRENT, inside);
    assert_eq!((config.services.len(), warnings.len()), (1, 1));
}

#[test]
fn what_is_defined_at_the_launch_overrides_the_properties_of_the_file() {
    let xml = format!(
        "<gateway-config xmlns=\"{CURRENT}\"><properties><property><name>port</name><value>1</value></property></properties>\
         <service><accept>ws://localhost:${{port}}/</accept><type>echo</type></service></gateway-config>"
    );
    let defines = BTreeMap::from([("port".to_owned(), "2".to_owned())]);
    let (config, _) = understand(Path::new("a.xml"), xml.into_bytes(), &defines).unwrap();
    assert_eq!(config.listeners.first().unwrap().bind.port, 2);
}

/// A folder of its own for the files of one test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ticketgate-load-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn sample(folder: &Scratch, name: &str) -> PathBuf {
    let to = folder.0.join(name);
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config").join(name), &to).unwrap();
    to
}

/// Makes a keystore of Java's encrypted format with the real tool.
fn keytool(folder: &Scratch) {
    fs::write(folder.0.join("keystore.pw"), "changeit\n").unwrap();
    let made = std::process::Command::new("keytool")
        .current_dir(&folder.0)
        .args([
            "-genkeypair",
            "-alias",
            "gw",
            "-keyalg",
            "EC",
            "-dname",
            "CN=localhost",
            "-storetype",
            "JCEKS",
        ])
        .args(["-keystore", "keystore.db", "-storepass:file", "keystore.pw"])
        .output()
        .expect("keytool is needed: testkdc/packages tests");
    assert!(made.status.success(), "{made:?}");
}

#[test]
fn the_command_that_is_told_for_a_keystore_makes_the_file_load() {
    let folder = Scratch::new("jceks");
    keytool(&folder);
    fs::copy(folder.0.join("keystore.db"), folder.0.join("truststore.db")).unwrap();
    let path = sample(&folder, "echo.xml");
    let error = load(&path, &BTreeMap::new()).unwrap_err().to_string();
    let (_, command) = error.split_once("convert it with: ").unwrap();
    let command = command.lines().next().unwrap();
    let run = std::process::Command::new("sh").arg("-c").arg(command).output().unwrap();
    assert!(run.status.success(), "{command}: {run:?}");
    let (config, _) = load(&path, &BTreeMap::new()).unwrap();
    assert_eq!(config.keystore.unwrap().format, None, "it is read as what it is");
}

#[test]
fn the_echo_service_of_the_founding_documents_means_what_it_meant() {
    let folder = Scratch::new("echo");
    for file in ["keystore.db", "keystore.pw"] {
        fs::write(folder.0.join(file), "x").unwrap();
    }
    let (config, _) = load(&sample(&folder, "echo.xml"), &BTreeMap::new()).unwrap();
    let service = config.services.first().unwrap();
    assert_eq!(service.name.as_str(), "echo-1");
    assert_eq!(service.accepts.first().unwrap().to_string(), "wss://localhost:9000/echo");
    assert_eq!(service.required, Required::Roles(vec!["AUTHORIZED".to_owned()]));
    let realm = config.realms.get(service.realm.unwrap()).unwrap();
    assert_eq!(realm.authentication.scheme, Some(Scheme::ApplicationToken));
}

#[test]
fn the_demo_realm_of_the_founding_documents_means_what_it_meant() {
    let folder = Scratch::new("demo");
    for file in ["keystore.db", "keystore.pw", "truststore.db"] {
        fs::write(folder.0.join(file), "x").unwrap();
    }
    let (config, _) = load(&sample(&folder, "demo.xml"), &BTreeMap::new()).unwrap();
    let [realm] = config.realms.as_slice() else { panic!("{:?}", config.realms) };
    let authentication = &realm.authentication;
    assert_eq!(authentication.scheme, Some(Scheme::ApplicationBasic));
    assert_eq!(authentication.headers, ["x-custom-authorization-header"]);
    assert_eq!(authentication.query_parameters, ["auth"]);
    assert_eq!(authentication.cookies, ["sessionCookie"]);
    assert_eq!(authentication.authorization_timeout.unwrap().as_secs(), 30 * 60);
    assert_eq!(authentication.session_timeout.unwrap().as_secs(), 4 * 3600);
    let [file, ldap] = authentication.modules.as_slice() else { panic!("{:?}", authentication.modules) };
    assert!(matches!(&file.judge, Judge::File(file) if file.file.ends_with("jaas-config.xml")));
    let Judge::Ldap(ldap) = &ldap.judge else { panic!("{:?}", ldap.judge) };
    let Mode::SearchFirst(filter) = &ldap.mode else { panic!("{:?}", ldap.mode) };
    assert_eq!(filter.to_string(), "(&(uid={USERNAME})(objectClass=inetOrgPerson))");
    assert_eq!(ldap.role, Some(Role::Attribute("EMPLOYEENUMBER".to_owned())));
    assert_eq!(ldap.servers[0].to_string(), "ldaps://ldap-svr:636");
}

/// The places of all texts below an element.
fn texts(element: &Element, places: &mut Vec<Range<usize>>) {
    if !element.text.span.is_empty() {
        places.push(element.text.span.clone());
    }
    element.children.iter().for_each(|child| texts(child, places));
}

/// The places of all elements below an element.
fn elements(element: &Element, places: &mut Vec<Range<usize>>) {
    places.extend(element.children.iter().map(|child| child.span.clone()));
    element.children.iter().for_each(|child| elements(child, places));
}

/// That a file is either understood, or told to be wrong at places that it has.
fn is_answered(xml: &str) {
    if let Err(LoadError::Wrong(wrong)) = read(xml) {
        assert!(wrong.problems.iter().any(|problem| problem.severity == Severity::Error));
        for problem in &wrong.problems {
            assert!(xml.get(problem.span.clone()).is_some(), "{problem:?} in {xml}");
        }
        assert!(!wrong.to_string().is_empty() && !wrong.shown(false).is_empty());
    }
}

fn sample_text() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/gateway-config.xml")).unwrap()
}

#[test]
fn whatever_a_value_of_the_sample_is_replaced_by_there_is_an_answer() {
    let sample = sample_text();
    let mut places = Vec::new();
    texts(&xml::read(sample.as_bytes()).unwrap().root, &mut places);
    assert!(places.len() > 100);
    for (number, place) in places.into_iter().enumerate() {
        let other = ["?", "-1", "${x}", "ws://", "é,é", "99999999999999999999"]
            .into_iter()
            .cycle()
            .nth(number)
            .unwrap();
        let mut text = sample.clone();
        text.replace_range(place, other);
        is_answered(&text);
    }
}

#[test]
fn whichever_element_of_the_sample_is_missing_or_there_twice_there_is_an_answer() {
    let sample = sample_text();
    let mut places = Vec::new();
    elements(&xml::read(sample.as_bytes()).unwrap().root, &mut places);
    for (number, place) in places.into_iter().enumerate() {
        let mut text = sample.clone();
        if number % 2 == 0 {
            text.replace_range(place, "");
        } else {
            let twice = text.get(place.clone()).unwrap().repeat(2);
            text.replace_range(place, &twice);
        }
        is_answered(&text);
    }
}

#[test]
fn of_very_many_mistakes_as_many_are_told_as_anybody_reads() {
    let wrong = "<wrong/>".repeat(10_000);
    let error = read(&format!("<gateway-config xmlns=\"{CURRENT}\">{wrong}</gateway-config>"))
        .unwrap_err()
        .to_string();
    assert_eq!(error.lines().filter(|line| line.contains("error: ")).count(), MAX_PROBLEMS);
    assert!(error.ends_with("there may be more errors; these are the first 100"), "{error}");
}

#[test]
fn warnings_do_not_keep_errors_from_being_told() {
    let ignored = "<service><type>update.check</type></service>".repeat(10_000);
    let said = said::said(&format!("{ignored}<wrong/>"));
    assert!(said.last().unwrap().starts_with("error: <wrong> is not known"), "{said:?}");
}
