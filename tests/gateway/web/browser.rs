//! The client for pages in Chromium and Firefox, as the one file that the gateway has of it.

use std::io::Write as _;

use peers::Browser;
use serde_json::{Value, json};
use testkdc::Realm;

use crate::{
    backend::{self, Backend},
    door::admission,
    services::{
        Folder,
        browsers::{Start, in_both_browsers, is_chromium, nobody},
        config,
        custom::JUDGE,
        realms::roles,
        users::{role, user, users},
    },
    world::{Gateway, realm},
};

in_both_browsers!(
    a_password_opens_a_socket_for_text_and_octets,
    a_wrong_password_is_asked_for_again_until_the_user_gives_up,
    a_user_without_the_role_is_asked_again,
    a_token_of_the_pages_own_opens_a_socket_and_a_bad_one_does_not,
    a_ticket_that_the_page_gets_itself_opens_a_socket,
    a_ticket_comes_of_an_exchange_that_nobody_can_guess_from,
    a_wrong_password_for_the_ticket_is_told_as_such,
    codes_and_reasons_of_both_sides_are_told,
    a_quiet_socket_stays_open_by_pings_that_the_page_answers,
    the_plain_form_and_the_balanced_one_carry_the_same,
    sub_protocols_are_chosen_inside_by_whoever_is_behind,
    a_redirect_leads_to_another_service_unless_the_page_forbids_it,
    a_server_that_knows_no_handshake_has_an_ordinary_socket,
    nobody_there_is_told_as_such,
);

/// A gateway on `localhost` that serves the page with the client, an echo for each scheme, and a way to the KDC.
struct Site {
    gateway: Gateway,
    _folder: Folder,
}

/// A realm with this scheme, whose login modules are these.
fn guarding(name: &str, scheme: &str, more: &str, modules: &[(&str, &str)]) -> String {
    let module = |(kind, options): &(&str, &str)| {
        format!(
            "<login-module><type>{kind}</type><success>required</success><options>{options}</options></login-module>"
        )
    };
    let modules: String = modules.iter().map(module).collect();
    format!(
        "<realm><name>{name}</name><description>Example Corp</description><authentication>\
         <http-challenge-scheme>{scheme}</http-challenge-scheme>{more}<failed-logins>0</failed-logins>\
         <login-modules>{modules}</login-modules></authentication></realm>"
    )
}

fn echo(name: &str, inside: &str) -> String {
    format!(
        "<service><name>{name}</name><accept>ws://localhost:0/{name}</accept><type>echo</type>{inside}</service>"
    )
}

fn proxy(name: &str, to: &str, inside: &str) -> String {
    format!(
        "<service><name>{name}</name><accept>ws://localhost:0/{name}</accept><connect>{to}</connect>\
         <type>proxy</type>{inside}</service>"
    )
}

fn of(realm: &str, role: &str) -> String {
    format!("<realm-name>{realm}</realm-name>{}", roles(&[role]))
}

impl Site {
    fn new() -> Self {
        Self::with("")
    }

    /// The same with these further services.
    fn with(more: &str) -> Self {
        Self::before(realm(), more)
    }

    /// The same before this realm.
    fn before(realm: &Realm, more: &str) -> Self {
        let known = [
            user("joe", "wel:come", &["staff"]),
            user("ann", "grüße", &["staff"]),
            user("bob", "b", &[]),
            role("staff", &[]),
        ];
        let folder = Folder::new()
            .with("jaas-config.xml", users(&known.concat()))
            .with("page/index.html", include_str!("page/index.html"))
            .with("page/page.js", include_str!("page/page.js"))
            .with("page/ticketgate.js", include_str!("../../../web/bundle/ticketgate.js"));
        let file = format!("<file>{}</file>", folder.path("jaas-config.xml").display());
        let log = folder.path("heard");
        let judge = format!(
            "<command>{JUDGE}</command><argument>program</argument><argument>{}</argument>\
             <askAlways>false</askAlways>",
            log.display()
        );
        let keytab = format!("<keyTab>{}</keyTab>", realm.dir().join("services.keytab").display());
        let realms = guarding("passwords", "Application Basic", "", &[("file", &file)])
            + &guarding(
                "brief",
                "Application Basic",
                "<session-timeout>1 second</session-timeout>",
                &[("file", &file)],
            )
            + &guarding("tokens", "Application Token", "", &[("exec", &judge)])
            + &guarding("tickets", "Application Negotiate", "", &[("kerberos5", &keytab), ("gss", "")]);
        let quiet =
            "<accept-options><ws.inactivity.timeout>1 second</ws.inactivity.timeout></accept-options>";
        let services = [
            format!(
                "<service><name>page</name><accept>http://localhost:0/page</accept><type>directory</type><properties>\
                 <directory>{}</directory><welcome-file>index.html</welcome-file></properties></service>",
                folder.path("page").display()
            ),
            format!(
                "<service><name>tgg</name><accept>ws://localhost:0/kerberos5</accept><connect>tcp://{}</connect>\
                 <type>kerberos5.proxy</type></service>",
                realm.kdc_addr()
            ),
            echo("open", ""),
            echo("quiet", quiet),
            echo("password", &of("passwords", "staff")),
            echo("brief", &of("brief", "staff")),
            echo("token", &of("tokens", "*")),
            echo("ticket", &of("tickets", "*")),
        ];
        let all = format!("{}{more}<security>{realms}</security>", services.concat());
        Self { gateway: Gateway::run(&config(&all)), _folder: folder }
    }

    fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://localhost:{}{path}", self.gateway.at("page").port())
    }

    /// A browser with the page.
    fn visited(&self, start: Start) -> Option<Browser> {
        let browser = nobody(start)?;
        browser.open(&self.url("http", "/page/")).unwrap();
        Some(browser)
    }

    /// What comes of a talk with a service.
    fn talk(&self, browser: &Browser, service: &str, more: &Value) -> Value {
        talk(browser, &self.url("ws", &format!("/{service}")), more)
    }

    /// The ticket that the page asks for with this password of alice's.
    fn ticket(&self, password: &str) -> Value {
        json!({ "tgg": self.url("ws", "/kerberos5"), "principal": "alice@TGG.TEST", "password": password })
    }
}

/// What comes of a talk, as `page.js` tells it.
fn talk(browser: &Browser, url: &str, more: &Value) -> Value {
    let mut args = more.clone();
    args["url"] = url.into();
    let script = "const started = Date.now();
        while (window.talk === undefined) {
            if (Date.now() - started > 20000) throw new Error('the page does not load');
            await new Promise(resolve => setTimeout(resolve, 20));
        }
        return await window.talk(args);";
    let told = browser.run_async(script, &args.to_string().into()).unwrap();
    serde_json::from_str(told.as_str().expect("what happened")).unwrap()
}

#[track_caller]
fn assert_echoed(told: &Value, messages: &Value) {
    assert_eq!((&told["opened"], &told["received"]), (&json!(true), messages), "{told}");
    assert_eq!((&told["code"], &told["clean"]), (&json!(1000), &json!(true)), "{told}");
}

/// That the socket never was open, for this reason.
#[track_caller]
fn assert_failed(told: &Value, failure: &str, status: &Value) {
    assert_eq!(
        (&told["opened"], &told["failure"], &told["status"]),
        (&json!(false), &json!(failure), status),
        "{told}"
    );
    assert_eq!(told["clean"], false, "{told}");
}

fn a_password_opens_a_socket_for_text_and_octets(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let messages = json!([
        "hello",
        "grüß dich",
        "",
        [0, 1, 255],
        [],
        [1, 1, 1, 2],
        "\u{1}\u{1}\u{1}\u{2}\t\u{0}",
        "end"
    ]);
    for (name, password) in [("joe", "wel:come"), ("ann", "grüße")] {
        let answers = json!({ "passwords": [[name, password]] });
        let told = site.talk(&browser, "password", &json!({ "answers": answers, "messages": messages }));
        assert_echoed(&told, &messages);
        assert_eq!(told["asked"], json!([["Basic", "realm=\"Example Corp\"", 1]]));
        let said = ["received balancer", "sent request", "received response"];
        assert_eq!(told["said"], json!([&said[..], &said[1..], &said[..1]].concat()));
    }
}

fn a_wrong_password_is_asked_for_again_until_the_user_gives_up(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let answers = json!({ "passwords": [["joe", "bad"], ["eve", "wel:come"], ["joe", "wel:come"]] });
    let told = site.talk(&browser, "password", &json!({ "answers": answers, "messages": ["a"] }));
    assert_echoed(&told, &json!(["a"]));
    assert_eq!(told["asked"].as_array().unwrap().len(), 3);

    let answers = json!({ "passwords": [["joe", "bad"]] });
    let told = site.talk(&browser, "password", &json!({ "answers": answers }));
    assert_failed(&told, "unanswered", &json!(401));
    assert_eq!(told["asked"][1], json!(["Basic", "realm=\"Example Corp\"", 2]));
    assert_eq!(told["code"], 1006);

    let told = site.talk(&browser, "password", &json!({}));
    assert_failed(&told, "unanswered", &json!(401));
}

fn a_user_without_the_role_is_asked_again(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let answers = json!({ "passwords": [["bob", "b"], ["joe", "wel:come"]] });
    let told = site.talk(&browser, "password", &json!({ "answers": answers, "messages": ["a"] }));
    assert_echoed(&told, &json!(["a"]));
    assert_eq!(told["asked"].as_array().unwrap().len(), 2);
}

fn a_token_of_the_pages_own_opens_a_socket_and_a_bad_one_does_not(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let answers = json!({ "tokens": ["again", "good"] });
    let told = site.talk(&browser, "token", &json!({ "answers": answers, "messages": ["a"] }));
    assert_echoed(&told, &json!(["a"]));
    let asked = json!([["Token", null, 1], ["Token", "foo=\"bar\" baz=\"quxx\"", 2]]);
    assert_eq!(told["asked"], asked);

    let told = site.talk(&browser, "token", &json!({ "answers": { "tokens": ["bad"] } }));
    assert_failed(&told, "status", &json!(403));
    // Nobody has an answer to this scheme.
    let told = site.talk(&browser, "token", &json!({ "answers": { "passwords": [["joe", "wel:come"]] } }));
    assert_failed(&told, "unanswered", &json!(401));
}

fn a_ticket_that_the_page_gets_itself_opens_a_socket(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let answers = json!({ "ticket": site.ticket("alicepw") });
    let told = site.talk(&browser, "ticket", &json!({ "answers": answers, "messages": ["a", [1, 2]] }));
    assert_echoed(&told, &json!(["a", [1, 2]]));
    assert_eq!(told["asked"], json!([["Negotiate", null, 1]]));
    assert_eq!(admission(&site.gateway, "granted")["client"], "alice@TGG.TEST");
}

fn a_ticket_comes_of_an_exchange_that_nobody_can_guess_from(start: Start) {
    let realm = Realm::builder().spake("edwards25519").native().start().unwrap();
    let site = Site::before(&realm, "");
    let Some(browser) = site.visited(start) else { return };
    let answers = json!({ "ticket": site.ticket("alicepw") });
    let told = site.talk(&browser, "ticket", &json!({ "answers": answers, "messages": ["a"] }));
    assert_echoed(&told, &json!(["a"]));
    site.gateway.wait_for_record("service ticket", |record| record["kind"] == "tgs");
    let records = site.gateway.records();
    let logins = records.iter().filter(|record| record["kind"] == "as");
    let outcomes: Vec<_> = logins.map(|record| record["outcome"].as_str().unwrap()).collect();
    // The one in the middle comes with the challenge of SPAKE (RFC 9588, section 4.2), and with nothing else here.
    assert_eq!(outcomes, ["KDC_ERR_PREAUTH_REQUIRED", "KDC_ERR_MORE_PREAUTH_DATA_REQUIRED", "ticket"]);
}

fn a_wrong_password_for_the_ticket_is_told_as_such(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let told = site.talk(&browser, "ticket", &json!({ "answers": { "ticket": site.ticket("wrong") } }));
    assert_failed(&told, "handler", &json!(401));
    assert!(told["cause"].as_str().unwrap().to_lowercase().contains("password"), "{told}");
}

fn codes_and_reasons_of_both_sides_are_told(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let told = site.talk(&browser, "open", &json!({ "close": [3001, "grüße"] }));
    assert_eq!(
        (&told["code"], &told["reason"], &told["clean"]),
        (&json!(3001), &json!("grüße"), &json!(true))
    );
    let told = site.talk(&browser, "open", &json!({ "close": [] }));
    assert_eq!((&told["code"], &told["clean"]), (&json!(1005), &json!(true)));
    // The gateway ends the session.
    let answers = json!({ "passwords": [["joe", "wel:come"]] });
    let told = site.talk(&browser, "brief", &json!({ "answers": answers, "messages": ["a"], "close": null }));
    assert_echoed(&told, &json!(["a"]));
}

fn a_quiet_socket_stays_open_by_pings_that_the_page_answers(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let told = site.talk(&browser, "quiet", &json!({ "rest": 3500, "messages": ["a"] }));
    assert_echoed(&told, &json!(["a"]));
    let extensions = told["extensions"].as_str().unwrap();
    assert!(extensions.contains("x-kaazing-ping-pong; ") && extensions.contains("timeout=1000"), "{told}");
}

fn the_plain_form_and_the_balanced_one_carry_the_same(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    for is_balanced in [true, false] {
        let answers = json!({ "passwords": [["joe", "bad"], ["joe", "wel:come"]] });
        let options = json!({ "balanced": is_balanced });
        let told = site.talk(
            &browser,
            "password?room=1",
            &json!({ "answers": answers, "messages": ["a"], "options": options }),
        );
        assert_echoed(&told, &json!(["a"]));
        let balancing = told["said"].as_array().unwrap().contains(&json!("received balancer"));
        assert_eq!(balancing, is_balanced);
    }
}

fn sub_protocols_are_chosen_inside_by_whoever_is_behind(start: Start) {
    let backend = Backend::new(|head, mut stream| {
        let chosen = head.value("sec-websocket-protocol").rsplit(", ").next().unwrap().to_owned();
        stream.write_all(head.agree(&format!("Sec-WebSocket-Protocol: {chosen}\r\n")).as_bytes()).unwrap();
        backend::echo(stream, head.ahead);
    });
    let site = Site::with(&proxy("behind", &backend.url("ws"), &of("passwords", "staff")));
    let Some(browser) = site.visited(start) else { return };
    let answers = json!({ "passwords": [["joe", "wel:come"]] });
    let protocols = ["foo", "bar"];
    let told = site.talk(
        &browser,
        "behind?a=b",
        &json!({ "answers": answers, "protocols": protocols, "messages": ["a"] }),
    );
    assert_echoed(&told, &json!(["a"]));
    assert_eq!(told["protocol"], "bar");
    assert_eq!(backend.head().value("sec-websocket-protocol"), "foo, bar");
}

fn a_redirect_leads_to_another_service_unless_the_page_forbids_it(start: Start) {
    let elsewhere = Backend::answering("HTTP/1.1 302 Found\r\nLocation: /open\r\nContent-Length: 0\r\n\r\n");
    let site = Site::with(&proxy("moved", &elsewhere.url("ws"), ""));
    let Some(browser) = site.visited(start) else { return };
    for is_balanced in [true, false] {
        let options = json!({ "balanced": is_balanced, "redirectPolicy": "same-origin" });
        let told = site.talk(&browser, "moved", &json!({ "messages": ["a"], "options": options }));
        assert_echoed(&told, &json!(["a"]));
        let options = json!({ "balanced": is_balanced, "redirectPolicy": "never" });
        let told = site.talk(&browser, "moved", &json!({ "options": options }));
        assert_failed(&told, "redirect", &Value::Null);
    }
}

fn a_server_that_knows_no_handshake_has_an_ordinary_socket(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let backend = Backend::echo();
    let told = talk(
        &browser,
        &format!("{}/any?x=1", backend.url("ws")),
        &json!({ "messages": ["a", [1, 1, 1, 2]] }),
    );
    assert_echoed(&told, &json!(["a", [1, 1, 1, 2]]));
    assert_eq!((&told["protocol"], &told["said"]), (&json!(""), &json!([])));
    assert_eq!(backend.head().line(), "GET /any?x=1&.kl=Y HTTP/1.1");
    // Of a server that chooses none of the sub-protocols, Firefox takes the socket all the same.
    if is_chromium(&browser) {
        let second = backend.head();
        assert_eq!(second.line(), "GET /any?x=1 HTTP/1.1");
        assert!(second.values("sec-websocket-protocol").is_empty());
    }
}

fn nobody_there_is_told_as_such(start: Start) {
    let site = Site::new();
    let Some(browser) = site.visited(start) else { return };
    let told = site.talk(&browser, "nowhere", &json!({}));
    assert_failed(&told, "unreachable", &Value::Null);
    assert_eq!(told["code"], 1006);
}
