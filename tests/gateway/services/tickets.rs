//! The options of `kerberos5` and `gss`: which tickets open the door, each option with a ticket that it is about.

use std::time::Duration;

use client::{
    Credential,
    negotiate::{Negotiate, NegotiateDraft, NegotiateOptions, client_target},
};
use krb::{
    flags::Flags,
    gss::Mech,
    msg::{HostAddress, addr_type, opened::EncTicketPart},
    name::{NT_WELLKNOWN, PrincipalName},
};
use ticketgate::tls::binding::end_point;

use super::{
    Folder, ask,
    realms::{bobs, gated, kerberos, keyed, roles},
    status,
};
use crate::{
    backend::Backend,
    door::{admission, groups::in_group, message},
    identity::Identity,
    ticket::{alices, authorization, dice, field, forged, now, service_key, ticket_of, token},
    world::{Gateway, realm},
};

/// A door for any user, with these options of `gss`.
fn door(options: &str) -> Gateway {
    gated(&roles(&["*"]), &kerberos(options))
}

/// What becomes of whoever presents this token.
fn judged(gateway: &Gateway, token: &Negotiate) -> u16 {
    status(&ask(gateway, "GET /in", &field(token.token())))
}

/// A new token with this ticket.
fn with(ticket: &Credential) -> Negotiate {
    Negotiate::new(ticket, &NegotiateOptions::default(), now(), &mut dice).unwrap()
}

/// A new token of alice's that is changed before it is sealed.
fn changed(change: impl FnOnce(&mut NegotiateDraft)) -> Negotiate {
    let mut draft = NegotiateDraft::new(alices(), &NegotiateOptions::default(), now(), &mut dice).unwrap();
    change(&mut draft);
    draft.send(&mut dice).unwrap()
}

/// Refused by default, let in with this option.
#[track_caller]
fn assert_lets_in(option: &str, outcome: &str, token: impl Fn() -> Negotiate) {
    let strict = door("");
    assert_eq!(judged(&strict, &token()), 401);
    admission(&strict, outcome);
    assert_eq!(judged(&door(option), &token()), 302, "{option}");
}

/// Let in by default, refused with this option.
#[track_caller]
fn assert_keeps_out(option: &str, outcome: &str, token: impl Fn() -> Negotiate) {
    assert_eq!(judged(&door(""), &token()), 302);
    let strict = door(option);
    assert_eq!(judged(&strict, &token()), 401, "{option}");
    admission(&strict, outcome);
}

#[test]
fn principal_says_whose_tickets_are_accepted() {
    let keytab = realm().dir().join("services.keytab").display().to_string();
    let door = |principal: &str| {
        let principal = format!("<principal>{principal}</principal>");
        gated(&roles(&["*"]), &keyed(&keytab, &principal, ""))
    };
    let alice = || token(&NegotiateOptions::default());
    let host = ticket_of("alice", "alicepw", ["host", "svc.tgg.test"]);
    let web = door("HTTP/gw.tgg.test@TGG.TEST");
    assert_eq!((judged(&web, &alice()), judged(&web, &with(&host))), (302, 401));
    let other = door("host/svc.tgg.test");
    assert_eq!((judged(&other, &alice()), judged(&other, &with(&host))), (401, 302));
    admission(&other, "not_us");
}

#[test]
fn clock_skew_says_how_far_a_clock_may_be_wrong() {
    let ahead = || {
        let then = now() + Duration::from_secs(400);
        Negotiate::new(alices(), &NegotiateOptions::default(), then, &mut dice).unwrap()
    };
    assert_lets_in("<clockSkew>10 minutes</clockSkew>", "skew", ahead);
}

#[test]
fn channel_binding_says_whether_tokens_must_be_bound_and_binding_cert_to_what() {
    let proxy = Identity::new();
    let certificate = format!("<bindingCert>{}</bindingCert>", proxy.certificate_file().display());
    let own = end_point(&proxy.der());
    for (mode, expected) in
        [("off", [302, 302, 302]), ("if_present", [302, 401, 302]), ("require", [302, 401, 401])]
    {
        let gateway = door(&format!("<channelBinding>{mode}</channelBinding>{certificate}"));
        let statuses = [own, Some([7; 16]), None].map(|bindings| {
            judged(&gateway, &token(&NegotiateOptions { bindings, ..NegotiateOptions::default() }))
        });
        assert_eq!(statuses, expected, "{mode}");
    }
    let bound = token(&NegotiateOptions { bindings: own, ..NegotiateOptions::default() });
    assert_eq!(judged(&door("<channelBinding>require</channelBinding>"), &bound), 401, "no bindingCert");
}

#[test]
fn target_name_says_whether_clients_must_name_the_service() {
    let meant = |spn: &str| NegotiateOptions {
        authorization_data: vec![client_target(spn)],
        ..NegotiateOptions::default()
    };
    let own = || token(&meant("HTTP/gw.tgg.test@TGG.TEST"));
    let other = || token(&meant("HTTP/elsewhere.test@TGG.TEST"));
    let none = || token(&NegotiateOptions::default());
    for (mode, expected) in
        [("off", [302, 302, 302]), ("if_present", [302, 401, 302]), ("require", [302, 401, 401])]
    {
        // The module accepts one name alone, or each of the keytab's would do.
        let keytab = realm().dir().join("services.keytab").display().to_string();
        let principal = "<principal>HTTP/gw.tgg.test</principal>";
        let target = format!("<targetName>{mode}</targetName>");
        let gateway = gated(&roles(&["*"]), &keyed(&keytab, principal, &target));
        let statuses = [own(), other(), none()].map(|token| judged(&gateway, &token));
        assert_eq!(statuses, expected, "{mode}");
    }
}

#[test]
fn pac_says_whether_a_ticket_must_have_one_and_whether_it_counts() {
    let bare = || with(&forged(|part| part.authorization_data = None));
    assert_keeps_out("<pac>require</pac>", "pac_missing", bare);
    let grant = "<grant>staff=sid:S-1-5-21-1-2-3-1512</grant>";
    for (mode, expected) in [("off", 403), ("if_present", 302), ("require", 302)] {
        let gateway = gated(&roles(&["staff"]), &kerberos(&format!("<pac>{mode}</pac>{grant}")));
        assert_eq!(judged(&gateway, &with(&in_group(&service_key()))), expected, "{mode}");
    }
}

#[test]
fn accept_domain_sid_says_whose_groups_count() {
    let grant = "<grant>staff=sid:S-1-5-21-1-2-3-1512</grant>";
    for (domain, expected) in [("S-1-5-21-1-2-3", 302), ("S-1-5-21-7-8-9", 403)] {
        let options = format!("{grant}<acceptDomainSid>{domain}</acceptDomainSid>");
        let gateway = gated(&roles(&["staff"]), &kerberos(&options));
        assert_eq!(judged(&gateway, &with(&in_group(&service_key()))), expected, "{domain}");
    }
}

#[test]
fn weak_enctype_says_which_old_ciphers_are_still_good() {
    let keytab = realm().dir().join("rc4-configured.keytab").display().to_string();
    for query in [
        "addprinc -randkey -e arcfour-hmac:normal HTTP/rc4-configured.test",
        "setstr HTTP/rc4-configured.test session_enctypes aes256-cts-hmac-sha1-96",
        &format!("ktadd -norandkey -k {keytab} HTTP/rc4-configured.test HTTP/gw.tgg.test"),
    ] {
        realm().kadmin(query).unwrap();
    }
    let ticket = ticket_of("alice", "alicepw", ["HTTP", "rc4-configured.test"]);
    let door = |options: &str| gated(&roles(&["*"]), &keyed(&keytab, "", options));
    for (options, expected) in [
        ("<weakEnctype>rc4</weakEnctype>", 302),
        ("<weakEnctype>3des</weakEnctype>", 401),
        ("<weakEnctype>3des</weakEnctype><weakEnctype>rc4</weakEnctype>", 302),
    ] {
        assert_eq!(judged(&door(options), &with(&ticket)), expected, "{options}");
    }
}

/// A ticket of alice of another realm.
fn foreign(change: impl FnOnce(&mut EncTicketPart)) -> Credential {
    forged(|part| {
        part.crealm = "OTHER.TEST".into();
        // MIT's PAC names alice of this realm.
        part.authorization_data = None;
        change(part);
    })
}

#[test]
fn accept_realm_says_whose_clients_are_let_in() {
    let option = "<acceptRealm>THIRD.TEST</acceptRealm><acceptRealm>OTHER.TEST</acceptRealm>";
    assert_lets_in(option, "client_realm", || with(&foreign(|_| {})));
}

#[test]
fn the_log_names_the_option_that_would_let_in() {
    let gateway = door("");
    assert_eq!(judged(&gateway, &with(&foreign(|_| {}))), 401);
    let record = admission(&gateway, "client_realm");
    assert!(message(&record).contains("<acceptRealm>"), "{record}");
}

#[test]
fn capath_says_which_realms_may_stand_between() {
    let by_hub = || {
        with(&foreign(|part| {
            part.flags = Flags::with(&[]);
            part.transited.tr_type = 1;
            part.transited.contents = b"HUB.TEST".to_vec().into();
        }))
    };
    let accept = "<acceptRealm>OTHER.TEST</acceptRealm>";
    let strict = door(accept);
    assert_eq!(judged(&strict, &by_hub()), 401);
    admission(&strict, "transited");
    let lenient = door(&format!("{accept}<capath>OTHER.TEST=HUB.TEST</capath>"));
    assert_eq!(judged(&lenient, &by_hub()), 302);
}

#[test]
fn allow_anonymous_lets_clients_without_a_name_in() {
    assert_lets_in("<allowAnonymous>true</allowAnonymous>", "anonymous", || {
        with(&forged(|part| {
            part.cname = PrincipalName::new(NT_WELLKNOWN, ["WELLKNOWN", "ANONYMOUS"]);
            part.authorization_data = None;
        }))
    });
}

#[test]
fn allow_no_checksum_lets_tokens_without_one_in() {
    assert_lets_in("<allowNoChecksum>true</allowNoChecksum>", "checksum_missing", || {
        changed(|draft| draft.authenticator.cksum = None)
    });
}

#[test]
fn allow_ms_framing_lets_tokens_in_that_microsofts_name_is_around() {
    assert_lets_in("<allowMsFraming>true</allowMsFraming>", "ms_framing", || {
        changed(|draft| draft.inner = Mech::MsKrb5)
    });
}

#[test]
fn check_addresses_keeps_out_whose_ticket_is_for_another_address() {
    let elsewhere = || {
        let address = HostAddress { addr_type: addr_type::IPV4, address: [192, 0, 2, 7].to_vec().into() };
        with(&forged(|part| part.caddr = Some(vec![address])))
    };
    assert_keeps_out("<checkAddresses>true</checkAddresses>", "address", elsewhere);
}

#[test]
fn replay_capacity_says_how_many_tokens_are_remembered() {
    let full = door("<replayCapacity>1</replayCapacity>");
    let refused = (0..200).find(|_| status(&ask(&full, "GET /in", &authorization())) == 503);
    assert!(refused.is_some(), "more than sixteen were remembered");
    admission(&full, "replay_cache_full");
    let forgetful = door("<replayCapacity>0</replayCapacity>");
    forgetful.wait_for_log("Replays are not refused");
    let line = authorization();
    for _ in 0..2 {
        assert_eq!(status(&ask(&forgetful, "GET /in", &line)), 302);
    }
}

#[test]
fn replay_file_keeps_the_tokens_that_were_used_over_a_restart() {
    let folder = Folder::new();
    let file = format!("<replayFile>{}</replayFile>", folder.path("replay.db").display());
    // Without a file what predates the start is refused as well; a clock that is ahead alone shows the difference.
    for (options, again) in [(file.as_str(), 401), ("", 302)] {
        let ahead = now() + Duration::from_secs(200);
        let token = Negotiate::new(alices(), &NegotiateOptions::default(), ahead, &mut dice).unwrap();
        let mut before = door(options);
        assert_eq!(judged(&before, &token), 302);
        assert_eq!(before.stop(), Some(0));
        assert_eq!(judged(&door(options), &token), again, "{options}");
    }
}

#[test]
fn session_cookie_spares_further_tickets() {
    let gateway = door("<sessionCookie>1 hour</sessionCookie>");
    let first = ask(&gateway, "GET /in", &authorization());
    let (cookie, _) = first.value("set-cookie").split_once(';').unwrap();
    assert_eq!(status(&ask(&gateway, "GET /in", &format!("Cookie: {cookie}\r\n"))), 302);
    admission(&gateway, "resumed");
    assert!(ask(&door(""), "GET /in", &authorization()).values("set-cookie").is_empty());
}

/// As whom a back end is told that alice comes, with these options.
fn told(options: &str) -> String {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let inside = format!(
        "<connect>{}</connect><realm-name>kerberos</realm-name>{}",
        backend.url("http"),
        roles(&["*"])
    );
    let service = super::service("http.proxy", "http", &inside);
    let gateway =
        Gateway::run(&super::config(&format!("{service}<security>{}</security>", kerberos(options))));
    assert_eq!(status(&ask(&gateway, "GET /in", &authorization())), 200);
    backend.head().value("x-remote-user").to_owned()
}

#[test]
fn auth_to_local_and_default_realm_say_what_users_are_called() {
    assert_eq!(told(""), "alice@TGG.TEST");
    let default = "<authToLocal>DEFAULT</authToLocal>";
    assert_eq!(told(&format!("{default}<defaultRealm>TGG.TEST</defaultRealm>")), "alice");
    assert_eq!(told(&format!("{default}<defaultRealm>OTHER.TEST</defaultRealm>")), "alice@TGG.TEST");
    assert_eq!(told("<authToLocal>RULE:[1:$1-of-$0]</authToLocal>"), "alice-of-TGG.TEST");
}

#[test]
fn grant_says_who_has_a_role() {
    let grant = "<grant>staff=principal:alice@TGG.TEST</grant>";
    let gateway = gated(&roles(&["staff"]), &kerberos(grant));
    assert_eq!(status(&ask(&gateway, "GET /in", &authorization())), 302);
    assert_eq!(status(&ask(&gateway, "GET /in", &bobs())), 403);
}
