//! Configurations: every file is understood or refused for a reason that has a place in it, whatever it says.

#![no_main]

use std::{collections::BTreeMap, path::Path};

use libfuzzer_sys::fuzz_target;
use ticketgate::config::load::{LoadError, understand};

fuzz_target!(|octets: &[u8]| {
    // Files that it names are looked for, and here there are none.
    let problems =
        match understand(Path::new("/nowhere/gateway-config.xml"), octets.to_vec(), &BTreeMap::new()) {
            Ok((_, warnings)) => warnings,
            Err(LoadError::Wrong(wrong)) => wrong.problems,
            Err(error) => panic!("{error}"),
        };
    for problem in problems {
        assert!(problem.span.start <= problem.span.end && problem.span.end <= octets.len(), "{problem:?}");
    }
});
