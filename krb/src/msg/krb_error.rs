//! KRB-ERROR: why a KDC or a service says no (RFC 4120 section 5.9).

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::number::{PVNO, msg_type};
use crate::codec::whole_message;
use crate::name::{KerberosString, NT_SRV_INST, PrincipalName, RealmName};
use crate::octets::Octets;
use crate::time::KerberosTime;

/// A refusal. Nothing protects it: whoever is on the path can write one.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 30)))]
pub struct KrbError {
    /// The protocol version, [`PVNO`].
    #[rasn(tag(explicit(0)))]
    pub pvno: i64,
    /// The message type, [`msg_type::KRB_ERROR`].
    #[rasn(tag(explicit(1)))]
    pub msg_type: i64,
    /// The client's time, as its request had it.
    #[rasn(tag(explicit(2)))]
    pub ctime: Option<KerberosTime>,
    /// Microseconds of the client's time; 0 to 999,999 if the peer keeps to the standard.
    #[rasn(tag(explicit(3)))]
    pub cusec: Option<i64>,
    /// The server's time.
    #[rasn(tag(explicit(4)))]
    pub stime: KerberosTime,
    /// Microseconds of the server's time; 0 to 999,999 if the peer keeps to the standard.
    #[rasn(tag(explicit(5)))]
    pub susec: i64,
    /// What is wrong, see [`error_code`](crate::error_code).
    #[rasn(tag(explicit(6)))]
    pub error_code: i32,
    /// The client's realm.
    #[rasn(tag(explicit(7)))]
    pub crealm: Option<RealmName>,
    /// The client.
    #[rasn(tag(explicit(8)))]
    pub cname: Option<PrincipalName>,
    /// The service's realm.
    #[rasn(tag(explicit(9)))]
    pub realm: RealmName,
    /// The service.
    #[rasn(tag(explicit(10)))]
    pub sname: PrincipalName,
    /// A sentence for people, in whatever language the peer has.
    #[rasn(tag(explicit(11)))]
    pub e_text: Option<KerberosString>,
    /// More for the program; with code 25 a [`MethodData`](super::padata::MethodData).
    #[rasn(tag(explicit(12)))]
    pub e_data: Option<Octets>,
}

whole_message!(KrbError);

impl KrbError {
    /// The shortest refusal a client accepts: it names the service that was asked and no client.
    ///
    /// `stime` and `susec` are the current time. A client may set its clock offset by it, so it must be the
    /// true one. `sname` has the name type of a service instance, which is what `krbtgt` is.
    pub fn new<S: Into<KerberosString>>(
        error_code: i32,
        realm: RealmName,
        sname: impl IntoIterator<Item = S>,
        stime: KerberosTime,
        susec: u32,
        e_text: Option<&str>,
    ) -> Self {
        Self {
            pvno: PVNO,
            msg_type: msg_type::KRB_ERROR,
            ctime: None,
            cusec: None,
            stime,
            susec: susec.into(),
            error_code,
            crealm: None,
            cname: None,
            realm,
            sname: PrincipalName::new(NT_SRV_INST, sname),
            e_text: e_text.map(KerberosString::from),
            e_data: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::KDC_ERR_POLICY;

    /// Refused by policy in realm TGG.TEST; stock kinit of MIT krb5 1.20.1 understands it.
    const POLICY: &str = concat!(
        "7e543052a003020105a10302011ea411180f32303236303130313030303030305aa503020100a60302010c",
        "a90a1b085447472e54455354aa1d301ba003020102a11430121b066b72627467741b085447472e54455354",
    );

    fn refusal(e_text: Option<&str>) -> KrbError {
        let stime = KerberosTime::from_seconds(1_767_225_600).unwrap();
        KrbError::new(KDC_ERR_POLICY, "TGG.TEST".into(), ["krbtgt", "TGG.TEST"], stime, 0, e_text)
    }

    #[test]
    fn a_refusal_by_policy_is_the_86_octets_that_kinit_understands() {
        let octets = refusal(None).encode().unwrap();
        assert_eq!(octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>(), POLICY);
        assert_eq!(KrbError::decode(&octets).unwrap(), refusal(None));
    }

    #[test]
    fn a_sentence_for_people_comes_after_the_service() {
        let octets = refusal(Some("not from here")).encode().unwrap();
        assert!(octets.ends_with(b"\xab\x0f\x1b\x0dnot from here"));
    }
}
