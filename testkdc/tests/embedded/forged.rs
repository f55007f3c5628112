//! A forge makes tickets and replies that no real KDC makes, and they are seen for what they are.

use client::{ClientError, TicketOptions};
use krb::error_code::KDC_ERR_SVC_UNAVAILABLE;
use krb::flags::{Flags, ticket};
use krb::msg::kdc::KdcRep;
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{EncKdcRepPart, EncTicketPart};
use krb::pac::filetime;
use testkdc::embedded::{Forge, Kind, PacDraft};
use tpg::acceptor::Verdict;

use super::demo;
use super::ours::{self, NOW, alices_tgt, alices_ticket, at, judged, log_in, time};

/// The word for why our door refuses alice's ticket.
#[track_caller]
fn refused(forge: impl Forge + 'static) -> &'static str {
    let kdc = ours::kdc(demo()).forged(forge);
    match judged(&kdc, &alices_ticket(&kdc)) {
        Verdict::Refused { refusal, .. } => refusal.word(),
        other => panic!("{other:?}"),
    }
}

/// Changes the tickets for services.
struct Tickets(fn(&mut EncTicketPart));

impl Forge for Tickets {
    fn ticket(&self, kind: Kind, ticket: &mut EncTicketPart) {
        if kind == Kind::Tgs {
            (self.0)(ticket);
        }
    }
}

/// Changes every PAC.
struct Pacs(fn(&mut PacDraft));

impl Forge for Pacs {
    fn pac(&self, _: Kind, pac: &mut PacDraft) {
        (self.0)(pac);
    }
}

#[test]
fn a_ticket_that_was_changed_before_it_was_sealed_is_judged_by_what_it_says() {
    assert_eq!(refused(Tickets(|ticket| ticket.endtime = time(NOW - 400))), "expired");
    assert_eq!(refused(Tickets(|ticket| ticket.flags = Flags::with(&[ticket::INVALID]))), "invalid");
    assert_eq!(refused(Tickets(|ticket| ticket.authorization_data = None)), "pac_missing");
}

#[test]
fn a_pac_that_was_changed_before_it_was_signed_is_judged_by_what_it_says() {
    let other = |pac: &mut PacDraft| {
        if let Some(client) = &mut pac.client {
            client.name = "administrator".into();
        }
    };
    assert_eq!(refused(Pacs(other)), "pac_mismatch");
    let older = |pac: &mut PacDraft| {
        if let Some(client) = &mut pac.client {
            client.filetime = filetime(NOW - 60).unwrap();
        }
    };
    assert_eq!(refused(Pacs(older)), "pac_mismatch");
    assert_eq!(refused(Pacs(|pac| pac.client = None)), "pac");
}

/// Changes the part for the client, and the reply.
struct Replies(fn(&mut EncKdcRepPart), fn(&mut KdcRep));

impl Forge for Replies {
    fn reply_part(&self, _: Kind, part: &mut EncKdcRepPart) {
        (self.0)(part);
    }

    fn reply(&self, _: Kind, reply: &mut KdcRep) {
        (self.1)(reply);
    }
}

#[test]
fn a_reply_that_lies_is_no_answer_to_our_client() {
    let outcome = |forge| {
        let kdc = ours::kdc(demo()).forged(forge);
        log_in(&kdc, "alice", "alicepw", &TicketOptions::default(), at(NOW))
    };
    assert!(matches!(outcome(Replies(|part| part.nonce ^= 1, |_| {})), Err(ClientError::NonceMismatch)));
    let server = outcome(Replies(|_| {}, |reply| reply.ticket.realm = "OTHER.TEST".into()));
    assert!(matches!(server, Err(ClientError::ServerMismatch)));
    let client = outcome(Replies(|_| {}, |reply| reply.crealm = "OTHER.TEST".into()));
    assert!(matches!(client, Err(ClientError::ClientMismatch)));
    assert!(outcome(Replies(|_| {}, |_| {})).is_ok());
}

#[test]
fn any_answer_can_become_another() {
    struct Busy;
    impl Forge for Busy {
        fn answer(&self, kind: Kind, octets: &mut Vec<u8>) {
            if kind == Kind::Tgs {
                let code = KDC_ERR_SVC_UNAVAILABLE;
                let error =
                    KrbError::new(code, "DEMO.TEST".into(), ["krbtgt", "DEMO.TEST"], time(NOW), 0, None);
                *octets = error.encode().unwrap();
            }
        }
    }
    let kdc = ours::kdc(demo()).forged(Busy);
    let outcome = ours::spend(&kdc, &alices_tgt(&kdc), ours::http(), &TicketOptions::default(), 0);
    assert_eq!(ours::code(outcome), KDC_ERR_SVC_UNAVAILABLE);
}

#[test]
fn who_has_no_pac_gets_none_further_on() {
    struct Bare;
    impl Forge for Bare {
        fn ticket(&self, kind: Kind, ticket: &mut EncTicketPart) {
            if kind == Kind::As {
                ticket.authorization_data = None;
            }
        }
    }
    let kdc = ours::kdc(demo()).forged(Bare);
    let part = ours::opened(&kdc, &alices_ticket(&kdc), "HTTP/localhost");
    assert_eq!(part.authorization_data, None);
}
