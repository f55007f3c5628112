//! Every captured message is read and comes out octet for octet.

use krb::error_code::KDC_ERR_PREAUTH_REQUIRED;
use krb::flags::{Flags, ap, kdc, ticket};
use krb::msg::ap::{ApRep, ApReq};
use krb::msg::kdc::{AsReq, TgsReq};
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{Authenticator, EncTicketPart, ad_type};
use krb::msg::padata::{EtypeInfo2, MethodData, PA_ETYPE_INFO2, PA_TGS_REQ};
use krb::msg::{MsgError, PVNO, msg_type};
use krb::{etype, name};

use crate::captures::{Capture, all, folder};

fn one(part: &str, start: &str) -> Capture {
    let mut found = folder(part).into_iter().filter(|capture| capture.name.starts_with(start));
    let capture = found.next().expect("the capture exists");
    assert!(found.next().is_none(), "{start} is one capture");
    capture
}

#[test]
fn every_kdc_message_comes_out_as_it_went_in() {
    let captures = folder("wire");
    assert_eq!(captures.len(), 90);
    for Capture { name, kind, octets } in captures {
        assert_eq!(kind.reread(&octets).expect(&name), octets, "{name}");
    }
}

#[test]
fn every_opened_part_comes_out_as_it_went_in() {
    let captures = folder("decrypted");
    assert_eq!(captures.len(), 95);
    for Capture { name, kind, octets } in captures {
        assert_eq!(kind.reread(&octets).expect(&name), octets, "{name}");
    }
}

#[test]
fn no_captured_message_may_be_followed_by_anything() {
    for Capture { name, kind, mut octets } in all() {
        octets.push(0);
        assert!(matches!(kind.reread(&octets), Err(MsgError::Trailing { count: 1 })), "{name}");
    }
}

#[test]
fn no_captured_message_may_lack_its_end() {
    for Capture { name, kind, octets } in all() {
        for end in [0, 1, 2, 3, octets.len() / 2, octets.len() - 1] {
            assert!(matches!(kind.reread(&octets[..end]), Err(MsgError::Malformed(_))), "{name} {end}");
        }
    }
}

#[test]
fn no_captured_message_is_taken_for_another_kind() {
    for one in all() {
        for other in all().iter().filter(|other| other.kind != one.kind) {
            assert!(other.kind.reread(&one.octets).is_err(), "{} as {:?}", one.name, other.kind);
        }
    }
}

#[test]
fn a_first_request_says_who_asks_for_what() {
    let request = AsReq::decode(&one("wire", "004-encts-req").octets).unwrap();
    assert_eq!((request.pvno, request.msg_type), (PVNO, msg_type::AS_REQ));
    assert_eq!(request.req_body.cname.as_ref().unwrap().to_string(), "alice");
    assert_eq!(request.req_body.sname.as_ref().unwrap().to_string(), "krbtgt/H4.TEST");
    assert_eq!(request.req_body.realm.as_str(), Some("H4.TEST"));
    assert_eq!(request.req_body.etype.first().copied(), Some(etype::AES256_CTS_HMAC_SHA384_192.into()));
    assert_eq!(request.req_body.kdc_options, Flags::with(&[kdc::FORWARDABLE, kdc::RENEWABLE]));
}

#[test]
fn an_error_lists_the_methods_that_the_kdc_takes() {
    let error = KrbError::decode(&one("wire", "005-encts-rep").octets).unwrap();
    assert_eq!(error.error_code, KDC_ERR_PREAUTH_REQUIRED);
    let methods = MethodData::decode(&error.e_data.unwrap()).unwrap();
    let info = methods.0.iter().find(|method| method.padata_type == PA_ETYPE_INFO2).unwrap();
    let info = EtypeInfo2::decode(&info.padata_value).unwrap();
    assert_eq!(info.0[0].salt.as_ref().unwrap().as_str(), Some("H4.TESTalice"));
}

#[test]
fn a_further_request_carries_its_ticket_in_its_padata() {
    let request = TgsReq::decode(&one("wire", "042-tgs-gw-req").octets).unwrap();
    assert_eq!(request.msg_type, msg_type::TGS_REQ);
    let padata = request.padata.as_ref().unwrap();
    let ap_req = padata.iter().find(|padata| padata.padata_type == PA_TGS_REQ).unwrap();
    let ap_req = ApReq::decode(&ap_req.padata_value).unwrap();
    assert_eq!(ap_req.ticket.sname.to_string(), "krbtgt/H4.TEST");
    assert!(!ap_req.ap_options.bit(ap::MUTUAL_REQUIRED));
}

#[test]
fn an_opened_ticket_says_whose_it_is_and_until_when() {
    let part = EncTicketPart::decode(&one("decrypted", "gss-spnegomut-0-init-et18").octets).unwrap();
    assert_eq!(part.cname.to_string(), "alice");
    assert_eq!(part.cname.name_type, name::NT_PRINCIPAL);
    assert!(part.flags.bit(ticket::PRE_AUTHENT) && !part.flags.bit(ticket::INVALID));
    assert!(part.endtime.seconds() > part.authtime.seconds());
    assert_eq!(part.authorization_data.unwrap().0[0].ad_type, ad_type::IF_RELEVANT);
}

#[test]
fn both_ap_reps_of_a_dce_handshake_come_out_as_they_went_in() {
    // The tokens are a NegTokenResp around the bare message; 30 and 13 octets of it come first.
    for (name, start) in [("gss-spnegodce-0-acc", 30), ("gss-spnegodce-1-init", 13)] {
        let path = format!("{}/../tests/data/mit-1.20.1/wire/{name}.bin", env!("CARGO_MANIFEST_DIR"));
        let token = std::fs::read(path).unwrap();
        let message = ApRep::decode(&token[start..]).unwrap();
        assert_eq!(message.msg_type, msg_type::AP_REP);
        assert_eq!(message.encode().unwrap(), &token[start..]);
    }
}

#[test]
fn an_authenticator_over_gss_carries_channel_bindings_as_a_checksum() {
    let authenticator = Authenticator::decode(&one("decrypted", "gss-spnegocb-0-init-Auth").octets).unwrap();
    assert_eq!(authenticator.cksum.unwrap().cksumtype, 0x8003);
    assert!(authenticator.subkey.is_some() && authenticator.seq_number.is_some());
}

#[test]
fn names_beyond_ascii_are_kept_and_shown() {
    let captures: Vec<_> = folder("wire").into_iter().filter(|c| c.name.contains("nonascii")).collect();
    let names: Vec<_> = captures
        .iter()
        .filter_map(|capture| AsReq::decode(&capture.octets).ok()?.0.req_body.cname)
        .map(|name| name.to_string())
        .collect();
    assert!(
        names.iter().any(|name| name == "münchen") && names.iter().any(|name| name == "用户"),
        "{names:?}"
    );
}
