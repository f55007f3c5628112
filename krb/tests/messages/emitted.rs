//! Whatever message we write, we read back as the same one.

use krb::flags::Flags;
use krb::msg::HostAddress;
use krb::msg::ap::{ApRep, ApReq};
use krb::msg::kdc::{AsRep, AsReq, KdcReqBody, TgsRep, TgsReq};
use krb::msg::krb_error::KrbError;
use krb::msg::krb_priv::{ChangePasswdData, EncKrbPrivPart, KrbPriv};
use krb::msg::opened::{
    Authenticator, AuthorizationData, AuthorizationDataElement, Checksum, EncApRepPart, EncAsRepPart,
    EncKdcRepPart, EncTgsRepPart, EncTicketPart, EncryptionKey, EtypeList, LastReqEntry, TransitedEncoding,
};
use krb::msg::padata::{EtypeInfo2, EtypeInfo2Entry, MethodData, PaData, PaEncTsEnc};
use krb::msg::ticket::Ticket;
use krb::name::{KerberosString, PrincipalName};
use krb::octets::Octets;
use krb::sealed::EncryptedData;
use krb::time::KerberosTime;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn octets() -> impl Strategy<Value = Octets> {
    // Long enough now and then for lengths of two and three octets.
    prop_oneof![9 => vec(any::<u8>(), 0..16), 1 => vec(any::<u8>(), 100..300)].prop_map(Octets)
}

fn string() -> impl Strategy<Value = KerberosString> {
    prop_oneof![vec(any::<u8>(), 0..12).prop_map(KerberosString), "\\PC{0,6}".prop_map(KerberosString::from)]
}

fn name() -> impl Strategy<Value = PrincipalName> {
    (any::<i32>(), vec(string(), 0..4))
        .prop_map(|(name_type, name_string)| PrincipalName { name_type, name_string })
}

fn time() -> impl Strategy<Value = KerberosTime> {
    prop_oneof![
        (-62_167_219_200..253_402_300_800_i64)
            .prop_map(|seconds| KerberosTime::from_seconds(seconds).unwrap()),
        vec(any::<u8>(), 0..20).prop_map(KerberosTime::from),
    ]
}

fn flags() -> impl Strategy<Value = Flags> {
    vec(any::<u8>(), 0..7).prop_map(Flags::from)
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), any::<i32>().prop_map(i64::from), any::<u32>().prop_map(i64::from)]
}

fn key() -> impl Strategy<Value = EncryptionKey> {
    (any::<i32>(), vec(any::<u8>(), 0..33)).prop_map(|(keytype, octets)| EncryptionKey::new(keytype, octets))
}

fn addresses() -> impl Strategy<Value = Vec<HostAddress>> {
    let address =
        (any::<i32>(), octets()).prop_map(|(addr_type, address)| HostAddress { addr_type, address });
    vec(address, 0..3)
}

prop_compose! {
    fn sealed()(etype in number(), kvno in of(number()), cipher in octets()) -> EncryptedData {
        EncryptedData { etype, kvno, cipher }
    }
}

prop_compose! {
    fn ticket()(tkt_vno in number(), realm in string(), sname in name(), enc_part in sealed()) -> Ticket {
        Ticket { tkt_vno, realm, sname, enc_part }
    }
}

fn padata() -> impl Strategy<Value = Vec<PaData>> {
    let one =
        (any::<i32>(), octets()).prop_map(|(padata_type, padata_value)| PaData { padata_type, padata_value });
    vec(one, 0..4)
}

prop_compose! {
    fn body()(
        kdc_options in flags(),
        cname in of(name()),
        realm in string(),
        sname in of(name()),
        (from, till, rtime) in (of(time()), time(), of(time())),
        nonce in number(),
        etype in vec(number(), 0..5),
        addresses in of(addresses()),
        enc_authorization_data in of(sealed()),
        additional_tickets in of(vec(ticket(), 0..3)),
    ) -> KdcReqBody {
        KdcReqBody {
            kdc_options, cname, realm, sname, from, till, rtime, nonce, etype, addresses,
            enc_authorization_data, additional_tickets,
        }
    }
}

prop_compose! {
    fn error()(
        (ctime, cusec, stime, susec) in (of(time()), of(number()), time(), number()),
        error_code in any::<i32>(),
        (crealm, cname, realm, sname) in (of(string()), of(name()), string(), name()),
        (e_text, e_data) in (of(string()), of(octets())),
    ) -> KrbError {
        let (pvno, msg_type) = (5, 30);
        KrbError {
            pvno, msg_type, ctime, cusec, stime, susec, error_code, crealm, cname, realm, sname, e_text, e_data,
        }
    }
}

fn authorization_data() -> impl Strategy<Value = AuthorizationData> {
    let one =
        (any::<i32>(), octets()).prop_map(|(ad_type, ad_data)| AuthorizationDataElement { ad_type, ad_data });
    vec(one, 0..3).prop_map(AuthorizationData)
}

prop_compose! {
    fn ticket_part()(
        flags in flags(),
        key in key(),
        (crealm, cname) in (string(), name()),
        (tr_type, contents) in (any::<i32>(), octets()),
        (authtime, starttime, endtime, renew_till) in (time(), of(time()), time(), of(time())),
        caddr in of(addresses()),
        authorization_data in of(authorization_data()),
    ) -> EncTicketPart {
        EncTicketPart {
            flags, key, crealm, cname, transited: TransitedEncoding { tr_type, contents }, authtime, starttime,
            endtime, renew_till, caddr, authorization_data,
        }
    }
}

prop_compose! {
    fn kdc_rep_part()(
        key in key(),
        last_req in vec((any::<i32>(), time()), 0..3),
        nonce in number(),
        flags in flags(),
        (key_expiration, authtime, starttime, endtime, renew_till) in
            (of(time()), time(), of(time()), time(), of(time())),
        (srealm, sname) in (string(), name()),
        caddr in of(addresses()),
        encrypted_pa_data in of(padata()),
    ) -> EncKdcRepPart {
        let last_req =
            last_req.into_iter().map(|(lr_type, lr_value)| LastReqEntry { lr_type, lr_value }).collect();
        EncKdcRepPart {
            key, last_req, nonce, key_expiration, flags, authtime, starttime, endtime, renew_till, srealm, sname,
            caddr, encrypted_pa_data,
        }
    }
}

prop_compose! {
    fn authenticator()(
        (crealm, cname) in (string(), name()),
        cksum in of((any::<i32>(), octets())),
        (cusec, ctime) in (number(), time()),
        subkey in of(key()),
        seq_number in of(number()),
        authorization_data in of(authorization_data()),
    ) -> Authenticator {
        let cksum = cksum.map(|(cksumtype, checksum)| Checksum { cksumtype, checksum });
        Authenticator {
            authenticator_vno: 5, crealm, cname, cksum, cusec, ctime, subkey, seq_number, authorization_data,
        }
    }
}

/// Says that a message which is written and read is the same, and written again has the same octets.
macro_rules! comes_back {
    ($message:expr, $type:ty) => {
        let message: $type = $message;
        let octets = message.encode().unwrap();
        let read = <$type>::decode(&octets).unwrap();
        prop_assert_eq!(&read, &message);
        prop_assert_eq!(read.encode().unwrap(), octets);
    };
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_to_the_kdc_come_back(padata in of(padata()), body in body()) {
        comes_back!(AsReq::new(padata.clone(), body.clone()), AsReq);
        comes_back!(TgsReq::new(padata, body), TgsReq);
    }

    #[test]
    fn answers_of_the_kdc_come_back(
        padata in of(padata()), crealm in string(), cname in name(), ticket in ticket(), enc_part in sealed(),
    ) {
        comes_back!(
            AsRep::new(padata.clone(), crealm.clone(), cname.clone(), ticket.clone(), enc_part.clone()),
            AsRep
        );
        comes_back!(TgsRep::new(padata, crealm, cname, ticket, enc_part), TgsRep);
    }

    #[test]
    fn messages_between_client_and_service_come_back(
        options in flags(), ticket in ticket(), sealed in sealed(),
    ) {
        comes_back!(ticket.clone(), Ticket);
        comes_back!(ApReq::new(options, ticket, sealed.clone()), ApReq);
        comes_back!(ApRep::new(sealed.clone()), ApRep);
        comes_back!(sealed, EncryptedData);
    }

    #[test]
    fn errors_come_back(error in error()) {
        comes_back!(error, KrbError);
    }

    #[test]
    fn opened_tickets_come_back(part in ticket_part()) {
        comes_back!(part, EncTicketPart);
    }

    #[test]
    fn opened_answers_come_back(part in kdc_rep_part()) {
        comes_back!(EncAsRepPart(part.clone()), EncAsRepPart);
        comes_back!(EncTgsRepPart(part), EncTgsRepPart);
    }

    #[test]
    fn lists_of_enctypes_come_back(numbers in vec(number(), 0..6)) {
        comes_back!(EtypeList(numbers), EtypeList);
    }

    #[test]
    fn authenticators_and_their_answers_come_back(authenticator in authenticator()) {
        let Authenticator { ctime, cusec, subkey, seq_number, .. } = authenticator.clone();
        comes_back!(EncApRepPart { ctime, cusec, subkey, seq_number }, EncApRepPart);
        if let Some(checksum) = &authenticator.cksum {
            comes_back!(checksum.clone(), Checksum);
        }
        comes_back!(authenticator, Authenticator);
    }

    #[test]
    fn private_messages_and_new_passwords_come_back(
        (sealed, secret) in (sealed(), vec(any::<u8>(), 0..200)),
        (timestamp, usec, seq_number) in (of(time()), of(number()), of(number())),
        (mut addresses, s_address) in (addresses(), (any::<i32>(), octets())),
        (targname, targrealm) in (of(name()), of(string())),
    ) {
        let (addr_type, address) = s_address;
        let s_address = HostAddress { addr_type, address };
        let (user_data, r_address) = (secret.clone().into(), addresses.pop());
        comes_back!(KrbPriv::new(sealed), KrbPriv);
        comes_back!(
            EncKrbPrivPart { user_data, timestamp, usec, seq_number, s_address, r_address },
            EncKrbPrivPart
        );
        comes_back!(
            ChangePasswdData { newpasswd: secret.into(), targname, targrealm },
            ChangePasswdData
        );
    }

    #[test]
    fn pre_authentication_data_comes_back(
        padata in padata(),
        entries in vec((number(), of(string()), of(octets())), 0..3),
        patimestamp in time(),
        pausec in of(number()),
    ) {
        let entries = entries
            .into_iter()
            .map(|(etype, salt, s2kparams)| EtypeInfo2Entry { etype, salt, s2kparams })
            .collect();
        comes_back!(EtypeInfo2(entries), EtypeInfo2);
        comes_back!(MethodData(padata), MethodData);
        comes_back!(PaEncTsEnc { patimestamp, pausec }, PaEncTsEnc);
    }
}
