//! What of passwords can be judged without a KDC.

use std::path::Path;

use client::{ClientError, Refusal};
use krb::{
    error_code::{
        KDC_ERR_C_PRINCIPAL_UNKNOWN, KDC_ERR_CLIENT_NOTYET, KDC_ERR_CLIENT_REVOKED, KDC_ERR_ETYPE_NOSUPP,
        KDC_ERR_KEY_EXPIRED, KDC_ERR_NAME_EXP, KDC_ERR_NEVER_VALID, KDC_ERR_NULL_KEY,
        KDC_ERR_PADATA_TYPE_NOSUPP, KDC_ERR_POLICY, KDC_ERR_PREAUTH_FAILED, KDC_ERR_PREAUTH_REQUIRED,
        KDC_ERR_S_PRINCIPAL_UNKNOWN, KDC_ERR_SVC_UNAVAILABLE, KDC_ERR_WRONG_REALM, KRB_AP_ERR_SKEW,
        KRB_ERR_GENERIC,
    },
    name::{NT_SRV_HST, PrincipalName},
    time::KerberosTime,
};
use tgg::routes::Server;
use tpg::{policy::Policy, services::Services};

use super::*;
use crate::realm::module::Fault;

fn settings() -> Settings {
    let keytab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keytab/mit-ktutil.keytab");
    let services = Services::new(vec!["*".parse().unwrap(), "*/*".parse().unwrap()]);
    let policy = Policy { services, ..Policy::default() };
    Settings {
        gss: gss::Settings { keytab, policy, replay_capacity: 0, replay_file: None },
        krb_realms: Vec::new(),
        default_realm: None,
        timeout: Duration::from_secs(1),
    }
}

fn named(name: &str) -> KrbRealm {
    let kdcs = vec![Server { host: Host::Address("192.0.2.1".parse().unwrap()), port: 88 }];
    KrbRealm { name: name.to_owned(), kdcs, ..KrbRealm::default() }
}

#[test]
fn a_realm_without_a_named_kdc_is_looked_up_and_no_other() {
    let accepted: Vec<RealmName> = ["OWN.TEST", "PARTNER.TEST"].map(Into::into).into();
    let routes = routes(&[named("own.test")], &accepted);
    let realms: Vec<_> =
        routes.realms().iter().map(|realm| (realm.name.as_str(), realm.kdcs.len(), realm.discover)).collect();
    assert_eq!(realms, [("own.test", 1, false), ("PARTNER.TEST", 0, true)]);
    assert_eq!(routes.find(b"ELSEWHERE.TEST"), None);
}

#[tokio::test]
async fn a_default_realm_must_be_one_whose_users_are_let_in() {
    let open = |default: &str, accepts: &[&str]| {
        let mut settings = settings();
        settings.default_realm = Some(default.to_owned());
        settings.gss.policy.accept_realms = accepts.iter().map(|&realm| realm.into()).collect();
        Kerberos5::open(settings, &Kept::default()).map(drop)
    };
    let error = open("PARTNER.TEST", &[]).unwrap_err();
    assert!(error.to_string().contains("<acceptRealm>PARTNER.TEST</acceptRealm>"), "{error}");
    open("PARTNER.TEST", &["PARTNER.TEST"]).unwrap();
}

#[tokio::test]
async fn the_health_of_kdcs_outlives_a_reload_that_leaves_them() {
    let kept = Kept::default();
    let open = |timeout| {
        let settings = Settings { timeout: Duration::from_secs(timeout), ..settings() };
        Kerberos5::open(settings, &kept).unwrap().kdcs
    };
    let before = open(1);
    assert!(Arc::ptr_eq(&before, &open(1)));
    assert!(!Arc::ptr_eq(&before, &open(2)));
}

#[test]
fn each_answer_of_a_kdc_has_one_word_and_whose_fault_it_is() {
    let service = Principal {
        name: PrincipalName::new(NT_SRV_HST, ["HTTP", "gw.tgg.test"]),
        krb_realm: "TGG.TEST".into(),
    };
    let refused = |code| {
        let refusal = Refusal {
            code,
            text: None,
            time: KerberosTime::from_seconds(0).unwrap(),
            server: service.name.clone(),
            krb_realm: service.krb_realm.clone(),
        };
        let failure = Failure::from(PasswordError::of(ClientError::Refused(Box::new(refusal)), &service));
        (failure.word, failure.fault, failure.is_guess)
    };
    for (code, word) in [
        (KDC_ERR_C_PRINCIPAL_UNKNOWN, "unknown_user"),
        (KDC_ERR_WRONG_REALM, "unknown_user"),
        (KDC_ERR_CLIENT_REVOKED, "account_locked"),
        (KDC_ERR_CLIENT_NOTYET, "account_not_yet"),
        (KDC_ERR_NAME_EXP, "account_expired"),
        (KDC_ERR_KEY_EXPIRED, "password_expired"),
        (KDC_ERR_POLICY, "account_policy"),
        (KDC_ERR_NEVER_VALID, "never_valid"),
        (KDC_ERR_NULL_KEY, "no_key"),
        (KDC_ERR_ETYPE_NOSUPP, "no_key"),
        (KDC_ERR_PREAUTH_FAILED, "wrong_password"),
        (KDC_ERR_PREAUTH_REQUIRED, "other_proof"),
        (KDC_ERR_PADATA_TYPE_NOSUPP, "other_proof"),
    ] {
        assert_eq!(refused(code), (word, Fault::Peer, true), "{code}");
    }
    for (code, word) in [
        (KDC_ERR_S_PRINCIPAL_UNKNOWN, "service_unknown"),
        (KRB_AP_ERR_SKEW, "clock_skew"),
        (KDC_ERR_SVC_UNAVAILABLE, "kdc_refuses"),
        (KRB_ERR_GENERIC, "kdc_refuses"),
    ] {
        let (found, fault, _) = refused(code);
        assert_eq!((found, fault), (word, Fault::Unavailable), "{code}");
    }
}

#[tokio::test]
async fn all_spellings_of_a_user_are_counted_together() {
    let module = Kerberos5::open(settings(), &Kept::default()).unwrap();
    let krb_realm = module.gss.services()[0].krb_realm.to_string();
    let spelled = module.spelled("alice").unwrap();
    for other in
        ["Alice".to_owned(), format!("alice@{krb_realm}"), format!("ALICE@{}", krb_realm.to_lowercase())]
    {
        assert_eq!(module.spelled(&other).as_ref(), Some(&spelled), "{other}");
    }
    assert_ne!(module.spelled("alice/admin").unwrap(), spelled);
    assert_eq!(module.spelled("alice@ELSEWHERE.TEST"), None);
}
