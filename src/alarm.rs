//! A timer for deadlines that move with every turn of a task.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tgg::moment::Moment;
use tokio::time::Sleep;

use crate::ambient;

/// Waits for the nearest of what may be late.
///
/// A deadline that has moved away costs nothing: the timer stays where it is, and fires once for nothing.
#[derive(Debug)]
pub struct Alarm<'a> {
    timer: Pin<&'a mut Sleep>,
    /// What the timer is set to.
    set: Option<Moment>,
}

impl<'a> Alarm<'a> {
    /// One that is not set, whatever `timer` is.
    #[must_use]
    pub const fn new(timer: Pin<&'a mut Sleep>) -> Self {
        Self { timer, set: None }
    }

    /// Whether the task is woken in time for this deadline as it is.
    #[must_use]
    pub fn covers(&self, deadline: Moment) -> bool {
        self.set.is_some_and(|set| set <= deadline)
    }

    /// Ready at `deadline`, with the time that it is then.
    pub fn poll(&mut self, deadline: Moment, context: &mut Context<'_>) -> Poll<Moment> {
        loop {
            if !self.covers(deadline) {
                self.timer.as_mut().reset(ambient::instant(deadline));
                self.set = Some(deadline);
            }
            ready!(self.timer.as_mut().poll(context));
            self.set = None;
            let now = ambient::now();
            if deadline <= now {
                return Poll::Ready(now);
            }
        }
    }
}
