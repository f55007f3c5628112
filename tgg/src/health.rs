//! How well a KDC has answered lately, and in which order KDCs are asked because of it.

use std::time::Duration;

use crate::moment::Moment;

/// Failures in a row after which a KDC counts as down.
///
/// One may be a lost datagram and two a restart; a third says that the next request would also wait in vain.
const DOWN_AFTER: u32 = 3;
/// Time to the first probe of a KDC that failed, and the longest time between two probes.
const PROBE_FIRST: Duration = Duration::from_secs(1);
const PROBE_LAST: Duration = Duration::from_secs(16);
/// How long an answer over UDP proves that datagrams arrive.
const LATELY: Duration = Duration::from_secs(10);
/// How long a KDC that kept silent over UDP is asked over TCP first: a firewall may let only that pass.
const LOST: Duration = Duration::from_secs(60);
/// How long a KDC whose reply fitted no datagram is asked over TCP alone. MIT's KDC of release 1.20 keeps replies for two
/// minutes, and crashes when a datagram repeats a request whose reply is too long for one: nobody must be able to have
/// the relay send that datagram.
const TOO_LONG: Duration = Duration::from_secs(150);
/// A KDC is asked after its neighbours when it is slower than this and than `MUCH` times the fastest.
const SLOW: Duration = Duration::from_millis(200);
const MUCH: u32 = 5;

/// The way an exchange with a KDC went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Experience {
    /// It answered what can be believed, after this time.
    Answered {
        /// From the first octet sent to the last one read. `None` where a person was waited for.
        took: Option<Duration>,
        /// Whether over UDP.
        datagram: bool,
    },
    /// The same, and its reply does not fit a datagram, or may not.
    AnsweredTooLong {
        /// As above.
        took: Option<Duration>,
        /// Whether over UDP.
        datagram: bool,
    },
    /// It refused, broke off, answered nonsense, or let the time pass.
    Failed {
        /// Whether over UDP.
        datagram: bool,
    },
}

/// What is known of datagrams to a KDC.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Datagrams {
    /// One was answered within the last ten seconds.
    Arrive,
    /// The last one was not answered.
    Lost,
    /// A reply was too long for one lately: none must be sent.
    TooShort,
    /// Nothing lately.
    #[default]
    Unknown,
}

/// What is remembered of one KDC.
#[derive(Clone, Debug, Default)]
pub struct Health {
    failures: u32,
    probe_at: Option<Moment>,
    probes: u32,
    latency: Option<Duration>,
    datagram: Option<(Moment, bool)>,
    too_long: Option<Moment>,
}

/// What the memory of a KDC comes to at some moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// Down: not to be asked, only probed.
    pub down: bool,
    /// Its last exchange failed.
    pub suspect: bool,
    /// Whether it can be asked over UDP.
    pub datagrams: Datagrams,
    /// Smoothed time to answer.
    pub latency: Option<Duration>,
}

impl Health {
    /// Takes note of one exchange or probe. Returns whether it thereby went down or came back.
    pub fn note(&mut self, experience: Experience, now: Moment) -> bool {
        let was_down = self.is_down();
        match experience {
            Experience::Answered { took, datagram } => self.answered(took, datagram, now),
            Experience::AnsweredTooLong { took, datagram } => {
                self.answered(took, datagram, now);
                self.too_long = Some(now);
            }
            Experience::Failed { datagram } => {
                self.failures = self.failures.saturating_add(1);
                if datagram {
                    self.datagram = Some((now, false));
                }
                self.probe_at.get_or_insert(now + PROBE_FIRST);
            }
        }
        was_down != self.is_down()
    }

    fn answered(&mut self, took: Option<Duration>, datagram: bool, now: Moment) {
        self.failures = 0;
        self.probe_at = None;
        self.probes = 0;
        if let Some(took) = took {
            // The weight 1/8 of RFC 6298 section 2: one slow answer does not move a KDC.
            self.latency = Some(self.latency.map_or(took, |smooth| (smooth * 7 + took) / 8));
        }
        if datagram {
            self.datagram = Some((now, true));
        }
    }

    /// Whether a probe is to be sent now. Saying so starts the wait for the next one.
    pub fn take_probe(&mut self, now: Moment) -> bool {
        match self.probe_at {
            Some(at) if at <= now => {
                self.probes = self.probes.saturating_add(1);
                let wait = PROBE_FIRST.saturating_mul(1 << self.probes.min(5).saturating_sub(1));
                self.probe_at = Some(now + wait.min(PROBE_LAST));
                true
            }
            _ => false,
        }
    }

    /// What it comes to now.
    #[must_use]
    pub fn standing(&self, now: Moment) -> Standing {
        Standing {
            down: self.is_down(),
            suspect: self.failures > 0,
            datagrams: match self.datagram {
                _ if self.too_long.is_some_and(|at| now.since(at) < TOO_LONG) => Datagrams::TooShort,
                Some((at, true)) if now.since(at) < LATELY => Datagrams::Arrive,
                Some((at, false)) if now.since(at) < LOST => Datagrams::Lost,
                _ => Datagrams::Unknown,
            },
            latency: self.latency,
        }
    }

    const fn is_down(&self) -> bool {
        self.failures >= DOWN_AFTER
    }
}

/// The places of the KDCs to ask, best first; those that are down are left out.
///
/// The operator's order holds among KDCs that answer about equally fast; a suspect one comes after those
/// that are not.
#[must_use]
pub fn order(standings: &[Standing]) -> Vec<usize> {
    let fastest = standings.iter().filter(|kdc| !kdc.down).filter_map(|kdc| kdc.latency).min();
    let slow = |kdc: &Standing| match (kdc.latency, fastest) {
        (Some(latency), Some(fastest)) => latency > SLOW && latency > fastest * MUCH,
        _ => false,
    };
    let mut places: Vec<(bool, bool, usize)> = standings
        .iter()
        .enumerate()
        .filter(|(_, kdc)| !kdc.down)
        .map(|(place, kdc)| (kdc.suspect, slow(kdc), place))
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(_, _, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    fn answered(millis: u64) -> Experience {
        Experience::Answered { took: Some(Duration::from_millis(millis)), datagram: true }
    }

    const FAILED: Experience = Experience::Failed { datagram: true };

    #[test]
    fn a_kdc_is_down_after_three_failures_and_back_with_one_answer() {
        let mut health = Health::default();
        assert!(!health.note(FAILED, at(0)));
        assert!(!health.note(FAILED, at(0)));
        assert!(health.standing(at(0)).suspect && !health.standing(at(0)).down);
        assert!(health.note(FAILED, at(0)));
        assert!(health.standing(at(9)).down);
        assert!(health.note(answered(1), at(10)));
        assert_eq!(
            health.standing(at(10)),
            Standing {
                down: false,
                suspect: false,
                datagrams: Datagrams::Arrive,
                latency: Some(Duration::from_millis(1))
            }
        );
    }

    #[test]
    fn failures_must_be_in_a_row() {
        let mut health = Health::default();
        for second in 0..10 {
            health.note(FAILED, at(second));
            health.note(FAILED, at(second));
            health.note(answered(1), at(second));
        }
        assert!(!health.standing(at(10)).down);
    }

    #[test]
    fn probes_start_after_a_second_and_grow_rarer() {
        let mut health = Health::default();
        assert!(!health.take_probe(at(100)));
        health.note(FAILED, at(0));
        let probed: Vec<u64> = (0..70).filter(|second| health.take_probe(at(*second))).collect();
        assert_eq!(probed, [1, 2, 4, 8, 16, 32, 48, 64]);
        health.note(answered(1), at(70));
        assert!(!health.take_probe(at(1000)));
    }

    #[test]
    fn an_answer_proves_datagrams_for_ten_seconds_and_silence_disproves_them_for_sixty() {
        let mut health = Health::default();
        health.note(answered(1), at(5));
        assert_eq!(health.standing(at(14)).datagrams, Datagrams::Arrive);
        assert_eq!(health.standing(at(15)).datagrams, Datagrams::Unknown);
        health.note(FAILED, at(20));
        health.note(Experience::Answered { took: None, datagram: false }, at(21));
        assert_eq!(health.standing(at(79)).datagrams, Datagrams::Lost);
        assert_eq!(health.standing(at(80)).datagrams, Datagrams::Unknown);
    }

    #[test]
    fn waiting_for_a_person_does_not_make_a_kdc_slow() {
        let mut health = Health::default();
        health.note(answered(2), at(0));
        health.note(Experience::Answered { took: None, datagram: true }, at(9));
        assert_eq!(health.standing(at(9)).latency, Some(Duration::from_millis(2)));
    }

    #[test]
    fn suspects_come_last_and_the_dead_not_at_all() {
        let suspect = Standing { suspect: true, ..Standing::default() };
        let down = Standing { suspect: true, down: true, ..Standing::default() };
        assert_eq!(order(&[suspect, down, Standing::default()]), [2, 0]);
        assert_eq!(order(&[down, down]), [0_usize; 0]);
    }

    #[test]
    fn a_much_slower_kdc_comes_after_its_neighbours() {
        let takes = |millis| Standing { latency: Some(Duration::from_millis(millis)), ..Standing::default() };
        assert_eq!(order(&[takes(900), takes(3)]), [1, 0]);
        assert_eq!(order(&[takes(150), takes(3)]), [0, 1]);
        assert_eq!(order(&[takes(900), takes(400)]), [0, 1]);
    }
}
