//! The DER form that MIT krb5 gives each message: read, and written octet for octet.

use krb::kkdcp;
use krb::msg::MsgError;
use krb::msg::ap::{ApRep, ApReq};
use krb::msg::kdc::{AsRep, AsReq, KdcReqBody, TgsRep, TgsReq};
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{
    Authenticator, AuthorizationData, EncApRepPart, EncTgsRepPart, EncTicketPart, EncryptionKey,
};
use krb::msg::padata::{EtypeInfo2, MethodData, PaEncTsEnc};
use krb::msg::ticket::Ticket;
use krb::sealed::EncryptedData;

/// Origin: tests/data/krb5/README.md.
const REFERENCE: &str = include_str!("../../../tests/data/krb5/reference_encode.out");

/// What there is no type for here.
const ELSEWHERE: [&str; 27] = [
    "ad_kdcissued",
    "cammac",
    "cred",
    "enc_cred_part",
    "enc_priv_part",
    "enc_sam_response_enc_2",
    "etype_info",
    "fast_response",
    "iakerb_finished",
    "iakerb_header",
    "otp_tokeninfo",
    "pa_for_user",
    "pa_fx_fast_reply",
    "pa_otp_challenge",
    "pa_otp_enc_req",
    "pa_otp_req",
    "pa_s4u_x509_user",
    "pa_spake",
    "priv",
    "safe",
    "sam_challenge_2",
    "sam_challenge_2_body",
    "sam_response_2",
    "secure_cookie",
    "spake_factor",
    "typed_data",
    "kkdcp_message",
];

/// Each line: what it is, what is special about it, and its octets.
fn lines() -> impl Iterator<Item = (&'static str, &'static str, Vec<u8>)> {
    REFERENCE.lines().map(|line| {
        let (title, digits) = line.split_once(": ").expect("a title and octets");
        let name = title.strip_prefix("encode_krb5_").expect("a name");
        let (name, special) = name.split_once('(').unwrap_or((name, ""));
        let octets = digits.split_whitespace().map(|octet| u8::from_str_radix(octet, 16).expect("hex"));
        (name.trim_end(), special, octets.collect())
    })
}

/// Reads what is called `name` in MIT krb5 and writes it again; `None` if there is no type for it.
fn reread(name: &str, octets: &[u8]) -> Option<Result<Vec<u8>, MsgError>> {
    Some(match name {
        "ap_rep" => ApRep::decode(octets).and_then(|message| message.encode()),
        "ap_rep_enc_part" => EncApRepPart::decode(octets).and_then(|message| message.encode()),
        "ap_req" => ApReq::decode(octets).and_then(|message| message.encode()),
        "as_rep" => AsRep::decode(octets).and_then(|message| message.encode()),
        "as_req" => AsReq::decode(octets).and_then(|message| message.encode()),
        "authenticator" => Authenticator::decode(octets).and_then(|message| message.encode()),
        "authorization_data" => AuthorizationData::decode(octets).and_then(|message| message.encode()),
        "enc_data" => EncryptedData::decode(octets).and_then(|message| message.encode()),
        "enc_kdc_rep_part" => EncTgsRepPart::decode(octets).and_then(|message| message.encode()),
        "enc_tkt_part" => EncTicketPart::decode(octets).and_then(|message| message.encode()),
        "error" => KrbError::decode(octets).and_then(|message| message.encode()),
        "etype_info2" => EtypeInfo2::decode(octets).and_then(|message| message.encode()),
        "kdc_req_body" => KdcReqBody::decode(octets).and_then(|message| message.encode()),
        "keyblock" => EncryptionKey::decode(octets).and_then(|message| message.encode()),
        "pa_enc_ts" => PaEncTsEnc::decode(octets).and_then(|message| message.encode()),
        "padata_sequence" => MethodData::decode(octets).and_then(|message| message.encode()),
        "tgs_rep" => TgsRep::decode(octets).and_then(|message| message.encode()),
        "tgs_req" => TgsReq::decode(octets).and_then(|message| message.encode()),
        "ticket" => Ticket::decode(octets).and_then(|message| message.encode()),
        _ => return None,
    })
}

#[test]
fn every_message_that_mit_writes_comes_out_as_it_went_in() {
    for (name, special, octets) in lines() {
        match reread(name, &octets) {
            Some(written) => assert_eq!(written.expect(name), octets, "{name} {special}"),
            None => assert!(ELSEWHERE.contains(&name), "{name} has neither a type nor a reason"),
        }
    }
}

#[test]
fn a_key_version_that_mit_writes_as_a_negative_number_is_the_number_it_means() {
    let versions: Vec<_> = lines()
        .filter(|(name, ..)| *name == "enc_data")
        .map(|(.., octets)| EncryptedData::decode(&octets).expect("enc_data").key_version())
        .collect();
    assert_eq!(versions, [Some(5), Some(0xFF00_0000), Some(u32::MAX)]);
}

#[test]
fn the_envelope_that_mit_writes_opens() {
    let (.., envelope) = lines().find(|(name, ..)| *name == "kkdcp_message").expect("an envelope");
    let opened = kkdcp::open(&envelope).expect("an envelope");
    assert_eq!((opened.prefixed, opened.target_domain), (false, Some(&b"krb5data"[..])));
    assert!(AsReq::decode(opened.message).is_ok());
}
