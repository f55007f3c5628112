//! What Chromium, Firefox and curl do with each challenge scheme: the facts that docs/challenges.md shows.

/// These tests in both browsers.
macro_rules! in_both_browsers {
    ($($test:ident),* $(,)?) => {
        mod chromium {
            $(#[test] fn $test() { super::$test(peers::Browser::chromium); })*
        }
        mod firefox {
            $(#[test] fn $test() { super::$test(peers::Browser::firefox); })*
        }
    };
}

pub(crate) use in_both_browsers;

mod answers;
mod passwords;
mod sessions;
mod strangers;
mod tickets;

use std::{cell::Cell, io::Write as _, thread, time::Duration};

use peers::{Browser, Error, Talk};
use serde_json::{Value, json};
use testkdc::Client;

use super::{
    Folder, config,
    custom::JUDGE,
    realms, security,
    users::{role, user, users},
};
use crate::{
    backend::Backend,
    world::{Gateway, realm},
};

pub(crate) type Start = fn(&Client) -> Result<Browser, Error>;

/// Behind `Basic`: joe's password.
const JOES: &str = "am9lOndlbGNvbWU=";

/// A gateway on `localhost` with services of one realm: the page `/app/page`, the sockets `/app/echo` and `/far/echo`. The
/// page `/app/open` is everybody's.
struct Site {
    gateway: Gateway,
    is_tls: bool,
    /// Admissions that the test has seen.
    seen: Cell<usize>,
    _backend: Backend,
    _folder: Folder,
}

/// A realm with this scheme and these words. Passwords are judged by a file with joe and ann, of whom joe is of the staff;
/// tickets by the keytab of the shared test realm; tokens by a program that takes `good` for joe's.
fn demo(folder: &Folder, scheme: &str, words: &str) -> String {
    let module = |kind: &str, options: &str| {
        format!(
            "<login-module><type>{kind}</type><success>required</success><options>{options}</options></login-module>"
        )
    };
    let modules = match scheme {
        "Negotiate" | "Application Negotiate" => {
            let keytab = realm().dir().join("services.keytab");
            let options = format!("<keyTab>{}</keyTab>", keytab.display());
            module("kerberos5", &options) + &module("gss", "")
        }
        "Application Token" => {
            let log = folder.path("heard");
            let program = format!("<command>{JUDGE}</command><argument>program</argument>");
            let rest = format!("<argument>{}</argument><askAlways>false</askAlways>", log.display());
            module("exec", &(program + &rest))
        }
        _ => module("file", &format!("<file>{}</file>", folder.path("jaas-config.xml").display())),
    };
    let asked = match scheme {
        "" => String::new(),
        scheme => format!("<http-challenge-scheme>{scheme}</http-challenge-scheme>"),
    };
    format!(
        "<realm><name>demo</name><description>Example Corp</description><authentication>{asked}{words}\
         <login-modules>{modules}</login-modules></authentication></realm>"
    )
}

impl Site {
    fn new(scheme: &str, words: &str) -> Self {
        Self::inviting(scheme, words, false, "")
    }

    fn tls(scheme: &str, words: &str) -> Self {
        Self::inviting(scheme, words, true, "")
    }

    /// The same for pages of other origins too, as these constraints say.
    fn inviting(scheme: &str, words: &str, is_tls: bool, constraints: &str) -> Self {
        let known = [user("joe", "welcome", &["staff"]), user("ann", "welcome", &[]), role("staff", &[])];
        let folder = Folder::new().with("jaas-config.xml", users(&known.concat()));
        let backend = Backend::new(|head, mut stream| {
            let user = head.values("x-remote-user").concat();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n<p>page{user}",
                user.len() + 7
            );
            let _ = stream.write_all(answer.as_bytes());
        });
        let s = if is_tls { "s" } else { "" };
        let staff = if scheme.ends_with("Basic") { "staff" } else { "*" };
        let gate = format!("<realm-name>demo</realm-name>{}{constraints}", realms::roles(&[staff]));
        let page = |name: &str, gate: &str| {
            format!(
                "<service><name>{name}</name><accept>http{s}://localhost:0/app/{name}</accept>\
                 <connect>{}</connect><type>http.proxy</type>{gate}</service>",
                backend.url("http")
            )
        };
        let socket = |name: &str, path: &str| {
            format!(
                "<service><name>{name}</name><accept>ws{s}://localhost:0{path}</accept><type>echo</type>{gate}</service>"
            )
        };
        let services = page("page", &gate)
            + &page("open", "")
            + &socket("echo", "/app/echo")
            + &socket("far", "/far/echo");
        let gateway =
            Gateway::run(&config(&format!("{services}{}", security(&demo(&folder, scheme, words)))));
        Self { gateway, is_tls, seen: Cell::new(0), _backend: backend, _folder: folder }
    }

    /// Where a page is, and for whom: `""`, or a name and a password with `@`.
    fn page_as(&self, user: &str, path: &str) -> String {
        let s = if self.is_tls { "s" } else { "" };
        format!("http{s}://{user}localhost:{}{path}", self.gateway.at("page").port())
    }

    fn page(&self, path: &str) -> String {
        self.page_as("", path)
    }

    fn socket_as(&self, user: &str, path: &str) -> String {
        self.page_as(user, path).replacen("http", "ws", 1)
    }

    fn socket(&self, path: &str) -> String {
        self.socket_as("", path)
    }

    /// What the gate said of the next so many requests, in their order.
    #[track_caller]
    fn admissions(&self, count: usize) -> Vec<String> {
        let all = |log: &str| -> Vec<String> {
            let records = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let admissions = records.filter(|record| record["target"] == "ticketgate::admission");
            admissions.map(|record| record["outcome"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let begin = self.seen.get();
        let is_there = |log: &str| all(log).len() >= begin + count;
        let seen = all(&self.gateway.wait_until_log("admission", is_there));
        self.seen.set(seen.len());
        seen[begin..].to_vec()
    }
}

/// A browser without a ticket.
pub(crate) fn nobody(start: Start) -> Option<Browser> {
    peers::or_skipped(start(&realm().client().unwrap()))
}

/// A browser with alice's ticket.
fn alices(start: Start) -> Option<Browser> {
    let client = realm().client().unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    peers::or_skipped(start(&client))
}

/// Whether a socket carries a message there and back; if not, that the page is told 1006 and nothing else.
#[track_caller]
fn opens(browser: &Browser, url: &str) -> bool {
    let told = browser.talk(&Talk { url, messages: &["a"], ..Talk::default() }).unwrap();
    let refused = told["code"] == 1006 && told["clean"] == false && told["reason"] == "";
    assert!(told["opened"] == true || refused, "{told}");
    told["received"] == json!(["a"])
}

/// Whether it is Chromium, which shows no program that it asks for a password.
pub(crate) fn is_chromium(browser: &Browser) -> bool {
    browser.run_async("return navigator.userAgent.includes('Chrome')", &json!([])).unwrap() == true
}

/// Status and body of what a page fetches; `pending` while the browser asks for a password instead of answering.
fn fetched(browser: &Browser, url: &str, options: &Value) -> String {
    let script = "const answered = fetch(args[0], args[1]).then(
            async answer => `${answer.status} ${await answer.text()}`, error => error.name);
        const late = new Promise(resolve => setTimeout(() => resolve('pending'), 3000));
        return await Promise.race([answered, late]);";
    // Where a question opens, Firefox's driver gives up the script and returns nothing.
    let told = browser.run_async(script, &json!([url, options])).unwrap();
    told.as_str().unwrap_or("pending").to_owned()
}

/// Whether the browser, as far as it tells a program, asks its user for a password by now.
fn asks(browser: &Browser) -> bool {
    browser.question().unwrap().is_some()
}

/// What is there in the end, asked for again and again.
#[track_caller]
fn at_last<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    const PAUSE: Duration = Duration::from_millis(50);
    let found = (0..600).find_map(|_| {
        let found = look();
        if found.is_none() {
            thread::sleep(PAUSE);
        }
        found
    });
    found.unwrap_or_else(|| panic!("no {what}"))
}

/// Has the user decline the question for a password, which Firefox tells of, and Chromium does not.
#[track_caller]
fn decline(browser: &Browser) {
    let question = at_last("question", || browser.question().unwrap());
    assert!(question.contains("asking you to sign in"), "{question}");
    browser.decline().unwrap();
}

/// Waits until the page shows this.
#[track_caller]
fn shows(browser: &Browser, text: &str) {
    // A page that goes away in the middle of the question has no answer.
    at_last(text, || browser.text().is_ok_and(|shown| shown == text).then_some(()));
}

const PAGE_401: &str = "<html><head></head><body><h1>401 Unauthorized</h1></body></html>";
const PAGE_403: &str = "<html><head></head><body><h1>403 Forbidden</h1></body></html>";
