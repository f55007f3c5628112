//! The page of `ticketgate demo`, as visitors walk through it.

use std::{env, fs, path::Path, process::Command};

use peers::Browser;
use serde_json::Value;

use crate::{
    door::admission,
    services::{
        Folder,
        browsers::{Start, in_both_browsers, is_chromium, nobody},
    },
    world::{Gateway, eventually},
};

in_both_browsers!(
    a_visitor_watches_the_eight_steps_and_opens_a_door,
    two_windows_talk_and_each_has_its_name_from_its_ticket,
    who_is_not_of_the_staff_is_not_let_into_the_chat,
    an_expired_password_is_changed_on_the_page,
    nothing_but_a_ticket_of_ones_own_opens_the_door,
    a_password_is_asked_for_by_the_page_until_it_is_right,
    a_code_is_good_once,
    the_page_is_whole_on_a_telephone_and_in_the_dark,
);

/// Has the picture for the README written there, such as `docs/demo.png`.
const PICTURE: &str = "TICKETGATE_DEMO_PICTURE";

/// What the picture in the README is at most, in octets.
const MAX_PICTURE: usize = 400 * 1024;

/// A demo, and a browser that has opened its page.
struct Visit {
    browser: Browser,
    demo: Gateway,
    folder: Folder,
}

impl Visit {
    /// One in which nothing is slower than it is.
    fn new(start: Start) -> Option<Self> {
        let visit = Self::slow(start)?;
        visit.hurry();
        Some(visit)
    }

    fn slow(start: Start) -> Option<Self> {
        let browser = nobody(start)?;
        let folder = Folder::new();
        let demo = Gateway::demo(&folder.path(""));
        let visit = Self { browser, demo, folder };
        visit.open();
        Some(visit)
    }

    fn open(&self) {
        self.browser.open(&format!("http://localhost:{}/", self.demo.at("page").port())).unwrap();
        self.see("html[data-ready]");
    }

    /// Leaves out the slow motion.
    fn hurry(&self) {
        self.click("#slow:checked");
    }

    #[track_caller]
    fn see(&self, selector: &str) {
        self.browser.wait_for(selector).unwrap();
    }

    #[track_caller]
    fn click(&self, selector: &str) {
        self.browser.click(selector).unwrap();
    }

    #[track_caller]
    fn fill(&self, selector: &str, text: &str) {
        self.browser.fill(selector, text).unwrap();
    }

    /// What a line says once it says how something ended.
    #[track_caller]
    fn said(&self, line: &str, mood: &str) -> String {
        self.browser.words(&format!("#{line}[data-mood=\"{mood}\"]")).unwrap()
    }

    /// Logs in as a user whose password the page fills in.
    #[track_caller]
    fn log_in(&self, user: &str) {
        self.click(&format!("[data-user=\"{user}\"]"));
        self.click("#login");
        let said = self.said("login-said", "good");
        assert!(said.contains(&format!("{user}@DEMO.TEST")), "{said}");
    }

    #[track_caller]
    fn see_eight_steps_lit(&self) {
        for step in 1..=8 {
            self.see(&format!("[data-step=\"{step}\"][data-state=\"lit\"]"));
        }
    }

    #[track_caller]
    fn open_echo(&self) {
        self.click("#echo-open");
        let said = self.said("echo-said", "good");
        assert!(said.contains("HTTP/localhost"), "{said}");
    }

    /// That the page, once drawn for the screen's size, is no wider than it.
    #[track_caller]
    fn assert_fits(&self) {
        let number = |name| self.browser.property("html", name).unwrap().as_u64().unwrap();
        eventually("the page is no wider than the screen", || number("scrollWidth") <= number("clientWidth"));
    }

    /// Ends the demo as a user does. It leaves nothing behind.
    #[track_caller]
    fn end(mut self) {
        drop(self.browser);
        assert_eq!(self.demo.stop(), Some(0));
        assert_eq!(fs::read_dir(self.folder.path("")).unwrap().count(), 0);
    }
}

fn a_visitor_watches_the_eight_steps_and_opens_a_door(start: Start) {
    let Some(visit) = Visit::slow(start) else { return };
    visit.browser.resize(1280, 1400).unwrap();
    visit.see("[data-step=\"1\"][data-state=\"idle\"]");
    visit.log_in("demo");
    visit.see_eight_steps_lit();
    // The question that is to be proved, the one that is, and the one for the service.
    let chapters = ["asked to prove it", "a ticket to get tickets with", "a ticket for the service"];
    for (at, outcome) in (1..).zip(chapters) {
        let chapter = format!("#exchanges > li:nth-child({at})");
        assert_eq!(visit.browser.words(&format!("{chapter} .pill")).unwrap(), outcome);
        let steps = if at == 3 { ["5", "6", "7", "8"] } else { ["1", "2", "3", "4"] };
        for (place, step) in (1..).zip(steps) {
            visit.see(&format!("{chapter} .entries > li:nth-child({place})[data-entry=\"{step}\"]"));
        }
    }
    visit.click("#exchanges > li:nth-child(2) [data-entry=\"4\"] summary");
    visit.see("#exchanges > li:nth-child(2) [data-entry=\"4\"] pre.octets");
    visit.click("#exchanges > li:nth-child(2) [data-entry=\"4\"] summary");

    visit.open_echo();
    for (place, (step, says)) in (1..).zip([("a", "GET /echo"), ("b", "401"), ("c", "ticket"), ("d", "101")])
    {
        let entry = format!("#doors .entries > li:nth-child({place})[data-entry=\"{step}\"]");
        let words = visit.browser.words(&entry).unwrap();
        assert!(words.contains(says), "{words}");
        visit.see(&format!("[data-arrow=\"{step}\"][data-state=\"lit\"]"));
    }
    let challenge = visit.browser.words("#doors [data-entry=\"b\"]").unwrap();
    assert!(challenge.contains("DEMO.TEST at ws://localhost:"), "{challenge}");
    assert_eq!(visit.browser.words("#doors .pill").unwrap(), "open, proof verified");
    visit.click("#doors [data-entry=\"c\"] summary");
    let ticket = visit.browser.words("#doors [data-entry=\"c\"] .fields").unwrap();
    for part in ["NegTokenInit", "AP-REQ", "for HTTP/localhost@DEMO.TEST", "aes256-cts-hmac-sha384-192"] {
        assert!(ticket.contains(part), "{ticket}");
    }
    visit.click("#doors [data-entry=\"c\"] summary");
    visit.fill("#echo-text", "through the wall");
    visit.click("#echo-send");
    assert_eq!(visit.browser.words("#echo-log p").unwrap(), "through the wall");
    let operators = visit.browser.property("#manage", "href").unwrap();
    assert_eq!(operators, format!("http://localhost:{}/", visit.demo.at("management").port()));
    photograph(&visit);
    visit.end();
}

#[test]
fn what_the_page_says_to_type_beside_it_works() {
    let folder = Folder::new();
    let mut demo = Gateway::demo(&folder.path(""));
    let setup = format!("http://localhost:{}/setup.json", demo.at("page").port());
    let setup = Command::new("curl").args(["--silent", "--fail", &setup]).output().unwrap();
    let setup: Value = serde_json::from_slice(&setup.stdout).unwrap();
    let lines = setup["type"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
    // What a person types where a program asks.
    let typed = lines.map(|line| match line {
        kinit if kinit.contains("kinit") => format!("echo demo | {kinit} --password-stdin"),
        connect if connect.contains("connect") => format!("echo through the wall | {connect}"),
        line => line.to_owned(),
    });
    let script = ["set -eu".to_owned()].into_iter().chain(typed).collect::<Vec<_>>().join("\n");
    let programs = Path::new(env!("CARGO_BIN_EXE_ticketgate")).parent().unwrap();
    let path = env::join_paths(
        [programs.to_owned()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap())),
    );
    let ran = Command::new("sh").args(["-c", &script]).env("PATH", path.unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let expected = [
        "HTTP/localhost@DEMO.TEST: kvno = 1",
        "Default principal: demo@DEMO.TEST",
        "The gateway took your Kerberos ticket",
        "through the wall",
    ];
    for says in expected {
        assert!(said.contains(says), "{said}");
    }
    assert_eq!(demo.stop(), Some(0));
}

/// Takes the picture for the README, if it is wanted.
fn photograph(visit: &Visit) {
    let Some(file) = env::var_os(PICTURE) else { return };
    if !is_chromium(&visit.browser) {
        return;
    }
    visit.click("h1");
    let picture = visit.browser.screenshot("body").unwrap();
    assert!(picture.len() <= MAX_PICTURE, "{} octets", picture.len());
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), picture).unwrap();
}

fn two_windows_talk_and_each_has_its_name_from_its_ticket(start: Start) {
    let Some(visit) = Visit::new(start) else { return };
    let join = |user: &str| {
        visit.log_in(user);
        visit.click("#chat-join");
        visit.said("chat-said", "good");
    };
    join("demo");
    let first = visit.browser.window().unwrap();
    visit.browser.open_window().unwrap();
    visit.open();
    visit.hurry();
    // Another user than in the first window: the expired password is changed on the way.
    visit.click("[data-user=\"rusty\"]");
    visit.click("#login");
    visit.see("#change-form:not([hidden])");
    visit.fill("#fresh", "shiny");
    visit.click("#change");
    visit.said("login-said", "good");
    visit.click("#chat-join");
    visit.said("chat-said", "good");
    let here = visit.browser.words("#chat-here").unwrap();
    assert_eq!(here, "Here: demo@DEMO.TEST, rusty@DEMO.TEST");
    visit.fill("#chat-text", "hello from behind");
    visit.click("#chat-send");
    visit.see("#chat-log .own");
    visit.browser.switch(&first).unwrap();
    let heard = visit.browser.words("#chat-log .spoken:not(.own)").unwrap();
    assert!(heard.contains("rusty@DEMO.TEST") && heard.contains("hello from behind"), "{heard}");
    visit.end();
}

fn who_is_not_of_the_staff_is_not_let_into_the_chat(start: Start) {
    let Some(visit) = Visit::new(start) else { return };
    visit.log_in("guest");
    visit.click("#chat-join");
    let said = visit.said("chat-said", "bad");
    assert!(said.contains("403") && said.contains("guest@DEMO.TEST"), "{said}");
    visit.see("#doors [data-entry=\"d\"]");
    assert_eq!(admission(&visit.demo, "role_missing")["client"], "guest@DEMO.TEST");
    visit.open_echo();
    visit.click("#forget");
    visit.see("#echo-open:not([hidden])");
    visit.click("#echo-open");
    let said = visit.said("echo-said", "bad");
    assert!(said.contains("401"), "{said}");
    visit.end();
}

fn an_expired_password_is_changed_on_the_page(start: Start) {
    let Some(visit) = Visit::new(start) else { return };
    visit.click("[data-user=\"rusty\"]");
    visit.click("#login");
    assert!(visit.said("login-said", "wait").contains("expired"));
    visit.fill("#fresh", "shiny");
    visit.click("#change");
    assert!(visit.said("login-said", "good").contains("rusty@DEMO.TEST"));
    visit.see_eight_steps_lit();
    // A ticket to change the password with, the change, and the login with the new one.
    let granted = visit.browser.words("#exchanges > li:nth-child(2) .pill").unwrap();
    assert_eq!(granted, "a ticket to change the password with");
    assert_eq!(visit.browser.words("#exchanges > li:nth-child(3) h4").unwrap(), "Another password");
    visit.see("#exchanges > li:nth-child(6) [data-entry=\"8\"]");
    visit.fill("#password", "rusty");
    visit.click("#login");
    let said = visit.said("login-said", "bad");
    assert!(said.contains("wrong") && said.contains("changed since the demo began"), "{said}");
    visit.fill("#password", "shiny");
    visit.click("#login");
    visit.said("login-said", "good");
    visit.end();
}

fn nothing_but_a_ticket_of_ones_own_opens_the_door(start: Start) {
    let Some(visit) = Visit::new(start) else { return };
    for attempt in ["tampered", "replayed"] {
        visit.click(&format!("#{attempt}"));
        assert!(visit.said(&format!("{attempt}-said"), "wait").contains("Log in first"));
    }
    visit.click("#plain");
    assert!(visit.said("plain-said", "good").contains("1006"));
    visit.log_in("demo");
    for attempt in ["silent", "tampered", "replayed"] {
        visit.click(&format!("#{attempt}"));
        let said = visit.said(&format!("{attempt}-said"), "good");
        assert!(said.contains("401"), "{attempt}: {said}");
    }
    // Each for its own reason, which the operator is told and the page is not.
    visit.demo.wait_for_log("does not open the ticket");
    visit.demo.wait_for_log("it was presented before");
    visit.end();
}

fn a_password_is_asked_for_by_the_page_until_it_is_right(start: Start) {
    let Some(visit) = Visit::new(start) else { return };
    visit.click("#basic-open");
    visit.see("#basic-form:not([hidden])");
    visit.fill("#basic-user", "demo");
    visit.fill("#basic-password", "wrong");
    visit.click("#basic-send");
    visit.see("#basic-form:not([hidden])[data-attempt=\"2\"]");
    assert!(visit.browser.words("#basic-question").unwrap().contains("wrong"));
    visit.fill("#basic-password", "demo");
    visit.click("#basic-send");
    assert!(visit.said("basic-said", "good").contains("hello"));
    visit.click("#basic-open");
    visit.see("#basic-form:not([hidden])");
    visit.click("#basic-cancel");
    assert!(visit.said("basic-said", "bad").contains("401"));
    visit.end();
}

fn a_code_is_good_once(start: Start) {
    let Some(visit) = Visit::new(start) else { return };
    visit.click("#code-get");
    visit.see("#token-said:not(:empty)");
    visit.click("#token-open");
    assert!(visit.said("token-said", "good").contains("hello"));
    visit.click("#token-open");
    assert!(visit.said("token-said", "bad").contains("403"));
    visit.end();
}

fn the_page_is_whole_on_a_telephone_and_in_the_dark(start: Start) {
    let Some(visit) = Visit::new(start) else { return };
    visit.assert_fits();
    // Firefox makes no window as narrow as a telephone.
    if is_chromium(&visit.browser) {
        visit.browser.narrow(360).unwrap();
    } else {
        visit.browser.resize(500, 800).unwrap();
    }
    visit.see("#picture svg.tall");
    visit.log_in("demo");
    visit.see_eight_steps_lit();
    visit.open_echo();
    visit.assert_fits();
    visit.click(".theme label:nth-of-type(3)");
    visit.see("html[data-theme=\"dark\"]");
    visit.assert_fits();
    // What was chosen is kept.
    visit.open();
    visit.see("html[data-theme=\"dark\"]");
    visit.end();
}
