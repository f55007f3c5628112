//! How long a login lasts: what ends a socket and with which octets, and what a session cookie spares and for how long.

use std::{io::Read as _, time::Duration};

use super::{UPGRADE, ask, config, exchange, realms, service, status};
use crate::{
    backend::Head,
    ticket::authorization,
    world::{Gateway, timed},
    ws_client::plain,
};

/// An echo for users of a realm of tickets with these words in it.
fn echo(words: &str) -> Gateway {
    let realm = realms::kerberos("").replace("<login-modules>", &format!("{words}<login-modules>"));
    let inside = format!("<realm-name>kerberos</realm-name>{}", realms::roles(&["*"]));
    Gateway::run(&config(&format!("{}<security>{realm}</security>", service("echo", "ws", &inside))))
}

/// What a socket is closed with, and after which time.
fn closed(words: &str) -> (Vec<u8>, Duration) {
    let gateway = echo(words);
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &(authorization() + UPGRADE));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    let mut octets = answer.ahead;
    let (took, _) = timed(|| {
        let mut some = [0; 64];
        while octets.len() < 2 || octets.len() < 2 + usize::from(octets[1]) {
            let count = stream.read(&mut some).unwrap();
            assert_ne!(count, 0, "closed without a word");
            octets.extend_from_slice(&some[..count]);
        }
    });
    (octets, took)
}

#[test]
fn a_session_that_is_over_is_closed_with_1000_and_no_word() {
    let (octets, took) = closed("<session-timeout>2 s</session-timeout>");
    assert_eq!(octets, [0x88, 0x02, 0x03, 0xE8]);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_user_who_has_to_log_in_again_is_told_so() {
    let (octets, _) = closed("<authorization-timeout>2 s</authorization-timeout>");
    assert_eq!(octets[2..4], 3000_u16.to_be_bytes());
    assert_eq!(&octets[4..], b"authorization expired");
}

#[test]
fn of_two_times_the_shorter_ends_a_socket() {
    let times = "<authorization-timeout>1 hour</authorization-timeout><session-timeout>2 s</session-timeout>";
    assert_eq!(closed(times).0, [0x88, 0x02, 0x03, 0xE8]);
}

#[test]
fn what_a_client_sends_does_not_make_a_session_longer() {
    let gateway = echo("<session-timeout>2 s</session-timeout>");
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &(authorization() + UPGRADE));
    assert_eq!(status(&answer), 101);
    let mut socket = tokio_tungstenite::tungstenite::WebSocket::from_raw_socket(
        stream,
        tokio_tungstenite::tungstenite::protocol::Role::Client,
        None,
    );
    let (took, ()) = timed(|| {
        loop {
            use tokio_tungstenite::tungstenite::Message;
            if socket.send(Message::text("x")).is_err() {
                break;
            }
            match socket.read() {
                Ok(Message::Text(_)) => std::thread::sleep(Duration::from_millis(20)),
                _ => break,
            }
        }
    });
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// The services `one` and `two` of one realm with these words.
fn two(words: &str) -> Gateway {
    let realm = realms::kerberos("").replace("<login-modules>", &format!("{words}<login-modules>"));
    let service = |name: &str, role: &str| {
        format!(
            "<service><name>{name}</name><accept>http://127.0.0.1:0/{name}</accept><type>http.redirect</type>\
             <properties><location>/</location></properties><realm-name>kerberos</realm-name>{}</service>",
            realms::roles(&[role])
        )
    };
    let services = service("one", "alice@TGG.TEST") + &service("two", "alice@TGG.TEST");
    Gateway::run(&config(&format!("{services}<security>{realm}</security>")))
}

fn get(gateway: &Gateway, name: &str, lines: &str) -> Head {
    exchange(&mut plain(gateway.at(name)), &format!("GET /{name}"), lines)
}

/// The field with which a browser sends back the session that an answer sets.
fn session(answer: &Head) -> Option<String> {
    let cookie = answer.values("set-cookie").into_iter().find(|cookie| cookie.starts_with("__Host-"))?;
    let pair = cookie.split(';').next()?;
    Some(format!("Cookie: {pair}\r\n"))
}

#[test]
fn recycled_credentials_are_good_for_all_services_of_the_realm() {
    let gateway = two("<authorization-mode>recycle</authorization-mode>");
    let answer = get(&gateway, "one", &authorization());
    let cookie = session(&answer).expect("a session");
    assert_eq!(status(&answer), 302);
    assert_eq!(status(&get(&gateway, "one", &cookie)), 302);
    assert_eq!(status(&get(&gateway, "two", &cookie)), 302);
    assert_eq!(status(&get(&gateway, "two", "")), 401);
}

#[test]
fn where_credentials_are_asked_for_each_time_no_cookie_is_set() {
    let gateway = two("");
    assert_eq!(session(&get(&gateway, "one", &authorization())), None);
}

#[test]
fn a_session_that_idles_has_to_log_in_again_and_one_that_is_used_goes_on() {
    let gateway = two(
        "<authorization-mode>recycle</authorization-mode><authorization-timeout>3 s</authorization-timeout>",
    );
    let first = session(&get(&gateway, "one", &authorization())).unwrap();
    let mut current = first.clone();
    for _ in 0..5 {
        std::thread::sleep(Duration::from_secs(1));
        let answer = get(&gateway, "one", &current);
        assert_eq!(status(&answer), 302);
        current = session(&answer).unwrap_or(current);
    }
    assert_eq!(status(&get(&gateway, "one", &first)), 401, "the first cookie was not used for so long");
}

#[test]
fn a_session_ends_after_its_time_however_it_is_used() {
    let gateway =
        two("<authorization-mode>recycle</authorization-mode><session-timeout>2 s</session-timeout>");
    let cookie = session(&get(&gateway, "one", &authorization())).unwrap();
    assert_eq!(status(&get(&gateway, "one", &cookie)), 302);
    let ended = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        status(&get(&gateway, "one", &cookie)) == 401
    });
    assert!(ended);
}

#[test]
fn logging_out_ends_all_sessions_of_the_user_and_no_others() {
    let gateway = two("<authorization-mode>recycle</authorization-mode>");
    let (here, there) = (
        session(&get(&gateway, "one", &authorization())).unwrap(),
        session(&get(&gateway, "two", &authorization())).unwrap(),
    );
    let log_out = |request: &str, lines: &str| exchange(&mut plain(gateway.at("one")), request, lines);
    assert_eq!(status(&log_out("GET /one/;api/logout", &here)), 405);
    assert_eq!(status(&log_out("POST /one/;api/logout", "")), 403);
    let foreign = format!("{here}Origin: https://evil.example\r\n");
    assert_eq!(status(&log_out("POST /one/;api/logout", &foreign)), 403, "a page of another site");
    assert_eq!(status(&get(&gateway, "one", &here)), 302, "nothing has happened yet");
    let answer = log_out("POST /one/;api/logout", &here);
    assert_eq!(status(&answer), 204);
    assert!(answer.value("set-cookie").contains("Max-Age=0"), "{}", answer.text);
    assert_eq!(status(&get(&gateway, "one", &here)), 401);
    assert_eq!(status(&get(&gateway, "two", &there)), 401, "logged out everywhere");
    let again = session(&get(&gateway, "one", &authorization())).unwrap();
    assert_eq!(status(&get(&gateway, "two", &again)), 302, "whoever logs in again is in");
}

#[test]
fn a_user_who_logs_in_again_in_time_keeps_its_sockets_but_not_beyond_the_session() {
    let times = "<authorization-timeout>3 s</authorization-timeout><session-timeout>8 s</session-timeout>";
    let gateway = echo(times);
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &(authorization() + UPGRADE));
    assert_eq!(status(&answer), 101);
    let (took, frame) = timed(|| {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(1500));
            let told = ask(&gateway, "POST /in/;api/session", &authorization());
            assert_eq!(status(&told), 200);
            let told: serde_json::Value = serde_json::from_slice(&told.ahead).unwrap();
            assert_eq!(
                (&told["principal"], &told["sockets"]),
                (&"alice@TGG.TEST".into(), &1.into()),
                "{told}"
            );
        }
        let mut frame = [0; 4];
        stream.read_exact(&mut frame).unwrap();
        frame
    });
    assert!(took > Duration::from_secs(5), "{took:?}");
    let code = u16::from_be_bytes([frame[2], frame[3]]);
    assert!(code == 3000 || code == 1000, "{frame:?}");
}

#[test]
fn a_page_is_told_who_its_user_is_and_until_when() {
    let gateway = echo("<authorization-timeout>1 hour</authorization-timeout>");
    assert_eq!(status(&ask(&gateway, "GET /in/;api/session", "")), 401);
    let answer = ask(&gateway, "GET /in/;api/session", &authorization());
    assert_eq!(answer.value("cache-control"), "no-store");
    let told: serde_json::Value = serde_json::from_slice(&answer.ahead).unwrap();
    assert_eq!((&told["realm"], &told["roles"]), (&"kerberos".into(), &serde_json::json!([])), "{told}");
    assert!(told["authorizationEnds"].as_i64().unwrap() < told["ends"].as_i64().unwrap(), "{told}");
    assert_eq!(status(&ask(&gateway, "DELETE /in/;api/session", &authorization())), 405);
}

#[test]
fn logging_out_closes_the_users_sockets() {
    let gateway = echo("<authorization-mode>recycle</authorization-mode>");
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &(authorization() + UPGRADE));
    let cookie = session(&answer).expect("a session with the 101");
    assert_eq!(status(&answer), 101);
    assert_eq!(status(&ask(&gateway, "POST /in/;api/logout", &cookie)), 204);
    let mut frame = [0; 2];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame[0], 0x88, "a close frame");
}

#[test]
fn an_operator_who_closes_a_users_sessions_ends_its_cookies_too() {
    let realm = realms::kerberos("")
        .replace("<login-modules>", "<authorization-mode>recycle</authorization-mode><login-modules>");
    let inside = "<properties><location>/</location></properties><realm-name>kerberos</realm-name>";
    let management = "<service><name>management</name><accept>http://localhost:0/</accept>\
                      <type>management</type></service>";
    let services = service("http.redirect", "http", inside) + management;
    let gateway = Gateway::run(&config(&format!("{services}<security>{realm}</security>")));
    let cookie = session(&ask(&gateway, "GET /in", &authorization())).unwrap();
    assert_eq!(status(&ask(&gateway, "GET /in", &cookie)), 302);
    let address = gateway.at("management");
    let order = format!("Host: localhost:{}\r\nX-Ticketgate: 1\r\n", address.port());
    let closed = exchange(&mut plain(address), "DELETE /sessions?principal=alice@TGG.TEST", &order);
    assert_eq!(status(&closed), 200, "{}", closed.text);
    assert_eq!(status(&ask(&gateway, "GET /in", &cookie)), 401);
}
