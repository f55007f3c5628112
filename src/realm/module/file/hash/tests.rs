//! Each kind of hash, as the tools of others write it, and what is refused of it.

use proptest::prelude::*;

use super::*;

/// The password of all vectors.
const PASSWORD: &[u8] = b"correct horse";

/// Hashes of it, each made by what is named: passlib 1.7.4 with bcrypt 4.0.1 and argon2-cffi 25.1.0; mkpasswd of Debian's whois
/// 5.5.17 with libxcrypt 4.4.33. The two of `i=` were made with Python's hashlib.
const VECTORS: [(&str, &str); 19] = [
    (
        "passlib",
        "$argon2id$v=19$m=64,t=1,p=1$BWBsbQ2BcC5FaM35PyfkPA$n72qdTkUF9kwo3C33u9RachMtXe5tkhC9H7055jhTeE",
    ),
    ("argon2-cffi", "$argon2id$v=19$m=64,t=3,p=4$NcML4fkrnwa7QAp6O/Vg6A$DluBHq7ANEs34I1IuPsUlA"),
    ("passlib", "$2b$04$Ma0VaekCvvgz2H.JWiWO/uBJDW393Cg68Xwtq7tQo9Loe7gH3BjXa"),
    ("passlib", "$2a$04$yTjwE4x979Xj.W8NgnQev.G1.fK.ftmyJTGocDKNyZwPyCZ17MXue"),
    ("passlib", "$2y$04$K9pdpJ5RJuZPkrsfVvF3E.kk5O7tyuM1Izkntpj/ifep03EpKblle"),
    ("mkpasswd", "$2b$05$gyRsBzvWtniLhSbYpBsvi.PBklyzwjHiaE56/qVhazQBdUeFFjaeG"),
    ("mkpasswd", "$2a$05$fwfIzAl51mjWUgKsNZB3le5PtCIS7yKu/1M.QRIuRPcX0LO2EbVeq"),
    ("passlib", "$pbkdf2-sha256$1000$J6RUaq3V.l9LqbVWqpXSmg$foezQkrl4FjHhPSCGrN6ngzlPF7J23.MhagoaGZVOQM"),
    (
        "passlib",
        "$pbkdf2-sha512$1000$es/5fy8lJEToPceY857zXg$tws.A.aaX8EYgT.ZXF1P8NLheQGyHdDmxnJhh30LN8ImSshGJZO1/Z4uM/pDzZC7s5aGGhEaWcMl190kiH/ggg",
    ),
    (
        "hashlib",
        "$pbkdf2-sha256$i=1000,l=32$yMnKy8zNzs/Q0dLT1NXW1w$TwRueOdCB6KCbpfU0/4XAabBqcM+xth4i3zmIlph9+Q",
    ),
    (
        "hashlib",
        "$pbkdf2-sha512$i=1000$yMnKy8zNzs/Q0dLT1NXW1w$4xPvOlNzcf4w83OeXLs00cDMTZ/Jcuh8hwgCDBR1y9KhNdPKjKCw1sE1hBb/KcVzJbfBhesdf0dIDnsHZEmvjw",
    ),
    ("passlib", "$5$rounds=1000$AxTDti0XbZsyevev$/US009zqVEmHElGXmHG15TwJX6PvFcc11h/KZSV0gM0"),
    ("mkpasswd", "$5$B31Dx32C2VC6nmA.$bagplEGVlJWuqWFIi8BUcgrNLo9JeRZ0tvqAyAz1K7D"),
    (
        "mkpasswd",
        "$6$eoIv3CT5jpXmKHa3$ENzq67cpfUdc8INwiECDkK16zMLmMCFRfrAJ0AgnBTNjtZySBU/vox5o2e4.HHn4cF0fRlOPBoD8Bv3wnxtwq.",
    ),
    (
        "mkpasswd",
        "$6$rounds=1000$lwYEV9Tj.y/ZyXf4$YaNJc1RG0fXvTez4AJgnSPuoW2xHw7/qeQbBC3TncmHLm.EmWX9t5L26cwajVndr2jKURAEpLvxh6xCuuKSLE/",
    ),
    ("mkpasswd", "$y$j9T$bqvGTUCowX6mbWoj78H2Y1$x2FO8TfHr/eWeI1oeYdTZKhQqdFEKcjzNcJkKbkIguB"),
    ("mkpasswd", "$y$j75$ybhLtoWrAESjU/5nZcGWr.$36i7.3ZKPauWaRNzFWXT85bd9HnfPT7V9jmxxMt7XwB"),
    ("passlib", "$5$UiXky5fQ8Hl0/6Yd$p5NRcUe50X5xlcUA33E4fOy2.cEkPb4APrlHWf0Edd/"),
    (
        "argon2-cffi",
        "$argon2id$v=16$m=64,t=1,p=1$yMnKy8zNzs/Q0dLT1NXW1w$Or9Fsyqiibm1bFyDI3S7F3Z1pgUGZ0qmL4a4q2NX1aI",
    ),
];

#[track_caller]
fn read(text: &str) -> Hash {
    Hash::read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> HashError {
    Hash::read(text).expect_err(text)
}

#[test]
fn hashes_of_other_tools_are_of_their_password_and_of_no_other() {
    for (tool, text) in VECTORS {
        let hash = read(text);
        assert_eq!(hash.is_of(PASSWORD), Ok(true), "{tool}: {text}");
        for other in [&b"correct horsf"[..], b"correct hors", b"correct horse ", b"Correct horse", b""] {
            assert_eq!(hash.is_of(other), Ok(false), "{tool}: {text}");
        }
    }
}

#[test]
fn a_password_with_more_behind_a_nul_is_another() {
    for (_, text) in VECTORS {
        let hash = read(text);
        for more in [&b"\0"[..], b"\0correct horse", b"\0more"] {
            assert_eq!(hash.is_of(&[PASSWORD, more].concat()), Ok(false), "{text}");
        }
    }
}

#[test]
fn bcrypt_is_of_no_password_that_it_would_cut() {
    // As passlib with bcrypt 4.0.1 made it of 72 times `x`; it is the hash of 73 and more for them.
    let hash = read("$2b$04$fhVSruQ1WcovlbXElrmhqODg2Ruuj7dO1P7gfBmDZAgZaNtq4yZOe");
    assert_eq!(hash.is_of("x".repeat(72).as_bytes()), Ok(true));
    for length in [71, 73, 144, MAX_PASSWORD] {
        assert_eq!(hash.is_of("x".repeat(length).as_bytes()), Ok(false), "{length}");
    }
}

#[test]
fn a_hash_that_is_cut_or_that_has_more_is_refused() {
    for (_, text) in VECTORS {
        let mut others: Vec<String> = (0..text.len()).map(|end| text[..end].to_owned()).collect();
        others.extend(["$", "A", "$A", " ", "\n", "ü", "="].map(|more| format!("{text}{more}")));
        for other in others {
            // Those of argon2id may have many lengths, and half a hash is the hash of nothing.
            if let Ok(hash) = Hash::read(&other) {
                assert!(matches!(hash, Hash::Argon2id(_)), "{other}");
                assert_eq!(hash.is_of(PASSWORD), Ok(false), "{other}");
            }
        }
    }
}

#[test]
fn what_is_no_hash_is_refused_with_its_reason() {
    for (text, part) in [
        ("$", "no kind"),
        ("$$", "no kind"),
        ("$ecret", "no kind"),
        ("$x$y", "no kind"),
        ("$1$LzT72Lua$/lqdE4V2xGB0JayQOPV1w1", "MD5"),
        ("$3$$cfc43211ba8dc470832267827cac1407", "NT"),
        ("$7$CU..../....PayHE0NL2bP389wEUbcwV1$9alBgW25Kd7pPakyDSY28oaKy1F5S8E2OYXUM6KEbE0", "scrypt is not"),
        ("$gy$j9T$MXL3Zuo5rq6uoUnFcV/tA.$c19XggM.EgVfqdW36yF5v4fsUk1HtgjlOON66.s1x8/", "GOST"),
        (
            "$argon2i$v=19$m=64,t=1,p=1$BWBsbQ2BcC5FaM35PyfkPA$n72qdTkUF9kwo3C33u9RachMtXe5tkhC9H7055jhTeE",
            "argon2",
        ),
        ("$2x$04$Ma0VaekCvvgz2H.JWiWO/uBJDW393Cg68Xwtq7tQo9Loe7gH3BjXa", "bcrypt of before"),
        ("$pbkdf2$1000$AAAA$AAAA", "SHA-1"),
        ("$2b$03$Ma0VaekCvvgz2H.JWiWO/uBJDW393Cg68Xwtq7tQo9Loe7gH3BjXa", "begins like"),
        ("$6$rounds=999$AAAA$AAAA", "begins like"),
        ("$6$rounds=01000$AAAA$AAAA", "begins like"),
        ("$y$jzz$A$A", "begins like"),
        ("$y$j9T5$A$A", "does not make"),
        (
            "$argon2id$v=19$m=+64,t=1,p=1$BWBsbQ2BcC5FaM35PyfkPA$n72qdTkUF9kwo3C33u9RachMtXe5tkhC9H7055jhTeE",
            "begins",
        ),
    ] {
        let error = refused(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
        assert!(error.contains("ticketgate passwd"), "{error}");
    }
}

#[test]
fn an_absurd_cost_is_refused_before_it_is_paid() {
    let salt = "BWBsbQ2BcC5FaM35PyfkPA";
    let tag = "n72qdTkUF9kwo3C33u9RachMtXe5tkhC9H7055jhTeE";
    let argon2id = |costs: &str| format!("$argon2id$v=19${costs}${salt}${tag}");
    let tag64 = "A".repeat(43);
    for text in [
        argon2id("m=1048577,t=1,p=1"),
        argon2id("m=4294967295,t=1,p=1"),
        argon2id("m=1048576,t=5,p=1"),
        argon2id("m=64,t=4294967295,p=1"),
        argon2id("m=65536,t=1,p=65"),
        format!("$2b$17${}", "M".repeat(53).replace('M', ".")),
        format!("$pbkdf2-sha256$10000001${salt}${tag}"),
        format!("$pbkdf2-sha512$i=4294967295${salt}${tag}"),
        format!("$5$rounds=5000001$AAAA${tag64}"),
        format!("$y$jP8$AA${tag64}"),
        format!("$y$jj.$AA${tag64}"),
    ] {
        assert!(matches!(refused(&text), HashError::Costly { .. }), "{text}: {:?}", refused(&text));
    }
    for text in [
        argon2id("m=1048576,t=4,p=1"),
        format!("$2b$16${}", ".".repeat(53)),
        format!("$pbkdf2-sha256$10000000${salt}${tag}"),
        "$y$jFT$RPB0yzPxQeveDaa./adQ40$wp.TuJRMLp.lN8bix4YCSaA/wgBlPTcr6fkjZ5WkpV6".to_owned(),
    ] {
        read(&text);
    }
}

#[test]
fn hashes_of_one_kind_and_cost_have_one_recipe() {
    for (_, text) in VECTORS {
        assert_eq!(read(text).recipe(), read(text).recipe());
    }
    let recipes: std::collections::BTreeSet<_> =
        VECTORS.iter().map(|(_, text)| read(text).recipe()).collect();
    // Those that differ in the letter or the salt alone fall together.
    assert_eq!(recipes.len(), 13, "{recipes:#?}");
}

#[test]
fn neither_a_hash_nor_why_it_is_refused_shows_it() {
    for (_, text) in VECTORS {
        let tag = text.rsplit('$').next().unwrap();
        assert!(!format!("{:?}", read(text)).contains(tag));
    }
    let error = refused("$6$rounds=1000$salt$hunter2");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn what_is_made_is_of_its_password_alone(password in "[^\0]{1,80}", other in "[^\0]{1,80}", salt: [u8; 16]) {
        let hash = read(&make(password.as_bytes(), salt).unwrap());
        prop_assert_eq!(hash.is_of(password.as_bytes()), Ok(true));
        prop_assert_eq!(hash.is_of(other.as_bytes()), Ok(password == other));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\$(argon2id|2b|pbkdf2-sha256|pbkdf2-sha512|5|6|y)\\$[-$=,.:/0-9A-Za-zü]{0,80}") {
        let _ = Hash::read(&text);
    }
}
