//! The question that a KDC is asked to see whether it answers: an AS-REQ for a principal that need not be.
//!
//! It carries no proof of anything, so every answer that comes from the realm is a good one.

use krb::{
    etype,
    flags::Flags,
    msg::kdc::{AsReq, KdcReqBody},
    name::{NT_PRINCIPAL, PrincipalName, RealmName},
    time::KerberosTime,
};

/// The client name of a probe, as it shows in the KDC's log.
pub const PRINCIPAL: &str = "ticketgate-probe";

/// The encryption types a probe offers: those that any KDC of today has.
const ETYPES: [i32; 4] = [
    etype::AES256_CTS_HMAC_SHA384_192,
    etype::AES128_CTS_HMAC_SHA256_128,
    etype::AES256_CTS_HMAC_SHA1_96,
    etype::AES128_CTS_HMAC_SHA1_96,
];

/// An AS-REQ for [`PRINCIPAL`] in `krb_realm`.
///
/// `nonce` need not be a secret, only another one each time: a KDC answers a repeated request from memory.
/// `now` is seconds since 1970, UTC. `None` if `now` is beyond the year 9998.
#[must_use]
pub fn request(krb_realm: &str, nonce: u32, now: i64) -> Option<Vec<u8>> {
    let realm = RealmName::from(krb_realm);
    let body = KdcReqBody {
        kdc_options: Flags::from(0),
        cname: Some(PrincipalName::new(NT_PRINCIPAL, [PRINCIPAL])),
        sname: Some(PrincipalName::krbtgt(&realm)),
        realm,
        from: None,
        till: KerberosTime::from_seconds(now.checked_add(3600)?)?,
        rtime: None,
        nonce: i64::from(nonce & 0x7fff_ffff),
        etype: ETYPES.map(i64::from).to_vec(),
        addresses: None,
        enc_authorization_data: None,
        additional_tickets: None,
    };
    AsReq::new(None, body).encode().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        request::{Asked, judge},
        routes::{KrbRealm, Routes},
    };

    #[test]
    fn a_probe_may_be_relayed_like_any_request_and_proves_nothing() {
        let octets = request("TGG.TEST", 0xffff_ffff, 1_767_225_600).unwrap();
        let routes = Routes::new([KrbRealm { name: "TGG.TEST".into(), ..KrbRealm::default() }]);
        let request = judge(&octets, None, &routes).unwrap();
        assert!(!request.single());
        let Asked::Kdc(asked) = request.asked() else { panic!("not a KDC request") };
        assert_eq!(asked.cname.unwrap().to_string(), PRINCIPAL);
        assert_eq!(asked.nonce, 0x7fff_ffff);
    }

    #[test]
    fn there_is_no_probe_at_the_end_of_time() {
        assert_eq!(request("TGG.TEST", 1, i64::MAX), None);
    }
}
