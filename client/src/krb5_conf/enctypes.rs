//! Lists of enctypes as krb5.conf has them: names and families, some of them
//! taken out again (MIT krb5's doc/admin/conf_files/kdc_conf.rst, Encryption
//! types).

use krb::crypto::Enctype;

/// The enctypes that a list such as `aes256-cts aes128-cts -rc4` or `DEFAULT`
/// names, in its order.
///
/// Names that are not known are passed over, as MIT's library does: a file is
/// shared by programs of many ages. `DEFAULT` is all strong ones.
#[must_use]
pub fn enctypes(list: &str) -> Vec<Enctype> {
    let mut chosen: Vec<Enctype> = Vec::new();
    let words = list.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    for word in words {
        let (name, takes_out) = match word.strip_prefix('-') {
            Some(name) => (name, true),
            None => (word.strip_prefix('+').unwrap_or(word), false),
        };
        for enctype in named(name) {
            let place = chosen.iter().position(|known| known == enctype);
            match place {
                Some(place) if takes_out => drop(chosen.remove(place)),
                None if !takes_out => chosen.push(*enctype),
                _ => {}
            }
        }
    }
    chosen
}

/// The enctypes of one name or family.
fn named(name: &str) -> &'static [Enctype] {
    use Enctype::{
        Aes128CtsHmacSha1_96, Aes128CtsHmacSha256_128, Aes256CtsHmacSha1_96, Aes256CtsHmacSha384_192,
        ArcfourHmac, Des3CbcSha1Kd,
    };
    match name.to_ascii_lowercase().as_str() {
        "default" => &Enctype::ALL,
        // The order of MIT's library.
        "aes" => {
            &[Aes256CtsHmacSha1_96, Aes128CtsHmacSha1_96, Aes256CtsHmacSha384_192, Aes128CtsHmacSha256_128]
        }
        "aes256-cts-hmac-sha1-96" | "aes256-cts" | "aes256-sha1" => &[Aes256CtsHmacSha1_96],
        "aes128-cts-hmac-sha1-96" | "aes128-cts" | "aes128-sha1" => &[Aes128CtsHmacSha1_96],
        "aes256-cts-hmac-sha384-192" | "aes256-sha2" => &[Aes256CtsHmacSha384_192],
        "aes128-cts-hmac-sha256-128" | "aes128-sha2" => &[Aes128CtsHmacSha256_128],
        "arcfour-hmac" | "rc4-hmac" | "arcfour-hmac-md5" | "rc4" => &[ArcfourHmac],
        "des3-cbc-sha1" | "des3-hmac-sha1" | "des3-cbc-sha1-kd" | "des3" => &[Des3CbcSha1Kd],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(list: &str) -> Vec<i32> {
        enctypes(list).into_iter().map(Enctype::number).collect()
    }

    #[test]
    fn names_families_and_exceptions_make_a_list() {
        for (list, expected) in [
            ("aes256-cts aes128-cts", &[18, 17][..]),
            ("AES256-SHA2, aes256-cts-hmac-sha1-96", &[20, 18]),
            ("DEFAULT", &[20, 19, 18, 17]),
            ("DEFAULT -aes128-sha2 +rc4", &[20, 18, 17, 23]),
            ("aes -aes128-cts", &[18, 20, 19]),
            ("aes aes", &[18, 17, 20, 19]),
            ("des-cbc-crc camellia", &[]),
            ("", &[]),
        ] {
            assert_eq!(numbers(list), expected, "{list:?}");
        }
    }

    #[test]
    fn weak_ones_are_used_where_they_are_named_alone() {
        assert!(!enctypes("DEFAULT aes").into_iter().any(Enctype::is_weak));
        assert_eq!(numbers("rc4-hmac des3"), [23, 16]);
    }
}
