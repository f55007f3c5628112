//! Files of users and hashes of passwords: every file is read or refused, each problem is a line with a place, and no hash that
//! is read costs more than it may.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use ticketgate::{
    config::users::{UsersError, understand},
    realm::module::file::hash::{Hash, MAX_MEMORY, Recipe},
};

fuzz_target!(|octets: &[u8]| {
    let told = match understand("f", octets, &BTreeMap::new()) {
        Ok((users, warnings)) => {
            let mut computed = 0;
            let judged = users.judge("joe", b"welcome", |_, _| {
                computed += 1;
                Ok(false)
            });
            assert!(computed <= 8);
            assert!(judged.is_err() || computed == 0, "no hash is of the password");
            warnings
        }
        Err(UsersError::Wrong { lines }) => lines,
        Err(error) => panic!("{error}"),
    };
    assert!(told.lines().all(|line| line.starts_with("f:")), "{told}");
    for text in octets.split(|octet| b"<>\n".contains(octet)).filter_map(|part| str::from_utf8(part).ok()) {
        let Ok(hash) = Hash::read(text) else { continue };
        if is_cheap(hash.recipe()) {
            assert_eq!(hash.is_of(b"\0"), Ok(false));
        }
    }
});

/// Whether a hash is worth computing many times a second. All that are read may be computed at all.
fn is_cheap(recipe: Recipe) -> bool {
    match recipe {
        Recipe::Argon2id { memory, passes, .. } => {
            assert!(u64::from(memory) * 1024 <= MAX_MEMORY);
            memory <= 256 && passes <= 4
        }
        Recipe::Bcrypt { cost } => {
            assert!((4..=16).contains(&cost));
            cost == 4
        }
        Recipe::Pbkdf2 { rounds, .. } => {
            assert!((1..=10_000_000).contains(&rounds));
            rounds <= 1000
        }
        Recipe::ShaCrypt { rounds, .. } => {
            assert!((1000..=5_000_000).contains(&rounds));
            rounds <= 5000
        }
        Recipe::Yescrypt { blocks, size } => {
            assert!(u64::from(size) * 128 * (1 << blocks) <= MAX_MEMORY);
            blocks <= 8 && size <= 8
        }
    }
}
