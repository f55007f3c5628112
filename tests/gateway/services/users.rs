//! Realms of the login module `file`: users, hashed passwords and roles of a jaas-config.xml.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Folder, ask, config, realms::roles, service, status};
use crate::{
    door::admission,
    world::{Gateway, exit_code},
};

/// `secret`, hashed by argon2-cffi 25.1.0.
const ARGON2ID: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$oTSb1X+ttpUqHVjzoHgxJg$JBg+lBi/EPF7glb4DL1anwSghoOru3dA8AJFdchKrNc";

/// A file with these users and roles.
pub(crate) fn users(inside: &str) -> String {
    format!("<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\">{inside}</jaas-config>")
}

pub(crate) fn user(name: &str, password: &str, roles: &[&str]) -> String {
    let roles: String = roles.iter().map(|role| format!("<role-name>{role}</role-name>")).collect();
    format!("<user><name>{name}</name><password>{password}</password>{roles}</user>")
}

pub(crate) fn role(name: &str, roles: &[&str]) -> String {
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
         <failed-logins>0</failed-logins>\
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

/// What a program prints, without the end of its line.
fn printed(program: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} (testkdc/packages): {error}"));
    assert!(status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().trim_end().to_owned()
}

#[test]
fn passwords_that_the_tools_of_others_hash_now_open_the_door() {
    let python = |expression: &str| {
        let script = format!("import argon2, passlib.hash as h; print({expression})");
        printed("/usr/bin/python3", &["-W", "ignore", "-c", &script])
    };
    let hashes = [
        printed("mkpasswd", &["-m", "yescrypt", "secret"]),
        printed("mkpasswd", &["-m", "bcrypt", "secret"]),
        printed("mkpasswd", &["-m", "bcrypt-a", "secret"]),
        printed("mkpasswd", &["-m", "sha512crypt", "secret"]),
        printed("mkpasswd", &["-m", "sha256crypt", "secret"]),
        python("argon2.PasswordHasher(memory_cost=8192).hash('secret')"),
        python("h.bcrypt.using(rounds=5, ident='2y').hash('secret')"),
        python("h.pbkdf2_sha256.hash('secret')"),
        python("h.pbkdf2_sha512.hash('secret')"),
        python("h.sha512_crypt.using(rounds=5000).hash('secret')"),
    ];
    let name = |number: usize| format!("user{number}");
    let all: String =
        hashes.iter().enumerate().map(|(number, hash)| user(&name(number), hash, &["staff"])).collect();
    let folder = Folder::new().with("jaas-config.xml", users(&(all + &role("staff", &[]))));
    let gateway = Gateway::run(&guarded(&folder, "", &["staff"]));
    for (number, hash) in hashes.iter().enumerate() {
        assert_eq!(login(&gateway, &name(number), "secret"), 302, "{hash}");
        assert_eq!(login(&gateway, &name(number), "Secret"), 401, "{hash}");
    }
}

#[test]
fn a_peer_is_told_the_same_of_a_user_that_is_not_there_and_of_a_wrong_password() {
    let folder = Folder::new().with("jaas-config.xml", users(&user("joe", ARGON2ID, &[])));
    let gateway = Gateway::run(&guarded(&folder, "", &["*"]));
    let answers = [("joe", "wrong"), ("nobody", "wrong"), ("nobody", "secret"), ("joe", &"x".repeat(600))]
        .map(|(name, password)| {
            let answer = ask(&gateway, "GET /in", &basic(name, password));
            let lines = answer.text.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
            (lines.map(str::to_owned).collect::<Vec<_>>(), answer.ahead)
        });
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    for word in ["wrong_password", "unknown_user", "password_too_long"] {
        gateway.wait_for_log(word);
    }
    assert!(!gateway.log().contains("xxxxx"));
}

#[test]
fn users_change_with_their_file_and_a_broken_one_changes_nothing() {
    let folder = Folder::new().with("jaas-config.xml", users(&user("joe", ARGON2ID, &[])));
    let file = folder.path("jaas-config.xml");
    let gateway = Gateway::run(&guarded(&folder, "", &["*"]));
    assert_eq!((login(&gateway, "joe", "secret"), login(&gateway, "eve", "secret")), (302, 401));
    // In place.
    fs::write(&file, users(&[user("joe", ARGON2ID, &[]), user("eve", ARGON2ID, &[])].concat())).unwrap();
    gateway.wait_for_log("Read the changed users");
    assert_eq!((login(&gateway, "joe", "secret"), login(&gateway, "eve", "secret")), (302, 302));
    fs::write(&file, users(&user("eve", "$y$", &["none"]))).unwrap();
    let told = gateway.wait_for_log("jaas-config.xml:1:");
    assert!(told.contains("those before stay") && told.contains("there is no role `none`"), "{told}");
    assert_eq!((login(&gateway, "joe", "secret"), login(&gateway, "eve", "secret")), (302, 302));
    // By a rename.
    let new = folder.path("new");
    fs::write(&new, users(&user("eve", "welcome", &[]))).unwrap();
    fs::rename(&new, &file).unwrap();
    gateway.wait_for_log("the <password> of `eve` can be read in the file");
    gateway.wait_until_log("a second reading", |log| log.matches("Read the changed users").count() == 2);
    assert_eq!((login(&gateway, "joe", "secret"), login(&gateway, "eve", "welcome")), (401, 302));
}

/// A configuration in the folder, as a file.
fn written(folder: &Folder) -> PathBuf {
    let file = folder.path("gateway-config.xml");
    fs::write(&file, guarded(folder, "", &["*"])).unwrap();
    file
}

#[test]
fn a_file_with_mistakes_is_told_of_by_check_and_at_the_start_with_each_place() {
    let folder = Folder::new()
        .with("jaas-config.xml", users("\n<user><name>joe</name><password>$1$</password></user>"));
    let (file, config) = (folder.path("jaas-config.xml"), written(&folder));
    let expected = format!("{}:2:33: error: the <password> of `joe` cannot be used; ", file.display());
    for mode in ["check", "run"] {
        let (code, told) = exit_code(&[mode, "--config", config.to_str().unwrap()]);
        assert_eq!(code, Some(78), "{told}");
        assert!(told.contains(&expected), "{mode}: {told}");
    }
    // What is not there is worth a warning for what is only checked.
    fs::remove_file(&file).unwrap();
    let (code, told) = exit_code(&["check", "--config", config.to_str().unwrap()]);
    assert_eq!((code, told.contains("is not there")), (Some(0), true), "{told}");
    let (code, told) = exit_code(&["run", "--config", config.to_str().unwrap()]);
    assert_eq!((code, told.contains("No such file")), (Some(78), true), "{told}");
}

#[test]
fn a_password_that_can_be_read_is_warned_of_by_check_and_at_the_start() {
    let folder = Folder::new().with("jaas-config.xml", users(&user("joe", "${joes}", &[])));
    let config = written(&folder);
    let flags = ["--config", config.to_str().unwrap(), "--define", "joes=hunter2"];
    let (code, told) = exit_code(&[&["check"], &flags[..]].concat());
    let warning = "warning: the <password> of `joe` can be read in the file; ";
    assert_eq!((code, told.contains(warning)), (Some(0), true), "{told}");
    let gateway = Gateway::serving("run", &config, &flags[2..], 1);
    assert!(gateway.log().contains(warning));
    assert_eq!(login(&gateway, "joe", "hunter2"), 302);
    assert!(!(told + &gateway.log()).contains("hunter2"));
}

#[test]
fn logins_go_on_while_as_many_hashes_are_computed_as_there_are_processors() {
    let folder = Folder::new().with("jaas-config.xml", users(&user("joe", ARGON2ID, &[])));
    let gateway = Gateway::run(&guarded(&folder, "", &["*"]));
    let (gateway, before) = (&gateway, gateway.resident());
    std::thread::scope(|scope| {
        let logins: Vec<_> = (0..32)
            .map(|number| scope.spawn(move || login(gateway, "joe", ["secret", "wrong"][number % 2])))
            .collect();
        let statuses = logins.into_iter().map(|login| login.join().unwrap());
        for (number, status) in statuses.enumerate() {
            assert_eq!(status, [302, 401][number % 2]);
        }
    });
    // Each hash takes 19 MiB, which an allocator may keep once for each thread: for 32 that would be 608.
    let threads = std::thread::available_parallelism().unwrap().get();
    let most = before + (threads + 2) * 2 * 19 * 1024 * 1024;
    assert!(gateway.resident() < most, "{before} {} {most}", gateway.resident());
}
