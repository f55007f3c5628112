//! The key usage numbers: what a key is used for changes what it derives
//! (RFC 4120 section 7.5.1).

/// A key usage number.
///
/// The same key under two usages gives unrelated ciphers, so that a sealed
/// part of one message cannot stand in for a part of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usage(pub u32);

impl Usage {
    /// PA-ENC-TIMESTAMP, under the client's key.
    pub const PA_ENC_TIMESTAMP: Self = Self(1);
    /// The encrypted part of a ticket, under the service's key.
    pub const TICKET: Self = Self(2);
    /// The encrypted part of an AS-REP, under the client's key.
    pub const AS_REP: Self = Self(3);
    /// Authorization data in a TGS-REQ, under the session key.
    pub const TGS_REQ_AUTH_DATA: Self = Self(4);
    /// Authorization data in a TGS-REQ, under the authenticator's subkey.
    pub const TGS_REQ_AUTH_DATA_SUBKEY: Self = Self(5);
    /// The checksum over the body of a TGS-REQ, under the session key.
    pub const TGS_REQ_CHECKSUM: Self = Self(6);
    /// The authenticator of a TGS-REQ, under the session key.
    pub const TGS_REQ_AUTHENTICATOR: Self = Self(7);
    /// The encrypted part of a TGS-REP, under the session key.
    pub const TGS_REP: Self = Self(8);
    /// The encrypted part of a TGS-REP, under the authenticator's subkey.
    pub const TGS_REP_SUBKEY: Self = Self(9);
    /// The checksum in the authenticator of an AP-REQ, under the session key.
    pub const AP_REQ_CHECKSUM: Self = Self(10);
    /// The authenticator of an AP-REQ, under the session key.
    pub const AP_REQ_AUTHENTICATOR: Self = Self(11);
    /// The encrypted part of an AP-REP, under the session key.
    pub const AP_REP: Self = Self(12);
    /// The encrypted part of a KRB-PRIV.
    pub const KRB_PRIV: Self = Self(13);
    /// The encrypted part of a KRB-CRED.
    pub const KRB_CRED: Self = Self(14);
    /// The checksum of a KRB-SAFE.
    pub const KRB_SAFE: Self = Self(15);
    /// The signatures of a PAC (MS-PAC section 2.8; KERB_NON_KERB_CKSUM_SALT).
    pub const PAC_SIGNATURE: Self = Self(17);
    /// What a GSS acceptor wraps (RFC 4121 section 2).
    pub const GSS_ACCEPTOR_SEAL: Self = Self(22);
    /// What a GSS acceptor signs (RFC 4121 section 2).
    pub const GSS_ACCEPTOR_SIGN: Self = Self(23);
    /// What a GSS initiator wraps (RFC 4121 section 2).
    pub const GSS_INITIATOR_SEAL: Self = Self(24);
    /// What a GSS initiator signs (RFC 4121 section 2).
    pub const GSS_INITIATOR_SIGN: Self = Self(25);
    /// The checksum over the AS-REQ in its reply, under the reply key (RFC 6806 section 11).
    pub const AS_REQ: Self = Self(56);
    /// The verifiers of a CAMMAC (RFC 7751 section 7).
    pub const CAMMAC: Self = Self(64);
}

/// What a derived key is for: the octet after the usage number (RFC 3961
/// section 5.3, RFC 8009 section 5).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Checksum,
    Encryption,
    Integrity,
}

impl Purpose {
    /// The constant that draws the key for this purpose and `usage`.
    pub(super) const fn constant(self, usage: Usage) -> [u8; 5] {
        let [a, b, c, d] = usage.0.to_be_bytes();
        let purpose = match self {
            Self::Checksum => 0x99,
            Self::Encryption => 0xAA,
            Self::Integrity => 0x55,
        };
        [a, b, c, d, purpose]
    }
}
