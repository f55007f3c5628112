//! What it costs to tell a back end of a user: in clear, in a token that was signed lately, and in one that is signed now.
//!
//! `cargo bench -p benches --bench identity`. The user has ten roles.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use divan::{Bencher, black_box};
use http::HeaderName;
use ticketgate::{
    ambient,
    realm::subject::Subject,
    service::proxy::identity::token::{Token, Tokens},
    signing::Keyring,
};

fn main() {
    divan::main();
}

fn subject() -> Subject {
    let roles = (0..10).map(|role| format!("role-of-some-length-{role}")).collect();
    Subject { principal: "alice@EXAMPLE.COM".to_owned(), roles, ..Subject::default() }
}

fn tokens() -> Tokens {
    let token = Token {
        field: HeaderName::from_static("x-remote-token"),
        keys: None,
        issuer: "gw.example.com".to_owned(),
        audience: "shop".to_owned(),
    };
    Tokens::new(token, Arc::new(Keyring::turning(ambient::now())))
}

#[divan::bench]
fn in_clear(bencher: Bencher<'_, '_>) {
    let subject = subject();
    bencher.bench_local(|| (black_box(&subject).header(), subject.roles_header()));
}

#[divan::bench]
fn in_a_token_that_is_known(bencher: Bencher<'_, '_>) {
    let (tokens, subject, realm) = (tokens(), subject(), Arc::from("staff"));
    bencher.bench_local(|| tokens.about(black_box(&subject), Some(&realm), Some(4_000_000_000)));
}

#[divan::bench]
fn in_a_token_that_is_signed(bencher: Bencher<'_, '_>) {
    let (tokens, subject, realm) = (tokens(), subject(), Arc::from("staff"));
    // Another end is another token.
    let ends = AtomicI64::new(4_000_000_000);
    bencher.bench_local(|| {
        let ends = ends.fetch_add(1, Ordering::Relaxed);
        tokens.about(black_box(&subject), Some(&realm), Some(ends))
    });
}
