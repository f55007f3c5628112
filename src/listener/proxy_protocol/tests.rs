//! Headers as proxies write them and as nobody should.

use super::*;

/// What is told by a header that arrives all at once.
fn told(header: &[u8]) -> Result<Option<SocketAddr>, ProxyProtocolError> {
    match parse(header)? {
        Progress::Whole(source) => Ok(source),
        Progress::Least(length) => panic!("{} of {length} octets", header.len()),
    }
}

fn is_malformed(header: &[u8]) -> bool {
    matches!(parse(header), Err(ProxyProtocolError::Malformed))
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A header of version 2: command, family, and what follows the length.
fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x20 | command, family][..], &length, body].concat()
}

const TCP4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0xc3, 0x50, 0x01, 0xbb];

fn field(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind][..], &u16::try_from(value.len()).unwrap().to_be_bytes(), value].concat()
}

#[test]
fn a_line_names_who_connects() {
    for (line, source) in [
        ("PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\n", "192.0.2.7:50000"),
        ("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0"),
        ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"),
        ("PROXY TCP6 2001:db8::7 ::1 50000 443\r\n", "[2001:db8::7]:50000"),
        ("PROXY TCP6 :: :: 0 0\r\n", "[::]:0"),
    ] {
        assert_eq!(told(line.as_bytes()).unwrap(), Some(address(source)), "{line}");
    }
}

#[test]
fn a_proxy_that_does_not_know_says_so() {
    let long = "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n";
    for line in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", long] {
        assert_eq!(told(line.as_bytes()).unwrap(), None, "{line}");
    }
}

#[test]
fn a_line_that_breaks_the_specification_is_refused() {
    for line in [
        "PROXY TCP4 192.0.2.7 198.51.100.1 50000\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 50000 443 \r\n",
        "PROXY TCP4 192.0.2.7  198.51.100.1 50000 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 50000 65536\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 +5000 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 0500 443\r\n",
        "PROXY TCP4 192.0.2.07 198.51.100.1 50000 443\r\n",
        "PROXY TCP4 2001:db8::7 ::1 50000 443\r\n",
        "PROXY TCP6 192.0.2.7 198.51.100.1 50000 443\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.1 50000 443\r\n",
        "PROXY UNKNOWNS\r\n",
        "PROXY tcp4 192.0.2.7 198.51.100.1 50000 443\r\n",
        "PROXY TCP4 \u{fc} 198.51.100.1 50000 443\r\n",
        "PROXY \r\n",
    ] {
        assert!(is_malformed(line.as_bytes()), "{line}");
    }
}

#[test]
fn a_line_without_an_end_is_not_read_for_ever() {
    let mut octets = b"PROXY UNKNOWN ".to_vec();
    while let Ok(Progress::Least(length)) = parse(&octets) {
        assert!(length <= LONGEST_LINE, "{length}");
        octets.resize(length, b'x');
    }
    assert!(is_malformed(&octets));
    let whole = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_LINE - 16));
    assert_eq!(told(whole.as_bytes()).unwrap(), None);
    assert!(is_malformed(format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_LINE - 15)).as_bytes()));
}

#[test]
fn octets_name_who_connects() {
    assert_eq!(told(&version_2(1, 0x11, &TCP4)).unwrap(), Some(address("192.0.2.7:50000")));
    let v6: Vec<u8> = [0x20, 1, 0xd, 0xb8]
        .into_iter()
        .chain([0; 11])
        .chain([7])
        .chain([0; 16])
        .chain([0xc3, 0x50, 1, 0xbb])
        .collect();
    assert_eq!(told(&version_2(1, 0x21, &v6)).unwrap(), Some(address("[2001:db8::7]:50000")));
}

#[test]
fn a_proxy_that_speaks_for_itself_or_of_what_is_no_stream_names_nobody() {
    for (what, header) in [
        ("a check of its own", version_2(0, 0x00, &[])),
        ("a check of its own with addresses", version_2(0, 0x11, &TCP4)),
        ("a check of its own with what nobody reads", version_2(0, 0xff, &[1, 2, 3])),
        ("no family", version_2(1, 0x00, &[])),
        ("no family, with a field", version_2(1, 0x00, &field(0x04, &[0; 9]))),
        ("a datagram", version_2(1, 0x12, &TCP4)),
        ("a file system", version_2(1, 0x31, &[b'a'; 216])),
    ] {
        assert_eq!(told(&header).unwrap(), None, "{what}");
    }
}

#[test]
fn additional_fields_are_skipped() {
    let fields = [field(0x02, b"gw.test"), field(0x04, &[]), field(0xee, &[9; 5000])].concat();
    let header = version_2(1, 0x11, &[&TCP4[..], &fields].concat());
    assert_eq!(told(&header).unwrap(), Some(address("192.0.2.7:50000")));
}

#[test]
fn a_checksum_must_fit() {
    let fields = [field(0x02, b"gw.test"), field(CHECKSUM, &[0; 4]), field(0x04, &[1])].concat();
    let mut header = version_2(1, 0x11, &[&TCP4[..], &fields].concat());
    let sum = CASTAGNOLI.checksum(&header).to_be_bytes();
    assert!(matches!(parse(&header), Err(ProxyProtocolError::Checksum)));
    let place = header.len() - field(0x04, &[1]).len() - 4;
    header[place..place + 4].copy_from_slice(&sum);
    assert_eq!(told(&header).unwrap(), Some(address("192.0.2.7:50000")));
    *header.last_mut().unwrap() ^= 1;
    assert!(matches!(parse(&header), Err(ProxyProtocolError::Checksum)));
}

#[test]
fn the_checksum_is_that_of_castagnoli() {
    // RFC 3720 appendix B.4: 32 octets of zeros.
    assert_eq!(CASTAGNOLI.checksum(&[0; 32]), 0x8a91_36aa);
}

#[test]
fn octets_that_break_the_specification_are_refused() {
    for (what, header) in [
        ("version 3", [SIGNATURE, &[0x31, 0x11, 0, 0][..]].concat()),
        ("an unknown command", version_2(2, 0x11, &TCP4)),
        ("an unknown family", version_2(1, 0x41, &TCP4)),
        ("an unknown protocol", version_2(1, 0x13, &TCP4)),
        ("half an address", version_2(1, 0x11, &TCP4[..11])),
        ("half a field", version_2(1, 0x11, &[&TCP4[..], &[0x02, 0]].concat())),
        ("a field longer than the header", version_2(1, 0x11, &[&TCP4[..], &[0x02, 0, 1]].concat())),
        ("a checksum of two octets", version_2(1, 0x11, &[&TCP4[..], &field(CHECKSUM, &[0; 2])].concat())),
    ] {
        assert!(is_malformed(&header), "{what}");
    }
}

#[test]
fn a_long_header_is_refused_before_it_is_read() {
    let fixed = [SIGNATURE, &[0x21, 0x11, 0xff, 0xff][..]].concat();
    assert!(matches!(parse(&fixed), Err(ProxyProtocolError::TooLong(65_551))));
}

#[test]
fn what_is_no_header_is_known_by_its_first_octets() {
    for other in
        [&b"GET / HTTP/1.1\r\n"[..], &[0x16, 3, 1], b"PROXZ", b"\r\n\r\n\0\r\nQUIT ", b"proxy UNKNOWN\r\n"]
    {
        assert!(matches!(parse(other), Err(ProxyProtocolError::Absent)), "{other:?}");
    }
}

#[tokio::test]
async fn what_follows_the_header_is_left_unread() {
    let headers = [
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.111 198.51.100.100 50000 443\r\n".to_vec(),
        b"PROXY TCP6 :: :: 0 0\r\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        version_2(1, 0x11, &TCP4),
        version_2(0, 0, &[]),
    ];
    for header in headers {
        let stream = [&header[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
        let mut rest = &stream[..];
        read(&mut rest).await.unwrap();
        assert_eq!(rest, b"GET / HTTP/1.1\r\n\r\n", "behind {header:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_within_the_header_is_refused() {
    for header in [b"PROXY TCP4 192.0.2.7 198.5".to_vec(), version_2(1, 0x11, &TCP4)[..20].to_vec(), vec![]] {
        let ended = read(&mut &header[..]).await;
        assert!(matches!(ended, Err(ProxyProtocolError::Ended(_))), "{header:?}");
    }
}
