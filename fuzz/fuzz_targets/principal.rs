//! Principals as people write them: each is read or refused, and one that was read is read again as it is shown.

#![no_main]

use client::principal::Named;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(text) = str::from_utf8(octets) else { return };
    let _ = Named::read_enterprise(text);
    let Ok(named) = Named::read(text) else { return };
    let principal = named.or_in("REALM");
    let shown = principal.to_string();
    // What is shown in hex is not meant to be typed, and the shown name may be longer than is read.
    if shown.contains("\\x") || shown.len() > 4096 {
        return;
    }
    let again = Named::read(&shown).expect("what is shown can be read").or_in("NONE");
    assert!(again.name.same_name(&principal.name) && again.krb_realm == principal.krb_realm);
});
