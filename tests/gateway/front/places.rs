//! Which service a request is for, and what is put into a configuration from elsewhere: defaults, properties, definitions.

use std::net::TcpListener;

use tokio_tungstenite::tungstenite::Message;

use super::{
    UPGRADE, answer, answering, assert_echoes, configuration, echo, folder::Folder, moved, open, request,
    service, upgraded,
};
use crate::{
    backend::Head,
    proxy::close_code,
    world::{Gateway, exit_code},
    ws_client::plain,
};

/// The answer to a request of this host and path.
fn asked(gateway: &Gateway, host: &str, target: &str) -> Head {
    answer(&mut plain(gateway.at("one")), &request(host, target, "")).unwrap()
}

const BIND: &str = "<tcp.bind>127.0.0.1:0</tcp.bind>";

#[test]
fn services_at_one_port_are_told_apart_by_host_and_then_by_the_longest_path() {
    let places = [
        ("one", "http://one.test:80/"),
        ("below", "http://one.test:80/a/b"),
        ("other", "http://other.test:80/"),
        ("any", "http://0.0.0.0:80/any"),
    ];
    let services: String = places.iter().map(|(name, accept)| moved(name, accept, BIND)).collect();
    let gateway = Gateway::run(&configuration(&services));
    for (host, target, service) in [
        ("one.test", "/", "one"),
        ("ONE.test:8000", "/a", "one"),
        ("one.test", "/a/b", "below"),
        ("one.test", "/a/b/c?d", "below"),
        ("one.test", "/a/bc", "one"),
        ("other.test", "/a/b", "other"),
        ("third.test", "/any", "any"),
        ("127.0.0.1", "/any/x", "any"),
    ] {
        let answer = asked(&gateway, host, target);
        assert_eq!(answer.value("location"), format!("http://{service}.test/"), "{host}{target}");
    }
    for (host, target) in [("third.test", "/"), ("third.test", "/anyx"), ("one.test.evil", "/")] {
        assert_eq!(asked(&gateway, host, target).line(), "HTTP/1.1 404 Not Found", "{host}{target}");
    }
}

#[test]
fn sockets_and_requests_of_one_path_go_to_their_services() {
    let services = echo("one", "ws://127.0.0.1:0/in", "") + &moved("other", "http://127.0.0.1:0/in", "");
    let gateway = Gateway::run(&configuration(&services));
    assert_eq!(asked(&gateway, "127.0.0.1", "/in").value("location"), "http://other.test/");
    assert_echoes(&mut open(gateway.at("one")));
}

#[test]
fn a_socket_has_one_path_and_with_a_slash_at_its_end_what_is_below() {
    let services = echo("one", "ws://127.0.0.1:0/exact", "") + &echo("below", "ws://127.0.0.1:0/below/", "");
    let gateway = Gateway::run(&configuration(&services));
    for target in ["/exact", "/below/", "/below/x/y"] {
        assert_echoes(&mut upgraded(plain(gateway.at("one")), "127.0.0.1", target));
    }
    let mut stream = plain(gateway.at("one"));
    let answer = answer(&mut stream, &request("127.0.0.1", "/exact/x", UPGRADE)).unwrap();
    assert_eq!(answer.line(), "HTTP/1.1 404 Not Found");
}

#[test]
fn a_service_is_served_at_each_of_its_accepts() {
    let folder = Folder::new();
    let accepts = ["ws://127.0.0.1:0/in", "wss://127.0.0.2:0/in", "ws://[::1]:0/other"];
    let written: String = accepts.iter().map(|accept| format!("<accept>{accept}</accept>")).collect();
    let gateway = folder.run(&format!("<service><name>one</name>{written}<type>echo</type></service>"));
    let output = gateway.output();
    let at = |scheme: &str, host: &str| {
        let prefix = format!("listening one {scheme}://{host}:");
        let line = output.lines().find_map(|line| line.strip_prefix(&prefix)).expect("an address");
        format!("{host}:{}", line.split('/').next().unwrap()).parse().unwrap()
    };
    assert_echoes(&mut open(at("ws", "127.0.0.1")));
    assert_echoes(&mut upgraded(plain(at("ws", "[::1]")), "[::1]", "/other"));
    let stream = folder.connect("gw.test", at("wss", "127.0.0.2")).unwrap();
    assert_echoes(&mut upgraded(stream, "127.0.0.2", "/in"));
}

#[test]
fn answers_say_what_answers_unless_that_is_switched_off() {
    let answer = asked(&answering(""), "127.0.0.1", "/in");
    assert!(answer.value("server").to_ascii_lowercase().starts_with("ticketgate"), "{}", answer.text);
    let silent = answering("<http.server.header>disabled</http.server.header>");
    assert!(asked(&silent, "127.0.0.1", "/in").values("server").is_empty());
}

#[test]
fn what_a_service_does_not_say_is_as_its_defaults_say() {
    let defaults = "<service-defaults><accept-options>\
                    <http.server.header>disabled</http.server.header>\
                    <ws.maximum.message.size>10</ws.maximum.message.size>\
                    </accept-options></service-defaults>";
    let services = moved("one", "http://127.0.0.1:0/in", "")
        + &moved("own", "http://127.0.0.1:0/own", "<http.server.header>enabled</http.server.header>")
        + &echo("echo", "ws://127.0.0.1:0/echo", "");
    let gateway = Gateway::run(&configuration(&(defaults.to_owned() + &services)));
    assert!(asked(&gateway, "127.0.0.1", "/in").values("server").is_empty());
    assert_eq!(asked(&gateway, "127.0.0.1", "/own").values("server").len(), 1);
    let mut socket = upgraded(plain(gateway.at("echo")), "127.0.0.1", "/echo");
    socket.send(Message::binary(vec![7; 11])).unwrap();
    assert_eq!(close_code(&mut socket), 1009);
}

#[test]
fn what_defaults_say_of_an_address_holds_there() {
    let defaults = "<service-defaults><accept-options>\
                    <tcp.maximum.connections.per.peer>1</tcp.maximum.connections.per.peer>\
                    </accept-options></service-defaults>";
    let gateway =
        Gateway::run(&configuration(&(defaults.to_owned() + &echo("one", "ws://127.0.0.1:0/in", ""))));
    let _held = open(gateway.at("one"));
    assert!(crate::proxy::is_over(plain(gateway.at("one"))));
}

#[test]
fn properties_are_put_in_and_definitions_before_them() {
    let folder = Folder::new();
    let properties = "<properties><property><name>path</name><value>written</value></property>\
                      <property><name>place</name><value>127.0.0.1:0/${path}</value></property></properties>";
    let location = "<properties><location>http://${where}/</location></properties>";
    let services = properties.to_owned() + &service("one", "http://${place}", "http.redirect", location);
    folder.configure(&services);
    let gateway = folder.start(&["--define", "where=defined.test"]);
    assert_eq!(asked(&gateway, "127.0.0.1", "/written").value("location"), "http://defined.test/");
    let gateway = folder.start(&["--define", "where=x.test", "--define", "path=defined"]);
    assert_eq!(asked(&gateway, "127.0.0.1", "/defined").value("location"), "http://x.test/");
    assert_eq!(asked(&gateway, "127.0.0.1", "/written").line(), "HTTP/1.1 404 Not Found");
}

#[test]
fn a_namespace_of_any_year_is_served() {
    for year in ["2012/08", "2014/09", "2015/11", "2016/06"] {
        let xml = configuration(&echo("one", "ws://127.0.0.1:0/in", "")).replace("2016/06", year);
        assert_echoes(&mut open(Gateway::run(&xml).at("one")));
    }
}

#[test]
fn a_file_that_is_wrong_is_not_served_and_it_is_told_where() {
    let folder = Folder::new();
    folder.configure("\n<service>\n  <accept>ws://127.0.0.1:0/</accept><type>ecko</type>\n</service>");
    let file = folder.named("gateway-config.xml");
    let (code, said) = exit_code(&["run", "--config", &file]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains(&format!("{file}:3:43: error: ")), "{said}");
}

#[test]
fn an_address_that_is_taken_ends_with_1_and_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = Folder::new();
    folder.configure(&echo("one", &format!("ws://{address}/"), ""));
    let (code, said) = exit_code(&["run", "--config", &folder.named("gateway-config.xml")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}
