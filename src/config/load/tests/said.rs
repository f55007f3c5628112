//! What is said of files that are wrong, word for word.

mod modules;

use std::{collections::BTreeMap, fs, path::Path};

use super::{CURRENT, LoadError, read, understand};
use crate::config::report::{Problem, Severity};

/// All that is said of a configuration of which this is the inside.
pub(super) fn said(inside: &str) -> Vec<String> {
    let found = match read(&format!("<gateway-config xmlns=\"{CURRENT}\">{inside}</gateway-config>")) {
        Ok((_, warnings)) => warnings,
        Err(LoadError::Wrong(wrong)) => wrong.problems,
        Err(error) => panic!("{error}"),
    };
    let mut found: Vec<&Problem> = found.iter().collect();
    found.sort_by_key(|problem| (problem.span.start, problem.span.end));
    let line = |problem: &&Problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let help = problem.help.iter().map(|help| format!("; {help}")).collect::<String>();
        let also = problem.also.iter().map(|(_, what)| format!(" ({what})")).collect::<String>();
        format!("{severity}: {}{help}{also}", problem.says)
    };
    found.iter().map(line).collect()
}

fn all_said(cases: &[(&str, &[&str])]) {
    for (inside, expected) in cases {
        assert_eq!(said(inside), *expected, "{inside}");
    }
}

#[test]
fn a_word_where_it_cannot_stand_is_told_with_where_it_can() {
    all_said(&[
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><acept-options/></service>",
            &["error: <acept-options> is not known in <service>; did you mean <accept-options>?"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><ssl.ciphers>HIGH</ssl.ciphers></service>",
            &[
                "error: <ssl.ciphers> does not stand in <service>; it stands in <accept-options> or in <connect-options>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><frobnicate/></service>",
            &[
                "error: <frobnicate> is not known in <service>; it may hold <name>, <description>, <accept>, <connect>, <type>, <properties>, <accept-options>, <connect-options>, <realm-name>, <authorization-constraint>, <mime-mapping> and <cross-site-constraint>",
            ],
        ),
        (
            "<service>echo</service>",
            &[
                "error: <service> has no <type>; add one, such as <type>echo</type>",
                "error: <service> holds elements, and here `echo`; it may hold <name>, <description>, <accept>, <connect>, <type>, <properties>, <accept-options>, <connect-options>, <realm-name>, <authorization-constraint>, <mime-mapping> and <cross-site-constraint>",
            ],
        ),
        (
            r#"<service name="a"><accept>ws://localhost:1/</accept><type>echo</type></service>"#,
            &[
                "error: <service> takes no attributes, and here `name`; write it as an element inside: <name>…</name>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><type>proxy</type></service>",
            &["error: <type> stands twice in <service>; leave one of them (first here)"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept></service>",
            &["error: <service> has no <type>; add one, such as <type>echo</type>"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type><b/></type></service>",
            &["error: <type> holds a value, and here <b>; write it as <type>echo</type>"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type></type></service>",
            &["error: <type> is empty; write it as <type>echo</type>"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><authorization-constraint><require-valid-user>x</require-valid-user></authorization-constraint></service>",
            &[
                "error: the service says which users may use it, and not of which realm; add a <realm> to <security>",
                "error: <require-valid-user> holds nothing; write it as <require-valid-user/>",
            ],
        ),
        (
            "<security><keystore><file>Cargo.toml</file></keystore></security><security/>",
            &[
                "warning: the file has no <service>, so there is nothing to do",
                "error: <security> stands twice in <gateway-config>; leave one of them (first here)",
            ],
        ),
        (
            "<cluster/>",
            &[
                "warning: the file has no <service>, so there is nothing to do",
                "error: <cluster> is not supported: gateways do not join; put a load balancer in front of several",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><balance>ws://a/</balance></service>",
            &[
                "error: <balance> is not supported: gateways do not join; put a load balancer in front of several",
            ],
        ),
    ]);
}

#[test]
fn a_type_that_is_not_there_is_told_with_what_to_use_instead() {
    all_said(&[
        (
            "<service><accept>ws://localhost:1/</accept><type>ehco</type></service>",
            &["error: <type> is `ehco`, which is no type of service; did you mean `echo`?"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>balancer</type></service>",
            &[
                "error: services of type `balancer` are not supported; gateways do not join; put a load balancer in front of several",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>amqp.proxy</type></service>",
            &[
                "error: services of type `amqp.proxy` are not supported; use proxy: it carries AMQP without looking into it",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>jms</type></service>",
            &[
                "error: services of type `jms` are not supported; use proxy to a broker that speaks WebSocket or TCP, with a protocol such as STOMP or AMQP",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>jms.proxy</type></service>",
            &[
                "error: services of type `jms.proxy` are not supported; use proxy to a broker that speaks WebSocket or TCP, with a protocol such as STOMP or AMQP",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>redis</type></service>",
            &["error: services of type `redis` are not supported; use proxy to tcp://HOST:6379"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>turn.rest</type></service>",
            &[
                "error: services of type `turn.rest` are not supported; use the REST interface of the TURN server",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>management.jmx</type></service>",
            &[
                "error: services of type `management.jmx` are not supported; use management: a page, metrics and JSON over HTTP",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>management.snmp</type></service>",
            &[
                "error: services of type `management.snmp` are not supported; use management: a page, metrics and JSON over HTTP",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>session</type></service>",
            &["error: services of type `session` are not supported; use a realm with <session-timeout>"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>class:com.example.Service</type></service>",
            &[
                "error: services of type `class:com.example.Service` are not supported; a class of Java cannot run here; use a type of this gateway",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>stomp.jms-extension</type></service>",
            &[
                "error: services of type `stomp.jms-extension` are not supported; an extension of Java cannot run here; use a type of this gateway",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>update.check</type></service>",
            &[
                "warning: the service of type `update.check` is left out: updates come from the package manager; take it out",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>x</type></service>",
            &[
                "error: <type> is `x`, which is no type of service; use one of broadcast, directory, echo, http.proxy, http.redirect, kerberos5.proxy, management, proxy",
            ],
        ),
    ]);
}

#[test]
fn a_service_is_reached_and_reaches_back_ends_as_its_type_can() {
    all_said(&[
        (
            "<service><type>echo</type></service>",
            &[
                "error: <service> has no <accept>: nobody can reach it; add one, such as <accept>ws://localhost:8000/</accept>",
            ],
        ),
        (
            "<service><accept>http://localhost:1/</accept><type>echo</type></service>",
            &[
                "error: <accept> is `http://localhost:1/`, and a service of type echo takes no http; use ws:// or wss://",
            ],
        ),
        (
            "<service><accept>ws//localhost</accept><type>echo</type></service>",
            &[
                "error: <accept> is `ws//localhost`; it is no URI; write it as ws://HOST[:PORT]/PATH, wss://, http://, https://, tcp://HOST:PORT or ssl://",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><connect>tcp://localhost:1</connect></service>",
            &["error: a service of type echo has no back end; take this <connect> out"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type></service>",
            &[
                "error: a service of type proxy needs a back end; add one, such as <connect>tcp://localhost:6143</connect>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type><connect>http://localhost:2/</connect></service>",
            &[
                "error: <connect> is `http://localhost:2/`, and a service of type proxy takes no http; use ws://, wss://, tcp:// or ssl://",
            ],
        ),
        (
            "<service><accept>http://localhost:1/</accept><type>http.proxy</type></service>",
            &[
                "error: a service of type http.proxy needs a back end; add one, such as <connect>http://localhost:8080/</connect>",
            ],
        ),
        (
            "<service><accept>http://localhost:1/</accept><type>http.proxy</type><connect>http://a/</connect><connect>http://b/</connect></service>",
            &["error: a service of type http.proxy has one back end; take this <connect> out"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type><connect>tcp://kdc:88</connect></service>",
            &[
                "warning: the service passes on to `tcp://kdc:88` whatever it is sent; use <type>kerberos5.proxy</type>, which relays what is for a KDC alone, and its limits hold",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>kerberos5.proxy</type></service>",
            &[
                "error: a kerberos5.proxy needs KDCs; add <connect>tcp://kdc.example.com:88</connect>, or <krb-realm> with <name> and <kdc> in its <properties>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>broadcast</type></service>",
            &["error: a broadcast needs a publisher; add <accept> or <connect> to its <properties>"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>broadcast</type><properties><accept>udp://localhost:1</accept></properties></service>",
            &["error: <accept> is `udp://localhost:1`; its scheme is udp; a publisher is reached by tcp"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>broadcast</type><properties><accept>tcp://localhost:2</accept><connect>tcp://localhost:3</connect></properties></service>",
            &[
                "error: a broadcast has more than one publisher; leave one <accept> or <connect> in its <properties>",
            ],
        ),
    ]);
}

#[test]
fn properties_are_judged_by_the_type_of_the_service() {
    all_said(&[
        (
            "<service><accept>http://localhost:1/</accept><type>directory</type></service>",
            &[
                "error: <service> has no <properties> with <directory>; add them, such as <properties><directory>web</directory></properties>",
            ],
        ),
        (
            "<service><accept>http://localhost:1/</accept><type>directory</type><properties><directory>a</directory><welcome-file>a/b.html</welcome-file></properties></service>",
            &["error: <welcome-file> is `a/b.html`, a path; name a file of each folder, such as index.html"],
        ),
        (
            "<service><accept>http://localhost:1/</accept><type>http.redirect</type><properties><location>http://ä/</location></properties></service>",
            &[
                "error: <location> is `http://ä/`, which cannot stand in a header field; percent-encode what is not ASCII",
            ],
        ),
        (
            "<service><accept>http://localhost:1/</accept><type>http.proxy</type><connect>http://a/</connect><properties><cookie-path-mapping><from>/</from><to>/a</to></cookie-path-mapping></properties></service>",
            &[
                "warning: <cookie-path-mapping> does nothing, because <rewrite-cookie-path> is disabled; add <rewrite-cookie-path>enabled</rewrite-cookie-path>, or take it out",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type><connect>ws://a/</connect><properties><identity-header>host</identity-header></properties></service>",
            &[
                "error: <identity-header> is `host`, which is no field or means something else; take another, such as x-remote-user",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type><connect>ws://a/</connect><properties><identity-roles-header>x_remote-user</identity-roles-header></properties></service>",
            &[
                "error: the fields that tell the back end who asks cannot be used together; `x-remote-user` and `x_remote-user` are one field to some back ends; give each a name of its own",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type><connect>ws://a/</connect><properties><identity-token-issuer>a</identity-token-issuer></properties></service>",
            &[
                "warning: <identity-token-issuer> does nothing, because there is no <identity-token-header>; add <identity-token-header>x-remote-token</identity-token-header>, or take it out",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type><connect>ws://a/</connect><connect-options><tcp.proxy.protocol>identity</tcp.proxy.protocol></connect-options></service>",
            &[
                "warning: <tcp.proxy.protocol> does nothing: it is for a proxy to tcp:// or ssl://; tell other back ends in fields, such as <identity-header>, or take it out",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type><connect>ws://a/</connect><properties><connect.strategy>prepared</connect.strategy></properties></service>",
            &[
                "error: <connect.strategy> is `prepared`, and no connections are; add <prepared.connection.count>4</prepared.connection.count>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>kerberos5.proxy</type><properties><krb-realm><name>A</name></krb-realm></properties></service>",
            &[
                "error: the Kerberos realm `A` has no server; add <kdc>HOST</kdc>, or <discover>true</discover> to look them up in the DNS",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>kerberos5.proxy</type><properties><krb-realm><name>A</name><kdc>k/x</kdc></krb-realm><krb-realm><name>a</name><kdc>k</kdc></krb-realm><kdc-network>10</kdc-network><dns-server>a</dns-server></properties></service>",
            &[
                "error: <kdc> is `k/x`, which is no server; write it as HOST or HOST:PORT, with IPv6 addresses in brackets",
                "error: the Kerberos realm `a` is there twice; write its servers into one <krb-realm> (first here)",
                "error: <kdc-network> is `10`; write it as 10.0.0.0/8, 2001:db8::/32 or a single address",
                "error: <dns-server> is `a`; write it as ADDRESS or ADDRESS:PORT, with IPv6 addresses in brackets",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><properties><service.domain>a</service.domain><repeat>0</repeat></properties></service>",
            &[
                "warning: <service.domain> does nothing: no cookie carries an identity from one gateway to another; take it out",
                "error: <repeat> is `0`, which is no whole number from 1 to 1000; write it in digits, such as 20",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><mime-mapping><extension>a</extension><mime-type>text</mime-type></mime-mapping></service>",
            &["error: <mime-type> is `text`, which is no media type; write it as image/svg+xml"],
        ),
    ]);
}

#[test]
fn an_option_is_judged_by_what_it_is_for() {
    all_said(&[
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><http.maximum.header.size>8191</http.maximum.header.size></accept-options></service>",
            &[
                "error: <http.maximum.header.size> is `8191`, and nothing fits below 8192 octets; write a larger one, such as 16k",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><ws.inactivity.timeout>never</ws.inactivity.timeout></accept-options></service>",
            &[
                "error: <ws.inactivity.timeout> is `never`, which is no time; write a number and ms, seconds, minutes, hours, days, weeks or years, such as 30 seconds or 1.5 hours",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><http.keepalive.timeout>0</http.keepalive.timeout></accept-options></service>",
            &[
                "error: <http.keepalive.timeout> is `0`, which is no time at all; write a longer one, such as 120 s",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><ssl.verify-client>require</ssl.verify-client></accept-options></service>",
            &[
                "error: <ssl.verify-client> is `require`; did you mean `required`? use none, optional or required",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><tcp.trusted.proxies>10.0.0.1,proxy</tcp.trusted.proxies></accept-options></service>",
            &[
                "error: <tcp.trusted.proxies> has `proxy`; write it as 10.0.0.0/8, 2001:db8::/32 or a single address",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><http.forwarded>enabled</http.forwarded></accept-options></service>",
            &[
                "error: <http.forwarded> is enabled, and nobody is trusted to say who the client is; add <tcp.trusted.proxies> with the addresses of the proxies: anybody else could claim to be anybody",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><tcp.proxy.protocol>enabled</tcp.proxy.protocol></accept-options></service>",
            &[
                "error: <tcp.proxy.protocol> is enabled, and nobody is trusted to say who the client is; add <tcp.trusted.proxies> with the addresses of the proxies: anybody else could claim to be anybody",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><ssl.verify-client>required</ssl.verify-client></accept-options></service>",
            &[
                "warning: <ssl.verify-client> does nothing: no service at this address speaks TLS; accept wss://, https:// or ssl://",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><wss.bind>9000</wss.bind></accept-options></service>",
            &["warning: <wss.bind> does nothing: no <accept> of the service is wss://; take it out"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><http.realm>demo</http.realm><http.maximum.redirects>1</http.maximum.redirects><tls.transport>pipe://a</tls.transport><pipe.x>a</pipe.x><udp.interface>a</udp.interface><socks.mode>reverse</socks.mode></accept-options></service>",
            &[
                "error: <http.realm> is not supported: a service has one realm; name it in <realm-name>",
                "error: <http.maximum.redirects> is not supported: it is for <connect-options>: what accepts follows no redirects",
                "error: <tls.transport> is not supported: layers of transport are chosen by the scheme of <accept> and <connect>",
                "error: <pipe.x> is not supported: services do not call each other inside the process; connect them over the loopback address",
                "error: <udp.interface> is not supported: no service but kerberos5.proxy is reached by datagrams, and that one needs no options for them",
                "error: <socks.mode> is not supported: the gateway does not dial out to be reached; accept connections where clients can come",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>proxy</type><connect>ws://a/</connect><connect-options><ws.version>draft-75</ws.version><http.max.authentication.attempts>3</http.max.authentication.attempts><ssl.verify-client>required</ssl.verify-client><http.host>a\nb</http.host></connect-options></service>",
            &[
                "error: <ws.version> is `draft-75`; use rfc6455: nothing speaks the drafts before it",
                "error: <http.max.authentication.attempts> is `3`; use 0: the gateway has no password to answer a back end with",
                "error: <ssl.verify-client> is not supported: it is for <accept-options>; back ends are always verified",
                r#"error: <http.host> has `a\nb`; write it as HOST or HOST:PORT"#,
            ],
        ),
    ]);
}

#[test]
fn services_at_one_address_are_told_what_they_cannot_both_have() {
    all_said(&[
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><service><accept>ws://LOCALHOST:1</accept><type>echo</type></service>",
            &[
                "error: `ws://localhost:1/` is where the service `echo-1` is reached; give one of them another path, host or port (first here)",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><service><accept>wss://localhost:1/a</accept><type>echo</type></service><security><keystore><file>Cargo.toml</file></keystore></security>",
            &[
                "error: the service `echo-1` is at the same port with ws://; one port speaks TLS to all or to none; choose another port (first here)",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><service><accept>tcp://localhost:1</accept><type>proxy</type><connect>tcp://a:2</connect></service>",
            &[
                "error: the service `echo-1` is at the same port, and one of both is no web; services are told apart by host and path, which ws and http alone have; choose another port (first here)",
            ],
        ),
        (
            "<service><accept>wss://localhost:1/</accept><type>echo</type></service>",
            &[
                "error: wss:// needs a key and a certificate, and there is no <keystore>; add <keystore> with <file> to <security>, or, behind a host that speaks TLS, <ssl.encryption>disabled</ssl.encryption>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><accept-options><http.keepalive.timeout>1 s</http.keepalive.timeout></accept-options></service><service><accept>ws://localhost:1/a</accept><type>echo</type><accept-options><http.keepalive.timeout>2 s</http.keepalive.timeout></accept-options></service>",
            &[
                "error: <http.keepalive.timeout> is not what another service at the same address says; services at one address share it: write the same value, or choose another port (first here)",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><service><accept>ws://0.0.0.0:1/</accept><type>echo</type></service>",
            &[
                "error: the port 1 is taken at all addresses by the service `echo-2`; choose another port, or listen at all addresses too (here)",
            ],
        ),
        (
            "<service><accept>http://gw.example.com:1/</accept><type>management</type></service>",
            &[
                "error: the service shows who is connected and closes sessions, and others than this host reach it; add <realm-name> and an <authorization-constraint> with <require-role>, or accept at http://localhost:PORT/",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><service><accept>http://localhost:1/m</accept><type>management</type></service>",
            &[
                "error: management shares its address with the service `echo-1`; choose a port of its own (here)",
            ],
        ),
    ]);
}

#[test]
fn a_service_for_users_of_a_realm_is_not_reached_by_a_bare_stream() {
    all_said(&[
        (
            "<service><accept>ws://localhost:1/</accept><accept>tcp://localhost:2</accept><accept>udp://localhost:2</accept><connect>tcp://localhost:3</connect><type>kerberos5.proxy</type><realm-name>demo</realm-name><authorization-constraint><require-valid-user/></authorization-constraint></service><security><realm><name>demo</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: the service is for users of a realm, and at tcp:// nobody can show who they are; accept it with ws:// or wss:// instead, or give this accept a service of its own, without <realm-name>",
                "error: the service is for users of a realm, and at udp:// nobody can show who they are; accept it with ws:// or wss:// instead, or give this accept a service of its own, without <realm-name>",
            ],
        ),
        (
            "<service><accept>tcp://localhost:2</accept><connect>tcp://localhost:3</connect><type>proxy</type><realm-name>demo</realm-name><authorization-constraint><require-valid-user/></authorization-constraint></service><security><realm><name>demo</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: the service is for users of a realm, and at tcp:// nobody can show who they are; accept it with ws:// or wss:// instead, or give this accept a service of its own, without <realm-name>",
            ],
        ),
        (
            "<service><accept>tcp://localhost:2</accept><connect>tcp://localhost:3</connect><type>proxy</type></service>",
            &[],
        ),
    ]);
}

#[test]
fn pages_of_other_origins_are_named_once_and_by_their_origin() {
    all_said(&[
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint><cross-site-constraint><allow-origin>http://a</allow-origin></cross-site-constraint></service>",
            &[
                "error: <allow-origin> is `*`, all origins, and others are named beside it; leave either it or the others",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><cross-site-constraint><allow-origin>http://a</allow-origin></cross-site-constraint><cross-site-constraint><allow-origin>http://A:80/</allow-origin></cross-site-constraint></service>",
            &[
                "error: the origin `http://a:80` is there twice; write all of it into one constraint (first here)",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><cross-site-constraint><allow-origin>ws://a</allow-origin></cross-site-constraint></service>",
            &[
                "error: <allow-origin> is `ws://a`, which is no origin; write it as https://HOST or https://HOST:PORT, without a path, or * for all",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><cross-site-constraint><allow-origin>http://a/b</allow-origin><allow-methods>get</allow-methods><allow-headers>a b</allow-headers></cross-site-constraint></service>",
            &[
                "error: <allow-origin> is `http://a/b`, which is no origin; write it as https://HOST or https://HOST:PORT, without a path, or * for all",
                "error: <allow-methods> has `get`; methods are written in capitals, such as GET,POST",
                "error: <allow-headers> has `a b`; write names of fields, such as x-requested-with",
            ],
        ),
    ]);
}

#[test]
fn a_file_with_many_mistakes_is_told_all_of_them_in_one_run() {
    let file = "tests/data/config/wrong.xml";
    let octets = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let error = understand(Path::new(file), octets, &BTreeMap::new()).unwrap_err().to_string();
    let lines: Vec<&str> =
        error.lines().map(|line| line.strip_prefix("tests/data/config/wrong.xml:").unwrap()).collect();
    assert_eq!(lines, WRONG);
}

/// What is said of `wrong.xml`: nineteen mistakes, of nineteen kinds.
const WRONG: [&str; 19] = [
    "11:6: error: <acept> is not known in <service>; did you mean <accept>?",
    "11:17: error: `${hots}` stands for nothing; did you mean `${host}`? a new name is defined in <properties>, or with --define",
    "12:11: error: <type> is `ehco`, which is no type of service; did you mean `echo`?",
    "13:6: error: <relm-name> is not known in <service>; did you mean <realm-name>?",
    "16:11: error: the service `Echo` is there twice; give one of them another name (10:11: first here)",
    "17:13: error: wss:// needs a key and a certificate, and there is no <keystore>; add <keystore> with <file> to <security>, or, behind a host that speaks TLS, <ssl.encryption>disabled</ssl.encryption>",
    "20:30: error: <ws.inactivity.timeout> is `90 secnods`, which is no time; did you mean `90 seconds`? write a number and ms, seconds, minutes, hours, days, weeks or years, such as 30 seconds or 1.5 hours",
    "21:23: error: <ssl.encryption> is `yes`, which is neither enabled nor disabled; write enabled or disabled",
    "22:8: error: <socks.mode> is not supported: the gateway does not dial out to be reached; accept connections where clients can come",
    "24:17: error: there is no realm `dmeo`; did you mean `demo`?",
    "25:6: error: <ssl.ciphers> does not stand in <service>; it stands in <accept-options> or in <connect-options>",
    "27:4: error: <service> has no <properties> with <directory>; add them, such as <properties><directory>web</directory></properties>",
    "34:21: error: <allow-origin> is `app.example.com`, which is no origin; write it as https://HOST or https://HOST:PORT, without a path, or * for all",
    "39:11: error: services of type `jms` are not supported; use proxy to a broker that speaks WebSocket or TCP, with a protocol such as STOMP or AMQP",
    "45:32: error: <http-challenge-scheme> is `Digest`; use Basic, Negotiate, Application Basic, Application Negotiate or Application Token",
    "49:22: error: <success> is `mandatory`; use required, requisite, sufficient or optional",
    "52:16: error: <file> stands twice in <options>; leave one of them (51:16: first here)",
    "56:19: error: login modules of type `class:com.example.TokenLoginModule` are not supported; a class of Java cannot run here; use jwt, or http or exec to ask a judge of your own",
    "63:4: error: <cluster> is not supported: gateways do not join; put a load balancer in front of several",
];
