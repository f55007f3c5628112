//! WebSocket frames: wherever the transport cuts them, the same octets come out and the same ends are found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketgate::ws::frame::{Aside, Boundaries, Breach, MAX_HEADER, Opener, seal_masked};

/// The payload up to the end of the pieces, a close frame or a breach.
fn opened<'a>(mut opener: Opener, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Result<bool, Breach>) {
    let mut payload = Vec::new();
    for piece in pieces {
        let mut piece = piece.to_vec();
        match opener.open(&mut piece) {
            Ok((range, aside)) => {
                payload.extend_from_slice(&piece[range]);
                if aside == Some(Aside::Close) {
                    return (payload, Ok(true));
                }
            }
            Err(breach) => return (payload, Err(breach)),
        }
    }
    (payload, Ok(false))
}

// The first octet says how long the pieces are.
fuzz_target!(|octets: &[u8]| {
    let Some((&length, stream)) = octets.split_first() else { return };
    let length = usize::from(length).max(1);
    for opener in [Opener::default, Opener::of_server] {
        let (whole, end) = opened(opener(), std::iter::once(stream));
        let (pieces, pieces_end) = opened(opener(), stream.chunks(length));
        assert_eq!(end, pieces_end);
        // A breach takes along what its own piece held before it.
        assert!(if end.is_ok() { pieces == whole } else { pieces.starts_with(&whole) });
    }

    // What is sealed as a client does comes out as it was.
    let (mut room, mut masked) = ([0; MAX_HEADER], stream.to_vec());
    let start = seal_masked(&mut room, &mut masked, [1, 2, 3, 4]);
    let sealed = [&room[start..], &masked].concat();
    assert_eq!(opened(Opener::default(), sealed.chunks(length)), (stream.to_vec(), Ok(false)));

    let (mut whole, mut cut) = (Boundaries::default(), Boundaries::default());
    whole.pass(stream);
    stream.chunks(length).for_each(|piece| cut.pass(piece));
    assert_eq!((whole.at_one(), whole.closed()), (cut.at_one(), cut.closed()));
});
