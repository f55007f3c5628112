//! Servers on loopback that answer, refuse, say that a datagram is too short, or nothing at all.

use krb::{msg::krb_error::KrbError, time::KerberosTime};
use tokio::net::TcpListener;

use super::*;

const MESSAGE: &[u8] = b"a request";
const LIMIT: usize = 1465;

/// Short, as nothing here is far away.
const SHORT: Duration = Duration::from_millis(300);

fn refused(code: i32) -> Vec<u8> {
    let time = KerberosTime::from_seconds(0).unwrap();
    KrbError::new(code, "A".into(), ["krbtgt", "A"], time, 0, None).encode().unwrap()
}

/// One port with both transports: what it answers over UDP, if it does, and over TCP.
async fn kdc(datagram: Option<Vec<u8>>, stream: Option<&'static [u8]>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut request = [0; 4096];
        while let Ok((_, from)) = socket.recv_from(&mut request).await {
            if let Some(datagram) = &datagram {
                let _ = socket.send_to(datagram, from).await;
            }
        }
    });
    if let Some(answer) = stream {
        let listener = TcpListener::bind(address).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; frame::PREFIX + MESSAGE.len()];
                stream.read_exact(&mut request).await.unwrap();
                assert_eq!(&request[frame::PREFIX..], MESSAGE);
                let _ = stream.write_all(answer).await;
            }
        });
    }
    address
}

async fn asked(servers: &[SocketAddr], limit: usize) -> Result<Vec<u8>, String> {
    let hosts: Vec<_> = servers.iter().map(|server| (server.ip().to_string(), server.port())).collect();
    let hosts: Vec<_> = hosts.iter().map(|(host, port)| (host.as_str(), *port)).collect();
    ask(&hosts, MESSAGE, Purpose::Ticket, limit, SHORT).await
}

#[tokio::test]
async fn a_datagram_is_enough_where_it_is_answered() {
    let kdc = kdc(Some(b"by datagram".to_vec()), Some(b"\0\0\0\x09by stream")).await;
    assert_eq!(asked(&[kdc], LIMIT).await.unwrap(), b"by datagram");
}

#[tokio::test]
async fn a_long_request_goes_by_stream_at_once() {
    let kdc = kdc(Some(b"by datagram".to_vec()), Some(b"\0\0\0\x09by stream")).await;
    assert_eq!(asked(&[kdc], 1).await.unwrap(), b"by stream");
}

#[tokio::test]
async fn an_answer_that_fits_no_datagram_is_asked_for_by_stream() {
    let kdc = kdc(Some(refused(KRB_ERR_RESPONSE_TOO_BIG)), Some(b"\0\0\0\x09by stream")).await;
    assert_eq!(asked(&[kdc], LIMIT).await.unwrap(), b"by stream");
}

#[tokio::test]
async fn the_next_server_answers_for_one_that_is_not_available() {
    let first = kdc(Some(refused(KDC_ERR_SVC_UNAVAILABLE)), None).await;
    let second = kdc(Some(b"second".to_vec()), None).await;
    assert_eq!(asked(&[first, second], LIMIT).await.unwrap(), b"second");
    // Where there is no other its word is the answer.
    assert_eq!(asked(&[first], LIMIT).await.unwrap(), refused(KDC_ERR_SVC_UNAVAILABLE));
}

#[tokio::test]
async fn the_next_server_answers_for_a_silent_one() {
    let (silent, second) = (kdc(None, None).await, kdc(Some(b"second".to_vec()), None).await);
    assert_eq!(asked(&[silent, second], LIMIT).await.unwrap(), b"second");
}

#[tokio::test]
async fn servers_that_do_not_answer_are_named() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let tried = asked(&[gone], LIMIT).await.unwrap_err();
    assert!(tried.contains(&format!("{gone} over UDP")) && tried.contains("over TCP"), "{tried}");
}

#[tokio::test]
async fn a_stream_with_an_impossible_length_is_no_answer() {
    for answer in [&b"\x80\0\0\x01x"[..], b"\0\xff\xff\xffx"] {
        let kdc = kdc(Some(refused(KRB_ERR_RESPONSE_TOO_BIG)), Some(answer)).await;
        let tried = asked(&[kdc], LIMIT).await.unwrap_err();
        assert!(tried.contains("over TCP"), "{tried}");
    }
}
