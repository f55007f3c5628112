//! Web services that are asked about logins.

use std::path::PathBuf;

use super::*;
use crate::{authority::authority, world::refusing};

/// A service that does what the token says, with what it has heard.
struct Service {
    folder: Folder,
    running: Running,
    url: String,
}

impl Service {
    fn start(tls: bool) -> Self {
        let folder = Folder::new();
        let log = folder.path("heard").display().to_string();
        let authority = authority();
        let pair = [&authority.certificate, &authority.key].map(|file| file.to_str().unwrap());
        let arguments = [&["service", &log][..], if tls { &pair } else { &[] }].concat();
        let (running, port) = Running::start(JUDGE, &arguments);
        let scheme = if tls { "https" } else { "http" };
        Self { folder, running, url: format!("{scheme}://localhost:{port}/judge?x=1") }
    }

    fn log(&self) -> PathBuf {
        self.folder.path("heard")
    }

    fn gateway(&self, options: &str) -> Gateway {
        gated("Application Token", &module("http", &format!("<url>{}</url>{options}", self.url)))
    }
}

#[test]
fn a_service_judges_tokens_and_names_the_user() {
    let service = Service::start(false);
    let gateway = service.gateway("");
    assert_eq!(judged(&gateway, "good"), 302);
    assert_eq!(judged(&gateway, "bad"), 403);
    let question = &heard(&service.log())[0];
    assert_eq!(question["token"], "good");
    for (name, value) in [("realm", "own"), ("service", "one"), ("peer", "127.0.0.1"), ("scheme", "Token")] {
        assert_eq!(question[name], value);
    }
    assert_eq!((&question["version"], &question["secure"]), (&1.into(), &false.into()));
    let log = gateway.wait_for_log("it says bad");
    assert!(!log.contains("Token good"), "a token is a secret");
}

#[test]
fn whoever_presents_nothing_is_told_what_the_module_asks_for() {
    let service = Service::start(false);
    let gateway = service.gateway("");
    for answer in [ask(&gateway, "GET /in", ""), with(&gateway, "again")] {
        assert_eq!((status(&answer), challenge(&answer)), (401, vec!["Token foo=\"bar\" baz=\"quxx\""]));
    }
    let silent = service.gateway("<askAlways>false</askAlways>");
    let before = heard(&service.log()).len();
    let answer = ask(&silent, "GET /in", "");
    assert_eq!((status(&answer), challenge(&answer)), (401, vec!["Token"]));
    assert_eq!(heard(&service.log()).len(), before);
}

#[test]
fn declared_values_and_passwords_reach_the_module() {
    let service = Service::start(false);
    let gateway = service.gateway("");
    assert_eq!(status(&ask(&gateway, "GET /in", "X-Token: good\r\n")), 302);
    let question = &heard(&service.log())[0];
    assert_eq!((&question["values"]["x-token"], &question["token"]), (&"good".into(), &"good".into()));
    let modules = module("http", &format!("<url>{}</url><grant>AUTHORIZED=*</grant>", service.url));
    let gateway = gated("Basic", &modules);
    // joe:wel:come, and joe:no.
    for (field, expected) in [("am9lOndlbDpjb21l", 302), ("am9lOm5v", 401)] {
        let answer = ask(&gateway, "GET /in", &format!("Authorization: Basic {field}\r\n"));
        assert_eq!(status(&answer), expected);
    }
}

#[test]
fn answers_that_make_no_sense_let_nobody_in() {
    let service = Service::start(false);
    let gateway = service.gateway("");
    for token in [
        "html", "garbage", "huge", "twice", "other", "nobody", "newline", "word", "misspelt", "header",
        "ended", "timeless", "ignored",
    ] {
        let answer = with(&gateway, token);
        assert_eq!((status(&answer), answer.values("set-cookie").len()), (403, 0), "{token}");
    }
    assert_eq!(judged(&gateway, "good"), 302);
}

#[test]
fn while_no_answer_comes_nobody_can_say_and_another_login_is_judged() {
    let service = Service::start(false);
    let gateway = service.gateway("<timeout>1 s</timeout>");
    for token in ["hang", "cut", "nothing", "error", "redirect"] {
        assert_eq!(judged(&gateway, token), 503, "{token}");
        assert_eq!(judged(&gateway, "good"), 302, "after {token}");
    }
    // A redirect is not followed.
    assert!(heard(&service.log()).iter().all(|question| question["phase"] == "login"));
    drop(service.running);
    assert_eq!(judged(&gateway, "good"), 503);
    let dead = gated("Application Token", &module("http", &format!("<url>http://{}/</url>", refusing())));
    assert_eq!(judged(&dead, "good"), 503);
}

#[test]
fn a_connection_is_used_again_unless_the_service_has_closed_it() {
    let service = Service::start(false);
    let gateway = service.gateway("");
    for token in ["good-1", "good-2", "good-close", "good-3"] {
        assert_eq!(judged(&gateway, token), 302, "{token}");
    }
    let ports: Vec<_> = heard(&service.log()).iter().map(|question| question["port"].clone()).collect();
    assert!(ports[0] == ports[1] && ports[1] == ports[2] && ports[2] != ports[3], "{ports:?}");
}

#[test]
fn no_more_questions_are_asked_at_a_time_than_are_allowed() {
    let service = Service::start(false);
    let gateway = service.gateway("<connections>1</connections><timeout>1 s</timeout>");
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| judged(&gateway, "hang"));
        while heard(&service.log()).is_empty() {
            std::thread::yield_now();
        }
        let waiting = scope.spawn(|| judged(&gateway, "hang-not"));
        assert_eq!(hanging.join().unwrap(), 503);
        // It may have had the place for the moment that was left of its time.
        assert!(matches!(waiting.join().unwrap(), 403 | 503));
    });
}

#[test]
fn over_tls_only_a_service_is_asked_that_shows_a_certificate_of_the_truststore() {
    let service = Service::start(true);
    let stores = |more: &str| {
        let trust = format!("<truststore><file>{}</file></truststore>", authority().anchor.display());
        let inside = "<properties><location>/in/</location></properties><realm-name>own</realm-name>";
        let one = super::service("http.redirect", "http", inside);
        let realm = realm("Application Token", &module("http", &format!("<url>{}</url>", service.url)));
        let trust = if more.is_empty() { String::new() } else { trust };
        Gateway::run(&config(&format!("{one}{}", crate::services::security(&(trust + &realm)))))
    };
    assert_eq!(judged(&stores("trusted"), "good"), 302);
    let stranger = stores("");
    assert_eq!(judged(&stranger, "good"), 503);
    stranger.wait_for_log("no TLS with the service");
    assert_eq!(heard(&service.log()).len(), 1);
}

#[test]
fn a_module_with_two_phases_hears_how_logins_end() {
    let service = Service::start(false);
    let phases = |at: usize| {
        let heard = heard(&service.log());
        heard
            .iter()
            .skip(at)
            .map(|question| question["phase"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let wait = |at: usize, expected: &[&str]| {
        while phases(at).len() < expected.len() {
            std::thread::yield_now();
        }
        assert_eq!(phases(at), expected);
    };
    let gateway = service.gateway("<phases>true</phases>");
    assert_eq!(judged(&gateway, "good"), 302);
    wait(0, &["login", "commit", "logout"]);
    assert_eq!(judged(&gateway, "bad"), 403);
    wait(3, &["login"]);
    fs::write(service.folder.path("heard.refuses"), "").unwrap();
    assert_eq!(judged(&gateway, "good"), 403);
    wait(4, &["login", "commit"]);
}

#[test]
fn a_module_that_committed_hears_that_another_did_not() {
    let [first, second] = [Service::start(false), Service::start(false)];
    fs::write(second.folder.path("heard.refuses"), "").unwrap();
    let modules =
        [&first, &second].map(|one| module("http", &format!("<url>{}</url><phases>true</phases>", one.url)));
    let gateway = gated("Application Token", &modules.concat());
    assert_eq!(judged(&gateway, "good"), 403);
    let phases = |service: &Service| {
        heard(&service.log()).iter().map(|heard| heard["phase"].clone()).collect::<Vec<_>>()
    };
    while phases(&first).len() < 3 {
        std::thread::yield_now();
    }
    assert_eq!(phases(&first), ["login", "commit", "abort"]);
    assert_eq!(phases(&second), ["login", "commit"], "it knows");
}
