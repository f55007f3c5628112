//! Settings as programs ask for them, from one file and from several.

use super::*;

fn conf(files: &[&str]) -> Krb5Conf {
    let mut conf = Krb5Conf::default();
    for file in files {
        conf.append(profile::read(file).unwrap()).unwrap();
    }
    conf
}

fn direct(host: &str, port: Option<u16>) -> Server {
    Server::Direct { host: host.to_owned(), port }
}

#[test]
fn without_a_file_there_are_defaults() {
    let conf = Krb5Conf::default();
    assert_eq!((conf.default_realm(), conf.default_ccache_name()), (None, None));
    assert!(conf.dns_lookup_kdc() && conf.kdc_timesync());
    assert!(!conf.forwardable("A") && !conf.proxiable("A") && !conf.canonicalize("A"));
    assert_eq!(conf.tkt_enctypes(), Enctype::ALL);
    assert_eq!((conf.ticket_lifetime("A"), conf.renew_lifetime("A")), (None, None));
    assert_eq!(conf.udp_preference_limit(), 1465);
    assert_eq!(conf.servers("A"), RealmServers::default());
}

#[test]
fn the_first_value_counts_and_lists_go_on_in_the_next_file() {
    let conf = conf(&[
        "[libdefaults]\ndefault_realm = A\ndefault_realm = B\n[realms]\nA = {\nkdc = one\n}\n",
        "[libdefaults]\ndefault_realm = C\n[realms]\nA = {\nkdc = two:750\nkdc = https://gw/KdcProxy\n}\n",
    ]);
    assert_eq!(conf.default_realm(), Some("A"));
    let proxy = Server::Proxy { url: "https://gw/KdcProxy".to_owned() };
    assert_eq!(conf.servers("A").kdcs, [direct("one", None), direct("two", Some(750)), proxy]);
    assert_eq!(conf.servers("a").kdcs, []);
}

#[test]
fn what_is_final_is_not_changed_by_later_files() {
    let first = "[libdefaults]\nforwardable* = false\nforwardable = true\n[realms]\nA = {\nkdc = one\n}*\n";
    let later = "[libdefaults]\nforwardable = true\n[realms]\nA = {\nkdc = two\n}\nB = {\nkdc = three\n}\n";
    let conf = conf(&[first, later]);
    assert!(!conf.forwardable("A"));
    assert_eq!(conf.servers("A").kdcs, [direct("one", None)]);
    assert_eq!(conf.servers("B").kdcs, [direct("three", None)]);
}

#[test]
fn passwords_are_changed_beside_the_administration_if_nothing_else_is_said() {
    let conf = conf(&["[realms]\nA = {\nadmin_server = adm:749\nmaster_kdc = m\n}\n\
                       B = {\nadmin_server = adm:749\nkpasswd_server = pw:4464\nprimary_kdc = p\nmaster_kdc = m\n}\n"]);
    assert_eq!(conf.servers("A").kpasswd, [direct("adm", None)]);
    assert_eq!(conf.servers("A").primaries, [direct("m", None)]);
    assert_eq!(conf.servers("B").kpasswd, [direct("pw", Some(4464))]);
    assert_eq!(conf.servers("B").primaries, [direct("p", None)]);
}

#[test]
fn a_host_belongs_to_the_realm_of_its_name_or_of_its_nearest_domain() {
    let conf = conf(&["[domain_realm]\n.a.test = SUB\na.test = TOP\nhost.a.test = HOST\n.test = ALL\n"]);
    for (host, krb_realm) in [
        ("host.a.test", Some("HOST")),
        ("HOST.A.test.", Some("HOST")),
        ("x.a.test", Some("SUB")),
        ("x.y.a.test", Some("SUB")),
        ("a.test", Some("TOP")),
        ("b.test", Some("ALL")),
        ("b.other", None),
        ("localhost", None),
        ("", None),
    ] {
        assert_eq!(conf.realm_of_host(host), krb_realm, "{host}");
    }
}

#[test]
fn settings_of_a_realm_go_before_those_of_all() {
    let conf = conf(&["[libdefaults]\nticket_lifetime = 10h\nrenew_lifetime = 7d\nforwardable = yes\n\
                       A = {\nticket_lifetime = 1h\nrenew_lifetime = 0\nforwardable = no\n}\n"]);
    assert_eq!(conf.ticket_lifetime("A"), Some(Duration::from_hours(1)));
    assert_eq!(conf.ticket_lifetime("B"), Some(Duration::from_hours(10)));
    assert_eq!(conf.renew_lifetime("A"), None);
    assert_eq!(conf.renew_lifetime("B"), Some(Duration::from_hours(7 * 24)));
    assert!(!conf.forwardable("A") && conf.forwardable("B"));
}

#[test]
fn enctypes_that_are_not_permitted_are_not_asked_for() {
    let numbers = |enctypes: Vec<Enctype>| enctypes.into_iter().map(Enctype::number).collect::<Vec<_>>();
    let conf = conf(&["[libdefaults]\npermitted_enctypes = aes256-cts aes128-cts\n\
                       default_tkt_enctypes = rc4 aes128-cts\n"]);
    assert_eq!(numbers(conf.tkt_enctypes()), [17]);
    assert_eq!(numbers(conf.tgs_enctypes()), [18, 17]);
}

#[test]
fn switches_have_the_spellings_of_the_profile_library() {
    for (value, expected) in
        [("1", true), ("On", true), ("T", true), ("0", false), ("NIL", false), ("n", false)]
    {
        let file = format!("[libdefaults]\ndns_lookup_kdc = {value}\nkdc_timesync = {value}\n");
        let conf = conf(&[&file]);
        assert_eq!((conf.dns_lookup_kdc(), conf.kdc_timesync()), (expected, expected), "{value}");
    }
}

#[test]
fn all_files_together_are_bounded() {
    let half = format!("[a]\n{}", "b=c\n".repeat(MAX_RELATIONS / 2 + 1));
    let mut conf = Krb5Conf::default();
    conf.append(profile::read(&half).unwrap()).unwrap();
    assert_eq!(conf.append(profile::read(&half).unwrap()), Err(Krb5ConfError::TooLong));
}
