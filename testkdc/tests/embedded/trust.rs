//! Realms that trust each other: two embedded ones, and an embedded one beside MIT's.

use client::{Credential, TicketOptions};
use krb::error_code::*;
use krb::flags::{Flags, kdc as option, ticket};
use krb::msg::opened::EncTicketPart;
use krb::name::{NT_SRV_HST, PrincipalName};
use krb::pac::{Pac, ValidationInfo};
use testkdc::embedded::{Account, Database, Forge, Kdc, Kind, PacDraft};
use testkdc::{Krb5Conf, Realm};

use super::ours::{self, alices_tgt, code, keytab, opened, pac};
use super::{client_with, demo, serve};

const SECRET: &str = "what both KDCs know";

fn demo_that_trusts() -> Database {
    demo().trust("OTHER.TEST", SECRET, &["other.test"])
}

fn other_that_trusts() -> Database {
    Database::new("OTHER.TEST").service("HTTP/www.other.test").trust("DEMO.TEST", SECRET, &[])
}

/// What a client of DEMO.TEST is told of another realm.
fn with_realm(conf: Krb5Conf, name: &str, kdc: std::net::SocketAddr) -> Krb5Conf {
    conf.section(&format!("[realms]\n    {name} = {{\n        kdc = {kdc}\n    }}\n"))
}

#[test]
fn stock_kvno_follows_a_referral_into_the_other_realm() {
    let (demo, other) = (serve(demo_that_trusts()), serve(other_that_trusts()));
    let client = client_with(&with_realm(super::conf(&demo), "OTHER.TEST", other.addrs()[0]));
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    let kvno = client.kvno(&["HTTP/www.other.test"]).unwrap();
    assert!(kvno.success(), "{kvno:?}\n{}", client.trace());
    let list = client.klist(&[]).unwrap().stdout;
    assert!(list.contains("Ticket server: HTTP/www.other.test@OTHER.TEST"), "{list}");
}

#[test]
fn mits_kdc_believes_our_tickets_and_we_believe_its() {
    let realm = Realm::builder().native().start().unwrap();
    for principal in ["krbtgt/TGG.TEST@DEMO.TEST", "krbtgt/DEMO.TEST@TGG.TEST"] {
        realm.kadmin(&format!("addprinc -pw secret +requires_preauth {principal}")).unwrap();
    }
    let demo = serve(demo().trust("TGG.TEST", "secret", &["tgg.test"]));

    let ours = client_with(&with_realm(super::conf(&demo), "TGG.TEST", realm.kdc_addr()));
    assert!(ours.kinit("alice", "alicepw").unwrap().success());
    let kvno = ours.kvno(&["HTTP/gw.tgg.test"]).unwrap();
    assert!(kvno.success(), "{kvno:?}\n{}\n{}", ours.trace(), realm.kdc_log());

    let theirs = realm.client_with(&with_realm(realm.direct(), "DEMO.TEST", demo.addrs()[0])).unwrap();
    assert!(theirs.kinit("alice", "alicepw").unwrap().success());
    let kvno = theirs.kvno(&["HTTP/localhost@DEMO.TEST"]).unwrap();
    assert!(kvno.success(), "{kvno:?}\n{}", theirs.trace());
}

/// Alice's ticket for the other realm's KDC, as the embedded KDC that is told to trust it makes it.
fn for_other(demo: &Kdc) -> Credential {
    let krbtgt = PrincipalName::krbtgt(&"OTHER.TEST".into());
    ours::spend(demo, &alices_tgt(demo), krbtgt, &TicketOptions::default(), 0).unwrap()
}

fn www() -> PrincipalName {
    PrincipalName::new(NT_SRV_HST, ["HTTP", "www.other.test"])
}

#[test]
fn groups_come_along_and_those_of_the_other_realm_stay_out() {
    let other = other_that_trusts();
    let (theirs, elsewhere) = (other.group_sid(512).unwrap(), "S-1-5-21-9-9-9-512".parse().unwrap());
    let account = Account::user("alice", "alicepw").groups(&[1105]).other_groups(&[theirs, elsewhere]);
    let (demo, other) = (ours::kdc(demo_that_trusts().account(account)), ours::kdc(other));
    let credential = ours::spend(&other, &for_other(&demo), www(), &TicketOptions::default(), 0).unwrap();
    let part = opened(&other, &credential, "HTTP/www.other.test");
    assert_eq!((part.crealm.as_str(), part.cname.to_string()), (Some("DEMO.TEST"), "alice".to_owned()));
    assert!(part.transited.contents.is_empty() && part.flags.bit(ticket::TRANSITED_POLICY_CHECKED));
    let octets = pac(&part);
    let logon = Pac::read(&octets).unwrap().logon_info().unwrap().unwrap();
    assert_eq!(logon.extra, [elsewhere]);
    assert_eq!(logon.groups.last(), demo_that_trusts().group_sid(1105).as_ref());
}

/// A KDC of DEMO.TEST that lies in what it hands to another realm.
struct Liar<T>(T);

impl<T: Fn(&mut EncTicketPart) + Send + Sync> Forge for Liar<T> {
    fn ticket(&self, kind: Kind, ticket: &mut EncTicketPart) {
        if kind == Kind::Tgs {
            (self.0)(ticket);
        }
    }
}

#[test]
fn a_trusted_realm_speaks_for_its_own_users_only() {
    let other = ours::kdc(other_that_trusts());
    let refused = |lie: fn(&mut EncTicketPart)| {
        let demo = ours::kdc(demo_that_trusts()).forged(Liar(lie));
        let mut tgt = for_other(&demo);
        let keytab = keytab(&demo, "krbtgt/OTHER.TEST");
        let key = krb::crypto::Key::try_from(&keytab.entries[0].key).unwrap();
        let keys = krb::crypto::UsageKeys::derive(&key, krb::crypto::Usage::TICKET).unwrap();
        let part = EncTicketPart::decode(&keys.open_data(&tgt.ticket.enc_part).unwrap()).unwrap();
        tgt.client.krb_realm = part.crealm;
        code(ours::spend(&other, &tgt, www(), &TicketOptions::default(), 0))
    };
    assert_eq!(refused(|ticket| ticket.crealm = "OTHER.TEST".into()), KDC_ERR_PATH_NOT_ACCEPTED);
    assert_eq!(refused(|ticket| ticket.crealm = "THIRD.TEST".into()), KDC_ERR_PATH_NOT_ACCEPTED);
    let via = |ticket: &mut EncTicketPart| ticket.transited.contents = b"THIRD.TEST".to_vec().into();
    assert_eq!(refused(via), KDC_ERR_PATH_NOT_ACCEPTED);
    assert_eq!(refused(|ticket| ticket.authtime = ours::time(ours::NOW - 7)), KRB_AP_ERR_MODIFIED);
}

#[test]
fn the_key_of_a_trust_opens_no_other_way_in() {
    let demo = ours::kdc(demo_that_trusts());
    let own = alices_tgt(&demo);
    // The other realm could have written this one: it has the key, and the client is of ours.
    let shared = Credential { server: own.server.clone(), ..for_other(&demo) };
    assert_eq!(ours::code_of(&ours::asked(&demo, &shared, |_| {})), KRB_AP_ERR_NOT_US);
    // As the ticket of another user it would tell whose session key seals a ticket.
    let peer = shared.ticket.clone();
    let answer = ours::asked(&demo, &own, |body| {
        body.kdc_options = Flags::with(&[option::ENC_TKT_IN_SKEY]);
        body.sname = Some(own.client.name.clone());
        body.additional_tickets = Some(vec![peer]);
    });
    assert_eq!(ours::code_of(&answer), KDC_ERR_SERVER_NOMATCH);
}

#[test]
fn a_trusted_realm_has_no_say_about_our_accounts() {
    struct Domain(krb::pac::Sid);
    impl Forge for Domain {
        fn pac(&self, _: Kind, pac: &mut PacDraft) {
            let logon = ValidationInfo { domain_sid: Some(self.0), ..pac.logon.take().unwrap() };
            pac.logon = Some(logon);
        }
    }
    let other = other_that_trusts();
    let demo = ours::kdc(demo_that_trusts()).forged(Domain(other.domain_sid()));
    let outcome = ours::spend(&ours::kdc(other), &for_other(&demo), www(), &TicketOptions::default(), 0);
    assert_eq!(code(outcome), KRB_AP_ERR_MODIFIED);
}

#[test]
fn another_secret_is_another_realm() {
    let demo = ours::kdc(demo_that_trusts());
    let other = Database::new("OTHER.TEST").service("HTTP/www.other.test").trust("DEMO.TEST", "another", &[]);
    let outcome = ours::spend(&ours::kdc(other), &for_other(&demo), www(), &TicketOptions::default(), 0);
    assert_eq!(code(outcome), KRB_AP_ERR_BAD_INTEGRITY);
    let stranger = ours::kdc(Database::new("OTHER.TEST"));
    let outcome = ours::spend(&stranger, &for_other(&demo), www(), &TicketOptions::default(), 0);
    assert_eq!(code(outcome), KRB_AP_ERR_NOT_US);
}

#[test]
fn nobody_is_let_through_to_a_third_realm() {
    let other = ours::kdc(other_that_trusts().trust("THIRD.TEST", "third", &["third.test"]));
    let tgt = for_other(&ours::kdc(demo_that_trusts()));
    let third = PrincipalName::krbtgt(&"THIRD.TEST".into());
    let outcome = ours::spend(&other, &tgt, third, &TicketOptions::default(), 0);
    assert_eq!(code(outcome), KDC_ERR_PATH_NOT_ACCEPTED);
}
