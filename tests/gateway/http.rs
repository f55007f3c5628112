//! MS-KKDCP over HTTP as stock clients of all vendors speak it: what each one needs of the answer.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use krb::{
    error_code::{KDC_ERR_C_PRINCIPAL_UNKNOWN, KDC_ERR_PREAUTH_REQUIRED as NEEDS_PREAUTH},
    kkdcp,
};

use crate::{
    authority::authority,
    by_hand::{Connection, alice, as_req, envelope, sealed},
    world::Gateway,
};

#[test]
fn an_old_request_is_answered_with_a_length_and_a_close_whatever_it_asks_for() {
    let gateway = Gateway::before_realm(&[]);
    for asks in ["", "Connection: keep-alive\r\n", "Connection: Keep-Alive\r\nKeep-Alive: timeout=60\r\n"] {
        let mut connection = Connection::open(gateway.web());
        let body = alice();
        // As MIT krb5 writes it (src/lib/krb5/os/sendto_kdc.c).
        let head = format!(
            "POST /KdcProxy HTTP/1.0\r\nHost: gw.test:443\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n\
             User-Agent: kerberos/1.0\r\nContent-type: application/kerberos\r\n{asks}Content-Length: {}\r\n\r\n",
            body.len()
        );
        connection.send([head.as_bytes(), &body].concat()).unwrap();
        let response = connection.response();
        assert_eq!((response.status, response.krb_error()), (200, NEEDS_PREAUTH), "{response:?}");
        assert_eq!(response.header("connection"), Some("close"), "{response:?}");
        assert_eq!(response.header("content-type"), Some("application/kerberos"), "{response:?}");
        assert!(connection.rest().is_empty(), "nothing follows");
    }
}

#[test]
fn an_old_request_that_is_refused_is_closed_as_well() {
    let gateway = Gateway::before_realm(&[]);
    for (request, status) in [
        ("POST /KdcProxy HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", 400),
        ("POST /KdcProxy HTTP/1.0\r\n\r\n", 411),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 404),
    ] {
        let mut connection = Connection::open(gateway.web());
        connection.send(request).unwrap();
        let response = connection.response();
        assert_eq!(response.status, status, "{request:?}");
        assert_eq!(response.header("connection"), Some("close"), "{response:?}");
        assert!(connection.rest().is_empty());
    }
}

#[test]
fn a_connection_is_kept_for_further_requests() {
    let gateway = Gateway::before_realm(&[]);
    let mut connection = Connection::open(gateway.web());
    for _ in 0..3 {
        let response = connection.post(&alice());
        assert_eq!((response.status, response.krb_error()), (200, NEEDS_PREAUTH));
        assert_eq!(response.header("connection"), None);
    }
    let peers: Vec<_> =
        gateway.wait_for_records(3).into_iter().map(|record| record["peer"].clone()).collect();
    assert_eq!(peers[0], peers[2]);
}

#[test]
fn requests_that_were_sent_ahead_are_answered_in_order() {
    let gateway = Gateway::before_realm(&[]);
    let mut connection = Connection::open(gateway.web());
    let mut octets = Vec::new();
    for user in [&b"alice"[..], b"nobody"] {
        let body = envelope(&as_req(user, "TGG.TEST"), "TGG.TEST");
        let head = format!("POST /KdcProxy HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
        octets.extend_from_slice(head.as_bytes());
        octets.extend_from_slice(&body);
    }
    connection.send(octets).unwrap();
    assert_eq!(connection.response().krb_error(), NEEDS_PREAUTH);
    assert_eq!(connection.response().krb_error(), KDC_ERR_C_PRINCIPAL_UNKNOWN);
}

#[test]
fn a_chunked_body_is_taken() {
    let gateway = Gateway::before_realm(&[]);
    let mut connection = Connection::open(gateway.web());
    let head = "POST /KdcProxy HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.send(head).unwrap();
    for piece in alice().chunks(7) {
        connection.send([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()).unwrap();
    }
    connection.send("0\r\n\r\n").unwrap();
    assert_eq!(connection.response().krb_error(), NEEDS_PREAUTH);
}

#[test]
fn apples_form_without_a_length_is_answered_without_one() {
    let gateway = Gateway::before_realm(&[]);
    let mut connection = Connection::open(gateway.web());
    let request = as_req(b"alice", "TGG.TEST");
    for prefixed in [false, true] {
        let response = connection.post(&sealed(&request, Some("TGG.TEST"), prefixed));
        let opened = kkdcp::open(&response.body).unwrap();
        assert_eq!(opened.prefixed, prefixed);
        assert_eq!(opened.target_domain, None, "servers name no realm");
    }
}

#[test]
fn the_envelope_may_write_the_realm_in_another_case() {
    let gateway = Gateway::before_realm(&[]);
    let response = Connection::open(gateway.web()).post(&envelope(&as_req(b"alice", "TGG.TEST"), "tgg.Test"));
    assert_eq!((response.status, response.krb_error()), (200, NEEDS_PREAUTH));
}

#[test]
fn curl_is_served_over_tls_with_either_version_of_http() {
    let gateway = Gateway::tls_before_realm(&[]);
    for version in ["--http1.0", "--http1.1", "--http2"] {
        let mut curl = Command::new("curl")
            .args(["-sS", "--fail", "--max-time", "30", version, "--cacert"])
            .arg(&authority().anchor)
            .args(["-H", "Content-Type: application/kerberos", "--data-binary", "@-", &gateway.url()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl runs; install curl");
        curl.stdin.take().unwrap().write_all(&alice()).unwrap();
        let output = curl.wait_with_output().unwrap();
        assert!(output.status.success(), "{version}");
        let opened = kkdcp::open(&output.stdout).unwrap();
        assert_eq!(krb::peek::krb_error(opened.message).unwrap().code, i64::from(NEEDS_PREAUTH));
    }
}

#[test]
fn the_response_names_the_exchange_as_its_record_does() {
    let gateway = Gateway::before_realm(&[]);
    let mut connection = Connection::open(gateway.web());
    let unserved = envelope(&as_req(b"alice", "OTHER.TEST"), "OTHER.TEST");
    for (place, body) in [alice(), b"garbage".to_vec(), unserved].iter().enumerate() {
        let id = connection.post(body).header("x-ms-request-id").unwrap().to_owned();
        let records = gateway.wait_for_records(place + 1);
        assert_eq!(records[place]["id"], id);
        assert_eq!(id.len(), 36, "Windows and Kerberos.NET look for a GUID");
    }
}

#[test]
fn a_page_of_an_allowed_origin_may_ask_and_read() {
    let gateway = Gateway::before_realm(&["--allow-origin", "https://app.test"]);
    let mut connection = Connection::open(gateway.web());
    // What a browser asks first for sspi-rs, which adds a header of its own.
    connection
        .send(
            "OPTIONS /KdcProxy HTTP/1.1\r\nHost: gw.test\r\nOrigin: https://app.test\r\n\
             Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: keep-alive\r\n\r\n",
        )
        .unwrap();
    let preflight = connection.response();
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("https://app.test"));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("keep-alive"));
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"));

    let body = alice();
    let head = format!(
        "POST /KdcProxy HTTP/1.1\r\nHost: gw.test\r\nOrigin: https://app.test\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.send([head.as_bytes(), &body].concat()).unwrap();
    let response = connection.response();
    assert_eq!((response.status, response.krb_error()), (200, NEEDS_PREAUTH));
    assert_eq!(response.header("access-control-allow-origin"), Some("https://app.test"));
    assert_eq!(response.header("vary"), Some("origin"));
    assert!(response.header("access-control-expose-headers").unwrap().contains("x-ms-request-id"));
}

#[test]
fn a_page_of_another_origin_is_refused_and_may_not_read_why() {
    let gateway = Gateway::before_realm(&["--allow-origin", "https://app.test"]);
    let body = alice();
    for method in ["OPTIONS", "POST"] {
        for origin in ["https://evil.test", "http://app.test", "https://app.test.evil.test", "null"] {
            let head = format!(
                "{method} /KdcProxy HTTP/1.1\r\nHost: gw.test\r\nOrigin: {origin}\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            );
            let mut connection = Connection::open(gateway.web());
            connection.send([head.as_bytes(), &body].concat()).unwrap();
            let response = connection.response();
            assert_eq!(response.status, 403, "{method} {origin}");
            assert_eq!(response.header("access-control-allow-origin"), None, "{method} {origin}");
        }
    }
    assert!(gateway.records().is_empty(), "nothing was relayed");
}
