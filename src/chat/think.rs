//! Thoughts that a model writes into its message, between tags.

use std::borrow::Cow;

use super::Delta;

const OPENING: &str = "<think>";
const CLOSING: &str = "</think>";

/// Moves what stands between `<think>` and `</think>` from the content to the reasoning, however it is cut into deltas.
///
/// A message has thoughts in it if it begins with `<think>`, white space aside: that is how models write them
/// (`DeepSeek` R1, Qwen 3 and their kin), while the same word further on is something that the message speaks of, and stays.
/// Where a chat template has put `<think>` at the end of the prompt, the model writes the closing tag alone, and the message
/// must be [known](Thinking::new) to begin with thoughts: words that were given out cannot be taken back. Of thoughts
/// without an end all is reasoning. White space around the tags belongs to neither; that before `</think>` is the thoughts',
/// since it would have to be waited with.
///
/// Held back is only what may still turn out to be a tag. A choice whose upstream tells its reasoning apart is left alone.
#[derive(Clone, Debug)]
pub struct Thinking {
    first: Phase,
    choices: Vec<Choice>,
}

#[derive(Clone, Debug)]
struct Choice {
    index: u32,
    phase: Phase,
    /// What may be the beginning of a tag, and the white space before an opening one.
    held: String,
    /// How many bytes of the tag are held.
    matched: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The opening tag may come.
    Start,
    /// Between the tags, with nothing there so far. Where the opening tag was in the prompt, it may yet be said again.
    Fresh { is_told: bool },
    /// Between the tags.
    Thought,
    /// Behind the closing tag, with nothing there so far.
    Behind,
    /// The answer itself.
    Answer,
}

impl Thinking {
    /// `is_begun` says that messages begin with thoughts, without an opening tag.
    #[must_use]
    pub fn new(is_begun: bool) -> Self {
        Self {
            first: if is_begun {
                Phase::Fresh { is_told: false }
            } else {
                Phase::Start
            },
            choices: Vec::new(),
        }
    }

    /// Whether all choices that have begun are at their answers, so that nothing is looked for in what they say.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.choices.iter().all(|choice| choice.phase == Phase::Answer)
    }

    /// Gives to `emit` what comes of one delta: mostly the delta itself.
    pub fn take(&mut self, delta: &Delta<'_>, emit: &mut dyn FnMut(&Delta<'_>)) {
        match delta {
            Delta::Open { choice } => {
                self.choice(*choice);
            }
            Delta::Content { choice, text } => return self.choice(*choice).read(text, emit),
            Delta::Reasoning { choice, .. } => {
                let thinking = self.choice(*choice);
                thinking.flush(emit);
                thinking.phase = Phase::Answer;
            }
            Delta::Refusal { choice, .. } | Delta::Tool { choice, .. } | Delta::Finish { choice, .. } => {
                self.choice(*choice).flush(emit);
            }
            _ => {}
        }
        emit(delta);
    }

    /// At the end, however it came: gives to `emit` what was held back.
    pub fn finish(&mut self, emit: &mut dyn FnMut(&Delta<'_>)) {
        for choice in &mut self.choices {
            choice.flush(emit);
        }
    }

    fn choice(&mut self, index: u32) -> &mut Choice {
        let at = self.choices.iter().position(|choice| choice.index == index);
        let at = at.unwrap_or_else(|| {
            self.choices.push(Choice {
                index,
                phase: self.first,
                held: String::new(),
                matched: 0,
            });
            self.choices.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "it was there or has just been put there")]
        &mut self.choices[at]
    }
}

impl Choice {
    fn read(&mut self, text: &str, emit: &mut dyn FnMut(&Delta<'_>)) {
        let mut rest = text;
        while !rest.is_empty() {
            rest = match self.phase {
                Phase::Start | Phase::Fresh { is_told: false } => self.open(rest, emit),
                Phase::Fresh { is_told: true } => {
                    let said = rest.trim_ascii_start();
                    if !said.is_empty() {
                        self.phase = Phase::Thought;
                    }
                    said
                }
                Phase::Thought => self.think(rest, emit),
                Phase::Behind => {
                    let said = rest.trim_ascii_start();
                    if !said.is_empty() {
                        self.phase = Phase::Answer;
                    }
                    said
                }
                Phase::Answer => {
                    self.say(rest, emit);
                    ""
                }
            };
        }
    }

    /// Looks for the opening tag; gives what is left to read.
    fn open<'t>(&mut self, text: &'t str, emit: &mut dyn FnMut(&Delta<'_>)) -> &'t str {
        let mut rest = text;
        if self.matched == 0 {
            rest = text.trim_ascii_start();
            self.held
                .push_str(text.get(..text.len() - rest.len()).unwrap_or_default());
        }
        let (matched, is_tag) = self.compare(OPENING, rest);
        if is_tag {
            self.held.clear();
            self.phase = Phase::Fresh { is_told: true };
        } else if matched < rest.len() {
            if self.phase == Phase::Start {
                self.phase = Phase::Answer;
                self.release(emit);
                return rest;
            }
            // What is held, after white space, may be the beginning of the closing tag as well.
            self.phase = Phase::Thought;
            let held = std::mem::take(&mut self.held);
            let mut again = held.trim_ascii_start();
            while !again.is_empty() {
                again = self.think(again, emit);
            }
            return rest;
        } else {
            self.held.push_str(rest);
        }
        rest.get(matched..).unwrap_or_default()
    }

    /// Looks for the closing tag; gives what is left to read.
    fn think<'t>(&mut self, text: &'t str, emit: &mut dyn FnMut(&Delta<'_>)) -> &'t str {
        let rest = if self.matched == 0 {
            let (thought, rest) = text
                .split_at_checked(text.find('<').unwrap_or(text.len()))
                .unwrap_or((text, ""));
            self.say(thought, emit);
            rest
        } else {
            text
        };
        let (matched, is_tag) = self.compare(CLOSING, rest);
        if is_tag {
            self.held.clear();
            self.phase = Phase::Behind;
            return rest.get(matched..).unwrap_or_default();
        }
        if matched == rest.len() {
            self.held.push_str(rest);
            return "";
        }
        // No tag, and the only place in it where another could begin is where it ceased to be one.
        let said = rest.get(..matched).unwrap_or_default();
        self.held.push_str(said);
        self.release(emit);
        rest.get(matched..).unwrap_or_default()
    }

    /// How much of `text` goes on with the tag, and whether that completes it. A tag that is broken off begins anew.
    fn compare(&mut self, tag: &str, text: &str) -> (usize, bool) {
        let wanted = tag.bytes().skip(self.matched);
        let matched = text.bytes().zip(wanted).take_while(|(one, other)| one == other).count();
        self.matched += matched;
        let is_tag = self.matched == tag.len();
        if is_tag || matched < text.len() {
            self.matched = 0;
        }
        (matched, is_tag)
    }

    /// Says what was held back.
    fn release(&mut self, emit: &mut dyn FnMut(&Delta<'_>)) {
        let held = std::mem::take(&mut self.held);
        self.say(&held, emit);
    }

    /// No tag comes any more in what is held back.
    fn flush(&mut self, emit: &mut dyn FnMut(&Delta<'_>)) {
        if self.held.is_empty() {
            return;
        }
        self.matched = 0;
        match self.phase {
            Phase::Start => self.phase = Phase::Answer,
            Phase::Fresh { .. } => {
                self.phase = Phase::Thought;
                self.held = self.held.trim_ascii_start().to_owned();
            }
            _ => {}
        }
        self.release(emit);
    }

    fn say(&self, text: &str, emit: &mut dyn FnMut(&Delta<'_>)) {
        if text.is_empty() {
            return;
        }
        let (choice, text) = (self.index, Cow::Borrowed(text));
        emit(&if self.phase == Phase::Thought {
            Delta::Reasoning { choice, text }
        } else {
            Delta::Content { choice, text }
        });
    }
}
