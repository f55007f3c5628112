//! That the tables, the schema, the sample and what is read from files say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{schema::schema, *};
use crate::config::{
    load::understand,
    model::Config,
    xml::{self, Element},
};

fn conf(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conf").join(name)
}

fn sample() -> String {
    fs::read_to_string(conf("gateway-config.xml")).unwrap()
}

/// The sample with what stands in its comments, where that is elements.
fn whole_sample() -> String {
    let mut whole = String::new();
    for part in sample().split_inclusive("-->") {
        match part.split_once("<!--") {
            Some((before, comment)) => {
                whole.push_str(before);
                let comment = comment.trim_end_matches("-->").trim();
                if comment.starts_with('<') {
                    whole.push_str(comment);
                }
            }
            None => whole.push_str(part),
        }
    }
    whole
}

/// Calls `see` with every element below `element`, its place, and its entry if it has one.
fn walk<'a>(
    element: &'a Element,
    place: Place,
    see: &mut impl FnMut(&'a Element, Place, Option<&'static Entry>),
) {
    let named = |name: &str| element.children.iter().find(|child| child.name == name);
    for child in &element.children {
        let entry = place.find(&child.name);
        see(child, place, entry);
        let Some(entry) = entry else { continue };
        let word = named("type").map(|own| own.text.value.as_str());
        let inside = match entry.holds {
            Holds::Elements(inside) => Some(inside),
            Holds::OptionsOfModule => {
                ModuleType::ALL.into_iter().find(|module| Some(module.word()) == word).map(Place::Module)
            }
            Holds::PropertiesOfType => {
                ServiceType::ALL.into_iter().find(|service| Some(service.word()) == word).map(Place::Type)
            }
            Holds::Nothing | Holds::Text(_) => None,
        };
        if let Some(inside) = inside {
            walk(child, inside, see);
        }
    }
}

#[test]
fn a_name_means_one_thing_in_one_place() {
    for place in Place::all() {
        let mut names = BTreeSet::new();
        for name in place.entries().flat_map(Entry::names) {
            assert!(names.insert(name), "{name} in {place:?}");
        }
    }
}

#[test]
fn the_schema_is_that_of_the_vocabulary() {
    let path = conf("gateway-config.xsd");
    let schema = schema();
    if std::env::var_os("WRITE_SCHEMA").is_some() {
        fs::write(&path, &schema).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == schema,
        "{} is not what the vocabulary says; write it with WRITE_SCHEMA=1 cargo test -p ticketgate --lib schema",
        path.display()
    );
}

#[test]
fn the_sample_has_every_word_and_no_other() {
    let text = whole_sample();
    let document = xml::read(text.as_bytes()).unwrap();
    let mut seen: BTreeSet<(String, &str)> = BTreeSet::new();
    walk(&document.root, Place::Root, &mut |element, place, entry| {
        let entry = entry.unwrap_or_else(|| panic!("{} in {place:?}", element.name));
        seen.insert((format!("{place:?}"), entry.name));
        // What several types of services have in common is shown with one of them.
        for other in Place::all().filter(|other| other.entries().any(|known| std::ptr::eq(known, entry))) {
            seen.insert((format!("{other:?}"), entry.name));
        }
    });
    for place in Place::all() {
        for entry in place.entries().filter(|entry| entry.is_honoured()) {
            // Under `security` itself it stood before there were realms.
            let is_legacy = place == Place::Security && Place::Authentication.find(entry.name).is_some();
            assert!(
                is_legacy || seen.contains(&(format!("{place:?}"), entry.name)),
                "{} in {place:?} is not in the sample",
                entry.name
            );
        }
    }
}

#[test]
fn the_sample_shows_defaults_as_they_are() {
    let text = whole_sample();
    let document = xml::read(text.as_bytes()).unwrap();
    walk(&document.root, Place::Root, &mut |element, place, entry| {
        if let Some(default) = entry.and_then(|entry| entry.default) {
            assert_eq!(element.text.value, default, "{} in {place:?}", element.name);
        }
    });
}

#[test]
fn every_file_in_conf_loads_without_a_warning() {
    for name in ["gateway-config.xml", "tgg.xml", "tpg.xml"] {
        let (config, warnings) = crate::config::load(&conf(name), &BTreeMap::new()).unwrap();
        assert!(!config.services.is_empty(), "{name}");
        assert_eq!(config.told(&warnings), "", "{name}");
    }
}

fn xmllint(file: &Path) -> (bool, String) {
    let schema = conf("gateway-config.xsd");
    let run = Command::new("xmllint").arg("--noout").arg("--schema").arg(schema).arg(file).output();
    let run = run.expect("xmllint is needed: testkdc/packages tests");
    (run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned())
}

#[test]
fn xmllint_accepts_what_is_in_conf() {
    for name in ["gateway-config.xml", "tgg.xml", "tpg.xml"] {
        let (accepted, says) = xmllint(&conf(name));
        assert!(accepted, "{says}");
    }
}

#[test]
fn xmllint_refuses_what_is_wrong() {
    let folder = std::env::temp_dir().join(format!("ticketgate-schema-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let service =
        |inside: &str| format!("<service><accept>ws://a/</accept><type>echo</type>{inside}</service>");
    for (number, (wrong, why)) in [
        (service("<nmae>a</nmae>"), "nmae"),
        (service("<type>echo</type>"), "type"),
        ("<service><accept>ws://a/</accept></service>".to_owned(), "type"),
        (service("<realm-name>nobody</realm-name>"), "nobody"),
        (service("<name>a</name>") + &service("<name>a</name>"), "name"),
        (service("<accept-options><ssl.encryption>yes</ssl.encryption></accept-options>"), "ssl.encryption"),
        (service("<accept-options><socks.mode>reverse</socks.mode></accept-options>"), "socks.mode"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.join(format!("{number}.xml"));
        fs::write(
            &file,
            format!(
                "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">{wrong}</gateway-config>"
            ),
        )
        .unwrap();
        let (accepted, says) = xmllint(&file);
        assert!(!accepted && says.contains(why), "{wrong}: {says}");
    }
    fs::remove_dir_all(folder).unwrap();
}

/// A configuration in which `element` stands in `place`, and all that it needs around it.
fn around(place: Place, element: &str, name: &str) -> String {
    let needed = |place: Place| {
        place.entries().fold(String::new(), |mut needed, entry| {
            let is_needed = matches!(entry.occurs, Occurs::Once | Occurs::AtLeastOnce) && entry.is_honoured();
            if is_needed && matches!(entry.holds, Holds::Text(_)) && !entry.is(name) {
                let _ = write!(needed, "<{0}>{1}</{0}>", entry.name, entry.example);
            }
            needed
        })
    };
    let companion = match name {
        "http.forwarded" | "tcp.proxy.protocol" if place == Place::AcceptOptions => {
            "<tcp.trusted.proxies>10.0.0.1</tcp.trusted.proxies>"
        }
        "identity-token-keys" | "identity-token-issuer" | "identity-token-audience" => {
            "<identity-token-header>x-token</identity-token-header>"
        }
        "authToLocal" => "<defaultRealm>EXAMPLE.COM</defaultRealm>",
        "bindDn" if !element.is_empty() => "<bindPasswordFile>a</bindPasswordFile>",
        "bindPasswordFile" if !element.is_empty() => "<bindDn>cn=a</bindDn>",
        "groupAttribute" | "groupFilter" | "groupRoles" => "<groupProvider>dc=example</groupProvider>",
        "useSSL" => "<startTls>false</startTls>",
        _ => "",
    };
    let inside = format!("{}{companion}{element}", needed(place));
    let proxied = match name {
        "ws.bind" | "http.bind" => &["ws"][..],
        "wss.bind" | "https.bind" => &["wss"],
        "ssl.bind" => &["ssl"],
        "tcp.bind" => &["tcp"],
        _ => &["ws", "wss"],
    };
    let holder = |service: ServiceType, inside: &str| {
        let (accepts, connect) = match service {
            ServiceType::Broadcast | ServiceType::Echo => (&["ws", "wss"][..], ""),
            ServiceType::Proxy => (proxied, "<connect>ws://localhost:1/</connect>"),
            ServiceType::HttpProxy => (&["http", "https"][..], "<connect>http://localhost:1/</connect>"),
            ServiceType::Kerberos5Proxy => (&["ws"][..], "<connect>tcp://localhost:88</connect>"),
            _ => (&["http", "https"][..], ""),
        };
        let accepts: String = accepts
            .iter()
            .enumerate()
            .map(|(port, scheme)| format!("<accept>{scheme}://localhost:{}</accept>", port + 1))
            .collect();
        let connect = if name == "connect" { "" } else { connect };
        format!("<service><type>{service}</type>{accepts}{connect}{inside}</service>")
    };
    let module = |module: ModuleType, options: &str| {
        let before = match module {
            ModuleType::Gss => {
                "<login-module><type>kerberos5</type><success>required</success>\
                 <options><keyTab>a</keyTab></options></login-module>"
            }
            _ => "",
        };
        let options = match module {
            // What is said of a keystore needs one.
            ModuleType::Keystore if name != "keyStoreURL" => {
                format!("<keyStoreURL>a</keyStoreURL>{options}")
            }
            // It must say how users are found.
            ModuleType::Ldap if !options.contains("<userFilter>") => {
                format!("<userFilter>(cn={{USERNAME}})</userFilter>{options}")
            }
            _ => options.to_owned(),
        };
        format!(
            "<realm><name>r</name><authentication><login-modules>{before}<login-module><type>{module}</type>\
             <success>required</success><options>{options}</options></login-module></login-modules></authentication></realm>"
        )
    };
    let publisher = |inside: &str| match inside.contains("<accept>") || inside.contains("<connect>") {
        true => inside.to_owned(),
        false => format!("<accept>tcp://localhost:1</accept>{inside}"),
    };
    let constrained =
        |inside: &str| holder(ServiceType::Echo, &format!("<realm-name>demo</realm-name>{inside}"));
    let (services, security) = match place {
        Place::AcceptOptions => {
            (holder(ServiceType::Proxy, &format!("<accept-options>{inside}</accept-options>")), String::new())
        }
        Place::ConnectOptions => (
            holder(ServiceType::Proxy, &format!("<connect-options>{inside}</connect-options>")),
            String::new(),
        ),
        Place::Authentication => {
            let realm = format!("<realm><name>r</name><authentication>{inside}</authentication></realm>");
            (String::new(), realm)
        }
        Place::AuthorizationConstraint => {
            let constraint = format!("<authorization-constraint>{inside}</authorization-constraint>");
            (constrained(&constraint), String::new())
        }
        Place::CrossSiteConstraint => (
            holder(ServiceType::Echo, &format!("<cross-site-constraint>{inside}</cross-site-constraint>")),
            String::new(),
        ),
        Place::KrbRealm => {
            let realm = format!("<properties><krb-realm><kdc>a</kdc>{inside}</krb-realm></properties>");
            (holder(ServiceType::Kerberos5Proxy, &realm), String::new())
        }
        Place::Realm => (String::new(), format!("<realm>{inside}</realm>")),
        Place::Module(kind) => (String::new(), module(kind, &inside)),
        Place::Service => {
            // Its type is already there.
            let element = inside.replace("<type>echo</type>", "");
            (holder(ServiceType::Proxy, &element), String::new())
        }
        Place::Type(ServiceType::Broadcast) => {
            let inside = publisher(&inside);
            (holder(ServiceType::Broadcast, &format!("<properties>{inside}</properties>")), String::new())
        }
        Place::Type(service) => {
            (holder(service, &format!("<properties>{inside}</properties>")), String::new())
        }
        _ => panic!("{place:?}"),
    };
    let demo = if place == Place::Realm { "" } else { "<realm><name>demo</name></realm>" };
    format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">{services}<security>\
         <keystore><file>web/index.html</file></keystore><truststore><file>web/index.html</file></truststore>{demo}{security}</security></gateway-config>"
    )
}

/// The places whose words have defaults or can be left out, and have a meaning of their own.
fn places() -> impl Iterator<Item = Place> {
    let plain = [
        Place::AcceptOptions,
        Place::Authentication,
        Place::AuthorizationConstraint,
        Place::ConnectOptions,
        Place::CrossSiteConstraint,
        Place::KrbRealm,
        Place::Realm,
        Place::Service,
    ];
    let types = ServiceType::ALL.into_iter().map(Place::Type);
    plain.into_iter().chain(types).chain(ModuleType::ALL.into_iter().map(Place::Module))
}

/// What a configuration comes to, as text without places.
fn meaning(xml: &str) -> String {
    let understood = understand(&conf("test.xml"), xml.as_bytes().to_vec(), &BTreeMap::new());
    let (config, _) = understood.unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let text = format!("{:?}", Config { octets: Vec::new(), ..config });
    let mut meaning = String::new();
    for part in text.split("..") {
        meaning.push_str(part.trim_matches(|letter: char| letter.is_ascii_digit()));
    }
    meaning
}

#[test]
fn every_word_that_can_be_left_out_changes_something() {
    for place in places() {
        for entry in place.entries().filter(|entry| entry.is_honoured()) {
            let is_optional = matches!(entry.occurs, Occurs::AtMostOnce | Occurs::Any);
            if !is_optional || !matches!(entry.holds, Holds::Text(_)) || entry.default == Some(entry.example)
            {
                continue;
            }
            let Entry { name, example, .. } = entry;
            let with = meaning(&around(place, &format!("<{name}>{example}</{name}>"), name));
            // Without either there is no service of this type.
            if place == Place::Service && ["accept", "connect"].contains(name) {
                continue;
            }
            assert!(with != meaning(&around(place, "", name)), "<{name}> in {place:?} does nothing");
        }
    }
}

#[test]
fn every_alias_means_what_its_word_means() {
    for place in places() {
        for entry in place.entries().filter(|entry| entry.is_honoured()) {
            for alias in entry.aliases.iter().filter(|_| matches!(entry.holds, Holds::Text(_))) {
                let Entry { name, example, .. } = entry;
                let meant = meaning(&around(place, &format!("<{name}>{example}</{name}>"), name));
                let said = meaning(&around(place, &format!("<{alias}>{example}</{alias}>"), name));
                assert_eq!(said, meant, "<{alias}> in {place:?}");
            }
        }
    }
}

#[test]
fn every_default_is_what_holds_without_it() {
    for place in places() {
        for entry in place.entries() {
            let (Entry { name, .. }, Some(default)) = (entry, entry.default) else { continue };
            let with = meaning(&around(place, &format!("<{name}>{default}</{name}>"), name));
            assert_eq!(with, meaning(&around(place, "", name)), "<{name}> in {place:?}");
        }
    }
}

#[test]
fn every_word_that_is_needed_is_missed() {
    for place in places() {
        for entry in place.entries().filter(|entry| entry.occurs == Occurs::Once && place != Place::Service) {
            let xml = around(place, "", entry.name);
            let understood = understand(&conf("test.xml"), xml.as_bytes().to_vec(), &BTreeMap::new());
            let error = understood.map(|_| ()).unwrap_err().to_string();
            assert!(
                error.contains(&format!("has no <{}>", entry.name)),
                "{} in {place:?}: {error}",
                entry.name
            );
        }
    }
}
