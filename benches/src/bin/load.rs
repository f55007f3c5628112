//! The load generator: so many clients, each of which asks, waits for the answer, and asks again.
//!
//! It prints one JSON object: exchanges, errors, seconds, latencies in microseconds, and the processor time
//! that a watched process took meanwhile.

#![expect(clippy::print_stdout, reason = "its figures are its output")]

use std::{
    fs,
    io::Read as _,
    net::SocketAddr,
    path::PathBuf,
    process, thread,
    time::{Duration, Instant},
};

use benches::{
    clock,
    lane::{Failed, Lane, Route, Way},
    latency::Latencies,
    process::cpu,
    tls::{self, KeyExchange},
};
use clap::Parser;
use serde_json::json;
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{sleep_until, timeout},
};

/// Loads a KDC or a gateway and measures how it answers.
#[derive(Debug, Parser)]
struct Args {
    /// How to speak to it
    #[arg(long, value_enum)]
    way: Way,
    /// Where it is
    #[arg(long, value_name = "ADDR")]
    to: SocketAddr,
    /// File with an AS-REQ or TGS-REQ; its nonce is changed each time
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// PEM certificate of the authority that TLS trusts
    #[arg(long, value_name = "PEM")]
    authority: Option<PathBuf>,
    /// How TLS agrees on a key
    #[arg(long, value_enum, default_value_t)]
    key_exchange: KeyExchange,
    /// Clients
    #[arg(long, value_name = "N", default_value_t = 1)]
    clients: usize,
    /// Seconds to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// Seconds of load before that
    #[arg(long, value_name = "SECONDS", default_value_t = 0.2)]
    warm_up: f64,
    /// Exchanges of each client, measured from the first one on, instead of a time
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Process whose processor time is told
    #[arg(long, value_name = "PID")]
    watch: Option<u32>,
    /// Wait for refusals (over HTTP a status other than 200), not for answers
    #[arg(long)]
    refused: bool,
    /// Make one exchange with each client, print a line, and keep the connections until input ends
    #[arg(long)]
    hold: bool,
}

/// Longest time that a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let request = fs::read(&args.request)?;
    let tls = match &args.authority {
        Some(authority) if args.way.is_tls() => Some(tls::client(authority, args.key_exchange)?),
        None if args.way.is_tls() => return Err("TLS needs --authority".into()),
        _ => None,
    };
    let route = Route { way: args.way, to: args.to, tls, refused: args.refused };
    let mut lanes = Vec::with_capacity(args.clients);
    for _ in 0..args.clients {
        lanes.push(Lane::open(route.clone(), &request).await?);
    }
    if args.hold { hold(lanes).await } else { measure(lanes, &args).await }
}

/// What one client saw.
#[derive(Default)]
struct Tally {
    latencies: Latencies,
    errors: usize,
}

/// When a client counts and when it stops.
#[derive(Clone, Copy)]
struct Window {
    start: Instant,
    end: Option<Instant>,
    count: usize,
}

async fn measure(lanes: Vec<Lane>, args: &Args) -> Result<(), Failed> {
    let window = match args.count {
        Some(count) => Window { start: clock::now(), end: None, count },
        None => {
            let start = clock::now() + Duration::from_secs_f64(args.warm_up);
            Window { start, end: Some(start + Duration::from_secs_f64(args.seconds)), count: usize::MAX }
        }
    };
    let mut clients = JoinSet::new();
    // Runs differ in their nonces, so that a KDC that answered the last one thinks again.
    let stride = u32::try_from(lanes.len())?;
    let run = process::id().wrapping_mul(0x0001_0021);
    for (place, lane) in (0..).zip(lanes) {
        clients.spawn(ask(lane, window, run.wrapping_add(place), stride));
    }
    let watched = || args.watch.map(cpu).transpose();
    sleep_until(window.start.into()).await;
    let before = watched()?;
    if let Some(end) = window.end {
        sleep_until(end.into()).await;
    }
    let mut after = watched()?;
    let mut all = Tally::default();
    while let Some(tally) = clients.join_next().await {
        let tally = tally?;
        all.latencies.join(tally.latencies);
        all.errors += tally.errors;
    }
    let seconds = window.end.unwrap_or_else(clock::now).duration_since(window.start).as_secs_f64();
    if window.end.is_none() {
        after = watched()?;
    }
    let micros = |took: Duration| took.as_secs_f64() * 1e6;
    let cpu = after.zip(before).map(|(after, before)| micros(after.saturating_sub(before)));
    let latencies = &mut all.latencies;
    println!(
        "{}",
        json!({
            "exchanges": latencies.count(),
            "errors": all.errors,
            "seconds": seconds,
            "p50_us": micros(latencies.of_thousand(500)),
            "p99_us": micros(latencies.of_thousand(990)),
            "max_us": micros(latencies.of_thousand(1000)),
            "cpu_us": cpu,
        })
    );
    Ok(())
}

async fn ask(mut lane: Lane, window: Window, first: u32, stride: u32) -> Tally {
    let mut tally = Tally::default();
    let mut nonce = first;
    for _ in 0..window.count {
        let began = clock::now();
        let answered = timeout(PATIENCE, lane.exchange(nonce)).await;
        nonce = nonce.wrapping_add(stride);
        let ended = clock::now();
        if window.end.is_some_and(|end| ended > end) {
            break;
        }
        if ended >= window.start {
            match answered {
                Ok(Ok(())) => tally.latencies.add(ended.duration_since(began)),
                Ok(Err(_)) | Err(_) => tally.errors += 1,
            }
        }
    }
    tally
}

async fn hold(mut lanes: Vec<Lane>) -> Result<(), Failed> {
    for (lane, nonce) in lanes.iter_mut().zip(0..) {
        timeout(PATIENCE, lane.exchange(nonce)).await??;
    }
    println!("held");
    let (ended, wait) = oneshot::channel();
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    Ok(wait.await?)
}
