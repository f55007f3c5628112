//! Answers of login modules of the operator's own: each is understood in full or refused, and what is understood can
//! stand in names, fields and the log.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketgate::realm::{
    module::custom::{Said, read, read_committed},
    roles::is_role,
    scheme::is_sendable,
};

fuzz_target!(|octets: &[u8]| {
    let _ = read_committed(octets, "1", true);
    if read(octets, "1", true).is_ok() {
        assert!(read(octets, "1", false).is_ok() && read(octets, "2", false).is_err());
    }
    let is_sound = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    match read(octets, "1", false) {
        Ok(Said::Success { brought, password }) => {
            assert!(!brought.names.is_empty() && brought.names.iter().all(|name| is_sound(&name.text)));
            assert!(brought.local_name.iter().all(|name| is_sound(name)));
            assert!(brought.roles.iter().all(|role| is_role(role)));
            assert!(password.iter().all(|password| is_sound(&password.name)));
        }
        Ok(Said::Challenge { data, .. }) => assert!(data.iter().all(|word| is_sendable(word))),
        Ok(Said::Failure { why }) => assert!(why.iter().all(|why| !why.contains(char::is_control))),
        Ok(Said::Ignored) | Err(_) => {}
    }
});
