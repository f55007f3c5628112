//! What operators are answered, and what others are not.

use http::{StatusCode, request::Builder};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    answer::Goodbye,
    health::{
        Board, Kind,
        tests::{Fixed, server},
    },
    realm::{Admission, Asks, Case, Gate, visitor::Visitor},
    sessions::tests::entry,
};

struct World {
    management: Management,
    board: Arc<Board>,
    draining: CancellationToken,
}

impl World {
    fn new() -> Self {
        let (sessions, board) = (Arc::<Sessions>::default(), Arc::<Board>::default());
        let metrics = Metrics::new(&sessions, &board);
        let draining = CancellationToken::new();
        let readiness = Arc::new(Readiness::new(Arc::clone(&board), draining.clone()));
        readiness.bound();
        let configuration = Bytes::from_static(br#"{"services":[]}"#);
        let management =
            Management::new(Inside { metrics, sessions, readiness, keyrings: Arc::default(), configuration });
        Self { management, board, draining }
    }

    fn inside(&self) -> &Inside {
        &self.management.inside
    }

    fn ask(&self, request: Builder) -> Response<Body> {
        let request = request.body(()).unwrap();
        let below = request.uri().path().to_owned();
        let who = Operator::local("127.0.0.1:50000".parse().unwrap()).unwrap();
        self.management.answer(&request, &below, &who)
    }

    fn get(&self, uri: &str) -> Response<Body> {
        self.ask(Request::get(uri))
    }

    fn delete(&self, uri: &str) -> Response<Body> {
        self.ask(Request::delete(uri).header("x-ticketgate", "1"))
    }
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn value(response: Response<Body>) -> Value {
    serde_json::from_str(&text(response).await).unwrap()
}

#[tokio::test]
async fn health_is_told_while_the_process_serves_and_also_while_it_drains() {
    let world = World::new();
    assert_eq!(world.get("/health").status(), StatusCode::OK);
    world.draining.cancel();
    let response = world.get("/health");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(value(response).await["stage"], "draining");
}

#[tokio::test]
async fn readiness_ends_with_draining() {
    let world = World::new();
    assert_eq!(world.get("/ready").status(), StatusCode::OK);
    world.draining.cancel();
    assert_eq!(world.get("/ready").status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn readiness_names_the_realm_that_has_no_kdc() {
    let world = World::new();
    world.board.replace(vec![Arc::new(Fixed(vec![server(Kind::Kdc, "TGG.TEST", "kdc1", false)]))]);
    let response = world.get("/ready");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let told = value(response).await;
    assert_eq!(told["ready"], false);
    assert_eq!(told["without"], serde_json::json!([{ "kind": "kdc", "of": "TGG.TEST" }]));
}

#[tokio::test]
async fn metrics_are_of_the_type_that_prometheus_asks_for() {
    let world = World::new();
    world.inside().metrics.service("shop").answered(200);
    let response = world.get("/metrics");
    assert_eq!(response.headers()[header::CONTENT_TYPE], metrics::MEDIA_TYPE);
    assert!(text(response).await.ends_with("# EOF\n"));
}

#[tokio::test]
async fn sessions_are_told_with_who_and_until_when() {
    let world = World::new();
    let Inside { sessions, metrics, .. } = world.inside();
    let entry = entry(metrics, "shop", Some("alice@TGG.TEST"));
    let id = entry.id.to_string();
    let _guard = sessions.open(entry);
    let told = value(world.get("/sessions?text=ALICE")).await;
    let expected = serde_json::json!([{
        "id": id, "service": "shop", "principal": "alice@TGG.TEST", "roles": ["AUTHORIZED"],
        "peer": "192.0.2.7:50000", "via": "ws", "backend": null,
        "since": 1_700_000_000, "ends": 1_700_003_600, "received": 0, "sent": 0,
    }]);
    assert_eq!((&told["sessions"], &told["open"], &told["more"]), (&expected, &1.into(), &Value::Null));
}

#[tokio::test]
async fn the_next_page_begins_where_the_last_one_says() {
    let world = World::new();
    let Inside { sessions, metrics, .. } = world.inside();
    let _guards: Vec<_> = (0..3).map(|_| sessions.open(entry(metrics, "shop", None))).collect();
    let first = value(world.get("/sessions?limit=2")).await;
    let more = first["more"].as_str().unwrap();
    let second = value(world.get(&format!("/sessions?limit=2&before={more}"))).await;
    assert_eq!(
        (first["sessions"].as_array().unwrap().len(), second["sessions"].as_array().unwrap().len()),
        (2, 1)
    );
    assert_eq!(second["more"], Value::Null);
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_refused_with_what_can_stand_there() {
    let world = World::new();
    for (query, says) in [("limit=0", "1 to 1000"), ("before=1", "before="), ("user=alice", "principal=")] {
        let response = world.get(&format!("/sessions?{query}"));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
        assert!(text(response).await.contains(says), "{query}");
    }
}

#[tokio::test]
async fn a_name_that_is_as_long_as_a_message_is_told_in_part() {
    let world = World::new();
    let Inside { sessions, metrics, .. } = world.inside();
    let _guard = sessions.open(entry(metrics, "shop", Some(&"ä".repeat(60_000))));
    let told = value(world.get("/sessions")).await;
    assert_eq!(told["sessions"][0]["principal"], "ä".repeat(256));
}

#[tokio::test]
async fn closing_a_session_gives_its_notice() {
    let world = World::new();
    let Inside { sessions, metrics, .. } = world.inside();
    let entry = entry(metrics, "shop", None);
    let (id, notice) = (entry.id, entry.notice.clone());
    let _guard = sessions.open(entry);
    assert_eq!(value(world.delete(&format!("/sessions/{id}"))).await["closed"], 1);
    assert_eq!(notice.goodbye(), Goodbye::Closed);
}

#[tokio::test]
async fn a_session_that_is_not_open_is_not_found() {
    let world = World::new();
    for id in [RequestId::next().to_string(), "1".to_owned(), "%00".to_owned(), String::new()] {
        assert_eq!(world.delete(&format!("/sessions/{id}")).status(), StatusCode::NOT_FOUND, "{id}");
    }
}

#[tokio::test]
async fn all_sessions_of_a_principal_are_closed_and_nobody_elses() {
    let world = World::new();
    let Inside { sessions, metrics, .. } = world.inside();
    let entries = ["HTTP/a b@A", "bob@A"].map(|principal| entry(metrics, "shop", Some(principal)));
    let notices = entries.each_ref().map(|entry| entry.notice.clone());
    let _guards = entries.map(|entry| sessions.open(entry));
    assert_eq!(value(world.delete("/sessions?principal=HTTP%2Fa+b%40A")).await["closed"], 1);
    assert_eq!(notices.map(|notice| notice.goodbye() == Goodbye::Closed), [true, false]);
}

#[test]
fn an_order_to_close_everything_does_not_exist() {
    let world = World::new();
    for uri in ["/sessions", "/sessions?service=shop", "/sessions?principal=a&service=shop"] {
        assert_eq!(world.delete(uri).status(), StatusCode::BAD_REQUEST, "{uri}");
    }
}

#[test]
fn a_page_of_another_site_closes_nothing() {
    let world = World::new();
    let id = RequestId::next();
    let status = |headers: &[(&str, &str)]| {
        let request = Request::delete(format!("/sessions/{id}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        world.ask(request).status()
    };
    let mark = ("x-ticketgate", "1");
    for refused in
        [&[][..], &[mark, ("sec-fetch-site", "cross-site")], &[mark, ("sec-fetch-site", "same-site")]]
    {
        assert_eq!(status(refused), StatusCode::FORBIDDEN, "{refused:?}");
    }
    for heard in
        [&[mark][..], &[mark, ("sec-fetch-site", "same-origin")], &[mark, ("sec-fetch-site", "none")]]
    {
        assert_eq!(status(heard), StatusCode::NOT_FOUND, "{heard:?}");
    }
}

#[test]
fn a_method_that_a_path_does_not_take_is_refused_with_those_that_it_takes() {
    let world = World::new();
    for (request, allowed) in [
        (Request::post("/metrics"), "GET, HEAD"),
        (Request::get("/sessions/1"), "DELETE"),
        (Request::put("/sessions"), "GET, HEAD, DELETE"),
    ] {
        let response = world.ask(request);
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[header::ALLOW], allowed);
    }
}

#[test]
fn nothing_is_where_nothing_is() {
    let world = World::new();
    for path in ["/admin", "/page.css/", "//", "/sessions/", "/events/"] {
        assert_ne!(world.get(path).status(), StatusCode::OK, "{path}");
    }
}

#[test]
fn a_path_without_its_slash_leads_to_the_one_with_it_on_the_same_host() {
    let world = World::new();
    let request = Request::get("http://localhost//evil.test").body(()).unwrap();
    let who = Operator::local("[::1]:1".parse().unwrap()).unwrap();
    let response = world.management.answer(&request, "", &who);
    assert_eq!(response.headers()[header::LOCATION], "./evil.test/");
}

#[tokio::test]
async fn a_pass_for_nobody_in_particular_makes_an_operator_of_this_host_alone() {
    let world = World::new();
    let (head, ()) = Request::get("/").body(()).unwrap().into_parts();
    for (peer, may) in [("127.0.0.1:1", true), ("192.0.2.1:1", false)] {
        let peer = peer.parse().unwrap();
        let visitor = Visitor::new(peer, false, Vec::new());
        let metrics = world.inside().metrics.service("management");
        let id = RequestId::next();
        let case = Case {
            id,
            visitor: &visitor,
            service: "m",
            asks: Asks::Response,
            tickets_from: &[],
            metrics: &metrics,
        };
        let admission = Gate::Open.admit(case, &head).await;
        let Admission::Pass(pass) = admission else { panic!("{admission:?}") };
        assert_eq!(Operator::of(&pass, peer).is_some(), may, "{peer}");
    }
}

#[test]
fn nobody_from_elsewhere_is_an_operator_without_a_pass() {
    for peer in ["192.0.2.1:1", "[2001:db8::1]:1", "[::ffff:192.0.2.1]:1", "10.0.0.1:1"] {
        assert!(Operator::local(peer.parse().unwrap()).is_none(), "{peer}");
    }
    for peer in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert!(Operator::local(peer.parse().unwrap()).is_some(), "{peer}");
    }
}

#[test]
fn a_browser_of_this_host_that_another_name_led_here_is_shown_nothing() {
    let world = World::new();
    let status = |host| world.ask(Request::get("/sessions").header(header::HOST, host)).status();
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]", "[::1]:8080"] {
        assert_eq!(status(host), StatusCode::OK, "{host}");
    }
    for host in ["evil.test", "evil.test:8080", "localhost.evil.test", "192.0.2.1", "", "[2001:db8::1]:80"] {
        assert_eq!(status(host), StatusCode::FORBIDDEN, "{host}");
    }
}

#[test]
fn a_proxy_of_this_host_that_speaks_for_others_is_shown_nothing() {
    let world = World::new();
    for name in ["forwarded", "via", "x-forwarded-for", "X-Real-IP"] {
        let response = world.ask(Request::get("/sessions").header(name, "192.0.2.1"));
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn every_answer_keeps_to_itself() {
    let world = World::new();
    for path in ["/", "/page.js", "/sessions", "/metrics", "/nowhere", "/events"] {
        let response = world.get(path);
        let headers = response.headers();
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin", "{path}");
    }
}

#[test]
fn the_page_asks_nobody_else_for_anything_and_has_no_script_of_its_own() {
    for asset in ["/", "/page.css", "/page.js"] {
        let text = std::str::from_utf8(page::find(asset).unwrap().octets).unwrap();
        for word in ["//cdn", "https:", "url(", "innerHTML", "insertAdjacentHTML", " on", "style="] {
            let found = text.match_indices(word).map(|(at, _)| &text[at..text.len().min(at + 20)]);
            let found: Vec<_> = found.filter(|at| word != " on" || at.contains("=\"")).collect();
            assert!(found.is_empty(), "{asset}: {found:?}");
        }
    }
}

/// The next event: its name and its data.
async fn event(body: &mut Body) -> Option<(String, Value)> {
    let frame = body.frame().await?.unwrap().into_data().unwrap();
    let text = String::from_utf8(frame.to_vec()).unwrap();
    let (name, data) = text.strip_prefix("event: ")?.strip_suffix("\n\n")?.split_once("\ndata: ")?;
    Some((name.to_owned(), serde_json::from_str(data).unwrap()))
}

#[tokio::test]
async fn a_page_is_told_what_there_is_and_then_what_changes() {
    let world = World::new();
    let Inside { sessions, metrics, .. } = world.inside();
    let guard = sessions.open(entry(metrics, "shop", Some("alice@A")));
    let mut body = world.get("/events").into_body();
    let (name, told) = event(&mut body).await.unwrap();
    assert_eq!((&*name, &told["state"]["list"]["sessions"][0]["principal"]), ("state", &"alice@A".into()));

    guard.ended("idle");
    let _other = sessions.open(entry(metrics, "shop", Some("bob@A")));
    metrics.service("shop").refused("origin");
    let (name, told) = event(&mut body).await.unwrap();
    assert_eq!(name, "tick");
    assert_eq!(told["tick"]["closed"][0]["reason"], "idle");
    assert_eq!(told["tick"]["opened"][0]["principal"], "bob@A");
    assert_eq!((&told["open"], &told["totals"]["refusals"]["origin"]), (&1.into(), &1.into()));
}

#[tokio::test]
async fn health_is_told_again_when_it_changes() {
    let world = World::new();
    let mut body = world.get("/events").into_body();
    let _state = event(&mut body).await.unwrap();
    let (_, quiet) = event(&mut body).await.unwrap();
    assert_eq!(quiet["health"], Value::Null);
    world.board.replace(vec![Arc::new(Fixed(vec![server(Kind::Kdc, "TGG.TEST", "kdc1", false)]))]);
    let (_, told) = event(&mut body).await.unwrap();
    assert_eq!(told["health"][0]["up"], false);
}

#[tokio::test]
async fn a_page_that_missed_events_is_told_so() {
    let world = World::new();
    let Inside { sessions, metrics, .. } = world.inside();
    let mut body = world.get("/events").into_body();
    let _state = event(&mut body).await.unwrap();
    for _ in 0..5000 {
        drop(sessions.open(entry(metrics, "shop", None)));
    }
    let (_, told) = event(&mut body).await.unwrap();
    let told = &told["tick"];
    let count = told["opened"].as_array().unwrap().len() + told["closed"].as_array().unwrap().len();
    assert_eq!((count, told["lost"].as_u64().unwrap() + u64::try_from(count).unwrap()), (200, 10_000));
}

#[tokio::test]
async fn events_end_when_the_gateway_drains() {
    let world = World::new();
    let mut body = world.get("/events").into_body();
    let _state = event(&mut body).await.unwrap();
    world.draining.cancel();
    assert!(event(&mut body).await.is_none());
}

#[tokio::test]
async fn events_end_with_the_pass_of_their_operator() {
    let world = World::new();
    let request = Request::get("/events").body(()).unwrap();
    let now = crate::ambient::time_of_day().0;
    let answer = |ends| world.management.answer(&request, "/events", &Operator::until(ends)).into_body();
    assert!(event(&mut answer(now)).await.is_none());
    assert!(event(&mut answer(now + 60)).await.is_some());
}

#[test]
fn only_so_many_pages_listen_at_a_time() {
    let world = World::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let mut pages: Vec<_> = (0..MAX_STREAMS).map(|_| world.get("/events")).collect();
    assert!(pages.iter().all(|page| page.status() == StatusCode::OK));
    assert_eq!(world.get("/events").status(), StatusCode::SERVICE_UNAVAILABLE);
    pages.pop();
    assert_eq!(world.get("/events").status(), StatusCode::OK);
}
