//! Tokens bound to the TLS connection, and tokens that are not.

use aws_lc_rs::digest::{SHA256, digest};
use client::negotiate::{NegotiateOptions, ap_options};
use peers::mit::{InitiatorOptions, MitInitiator};
use ticketgate::tls::binding::end_point;

use super::{admission, ask, ask_once, message, site, status};
use crate::{
    backend::Backend,
    identity::Identity,
    ticket::{field, token},
    world::{Gateway, realm},
};

fn door(site: &Backend, identity: &Identity, when: &str) -> Gateway {
    let tls = identity.flags();
    let tls: Vec<&str> = tls.iter().map(String::as_str).collect();
    Gateway::tpg(&[&tls[..], &["--connect", &site.url("http"), "--channel-binding", when]].concat())
}

fn bound(bindings: Option<[u8; 16]>, asserts: bool) -> String {
    let authorization_data = if asserts { vec![ap_options(0x4000)] } else { Vec::new() };
    field(token(&NegotiateOptions { bindings, authorization_data, ..NegotiateOptions::default() }).token())
}

/// What becomes of four tokens in each mode: bound to the certificate, to another, to nothing, and to nothing by a client
/// that says that it binds. As in MIT krb5's t_bindings.py.
#[test]
fn the_modes_judge_bound_and_unbound_tokens() {
    let (site, identity) = (site(), Identity::new());
    let own = end_point(&identity.der()).unwrap();
    for (when, wanted) in [
        ("off", [200, 200, 200, 200]),
        ("if_present", [200, 401, 200, 401]),
        ("require", [200, 401, 401, 401]),
    ] {
        let gateway = door(&site, &identity, when);
        let tokens = [(Some(own), false), (Some([7; 16]), false), (None, false), (None, true)];
        let statuses = tokens.map(|(bindings, asserts)| {
            let mut stream = identity.connect(gateway.web()).unwrap();
            status(&ask(&mut stream, &bound(bindings, asserts)))
        });
        assert_eq!(statuses, wanted, "{when}");
        let granted = admission(&gateway, "granted");
        assert_eq!(granted["bound"], when != "off", "{granted}");
    }
}

#[test]
fn a_client_that_says_it_binds_and_does_not_is_told_which_switch() {
    let (site, identity) = (site(), Identity::new());
    let gateway = door(&site, &identity, "if_present");
    let mut stream = identity.connect(gateway.web()).unwrap();
    assert_eq!(status(&ask(&mut stream, &bound(None, true))), 401);
    let record = admission(&gateway, "binding_withheld");
    assert!(message(&record).contains("client_aware_channel_bindings"), "{record}");
}

/// A token of MIT's initiator that is bound to this application data.
fn mits(application_data: &[u8]) -> String {
    let alice = realm().client().unwrap();
    assert!(alice.kinit("alice", "alicepw").unwrap().success());
    let bindings = Some(application_data.to_vec());
    let options = InitiatorOptions { bindings, ..InitiatorOptions::default() };
    field(&MitInitiator::start(&alice, "HTTP/gw.tgg.test", &options).unwrap().token().unwrap())
}

#[test]
fn mits_initiator_binds_to_the_certificate_or_to_the_keys_of_the_connection() {
    let (site, identity) = (site(), Identity::new());
    let gateway = door(&site, &identity, "require");
    let sum = digest(&SHA256, &identity.der());
    let mut stream = identity.connect(gateway.web()).unwrap();
    let line = mits(&[b"tls-server-end-point:", sum.as_ref()].concat());
    assert_eq!(status(&ask(&mut stream, &line)), 200);

    let material =
        stream.conn.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[])).unwrap();
    let line = mits(&[&b"tls-exporter:"[..], &material].concat());
    let mut other = identity.connect(gateway.web()).unwrap();
    assert_eq!(status(&ask(&mut other, &line)), 401, "those are the keys of another connection");
    assert_eq!(status(&ask(&mut stream, &line)), 200, "and a refusal there takes nothing from it here");
}

#[test]
fn a_token_bound_to_the_proxy_in_front_is_good_where_its_certificate_is_named() {
    let (site, proxy) = (site(), Identity::new());
    let certificate = proxy.certificate_file();
    let connect = site.url("http");
    let flags = ["--connect", &connect, "--channel-binding", "require"];
    let named = Gateway::tpg(&[&flags[..], &["--binding-cert", certificate.to_str().unwrap()]].concat());
    let line = || bound(end_point(&proxy.der()), false);
    assert_eq!(status(&ask_once(&named, &line())), 200);
    assert_eq!(status(&ask_once(&named, &bound(None, false))), 401);
    let unnamed = Gateway::tpg(&flags);
    assert_eq!(status(&ask_once(&unnamed, &line())), 401);
    assert!(message(&admission(&unnamed, "binding_mismatch")).contains("--binding-cert"));
}

#[test]
fn the_certificate_of_the_proxy_in_front_is_read_again_and_the_one_before_stays_good() {
    let (site, mut proxy) = (site(), Identity::new());
    let (certificate, connect) = (proxy.certificate_file(), site.url("http"));
    let named = ["--connect", &connect, "--binding-cert", certificate.to_str().unwrap()];
    let gateway = Gateway::tpg(&named);
    let old = end_point(&proxy.der());
    proxy.renew();
    assert_eq!(status(&ask_once(&gateway, &bound(end_point(&proxy.der()), false))), 401);
    gateway.signal("HUP");
    gateway.wait_for_log("Reloaded");
    for binding in [old, end_point(&proxy.der())] {
        assert_eq!(status(&ask_once(&gateway, &bound(binding, false))), 200);
    }
    std::fs::write(&certificate, "half a cert").unwrap();
    gateway.signal("HUP");
    gateway.wait_for_log("what is served stays");
    assert_eq!(status(&ask_once(&gateway, &bound(end_point(&proxy.der()), false))), 200);
}

#[test]
fn a_binding_of_the_certificate_before_a_reload_is_still_good() {
    let (site, mut identity) = (site(), Identity::new());
    let gateway = door(&site, &identity, "require");
    let old = end_point(&identity.der()).unwrap();
    let mut open = identity.connect(gateway.web()).unwrap();
    identity.renew();
    gateway.signal("HUP");
    gateway.wait_for_log("Reloaded");
    assert_eq!(status(&ask(&mut open, &bound(Some(old), false))), 200);
    let new = end_point(&identity.der()).unwrap();
    let mut stream = identity.connect(gateway.web()).unwrap();
    assert_eq!(status(&ask(&mut stream, &bound(Some(new), false))), 200);
}
