//! The record of an exchange: one line that joins a request and its reply, without keys or padata values.

pub mod admission;
pub mod visit;

use std::{
    fmt::{self, Write as _},
    net::SocketAddr,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use krb::{
    error_code, etype,
    name::write_component,
    peek::{KrbError, Name},
    time::KerberosTime,
};
use tgg::{
    failure::{Refusal, Unanswered},
    moment::Moment,
    reply::{Reply, believe},
    request::{Asked, Request},
};
use tracing::{
    debug,
    field::{DisplayValue, display},
    info,
};

use crate::{ambient, kdc::Answer};

/// Names one exchange in the log and, over HTTP, to the client (`x-ms-request-id`).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RequestId(u64);

static NEXT: AtomicU64 = AtomicU64::new(1);
/// Sets this process's numbers apart from those of others.
static PROCESS: LazyLock<u64> = LazyLock::new(|| u64::from_be_bytes(ambient::random()));

impl RequestId {
    /// One that no other exchange has.
    #[must_use]
    pub fn next() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Reads what was written of one. `None` also for those of other processes, which name nothing here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (process, number) = text.split_at_checked("00000000-0000-0000-".len())?;
        let id = Self(u64::from_str_radix(&number.replace('-', ""), 16).ok()?);
        // As it is written, and in no other way.
        (id.to_string() == format!("{process}{number}")).then_some(id)
    }

    /// One of so many places, each for about as many.
    pub(crate) fn place(self, places: usize) -> usize {
        usize::try_from(self.0).unwrap_or_default().checked_rem(places).unwrap_or_default()
    }
}

/// In the form of a GUID, which is what Kerberos.NET and Windows look for.
impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let process = *PROCESS;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            process >> 32,
            process >> 16 & 0xffff,
            process & 0xffff,
            self.0 >> 48,
            self.0 & 0xffff_ffff_ffff
        )
    }
}

/// How a request reached the gateway.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Via {
    /// Who sent it.
    pub peer: SocketAddr,
    /// Over what: `ws`, `kkdcp`, `heimdal`, `tcp`, `udp`.
    pub over: &'static str,
}

/// Writes the record of an exchange that brought a reply. Returns its outcome as counters have it: `ticket`,
/// `sealed`, or the name of a KRB-ERROR.
pub fn answered(
    id: RequestId,
    via: Via,
    started: Moment,
    request: &Request<'_>,
    answer: &Answer,
) -> &'static str {
    // It was believed before it was returned, so this reads it a second time and does not fail.
    let reply = believe(request, &answer.octets).ok();
    let told = Told::of(reply.as_ref());
    let outcome = told.outcome.word();
    if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
        return outcome;
    }
    let asked = Question::of(request.asked());
    info!(
        target: TARGET,
        %id,
        peer = %via.peer,
        via = via.over,
        krb_realm = %OneWord(Text(request.asked().krb_realm())),
        kind = request.asked().kind(),
        client = told.client.as_ref().or(asked.client.as_ref()).map(word),
        service = told.service.as_ref().or(asked.service.as_ref()).map(word),
        etypes_asked = asked.etypes.as_ref().map(display),
        ticket_etype = told.ticket_etype.map(display),
        reply_etype = told.reply_etype.map(display),
        armored = request.armored(),
        kdc = %answer.kdc.name,
        transport = answer.over.word(),
        octets_in = request.message().len(),
        octets_out = answer.octets.len(),
        outcome = %told.outcome,
        kdc_skew_s = told.skew,
        took_us = took_us(started),
        "Exchange"
    );
    outcome
}

/// Writes the record of a request that was relayed, or refused, without a reply.
pub fn unanswered(
    id: RequestId,
    via: Via,
    started: Moment,
    asked: Option<&Asked<'_>>,
    octets_in: usize,
    why: &Unanswered,
) {
    // One line for each would let a flood fill the disk.
    if matches!(why, Unanswered::Refused(Refusal::TooManyFromPeer)) {
        debug!(target: TARGET, %id, peer = %via.peer, via = via.over, "Refused: {why}");
        return;
    }
    let question = asked.map(Question::of).unwrap_or_default();
    info!(
        target: TARGET,
        %id,
        peer = %via.peer,
        via = via.over,
        krb_realm = asked.map(|asked| word(Text(asked.krb_realm()))),
        kind = asked.map(Asked::kind),
        client = question.client.as_ref().map(word),
        service = question.service.as_ref().map(word),
        etypes_asked = question.etypes.as_ref().map(display),
        octets_in,
        outcome = why.word(),
        blame = why.blame().word(),
        took_us = took_us(started),
        "No reply: {why}"
    );
}

const TARGET: &str = "ticketgate::exchange";

fn took_us(started: Moment) -> u64 {
    u64::try_from(ambient::now().since(started).as_micros()).unwrap_or(u64::MAX)
}

/// What the request shows.
#[derive(Default)]
struct Question<'a> {
    client: Option<Principal<'a>>,
    service: Option<Name<'a>>,
    etypes: Option<Etypes>,
}

impl<'a> Question<'a> {
    fn of(asked: &Asked<'a>) -> Self {
        match asked {
            Asked::Kdc(asked) => Self {
                client: asked.cname.map(|cname| Principal(cname, asked.realm)),
                service: asked.sname,
                etypes: Some(Etypes(asked.etypes().take(MAX_ETYPES).collect())),
            },
            Asked::Kpasswd(asked) => {
                Self { client: None, service: Some(asked.ap_req.ticket_sname), etypes: None }
            }
        }
    }
}

/// What the reply shows.
struct Told<'a> {
    client: Option<Principal<'a>>,
    service: Option<Name<'a>>,
    ticket_etype: Option<Etype>,
    reply_etype: Option<Etype>,
    outcome: Outcome,
    skew: Option<i64>,
}

impl<'a> Told<'a> {
    fn of(reply: Option<&Reply<'a>>) -> Self {
        let nothing = |outcome| Self {
            client: None,
            service: None,
            ticket_etype: None,
            reply_etype: None,
            outcome,
            skew: None,
        };
        match reply {
            Some(Reply::Kdc(reply)) => Self {
                client: Some(Principal(reply.cname, reply.crealm)),
                service: Some(reply.ticket_sname),
                ticket_etype: Some(Etype(reply.ticket_etype)),
                reply_etype: Some(Etype(reply.reply_etype)),
                ..nothing(Outcome::Word("ticket"))
            },
            Some(Reply::Error(error)) => Self {
                client: error.cname.map(|cname| Principal(cname, error.crealm.unwrap_or(error.realm))),
                skew: skew(error),
                ..nothing(Outcome::Error(error.code))
            },
            Some(Reply::Kpasswd) => nothing(Outcome::Word("sealed")),
            None => nothing(Outcome::Word("disbelieved")),
        }
    }
}

/// Seconds that the KDC's clock is ahead of ours. Only an error shows that clock.
fn skew(error: &KrbError<'_>) -> Option<i64> {
    KerberosTime::from(error.stime.to_vec()).seconds()?.checked_sub(ambient::time_of_day().0)
}

/// Most encryption types of a request that are written out. Real ones offer up to ten.
const MAX_ETYPES: usize = 16;

/// What a peer named, written without blanks: behind one, a name could add fields of its own to a line for
/// people.
struct OneWord<T>(T);

impl<T: fmt::Display> fmt::Display for OneWord<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Blankless(f), "{}", self.0)
    }
}

fn word<T: fmt::Display>(named: T) -> DisplayValue<OneWord<T>> {
    display(OneWord(named))
}

/// Writes blanks as the octets that they are, like all else in a name that cannot stand as it is.
struct Blankless<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Blankless<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.contains(char::is_whitespace) {
            text.chars().try_for_each(|character| self.write_char(character))
        } else {
            self.0.write_str(text)
        }
    }

    fn write_char(&mut self, character: char) -> fmt::Result {
        if !character.is_whitespace() {
            return self.0.write_char(character);
        }
        let mut octets = [0; 4];
        character.encode_utf8(&mut octets).bytes().try_for_each(|octet| write!(self.0, "\\x{octet:02x}"))
    }
}

struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_component(self.0, f)
    }
}

struct Principal<'a>(Name<'a>, &'a [u8]);

impl fmt::Display for Principal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.0, Text(self.1))
    }
}

#[derive(Clone, Copy)]
struct Etype(i64);

impl fmt::Display for Etype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i32::try_from(self.0).ok().and_then(etype::name) {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

struct Etypes(Vec<i64>);

impl fmt::Display for Etypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(place, number)| {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{number}")
        })
    }
}

enum Outcome {
    Error(i64),
    Word(&'static str),
}

impl Outcome {
    /// One word for counters. Codes without a name share one: a KDC may answer with any number.
    fn word(&self) -> &'static str {
        match self {
            Self::Error(code) => {
                i32::try_from(*code).ok().and_then(error_code::name).unwrap_or("error_other")
            }
            Self::Word(word) => word,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(code) if self.word() == "error_other" => write!(f, "error_{code}"),
            _ => f.write_str(self.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written_and_in_no_other_way() {
        let id = RequestId::next();
        let text = id.to_string();
        assert_eq!(RequestId::parse(&text), Some(id));
        let wrong =
            [text.to_uppercase() + " ", text.replace('-', ""), format!("+{text}"), text[1..].to_owned()];
        for wrong in wrong.into_iter().chain([String::new(), "\u{e4}".repeat(18), text.replacen('-', "+", 4)])
        {
            assert_eq!(RequestId::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_of_another_process_names_nothing() {
        let text = RequestId::next().to_string();
        let other = if text.starts_with('0') { '1' } else { '0' };
        assert_eq!(RequestId::parse(&format!("{other}{}", &text[1..])), None);
    }

    #[test]
    fn codes_that_have_no_name_are_counted_as_one() {
        assert_eq!(Outcome::Error(25).word(), "KDC_ERR_PREAUTH_REQUIRED");
        assert_eq!((Outcome::Error(9999).word(), Outcome::Error(-1).word()), ("error_other", "error_other"));
        assert_eq!(Outcome::Error(9999).to_string(), "error_9999");
    }
}
