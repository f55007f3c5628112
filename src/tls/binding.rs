//! The channel bindings of a TLS connection, by which a token proves that it was made for this one
//! (RFC 5929 section 4, RFC 9266).

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use krb::{
    der::{DerError, Reader, SEQUENCE},
    gss::bindings::{TLS_EXPORTER, TLS_SERVER_END_POINT, hash},
};

/// Tag of an OBJECT IDENTIFIER.
const OID: u8 = 0x06;

/// Label of the exporter (RFC 9266 section 2).
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// The hash of the end-point binding of a certificate in DER.
///
/// The hash function is that of the certificate's signature, and SHA-256 in place of MD5 and SHA-1 (RFC 5929
/// section 4.1). `None` where no function is agreed on, as for Ed25519; clients bind to nothing there either.
#[must_use]
pub fn end_point(certificate: &[u8]) -> Option<[u8; 16]> {
    let function = signature_hash(certificate).ok()??;
    let sum = digest(function, certificate);
    Some(hash(&[TLS_SERVER_END_POINT, sum.as_ref()].concat()))
}

/// The hash of the exporter binding of a connection.
#[must_use]
pub fn exporter(connection: &rustls::ServerConnection) -> Option<[u8; 16]> {
    let material = connection.export_keying_material([0; 32], EXPORTER_LABEL, Some(&[])).ok()?;
    Some(hash(&[TLS_EXPORTER, &material].concat()))
}

/// The hash function of a certificate's signature: the algorithm follows the signed part (RFC 5280 section 4.1).
fn signature_hash(certificate: &[u8]) -> Result<Option<&'static Algorithm>, DerError> {
    let mut outer = Reader::new(certificate);
    let mut certificate = outer.enter(SEQUENCE)?;
    certificate.enter(SEQUENCE)?;
    let mut algorithm = certificate.enter(SEQUENCE)?;
    let oid = algorithm.enter(OID)?.rest();
    // RSASSA-PSS names its hash function in parameters of its own (RFC 4055 section 3.1).
    if oid == RSASSA_PSS {
        return pss_hash(algorithm);
    }
    Ok(SIGNATURES.iter().find(|(known, _)| *known == oid).map(|(_, function)| *function))
}

fn pss_hash(mut algorithm: Reader<'_>) -> Result<Option<&'static Algorithm>, DerError> {
    let mut parameters = algorithm.enter(SEQUENCE)?;
    // `[0]` is left out for SHA-1, the default, in whose place SHA-256 stands.
    let Some(mut tagged) = parameters.enter_if(0xa0)? else { return Ok(Some(&SHA256)) };
    let oid = tagged.enter(SEQUENCE)?.enter(OID)?.rest();
    Ok(HASHES.iter().find(|(known, _)| *known == oid).map(|(_, function)| *function))
}

/// 1.2.840.113549.1.1.10.
const RSASSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";

/// Signature algorithms of certificates and the hash function that each stands for here.
const SIGNATURES: [(&[u8], &Algorithm); 9] = [
    // 1.2.840.113549.1.1: md5WithRSA, sha1WithRSA, sha256WithRSA, sha384WithRSA, sha512WithRSA.
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", &SHA384),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", &SHA512),
    // 1.2.840.10045.4: ecdsa-with-SHA1, -SHA256, -SHA384, -SHA512.
    (b"\x2a\x86\x48\xce\x3d\x04\x01", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", &SHA384),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", &SHA512),
];

/// 2.16.840.1.101.3.4.2: SHA-256, SHA-384, SHA-512.
const HASHES: [(&[u8], &Algorithm); 3] = [
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", &SHA256),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", &SHA384),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x03", &SHA512),
];

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    fn certificate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let parameters = CertificateParams::new(vec!["gw.tgg.test".to_owned()]).unwrap();
        parameters.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_function_is_that_of_the_signature() {
        for (algorithm, function) in
            [(&rcgen::PKCS_ECDSA_P256_SHA256, &SHA256), (&rcgen::PKCS_ECDSA_P384_SHA384, &SHA384)]
        {
            let certificate = certificate(algorithm);
            let sum = digest(function, &certificate);
            let wanted = hash(&[b"tls-server-end-point:", sum.as_ref()].concat());
            assert_eq!(end_point(&certificate), Some(wanted));
        }
    }

    #[test]
    fn where_no_function_is_agreed_on_there_is_no_binding() {
        assert_eq!(end_point(&certificate(&rcgen::PKCS_ED25519)), None);
        assert_eq!(end_point(b"no certificate"), None);
    }
}
