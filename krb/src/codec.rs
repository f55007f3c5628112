//! How a whole message becomes octets and octets become one message: DER, with nothing after it.
//!
//! RFC 4120 section 5 asks for DER. On receipt the reader is as lenient as its peers are sloppy (lengths and
//! integers with leading zeros are understood), so what is signed or relayed must be the octets that arrived,
//! never a message encoded again.

use std::fmt;

use rasn::error::{DecodeError, EncodeError};

/// Why octets are not the message that was asked for, or a message cannot become octets.
///
/// No variant gets better by trying again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MsgError {
    /// The octets are not the expected type; the peer's fault.
    #[error("not a well-formed message of the expected type")]
    Malformed(#[source] Asn1Fault),
    /// A whole message was read and `count` octets follow it; the peer's fault.
    #[error("{count} octets follow the end of the message")]
    Trailing {
        /// How many octets were left over.
        count: usize,
    },
    /// The message has no encoding; our own fault.
    #[error("message cannot be encoded")]
    Unencodable(#[source] Asn1Fault),
}

/// What the ASN.1 reader or writer objected to: something to print, nothing to match on.
pub struct Asn1Fault(Box<dyn std::error::Error + Send + Sync>);

impl fmt::Debug for Asn1Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Asn1Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Asn1Fault {}

impl From<DecodeError> for Asn1Fault {
    fn from(error: DecodeError) -> Self {
        Self(Box::new(error))
    }
}

impl From<EncodeError> for Asn1Fault {
    fn from(error: EncodeError) -> Self {
        Self(Box::new(error))
    }
}

/// Reads one `T` that fills `octets` exactly.
pub(crate) fn decode<T: rasn::Decode>(octets: &[u8]) -> Result<T, MsgError> {
    let (message, rest) =
        rasn::der::decode_with_remainder(octets).map_err(|error| MsgError::Malformed(error.into()))?;
    if !rest.is_empty() {
        return Err(MsgError::Trailing { count: rest.len() });
    }
    if !identifiers_are_plain(octets) {
        return Err(MsgError::Malformed(Asn1Fault("an identifier is not in its one form".into())));
    }
    Ok(message)
}

/// Whether every identifier is one octet and says rightly whether it holds elements (X.690 section 8.1.2).
///
/// The library lets a small tag number take several octets and looks at tags without the constructed bit; MIT
/// krb5 and Heimdal compare it. What only some readers understand must not get past one of them. `octets` was
/// read whole, so its lengths are sound, and the elements can be met in one line: into whatever holds
/// elements, past whatever does not.
fn identifiers_are_plain(mut octets: &[u8]) -> bool {
    const CLASS: u8 = 0xC0;
    const CONSTRUCTED: u8 = 0x20;
    const NUMBER: u8 = 0x1F;
    const SEQUENCE: u8 = 0x10;
    while let [identifier, length, rest @ ..] = octets {
        let constructed = identifier & CONSTRUCTED != 0;
        let due = identifier & CLASS != 0 || identifier & NUMBER == SEQUENCE;
        if constructed != due || identifier & NUMBER == NUMBER {
            return false;
        }
        let long_form = if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7F) };
        let Some((long, content)) = rest.split_at_checked(long_form) else {
            return false;
        };
        let length = match long {
            [] => usize::from(*length),
            _ => long.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)),
        };
        let Some(next) = content.get(if constructed { 0 } else { length }..) else {
            return false;
        };
        octets = next;
    }
    octets.is_empty()
}

/// Writes `message` as DER.
pub(crate) fn encode<T: rasn::Encode>(message: &T) -> Result<Vec<u8>, MsgError> {
    rasn::der::encode(message).map_err(|error| MsgError::Unencodable(error.into()))
}

/// Gives each named type its own `decode` and `encode`, so that callers need no trait of the ASN.1 library.
macro_rules! whole_message {
    ($($message:ty),+ $(,)?) => { $(
        impl $message {
            /// Reads one message that fills `octets` exactly.
            ///
            /// # Errors
            ///
            /// [`MsgError::Trailing`]($crate::codec::MsgError::Trailing) if octets follow the message,
            /// [`MsgError::Malformed`]($crate::codec::MsgError::Malformed) for everything else that is not
            /// this type. Both are final.
            pub fn decode(octets: &[u8]) -> Result<Self, $crate::codec::MsgError> {
                $crate::codec::decode(octets)
            }

            /// The DER form of the message.
            ///
            /// # Errors
            ///
            /// [`MsgError::Unencodable`]($crate::codec::MsgError::Unencodable) if the encoder refuses; a message
            /// that was decoded always has an encoding.
            pub fn encode(&self) -> Result<Vec<u8>, $crate::codec::MsgError> {
                $crate::codec::encode(self)
            }
        }
    )+ };
}

/// Makes a type that is read `From<Vec<u8>>` and shown `as_octets` an ASN.1 string with the tag given.
///
/// The content octets pass through unread: what they must look like is decided where they are used.
macro_rules! raw_string {
    ($string:ty, $tag:expr, $identifier:expr) => {
        impl rasn::AsnType for $string {
            const TAG: rasn::types::Tag = $tag;
            const IDENTIFIER: rasn::types::Identifier = $identifier;
        }

        impl rasn::Decode for $string {
            fn decode_with_tag_and_constraints<D: rasn::Decoder>(
                decoder: &mut D,
                tag: rasn::types::Tag,
                constraints: &rasn::types::Constraints,
            ) -> Result<Self, D::Error> {
                decoder.decode_octet_string::<Vec<u8>>(tag, constraints).map(Self::from)
            }
        }

        impl rasn::Encode for $string {
            fn encode_with_tag_and_constraints<'b, E: rasn::Encoder<'b>>(
                &self,
                encoder: &mut E,
                tag: rasn::types::Tag,
                constraints: &rasn::types::Constraints,
                identifier: rasn::types::Identifier,
            ) -> Result<(), E::Error> {
                encoder.encode_octet_string(tag, constraints, self.as_octets(), identifier).map(drop)
            }
        }
    };
}

pub(crate) use {raw_string, whole_message};
