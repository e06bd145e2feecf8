//! Which alternative a part of an answer belongs to.

/// Alternatives are counted in bits; `n` may be 128 at most («Create chat completion»).
pub(super) const MAX_CHOICES: u32 = 128;

/// The alternatives of an answer: those that have begun, have said something, have finished.
///
/// Where one was asked for, there is one, however its parts are numbered: `LiteLLM` gave each block of Anthropic's a choice
/// of its own (BerriAI/litellm#12666), GitHub Copilot the words one and the call another (HKUDS/nanobot#1555). So words,
/// thoughts and calls belong to choice 0, each from the choice that said some first. Words of a second choice beside them
/// are an alternative that nobody asked for, and keep apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices {
    pub(super) is_single: bool,
    open: u128,
    spoken: u128,
    finished: u128,
    /// Whose words, thoughts and calls are those of choice 0.
    sources: [Option<u32>; 3],
}

/// What a choice says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Words,
    Thoughts,
    Calls,
}

impl Choices {
    pub(super) const fn new(is_single: bool) -> Self {
        Self {
            is_single,
            open: 0,
            spoken: 0,
            finished: 0,
            sources: [None; 3],
        }
    }

    /// The choice that something of the choice with this index belongs to.
    pub(super) fn of(&self, index: u32) -> u32 {
        if self.is_single && self.open & bit(index) == 0 {
            0
        } else {
            index
        }
    }

    /// The choice that says this.
    pub(super) fn saying(&mut self, index: u32, part: Part) -> u32 {
        let choice = match self.sources.get_mut(part as usize) {
            Some(source) if self.is_single => match *source.get_or_insert(index) {
                source if source == index => 0,
                // The alternative came first.
                source if index == 0 => source,
                _ => index,
            },
            _ => index,
        };
        self.spoken |= bit(choice);
        choice
    }

    /// Opens a choice; whether it was not yet open.
    pub(super) fn open(&mut self, choice: u32) -> bool {
        let is_new = self.open & bit(choice) == 0;
        self.open |= bit(choice);
        is_new
    }

    /// Finishes a choice; whether it was not yet finished.
    pub(super) fn finish(&mut self, choice: u32) -> bool {
        let is_new = self.finished & bit(choice) == 0;
        self.finished |= bit(choice);
        is_new
    }

    pub(super) fn has_spoken(&self, choice: u32) -> bool {
        self.spoken & bit(choice) != 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// Whether every choice that has begun is finished.
    pub(super) fn are_finished(&self) -> bool {
        self.open != 0 && self.open & !self.finished == 0
    }
}

fn bit(choice: u32) -> u128 {
    1_u128.checked_shl(choice).unwrap_or(0)
}
