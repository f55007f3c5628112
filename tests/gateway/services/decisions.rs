//! The table of decisions, and the table of JAAS, each row through a real socket: what becomes of a request to a service of
//! a realm.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Folder, UPGRADE, config, custom::Running, exchange, realms::roles, status};
use crate::{
    backend::Head,
    door::admission,
    world::{Gateway, refusing},
    ws_client::plain,
};

/// The modules that answer as the token says, and what they were asked.
struct Table {
    folder: Folder,
    port: String,
    _running: Running,
}

impl Table {
    fn start() -> Self {
        let folder = Folder::new();
        let log = folder.path("asked").display().to_string();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/modules/table.py");
        let (running, port) = Running::start(program, &[&log]);
        Self { folder, port, _running: running }
    }

    /// The login module of this number.
    fn module(&self, place: &str, success: &str) -> String {
        format!(
            "<login-module><type>http</type><success>{success}</success><options>\
             <url>http://127.0.0.1:{}/{place}</url></options></login-module>",
            self.port
        )
    }

    /// Which modules were asked about this token, in their order.
    fn asked(&self, token: &str) -> String {
        let log = fs::read_to_string(self.folder.path("asked")).unwrap_or_default();
        let lines = log.lines().filter_map(|line| line.strip_prefix(&format!("{token} ")));
        lines.collect::<Vec<_>>().concat()
    }
}

/// A realm of this scheme with these login modules.
fn realm(name: &str, scheme: &str, modules: &str) -> String {
    format!(
        "<realm><name>{name}</name><description>Kaazing Gateway Demo</description><authentication>\
         <http-challenge-scheme>{scheme}</http-challenge-scheme><http-header>X-Token</http-header>\
         <http-query-parameter>token</http-query-parameter><http-cookie>sso</http-cookie>\
         <failed-logins>0</failed-logins><login-modules>{modules}</login-modules></authentication></realm>"
    )
}

/// A service of that realm for who has the role, at `/NAME`: over HTTP, or over WebSocket.
fn guarded(name: &str, scheme: &str, realm: &str, required: &str) -> String {
    let kind = match scheme {
        "ws" => "<type>echo</type>",
        _ => "<type>http.redirect</type><properties><location>/in/</location></properties>",
    };
    format!(
        "<service><name>{name}</name><accept>{scheme}://127.0.0.1:0/{name}</accept>{kind}\
         <realm-name>{realm}</realm-name>{}</service>",
        roles(&[required])
    )
}

fn ask(gateway: &Gateway, name: &str, lines: &str) -> Head {
    exchange(&mut plain(gateway.at(name)), &format!("GET /{name}"), lines)
}

fn token(token: &str) -> String {
    format!("Authorization: Token {token}\r\n")
}

/// A password that says what the module answers.
fn basic(password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("joe:{password}")))
}

const UNAUTHORIZED: &str = "<html><head></head><body><h1>401 Unauthorized</h1></body></html>";
const FORBIDDEN: &str = "<html><head></head><body><h1>403 Forbidden</h1></body></html>";

/// That an answer is this status, with this challenge or none, and the page that belongs to it.
#[track_caller]
fn is(answer: &Head, expected: u16, challenge: Option<&str>) {
    assert_eq!(status(answer), expected, "{}", answer.text);
    assert_eq!(
        answer.values("www-authenticate"),
        challenge.into_iter().collect::<Vec<_>>(),
        "{}",
        answer.text
    );
    let page = match expected {
        401 => UNAUTHORIZED,
        403 => FORBIDDEN,
        _ => return,
    };
    assert_eq!(answer.value("content-type"), "text/html");
    assert_eq!(String::from_utf8_lossy(&answer.ahead), page);
}

const WORDS: &str = "foo=\"bar\" baz=\"quxx\"";
const BASIC: &str = "Basic realm=\"Kaazing Gateway Demo\"";

/// Services of realms of each scheme, over HTTP and WebSocket; `two` are realms whose first module only has words for the
/// challenge; `dead` cannot be asked.
fn gateway(table: &Table) -> Gateway {
    let one = table.module("0", "required");
    let two = table.module("0", "optional") + &table.module("1", "sufficient");
    let wordy = table.module("0/c", "required");
    let broken = table.module("0/x", "required");
    let dead = format!(
        "<login-module><type>http</type><success>required</success><options><url>http://{}/</url></options>\
         </login-module>",
        refusing()
    );
    let realms = [
        realm("token", "Application Token", &one),
        realm("basic", "Basic", &one),
        realm("paged", "Application Basic", &one),
        realm("two", "Application Token", &two),
        realm("wordy", "Application Token", &wordy),
        realm("broken", "Application Token", &broken),
        realm("dead", "Basic", &dead),
    ]
    .concat();
    let mut services = "<service><name>open</name><accept>http://127.0.0.1:0/open</accept>\
                        <type>http.redirect</type><properties><location>/in/</location></properties></service>"
        .to_owned();
    for name in ["token", "basic", "paged", "two", "wordy", "broken", "dead"] {
        services += &guarded(name, "http", name, "AUTHORIZED");
        services += &guarded(&format!("{name}-ws"), "ws", name, "AUTHORIZED");
    }
    services += &guarded("any", "http", "token", "*");
    services += &guarded("hers", "http", "token", "joe");
    Gateway::run(&config(&format!("{services}<security>{realms}</security>")))
}

#[test]
fn each_row_of_the_table_of_decisions_holds() {
    let table = Table::start();
    let gateway = gateway(&table);
    let http = |name: &str, lines: &str| ask(&gateway, name, lines);
    let ws = |name: &str, lines: &str| ask(&gateway, &format!("{name}-ws"), &(UPGRADE.to_owned() + lines));

    // 1: no realm, no login.
    is(&http("open", &token("x")), 302, None);

    // 3: credentials of another scheme are a fresh challenge, and no module is asked about them.
    is(&http("token", &basic("s-other")), 401, Some("Token"));
    is(&http("basic", &token("s-other")), 401, Some(BASIC));
    is(&ws("basic", &token("s-other")), 401, Some(BASIC));
    assert_eq!(table.asked("s-other"), "");

    // 4: nothing is a challenge, with the words of modules that have some.
    is(&http("token", ""), 401, Some("Token"));
    is(&http("basic", ""), 401, Some(BASIC));
    is(&ws("basic", ""), 401, Some(BASIC));
    is(&http("wordy", ""), 401, Some(&format!("Token {WORDS}")));
    is(&http("basic", "Authorization: Basic\r\n"), 401, Some(BASIC));
    // A module that breaks over it is 403.
    is(&http("broken", ""), 403, None);

    // 5: login and roles are good.
    for answer in [http("token", &token("s")), http("basic", &basic("s")), http("paged", &basic("s"))] {
        is(&answer, 302, None);
    }
    for answer in [ws("token", &token("s")), ws("basic", &basic("s")), ws("paged", &basic("s"))] {
        is(&answer, 101, None);
    }
    is(&http("any", &token("S")), 302, None);
    is(&http("hers", &token("S")), 302, None);

    // 6: a role is missing, and another challenge is asked for: by a module, or by Basic.
    is(&http("two", &token("cS")), 401, Some(&format!("Token {WORDS}")));
    is(&http("basic", &basic("S")), 401, Some(BASIC));
    is(&ws("basic", &basic("S")), 401, Some(BASIC));

    // 7: a role is missing.
    is(&http("token", &token("S")), 403, None);
    is(&ws("token", &token("S")), 403, None);
    assert_eq!(admission(&gateway, "role_missing")["client"], "joe");

    // 8: the login fails, and another challenge is asked for.
    is(&http("token", &token("c")), 401, Some(&format!("Token {WORDS}")));
    is(&http("basic", &basic("f")), 401, Some(BASIC));
    is(&http("basic", &basic("c")), 401, Some(&format!("{BASIC} {WORDS}")));
    is(&http("basic", "Authorization: Basic %\r\n"), 401, Some(BASIC));

    // 9: the login fails.
    is(&http("token", &token("f")), 403, None);
    is(&ws("token", &token("f")), 403, None);
    is(&http("token", &token("i")), 403, None);

    // 10: a module breaks.
    is(&http("token", &token("x")), 403, None);
    is(&http("basic", &basic("x")), 403, None);
    is(&ws("basic", &basic("x")), 403, None);

    // Beyond the table: who cannot be asked may agree in a moment, and nobody is asked for a password again that is right.
    is(&http("dead", &basic("s")), 503, None);
    is(&ws("dead", &basic("s")), 503, None);

    // A scheme for scripts: no browser can answer it on a plain upgrade, nor is it asked to.
    for answer in [ws("token", ""), ws("paged", ""), ws("paged", &basic("f")), ws("token", &token("c"))] {
        is(&answer, 403, None);
    }
}

#[test]
fn credentials_are_taken_from_each_place_that_is_declared() {
    let table = Table::start();
    let gateway = gateway(&table);
    let at = |target: &str, lines: &str| {
        status(&exchange(&mut plain(gateway.at("token")), &format!("GET {target}"), lines))
    };
    for (good, bad) in [
        (("/token", "X-Token: s\r\n"), ("/token", "X-Token: f\r\n")),
        (("/token?a=1&token=s", ""), ("/token?token=f&token=s", "")),
        (("/token", "Cookie: a=1; sso=s\r\n"), ("/token", "Cookie: sso=f\r\n")),
    ] {
        assert_eq!((at(good.0, good.1), at(bad.0, bad.1)), (302, 403), "{good:?}");
    }
    assert_eq!(at("/token", "X-Token: s\r\nAuthorization: Token f\r\n"), 403, "Authorization goes first");
    assert_eq!(at("/token?token=", "X-Token: \r\n"), 401, "nothing anywhere");
    assert_eq!(at("/token", "Cookie: sso=s; sso=s\r\n"), 400, "nobody knows which is meant");
    assert_eq!(at("/token", "Authorization: Token s\r\nAuthorization: Token s\r\n"), 400);
    let log = gateway.log();
    assert!(!log.contains("token=s") && !log.contains("token=f"), "what is in a query is a secret");
}

#[test]
fn a_session_stands_for_the_credentials_that_it_was_begun_with_and_for_no_others() {
    let table = Table::start();
    let recycle = |scheme: &str| {
        let realm = realm(scheme, &format!("Application {scheme}"), &table.module("0", "required"));
        realm.replace("<login-modules>", "<authorization-mode>recycle</authorization-mode><login-modules>")
    };
    let services =
        guarded("Basic", "http", "Basic", "AUTHORIZED") + &guarded("Token", "http", "Token", "AUTHORIZED");
    let realms = recycle("Basic") + &recycle("Token");
    let gateway = Gateway::run(&config(&format!("{services}<security>{realms}</security>")));
    for name in ["Basic", "Token"] {
        let field = if name == "Basic" { basic } else { token };
        let judged = |said: &str| table.asked(said).len();
        let first = ask(&gateway, name, &field(&format!("s-{name}")));
        let cookie =
            first.values("set-cookie").into_iter().find(|cookie| cookie.starts_with("__Host-")).unwrap();
        let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
        for lines in [cookie.clone(), cookie.clone() + &field(&format!("s-{name}"))] {
            is(&ask(&gateway, name, &lines), 302, None);
        }
        assert_eq!(judged(&format!("s-{name}")), 1, "once, and then the session stands for it");
        let refused = ask(&gateway, name, &(cookie.clone() + &field(&format!("f-{name}"))));
        assert!(matches!(status(&refused), 401 | 403), "{}", refused.text);
        let other = ask(&gateway, name, &(cookie.clone() + &field(&format!("s2-{name}"))));
        assert_eq!((status(&other), judged(&format!("s2-{name}"))), (302, 1));
        // Credentials of another scheme are the back end's, which a session does not keep from it.
        is(&ask(&gateway, name, &(cookie + "Authorization: Bearer theirs\r\n")), 302, None);
        is(
            &ask(&gateway, name, "Authorization: Bearer theirs\r\n"),
            401,
            Some(if name == "Basic" { BASIC } else { "Token" }),
        );
    }
}

#[test]
fn a_password_that_a_browser_sends_by_itself_does_not_show_that_its_user_is_still_there() {
    let table = Table::start();
    let words = "<authorization-mode>recycle</authorization-mode>\
                 <authorization-timeout>2 s</authorization-timeout><login-modules>";
    let realm = realm("basic", "Basic", &table.module("0", "required")).replace("<login-modules>", words);
    let service = guarded("basic", "http", "basic", "AUTHORIZED");
    let gateway = Gateway::run(&config(&format!("{service}<security>{realm}</security>")));
    let first = ask(&gateway, "basic", &basic("s"));
    let cookie = first.value("set-cookie").split(';').next().unwrap().to_owned();
    let again = format!("Cookie: {cookie}\r\n{}", basic("s"));
    is(&ask(&gateway, "basic", &again), 302, None);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let challenged = ask(&gateway, "basic", &again);
    assert_eq!(status(&challenged), 401, "{}", challenged.text);
    assert!(challenged.value("set-cookie").contains("Max-Age=0"), "{}", challenged.text);
    assert_eq!(table.asked("s"), "0", "nobody was asked about it");
    is(&ask(&gateway, "basic", &basic("s")), 302, None);
}

#[test]
fn a_token_that_was_good_is_not_held_up_by_others_that_fail_there() {
    let table = Table::start();
    let realm = realm("token", "Application Token", &table.module("0", "required"))
        .replace("<failed-logins>0<", "<failed-logins>2<");
    let service = guarded("token", "http", "token", "AUTHORIZED");
    let gateway = Gateway::run(&config(&format!("{service}<security>{realm}</security>")));
    let said = |said: &str| status(&ask(&gateway, "token", &token(said)));
    for (token, expected) in [("s1", 302), ("f1", 403), ("f2", 403), ("f3", 429), ("s2", 429), ("s1", 302)] {
        assert_eq!(said(token), expected, "{token}");
    }
}

/// Every chain of two modules, by their flags.
const FLAGS: [&str; 4] = ["required", "requisite", "sufficient", "optional"];

/// The table of JAAS: which of two modules are asked, and whether the user is let in.
fn by_the_table(flags: [&str; 2], said: [char; 2]) -> (&'static str, bool) {
    let must = |flag: &str| matches!(flag, "required" | "requisite");
    let stops = matches!((flags[0], said[0]), ("sufficient", 's') | ("requisite", 'f'));
    let evaluated = if stops { 1 } else { 2 };
    let failed = (0..evaluated).any(|place| must(flags[place]) && said[place] == 'f');
    let agreed = (0..evaluated).any(|place| said[place] == 's');
    (if stops { "0" } else { "01" }, !failed && agreed)
}

#[test]
fn each_row_of_the_table_of_jaas_holds() {
    let table = Table::start();
    let (mut services, mut realms) = (String::new(), String::new());
    for first in FLAGS {
        for second in FLAGS {
            let name = format!("{first}-{second}");
            let modules = table.module("0", first) + &table.module("1", second);
            realms += &realm(&name, "Application Token", &modules);
            services += &guarded(&name, "http", &name, "AUTHORIZED");
        }
    }
    let gateway = Gateway::run(&config(&format!("{services}<security>{realms}</security>")));
    for first in FLAGS {
        for second in FLAGS {
            for said in ["ss", "sf", "si", "fs", "ff", "fi", "is", "if", "ii"] {
                let letters: Vec<char> = said.chars().collect();
                let (asked, is_let_in) = by_the_table([first, second], [letters[0], letters[1]]);
                let (name, unique) = (format!("{first}-{second}"), format!("{said}-{first}-{second}"));
                let answer = ask(&gateway, &name, &token(&unique));
                let expected = if is_let_in { 302 } else { 403 };
                assert_eq!((status(&answer), table.asked(&unique).as_str()), (expected, asked), "{unique}");
            }
        }
    }
}

#[test]
fn the_log_says_what_each_module_said_of_a_login_that_failed() {
    let table = Table::start();
    let gateway = gateway(&table);
    is(&ask(&gateway, "two", &token("ff")), 403, None);
    let log = gateway.wait_for_log("The login module says failure");
    let step = log.lines().find(|line| line.contains("ticketgate::login")).unwrap();
    let step: serde_json::Value = serde_json::from_str(step).unwrap();
    assert_eq!((&step["module"], &step["success"]), (&"http".into(), &"optional".into()), "{step}");
    assert!(step["why"].as_str().unwrap().contains("the table says so"), "{step}");
    let record = admission(&gateway, step["outcome"].as_str().unwrap());
    assert_eq!(record["blame"], "peer");
}
