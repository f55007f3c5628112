//! So many clients, each of which asks, waits for the answer, and asks again; and what came of it.

use std::{
    io::{self, Read as _},
    process, thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{sleep_until, timeout},
};

use crate::{clock, lane::Failed, latency::Latencies, process::cpu};

/// Longest time that a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A client that asks one question at a time.
pub trait Asks: Send + 'static {
    /// Asks once, with this number to tell the question from others, and waits for the answer.
    fn ask(&mut self, number: u32) -> impl Future<Output = io::Result<()>> + Send;
}

/// How long is measured, and what is watched meanwhile.
#[derive(Clone, Debug, clap::Args)]
pub struct Plan {
    /// Seconds to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// Seconds of load before that
    #[arg(long, value_name = "SECONDS", default_value_t = 0.2)]
    warm_up: f64,
    /// Exchanges of each client, measured from the first one on, instead of a time
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Process whose processor time is told; of several the sum
    #[arg(long, value_name = "PID")]
    watch: Vec<u32>,
}

/// What a load generator found.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Exchanges a second.
    pub rate: f64,
    /// Microseconds that half of the exchanges did not exceed.
    pub p50_us: f64,
    /// Microseconds that 99 of 100 did not exceed.
    pub p99_us: f64,
    /// Microseconds of the slowest.
    pub max_us: f64,
    /// Exchanges that had no answer, or the wrong one.
    pub errors: f64,
    /// Processor time of the watched processes for each exchange.
    pub cpu_us: f64,
}

impl Found {
    /// Reads what [`measure`] has printed.
    ///
    /// # Errors
    ///
    /// If the generator ended before.
    pub fn read(printed: &[u8]) -> Result<Self, Failed> {
        let found: Value = serde_json::from_slice(printed)?;
        let number = |name: &str| found.get(name).and_then(Value::as_f64).unwrap_or_default();
        let exchanges = number("exchanges");
        Ok(Self {
            rate: exchanges / number("seconds"),
            p50_us: number("p50_us"),
            p99_us: number("p99_us"),
            max_us: number("max_us"),
            errors: number("errors"),
            cpu_us: number("cpu_us") / exchanges.max(1.0),
        })
    }
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

/// Lets all clients ask and prints one JSON object: exchanges, errors, seconds, latencies in microseconds, and
/// the processor time that the watched processes took meanwhile.
///
/// # Errors
///
/// If a watched process is gone.
pub async fn measure<A: Asks>(clients: Vec<A>, plan: &Plan) -> Result<(), Failed> {
    let window = match plan.count {
        Some(count) => Window { start: clock::now(), end: None, count },
        None => {
            let start = clock::now() + Duration::from_secs_f64(plan.warm_up);
            Window { start, end: Some(start + Duration::from_secs_f64(plan.seconds)), count: usize::MAX }
        }
    };
    let mut asking = JoinSet::new();
    // Runs differ in their numbers, so that a KDC that answered the last one thinks again.
    let stride = u32::try_from(clients.len())?;
    let run = process::id().wrapping_mul(0x0001_0021);
    for (place, client) in (0..).zip(clients) {
        asking.spawn(ask(client, window, run.wrapping_add(place), stride));
    }
    let watched = || plan.watch.iter().copied().map(cpu).sum::<io::Result<Duration>>();
    sleep_until(window.start.into()).await;
    let before = watched()?;
    if let Some(end) = window.end {
        sleep_until(end.into()).await;
    }
    let mut after = watched()?;
    let mut all = Tally::default();
    while let Some(tally) = asking.join_next().await {
        let tally = tally?;
        all.latencies.join(tally.latencies);
        all.errors += tally.errors;
    }
    let seconds = window.end.unwrap_or_else(clock::now).duration_since(window.start).as_secs_f64();
    if window.end.is_none() {
        after = watched()?;
    }
    let micros = |took: Duration| took.as_secs_f64() * 1e6;
    let cpu = micros(after.saturating_sub(before));
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

async fn ask<A: Asks>(mut client: A, window: Window, first: u32, stride: u32) -> Tally {
    let mut tally = Tally::default();
    let mut number = first;
    for _ in 0..window.count {
        let began = clock::now();
        let answered = timeout(PATIENCE, client.ask(number)).await;
        number = number.wrapping_add(stride);
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

/// Lets each client ask once, prints a line, and keeps them all until standard input ends.
///
/// # Errors
///
/// If one of them has no answer.
pub async fn hold<A: Asks>(mut clients: Vec<A>) -> Result<(), Failed> {
    for (client, number) in clients.iter_mut().zip(0..) {
        timeout(PATIENCE, client.ask(number)).await??;
    }
    println!("held");
    let (ended, wait) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    Ok(wait.await?)
}
