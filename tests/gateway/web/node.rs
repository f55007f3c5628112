//! Kerberos as a page speaks it, run by Node: its own tests, which are below `web/test`, are told where everything is.

use peers::{node, or_skipped};
use testkdc::Realm;

use crate::{backend::Backend, world::Gateway};

#[test]
fn a_page_gets_tickets_and_opens_doors_with_them() {
    // A realm of its own: the tests change passwords.
    let realm = Realm::builder().native().start().unwrap();
    realm.kadmin("add_policy -minlength 12 long").unwrap();
    realm.add_user("strict", "strictpw").unwrap();
    realm.kadmin("modify_principal -policy long strict").unwrap();
    let kdc = format!("{}={}", realm.name(), realm.kdc_addr());
    let kpasswd = format!("{}={}", realm.name(), realm.kpasswd_addr());
    let tgg = Gateway::start(&["--kdc", &kdc, "--kpasswd", &kpasswd]);
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let keytab = realm.dir().join("services.keytab");
    let connect = backend.url("http");
    let tpg = Gateway::tpg_with(&["--keytab", keytab.to_str().unwrap(), "--connect", &connect]);
    let variables = [
        ("TICKETGATE_TGG", format!("ws://{}/", tgg.web())),
        ("TICKETGATE_TPG", format!("http://{}/", tpg.web())),
        ("TICKETGATE_REALM", realm.name().to_owned()),
        ("TICKETGATE_STRICT", "strict".to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let Some(run) = or_skipped(node::test("kerberos/kdc", &variables)) else { return };
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("skipped 0"), "a test was skipped:\n{said}");
}
