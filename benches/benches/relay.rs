//! What the parts of a relayed exchange cost that need no socket: reading, judging, believing, wrapping.
//!
//! `cargo bench -p benches`. The messages are captures of MIT krb5 1.20.1 (`tests/data/mit-1.20.1`).

use bytes::Bytes;
use divan::{Bencher, black_box};
use krb::{kkdcp, peek};
use tgg::{
    envelope::{Carries, Envelope, Stream, open_kkdcp},
    reply::believe,
    request::{Request, judge},
    routes::{Host, KrbRealm, Routes, Server},
};

fn main() {
    divan::main();
}

/// A request and its reply.
#[derive(Clone, Copy, Debug)]
enum Exchange {
    /// Without pre-authentication, answered by an error.
    As,
    /// With FAST armor, answered by a ticket.
    Fast,
    /// For a service ticket.
    Tgs,
}

const EXCHANGES: [Exchange; 3] = [Exchange::As, Exchange::Fast, Exchange::Tgs];

macro_rules! wire {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/data/mit-1.20.1/wire/", $name, ".bin"))
    };
}

impl Exchange {
    const fn request(self) -> &'static [u8] {
        match self {
            Self::As => wire!("000-spake-req-app10"),
            Self::Fast => wire!("026-fast-req-app10"),
            Self::Tgs => wire!("042-tgs-gw-req-app12"),
        }
    }

    const fn reply(self) -> &'static [u8] {
        match self {
            Self::As => wire!("001-spake-rep-app30"),
            Self::Fast => wire!("027-fast-rep-app11"),
            Self::Tgs => wire!("043-tgs-gw-rep-app13"),
        }
    }

    fn proxied(self) -> Vec<u8> {
        kkdcp::seal(&kkdcp::ProxyMessage {
            message: self.request(),
            prefixed: true,
            target_domain: Some(b"H4.TEST"),
            dclocator_hint: None,
        })
    }
}

fn routes() -> Routes {
    let kdcs = vec![Server { host: Host::Name("kdc.h4.test".into()), port: 88 }];
    Routes::new([KrbRealm { name: "H4.TEST".into(), kdcs, ..KrbRealm::default() }])
}

fn judged<'a>(exchange: Exchange, routes: &Routes) -> Request<'a> {
    #[expect(clippy::expect_used, reason = "a real request of the realm")]
    judge(exchange.request(), None, routes).expect("it may be relayed")
}

#[divan::bench(args = EXCHANGES)]
fn peek_request(exchange: Exchange) -> bool {
    peek::kdc_req(black_box(exchange.request())).is_ok()
}

#[divan::bench(args = EXCHANGES)]
fn judge_request(bencher: Bencher<'_, '_>, exchange: Exchange) {
    let routes = routes();
    bencher.bench_local(|| judge(black_box(exchange.request()), None, &routes).is_ok());
}

#[divan::bench(args = EXCHANGES)]
fn believe_reply(bencher: Bencher<'_, '_>, exchange: Exchange) {
    let request = judged(exchange, &routes());
    bencher.bench_local(|| believe(&request, black_box(exchange.reply())).is_ok());
}

#[divan::bench(args = EXCHANGES)]
fn stream_unit(bencher: Bencher<'_, '_>, exchange: Exchange) {
    let framed = Envelope::Framed.seal(Bytes::from_static(exchange.request()));
    bencher.bench_local(|| {
        let mut stream = Stream::new(Carries::Any);
        stream.push(black_box(&framed).clone());
        stream.unit()
    });
}

#[divan::bench(args = EXCHANGES)]
fn kkdcp_open(bencher: Bencher<'_, '_>, exchange: Exchange) {
    let proxied = Bytes::from(exchange.proxied());
    bencher.bench_local(|| open_kkdcp(black_box(&proxied)).is_ok());
}

#[divan::bench(args = EXCHANGES)]
fn kkdcp_seal(bencher: Bencher<'_, '_>, exchange: Exchange) {
    let reply = Bytes::from_static(exchange.reply());
    bencher.bench_local(|| Envelope::Kkdcp { prefixed: true }.seal(black_box(&reply).clone()));
}
