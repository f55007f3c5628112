//! Files of users: what is read of them, and what is said of each mistake, with its place.

use super::*;
use crate::realm::module::file::{
    hash::{Broken, Hash},
    users::Refused,
};

/// A file with this in it, which begins in its second line.
fn file(inside: &str) -> String {
    format!("<jaas-config xmlns=\"{NAMESPACE}\">\n{inside}\n</jaas-config>\n")
}

fn read(text: &str) -> Result<(Users, String), UsersError> {
    let defined = BTreeMap::from([("joes.hash".to_owned(), "welcome".to_owned())]);
    understand("u.xml", text.as_bytes(), &defined)
}

/// The roles of a user of the file, and the warnings.
#[track_caller]
fn roles(text: &str, name: &str, password: &str) -> (Result<Vec<String>, Refused>, String) {
    let (users, warnings) = read(text).unwrap();
    let roles = users.judge(name, password.as_bytes(), Hash::is_of);
    (roles.map(|roles| roles.into_iter().collect()), warnings)
}

/// Says that the file is refused with these errors.
#[track_caller]
fn is_wrong(text: &str, lines: &[&str]) {
    let told = read(text).expect_err("it is refused").to_string();
    let errors = told.lines().filter(|line| line.contains(": error: "));
    assert_eq!(errors.collect::<Vec<_>>(), lines);
}

const PLAIN: &str = "put the hash there that `ticketgate passwd` prints";

#[test]
fn users_have_the_roles_that_their_roles_lead_to() {
    let text = file(
        "<user><name>joe</name><password>welcome</password><role-name>BOSS</role-name></user>\n\
         <role><name>BOSS</name><description>all</description><role-name>STAFF</role-name></role>\n\
         <role><name>STAFF</name><role-name>GUEST</role-name><role-name>BOSS</role-name></role>\n\
         <role><name>GUEST</name></role>",
    );
    let (found, warnings) = roles(&text, "joe", "welcome");
    assert_eq!(found.unwrap(), ["BOSS", "GUEST", "STAFF"]);
    assert_eq!(
        warnings,
        format!("u.xml:2:33: warning: the <password> of `joe` can be read in the file; {PLAIN}\n")
    );
}

#[test]
fn passwords_in_the_clear_are_told_of_once() {
    let user = |name: &str| format!("<user><name>{name}</name><password>hunter2</password></user>");
    let (_, warnings) = read(&file(&[user("a"), user("b")].concat())).unwrap();
    assert!(warnings.contains("`a` and of another user can be read"), "{warnings}");
    let (_, warnings) = read(&file(&[user("a"), user("b"), user("c")].concat())).unwrap();
    assert!(warnings.contains("`a` and of 2 other users can be read"), "{warnings}");
    assert!(warnings.lines().count() == 1 && !warnings.contains("hunter2"), "{warnings}");
}

#[test]
fn a_name_that_is_defined_at_the_launch_stands_for_its_value() {
    let text = file("<user><name>joe</name><password>${joes.hash}</password></user>");
    assert_eq!(roles(&text, "joe", "welcome").0, Ok(vec![]));
    is_wrong(
        &file("<user><name>${other}</name><password>welcome</password></user>"),
        &[
            "u.xml:2:13: error: `${other}` stands for nothing; run with --define other=VALUE; $${other} is the text \
             ${other} itself",
        ],
    );
}

#[test]
fn a_file_without_a_namespace_is_read_with_a_warning() {
    let text = "<jaas-config><user><name>a</name><password>b</password></user></jaas-config>";
    let (found, warnings) = roles(text, "a", "b");
    assert_eq!(found, Ok(vec![]));
    assert!(
        warnings.starts_with(&format!(
            "u.xml:1:2: warning: the file does not say in which namespace it is, and is read as one of centurion; write \
             <jaas-config xmlns=\"{NAMESPACE}\">\n"
        )),
        "{warnings}"
    );
}

#[test]
fn other_namespaces_are_refused() {
    for (namespace, says) in [
        ("http://xmlns.kaazing.com/jaas-config/atlantis", "is that of an older form, which is not read"),
        ("http://xmlns.kaazing.com/jaas-config/battlestar", "is that of an older form, which is not read"),
        ("http://xmlns.kaazing.org/2016/06/gateway", "is not known"),
        ("http://xmlns.kaazing.com/jaas-config/Centurion", "is not known"),
    ] {
        let told = read(&file("").replace(NAMESPACE, namespace)).unwrap_err().to_string();
        let expected = format!("u.xml:1:21: error: the namespace `{namespace}` {says}; ");
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn each_mistake_is_told_with_its_place_and_what_to_do() {
    is_wrong(
        &file(
            "<user><name>joe</name><password>$1$LzT72Lua$/lqdE4V2xGB0JayQOPV1w1</password></user>\n\
             <user><name>eve</name><password>$2b$31$Ma0VaekCvvgz2H.JWiWO/uBJDW393Cg68Xwtq7tQo9Loe7gH3BjXa</password></user>\n\
             <user><name>bob</name><password>$6$AAAA$AAAA</password><role-name>STAF</role-name></user>\n\
             <user><name>bob</name><password>$y</password><role-name>NONE</role-name></user>\n\
             <user><name>a:b</name><password>$</password></user><user><name>e</name><password></password></user>\n\
             <user><password>x</password></user>\n\
             <user><name>c</name><passwort>x</passwort></user>\n\
             <role><name>STAFF</name><role-name>A B</role-name></role>\n\
             <role><name>A,B</name></role>\n\
             <role><name>STAFF</name></role>\n\
             <users/>",
        ),
        &[
            "u.xml:2:33: error: the <password> of `joe` cannot be used; a hash of MD5 is not supported; make a hash with \
             `ticketgate passwd`",
            "u.xml:3:33: error: the <password> of `eve` cannot be used; the hash has cost 31, and 16 is the most that is \
             computed; make one with `ticketgate passwd`",
            "u.xml:4:33: error: the <password> of `bob` cannot be used; it begins like a hash of SHA-crypt and is none; copy \
             it whole, or make one with `ticketgate passwd`",
            "u.xml:4:67: error: there is no role `STAF`; did you mean `STAFF`?",
            "u.xml:5:13: error: the user `bob` is there twice; take one of them out (4:13: first here)",
            "u.xml:5:57: error: there is no role `NONE`; add <role><name>NONE</name></role>",
            "u.xml:6:13: error: nobody can log in as `a:b`; take the colon or the line's end out: the name ends there when \
             it is sent (RFC 7617 section 2)",
            "u.xml:6:33: error: the <password> of `a:b` cannot be used; it begins with a dollar as hashes do, and is of no kind \
             that is known; make one with `ticketgate passwd`",
            "u.xml:6:73: error: <password> is empty; write it as <password>$argon2id$…</password>",
            "u.xml:7:2: error: <user> has no <name>; add one, such as <name>joe</name>",
            "u.xml:8:2: error: <user> has no <password>; add one, such as <password>$argon2id$…</password>",
            "u.xml:8:22: error: <passwort> is not known in <user>; did you mean <password>?",
            "u.xml:9:36: error: there is no role `A B`; did you mean `A,B`?",
            "u.xml:10:13: error: the role is called `A,B`; use letters, digits and signs of ASCII, without blanks, commas, \
             quotes and `=`",
            "u.xml:11:13: error: the role `STAFF` is there twice; take one of them out (9:13: first here)",
            "u.xml:12:2: error: <users> is not known in <jaas-config>; did you mean <user>?",
        ],
    );
}

#[test]
fn what_stands_elsewhere_in_the_file_is_said_to_and_nothing_of_other_files() {
    is_wrong(
        &file("<description>x</description><accept>ws://x/</accept>"),
        &[
            "u.xml:2:2: error: <description> does not stand in <jaas-config>; it stands in <role>",
            "u.xml:2:30: error: <accept> is not known in <jaas-config>; it may hold <user> and <role>",
        ],
    );
}

#[test]
fn a_file_of_another_kind_is_refused() {
    is_wrong(
        "<gateway-config/>",
        &[&format!(
            "u.xml:1:2: error: the file holds <gateway-config>, which is no list of users; it begins with <jaas-config \
             xmlns=\"{NAMESPACE}\">"
        )],
    );
    for text in ["", "joe:welcome", "<jaas-config>", "<!DOCTYPE x><jaas-config/>"] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn a_file_without_users_is_worth_a_warning() {
    let (users, warnings) = read(&file("<role><name>A</name></role>")).unwrap();
    assert!(users.is_empty());
    assert_eq!(warnings, "u.xml:1:2: warning: the file has no <user>, so nobody can log in\n");
}

#[test]
fn hashes_of_too_many_kinds_are_refused() {
    let user = |n: u32| {
        format!(
            "<user><name>{n}</name><password>$pbkdf2-sha256${n}$AAAA${}</password></user>",
            "A".repeat(43)
        )
    };
    let told = read(&file(&(1..20).map(user).collect::<String>())).unwrap_err().to_string();
    assert!(told.starts_with("u.xml:1:2: error: the passwords are hashed in too many ways; "), "{told}");
}

#[test]
fn a_user_who_is_called_like_a_role_of_others_is_told_of() {
    let text = file(
        "<user><name>BOSS</name><password>x</password></user><user><name>A</name><password>x</password>\
         <role-name>A</role-name></user><role><name>BOSS</name></role><role><name>A</name></role>",
    );
    let (_, warnings) = read(&text).unwrap();
    assert_eq!(warnings.lines().filter(|line| line.contains("like a role")).count(), 1, "{warnings}");
    assert!(warnings.contains("u.xml:2:13: warning: the user `BOSS` is called like a role, and so has it"));
}

#[test]
fn many_roles_and_mistakes_are_bounded() {
    let role = |n: usize| format!("<role><name>r{n}</name></role>");
    let all: String = (0..=MAX_ROLES).map(role).collect();
    let told = read(&file(&all)).unwrap_err().to_string();
    assert!(told.contains(&format!("error: the file has more than {MAX_ROLES} roles")), "{told}");
    let wrong = "<user><name>x</name><password>$x</password><role-name>no</role-name></user>".repeat(1000);
    assert!(read(&file(&wrong)).unwrap_err().to_string().lines().count() <= 200);
}

#[test]
fn the_sample_has_users_whose_passwords_are_in_its_comments() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/jaas-config.xml");
    let (users, warnings) = load(&path, &BTreeMap::new()).unwrap();
    assert_eq!(warnings, "");
    let roles = |name, password: &str| users.judge(name, password.as_bytes(), Hash::is_of);
    assert_eq!(roles("joe", "welcome"), Ok(["AUTHORIZED".to_owned()].into()));
    assert_eq!(roles("admin", "admin"), Ok(["ADMINISTRATOR".to_owned()].into()));
    assert_eq!(roles("joe", "admin"), Err(Refused::WrongPassword));
    assert_eq!(users.judge("joe", b"welcome", |_, _| Err(Broken)), Err(Refused::Broken(Broken)));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let told = load(Path::new("/nonexistent/u.xml"), &BTreeMap::new()).unwrap_err().to_string();
    assert!(told.starts_with("/nonexistent/u.xml: No such file"), "{told}");
}
