//! What others learn of a refusal: the peer a code, the log a word, and who has to act.

use krb::error_code as code;

use super::Refusal;
use crate::replay::NotFresh;

/// Who has to act for the next token to be accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blame {
    /// Whoever runs the gateway, its keytab or the realm.
    Operator,
    /// The client that made the token.
    Peer,
    /// The gateway itself; the same token may be good a moment later.
    Us,
}

impl Blame {
    /// The word for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Peer => "peer",
            Self::Us => "us",
        }
    }
}

impl Refusal {
    /// The error code that the peer is told.
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::Address => code::KRB_AP_ERR_BADADDR,
            Self::BadAuthenticator(_) | Self::WrongKey { .. } => code::KRB_AP_ERR_BAD_INTEGRITY,
            Self::BadMatch { .. } => code::KRB_AP_ERR_BADMATCH,
            Self::BindingMismatch | Self::BindingMissing | Self::BindingWithheld => code::KRB_AP_ERR_MODIFIED,
            Self::Checksum(_) | Self::ChecksumMissing { .. } | Self::PlainChecksum(_) => {
                code::KRB_AP_ERR_INAPP_CKSUM
            }
            Self::Enctype { .. } | Self::MechListMicEnctype { .. } => code::KDC_ERR_ETYPE_NOSUPP,
            Self::Expired { .. } => code::KRB_AP_ERR_TKT_EXPIRED,
            Self::Invalid | Self::NotYetValid { .. } => code::KRB_AP_ERR_TKT_NYV,
            Self::KeyEnctype { .. } | Self::KeyVersion { .. } => code::KRB_AP_ERR_BADKEYVER,
            Self::NoKeys => code::KRB_AP_ERR_NOKEY,
            Self::NoKeyOpens { .. } | Self::NotUs { .. } | Self::Realm { .. } | Self::TargetName { .. } => {
                code::KRB_AP_ERR_NOT_US
            }
            Self::Replay { why: NotFresh::Seen | NotFresh::BeforeStart } => code::KRB_AP_ERR_REPEAT,
            Self::Skew { .. } => code::KRB_AP_ERR_SKEW,
            Self::Transited { .. } | Self::TransitedEncoding => code::KRB_AP_ERR_ILL_CR_TKT,
            Self::MessageType { .. } | Self::UserToUser => code::KRB_AP_ERR_MSG_TYPE,
            Self::Version { .. } => code::KRB_AP_ERR_BADVERSION,
            _ => code::KRB_ERR_GENERIC,
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::KeyEnctype { .. }
            | Self::KeyVersion { .. }
            | Self::NoKeyOpens { .. }
            | Self::NoKeys
            | Self::WrongKey { .. } => Blame::Operator,
            Self::Answer(_) | Self::Replay { why: NotFresh::Full | NotFresh::Unavailable } => Blame::Us,
            _ => Blame::Peer,
        }
    }

    /// Whether the token may be good and it is the gateway that cannot say so: not 401 but 503.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Answer(_) | Self::NoKeys | Self::Replay { why: NotFresh::Full | NotFresh::Unavailable }
        )
    }

    /// One word that names the reason in logs and to people who ask the operator.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Anonymous { .. } => "anonymous",
            Self::Answer(_) => "answer",
            Self::AuthorizationData { .. } => "authorization_data",
            Self::BadAuthenticator(_) => "bad_authenticator",
            Self::BadMatch { .. } => "bad_match",
            Self::BindingMismatch => "binding_mismatch",
            Self::BindingMissing => "binding_missing",
            Self::BindingWithheld => "binding_withheld",
            Self::Checksum(_) => "checksum",
            Self::ChecksumMissing { .. } => "checksum_missing",
            Self::ClientRealm { .. } => "client_realm",
            Self::DceStyle => "dce_style",
            Self::Enctype { .. } => "enctype",
            Self::Expired { .. } => "expired",
            Self::Framing(_) => "framing",
            Self::Iakerb => "iakerb_offered",
            Self::Invalid => "invalid",
            Self::KerberosNotOffered { .. } => "kerberos_not_offered",
            Self::KeyEnctype { .. } => "key_enctype",
            Self::KeyVersion { .. } => "key_version",
            Self::LaterToken => "later_token",
            Self::Malformed { .. } | Self::MalformedValue { .. } => "malformed",
            Self::MechListMic(_) => "mech_list_mic",
            Self::MechListMicEnctype { .. } => "mech_list_mic_enctype",
            Self::MechListMicMissing => "mech_list_mic_missing",
            Self::MessageType { .. } => "message_type",
            Self::MsFraming => "ms_framing",
            Self::Negotiation(_) => "negotiation",
            Self::NoKeyOpens { .. } => "no_key_opens",
            Self::NoKeys => "no_keys",
            Self::NotUs { .. } => "not_us",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Ntlm => "ntlm_offered",
            Self::Pac(_) => "pac",
            Self::PacMismatch => "pac_mismatch",
            Self::PacMissing => "pac_missing",
            Self::PlainChecksum(_) => "checksum",
            Self::Realm { .. } => "realm",
            Self::Replay { why: NotFresh::Seen } => "replay",
            Self::Replay { why: NotFresh::BeforeStart } => "before_start",
            Self::Replay { why: NotFresh::Full } => "replay_cache_full",
            Self::Replay { why: NotFresh::Unavailable } => "replay_cache_unavailable",
            Self::Skew { .. } => "skew",
            Self::TargetName { .. } => "target_name",
            Self::TargetNameMissing => "target_name_missing",
            Self::TooLong { .. } => "too_long",
            Self::Transited { .. } | Self::TransitedEncoding => "transited",
            Self::UnknownMechanism => "unknown_mechanism",
            Self::UserToUser => "user_to_user",
            Self::Version { .. } => "version",
            Self::WrongKey { .. } => "wrong_key",
        }
    }
}

#[cfg(test)]
mod tests {
    use krb::name::{Principal, PrincipalName};

    use super::*;

    #[test]
    fn trouble_of_the_gateway_is_not_the_clients() {
        assert!(Refusal::Replay { why: NotFresh::Full }.is_ours());
        assert!(Refusal::NoKeys.is_ours());
        assert!(!Refusal::Replay { why: NotFresh::Seen }.is_ours());
        let service = Principal { name: PrincipalName::new(3, ["HTTP", "gw"]), krb_realm: "TGG.TEST".into() };
        assert!(!Refusal::WrongKey { service, kvno: 1 }.is_ours());
    }
}
