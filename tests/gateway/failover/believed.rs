//! No reply reaches a client that is cut short, too long, of another kind, from elsewhere or for another request.

use std::{collections::HashMap, sync::Mutex};

use krb::{
    error_code::KDC_ERR_SVC_UNAVAILABLE,
    msg::kdc::{AsRep, KdcRep, TgsRep},
    name::PrincipalName,
};
use tgg::exchange::Transport;

use super::gateway;
use crate::{
    forged_kdc::{Does, ForgedKdc, refusal, refusal_of},
    initiator::{as_rep, as_req, as_req_in, directly, error_code, framed, large_as_req_in},
    world::Gateway,
    ws_client::{Form, Socket},
};

/// What a KDC of `LIAR.TEST` may say beside the truth: what is wrong with it, and the words.
fn lies() -> Vec<(&'static str, Does)> {
    let truth = refusal_of("LIAR.TEST", 25);
    let whole = framed(&truth);
    let (short, long) = (&truth[..truth.len() - 1], [&truth[..], &[0]].concat());
    let mut lies = vec![
        ("garbage", Does::Says(b"garbage".to_vec())),
        ("nothing", Does::Says(Vec::new())),
        ("cut short, and its length too", Does::Says(short.to_vec())),
        ("cut short, and its length not", Does::Writes(whole[..whole.len() - 1].to_vec())),
        ("longer than it says", Does::Says(long)),
        ("followed by an octet", Does::Writes([&whole[..], &[0]].concat())),
        ("announced too long", Does::Writes([&[0x7f, 0xff, 0xff, 0xff][..], &truth].concat())),
        ("announced with the high bit", Does::Writes([&[0x80, 0, 0, 0x50][..], &truth].concat())),
        ("of another realm", Does::Says(refusal_of("OTHER.TEST", 25))),
        ("a request", Does::Says(as_req_in("alice", "LIAR.TEST"))),
    ];
    let ticket = |change: &dyn Fn(&mut KdcRep)| {
        // A true reply for alice, as if the realm were the liar's, with one thing changed.
        let mut reply = AsRep::decode(&as_rep()).unwrap().0;
        reply.crealm = "LIAR.TEST".into();
        reply.ticket.realm = "LIAR.TEST".into();
        reply.ticket.sname = PrincipalName::krbtgt(&"LIAR.TEST".into());
        change(&mut reply);
        reply
    };
    let reply = |reply| Does::Says(AsRep(reply).encode().unwrap());
    lies.extend([
        ("of another client's realm", reply(ticket(&|reply| reply.crealm = "OTHER.TEST".into()))),
        ("for another client", reply(ticket(&|reply| reply.cname = PrincipalName::new(1, ["bob"])))),
        ("with a ticket of another realm", reply(ticket(&|reply| reply.ticket.realm = "OTHER.TEST".into()))),
        (
            "with a ticket for another service",
            reply(ticket(&|reply| reply.ticket.sname = PrincipalName::new(2, ["HTTP", "a"]))),
        ),
        ("of the other exchange", {
            let mut reply = ticket(&|_| {});
            reply.msg_type = 13;
            Does::Says(TgsRep(reply).encode().unwrap())
        }),
    ]);
    lies
}

#[test]
fn a_reply_that_is_not_believed_never_reaches_a_client() {
    let lies = lies();
    let (words, says): (Vec<_>, Vec<_>) = lies.into_iter().unzip();
    let liars: Vec<_> = says.into_iter().map(|says| ForgedKdc::start(move |_| says.clone())).collect();
    // All have the realm's name, so each has a gateway; all wait for the deadline at once.
    let gateways: Vec<_> = liars
        .iter()
        .map(|liar| Gateway::start(&["--kdc", &format!("LIAR.TEST={}", liar.addr()), "--deadline", "2"]))
        .collect();
    let mut sockets: Vec<_> = gateways.iter().map(|gateway| Socket::open(gateway, Form::Mux)).collect();
    for socket in &mut sockets {
        socket.request_in("LIAR.TEST", &as_req_in("alice", "LIAR.TEST"), 0);
        socket.request_in("LIAR.TEST", &large_as_req_in("LIAR.TEST"), 1);
    }
    for (word, socket) in words.iter().zip(&mut sockets) {
        for _ in 0..2 {
            let (id, answer) = socket.answer();
            assert_eq!(error_code(&answer), KDC_ERR_SVC_UNAVAILABLE, "{word}, asked {id}");
        }
    }
    for (word, gateway) in words.iter().zip(&gateways) {
        assert!(gateway.wait_for_records(2).iter().all(|line| line["blame"] == "kdc"), "{word}");
    }
}

#[test]
fn the_truth_that_the_lies_are_made_of_is_believed() {
    let reply = as_rep();
    let same = reply.clone();
    let kdc = ForgedKdc::start(move |_| Does::Says(reply.clone()));
    let gateway = gateway(&[kdc.addr()], &[]);
    let request = as_req("alice");
    assert_eq!(Socket::open(&gateway, Form::Framed).ask(&request), same);
    assert_eq!(directly(kdc.addr(), &request), same);
}

#[test]
fn a_reply_from_another_port_is_not_heard() {
    let kdc = ForgedKdc::start(|heard| match heard.over {
        Transport::Udp => Does::SaysElsewhere(refusal(25)),
        Transport::Tcp => Does::Nothing,
    });
    let gateway = gateway(&[kdc.addr()], &["--deadline", "1.5"]);
    let answer = Socket::open(&gateway, Form::Framed).ask(&as_req("alice"));
    assert_eq!(error_code(&answer), KDC_ERR_SVC_UNAVAILABLE);
    assert!(!gateway.log().contains("not believed"), "the kernel drops it");
}

#[test]
fn a_second_copy_of_a_reply_never_answers_the_next_request() {
    // Each request has an answer of its own, which comes twice.
    let answers = Mutex::new(HashMap::new());
    let kdc = ForgedKdc::start(move |heard| {
        let mut answers = answers.lock().unwrap();
        let next = 1000 + i32::try_from(answers.len()).unwrap();
        let answer = refusal(*answers.entry(heard.message.clone()).or_insert(next));
        Does::Repeats(vec![answer.clone(), answer])
    });
    let gateway = gateway(&[kdc.addr()], &["--principal-rate", "0"]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    for place in 0..100 {
        let answer = socket.ask(&as_req("alice"));
        assert_eq!(error_code(&answer), 1000 + i32::try_from(place).unwrap());
        // The second copy is there, too late for this request and too early for the next.
        kdc.wait_until_answered(place + 1);
    }
}

#[test]
fn a_late_reply_to_a_repeated_datagram_never_answers_the_next_request() {
    // The first request is answered once it came twice, and then twice.
    let heard_first = Mutex::new(Vec::<Vec<u8>>::new());
    let kdc = ForgedKdc::start(move |heard| {
        let mut seen = heard_first.lock().unwrap();
        seen.push(heard.message.clone());
        let is_first = seen[0] == heard.message;
        let copies = seen.iter().filter(|message| **message == heard.message).count();
        match (is_first, heard.over, copies) {
            (_, Transport::Tcp, _) | (true, _, 1) => {
                if heard.over == Transport::Tcp {
                    // Only datagrams count.
                    seen.pop();
                }
                Does::Nothing
            }
            (true, ..) => Does::Repeats(vec![refusal(1000), refusal(1000)]),
            (false, ..) => Does::Says(refusal(1001)),
        }
    });
    let gateway = gateway(&[kdc.addr()], &[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    assert_eq!(error_code(&socket.ask(&as_req("alice"))), 1000);
    for _ in 0..20 {
        assert_eq!(error_code(&socket.ask(&as_req("alice"))), 1001);
    }
}
