//! What the gateway answers in each scheme, asked by curl over HTTP and HTTPS.

use peers::curl;
use testkdc::{Client, Output};

use super::{JOES, PAGE_401, PAGE_403, Site};
use crate::world::realm;

/// Status, challenge and body.
fn read(output: &Output) -> (u16, String, String) {
    let (head, body) = output.stdout.rsplit_once("\r\n\r\n").unwrap_or_else(|| panic!("{output:?}"));
    // The last head: curl shows those before it too.
    let head = head.rsplit_once("\r\n\r\n").map_or(head, |(_, last)| last);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let field = head.lines().find_map(|line| line.strip_prefix("www-authenticate: "));
    (status, field.unwrap_or_default().to_owned(), body.to_owned())
}

fn nobody() -> Client {
    realm().client().unwrap()
}

fn alice() -> Client {
    let client = realm().client().unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    client
}

/// What curl gets for a page and for a socket with these arguments: statuses and challenges.
fn both(client: &Client, site: &Site, more: &[&str]) -> [(u16, String); 2] {
    let page = read(&curl::ask(client, &site.page("/app/page"), more).unwrap());
    let socket = read(&curl::ask_for_socket(client, &site.page("/app/echo"), more).unwrap());
    [page, socket].map(|(status, challenge, _)| (status, challenge))
}

/// The statuses alone.
fn statuses(client: &Client, site: &Site, more: &[&str]) -> [u16; 2] {
    both(client, site, more).map(|(status, _)| status)
}

const BASIC: &str = "Basic realm=\"Example Corp\"";

#[test]
fn who_presents_nothing_is_challenged_and_on_an_upgrade_never_by_a_scheme_for_scripts() {
    for (scheme, page, upgrade) in [
        ("Basic", (401, BASIC, PAGE_401), (401, BASIC, PAGE_401)),
        ("Negotiate", (401, "Negotiate", PAGE_401), (401, "Negotiate", PAGE_401)),
        ("Application Basic", (401, BASIC, PAGE_401), (403, "", PAGE_403)),
        ("Application Negotiate", (401, "Negotiate", PAGE_401), (403, "", PAGE_403)),
        ("Application Token", (401, "Token", PAGE_401), (403, "", PAGE_403)),
        ("", (503, "", ""), (503, "", "")),
    ] {
        for site in [Site::new(scheme, ""), Site::tls(scheme, "")] {
            let told = curl::ask(&nobody(), &site.page("/app/page"), &[]).unwrap();
            let (status, challenge, body) = read(&told);
            assert_eq!((status, challenge.as_str(), body.as_str()), page, "{scheme}");
            assert!(told.stdout.contains("\r\ncache-control: no-store\r\n"), "{told:?}");
            let told = curl::ask_for_socket(&nobody(), &site.page("/app/echo"), &[]).unwrap();
            let (status, challenge, body) = read(&told);
            assert_eq!((status, challenge.as_str(), body.as_str()), upgrade, "{scheme}");
        }
    }
}

#[test]
fn curl_presents_a_password_with_its_first_request() {
    for (scheme, wrong) in [("Basic", [401, 401]), ("Application Basic", [401, 403])] {
        let site = Site::new(scheme, "");
        assert_eq!(statuses(&nobody(), &site, &["--user", "joe:welcome"]), [200, 101], "{scheme}");
        assert_eq!(site.admissions(2), ["granted", "granted"], "{scheme}");
        for (user, outcome) in [("joe:wrong", "wrong_password"), ("ann:welcome", "role_missing")] {
            assert_eq!(statuses(&nobody(), &site, &["--user", user]), wrong, "{scheme} {user}");
            assert_eq!(site.admissions(2), [outcome, outcome], "{scheme} {user}");
        }
    }
}

#[test]
fn curl_that_waits_for_a_challenge_opens_no_socket_of_a_scheme_for_scripts() {
    let patient = ["--anyauth", "--user", "joe:welcome"];
    assert_eq!(statuses(&nobody(), &Site::new("Basic", ""), &patient), [200, 101]);
    assert_eq!(statuses(&nobody(), &Site::new("Application Basic", ""), &patient), [200, 403]);
}

#[test]
fn curl_presents_a_ticket_with_its_first_request() {
    let alice = alice();
    for scheme in ["Negotiate", "Application Negotiate"] {
        let site = Site::new(scheme, "");
        assert_eq!(statuses(&alice, &site, &curl::NEGOTIATE), [200, 101], "{scheme}");
        assert_eq!(site.admissions(2), ["granted", "granted"], "{scheme}");
    }
    let without = |scheme| statuses(&nobody(), &Site::new(scheme, ""), &curl::NEGOTIATE);
    assert_eq!((without("Negotiate"), without("Application Negotiate")), ([401, 401], [401, 403]));
}

#[test]
fn credentials_of_another_scheme_are_as_if_nothing_were_presented() {
    let password = ["--user", "joe:welcome"];
    for (scheme, expected) in [
        ("Negotiate", [(401, "Negotiate"), (401, "Negotiate")]),
        ("Application Negotiate", [(401, "Negotiate"), (403, "")]),
        ("Application Token", [(401, "Token"), (403, "")]),
    ] {
        let told = both(&nobody(), &Site::new(scheme, ""), &password);
        assert_eq!(told.each_ref().map(|(status, challenge)| (*status, challenge.as_str())), expected);
    }
    assert_eq!(statuses(&alice(), &Site::new("Basic", ""), &curl::NEGOTIATE), [401, 401]);
}

#[test]
fn a_token_is_good_or_denied_or_another_is_asked_for() {
    let site = Site::new("Application Token", "<http-query-parameter>token</http-query-parameter>");
    let denied = || (403, String::new());
    let with = |token: &str| both(&nobody(), &site, &["--header", &format!("Authorization: Token {token}")]);
    assert_eq!(with("bad"), [denied(), denied()]);
    // A module may ask for another.
    assert_eq!(with("again"), [(401, "Token foo=\"bar\" baz=\"quxx\"".to_owned()), denied()]);
    assert_eq!(with("good").map(|(status, _)| status), [200, 101]);
    for (token, expected) in [("bad", (403, 403)), ("good", (200, 101))] {
        let url = |path: &str| site.page(&format!("{path}?token={token}"));
        let page = read(&curl::ask(&nobody(), &url("/app/page"), &[]).unwrap());
        let socket = read(&curl::ask_for_socket(&nobody(), &url("/app/echo"), &[]).unwrap());
        assert_eq!((page.0, socket.0), expected);
    }
}

#[test]
fn what_stands_in_a_declared_place_opens_sockets_of_all_schemes_for_passwords() {
    let words = "<http-header>X-Login</http-header><http-query-parameter>token</http-query-parameter>\
                 <http-cookie>sso</http-cookie>";
    let (field, cookie) = (format!("X-Login: {JOES}"), format!("sso={JOES}"));
    for scheme in ["Basic", "Application Basic"] {
        let site = Site::new(scheme, words);
        for more in [["--header", field.as_str()], ["--cookie", cookie.as_str()]] {
            assert_eq!(statuses(&nobody(), &site, &more), [200, 101], "{scheme} {more:?}");
        }
        let url = site.page(&format!("/app/echo?token={JOES}"));
        assert_eq!(read(&curl::ask_for_socket(&nobody(), &url, &[]).unwrap()).0, 101, "{scheme}");
    }
}
