//! Who may use a service whose operator invited whom: as KAAZING Gateway has it, and as browsers need it.

use Visitors::{Known, Strangers};

use super::*;
use crate::body;

const APP: &str = "https://app.test";

/// A request to `gw.test:8443` with these fields.
fn request(method: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri("/x").header("host", "gw.test:8443");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn judge(pages: &Pages, method: &str, fields: &[(&str, &str)]) -> Judgement {
    let authorities = ["accept.test".to_owned()];
    pages.judge(&request(method, fields), &Own { scheme: "https", authorities: &authorities })
}

fn serves(pages: &Pages, method: &str, fields: &[(&str, &str)]) -> bool {
    match judge(pages, method, fields) {
        Judgement::Served(_) => true,
        Judgement::Refused => false,
        Judgement::Preflight(response) => panic!("a preflight: {response:?}"),
    }
}

fn constraint(origin: &str) -> CrossSite {
    CrossSite::new(origin, [], [], None).unwrap()
}

fn inviting(origin: &str, visitors: Visitors) -> Pages {
    Pages::constrained(vec![constraint(origin)], visitors)
}

/// All four kinds of services, with this origin invited.
fn all_inviting(origin: &str) -> Vec<Pages> {
    let listed = |visitors| Pages::listed([origin.to_owned()], visitors).unwrap();
    vec![inviting(origin, Known), inviting(origin, Strangers), listed(Known), listed(Strangers)]
}

/// All four kinds of services, with no origin invited.
fn all_closed() -> Vec<Pages> {
    let listed = |visitors| Pages::listed([], visitors).unwrap();
    vec![
        Pages::constrained(vec![], Known),
        Pages::constrained(vec![], Strangers),
        listed(Known),
        listed(Strangers),
    ]
}

/// The fields of a response that was marked.
fn marked(judgement: Judgement) -> HeaderMap {
    let mut response = Response::new(body::whole(bytes::Bytes::new()));
    let Judgement::Served(marks) = judgement else { panic!("{judgement:?} is not served") };
    marks.add_to(&mut response);
    response.into_parts().0.headers
}

#[test]
fn who_is_no_page_is_served() {
    for pages in all_closed() {
        assert!(serves(&pages, "GET", &[]) && serves(&pages, "DELETE", &[]), "{pages:?}");
    }
}

#[test]
fn the_services_own_pages_are_served_with_any_method() {
    for pages in all_closed() {
        for origin in ["https://gw.test:8443", "https://GW.test:8443", "https://accept.test"] {
            assert!(serves(&pages, "DELETE", &[("origin", origin)]), "{pages:?} {origin}");
        }
    }
}

#[test]
fn strangers_pages_are_refused() {
    for pages in all_closed() {
        for origin in
            ["http://gw.test:8443", "https://gw.test", "https://evil.test", "null", "", "file://", "https://"]
        {
            assert!(!serves(&pages, "GET", &[("origin", origin)]), "{pages:?} {origin}");
        }
    }
}

#[test]
fn invited_pages_are_served_however_their_origin_is_written() {
    for pages in all_inviting("https://App.test/") {
        for origin in [APP, "https://APP.test", "https://app.test:443"] {
            assert!(serves(&pages, "POST", &[("origin", origin)]), "{pages:?} {origin}");
        }
        for origin in ["https://app.test:444", "http://app.test", "https://app.test.evil.test"] {
            assert!(!serves(&pages, "POST", &[("origin", origin)]), "{pages:?} {origin}");
        }
    }
}

#[test]
fn several_origins_or_one_that_is_no_text_are_refused() {
    for pages in all_inviting("*") {
        assert!(!serves(&pages, "GET", &[("origin", APP), ("origin", APP)]), "{pages:?}");
        assert!(!serves(&pages, "GET", &[("origin", "https://\u{e9}.test")]), "{pages:?}");
    }
}

#[test]
fn a_star_invites_all_but_a_sandbox_with_anothers_ticket() {
    for pages in all_inviting("*") {
        for origin in ["https://any.test", "file://", "capacitor://localhost"] {
            assert!(serves(&pages, "GET", &[("origin", origin)]), "{pages:?} {origin}");
        }
        let is_open = pages.visitors == Strangers;
        assert_eq!(serves(&pages, "GET", &[("origin", "null")]), is_open, "{pages:?}");
    }
}

#[test]
fn null_is_invited_where_it_is_written() {
    assert!(serves(&inviting("null", Known), "GET", &[("origin", "null")]));
    assert!(Pages::listed(["null".to_owned()], Known).is_err());
}

#[test]
fn the_constraint_that_names_the_origin_comes_before_the_one_for_all() {
    let strict = CrossSite::new(APP, ["PUT"], [], None).unwrap();
    let pages = Pages::constrained(vec![constraint("*"), strict], Strangers);
    assert!(serves(&pages, "PUT", &[("origin", APP)]));
    assert!(!serves(&pages, "GET", &[("origin", APP)]));
}

#[test]
fn privileged_clients_are_served_where_that_is_written() {
    let privileged = [("origin", "privileged://gw.test:8443")];
    for pages in all_closed() {
        assert!(!serves(&pages, "GET", &privileged), "{pages:?}");
    }
    for pages in all_inviting("privileged://*") {
        assert!(serves(&pages, "GET", &privileged), "{pages:?}");
        assert!(!serves(&pages, "GET", &[("origin", APP)]), "{pages:?}");
    }
}

#[test]
fn a_method_is_allowed_by_its_whole_name() {
    let constraint =
        |methods: &[&'static str]| CrossSite::new(APP, methods.iter().copied(), [], None).unwrap();
    for (methods, method, allowed) in [
        (&[][..], "GET", true),
        (&[], "HEAD", true),
        (&[], "POST", true),
        (&[], "DELETE", false),
        (&[], "get", false),
        (&["PROPPATCH"], "PATCH", false),
        (&["POST"], "GET", false),
        (&["POST"], "HEAD", false),
        (&["put"], "PUT", true),
    ] {
        let pages = Pages::constrained(vec![constraint(methods)], Strangers);
        assert_eq!(serves(&pages, method, &[("origin", APP)]), allowed, "{methods:?} {method}");
    }
}

#[test]
fn an_upgrade_is_a_get() {
    let fields = [("origin", APP), ("upgrade", "websocket"), ("connection", "upgrade")];
    let pages = |method| Pages::constrained(vec![CrossSite::new(APP, [method], [], None).unwrap()], Known);
    assert!(serves(&pages("GET"), "GET", &fields));
    assert!(!serves(&pages("POST"), "GET", &fields));
}

#[test]
fn what_a_browser_calls_foreign_is_refused_where_visitors_are_known() {
    let foreign = ("sec-fetch-site", "cross-site");
    for pages in all_inviting(APP) {
        let is_open = pages.visitors == Strangers;
        // A picture, a form: no origin is named.
        assert_eq!(serves(&pages, "GET", &[foreign]), is_open, "{pages:?}");
        // Another host of the same service.
        let other = [foreign, ("origin", "https://accept.test")];
        assert_eq!(serves(&pages, "GET", &other), is_open, "{pages:?}");
        assert!(serves(&pages, "GET", &[foreign, ("origin", APP)]), "{pages:?}");
        for site in ["same-site", "same-origin", "none"] {
            assert!(serves(&pages, "GET", &[("sec-fetch-site", site)]), "{pages:?} {site}");
        }
    }
}

#[test]
fn a_link_from_another_site_may_be_followed_and_no_more() {
    let link =
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let pages = Pages::constrained(vec![], Known);
    assert!(serves(&pages, "GET", &link));
    assert!(!serves(&pages, "POST", &link), "a form");
    assert!(!serves(&pages, "GET", &[&link[..], &[("upgrade", "websocket")]].concat()), "a socket");
    assert!(!serves(&pages, "GET", &[&link[..2], &[("sec-fetch-dest", "iframe")]].concat()), "a frame");
    assert!(!serves(&pages, "GET", &[link[0], ("sec-fetch-mode", "no-cors"), link[2]]), "a script");
}

const ASKS: [(&str, &str); 2] = [("origin", APP), ("access-control-request-method", "PUT")];

#[test]
fn an_invited_page_that_asks_is_told_what_it_may_send() {
    let rules = CrossSite::new(APP, ["GET", "PUT"], ["content-type", "X-Token"], Some(600)).unwrap();
    let judgement = judge(&Pages::constrained(vec![rules], Known), "OPTIONS", &ASKS);
    let Judgement::Preflight(response) = judgement else { panic!("{judgement:?}") };
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("access-control-allow-origin", APP),
        ("access-control-allow-methods", "GET, PUT"),
        ("access-control-allow-headers", "content-type, x-token"),
        ("access-control-allow-credentials", "true"),
        ("access-control-max-age", "600"),
        ("max-age", "600"),
        ("vary", "origin"),
    ] {
        assert_eq!(response.headers()[name], value, "{name}");
    }
}

#[test]
fn a_page_that_asks_is_told_no_more_than_is_configured() {
    let judgement = judge(&inviting(APP, Known), "OPTIONS", &ASKS);
    let Judgement::Preflight(response) = judgement else { panic!("{judgement:?}") };
    assert_eq!(response.headers()["access-control-allow-methods"], "GET, POST");
    for name in ["access-control-allow-headers", "access-control-max-age", "max-age"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
}

#[test]
fn a_strangers_page_that_asks_is_told_nothing() {
    for pages in all_closed().into_iter().chain([inviting("https://other.test", Known)]) {
        assert!(!serves(&pages, "OPTIONS", &ASKS), "{pages:?}");
    }
}

#[test]
fn options_that_ask_for_no_method_are_a_request_like_others() {
    let pages = Pages::constrained(vec![CrossSite::new(APP, ["OPTIONS"], [], None).unwrap()], Known);
    assert!(serves(&pages, "OPTIONS", &[("origin", APP)]));
    assert!(!serves(&inviting(APP, Known), "OPTIONS", &[("origin", APP)]));
}

#[test]
fn a_service_of_flags_answers_pages_that_ask_itself() {
    for visitors in [Known, Strangers] {
        let pages = Pages::listed([APP.to_owned()], visitors).unwrap();
        assert!(serves(&pages, "OPTIONS", &ASKS), "{pages:?}");
    }
}

#[test]
fn a_response_names_the_page_that_may_read_it() {
    let headers = marked(judge(&inviting("*", Strangers), "GET", &[("origin", "https://App.test:443")]));
    for (name, value) in [
        ("access-control-allow-origin", "https://App.test:443"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-ms-request-id"),
        ("vary", "origin"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
}

#[test]
fn caches_learn_that_other_pages_get_another_response() {
    for fields in [&[][..], &[("origin", "https://gw.test:8443")]] {
        let headers = marked(judge(&inviting(APP, Strangers), "GET", fields));
        assert_eq!(headers.iter().count(), 1, "{headers:?}");
        assert_eq!(headers["vary"], "origin");
    }
    let closed = Pages::constrained(vec![], Strangers);
    assert!(marked(judge(&closed, "GET", &[])).is_empty());
}

#[test]
fn what_a_back_end_says_of_pages_is_replaced_and_the_rest_kept() {
    let mut response = Response::new(body::whole(bytes::Bytes::new()));
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "x-count"),
        ("vary", "accept-encoding"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let Judgement::Served(marks) = judge(&inviting(APP, Known), "GET", &[("origin", APP)]) else { panic!() };
    marks.add_to(&mut response);
    let headers = response.headers();
    let all =
        |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(all("access-control-allow-origin"), [APP]);
    assert_eq!(all("access-control-expose-headers"), ["x-count"]);
    assert_eq!(all("vary"), ["accept-encoding", "origin"]);
}

#[test]
fn flags_let_pages_read_what_a_relay_answers_and_leave_a_back_end_its_word() {
    let listed = |visitors| Pages::listed([APP.to_owned()], visitors).unwrap();
    let relay = marked(judge(&listed(Strangers), "POST", &[("origin", APP)]));
    assert_eq!(relay["access-control-allow-origin"], APP);
    assert!(!relay.contains_key("access-control-allow-credentials"));
    assert!(marked(judge(&listed(Known), "POST", &[("origin", APP)])).is_empty());
}

#[test]
fn what_no_request_can_have_is_refused_when_it_is_configured() {
    let method = CrossSite::new(APP, ["GET POST"], [], None).unwrap_err();
    assert_eq!(method, CrossSiteError::Method { method: "GET POST".into() });
    let header = CrossSite::new(APP, [], ["a b"], None).unwrap_err();
    assert_eq!(header, CrossSiteError::Header { header: "a b".into() });
    let origin = CrossSite::new("app.test", [], [], None).unwrap_err();
    assert_eq!(origin, CrossSiteError::Origin { origin: "app.test".into(), source: OriginError });
}
