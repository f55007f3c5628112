//! AD-CAMMAC and what it mostly holds, authentication indicators (RFC 7751, RFC 8129).

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::opened::{AuthorizationData, Checksum};
use crate::{
    codec::whole_message,
    crypto::{ChecksumKey, CryptoError},
    name::PrincipalName,
};

/// Authorization data for which the KDC vouches to the service and to itself.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct Cammac {
    /// What is vouched for.
    #[rasn(tag(explicit(0)))]
    pub elements: AuthorizationData,
    /// Under a key of the KDC's own.
    #[rasn(tag(explicit(1)))]
    pub kdc_verifier: Option<VerifierMac>,
    /// Under the key of the service that the ticket is for.
    #[rasn(tag(explicit(2)))]
    pub svc_verifier: Option<VerifierMac>,
    /// Of other parties; none are defined.
    #[rasn(tag(explicit(3)))]
    pub other_verifiers: Option<Vec<VerifierMac>>,
}

/// A checksum over the elements, and by whose key.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct VerifierMac {
    /// Whose key; absent where the place says it.
    #[rasn(tag(explicit(0)))]
    pub identifier: Option<PrincipalName>,
    /// Its version.
    #[rasn(tag(explicit(1)))]
    pub kvno: Option<i64>,
    /// Its enctype.
    #[rasn(tag(explicit(2)))]
    pub enctype: Option<i64>,
    /// The checksum over the DER encoding of the elements.
    #[rasn(tag(explicit(3)))]
    pub mac: Checksum,
}

/// How the client proved its identity, in words that the realm chose, such as `otp` (RFC 8129 section 3).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(delegate)]
pub struct AuthenticationIndicator(pub Vec<String>);

whole_message!(AuthenticationIndicator, Cammac);

/// Why the elements are not vouched for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CammacError {
    /// The checksum is another.
    #[error("its service verifier does not fit: {0}")]
    Checksum(#[from] CryptoError),
    /// The elements cannot be written again.
    #[error("its elements cannot be encoded: {0}")]
    Encoding(#[from] super::MsgError),
    /// It says nothing to the service.
    #[error("it has no service verifier")]
    NoVerifier,
}

impl Cammac {
    /// Says whether the KDC vouches for the elements to the service with this key, which is the one that opened the
    /// ticket, under [`Usage::CAMMAC`](crate::crypto::Usage::CAMMAC).
    ///
    /// # Errors
    ///
    /// [`CammacError`]; the elements are then anybody's.
    pub fn verify(&self, key: &ChecksumKey) -> Result<(), CammacError> {
        let verifier = self.svc_verifier.as_ref().ok_or(CammacError::NoVerifier)?;
        // DER has one encoding, so this is what the KDC summed up (RFC 7751 section 3).
        Ok(key.verify_checksum(&self.elements.encode()?, &verifier.mac)?)
    }
}
