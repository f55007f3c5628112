//! What is heard of the two sides of a pair: one that says nothing for too long is asked by a ping whether it still exists,
//! and given up if it says nothing to that either.

use std::time::Duration;

use tgg::moment::Moment;

use super::{Side, Speaks};

/// How long each side may say nothing. Half of it may pass before it is asked. One that speaks no WebSocket cannot be asked:
/// for as long nothing at all may move then.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Silence {
    /// Who reached the gateway.
    pub client: Option<Duration>,
    /// Whom the gateway reached.
    pub backend: Option<Duration>,
}

/// What is to be done about a side that was not heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unheard {
    /// It is asked.
    Ask(Side),
    /// It was asked, and is given up.
    GiveUp(Side),
}

/// One side as it is listened to.
#[derive(Debug)]
struct Ear {
    side: Side,
    patience: Duration,
    heard: Moment,
    has_asked: bool,
}

/// The sides that are listened to.
#[derive(Debug)]
pub(super) struct Ears(Vec<Ear>);

impl Silence {
    /// How long nothing may move because a side cannot be asked.
    pub(super) fn idle(self, speaks: Speaks) -> Option<Duration> {
        let deaf = |side, patience: Option<Duration>| patience.filter(|_| !speaks.answers(side));
        deaf(Side::Client, self.client).into_iter().chain(deaf(Side::Backend, self.backend)).min()
    }
}

impl Ears {
    /// Listens from now on.
    pub(super) fn new(silence: Silence, speaks: Speaks, now: Moment) -> Self {
        let ear = |side, patience: Option<Duration>| {
            let patience = patience.filter(|_| speaks.answers(side))?;
            Some(Ear { side, patience, heard: now, has_asked: false })
        };
        let both = [ear(Side::Client, silence.client), ear(Side::Backend, silence.backend)];
        // Without any this takes no memory.
        Self(both.into_iter().flatten().collect())
    }

    /// Whether any side is listened to.
    pub(super) const fn is_listening(&self) -> bool {
        !self.0.is_empty()
    }

    /// Takes note that a side lives.
    pub(super) fn hear(&mut self, side: Side, now: Moment) {
        if let Some(ear) = self.0.iter_mut().find(|ear| ear.side == side) {
            (ear.heard, ear.has_asked) = (now, false);
        }
    }

    /// When something is to be done at the earliest.
    pub(super) fn next(&self) -> Option<Moment> {
        self.0.iter().map(Ear::due).min()
    }

    /// What is to be done now.
    pub(super) fn unheard(&mut self, now: Moment) -> Option<Unheard> {
        let ear = self.0.iter_mut().find(|ear| ear.due() <= now)?;
        if ear.has_asked {
            return Some(Unheard::GiveUp(ear.side));
        }
        ear.has_asked = true;
        Some(Unheard::Ask(ear.side))
    }
}

impl Ear {
    fn due(&self) -> Moment {
        self.heard + if self.has_asked { self.patience } else { self.patience / 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    const TEN: Option<Duration> = Some(Duration::from_secs(10));

    #[test]
    fn a_side_is_asked_after_half_of_the_time_and_given_up_after_all_of_it() {
        let silence = Silence { client: TEN, backend: None };
        let mut ears = Ears::new(silence, Speaks::WebSocket, at(0));
        assert_eq!((ears.next(), ears.unheard(at(4))), (Some(at(5)), None));
        assert_eq!(ears.unheard(at(5)), Some(Unheard::Ask(Side::Client)));
        assert_eq!((ears.next(), ears.unheard(at(9))), (Some(at(10)), None));
        assert_eq!(ears.unheard(at(10)), Some(Unheard::GiveUp(Side::Client)));
    }

    #[test]
    fn a_side_that_answers_is_asked_again_later() {
        let silence = Silence { client: None, backend: TEN };
        let mut ears = Ears::new(silence, Speaks::Wrapped, at(0));
        assert_eq!(ears.unheard(at(5)), Some(Unheard::Ask(Side::Backend)));
        ears.hear(Side::Backend, at(6));
        assert_eq!((ears.next(), ears.unheard(at(10))), (Some(at(11)), None));
        assert_eq!(ears.unheard(at(11)), Some(Unheard::Ask(Side::Backend)));
    }

    #[test]
    fn who_cannot_be_asked_has_both_idle() {
        let silence = Silence { client: TEN, backend: Some(Duration::from_secs(3)) };
        for (speaks, idle, listens) in [
            (Speaks::WebSocket, None, true),
            (Speaks::Octets, Some(3), true),
            (Speaks::Wrapped, Some(10), true),
            (Speaks::Plain, Some(3), false),
        ] {
            assert_eq!(silence.idle(speaks), idle.map(Duration::from_secs), "{speaks:?}");
            assert_eq!(Ears::new(silence, speaks, at(0)).is_listening(), listens, "{speaks:?}");
        }
    }
}
