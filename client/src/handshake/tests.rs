//! Handshakes as KAAZING Gateway plays them, octet by octet.

use proptest::prelude::*;

use super::*;

const STAY: &[u8] = b"\xef\x83\xbfN";

const AGREED: &str = "HTTP/1.1 101 Web Socket Protocol Handshake\r\nConnection: Upgrade\r\n\
    Date: Tue, 13 Feb 2018 20:02:57 GMT\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102\r\nServer: Kaazing Gateway\r\nUpgrade: websocket\r\n\r\n";

const CHALLENGED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\n\
    WWW-Authenticate: Application Basic realm=\"demo\"\r\nContent-Length: 64\r\n\r\n\
    <html><head></head><body><h1>401 Unauthorized</h1></body></html>";

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 61\r\n\r\n\
    <html><head></head><body><h1>403 Forbidden</h1></body></html>";

fn handshake(is_balanced: bool) -> Handshake {
    Handshake::new("/echo", &[], is_balanced).unwrap()
}

#[test]
fn the_request_is_that_of_kaazings_client_to_the_octet() {
    // 140, 147 and 179 octets there.
    let request = handshake(true).request(None);
    assert_eq!(
        request,
        "GET /echo HTTP/1.1\r\nWebSocket-Protocol: \r\nSec-WebSocket-Protocol: \r\n\
         Sec-WebSocket-Extensions: x-kaazing-idle-timeout,x-kaazing-ping-pong\r\n\r\n"
    );
    assert_eq!(request.len(), 140);
    let protocols = ["foo".to_owned(), "bar".to_owned()];
    assert_eq!(Handshake::new("/echo", &protocols, true).unwrap().request(None).len(), 147);
    let credentials = Credentials::new("Basic am9lOndlbGNvbWU=");
    assert_eq!(handshake(true).request(Some(&credentials)).len(), 179);
}

#[test]
fn with_a_balancer_the_server_speaks_first_and_last() {
    let mut play = handshake(true);
    assert_eq!(play.first(), None);
    assert_eq!(play.take(STAY).unwrap(), Step::Send(play.request(None)));
    assert_eq!(CHALLENGED.len(), 0xBC);
    assert_eq!(play.take(CHALLENGED.as_bytes()).unwrap(), Step::Wait);
    let Step::Challenged(challenges) = play.take(b"").unwrap() else { panic!() };
    assert!(challenges[0].is("Basic") && challenges[0].is_application());
    assert_eq!(AGREED.len(), 0x102);
    // One response may come in several messages.
    let (one, other) = AGREED.split_at(100);
    for part in [one.as_bytes(), other.as_bytes(), b""] {
        assert_eq!(play.take(part).unwrap(), Step::Wait);
    }
    let Step::Open(opened) = play.take(STAY).unwrap() else { panic!() };
    assert_eq!((opened.protocol, opened.idle_timeout), (None, None));
    assert!(opened.commands.escape(b"\x01\x01\x01\x02x").is_some());
}

#[test]
fn without_a_balancer_the_client_begins_and_a_response_ends_by_its_length() {
    let mut play = handshake(false);
    assert_eq!(play.first(), Some(play.request(None)));
    let (one, other) = CHALLENGED.split_at(CHALLENGED.len() - 5);
    assert_eq!(play.take(one.as_bytes()).unwrap(), Step::Wait);
    assert!(matches!(play.take(other.as_bytes()).unwrap(), Step::Challenged(_)));
    assert!(matches!(play.take(AGREED.as_bytes()).unwrap(), Step::Open(_)));
    assert!(matches!(play.take(b"x"), Err(HandshakeError::Unreadable)));
}

#[test]
fn a_refusal_is_told_with_its_status_and_what_to_do() {
    let mut play = handshake(false);
    let refused = play.take(FORBIDDEN.as_bytes()).unwrap_err();
    let told = "the service refuses: 403 Forbidden; this user may lack a role, or the page that --origin names is not invited";
    assert_eq!(refused.to_string(), told);
}

#[test]
fn a_balancer_and_a_response_can_send_elsewhere() {
    let elsewhere = b"\xef\x83\xbfRws://127.0.0.1:18602/echo?.kl=Y";
    let url = Step::Redirected("ws://127.0.0.1:18602/echo?.kl=Y".to_owned());
    assert_eq!(handshake(true).take(elsewhere).unwrap(), url);
    let mut play = handshake(true);
    for message in [STAY, AGREED.as_bytes(), b""] {
        play.take(message).unwrap();
    }
    assert_eq!(play.take(elsewhere).unwrap(), url);
    let found = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:18602/echo\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(found.len(), 0x50);
    let step = handshake(false).take(found.as_bytes()).unwrap();
    assert_eq!(step, Step::Redirected("http://127.0.0.1:18602/echo".to_owned()));
    assert!(matches!(handshake(true).take(b"\xef\x83\xbfR"), Err(HandshakeError::NoMember)));
}

#[test]
fn what_was_agreed_is_read() {
    let protocols = ["foo".to_owned()];
    let response = "HTTP/1.1 101 x\r\nsec-websocket-protocol: foo\r\n\
        Sec-WebSocket-Extensions: x-kaazing-idle-timeout; timeout=2000\r\n\
        Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102\r\nWWW-Authenticate: Negotiate oQcwBaADCgEA\r\n\r\n";
    let mut play = Handshake::new("/echo", &protocols, false).unwrap();
    let Step::Open(opened) = play.take(response.as_bytes()).unwrap() else { panic!() };
    assert_eq!(opened.protocol.as_deref(), Some("foo"));
    assert_eq!(opened.idle_timeout, Some(Duration::from_secs(2)));
    assert_eq!(opened.proof[0].token(), Some("oQcwBaADCgEA"));
}

#[test]
fn what_was_not_asked_for_is_not_taken() {
    for field in
        ["Sec-WebSocket-Protocol: foo", "Sec-WebSocket-Extensions: x-kaazing-http-revalidate; 56414C49"]
    {
        let response = format!("HTTP/1.1 101 x\r\n{field}\r\n\r\n");
        assert!(
            matches!(handshake(false).take(response.as_bytes()), Err(HandshakeError::Unasked)),
            "{field}"
        );
    }
    for head in ["HTTP/1.0 101 x", "HTTP/1.1 1O1", "", "HTTP/1.1 101 x\r\nno colon", "\u{feff}HTTP/1.1 101"] {
        let response = format!("{head}\r\n\r\n");
        let taken = handshake(false).take(response.as_bytes());
        assert!(matches!(taken, Err(HandshakeError::Unreadable)), "{head}");
    }
    for message in [&b""[..], b"N", b"HTTP/1.1 200 OK\r\n\r\n", b"\xef\x83\xbf", b"\xef\x83\xbfX"] {
        assert!(matches!(handshake(true).take(message), Err(HandshakeError::Unreadable)), "{message:?}");
    }
    let many = format!("HTTP/1.1 101 x\r\n{}\r\n", "a: b\r\n".repeat(200));
    assert!(matches!(handshake(false).take(many.as_bytes()), Err(HandshakeError::Long)));
    let mut endless = handshake(false);
    let long = endless.take(&vec![b'x'; MAX_RESPONSE]).and_then(|_| endless.take(b"x"));
    assert!(matches!(long, Err(HandshakeError::Long)));
    for target in ["/a b", "/a\r\nX: y"] {
        assert!(matches!(Handshake::new(target, &[], true), Err(HandshakeError::Unwritable)));
    }
}

#[test]
fn commands_are_told_from_messages() {
    let mut commands = Commands::read("01010102").unwrap();
    let control = [1, 1, 1, 2];
    assert_eq!(commands.hear(b"\x01\x01\x01\x02\x09\x00"), Heard::Ping([1, 1, 1, 2, 10, 0]));
    assert_eq!(commands.hear(b"\x01\x01\x01\x02\x0a\x00"), Heard::Nothing);
    assert_eq!(commands.hear(b"\x01\x01\x01\x02"), Heard::Nothing);
    assert_eq!(commands.hear(b"\x01\x01\x01\x02\x09\x00"), Heard::Message, "escaped");
    assert_eq!(commands.hear(b"\x01\x01\x01\x02\x07"), Heard::Unknown);
    assert_eq!(commands.hear(b"hi"), Heard::Message);
    assert_eq!(commands.escape(b"\x01\x01\x01\x02data"), Some(control));
    assert_eq!(commands.escape(b"data"), None);
    assert_eq!(Commands::default().hear(b"\x01\x01\x01\x02\x09\x00"), Heard::Message);
    for parameter in ["", "0101010", "010101zz", "+1010102"] {
        assert_eq!(Commands::read(parameter), None, "{parameter}");
    }
}

proptest! {
    #[test]
    fn anything_can_be_taken(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..6)) {
        for is_balanced in [false, true] {
            let mut play = handshake(is_balanced);
            let _ = messages.iter().try_for_each(|message| play.take(message).map(drop));
        }
    }
}
