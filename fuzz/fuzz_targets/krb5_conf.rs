//! krb5.conf: every file is read or refused, and whatever was read answers what programs ask.

#![no_main]

use client::krb5_conf::{Krb5Conf, duration, enctypes, profile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let Ok(items) = profile::read(&text) else { return };
    let mut conf = Krb5Conf::default();
    // The second time as another file, to which stars matter.
    if conf.append(items.clone()).is_err() || conf.append(items).is_err() {
        return;
    }
    let krb_realm = conf.default_realm().unwrap_or("A").to_owned();
    let servers = conf.servers(&krb_realm);
    assert!(servers.kdcs.len() <= octets.len() * 2);
    let _ = conf.realm_of_host(&text);
    let _ = (conf.ticket_lifetime(&krb_realm), conf.renew_lifetime(&krb_realm), conf.forwardable(&krb_realm));
    let _ = (conf.tkt_enctypes(), conf.tgs_enctypes(), conf.kdc_timesync(), conf.udp_preference_limit());
    let _ = (duration(&text), enctypes(&text));
});
