//! Until when a joined pair may go on.

use std::{
    task::{Context, Poll, ready},
    time::Duration,
};

use tgg::moment::Moment;

use super::{
    Bounds, Side, Speaks,
    silence::{Ears, Unheard},
};
use crate::{alarm::Alarm, ambient, answer::Goodbye};

/// What a pair is late for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Late {
    /// Nothing moved for as long as that is allowed.
    Idle,
    /// Its time is over, and its client is told this.
    Over(Goodbye),
    /// A side said nothing.
    Unheard(Unheard),
}

/// Watches the time, and asks the clock only of pairs that may not idle.
pub(super) struct Due<'a> {
    bounds: &'a Bounds,
    alarm: Alarm<'a>,
    idle: Option<Duration>,
    ears: Ears,
    /// When octets moved last, where that matters.
    moved: Moment,
    is_half: bool,
}

impl<'a> Due<'a> {
    pub(super) fn new(bounds: &'a Bounds, speaks: Speaks, alarm: Alarm<'a>) -> Self {
        let now = ambient::now();
        let idle = bounds.idle.into_iter().chain(bounds.silence.idle(speaks)).min();
        let ears = Ears::new(bounds.silence, speaks, now);
        Self { bounds, alarm, idle, ears, moved: now, is_half: false }
    }

    /// Whether it matters who is heard.
    pub(super) const fn is_listening(&self) -> bool {
        self.ears.is_listening()
    }

    /// Takes note that a side lives.
    pub(super) fn hear(&mut self, side: Side) {
        self.ears.hear(side, ambient::now());
    }

    /// Takes note of a turn: whether octets moved, and whether one side has ended.
    pub(super) fn saw(&mut self, moved: bool, is_half: bool, context: &Context<'_>) {
        let is_new = is_half && !self.is_half;
        self.is_half = is_half;
        if self.patience().is_some() && (moved || is_new) {
            self.moved = ambient::now();
        }
        if is_new {
            // For the timer to be set by it.
            context.waker().wake_by_ref();
        }
    }

    /// How long nothing may move.
    fn patience(&self) -> Option<Duration> {
        let (idle, message) = (self.idle, self.bounds.message);
        if self.is_half { Some(idle.map_or(message, |idle| idle.min(message))) } else { idle }
    }

    /// Ready once it is too late.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Late> {
        let quiet = self.patience().map(|idle| self.moved + idle);
        // Once a side has ended, what counts is how long the other one takes.
        let unheard = if self.is_half { None } else { self.ears.next() };
        let ends = self.bounds.ends.next();
        let Some(next) = ends.into_iter().chain(quiet).chain(unheard).min() else { return Poll::Pending };
        let now = ready!(self.alarm.poll(next, context));
        if let Some(goodbye) = self.bounds.ends.over(now) {
            return Poll::Ready(Late::Over(goodbye));
        }
        if quiet.is_some_and(|quiet| quiet <= now) {
            return Poll::Ready(Late::Idle);
        }
        self.ears.unheard(now).map_or(Poll::Pending, |unheard| Poll::Ready(Late::Unheard(unheard)))
    }
}
