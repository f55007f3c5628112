//! Files that only users of a realm may see.

use std::fs;

use super::{Folder, ask, status};
use crate::{
    services::{config, realms, security},
    ticket::authorization,
    world::Gateway,
};

fn guarded(folder: &Folder) -> Gateway {
    let inside = format!(
        "<service><name>one</name><accept>http://127.0.0.1:0/in</accept><type>directory</type>\
         <properties><directory>{}</directory></properties><realm-name>kerberos</realm-name>\
         <authorization-constraint><require-valid-user/></authorization-constraint></service>",
        folder.path("").display()
    );
    Gateway::run(&config(&(inside + &security(&realms::kerberos("")))))
}

#[test]
fn files_behind_a_realm_differ_by_who_asks() {
    let folder = Folder::new().with("a.txt", "for users");
    let gateway = guarded(&folder);
    let stranger = ask(&gateway, "GET /in/a.txt", "");
    assert_eq!((status(&stranger), stranger.value("www-authenticate")), (401, "Negotiate"));
    let user = ask(&gateway, "GET /in/a.txt", &authorization());
    assert_eq!((status(&user), user.ahead.as_slice()), (200, &b"for users"[..]));
    assert!(user.value("vary").contains("authorization"), "{}", user.text);
    assert!(user.value("www-authenticate").starts_with("Negotiate "), "the gateway proves itself");
    assert_eq!(
        gateway.wait_for_record("visit", |record| record["status"] == 200)["principal"],
        "alice@TGG.TEST"
    );
}

#[test]
fn what_is_there_is_not_told_to_strangers() {
    let folder = Folder::new().with("a.txt", "for users");
    fs::create_dir(folder.path("sub")).unwrap();
    let gateway = guarded(&folder);
    for path in ["a.txt", "none", "sub"] {
        assert_eq!(status(&ask(&gateway, &format!("GET /in/{path}"), "")), 401, "{path}");
    }
}
