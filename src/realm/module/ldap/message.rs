//! The messages of LDAP that the gateway sends, and the answers that it understands (RFC 4511 section 4).

use zeroize::Zeroizing;

use super::ber::{BOOLEAN, ENUMERATED, INTEGER, Malformed, OCTETS, Reader, SEQUENCE, SET, push, push_number};

/// `[APPLICATION n]` of RFC 4511.
const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND_REQUEST: u8 = 0x42;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
/// `[0]`: the simple kind of authentication, and the name of an extended request.
const CONTEXT_0: u8 = 0x80;
/// The request to go on with TLS (RFC 4511 section 4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// `wholeSubtree`.
const SUBTREE: i32 = 2;
/// `neverDerefAliases`: an alias could lead out of the folder that is searched.
const NEVER: i32 = 0;
/// Of what a server says of a result, this many octets are told.
const MAX_SAYS: usize = 200;

/// A search below a folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    /// The name of the folder.
    pub(super) base: &'a str,
    /// What entries must be like, as [`super::filter::Filter::encode`] writes it.
    pub(super) filter: &'a [u8],
    /// What is asked of them.
    pub(super) attributes: &'a [&'a str],
    /// Entries that are wanted at most.
    pub(super) entries: usize,
    /// Seconds that the server may search.
    pub(super) seconds: i32,
}

/// How an operation ended (RFC 4511 section 4.1.9).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Outcome {
    /// The number of it.
    pub(super) code: i32,
    /// What the server says of it.
    pub(super) says: String,
}

/// An entry that was found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Entry {
    /// Its name.
    pub(super) dn: String,
    /// What is known of it. Values that are no text are left out.
    pub(super) attributes: Vec<(String, Vec<String>)>,
}

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// To a bind.
    Bind(Outcome),
    /// To a search: a part of it.
    Entry(Entry),
    /// To an extended request.
    Extended(Outcome),
    /// Anything else.
    Other,
    /// To a search: other servers know more.
    Reference,
    /// To a search: that was all.
    SearchDone(Outcome),
}

/// Has the server check a password. The octets are overwritten when they are dropped.
pub(super) fn bind(id: i32, dn: &str, password: &str) -> Zeroizing<Vec<u8>> {
    // Room for all, so that no copy is left behind where it grows.
    let room = dn.len() + password.len() + 64;
    let mut request = Zeroizing::new(Vec::with_capacity(room));
    push_number(&mut request, INTEGER, 3);
    push(&mut request, OCTETS, dn.as_bytes());
    push(&mut request, CONTEXT_0, password.as_bytes());
    message(id, BIND_REQUEST, &request)
}

/// Asks for entries.
pub(super) fn search(id: i32, search: &Search<'_>) -> Zeroizing<Vec<u8>> {
    let mut request = Vec::new();
    push(&mut request, OCTETS, search.base.as_bytes());
    push_number(&mut request, ENUMERATED, SUBTREE);
    push_number(&mut request, ENUMERATED, NEVER);
    push_number(&mut request, INTEGER, i32::try_from(search.entries).unwrap_or(i32::MAX));
    push_number(&mut request, INTEGER, search.seconds);
    push(&mut request, BOOLEAN, &[0]);
    request.extend_from_slice(search.filter);
    let mut attributes = Vec::new();
    for attribute in search.attributes {
        push(&mut attributes, OCTETS, attribute.as_bytes());
    }
    push(&mut request, SEQUENCE, &attributes);
    message(id, SEARCH_REQUEST, &request)
}

/// Asks to go on with TLS.
pub(super) fn start_tls(id: i32) -> Zeroizing<Vec<u8>> {
    let mut request = Vec::new();
    push(&mut request, CONTEXT_0, START_TLS);
    message(id, EXTENDED_REQUEST, &request)
}

/// Says good-bye. There is no answer.
pub(super) fn unbind(id: i32) -> Zeroizing<Vec<u8>> {
    message(id, UNBIND_REQUEST, &[])
}

fn message(id: i32, tag: u8, request: &[u8]) -> Zeroizing<Vec<u8>> {
    let room = request.len() + 32;
    let mut inside = Zeroizing::new(Vec::with_capacity(room));
    push_number(&mut inside, INTEGER, id);
    push(&mut inside, tag, request);
    let mut message = Zeroizing::new(Vec::with_capacity(room));
    push(&mut message, SEQUENCE, &inside);
    message
}

/// Reads one whole message: the number of the request that it answers, and what it says. Controls are not looked at.
pub(super) fn read(octets: &[u8]) -> Result<(i32, Answer), Malformed> {
    let mut message = Reader::new(octets).enter(SEQUENCE)?;
    let id = message.number(INTEGER)?;
    let (tag, contents) = message.element()?;
    let mut inside = Reader::new(contents);
    Ok((
        id,
        match tag {
            BIND_RESPONSE => Answer::Bind(outcome(&mut inside)?),
            EXTENDED_RESPONSE => Answer::Extended(outcome(&mut inside)?),
            SEARCH_DONE => Answer::SearchDone(outcome(&mut inside)?),
            SEARCH_ENTRY => Answer::Entry(entry(&mut inside)?),
            SEARCH_REFERENCE => Answer::Reference,
            _ => Answer::Other,
        },
    ))
}

fn outcome(inside: &mut Reader<'_>) -> Result<Outcome, Malformed> {
    let code = inside.number(ENUMERATED)?;
    let _matched = inside.only(OCTETS)?;
    let says = inside.only(OCTETS)?;
    let says = String::from_utf8_lossy(says.get(..MAX_SAYS).unwrap_or(says)).into_owned();
    Ok(Outcome { code, says })
}

fn entry(inside: &mut Reader<'_>) -> Result<Entry, Malformed> {
    let text = |octets: &[u8]| str::from_utf8(octets).map(str::to_owned).map_err(|_| Malformed);
    let dn = text(inside.only(OCTETS)?)?;
    let mut list = inside.enter(SEQUENCE)?;
    let mut attributes = Vec::new();
    while !list.is_empty() {
        let mut attribute = list.enter(SEQUENCE)?;
        let name = text(attribute.only(OCTETS)?)?;
        let mut set = attribute.enter(SET)?;
        let mut values = Vec::new();
        while !set.is_empty() {
            values.extend(text(set.only(OCTETS)?).ok());
        }
        attributes.push((name, values));
    }
    Ok(Entry { dn, attributes })
}

impl Entry {
    /// The values of an attribute. Its name has no case (RFC 4512 section 2.5), and may have options behind it.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_it =
            move |held: &str| held.split(';').next().is_some_and(|bare| bare.eq_ignore_ascii_case(name));
        let found = self.attributes.iter().filter(move |(held, _)| is_it(held));
        found.flat_map(|(_, values)| values.iter().map(String::as_str))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, says } = self;
        // The names of RFC 4511 section 4.1.9, where operators meet them.
        let name = match code {
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            4 => "sizeLimitExceeded",
            8 => "strongerAuthRequired",
            10 => "referral",
            11 => "adminLimitExceeded",
            13 => "confidentialityRequired",
            19 => "constraintViolation",
            32 => "noSuchObject",
            34 => "invalidDNSyntax",
            48 => "inappropriateAuthentication",
            49 => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            80 => "other",
            _ => "result",
        };
        write!(f, "{name} ({code}")?;
        if !says.is_empty() {
            write!(f, ", {:?}", says.trim_end_matches('\0'))?;
        }
        write!(f, ")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(tag: u8, inside: &[u8]) -> Vec<u8> {
        message(7, tag, inside).to_vec()
    }

    fn result(code: i32, says: &str) -> Vec<u8> {
        let mut inside = Vec::new();
        push_number(&mut inside, ENUMERATED, code);
        push(&mut inside, OCTETS, b"");
        push(&mut inside, OCTETS, says.as_bytes());
        inside
    }

    #[test]
    fn a_bind_is_what_the_specification_has() {
        let expected = b"\x30\x16\x02\x01\x01\x60\x11\x02\x01\x03\x04\x04cn=a\x80\x06secret";
        assert_eq!(bind(1, "cn=a", "secret").as_slice(), expected);
    }

    #[test]
    fn results_are_read() {
        let (id, bound) = read(&answer(BIND_RESPONSE, &result(49, "no"))).unwrap();
        assert_eq!((id, bound), (7, Answer::Bind(Outcome { code: 49, says: "no".to_owned() })));
        let (_, done) = read(&answer(SEARCH_DONE, &result(0, &"x".repeat(999)))).unwrap();
        let Answer::SearchDone(done) = done else { panic!("{done:?}") };
        assert_eq!((done.code, done.says.len()), (0, MAX_SAYS));
        assert_eq!(
            Outcome { code: 49, says: "no".to_owned() }.to_string(),
            "invalidCredentials (49, \"no\")"
        );
    }

    #[test]
    fn an_entry_has_the_values_that_are_text_under_names_without_case() {
        let mut set = Vec::new();
        push(&mut set, OCTETS, b"joe");
        push(&mut set, OCTETS, b"\xff");
        let mut attribute = Vec::new();
        push(&mut attribute, OCTETS, b"UID;lang-en");
        push(&mut attribute, SET, &set);
        let mut list = Vec::new();
        push(&mut list, SEQUENCE, &attribute);
        let mut inside = Vec::new();
        push(&mut inside, OCTETS, b"uid=joe");
        push(&mut inside, SEQUENCE, &list);
        let (_, found) = read(&answer(SEARCH_ENTRY, &inside)).unwrap();
        let Answer::Entry(entry) = found else { panic!("{found:?}") };
        assert_eq!(entry.dn, "uid=joe");
        assert_eq!(entry.values("uid").collect::<Vec<_>>(), ["joe"]);
        assert_eq!(entry.values("ui").count(), 0);
    }

    #[test]
    fn no_octets_make_it_panic_or_recurse() {
        let mut nested = Vec::new();
        for _ in 0..20_000 {
            let length = u32::try_from(nested.len()).unwrap().to_be_bytes();
            nested = [&[0x30, 0x84][..], &length, &nested].concat();
            if nested.len() > 200_000 {
                break;
            }
        }
        assert_eq!(read(&nested), Err(Malformed));
        let good = answer(BIND_RESPONSE, &result(0, ""));
        for end in 0..good.len() {
            assert_eq!(read(&good[..end]), Err(Malformed));
        }
        for at in 0..good.len() {
            for octet in 0..=255 {
                let mut wrong = good.clone();
                wrong[at] = octet;
                let _ = read(&wrong);
            }
        }
    }
}
