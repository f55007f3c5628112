//! Directory servers that are dead, slow or lying, and those that come back.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use super::{CLEAR, FILTER, account, clear, gateway, login, secrets};
use crate::{
    door::{admission, message},
    slapd::Slapd,
    world::{Gateway, refusing, timed},
};

/// A server that does this with each connection.
fn forged(does: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let does = does.clone();
            thread::spawn(move || does(stream.unwrap()));
        }
    });
    address
}

/// One that answers each request with these octets; the number of the request is put in for the octet `0xee`.
fn answering(answer: impl Fn(u8) -> Vec<u8> + Clone + Send + 'static) -> SocketAddr {
    forged(move |mut stream| {
        let mut request = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut request) {
            // SEQUENCE, its length, INTEGER, 1, the number.
            let id = if count > 4 { request[4] } else { 0 };
            let _ = stream.write_all(&answer(id));
        }
    })
}

fn url(address: SocketAddr) -> String {
    format!("ldap://{address}/ou=people,dc=example")
}

/// A gateway that gives up such a server after half a second.
fn hasty(servers: &str) -> Gateway {
    clear(servers, &format!("{FILTER}<timeout>500 ms</timeout>"), &[])
}

#[track_caller]
fn unavailable(gateway: &Gateway, says: &str) {
    assert_eq!(login(gateway, "joe", "welcome"), 503);
    let record = admission(gateway, "no_server");
    assert_eq!(record["blame"], "backend");
    assert!(message(&record).contains(says), "{record}");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    unavailable(&hasty(&url(refusing())), "cannot be reached");
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let silent = forged(|stream| {
        let _ = (&stream).read_to_end(&mut Vec::new());
    });
    let gateway = hasty(&url(silent));
    let (took, ()) = timed(|| unavailable(&gateway, "no answer in 500ms"));
    assert!(took < Duration::from_secs(5), "{took:?}");
    // Neither are those that keep silent where TLS should come.
    for words in ["<startTls>true</startTls>", "<useSSL>true</useSSL>"] {
        let options =
            format!("<userProvider>{}</userProvider>{FILTER}{words}<timeout>500 ms</timeout>", url(silent));
        unavailable(&gateway_of(&options), "no answer in 500ms");
    }
}

fn gateway_of(options: &str) -> Gateway {
    gateway(options, "", &[])
}

#[test]
fn an_answer_that_comes_late_is_nobodys() {
    // To each request: it is good, a second after it was given up.
    let late = answering(|id| {
        thread::sleep(Duration::from_millis(700));
        vec![0x30, 12, 2, 1, id, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]
    });
    let options =
        format!("{CLEAR}<authIdentity>uid={{USERNAME}},dc=example</authIdentity><timeout>500 ms</timeout>");
    let gateway = gateway_of(&format!("<userProvider>{}</userProvider>{options}", url(late)));
    for _ in 0..3 {
        assert_eq!(login(&gateway, "joe", "wrong"), 503);
    }
}

#[test]
fn a_server_that_lies_lets_nobody_in() {
    // A bind that went well, of another request; a search that ends as a bind; what is no LDAP; what says it is endless.
    let good = |id: u8| vec![0x30, 12, 2, 1, id, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
    let options = |server: SocketAddr| {
        let user = "<authIdentity>uid={USERNAME},dc=example</authIdentity>";
        format!("<userProvider>{}</userProvider>{CLEAR}{user}<timeout>2 s</timeout>", url(server))
    };
    let says = |answer: fn(u8) -> Vec<u8>, says: &str| {
        unavailable(&gateway_of(&options(answering(answer))), says);
    };
    // This is what a good answer looks like.
    assert_eq!(login(&gateway_of(&options(answering(good))), "joe", "welcome"), 302);
    says(|id| vec![0x30, 12, 2, 1, id + 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0], "another request");
    says(|_| vec![0x30, 12, 2, 1, 0, 0x78, 7, 10, 1, 52, 4, 0, 4, 0], "closed the connection");
    says(|id| vec![0x30, 12, 2, 1, id, 0x65, 7, 10, 1, 0, 4, 0, 4, 0], "another request");
    says(|_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "not LDAP");
    says(|_| vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1], "more than");
    says(|id| vec![0x30, 7, 2, 1, id, 0x61, 2, 10, 1], "not LDAP");
    // Sequences in each other, deeper than any stack.
    says(
        |_| {
            let mut octets = Vec::new();
            for depth in (0..60_000_u32).rev() {
                octets.extend([0x30, 0x84]);
                octets.extend((depth * 6 + 3).to_be_bytes());
            }
            octets.extend([2, 1, 1]);
            octets
        },
        "not LDAP",
    );
    let hangs_up = forged(|stream| {
        let _ = (&stream).read(&mut [0; 64]);
        let _ = (&stream).write_all(&[0x30, 12, 2, 1]);
        let _ = stream.shutdown(Shutdown::Both);
    });
    unavailable(&gateway_of(&options(hangs_up)), "closed the connection");
}

#[test]
fn an_entry_without_a_name_is_nobodys() {
    // A search answers with an entry of no name, and a bind is good for everybody.
    let lying = forged(|mut stream| {
        let mut request = [0; 4096];
        while let Ok(5..) = stream.read(&mut request) {
            let id = request[4];
            let is_search = request.get(5) == Some(&0x63);
            let answer = if is_search {
                let entry = [0x30, 9, 2, 1, id, 0x64, 4, 4, 0, 0x30, 0];
                [&entry[..], &[0x30, 12, 2, 1, id, 0x65, 7, 10, 1, 0, 4, 0, 4, 0]].concat()
            } else {
                vec![0x30, 12, 2, 1, id, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]
            };
            let _ = stream.write_all(&answer);
        }
    });
    let gateway = hasty(&url(lying));
    assert_eq!(login(&gateway, "joe", "welcome"), 503);
    admission(&gateway, "no_dn");
}

/// A server where every password is good and every user there is, with so many groups.
fn popular(groups: usize) -> SocketAddr {
    let in_sequence = |inside: &[u8]| [&[0x30, u8::try_from(inside.len()).unwrap()][..], inside].concat();
    forged(move |mut stream| {
        let mut request = [0; 4096];
        while let Ok(count @ 5..) = stream.read(&mut request) {
            let id = request[4];
            let done = |tag| in_sequence(&[2, 1, id, tag, 7, 10, 1, 0, 4, 0, 4, 0]);
            let entry = in_sequence(&[2, 1, id, 0x64, 7, 4, 3, b'c', b'=', b'x', 0x30, 0]);
            let is_of_groups = request[..count].windows(9).any(|part| part == b"ou=groups");
            let answer = match request[5] {
                0x63 => [entry.repeat(if is_of_groups { groups } else { 1 }), done(0x65)].concat(),
                _ => done(0x61),
            };
            let _ = stream.write_all(&answer);
        }
    })
}

#[test]
fn a_user_with_too_many_groups_is_not_judged_by_some_of_them() {
    let groups = "<groupProvider>ou=groups</groupProvider><groupFilter>(member={USERNAME})</groupFilter>\
                  <grant>in=group:c=x</grant>";
    let with = |count| clear(&url(popular(count)), &format!("{FILTER}{groups}"), &["in"]);
    assert_eq!(login(&with(1000), "joe", "welcome"), 302);
    let gateway = with(1001);
    assert_eq!(login(&gateway, "joe", "welcome"), 503);
    assert!(message(&admission(&gateway, "too_many_groups")).contains("<groupFilter>"));
    unavailable(&with(1002), "more entries than were asked for");
}

#[test]
fn words_before_tls_are_not_taken_for_words_under_it() {
    let eager = answering(|id| {
        let agrees = [0x30, 12, 2, 1, id, 0x78, 7, 10, 1, 0, 4, 0, 4, 0];
        let bound = [0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
        [agrees, bound].concat()
    });
    let refuses = answering(|id| vec![0x30, 12, 2, 1, id, 0x78, 7, 10, 1, 2, 4, 0, 4, 0]);
    for (server, says) in [(eager, "another request"), (refuses, "refused StartTLS: protocolError (2)")] {
        let options = format!(
            "<userProvider>{}</userProvider>{FILTER}<startTls>true</startTls><timeout>2 s</timeout>",
            url(server)
        );
        unavailable(&gateway_of(&options), says);
    }
}

#[test]
fn where_one_of_two_servers_is_dead_the_other_is_asked() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let silent = forged(|stream| {
        let _ = (&stream).read_to_end(&mut Vec::new());
    });
    for dead in [refusing(), silent] {
        let servers = format!("{}\n {}", url(dead), slapd.url());
        let options = format!("{}<timeout>2 s</timeout>", account(&secrets));
        let gateway = clear(&servers, &options, &[]);
        assert_eq!(login(&gateway, "joe", "welcome"), 302);
        gateway.wait_for_log("is left out for a while");
        // It is not waited for again.
        let (took, status) = timed(|| login(&gateway, "joe", "welcome"));
        assert_eq!(status, 302);
        assert!(took < Duration::from_millis(1500), "{took:?}");
        assert_eq!(login(&gateway, "joe", "wrong"), 401);
    }
}

#[test]
fn a_server_that_was_started_again_is_asked_again() {
    let (mut slapd, secrets) = (Slapd::start(), secrets());
    let gateway = clear(&slapd.url(), &account(&secrets), &[]);
    assert_eq!(login(&gateway, "joe", "welcome"), 302);
    slapd.stop();
    slapd.run();
    assert_eq!(login(&gateway, "joe", "welcome"), 302);
    slapd.stop();
    assert_eq!(login(&gateway, "joe", "welcome"), 503);
    slapd.run();
    assert_eq!(login(&gateway, "joe", "welcome"), 302);
}

#[test]
fn a_login_whose_client_left_leaves_no_answer_behind() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let gateway = clear(&slapd.url(), &account(&secrets), &[]);
    for _ in 0..30 {
        let mut stream = TcpStream::connect(gateway.at("one")).unwrap();
        let line = super::basic("joe", "welcome");
        let request = format!("GET /in HTTP/1.1\r\nHost: {}\r\n{line}\r\n", gateway.at("one"));
        stream.write_all(request.as_bytes()).unwrap();
        drop(stream);
        assert_eq!(login(&gateway, "joe", "wrong"), 401);
        assert_eq!(login(&gateway, "amy", "am:y"), 302);
    }
}
