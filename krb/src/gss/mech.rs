//! The mechanisms that a peer may name, by OID.

/// A GSS-API mechanism.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Mech {
    /// Kerberos whose AS and TGS exchanges pass through the acceptor (draft-ietf-kitten-iakerb).
    Iakerb,
    /// Kerberos (RFC 4121).
    Krb5,
    /// Kerberos under the OID that Windows 2000 computed wrongly: 113554 was cut to 16 bits (MS-SPNG section
    /// 1.9).
    MsKrb5,
    /// A negotiation inside the negotiation (MS-NEGOEX).
    NegoEx,
    /// NTLM (MS-NLMP).
    Ntlm,
    /// The negotiation itself (RFC 4178).
    Spnego,
}

impl Mech {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Iakerb, Self::Krb5, Self::MsKrb5, Self::NegoEx, Self::Ntlm, Self::Spnego];

    /// The mechanism with this OID, given as contents octets without tag and length.
    #[must_use]
    pub fn of(oid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|mech| mech.oid() == oid)
    }

    /// The contents octets of the OID, without tag and length.
    #[must_use]
    pub const fn oid(self) -> &'static [u8] {
        match self {
            // 1.3.6.1.5.2.5
            Self::Iakerb => &[0x2b, 0x06, 0x01, 0x05, 0x02, 0x05],
            // 1.2.840.113554.1.2.2
            Self::Krb5 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02],
            // 1.2.840.48018.1.2.2
            Self::MsKrb5 => &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02],
            // 1.3.6.1.4.1.311.2.2.30
            Self::NegoEx => &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e],
            // 1.3.6.1.4.1.311.2.2.10
            Self::Ntlm => &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a],
            // 1.3.6.1.5.5.2
            Self::Spnego => &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02],
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iakerb => "IAKERB",
            Self::Krb5 => "Kerberos",
            Self::MsKrb5 => "Kerberos (Microsoft OID)",
            Self::NegoEx => "NegoEx",
            Self::Ntlm => "NTLM",
            Self::Spnego => "SPNEGO",
        }
    }
}
