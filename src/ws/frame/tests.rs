//! What frames hold and where they end, however they are cut into pieces.

use super::*;

/// A frame as a client sends it.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x11, 0x22, 0x33, 0x44];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask));
    frame
}

/// All that an opener makes of octets that come in pieces of this size.
fn opened(octets: &[u8], size: usize) -> Result<(Vec<u8>, Vec<Aside>), Breach> {
    let (mut opener, mut payload, mut asides) = (Opener::default(), Vec::new(), Vec::new());
    for piece in octets.chunks(size) {
        let mut piece = piece.to_vec();
        let (range, aside) = opener.open(&mut piece)?;
        payload.extend_from_slice(&piece[range]);
        asides.extend(aside);
    }
    Ok((payload, asides))
}

fn counting(length: usize) -> Vec<u8> {
    (0..=255).cycle().take(length).collect()
}

#[test]
fn the_payload_is_the_same_however_the_frames_arrive() {
    let payloads = [0, 1, 7, 8, 9, 125, 126, 300, 65_535, 65_536, 70_000].map(counting);
    let frames: Vec<u8> = payloads.iter().flat_map(|payload| masked(0x82, payload)).collect();
    for size in [1, 2, 3, 13, 14, 15, 1000, frames.len()] {
        let (payload, asides) = opened(&frames, size).unwrap();
        assert!(payload == payloads.concat(), "in pieces of {size}");
        assert!(asides.is_empty());
    }
}

#[test]
fn fragments_and_text_are_octets_as_well() {
    let frames =
        [masked(0x01, b"te"), masked(0x89, b"?"), masked(0x00, b"x"), masked(0x80, b"t"), masked(0x82, b"!")];
    let (payload, asides) = opened(&frames.concat(), 4).unwrap();
    assert_eq!(payload, b"text!");
    assert_eq!(asides, [Aside::Ping(b"?".to_vec())]);
}

#[test]
fn behind_a_close_frame_nothing_is_read() {
    let frames = [masked(0x82, b"last"), masked(0x88, &[3, 0xe8]), masked(0x82, b"more")].concat();
    let mut octets = frames;
    let (range, aside) = Opener::default().open(&mut octets).unwrap();
    assert_eq!((&octets[range], aside), (&b"last"[..], Some(Aside::Close)));
}

#[test]
fn of_several_pings_the_last_is_told() {
    let mut octets = [masked(0x89, b"one"), masked(0x89, b"two"), masked(0x8a, b"pong")].concat();
    let (_, aside) = Opener::default().open(&mut octets).unwrap();
    assert_eq!(aside, Some(Aside::Ping(b"two".to_vec())));
}

#[test]
fn what_a_client_may_not_send_is_a_breach() {
    for (what, octets) in [
        ("no mask", vec![0x82, 1, 0]),
        ("a reserved bit", masked(0xc2, b"x")),
        ("an unknown kind", masked(0x83, b"x")),
        ("an unknown control frame", masked(0x8b, b"x")),
        ("a continuation of nothing", masked(0x80, b"x")),
        ("a message in a message", [masked(0x02, b"x"), masked(0x82, b"x")].concat()),
        ("a ping in pieces", masked(0x09, b"x")),
        ("a long ping", masked(0x89, &[0; 126])),
        ("a length of 64 bits", vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        assert_eq!(opened(&octets, octets.len()), Err(Breach::Protocol), "{what}");
        assert_eq!(opened(&octets, 1), Err(Breach::Protocol), "{what}, octet by octet");
    }
}

#[test]
fn a_sealed_message_is_read_back_by_another_reader() {
    use tokio_tungstenite::tungstenite::{
        Message,
        protocol::{Role, WebSocket},
    };
    for length in [0, 1, 125, 126, 65_535, 65_536] {
        let payload = counting(length);
        let mut room = [0; MAX_SERVER_HEADER];
        let start = seal(&mut room, length);
        let octets = [&room[start..], &payload].concat();
        let wire = std::io::Cursor::new(octets);
        let mut socket = WebSocket::from_raw_socket(wire, Role::Client, None);
        assert_eq!(socket.read().unwrap(), Message::binary(payload), "{length}");
    }
}

#[test]
fn the_ends_of_frames_are_found_however_they_arrive() {
    let frames =
        [masked(0x82, &counting(300)), vec![0x82, 0], vec![0x82, 2, 1, 2], masked(0x88, b"")].concat();
    let ends = [308, 310, 314, 320];
    assert_eq!(frames.len(), 320);
    for size in 1..frames.len() {
        let (mut boundaries, mut passed) = (Boundaries::default(), 0);
        for piece in frames.chunks(size) {
            boundaries.pass(piece);
            passed += piece.len();
            assert_eq!(boundaries.at_one(), ends.contains(&passed), "{passed} in pieces of {size}");
        }
        assert!(boundaries.closed());
    }
}

#[test]
fn a_frame_passes_alone_even_where_another_one_follows() {
    let frames = [0x82, 3, 1, 2, 3, 0x82, 1, 1];
    let mut boundaries = Boundaries::default();
    assert_eq!(boundaries.pass_frame(&frames), 5);
    assert!(boundaries.at_one() && !boundaries.closed());
    assert_eq!(boundaries.pass_frame(&frames[5..6]), 1);
    assert!(!boundaries.at_one());
    assert_eq!(boundaries.pass_frame(&frames[6..]), 2);
}

#[test]
fn a_masked_close_says_the_same_as_a_plain_one() {
    let masked = masked_close(1001, "bye", [9, 8, 7, 6]);
    let (header, length) = Header::read(&masked).unwrap();
    let mut payload = masked[length..].to_vec();
    unmask(&mut payload, &mut header.mask.unwrap());
    assert_eq!([&[0x88, 5], &payload[..]].concat(), close(1001, "bye"));
}

#[test]
fn a_message_that_is_sealed_as_a_client_does_is_read_back_by_another_reader() {
    use tokio_tungstenite::tungstenite::{
        Message,
        protocol::{Role, WebSocket},
    };
    for length in [0, 1, 125, 126, 65_535, 65_536] {
        let payload = counting(length);
        let (mut room, mut masked) = ([0; MAX_HEADER], payload.clone());
        let start = seal_masked(&mut room, &mut masked, [1, 2, 3, 4]);
        let wire = std::io::Cursor::new([&room[start..], &masked].concat());
        let mut socket = WebSocket::from_raw_socket(wire, Role::Server, None);
        assert_eq!(socket.read().unwrap(), Message::binary(payload), "{length}");
    }
}

#[test]
fn the_frames_of_a_server_are_opened_and_must_not_be_masked() {
    let frames =
        [&[0x01, 2, b't', b'e'][..], &[0x89, 1, b'?'], &[0x80, 2, b'x', b't'], &[0x82, 1, b'!']].concat();
    for size in 1..frames.len() {
        let (mut opener, mut payload, mut asides) = (Opener::of_server(), Vec::new(), Vec::new());
        for piece in frames.chunks(size) {
            let mut piece = piece.to_vec();
            let (range, aside) = opener.open(&mut piece).unwrap();
            payload.extend_from_slice(&piece[range]);
            asides.extend(aside);
        }
        assert_eq!((&payload[..], &asides[..]), (&b"text!"[..], &[Aside::Ping(b"?".to_vec())][..]));
    }
    assert_eq!(Opener::of_server().open(&mut masked(0x82, b"x")), Err(Breach::Protocol));
}

#[test]
fn a_masked_pong_says_the_same_as_a_plain_one() {
    let masked = masked_pong(b"there?", [9, 8, 7, 6]);
    let (header, length) = Header::read(&masked).unwrap();
    let mut payload = masked[length..].to_vec();
    unmask(&mut payload, &mut header.mask.unwrap());
    assert_eq!([&[0x8a, 6], &payload[..]].concat(), pong(b"there?"));
}

#[test]
fn a_message_above_the_limit_is_told_by_the_header_that_takes_it_there() {
    let fragments = [masked(0x02, &[0; 60]), masked(0x80, &[0; 40])].concat();
    let one_more = [masked(0x02, &[0; 60]), masked(0x89, &[0; 9]), masked(0x80, &[0; 41])].concat();
    for (octets, is_too_long) in [
        (masked(0x82, &[0; 100]), false),
        (masked(0x82, &[0; 101]), true),
        ([masked(0x82, &[0; 100]), masked(0x82, &[0; 100])].concat(), false),
        (fragments, false),
        (one_more, true),
    ] {
        let mut boundaries = Boundaries::at_most(100);
        boundaries.pass(&octets);
        assert_eq!(boundaries.too_long(), is_too_long);
        let opened = Opener::at_most(100).open(&mut octets.clone()).err();
        assert_eq!(opened, is_too_long.then_some(Breach::TooLong));
    }
}
