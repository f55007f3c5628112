//! Until when a joined pair may go on.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tgg::moment::Moment;
use tokio::time::Sleep;

use super::Bounds;
use crate::ambient;

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
    timer: Pin<&'a mut Sleep>,
    /// What the timer is set to.
    set: Option<Moment>,
    /// When octets moved last, where that matters.
    moved: Moment,
    is_half: bool,
}

impl<'a> Due<'a> {
    pub(super) fn new(bounds: &'a Bounds, timer: Pin<&'a mut Sleep>) -> Self {
        Self { bounds, timer, set: None, moved: ambient::now(), is_half: false }
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
        let (ends, idle) = (self.bounds.ends, self.patience());
        loop {
            let quiet = idle.map(|idle| self.moved + idle);
            let Some(next) = ends.into_iter().chain(quiet).min() else { return Poll::Pending };
            // Set to an earlier time it only fires for nothing, which is cheaper than to set it each time.
            if self.set.is_none_or(|set| next < set) {
                self.timer.as_mut().reset(ambient::instant(next));
                self.set = Some(next);
            }
            ready!(self.timer.as_mut().poll(context));
            let now = ambient::now();
            if ends.is_some_and(|ends| ends <= now) {
                return Poll::Ready(Late::Expired);
            }
            if quiet.is_some_and(|quiet| quiet <= now) {
                return Poll::Ready(Late::Idle);
            }
            self.set = None;
        }
    }
}
