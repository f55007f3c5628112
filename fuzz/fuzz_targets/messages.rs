//! Whole messages: what was decoded can be encoded, and decodes to the same again.

#![no_main]

use krb::{
    msg::{
        ap::{ApRep, ApReq},
        kdc::{AsRep, AsReq, KdcReqBody, TgsRep, TgsReq},
        krb_error::KrbError,
        krb_priv::{ChangePasswdData, EncKrbPrivPart, KrbPriv},
        opened::{
            Authenticator, AuthorizationData, Checksum, EncApRepPart, EncAsRepPart, EncTgsRepPart,
            EncTicketPart, EncryptionKey, EtypeList,
        },
        padata::{EtypeInfo2, MethodData, PaData, PaEncTsEnc},
        ticket::Ticket,
    },
    sealed::EncryptedData,
};
use libfuzzer_sys::fuzz_target;

macro_rules! round_trip {
    ($octets:expr, $($message:ty),+ $(,)?) => { $(
        if let Ok(message) = <$message>::decode($octets) {
            let encoded = message.encode().expect("a message that was decoded has an encoding");
            let again = <$message>::decode(&encoded).expect("what was encoded can be decoded");
            assert_eq!(again.encode().expect("again"), encoded);
            assert!(again == message, "{message:?}");
        }
    )+ };
}

fuzz_target!(|octets: &[u8]| {
    round_trip!(
        octets,
        ApRep,
        ApReq,
        AsRep,
        AsReq,
        AuthorizationData,
        Authenticator,
        ChangePasswdData,
        Checksum,
        EncApRepPart,
        EncAsRepPart,
        EncKrbPrivPart,
        EncTgsRepPart,
        EncTicketPart,
        EncryptedData,
        EncryptionKey,
        EtypeInfo2,
        EtypeList,
        KdcReqBody,
        KrbError,
        KrbPriv,
        MethodData,
        PaData,
        PaEncTsEnc,
        TgsRep,
        TgsReq,
        Ticket,
    );
});
