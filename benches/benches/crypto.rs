//! What sealing and opening cost: with keys that are ready, and with those of a session, which have to be derived
//! first.
//!
//! `cargo bench -p benches --bench crypto`.

use divan::{Bencher, black_box};
use krb::crypto::{ChecksumKey, Enctype, Key, Usage, UsageKeys};
use krb::keytab::Keytab;

fn main() {
    divan::main();
}

/// By number: AES with SHA-2, AES with SHA-1, RC4, 3DES.
const ENCTYPES: [i64; 6] = [20, 19, 18, 17, 23, 16];

/// Octets of a ticket without a PAC, about.
const TICKET: usize = 400;

fn key(number: i64) -> Key {
    let enctype = Enctype::allowing_weak(number).expect("an enctype");
    Key::new(enctype, &vec![7; enctype.key_length()]).expect("a key")
}

fn ready(number: i64) -> UsageKeys {
    UsageKeys::derive(&key(number), Usage::TICKET).expect("keys")
}

#[divan::bench(args = ENCTYPES)]
fn derive(bencher: Bencher<'_, '_>, number: i64) {
    let key = key(number);
    bencher.bench_local(|| UsageKeys::derive(black_box(&key), Usage::AP_REQ_AUTHENTICATOR));
}

#[divan::bench(args = ENCTYPES)]
fn open(bencher: Bencher<'_, '_>, number: i64) {
    let keys = ready(number);
    let sealed = keys.seal(&[3; 16], &[5; TICKET]);
    bencher.bench_local(|| keys.open(black_box(&sealed)));
}

#[divan::bench(args = ENCTYPES)]
fn seal(bencher: Bencher<'_, '_>, number: i64) {
    let keys = ready(number);
    bencher.bench_local(|| keys.seal(&[3; 16], black_box(&[5; TICKET])));
}

#[divan::bench(args = ENCTYPES)]
fn derive_and_sum(bencher: Bencher<'_, '_>, number: i64) {
    let key = key(number);
    bencher.bench_local(|| {
        ChecksumKey::derive(black_box(&key), Usage::PAC_SIGNATURE).map(|key| key.make(black_box(&[5; 1000])))
    });
}

#[divan::bench]
fn read_keytab(bencher: Bencher<'_, '_>) {
    let file = include_bytes!("../../tests/data/keytab/mit-kadmin.keytab");
    bencher.bench_local(|| Keytab::read(black_box(file)));
}
