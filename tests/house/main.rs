//! The rules of the house that the compiler does not know.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// All Rust sources below these folders, with their text.
fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
    files(folders, "rs")
}

/// All files below these folders whose names end so, with their text.
fn files(folders: &[&str], ending: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    for folder in folders {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        if folder.is_dir() {
            walk(&folder, ending, &mut found);
        }
    }
    assert!(!found.is_empty());
    found
}

/// What stands above the tests of a file. Tests that have a file of their own are all below.
fn code<'a>(path: &Path, text: &'a str) -> &'a str {
    let only_tests = path.ends_with("tests.rs")
        || path.ends_with("captured.rs")
        || path.ends_with("recorded.rs")
        || path.components().any(|part| part.as_os_str() == "tests");
    if only_tests { "" } else { text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text) }
}

/// `except` are files, or folders with a slash at their end.
fn nowhere(folders: &[&str], words: &[&str], except: &[&str]) {
    for (path, text) in sources(folders) {
        let is_below = |folder: &str| path.starts_with(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        if except.iter().any(|name| path.ends_with(name) || name.ends_with('/') && is_below(name)) {
            continue;
        }
        for word in words {
            assert!(!code(&path, &text).contains(word), "{path:?} names {word}");
        }
    }
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let folders = ["src", "krb", "tgg", "tpg", "client", "testkdc", "tests", "benches", "fuzz"];
    for (path, text) in sources(&folders) {
        assert!(text.starts_with("//! "), "{path:?} has no //! line");
    }
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    for (path, text) in sources(&["src", "krb/src", "tgg/src", "tpg/src", "client/src", "testkdc/src"]) {
        let lines = code(&path, &text).lines().count();
        assert!(lines <= 450, "{path:?} has {lines} lines above its tests");
    }
}

#[test]
fn what_runs_in_pages_keeps_the_rules_too() {
    let written =
        [files(&["web/src", "web/demo/src", "web/test"], "ts"), files(&["web/scripts"], "js")].concat();
    for (path, text) in written {
        assert!(text.starts_with("/**"), "{path:?} does not open with what it is for");
        let is_test = path.components().any(|part| part.as_os_str() == "test");
        assert!(is_test || text.lines().count() <= 450, "{path:?} is too long");
        for word in [": any", "as any", "<any>", "@ts-", "eslint-", "console.log"] {
            let is_script = path.components().any(|part| part.as_os_str() == "scripts");
            assert!(is_test || is_script || !text.contains(word), "{path:?} has {word}");
        }
    }
}

#[test]
fn the_page_of_the_demo_brings_all_that_it_needs() {
    let pages = [files(&["web/demo"], "html"), files(&["web/demo"], "css")].concat();
    for (path, text) in pages {
        // What is inline would ask for a weaker policy; what is elsewhere would tell others who looks.
        for word in [" style=", " onclick=", "<style", "<script>", "https://", "//cdn", "@import"] {
            assert!(!text.contains(word), "{path:?} has {word}");
        }
        let is_page = path.extension().is_some_and(|extension| extension == "html");
        assert!(!is_page || text.contains("default-src 'none'; script-src 'self'; style-src 'self'"));
    }
}

#[test]
fn the_relay_cannot_reach_a_key() {
    nowhere(&["tgg"], &["krb::ccache", "krb::crypto", "krb::keytab", "msg::opened"], &[]);
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tgg/Cargo.toml")).unwrap();
    assert!(manifest.contains("krb.workspace = true"), "krb comes without its ciphers");
    let root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    assert!(root.contains(r#"krb = { path = "krb", default-features = false }"#));
}

#[test]
fn what_decides_has_no_sockets_no_clock_and_no_dice() {
    let words = ["tokio", "std::net", "SystemTime::now", "Instant::now", "getrandom", "std::fs", "std::env"];
    nowhere(&["krb/src", "tgg/src", "tpg/src"], &words, &[]);
    // With its feature `net` the client has a shell of its own.
    nowhere(&["client/src"], &words, &["client/src/net/"]);
}

#[test]
fn the_embedded_kdc_answers_without_sockets_clock_and_dice() {
    let words =
        ["TcpListener", "UdpSocket", "SystemTime::now", "Instant::now", "getrandom", "std::fs", "std::env"];
    nowhere(&["testkdc/src/embedded"], &words, &["embedded/server.rs"]);
}

#[test]
fn the_clock_and_the_dice_are_asked_in_one_place() {
    nowhere(&["src", "client/src"], &["SystemTime::now", "Instant::now", "getrandom"], &["ambient.rs"]);
}

#[test]
fn only_one_room_chooses_statuses_and_close_codes() {
    // ws.rs has the one status that is no refusal: 101.
    nowhere(
        &["src"],
        &["StatusCode::", "CloseCode::"],
        &["answer.rs", "answer/file.rs", "answer/login.rs", "ws.rs"],
    );
}

#[test]
fn what_decides_does_not_know_who_asks() {
    nowhere(&["krb/src"], &["tgg::", "tpg::", "client::", "ticketgate::"], &[]);
    nowhere(&["tgg/src"], &["tpg::", "client::", "ticketgate::"], &[]);
    nowhere(&["tpg/src"], &["tgg::", "client::", "ticketgate::"], &[]);
    // What is not for production is in one room.
    nowhere(&["src"], &["testkdc::"], &["cli/demo.rs", "demo/feed.rs"]);
}

#[test]
fn the_gateway_asks_for_tickets_in_one_room_alone() {
    // Where a user's password is judged, by a ticket for the gateway itself.
    let room = ["realm/module/kerberos5.rs", "kerberos5/failure.rs", "kerberos5/proof.rs"];
    // And where the program is no gateway but a user's own.
    let user = [
        "cli/connect.rs",
        "src/cli/connect/",
        "cli/tunnel.rs",
        "src/cli/tunnel/",
        "cli/kinit.rs",
        "cli/kvno.rs",
        "cli/tickets.rs",
    ];
    // Other crates have modules of that name.
    nowhere(
        &["src"],
        &["use client::", "client::AsExchange", "client::TgsExchange", "client::negotiate", "client::net"],
        &[&room[..], &user].concat(),
    );
}
