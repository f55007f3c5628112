//! Session cookies: what was not sealed here is none, and a subject comes back from its text as it was.

#![no_main]

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use ticketgate::realm::{
    session::{Lasts, Sessions},
    subject::Subject,
};

static SESSIONS: LazyLock<Sessions> =
    LazyLock::new(|| Sessions::new("__Host-x".to_owned(), Lasts { life: 3600, idle: Some(60) }, 0).unwrap());

fuzz_target!(|octets: &[u8]| {
    assert!(SESSIONS.find(&URL_SAFE_NO_PAD.encode(octets), 1).is_none());
    let Ok(text) = str::from_utf8(octets) else { return };
    assert!(SESSIONS.find(text, 1).is_none());
    if let Some(subject) = Subject::from_text(text) {
        let again = Subject::from_text(&subject.to_text()).unwrap();
        assert_eq!(again, subject);
    }
});
