//! Numbers and names of encryption types, as IANA registers them.
//!
//! The registry "Kerberos Encryption Type Numbers"; 23 and 24 go by the names
//! that `klist` and `krb5.conf` use. Which of them may be used is decided elsewhere.

/// `des-cbc-crc`: withdrawn by RFC 6649.
pub const DES_CBC_CRC: i32 = 1;
/// `des-cbc-md4`: withdrawn by RFC 6649.
pub const DES_CBC_MD4: i32 = 2;
/// `des-cbc-md5`: withdrawn by RFC 6649.
pub const DES_CBC_MD5: i32 = 3;
/// `des3-cbc-md5`: never standardised.
pub const DES3_CBC_MD5: i32 = 5;
/// `des3-cbc-sha1`: the number before key derivation was added.
pub const DES3_CBC_SHA1: i32 = 7;
/// `dsaWithSHA1-CmsOID`: RFC 4556; names a signature, as do those up to 15.
pub const DSA_WITH_SHA1_CMS_OID: i32 = 9;
/// `md5WithRSAEncryption-CmsOID`: RFC 4556.
pub const MD5_WITH_RSA_ENCRYPTION_CMS_OID: i32 = 10;
/// `sha1WithRSAEncryption-CmsOID`: RFC 4556.
pub const SHA1_WITH_RSA_ENCRYPTION_CMS_OID: i32 = 11;
/// `rc2CBC-EnvOID`: RFC 4556.
pub const RC2_CBC_ENV_OID: i32 = 12;
/// `rsaEncryption-EnvOID`: RFC 4556.
pub const RSA_ENCRYPTION_ENV_OID: i32 = 13;
/// `rsaES-OAEP-ENV-OID`: RFC 4556.
pub const RSAES_OAEP_ENV_OID: i32 = 14;
/// `des-ede3-cbc-Env-OID`: RFC 4556.
pub const DES_EDE3_CBC_ENV_OID: i32 = 15;
/// `des3-cbc-sha1-kd`: RFC 3961, deprecated by RFC 8429.
pub const DES3_CBC_SHA1_KD: i32 = 16;
/// `aes128-cts-hmac-sha1-96`: RFC 3962.
pub const AES128_CTS_HMAC_SHA1_96: i32 = 17;
/// `aes256-cts-hmac-sha1-96`: RFC 3962.
pub const AES256_CTS_HMAC_SHA1_96: i32 = 18;
/// `aes128-cts-hmac-sha256-128`: RFC 8009.
pub const AES128_CTS_HMAC_SHA256_128: i32 = 19;
/// `aes256-cts-hmac-sha384-192`: RFC 8009.
pub const AES256_CTS_HMAC_SHA384_192: i32 = 20;
/// `arcfour-hmac`: RFC 4757, deprecated by RFC 8429.
pub const ARCFOUR_HMAC: i32 = 23;
/// `arcfour-hmac-exp`: RFC 4757, withdrawn by RFC 6649.
pub const ARCFOUR_HMAC_EXP: i32 = 24;
/// `camellia128-cts-cmac`: RFC 6803.
pub const CAMELLIA128_CTS_CMAC: i32 = 25;
/// `camellia256-cts-cmac`: RFC 6803.
pub const CAMELLIA256_CTS_CMAC: i32 = 26;

/// What the encryption type is called, `None` if it has no registered name.
#[must_use]
pub const fn name(etype: i32) -> Option<&'static str> {
    Some(match etype {
        DES_CBC_CRC => "des-cbc-crc",
        DES_CBC_MD4 => "des-cbc-md4",
        DES_CBC_MD5 => "des-cbc-md5",
        DES3_CBC_MD5 => "des3-cbc-md5",
        DES3_CBC_SHA1 => "des3-cbc-sha1",
        DSA_WITH_SHA1_CMS_OID => "dsaWithSHA1-CmsOID",
        MD5_WITH_RSA_ENCRYPTION_CMS_OID => "md5WithRSAEncryption-CmsOID",
        SHA1_WITH_RSA_ENCRYPTION_CMS_OID => "sha1WithRSAEncryption-CmsOID",
        RC2_CBC_ENV_OID => "rc2CBC-EnvOID",
        RSA_ENCRYPTION_ENV_OID => "rsaEncryption-EnvOID",
        RSAES_OAEP_ENV_OID => "rsaES-OAEP-ENV-OID",
        DES_EDE3_CBC_ENV_OID => "des-ede3-cbc-Env-OID",
        DES3_CBC_SHA1_KD => "des3-cbc-sha1-kd",
        AES128_CTS_HMAC_SHA1_96 => "aes128-cts-hmac-sha1-96",
        AES256_CTS_HMAC_SHA1_96 => "aes256-cts-hmac-sha1-96",
        AES128_CTS_HMAC_SHA256_128 => "aes128-cts-hmac-sha256-128",
        AES256_CTS_HMAC_SHA384_192 => "aes256-cts-hmac-sha384-192",
        ARCFOUR_HMAC => "arcfour-hmac",
        ARCFOUR_HMAC_EXP => "arcfour-hmac-exp",
        CAMELLIA128_CTS_CMAC => "camellia128-cts-cmac",
        CAMELLIA256_CTS_CMAC => "camellia256-cts-cmac",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn current_types_have_the_names_that_configurations_use() {
        assert_eq!(name(17), Some("aes128-cts-hmac-sha1-96"));
        assert_eq!(name(18), Some("aes256-cts-hmac-sha1-96"));
        assert_eq!(name(19), Some("aes128-cts-hmac-sha256-128"));
        assert_eq!(name(20), Some("aes256-cts-hmac-sha384-192"));
        assert_eq!(name(23), Some("arcfour-hmac"));
        assert_eq!(name(26), Some("camellia256-cts-cmac"));
    }

    #[test]
    fn numbers_without_a_registered_name_have_none() {
        for etype in [i32::MIN, -133, 0, 4, 6, 8, 21, 22, 27, 64, i32::MAX] {
            assert_eq!(name(etype), None, "{etype}");
        }
    }
}
