//! Logins that fail too often: who has to wait, who does not, and that it holds for requests and sockets alike.

use std::net::{IpAddr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use super::{
    Folder, UPGRADE, config, exchange,
    realms::roles,
    status,
    users::{basic, role, user, users},
};
use crate::{backend::Head, door::admission, world::Gateway};

/// Two services of one realm, for requests and for sockets, where three logins may fail.
fn limited(folder: &Folder, words: &str) -> Gateway {
    let service = |name: &str, scheme: &str, kind: &str, properties: &str| {
        format!(
            "<service><name>{name}</name><accept>{scheme}://127.0.0.1:0/in</accept><type>{kind}</type>{properties}\
             <realm-name>demo</realm-name>{}</service>",
            roles(&["staff"])
        )
    };
    let services = service("one", "http", "http.redirect", "<properties><location>/</location></properties>")
        + &service("two", "ws", "echo", "");
    let realm = format!(
        "<realm><name>demo</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>{words}\
         <login-modules><login-module><type>file</type><success>required</success><options>\
         <file>{}</file></options></login-module></login-modules></authentication></realm>",
        folder.path("jaas-config.xml").display()
    );
    Gateway::run(&config(&format!("{services}<security>{realm}</security>")))
}

const THREE: &str = "<failed-logins>3</failed-logins>";

fn folder() -> Folder {
    let known = [user("joe", "welcome", &["staff"]), user("ann", "welcome", &["staff"]), role("staff", &[])];
    Folder::new().with("jaas-config.xml", users(&known.concat()))
}

/// Asks from this address of the host's own.
pub(super) fn from(peer: [u8; 4], to: SocketAddr, lines: &str) -> Head {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(IpAddr::from(peer), 0).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    exchange(&mut stream, "GET /in", lines)
}

fn login(gateway: &Gateway, peer: u8, name: &str, password: &str) -> u16 {
    status(&from([127, 0, 0, peer], gateway.at("one"), &basic(name, password)))
}

#[test]
fn who_fails_too_often_waits_and_is_told_how_long() {
    let folder = folder();
    let gateway = limited(&folder, THREE);
    for _ in 0..3 {
        assert_eq!(login(&gateway, 2, "joe", "wrong"), 401);
    }
    let answer = from([127, 0, 0, 2], gateway.at("one"), &basic("joe", "welcome"));
    assert_eq!((status(&answer), answer.values("www-authenticate").len()), (429, 0), "{}", answer.text);
    let seconds: u32 = answer.value("retry-after").parse().unwrap();
    assert!((1..=100).contains(&seconds), "{seconds}");
    assert_eq!(admission(&gateway, "too_many_failures")["user"], "joe");
    assert_eq!(login(&gateway, 2, "ann", "welcome"), 429, "whoever guesses there might try another name");
    assert_eq!(login(&gateway, 3, "joe", "welcome"), 302, "elsewhere the user is not locked out");
    let nothing = from([127, 0, 0, 2], gateway.at("one"), "");
    assert_eq!(status(&nothing), 401, "to ask what is needed is no failure");
}

#[test]
fn requests_and_sockets_are_counted_together() {
    let folder = folder();
    let gateway = limited(&folder, THREE);
    let upgrade =
        |lines: &str| status(&from([127, 0, 0, 2], gateway.at("two"), &(UPGRADE.to_owned() + lines)));
    assert_eq!(upgrade(&basic("joe", "wrong")), 401);
    assert_eq!(login(&gateway, 2, "joe", "wrong"), 401);
    assert_eq!(upgrade(&basic("joe", "wrong")), 401);
    assert_eq!(login(&gateway, 2, "joe", "welcome"), 429);
    assert_eq!(upgrade(&basic("joe", "welcome")), 429);
}

#[test]
fn who_has_logged_in_there_before_is_not_held_up_by_others() {
    let folder = folder();
    let gateway = limited(&folder, THREE);
    assert_eq!(login(&gateway, 2, "ann", "welcome"), 302);
    for _ in 0..3 {
        assert_eq!(login(&gateway, 2, "joe", "wrong"), 401);
    }
    assert_eq!(login(&gateway, 2, "joe", "wrong"), 429);
    assert_eq!(login(&gateway, 2, "ann", "welcome"), 302);
}

#[test]
fn many_peers_that_guess_for_one_user_do_not_lock_it_out() {
    let folder = folder();
    let gateway = limited(&folder, THREE);
    for peer in 10..22 {
        assert_eq!(login(&gateway, peer, "joe", "wrong"), 401, "{peer}");
    }
    assert_eq!(login(&gateway, 10, "joe", "wrong"), 429, "each of them has one try");
    assert_eq!(login(&gateway, 99, "joe", "welcome"), 302, "and the user one from anywhere");
}

#[test]
fn a_success_does_not_let_a_peer_go_on_guessing() {
    let folder = folder();
    let gateway = limited(&folder, THREE);
    for _ in 0..3 {
        assert_eq!(login(&gateway, 2, "joe", "wrong"), 401);
        assert_eq!(login(&gateway, 2, "ann", "welcome"), 302, "an account of the attacker's own");
    }
    assert_eq!(login(&gateway, 2, "joe", "wrong"), 429);
}

#[test]
fn failures_are_not_forgotten_by_a_reload_and_any_number_may_be_allowed() {
    let folder = folder();
    let gateway = limited(&folder, THREE);
    for _ in 0..3 {
        assert_eq!(login(&gateway, 2, "joe", "wrong"), 401);
    }
    gateway.signal("HUP");
    gateway.wait_until_log("reload", |log| log.contains("\"Reloaded\""));
    assert_eq!(login(&gateway, 2, "joe", "welcome"), 429);
    let gateway = limited(&folder, "<failed-logins>0</failed-logins>");
    for _ in 0..12 {
        assert_eq!(login(&gateway, 2, "joe", "wrong"), 401);
    }
    assert_eq!(login(&gateway, 2, "joe", "welcome"), 302);
}
