//! What a WebSocket is closed for, and what is answered with a KRB-ERROR instead.

use std::io::Write as _;

use crate::{
    forged_kdc::Refusing,
    initiator::{ap_req, as_req, as_req_in, error_code, framed, tgt},
    world::{Gateway, realm},
    ws_client::{Form, Socket, Wire},
};

const TOO_LONG: usize = 256 * 1024;

#[test]
fn a_text_message_closes_with_1003_after_the_answers_that_are_due() {
    let gateway = Gateway::before_realm(&[]);
    for form in Form::ALL {
        let mut socket = Socket::open(&gateway, form);
        socket.request(&as_req("alice"), 0);
        socket.send_text("TGS please");
        assert_eq!(error_code(&socket.answer().1), 25);
        assert_eq!(socket.closed(), 1003, "{form:?}");
    }
}

#[test]
fn a_message_that_is_too_long_closes_with_1009() {
    let gateway = Gateway::before_realm(&[]);
    for form in Form::ALL {
        let mut socket = Socket::open(&gateway, form);
        socket.send(vec![0x30; TOO_LONG]);
        assert_eq!(socket.closed(), 1009, "{form:?}");
    }
}

#[test]
fn a_frame_that_announces_too_much_closes_with_1009_before_it_arrives() {
    let gateway = Gateway::before_realm(&[]);
    for announced in [200_000, u64::MAX >> 1] {
        let mut socket = Socket::open(&gateway, Form::Framed);
        let Wire::Plain(stream) = socket.wire() else { unreachable!() };
        // Final, binary, masked, 64 bits of length, a mask; and the first few octets.
        let head = [&[0x82, 0xff][..], &u64::to_be_bytes(announced), &[0; 4], &[0; 3000]].concat();
        stream.write_all(&head).unwrap();
        assert_eq!(socket.closed(), 1009);
    }
}

#[test]
fn a_unit_that_announces_too_much_closes_with_1009_before_it_arrives() {
    let gateway = Gateway::before_realm(&[]);
    for (form, start) in [
        (Form::Framed, &[0, 2, 0, 1][..]),
        (Form::Framed, &[0x80, 0, 0, 1]),
        (Form::DeclaredFramed, &[0x7f, 0xff, 0xff, 0xff]),
        (Form::DeclaredFramed, &[0x6a, 0x10]),
        (Form::Bare, &[0x6a, 0x83, 2, 0x10, 0]),
        (Form::Kkdcp, &[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]),
    ] {
        let mut socket = Socket::open(&gateway, form);
        socket.send(start);
        assert_eq!(socket.closed(), 1009, "{start:02x?}");
    }
}

#[test]
fn what_is_no_request_closes_with_1008() {
    let gateway = Gateway::before_realm(&[]);
    let tgt = tgt();
    let ap_req = ap_req(&tgt);
    // An AP-REQ that claims to be an AS-REQ.
    let mut smuggled = ap_req.clone();
    smuggled[0] = 0x6a;
    for form in Form::ALL {
        for message in [&ap_req[..], &smuggled, &realm_reply(), &tgt.ticket.encode().unwrap()] {
            let mut socket = Socket::open(&gateway, form);
            socket.request(message, 0);
            assert_eq!(socket.closed(), 1008, "{form:?} {message:02x?}");
        }
    }
    let mut socket = Socket::open(&gateway, Form::Mux);
    socket.assert_serves();
}

#[test]
fn a_request_that_is_shorter_or_longer_than_its_wrapping_closes_with_1008() {
    let gateway = Gateway::before_realm(&[]);
    let whole = as_req("alice");
    let (short, long) = (&whole[..whole.len() - 1], [&whole[..], &[0]].concat());
    for form in Form::ALL.into_iter().filter(|form| *form != Form::Bare) {
        for message in [short, &long] {
            let mut socket = Socket::open(&gateway, form);
            socket.request(message, 0);
            assert_eq!(socket.closed(), 1008, "{form:?} {message:02x?}");
        }
    }
}

/// What a KDC says, sent to it.
fn realm_reply() -> Vec<u8> {
    crate::initiator::directly(realm().kdc_addr(), &as_req("alice"))
}

#[test]
fn garbage_with_no_answer_due_closes_with_1008() {
    let gateway = Gateway::before_realm(&[]);
    for (form, garbage) in [
        (Form::DeclaredKkdcp, &b"hello"[..]),
        (Form::DeclaredKkdcp, &[]),
        (Form::Mux, &[1, 2]),
        (Form::Mux, &[0, 0, 0, 1]),
        (Form::Kkdcp, &[0x30, 0x80, 0, 0]),
        (Form::Framed, &[0, 0, 0, 0]),
    ] {
        let mut socket = Socket::open(&gateway, form);
        socket.send(garbage);
        assert_eq!(socket.closed(), 1008, "{form:?} {garbage:02x?}");
    }
}

#[test]
fn a_frame_without_a_mask_closes_with_1002() {
    let gateway = Gateway::before_realm(&[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    let Wire::Plain(stream) = socket.wire() else { unreachable!() };
    stream.write_all(&[0x82, 1, 0]).unwrap();
    assert_eq!(socket.closed(), 1002);
}

#[test]
fn an_unknown_realm_is_answered_in_kind_and_the_socket_stays() {
    let gateway = Gateway::before_realm(&[]);
    for form in Form::ALL {
        let mut socket = Socket::open(&gateway, form);
        socket.request_in("ELSEWHERE.TEST", &as_req_in("alice", "ELSEWHERE.TEST"), 9);
        assert_eq!(error_code(&socket.answer().1), 68, "{form:?}");
        socket.assert_serves();
    }
}

#[test]
fn a_realm_without_a_living_kdc_is_answered_in_kind_and_the_socket_stays() {
    let dead = Refusing::new();
    let gateway = Gateway::before_realm(&["--kdc", &format!("DEAD.TEST={}", dead.addr())]);
    for form in Form::ALL {
        let mut socket = Socket::open(&gateway, form);
        socket.request_in("DEAD.TEST", &as_req_in("alice", "DEAD.TEST"), 9);
        assert_eq!(error_code(&socket.answer().1), 29, "{form:?}");
        socket.assert_serves();
    }
}

#[test]
fn an_envelope_of_another_realm_than_its_message_is_refused_by_policy() {
    let gateway = Gateway::before_realm(&["--kdc", "OTHER.TEST=127.0.0.1:9"]);
    for form in Form::ALL.into_iter().filter(|form| form.names_realm()) {
        let mut socket = Socket::open(&gateway, form);
        socket.request_in("OTHER.TEST", &as_req("alice"), 9);
        assert_eq!(error_code(&socket.answer().1), 12, "{form:?}");
        // The case of the letters is no difference.
        socket.request_in("tgg.Test", &as_req("alice"), 9);
        assert_eq!(error_code(&socket.answer().1), 25, "{form:?}");
    }
}

#[test]
fn a_refusal_closes_the_socket_only_after_the_answers_before_it() {
    let gateway = Gateway::before_realm(&[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    socket.send([framed(&as_req("alice")), framed(&as_req("nobody")), framed(b"garbage")].concat());
    assert_eq!(error_code(&socket.answer().1), 25);
    assert_eq!(error_code(&socket.answer().1), 6);
    assert_eq!(socket.closed(), 1008);
}
