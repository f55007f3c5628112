//! How fast a connection is written to at most (`tcp.maximum.outbound.rate`).

use std::{
    future::Future as _,
    io::{self, IoSlice},
    num::NonZeroU64,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tgg::moment::Moment;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep_until},
};

use crate::ambient;

/// What may be written at once, as time at the rate. Long enough for timers to be rare, short enough to be smooth.
const BURST: Duration = Duration::from_millis(100);

/// Octets that are written at once at least, however low the rate: what a segment carries over an Ethernet.
const SEGMENT: u64 = 1460;

/// Octets a second.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate(NonZeroU64);

impl Rate {
    /// So many octets a second.
    #[must_use]
    pub const fn new(octets: NonZeroU64) -> Self {
        Self(octets)
    }

    /// How long so many octets take.
    fn time(self, octets: u64) -> Duration {
        let nanos = u128::from(octets).saturating_mul(1_000_000_000).div_ceil(u128::from(self.0.get()));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many octets this much time is enough for.
    fn octets(self, time: Duration) -> u64 {
        let octets = time.as_nanos().saturating_mul(u128::from(self.0.get())) / 1_000_000_000;
        u64::try_from(octets).unwrap_or(u64::MAX)
    }
}

/// A bucket of octets that may be written, kept as the moment at which it would be full.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: Rate,
    /// How long it takes to fill.
    depth: Duration,
    full: Moment,
}

impl Bucket {
    fn new(rate: Rate) -> Self {
        Self { rate, depth: BURST.max(rate.time(SEGMENT)), full: Moment::default() }
    }

    /// How many of `wanted` octets may be written now. Less than a segment is not worth it, unless nothing more is
    /// wanted.
    ///
    /// # Errors
    ///
    /// The moment at which some may.
    fn take(&self, wanted: u64, now: Moment) -> Result<u64, Moment> {
        let missing = self.full.since(now);
        let there = self.rate.octets(self.depth.saturating_sub(missing));
        let least = wanted.min(SEGMENT);
        if there >= least {
            return Ok(there.min(wanted));
        }
        let wait = missing.saturating_sub(self.depth.saturating_sub(self.rate.time(least)));
        Err(now + wait.max(Duration::from_nanos(1)))
    }

    /// Takes note of octets that were written.
    fn spend(&mut self, octets: u64, now: Moment) {
        self.full = self.full.max(now) + self.rate.time(octets);
    }
}

/// A connection that is written to at no more than a rate, if there is one. Reads are not slowed.
#[derive(Debug)]
pub struct Throttled<I> {
    io: I,
    /// Boxed, so that a connection without a rate pays for a pointer alone.
    limit: Option<Box<Limit>>,
}

#[derive(Debug)]
struct Limit {
    bucket: Bucket,
    /// Set while a write waits for the bucket.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<I> Throttled<I> {
    /// Without a rate everything passes.
    #[must_use]
    pub fn new(io: I, rate: Option<Rate>) -> Self {
        let limit = rate.map(|rate| Box::new(Limit { bucket: Bucket::new(rate), timer: None }));
        Self { io, limit }
    }

    /// The connection.
    #[must_use]
    pub const fn get_ref(&self) -> &I {
        &self.io
    }
}

impl Limit {
    /// How many of `wanted` octets may be written, once any may.
    fn poll_take(&mut self, wanted: usize, context: &mut Context<'_>) -> Poll<usize> {
        loop {
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(context));
                self.timer = None;
            }
            match self.bucket.take(widen(wanted), ambient::now()) {
                Ok(octets) => return Poll::Ready(usize::try_from(octets).unwrap_or(usize::MAX)),
                Err(later) => self.timer = Some(Box::pin(sleep_until(ambient::instant(later)))),
            }
        }
    }

    fn spend(&mut self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(written)) = written {
            self.bucket.spend(widen(*written), ambient::now());
        }
    }
}

fn widen(octets: usize) -> u64 {
    u64::try_from(octets).unwrap_or(u64::MAX)
}

impl<I: AsyncRead + Unpin> AsyncRead for Throttled<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(context, into)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Throttled<I> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let Self { io, limit } = self.get_mut();
        let io = Pin::new(io);
        let Some(limit) = limit.as_mut().filter(|_| !octets.is_empty()) else {
            return io.poll_write(context, octets);
        };
        let may = ready!(limit.poll_take(octets.len(), context));
        let written = io.poll_write(context, octets.get(..may).unwrap_or(octets));
        limit.spend(&written);
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { io, limit } = self.get_mut();
        let io = Pin::new(io);
        let wanted = octets.iter().fold(0, |sum: usize, slice| sum.saturating_add(slice.len()));
        let Some(limit) = limit.as_mut().filter(|_| wanted > 0) else {
            return io.poll_write_vectored(context, octets);
        };
        let may = ready!(limit.poll_take(wanted, context));
        let mut left = may;
        let fits = octets.iter().take_while(|slice| {
            let fits = slice.len() <= left;
            left = left.saturating_sub(slice.len());
            fits
        });
        // Whole slices pass as they are. Where not even the first one does, its beginning is written.
        let fitting = octets.get(..fits.count()).unwrap_or_default();
        let written = if fitting.iter().any(|slice| !slice.is_empty()) {
            io.poll_write_vectored(context, fitting)
        } else {
            let first = octets.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
            io.poll_write(context, first.get(..may).unwrap_or(first))
        };
        limit.spend(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    fn rate(octets: u64) -> Rate {
        Rate::new(NonZeroU64::new(octets).unwrap())
    }

    /// Octets that a bucket gives in this time to a writer who takes all that it can get.
    fn given(rate: Rate, time: Duration, wanted: u64) -> u64 {
        let (mut bucket, mut given) = (Bucket::new(rate), 0);
        let (mut now, end) = (Moment::default() + Duration::from_secs(5), Duration::from_secs(5) + time);
        while now.since_start() <= end {
            match bucket.take(wanted, now) {
                Ok(octets) => {
                    bucket.spend(octets, now);
                    given += octets;
                }
                Err(later) => {
                    assert!(later > now);
                    now = later;
                }
            }
        }
        given
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept() {
        for (octets, wanted) in [(1000, 10_000), (100_000, 10), (100_000, 65_536), (50_000_000, 1 << 20)] {
            let given = given(rate(octets), Duration::from_secs(10), wanted);
            let (least, most) = (octets * 10, octets * 10 + (octets / 10).max(SEGMENT) + SEGMENT);
            assert!((least * 99 / 100..=most).contains(&given), "{given} octets at {octets} a second");
        }
    }

    #[test]
    fn a_tenth_of_a_second_may_be_written_at_once() {
        let mut bucket = Bucket::new(rate(1_000_000));
        let now = Moment::default() + Duration::from_secs(1);
        assert_eq!(bucket.take(u64::MAX, now), Ok(100_000));
        bucket.spend(100_000, now);
        assert_eq!(bucket.take(1, now + Duration::from_millis(50)), Ok(1));
        assert_eq!(bucket.take(u64::MAX, now + Duration::from_millis(50)), Ok(50_000));
        assert_eq!(bucket.take(u64::MAX, now + Duration::from_secs(9)), Ok(100_000));
    }

    #[test]
    fn however_low_the_rate_whole_segments_are_written() {
        let mut bucket = Bucket::new(rate(146));
        let now = Moment::default() + Duration::from_secs(1);
        assert_eq!(bucket.take(5000, now), Ok(SEGMENT));
        bucket.spend(SEGMENT, now);
        assert_eq!(bucket.take(5000, now), Err(now + Duration::from_secs(10)));
        assert_eq!(
            bucket.take(73, now),
            Err(now + Duration::from_millis(500)),
            "unless nothing more is wanted"
        );
    }

    #[tokio::test]
    async fn a_writer_is_slowed_and_every_octet_arrives() {
        let (near, mut far) = duplex(1 << 20);
        let mut near = Throttled::new(near, Some(rate(100_000)));
        let sent: Vec<u8> = (0..=255).cycle().take(30_000).collect();
        let started = ambient::now();
        near.write_all(&sent).await.unwrap();
        let took = ambient::now().since(started);
        drop(near);
        let mut arrived = Vec::new();
        far.read_to_end(&mut arrived).await.unwrap();
        assert!(arrived == sent);
        // A third of it is written at once.
        assert!(took >= Duration::from_millis(190), "{took:?}");
    }

    #[tokio::test]
    async fn without_a_rate_nothing_is_slowed_and_vectors_pass() {
        let (near, mut far) = duplex(1 << 20);
        let mut near = Throttled::new(near, None);
        let written = write_vectored(&mut near, &[b"one", b"two"]).await;
        drop(near);
        let mut arrived = Vec::new();
        far.read_to_end(&mut arrived).await.unwrap();
        assert_eq!((written, &arrived[..]), (6, &b"onetwo"[..]));
    }

    #[tokio::test]
    async fn of_a_vector_only_what_the_rate_allows_is_written() {
        for (slices, written) in [
            (&[&b""[..], &[1; 100], &[2; 1360], &[3; 1]][..], 1460),
            (&[&[1; 1000], &[2; 1000]], 1000),
            (&[b"", &[1; 5000], &[2; 10]], 1460),
        ] {
            let (near, mut far) = duplex(1 << 20);
            let mut near = Throttled::new(near, Some(rate(1)));
            assert_eq!(write_vectored(&mut near, slices).await, written);
            drop(near);
            let mut arrived = Vec::new();
            far.read_to_end(&mut arrived).await.unwrap();
            assert!(arrived == slices.concat()[..written]);
        }
    }

    async fn write_vectored<I: AsyncWrite + Unpin>(io: &mut I, slices: &[&[u8]]) -> usize {
        let slices: Vec<_> = slices.iter().map(|slice| IoSlice::new(slice)).collect();
        poll_fn(|context| Pin::new(&mut *io).poll_write_vectored(context, &slices)).await.unwrap()
    }
}
