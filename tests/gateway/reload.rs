//! A certificate that is replaced while the gateway runs.

use std::fs;

use crate::{
    identity::Identity,
    world::Gateway,
    ws_client::{Form, Socket},
};

#[test]
fn sighup_puts_another_certificate_in_place_and_open_sockets_stay() {
    let mut identity = Identity::new();
    let tls = identity.flags();
    let gateway = Gateway::before_realm(&tls.each_ref().map(String::as_str));
    let mut open = Socket::open_tls(&gateway, &identity, Form::Framed);
    open.assert_serves();
    let old = identity.trust();
    identity.renew();
    assert!(identity.connect(gateway.web()).is_err(), "until it is told the gateway keeps the old one");
    gateway.signal("HUP");
    gateway.wait_for_log("Reloaded");
    open.assert_serves();
    Socket::open_tls(&gateway, &identity, Form::Mux).assert_serves();
    assert!(old.connect(gateway.web()).is_err(), "who trusts only the old one finds another");
    open.assert_serves();
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_and_the_old_one_stays() {
    let identity = Identity::new();
    let tls = identity.flags();
    let gateway = Gateway::before_realm(&tls.each_ref().map(String::as_str));
    let sound = fs::read(identity.certificate_file()).unwrap();
    let other = Identity::new();
    let foreign = fs::read(other.certificate_file()).unwrap();
    for (place, broken) in
        [&b"no PEM at all"[..], b"", &sound[..sound.len() / 2], &foreign].iter().enumerate()
    {
        fs::write(identity.certificate_file(), broken).unwrap();
        gateway.signal("HUP");
        gateway.wait_until_log("refusal", |log| log.matches("what is served stays").count() > place);
        Socket::open_tls(&gateway, &identity, Form::Framed).assert_serves();
    }
    let file = identity.certificate_file();
    assert!(gateway.log().contains(file.to_str().unwrap()), "the log names the file");
    fs::write(file, sound).unwrap();
    gateway.signal("HUP");
    gateway.wait_for_log("Reloaded");
    Socket::open_tls(&gateway, &identity, Form::Framed).assert_serves();
}

#[test]
fn without_tls_there_is_nothing_to_reload_and_nothing_stops() {
    let gateway = Gateway::before_realm(&[]);
    let mut open = Socket::open(&gateway, Form::Framed);
    gateway.signal("HUP");
    gateway.wait_for_log("Reloaded");
    open.assert_serves();
}
