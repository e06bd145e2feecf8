//! How far an answer has come.

use super::Millis;
use crate::providers::Decoded;

/// Takes what a payload says, and gives whether anything of it has reached the reader.
pub type Take<'t> = &'t mut dyn FnMut(&Decoded<'_>) -> bool;

pub(super) struct Progress {
    /// When the answer last said something, or said that it is whole.
    pub(super) spoke: Millis,
    /// A first piece of the message has come.
    pub(super) has_output: bool,
    /// Something of the answer was given out, so that it cannot be asked for again.
    pub(super) handed_over: bool,
    is_finished: bool,
}

impl Progress {
    pub(super) fn new(now: Millis) -> Self {
        Self {
            spoke: now,
            has_output: false,
            handed_over: false,
            is_finished: false,
        }
    }

    /// Hands over what a payload says. Words and calls count as handed over wherever they went.
    pub(super) fn heed(&mut self, decoded: &Decoded<'_>, is_finished: bool, now: Millis, take: Take<'_>) {
        let has_output = decoded.has_output();
        if has_output || is_finished && !self.is_finished {
            self.spoke = now;
        }
        self.is_finished = is_finished;
        self.has_output |= has_output;
        self.handed_over |= take(decoded) | has_output;
    }
}
