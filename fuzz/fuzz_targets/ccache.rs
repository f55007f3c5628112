//! Credential caches: every file is read or refused, and what was read is written so that it reads the same.

#![no_main]

use krb::ccache::Ccache;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(ccache) = Ccache::read(octets) else { return };
    let written = ccache.encode().expect("what was read can be written");
    assert_eq!(Ccache::read(&written), Ok(ccache));
});
