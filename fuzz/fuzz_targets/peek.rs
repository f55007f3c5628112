//! Peeking: whatever can be peeked at can be shown, and the full reader agrees on what it is.

#![no_main]

use krb::{
    msg::{
        ap::ApReq,
        kdc::{AsRep, AsReq, TgsRep, TgsReq},
        krb_error::KrbError,
    },
    peek::{self, Exchange},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(request) = peek::kdc_req(octets) {
        let _ = request.cname.map(|name| name.to_string());
        let _ = (request.padata_types().count(), request.etypes().count());
        assert!(request.sname.is_none_or(|name| name.matches(&name)));
        match request.exchange {
            Exchange::As => {
                if let Ok(message) = AsReq::decode(octets) {
                    assert_eq!(message.req_body.realm.as_octets(), request.realm);
                    assert_eq!(message.req_body.nonce, request.nonce);
                    assert_eq!(message.req_body.etype, request.etypes().collect::<Vec<_>>());
                }
            }
            Exchange::Tgs => {
                if let Ok(message) = TgsReq::decode(octets) {
                    assert_eq!(message.req_body.realm.as_octets(), request.realm);
                    assert_eq!(message.req_body.nonce, request.nonce);
                }
            }
        }
    }
    if let Ok(reply) = peek::kdc_rep(octets) {
        let _ = (reply.cname.to_string(), reply.ticket_sname.to_string());
        let crealm = match reply.exchange {
            Exchange::As => AsRep::decode(octets).map(|message| message.crealm.clone()),
            Exchange::Tgs => TgsRep::decode(octets).map(|message| message.crealm.clone()),
        };
        if let Ok(crealm) = crealm {
            assert_eq!(crealm.as_octets(), reply.crealm);
        }
    }
    if let (Ok(peeked), Ok(message)) = (peek::krb_error(octets), KrbError::decode(octets)) {
        assert_eq!(peeked.code, i64::from(message.error_code));
        assert_eq!(peeked.realm, message.realm.as_octets());
        assert_eq!(peeked.stime, message.stime.as_octets());
    }
    if let (Ok(peeked), Ok(message)) = (peek::ap_req(octets), ApReq::decode(octets)) {
        assert_eq!(peeked.ticket_realm, message.ticket.realm.as_octets());
        assert_eq!(peeked.ticket_etype, message.ticket.enc_part.etype);
    }
});
