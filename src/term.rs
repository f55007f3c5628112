//! When a socket is closed at the latest, and with which words.

use tgg::moment::Moment;

use crate::answer::Goodbye;

/// The end of a socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Term {
    /// When.
    pub at: Moment,
    /// What its peer is told.
    pub goodbye: Goodbye,
}
