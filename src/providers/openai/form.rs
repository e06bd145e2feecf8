//! What stays the same from chunk to chunk.

use std::ops::Range;

use crate::chat::{Delta, Place};
use crate::json::Cursor;

/// The last chunk, where all it added to the answer were words. Nearly every chunk of an answer differs from the one
/// before in its words and its padding alone, and what is the same need not be read again: that is most of the work.
#[derive(Clone, Debug)]
pub(in crate::providers) struct Form {
    text: String,
    strings: Strings,
    choice: u32,
    /// It can be passed on as it is.
    is_chunk: bool,
}

/// Where, in a chunk, the strings stand that the next one may have others for, with their quotes.
#[derive(Clone, Debug, Default)]
pub(in crate::providers) struct Strings {
    pub(in crate::providers) words: Range<usize>,
    /// Behind the words; empty where there is none.
    pub(in crate::providers) padding: Range<usize>,
}

/// Longer chunks are rare and may be very long.
const LONGEST: usize = 4096;

impl Form {
    /// Makes a form of a chunk that was read and said `deltas`, if they are words and what was already known.
    pub(in crate::providers) fn of(text: &str, strings: Strings, deltas: &[Delta<'_>], is_chunk: bool) -> Option<Self> {
        let mut choices = deltas.iter().filter_map(|delta| match delta {
            Delta::Content { choice, .. } => Some(Some(*choice)),
            // Repeated, it says nothing new, and whoever gets the chunk as it is has it in there.
            Delta::Extra {
                place: Place::Chunk, ..
            } if is_chunk => None,
            _ => Some(None),
        });
        let choice = choices.next().flatten()?;
        (choices.next().is_none() && !strings.words.is_empty() && text.len() <= LONGEST).then(|| Self {
            text: text.to_owned(),
            strings,
            choice,
            is_chunk,
        })
    }

    /// What a chunk of the same form says, and whether it can be passed on as it is. `None` is a chunk of another form.
    pub(in crate::providers) fn read<'a>(&self, text: &'a str) -> Option<(Vec<Delta<'a>>, bool)> {
        let Strings { words, padding } = &self.strings;
        let mut cursor = Cursor::new(text);
        cursor.pass(self.text.get(..words.start)?)?;
        let said = cursor.string().ok()?;
        if !padding.is_empty() {
            cursor.pass(self.text.get(words.end..padding.start)?)?;
            cursor.string().ok()?;
        }
        cursor.pass(self.text.get(words.end.max(padding.end)..)?)?;
        let words = Delta::Content {
            choice: self.choice,
            text: said.read(),
        };
        (cursor.at() == text.len() && !said.is_empty()).then(|| (vec![words], self.is_chunk))
    }
}
