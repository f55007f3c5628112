//! PACs: nothing is read outside of the octets, what was read can be written, and nobody without the key signs.

#![no_main]

use krb::crypto::{ChecksumKey, Enctype, Key, Usage};
use krb::pac::{MAX_BUFFERS, Pac, PacBuilder, Sid, ValidationInfo, buffer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let key = Key::new(Enctype::Aes256CtsHmacSha1_96, &[7; 32]).expect("the right length");
    let signing = ChecksumKey::derive(&key, Usage::PAC_SIGNATURE).expect("a key");
    if let Ok(pac) = Pac::read(octets) {
        assert!(pac.buffers().count() <= usize::try_from(MAX_BUFFERS).expect("small"));
        assert!(pac.buffers().map(|(_, contents)| contents.len()).sum::<usize>() <= octets.len());
        assert!(pac.verify_server(&signing).is_err());
        let _ = (pac.client_info(), pac.logon_info(), pac.upn_dns_info());
    }
    if let Ok(info) = ValidationInfo::read(octets) {
        let _ = info.evaluate();
        // A group list that was empty behind a pointer is written without one.
        assert_eq!(ValidationInfo::read(&info.encode()), Ok(info));
    }
    if let Ok(sid) = Sid::read(octets) {
        assert_eq!(sid.encode(), octets);
        assert_eq!(sid.to_string().parse(), Ok(sid));
    }
    // Each reader of a buffer meets the octets, in a PAC that is believed.
    for kind in [buffer::LOGON_INFO, buffer::CLIENT_INFO, buffer::UPN_DNS_INFO] {
        let built = PacBuilder::new().buffer(kind, octets.to_vec()).sign(&key, &key).expect("a PAC");
        let pac = Pac::read(&built).expect("what was built can be read");
        assert!(pac.verify_server(&signing).is_ok());
        let _ = (pac.client_info(), pac.logon_info(), pac.upn_dns_info());
    }
});
