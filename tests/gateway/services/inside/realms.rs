//! Realms whose challenges a page answers, inside; and those whose challenges a browser answers, outside.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use client::negotiate::{Negotiate, NegotiateOptions, Step};

use super::{
    super::{Folder, UPGRADE, exchange, users},
    *,
};
use crate::{
    door::admission,
    services::realms::{kerberos, roles},
    ticket::{self, alices},
};

/// A realm of this scheme whose users are joe with the password `welcome` and the role AUTHORIZED, and bob without it.
fn passwords(folder: &Folder, scheme: &str) -> String {
    format!(
        "<realm><name>demo</name><description>demo</description><authentication>\
         <http-challenge-scheme>{scheme}</http-challenge-scheme><failed-logins>0</failed-logins>\
         <login-modules><login-module><type>file</type><success>required</success><options>\
         <file>{}</file></options></login-module></login-modules></authentication></realm>",
        folder.path("jaas-config.xml").display()
    )
}

fn folder() -> Folder {
    let inside = users::user("joe", "welcome", &["AUTHORIZED"])
        + &users::user("bob", "builder", &[])
        + &users::role("AUTHORIZED", &[]);
    Folder::new().with("jaas-config.xml", users::users(&inside))
}

fn guarded(scheme: &str) -> (Gateway, Folder) {
    let folder = folder();
    let inside = format!("<realm-name>demo</realm-name>{}", roles(&["AUTHORIZED"]));
    (echo(&inside, &passwords(&folder, scheme)), folder)
}

fn basic(name: &str, password: &str) -> String {
    users::basic(name, password)
}

#[test]
fn application_basic_asks_until_the_password_is_right() {
    let (gateway, _folder) = guarded("Application Basic");
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    for lines in ["".to_owned(), basic("joe", "bad"), basic("bob", "builder"), basic("joe", "worse")] {
        client.say(&script(&lines));
        assert_eq!(client.answer(), challenged("Application Basic realm=\"demo\""), "{lines}");
        client.hears_terminator();
    }
    client.say(&script(&basic("joe", "welcome")));
    assert_eq!(client.answer().len(), 0x102);
    client.hears_terminator();
    client.hears_stay();
    client.echoes(0x81, b"hi");
    assert_eq!(admission(&gateway, "granted")["client"], "joe");
}

#[test]
fn without_the_balancers_words_the_same_is_said() {
    let (gateway, _folder) = guarded("Application Basic");
    let mut client = Client::open(&gateway, "/in");
    for lines in ["".to_owned(), basic("joe", "bad")] {
        client.say(&script(&lines));
        assert_eq!(client.answer(), challenged("Application Basic realm=\"demo\""));
    }
    client.say(&script(&basic("joe", "welcome")));
    switched(&client.answer());
    client.echoes(0x81, b"hi");
}

#[test]
fn credentials_of_the_upgrade_count_once() {
    let (gateway, _folder) = guarded("Application Basic");
    let (mut client, answer) = Client::upgrade(&gateway, "/in", &basic("joe", "welcome"));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    client.say(&script(""));
    switched(&client.answer());
    let (mut client, _) = Client::upgrade(&gateway, "/in", &basic("joe", "bad"));
    client.say(&script(""));
    client.answer();
    client.say(&script(""));
    client.answer();
    gateway.wait_until_log("both challenges", |log| {
        log.matches("\"message\":\"Refused").count() == 1
            && log.matches("\"message\":\"Challenged").count() == 1
    });
}

#[test]
fn a_plain_upgrade_is_no_place_to_be_asked() {
    let (gateway, _folder) = guarded("Application Basic");
    let answer = exchange(&mut plain(gateway.at("one")), "GET /in", UPGRADE);
    assert_eq!(status(&answer), 403);
}

#[test]
fn what_a_browser_answers_is_asked_of_the_upgrade() {
    let (gateway, _folder) = guarded("Basic");
    let (_, answer) = Client::upgrade(&gateway, "/in", "");
    assert_eq!((status(&answer), answer.value("www-authenticate")), (401, "Basic realm=\"demo\""));
    let (mut client, answer) = Client::upgrade(&gateway, "/in?.kl=Y", &basic("joe", "welcome"));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    client.hears_stay();
    client.say(&script(""));
    assert_eq!(client.answer().len(), 0x102);
    client.hears_terminator();
    client.hears_stay();
    client.echoes(0x81, b"hi");
}

#[test]
fn application_token_is_denied_after_a_wrong_token_and_the_socket_closed() {
    let folder = Folder::new();
    let log = folder.path("asked").display().to_string();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/modules/table.py");
    let (_running, port) = super::super::custom::Running::start(program, &[&log]);
    let realm = format!(
        "<realm><name>demo</name><authentication><http-challenge-scheme>Application Token</http-challenge-scheme>\
         <login-modules><login-module><type>http</type><success>required</success><options>\
         <url>http://127.0.0.1:{port}/0</url></options></login-module></login-modules></authentication></realm>"
    );
    let gateway = echo(&format!("<realm-name>demo</realm-name>{}", roles(&["AUTHORIZED"])), &realm);
    let token = |token: &str| format!("GET /in HTTP/1.1\r\nAuthorization: Token {token}\r\n\r\n");
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    for _ in 0..3 {
        client.say("GET /in HTTP/1.1\r\n\r\n");
        let answer = client.answer();
        assert_eq!((answer.len(), &*answer), (0xaf, &*challenged("Application Token")));
        client.hears_terminator();
    }
    client.say(&token("fff"));
    let answer = client.answer();
    assert_eq!((answer.len(), &*answer), (0x84, FORBIDDEN));
    client.hears_terminator();
    client.is_closed(1008);

    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    client.say(&token("ccc"));
    assert_eq!(client.answer(), challenged("Application Token foo=\"bar\" baz=\"quxx\""));
    client.hears_terminator();
    client.say(&token("sss"));
    assert_eq!(client.answer().len(), 0xc9);
    client.hears_terminator();
    client.hears_stay();
    client.echoes(0x81, b"hi");
}

#[test]
fn application_negotiate_says_where_tickets_are_and_proves_the_gateway() {
    let realm = kerberos("").replace(">Negotiate<", ">Application Negotiate<");
    let tells = "<properties><authentication.connect>wss://tgg.example.com/</authentication.connect>\
                 <authentication.identifier>TGG.TEST</authentication.identifier></properties>\
                 <realm-name>kerberos</realm-name>";
    let gateway = echo(&(tells.to_owned() + &roles(&["*"])), &realm);
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    client.say(&script(""));
    assert_eq!(client.answer(), challenged("Application Negotiate wss://tgg.example.com/ TGG.TEST"));
    client.hears_terminator();
    let mut negotiate =
        Negotiate::new(alices(), &NegotiateOptions::default(), ticket::now(), &mut ticket::dice).unwrap();
    client.say(&script(&ticket::field(negotiate.token())));
    let answer = client.answer();
    let reply =
        answer.split("\r\n").find_map(|line| line.strip_prefix("WWW-Authenticate: Application Negotiate "));
    let reply = STANDARD.decode(reply.expect("the gateway's own proof")).unwrap();
    assert!(matches!(negotiate.reply(&reply).unwrap(), Step::Done(context) if context.proved));
    client.hears_terminator();
    client.hears_stay();
    client.echoes(0x81, b"hi");
    assert_eq!(admission(&gateway, "granted")["client"], "alice@TGG.TEST");
}

#[test]
fn a_session_of_the_upgrades_cookie_lets_in_without_a_question() {
    let folder = folder();
    let scheme = "Application Basic";
    let realm = passwords(&folder, scheme)
        .replace("<login-modules>", "<authorization-mode>recycle</authorization-mode><login-modules>");
    let inside = "<realm-name>demo</realm-name>".to_owned() + &roles(&["AUTHORIZED"]);
    let page =
        service("http.redirect", "http", &format!("<properties><location>/</location></properties>{inside}"))
            .replace("<name>one</name>", "<name>page</name>")
            .replace("/in<", "/page<");
    let all = format!("{}{page}<security>{realm}</security>", service("echo", "ws", &inside));
    let gateway = Gateway::run(&config(&all));
    let answer = exchange(&mut plain(gateway.at("page")), "GET /page", &basic("joe", "welcome"));
    let cookie = answer.value("set-cookie").split(';').next().unwrap().to_owned();
    let (mut client, answer) = Client::upgrade(&gateway, "/in", &format!("Cookie: {cookie}\r\n"));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    client.say(&script(""));
    switched(&client.answer());
    client.echoes(0x81, b"hi");
}
