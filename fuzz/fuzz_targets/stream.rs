//! Streams: wherever the transport cuts them, the same units come out, and the same error ends them.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tgg::envelope::{Carries, MAX_UNIT, Malformed, Opened, Stream};

fn units(carries: Carries, pieces: impl Iterator<Item = Bytes>) -> (Vec<Opened>, Option<Malformed>) {
    let mut stream = Stream::new(carries);
    let mut found = Vec::new();
    for piece in pieces {
        let length = piece.len();
        stream.push(piece);
        loop {
            match stream.unit() {
                Ok(Some(unit)) => found.push(unit),
                Ok(None) => break,
                Err(malformed) => return (found, Some(malformed)),
            }
            assert!(stream.held() <= MAX_UNIT + length);
        }
        assert!(stream.held() <= MAX_UNIT);
    }
    (found, None)
}

// The first octet says how many cuts there are, the next ones how long the pieces are.
fuzz_target!(|octets: &[u8]| {
    let Some((&cuts, rest)) = octets.split_first() else { return };
    let carries = if cuts & 0x80 == 0 { Carries::Any } else { Carries::Framed };
    let (lengths, stream) = rest.split_at(usize::from(cuts & 0x1f).min(rest.len()));
    let stream = Bytes::copy_from_slice(stream);
    let whole = units(carries, std::iter::once(stream.clone()));

    let mut lengths = lengths.iter().map(|length| usize::from(*length)).cycle();
    let mut left = stream;
    let pieces = std::iter::from_fn(|| {
        let length = lengths.next().unwrap_or(left.len()).clamp(1, left.len().max(1));
        (!left.is_empty()).then(|| left.split_to(length.min(left.len())))
    });
    assert_eq!(units(carries, pieces), whole);
});
