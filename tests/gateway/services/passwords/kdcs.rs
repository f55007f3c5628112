//! KDCs that are dead, slow, lying or not the keytab's: nobody is let in by them.

use std::time::Duration;

use client::Credential;
use krb::{
    crypto::{Enctype, Key, Usage, UsageKeys, string_to_key},
    error_code::{KDC_ERR_MUST_USE_USER2USER, KDC_ERR_POLICY, KDC_ERR_PREAUTH_REQUIRED, KRB_AP_ERR_SKEW},
    flags::Flags,
    msg::{
        kdc::{AsRep, AsReq},
        krb_error::KrbError,
        opened::{EncAsRepPart, EncKdcRepPart, EncryptionKey},
        padata::{EtypeInfo2, EtypeInfo2Entry, MethodData, PA_ENC_TIMESTAMP, PA_ETYPE_INFO2, PaData},
    },
    time::KerberosTime,
};
use testkdc::Realm;
use ticketgate::ambient;

use super::{ANY_NUMBER, before, gated, keytab, login, module, refused};
use crate::{
    door::message,
    forged_kdc::{Does, ForgedKdc, Heard, Refusing, refusal},
    initiator::directly,
    ticket::{alices, ticket_of},
    world::{Gateway, realm, timed},
};

/// One with these KDCs, in this order.
fn before_all(kdcs: &[String]) -> Gateway {
    gated("", &module(&keytab(), &kdcs.join(","), ""), ANY_NUMBER)
}

/// Whether a request proves the password.
fn proves(heard: &Heard) -> bool {
    AsReq::decode(&heard.message).is_ok_and(|request| request.padata.is_some())
}

#[test]
fn without_a_kdc_it_is_not_the_users_fault() {
    let dead = Refusing::new();
    let record = refused(&before(dead.addr(), ""), "alice", "alicepw", "no_kdc", 503);
    assert_eq!(record["blame"], "backend");
}

#[test]
fn a_silent_kdc_is_given_up_in_time() {
    let silent = ForgedKdc::silent();
    let gateway = before(silent.addr(), "<timeout>1 s</timeout>");
    let (took, status) = timed(|| login(&gateway, "alice", "alicepw"));
    assert_eq!(status, 503);
    assert!((Duration::from_millis(900)..Duration::from_secs(4)).contains(&took), "{took:?}");
}

#[test]
fn a_second_kdc_answers_for_a_dead_one() {
    let dead = Refusing::new();
    let gateway = before_all(&[dead.addr().to_string(), realm().kdc_addr().to_string()]);
    assert_eq!(login(&gateway, "alice", "alicepw"), 302);
}

#[test]
fn a_password_is_proved_to_one_kdc_alone() {
    let true_kdc = realm().kdc_addr();
    let ruin = move || {
        ForgedKdc::start(move |heard| match proves(heard) {
            true => Does::Writes(Vec::new()),
            false => Does::Says(directly(true_kdc, &heard.message)),
        })
    };
    let kdcs = [ruin(), ruin()];
    let gateway = before_all(&kdcs.each_ref().map(|kdc| kdc.addr().to_string()));
    assert_eq!(login(&gateway, "alice", "alicepw"), 503);
    // A datagram is repeated, but to its own KDC.
    let read = kdcs.iter().filter(|kdc| kdc.heard().iter().any(proves)).count();
    assert_eq!(read, 1);
}

#[test]
fn a_real_kdc_with_other_keys_lets_nobody_in() {
    // The same realm, the same users, and whatever password its master likes.
    let spoofed = Realm::builder().native().start().unwrap();
    for query in ["cpw -pw evil bob", "cpw -pw evil nopreauth"] {
        spoofed.kadmin(query).unwrap();
    }
    let gateway = before(spoofed.kdc_addr(), "");
    for (name, password) in [("bob", "evil"), ("nopreauth", "evil"), ("alice", "alicepw")] {
        let record = refused(&gateway, name, password, "kdc_not_believed", 503);
        assert!(message(&record).contains("somebody may answer in the KDC's place"), "{record}");
    }
    gateway.wait_for_log("A KDC is not believed");
    assert!(!gateway.log().contains("\"granted\""));
}

#[test]
fn a_key_that_the_keytab_lacks_is_asked_for_and_used_once_it_is_there() {
    let own = Realm::builder().native().start().unwrap();
    let file = own.keytab("HTTP/gw.tgg.test").unwrap();
    let modules = module(&file.display().to_string(), &own.kdc_addr().to_string(), "");
    let gateway = gated("", &modules, ANY_NUMBER);
    assert_eq!(login(&gateway, "alice", "alicepw"), 302);
    own.kadmin("change_password -randkey HTTP/gw.tgg.test").unwrap();
    let record = refused(&gateway, "alice", "alicepw", "kdc_not_believed", 503);
    assert!(message(&record).contains("export the keytab again"), "{record}");
    let newer = own.keytab("HTTP/gw.tgg.test").unwrap();
    std::fs::rename(newer, &file).unwrap();
    gateway.wait_for_log("Read the changed keytab");
    assert_eq!(login(&gateway, "alice", "alicepw"), 302);
    own.kadmin("delete_principal -force HTTP/gw.tgg.test").unwrap();
    let record = refused(&gateway, "alice", "alicepw", "service_unknown", 503);
    assert!(message(&record).contains("HTTP/gw.tgg.test@TGG.TEST"), "{record}");
}

#[test]
fn a_kdc_that_grants_services_only_for_tickets_is_asked_for_one_first() {
    let true_kdc = realm().kdc_addr();
    for code in [KDC_ERR_MUST_USE_USER2USER, KDC_ERR_POLICY] {
        let kdc = ForgedKdc::start(move |heard| {
            let request = AsReq::decode(&heard.message).ok();
            let sname = request.and_then(|request| request.req_body.sname.clone());
            match sname.filter(|sname| sname.to_string().starts_with("HTTP/")) {
                Some(_) => Does::Says(refusal(code)),
                None => Does::Says(directly(true_kdc, &heard.message)),
            }
        });
        let gateway = before(kdc.addr(), "");
        assert_eq!(login(&gateway, "alice", "alicepw"), 302, "{code}");
        refused(&gateway, "alice", "wrong", "wrong_password", 401);
    }
}

#[test]
fn clocks_that_differ_are_the_operators_fault() {
    let kdc = ForgedKdc::refusing(KRB_AP_ERR_SKEW);
    let record = refused(&before(kdc.addr(), ""), "alice", "alicepw", "clock_skew", 503);
    assert!(message(&record).contains("NTP"), "{record}");
}

#[test]
fn garbage_is_no_answer() {
    for garbage in [b"garbage".to_vec(), vec![0x6b; 300]] {
        let kdc = ForgedKdc::start(move |_| Does::Says(garbage.clone()));
        let gateway = before(kdc.addr(), "<timeout>2 s</timeout>");
        assert_eq!(login(&gateway, "alice", "alicepw"), 503);
    }
}

#[test]
fn a_kdc_cannot_have_the_gateway_hash_for_as_long_as_it_likes() {
    let kdc = ForgedKdc::start(|_| {
        let entry = EtypeInfo2Entry {
            etype: 18,
            salt: Some("salt".into()),
            s2kparams: Some((1_u32 << 24).to_be_bytes().to_vec().into()),
        };
        let info = EtypeInfo2(vec![entry]).encode().unwrap();
        let methods = MethodData(vec![
            PaData { padata_type: PA_ENC_TIMESTAMP, padata_value: Vec::new().into() },
            PaData { padata_type: PA_ETYPE_INFO2, padata_value: info.into() },
        ]);
        let mut error = KrbError::decode(&refusal(KDC_ERR_PREAUTH_REQUIRED)).unwrap();
        error.e_data = Some(methods.encode().unwrap().into());
        Does::Says(error.encode().unwrap())
    });
    let gateway = before(kdc.addr(), "");
    refused(&gateway, "alice", "alicepw", "kdc_not_believed", 503);
    assert!(!kdc.heard().iter().any(proves));
}

/// What is sealed of an answer that a liar makes of a ticket that it has: for a password of its own.
struct Lie {
    key: EncryptionKey,
    nonce: i64,
    password: &'static str,
}

/// A KDC that hands alice this ticket, as it was made or with what `change` makes of the rest.
fn liar(credential: &Credential, change: impl Fn(&mut Lie) + Send + Sync + 'static) -> ForgedKdc {
    let credential = credential.clone();
    ForgedKdc::start(move |heard| {
        let request = AsReq::decode(&heard.message).unwrap();
        let mut lie = Lie {
            key: EncryptionKey::from(&credential.key),
            nonce: request.req_body.nonce,
            password: "evil",
        };
        change(&mut lie);
        let (krb_realm, ticket) = (request.req_body.realm.clone(), credential.ticket.clone());
        let (seconds, _) = ambient::time_of_day();
        let at = |seconds| KerberosTime::from_seconds(seconds).unwrap();
        let part = EncKdcRepPart {
            key: lie.key,
            last_req: Vec::new(),
            nonce: lie.nonce,
            key_expiration: None,
            flags: Flags::with(&[]),
            authtime: at(seconds),
            starttime: None,
            endtime: at(seconds + 3600),
            renew_till: None,
            srealm: krb_realm.clone(),
            sname: ticket.sname.clone(),
            caddr: None,
            encrypted_pa_data: None,
        };
        let enctype = Enctype::ALL[0];
        let salt = b"TGG.TESTalice";
        let reply_key = string_to_key(enctype, lie.password.as_bytes(), salt, None).unwrap();
        let keys = UsageKeys::derive(&reply_key, Usage::AS_REP).unwrap();
        let sealed = keys.seal_data(&[7; 16], &EncAsRepPart(part).encode().unwrap());
        let cname = request.req_body.cname.clone().unwrap();
        Does::Says(AsRep::new(None, krb_realm, cname, ticket, sealed).encode().unwrap())
    })
}

/// What the log says of alice, logged in by a liar.
fn told(kdc: &ForgedKdc) -> String {
    let record = refused(&before(kdc.addr(), ""), "alice", "evil", "kdc_not_believed", 503);
    message(&record).to_owned()
}

#[test]
fn a_true_ticket_whose_key_the_liar_does_not_know_is_of_no_use() {
    // Anybody can have the KDC make alice's ticket where it wants no proof before.
    let kdc = liar(alices(), |lie| {
        let enctype = Enctype::try_from(lie.key.keytype).unwrap();
        lie.key = EncryptionKey::from(&Key::new(enctype, &vec![9; enctype.key_length()]).unwrap());
    });
    assert!(told(&kdc).contains("cannot be opened with the ticket's session key"));
}

#[test]
fn the_liars_own_ticket_is_not_alices() {
    let kdc = liar(&ticket_of("bob", "bobpw", ["HTTP", "gw.tgg.test"]), |_| ());
    assert!(told(&kdc).contains("bob@TGG.TEST's"));
}

#[test]
fn a_ticket_that_alice_once_had_is_no_login() {
    let kdc = liar(alices(), |_| ());
    assert!(told(&kdc).contains("was not made for this login"));
}

#[test]
fn an_answer_to_another_question_is_none() {
    let kdc = liar(alices(), |lie| lie.nonce ^= 1);
    assert!(told(&kdc).contains("belongs to another request"));
}

#[test]
fn an_answer_for_another_password_is_a_wrong_password() {
    let kdc = liar(alices(), |lie| lie.password = "other");
    refused(&before(kdc.addr(), ""), "alice", "evil", "wrong_password", 401);
}
