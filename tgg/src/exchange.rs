//! One exchange with the KDCs of a realm: whom to ask, over which transport, when to ask another.
//!
//! The shell turns this crank: it dials what it is told to, waits as long as it is told to, and says how
//! each attempt ended. The rule that shapes it: a request that carries a proof of the password is never
//! sent to a second KDC once a first one may have read it. One-time passwords are good once, and a wrong
//! password counted twice locks an account in half the tries.

use std::{collections::VecDeque, time::Duration};

use crate::{
    failure::Failure,
    health::{self, Datagrams, Standing},
    moment::Moment,
};

/// Requests of more octets go over TCP: the `udp_preference_limit` of MIT krb5.
pub const DATAGRAM_LIMIT: usize = 1465;

/// How long a KDC may be silent before another is asked too.
pub const HEDGE: Duration = Duration::from_secs(1);

/// When a datagram without an answer is sent again, counted from the first one.
pub const RESEND: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(6)];

/// How a KDC is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// A stream with four octets of length.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Transport {
    /// The word for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Tcp => Self::Udp,
            Self::Udp => Self::Tcp,
        }
    }
}

/// One KDC over one transport.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// The KDC's place in the standings that the exchange was made with.
    pub kdc: usize,
    /// How to speak to it.
    pub over: Transport,
    /// How long a connection may take to open. It cannot be read before that.
    pub connect_within: Duration,
}

/// What the shell does next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Start this attempt beside those that run.
    Dial(Attempt),
    /// Give up.
    Fail(Failure),
    /// Wait for an attempt to end, at most until then.
    Wait(Moment),
}

/// How an attempt ended that brought no reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// After the KDC may have read the request: it broke off, or answered what cannot be believed.
    Broken,
    /// The KDC was not asked: as many connections to it are open as may be.
    Busy,
    /// The KDC cannot have read the request: refused, unreachable, or no connection in time.
    NotRead,
    /// The reply does not fit a datagram (KRB-ERROR 52).
    TooBig,
}

/// What the choice of a KDC depends on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ask {
    /// Octets of the request.
    pub octets: usize,
    /// Whether only one KDC may ever read it.
    pub single: bool,
    /// When to give up.
    pub deadline: Moment,
}

/// The state of one exchange.
#[derive(Debug)]
pub struct Exchange {
    ask: Ask,
    queue: VecDeque<Attempt>,
    running: usize,
    /// Whether a KDC may have read the request.
    read: bool,
    /// When the next KDC is asked although another is still being waited for.
    hedge_at: Moment,
    /// What to say when nobody is left: the most telling end so far.
    verdict: Failure,
}

impl Exchange {
    /// An exchange with the KDCs that stand so, in the operator's order.
    #[must_use]
    pub fn new(ask: Ask, standings: &[Standing], now: Moment) -> Self {
        let order = health::order(standings);
        let preferred = |kdc: usize| {
            let datagrams = standings.get(kdc).map_or(Datagrams::Unknown, |standing| standing.datagrams);
            match datagrams {
                _ if ask.octets > DATAGRAM_LIMIT => Transport::Tcp,
                Datagrams::Arrive => Transport::Udp,
                Datagrams::Lost | Datagrams::TooShort => Transport::Tcp,
                // A connection that does not open proves that nothing was read; a datagram proves nothing.
                Datagrams::Unknown if ask.single => Transport::Tcp,
                Datagrams::Unknown => Transport::Udp,
            }
        };
        let connect_within = if ask.single { HEDGE } else { ask.deadline.since(now) };
        let attempt = |kdc, over| Attempt { kdc, over, connect_within };
        let mut queue: VecDeque<_> = order.iter().map(|&kdc| attempt(kdc, preferred(kdc))).collect();
        if ask.octets <= DATAGRAM_LIMIT {
            let is_left = |kdc: &&usize| {
                standings.get(**kdc).is_none_or(|standing| standing.datagrams != Datagrams::TooShort)
            };
            queue.extend(order.iter().filter(is_left).map(|&kdc| attempt(kdc, preferred(kdc).other())));
        }
        Self { ask, queue, running: 0, read: false, hedge_at: now, verdict: Failure::NoKdc }
    }

    /// What to do now. Call it again after each step done and after each wait.
    pub fn next(&mut self, now: Moment) -> Step {
        if now >= self.ask.deadline {
            return Step::Fail(if self.running > 0 { Failure::Silent } else { self.verdict });
        }
        if self.running == 0 {
            if self.read && self.ask.single {
                return Step::Fail(self.verdict);
            }
            return self.dial(now).map_or(Step::Fail(self.verdict), Step::Dial);
        }
        if self.ask.single || self.queue.is_empty() {
            return Step::Wait(self.ask.deadline);
        }
        if now >= self.hedge_at
            && let Some(attempt) = self.dial(now)
        {
            return Step::Dial(attempt);
        }
        Step::Wait(self.hedge_at.min(self.ask.deadline))
    }

    /// Takes note that an attempt ended without a reply.
    pub fn ended(&mut self, attempt: Attempt, end: End, now: Moment) {
        self.running = self.running.saturating_sub(1);
        match end {
            End::Broken => {
                self.read = true;
                self.verdict = Failure::Broken;
                self.hedge_at = now;
            }
            End::Busy => {
                // After all others: a place may be free by then.
                self.queue.push_back(attempt);
                self.hedge_at = now;
            }
            End::NotRead => self.hedge_at = now,
            End::TooBig => {
                // The same KDC over a stream: another datagram would bring the same answer. It has read the
                // request, so for a single one there is nobody else left to ask.
                if self.ask.single {
                    self.queue.clear();
                } else {
                    self.queue.retain(|queued| queued.kdc != attempt.kdc);
                }
                self.queue.push_front(Attempt { over: Transport::Tcp, ..attempt });
                self.hedge_at = now;
            }
        }
    }

    fn dial(&mut self, now: Moment) -> Option<Attempt> {
        let attempt = self.queue.pop_front()?;
        self.running += 1;
        self.hedge_at = now + HEDGE;
        Some(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Moment = at(9000);

    const fn at(millis: u64) -> Moment {
        Moment::after_start(Duration::from_millis(millis))
    }

    fn exchange(octets: usize, single: bool, kdcs: usize, proven: bool) -> Exchange {
        let datagrams = if proven { Datagrams::Arrive } else { Datagrams::Unknown };
        let standings = vec![Standing { datagrams, ..Standing::default() }; kdcs];
        Exchange::new(Ask { octets, single, deadline: DEADLINE }, &standings, at(0))
    }

    #[track_caller]
    fn dialled(exchange: &mut Exchange, now: Moment) -> Attempt {
        match exchange.next(now) {
            Step::Dial(attempt) => attempt,
            step => panic!("expected to dial, not {step:?}"),
        }
    }

    fn place(attempt: Attempt) -> (usize, Transport) {
        (attempt.kdc, attempt.over)
    }

    #[test]
    fn a_refused_connection_goes_to_the_next_kdc_at_once() {
        for single in [false, true] {
            let mut exchange = exchange(200, single, 2, true);
            let first = dialled(&mut exchange, at(0));
            assert_eq!(place(first), (0, Transport::Udp));
            exchange.ended(first, End::NotRead, at(1));
            assert_eq!(place(dialled(&mut exchange, at(1))), (1, Transport::Udp));
        }
    }

    #[test]
    fn a_silent_kdc_is_hedged_after_a_second() {
        let mut exchange = exchange(200, false, 2, false);
        dialled(&mut exchange, at(0));
        assert_eq!(exchange.next(at(0)), Step::Wait(at(1000)));
        assert_eq!(exchange.next(at(999)), Step::Wait(at(1000)));
        assert_eq!(place(dialled(&mut exchange, at(1000))), (1, Transport::Udp));
        assert_eq!(exchange.next(at(1000)), Step::Wait(at(2000)));
    }

    #[test]
    fn a_proof_of_the_password_never_reaches_two_kdcs() {
        let mut exchange = exchange(200, true, 3, true);
        let first = dialled(&mut exchange, at(0));
        assert_eq!(exchange.next(at(0)), Step::Wait(DEADLINE));
        assert_eq!(exchange.next(at(8000)), Step::Wait(DEADLINE));
        exchange.ended(first, End::Broken, at(8000));
        assert_eq!(exchange.next(at(8000)), Step::Fail(Failure::Broken));
    }

    #[test]
    fn a_proof_of_the_password_stays_with_the_kdc_that_found_its_reply_too_big() {
        let mut exchange = exchange(200, true, 3, true);
        let first = dialled(&mut exchange, at(0));
        exchange.ended(first, End::TooBig, at(1));
        let again = dialled(&mut exchange, at(1));
        assert_eq!(place(again), (0, Transport::Tcp));
        exchange.ended(again, End::NotRead, at(2));
        assert_eq!(exchange.next(at(2)), Step::Fail(Failure::NoKdc));
    }

    #[test]
    fn a_proof_of_the_password_goes_by_stream_where_datagrams_are_not_known_to_arrive() {
        let mut exchange = exchange(200, true, 2, false);
        let first = dialled(&mut exchange, at(0));
        assert_eq!(place(first), (0, Transport::Tcp));
        assert_eq!(first.connect_within, HEDGE);
        exchange.ended(first, End::NotRead, at(1000));
        assert_eq!(place(dialled(&mut exchange, at(1000))), (1, Transport::Tcp));
    }

    #[test]
    fn a_kdc_whose_reply_fitted_no_datagram_is_sent_none() {
        let short = Standing { datagrams: Datagrams::TooShort, ..Standing::default() };
        let ask = Ask { octets: 200, single: false, deadline: at(9000) };
        let mut exchange = Exchange::new(ask, &[short], at(0));
        let Step::Dial(first) = exchange.next(at(0)) else { panic!("nobody is asked") };
        assert_eq!(first.over, Transport::Tcp);
        exchange.ended(first, End::NotRead, at(1));
        assert!(matches!(exchange.next(at(1)), Step::Fail(_)));
    }

    #[test]
    fn a_reply_too_big_for_a_datagram_is_asked_for_again_by_stream_only() {
        let mut exchange = exchange(200, false, 2, false);
        let first = dialled(&mut exchange, at(0));
        exchange.ended(first, End::TooBig, at(1));
        let again = dialled(&mut exchange, at(1));
        assert_eq!(place(again), (0, Transport::Tcp));
        exchange.ended(again, End::Broken, at(2));
        let mut rest = Vec::new();
        while let Step::Dial(attempt) = exchange.next(at(2)) {
            rest.push(place(attempt));
            exchange.ended(attempt, End::NotRead, at(2));
        }
        assert_eq!(rest, [(1, Transport::Udp), (1, Transport::Tcp)]);
    }

    #[test]
    fn a_large_request_goes_by_stream_alone() {
        let mut exchange = exchange(DATAGRAM_LIMIT + 1, false, 1, true);
        let first = dialled(&mut exchange, at(0));
        assert_eq!(place(first), (0, Transport::Tcp));
        exchange.ended(first, End::NotRead, at(0));
        assert_eq!(exchange.next(at(0)), Step::Fail(Failure::NoKdc));
    }

    #[test]
    fn where_datagrams_vanish_the_stream_is_tried_after_all_kdcs() {
        let mut exchange = exchange(200, false, 2, false);
        let order: Vec<_> = (0..4).map(|second| place(dialled(&mut exchange, at(second * 1000)))).collect();
        assert_eq!(
            order,
            [(0, Transport::Udp), (1, Transport::Udp), (0, Transport::Tcp), (1, Transport::Tcp)]
        );
        assert_eq!(exchange.next(at(4000)), Step::Wait(DEADLINE));
        assert_eq!(exchange.next(DEADLINE), Step::Fail(Failure::Silent));
    }

    #[test]
    fn where_datagrams_were_lost_the_stream_comes_first() {
        let lost = Standing { datagrams: Datagrams::Lost, ..Standing::default() };
        let ask = Ask { octets: 200, single: false, deadline: DEADLINE };
        let mut exchange = Exchange::new(ask, &[lost], at(0));
        assert_eq!(place(dialled(&mut exchange, at(0))), (0, Transport::Tcp));
    }

    #[test]
    fn a_realm_known_to_be_down_fails_at_once() {
        let down = Standing { down: true, suspect: true, ..Standing::default() };
        let ask = Ask { octets: 200, single: false, deadline: DEADLINE };
        let mut exchange = Exchange::new(ask, &[down, down], at(0));
        assert_eq!(exchange.next(at(0)), Step::Fail(Failure::NoKdc));
    }

    #[test]
    fn a_kdc_that_is_fully_used_is_tried_again_after_the_others() {
        let mut exchange = exchange(2000, true, 2, false);
        let first = dialled(&mut exchange, at(0));
        exchange.ended(first, End::Busy, at(1000));
        let second = dialled(&mut exchange, at(1000));
        assert_eq!((first.kdc, second.kdc), (0, 1));
        exchange.ended(second, End::NotRead, at(1001));
        assert_eq!(dialled(&mut exchange, at(1001)), first);
    }

    #[test]
    fn an_answer_that_cannot_be_believed_is_told_apart_from_no_kdc() {
        let mut exchange = exchange(2000, false, 2, false);
        for end in [End::Broken, End::NotRead] {
            let attempt = dialled(&mut exchange, at(0));
            exchange.ended(attempt, end, at(0));
        }
        assert_eq!(exchange.next(at(0)), Step::Fail(Failure::Broken));
    }
}
