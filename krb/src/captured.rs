//! The captured messages of MIT krb5 1.20.1 in `tests/data/mit-1.20.1`, whose README says where they come from.

use std::fs;
use std::path::Path;

/// One of them, such as `wire/gss-krb5-0-init`.
pub(crate) fn mit(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mit-1.20.1").join(name);
    fs::read(path.with_extension("bin")).unwrap()
}

/// The octets that a string of hexadecimal digits stands for.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "{digits}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
