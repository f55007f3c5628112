//! Realms of the login module `file`: users, hashed passwords and roles of a jaas-config.xml.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Folder, ask, config, realms::roles, service, status};
use crate::{door::admission, world::Gateway};

/// `secret`, hashed by argon2-cffi 25.1.0.
const ARGON2ID: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$oTSb1X+ttpUqHVjzoHgxJg$JBg+lBi/EPF7glb4DL1anwSghoOru3dA8AJFdchKrNc";

/// A file with these users and roles.
pub(super) fn users(inside: &str) -> String {
    format!("<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\">{inside}</jaas-config>")
}

pub(super) fn user(name: &str, password: &str, roles: &[&str]) -> String {
    let roles: String = roles.iter().map(|role| format!("<role-name>{role}</role-name>")).collect();
    format!("<user><name>{name}</name><password>{password}</password>{roles}</user>")
}

pub(super) fn role(name: &str, roles: &[&str]) -> String {
    let roles: String = roles.iter().map(|role| format!("<role-name>{role}</role-name>")).collect();
    format!("<role><name>{name}</name>{roles}</role>")
}

/// A configuration whose service needs these roles of the users in the folder's `jaas-config.xml`.
fn guarded(folder: &Folder, options: &str, required: &[&str]) -> String {
    let file = folder.path("jaas-config.xml");
    let inside = format!(
        "<properties><location>/in/</location></properties><realm-name>demo</realm-name>{}",
        roles(required)
    );
    let realm = format!(
        "<realm><name>demo</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>\
         <login-modules><login-module><type>file</type><success>required</success><options>\
         <file>{}</file>{options}</options></login-module></login-modules></authentication></realm>",
        file.display()
    );
    config(&format!("{}<security>{realm}</security>", service("http.redirect", "http", &inside)))
}

/// The field that presents a name and a password.
pub(super) fn basic(name: &str, password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{password}")))
}

fn login(gateway: &Gateway, name: &str, password: &str) -> u16 {
    status(&ask(gateway, "GET /in", &basic(name, password)))
}

#[test]
fn users_of_a_file_log_in_with_their_passwords_and_have_their_roles() {
    let text = users(
        &[
            user("joe", ARGON2ID, &["staff"]),
            user("old", "welcome", &["boss"]),
            user("guest", ARGON2ID, &[]),
            role("boss", &["staff"]),
            role("staff", &[]),
        ]
        .concat(),
    );
    let folder = Folder::new().with("jaas-config.xml", text);
    let gateway = Gateway::run(&guarded(&folder, "", &["staff"]));
    assert_eq!(status(&ask(&gateway, "GET /in", "")), 401);
    assert_eq!(login(&gateway, "joe", "secret"), 302);
    assert_eq!(login(&gateway, "old", "welcome"), 302);
    assert_eq!(login(&gateway, "guest", "secret"), 401);
    assert_eq!(admission(&gateway, "role_missing")["client"], "guest");
    assert_eq!(login(&gateway, "joe", "welcome"), 401);
    assert_eq!(login(&gateway, "nobody", "secret"), 401);
}
