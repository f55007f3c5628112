//! Channel bindings: which TLS channel a token was made for, as the hash that stands in the checksum 0x8003
//! (RFC 4121 section 4.1.1.2, RFC 5929, RFC 9266).

use md5::{Digest, Md5};

/// In front of the hash of the server's certificate (RFC 5929 section 4).
pub const TLS_SERVER_END_POINT: &[u8] = b"tls-server-end-point:";
/// In front of 32 octets that the exporter of the TLS session gave (RFC 9266 section 2).
pub const TLS_EXPORTER: &[u8] = b"tls-exporter:";
/// In front of the first Finished message of the TLS session (RFC 5929 section 3).
pub const TLS_UNIQUE: &[u8] = b"tls-unique:";

/// The hash of bindings that have application data and no addresses.
///
/// `application_data` is one of the prefixes above and what it stands in front of. MD5 is what the standard
/// says; that two certificates cannot be made to collide rests on the hash inside.
#[must_use]
pub fn hash(application_data: &[u8]) -> [u8; 16] {
    // Address types and lengths of initiator and acceptor, all zero.
    let mut md5 = Md5::new_with_prefix([0; 16]);
    let length = u32::try_from(application_data.len()).unwrap_or(u32::MAX);
    md5.update(length.to_le_bytes());
    md5.update(application_data);
    md5.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captured::hex;

    /// Computed with Python's hashlib and struct, from the text of RFC 4121.
    #[test]
    fn a_certificate_gives_the_hash_that_the_standard_says() {
        let data = [TLS_SERVER_END_POINT, &[0xaa; 32]].concat();
        assert_eq!(hash(&data).as_slice(), hex("887bbef10e2b16116a7405bb2d7483a8"));
    }

    /// Known from any packet capture: the MD5 of twenty zero octets.
    #[test]
    fn empty_bindings_have_a_hash_of_their_own() {
        assert_eq!(hash(b"").as_slice(), hex("441018525208457705bf09a8ee3c1093"));
    }
}
