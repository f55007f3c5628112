//! Until when a joined pair may go on.

use std::{
    task::{Context, Poll, ready},
    time::Duration,
};

use tgg::moment::Moment;

use super::Bounds;
use crate::{alarm::Alarm, ambient};

/// What a pair is late for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Late {
    /// Its pass has ended.
    Expired,
    /// Nothing moved for as long as that is allowed.
    Idle,
}

/// Watches the time, and asks the clock only of pairs that may not idle.
pub(super) struct Due<'a> {
    bounds: &'a Bounds,
    alarm: Alarm<'a>,
    /// When octets moved last, where that matters.
    moved: Moment,
    is_half: bool,
}

impl<'a> Due<'a> {
    pub(super) fn new(bounds: &'a Bounds, alarm: Alarm<'a>) -> Self {
        Self { bounds, alarm, moved: ambient::now(), is_half: false }
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
        let Bounds { idle, message, .. } = *self.bounds;
        if self.is_half { Some(idle.map_or(message, |idle| idle.min(message))) } else { idle }
    }

    /// Ready once it is too late.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Late> {
        let ends = self.bounds.ends;
        let quiet = self.patience().map(|idle| self.moved + idle);
        let Some(next) = ends.into_iter().chain(quiet).min() else { return Poll::Pending };
        let now = ready!(self.alarm.poll(next, context));
        Poll::Ready(if ends.is_some_and(|ends| ends <= now) { Late::Expired } else { Late::Idle })
    }
}
