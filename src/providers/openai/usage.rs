//! Token counts, wherever they stand and however many there are.

use std::borrow::Cow;

use super::reader::Reader;
use crate::chat::{Delta, Usage};
use crate::json::{Cursor, Kind, Malformed};

impl<'a> Reader<'_, 'a> {
    /// The chunk's own.
    pub(super) fn usage(&mut self) -> Result<(), Malformed> {
        if self.cursor.kind()? == Kind::Null {
            return self.cursor.null();
        }
        let usage = read(&mut self.cursor)?;
        self.straight &= numbers(&usage) == 3;
        self.tell_usage(usage);
        Ok(())
    }

    /// Tells the counts if there are any, and as many as were told before: the last counts are the ones that count, but
    /// Databricks sends null for some (spiceai/spiceai#6600).
    fn tell_usage(&mut self, usage: Usage<'a>) {
        let numbers = numbers(&usage);
        if numbers > 0 && numbers >= self.decoder.counts {
            self.decoder.counts = numbers;
            self.deltas.push(Delta::Usage(usage));
        }
    }

    /// At the end of a chunk: tells what stood aside, unless the chunk has counts of its own.
    pub(super) fn tell_aside(&mut self) {
        let is_told = self.deltas.iter().any(|delta| matches!(delta, Delta::Usage(_)));
        if let Some(usage) = self.aside.take().filter(|_| !is_told) {
            self.straight = false;
            self.tell_usage(usage);
        }
    }
}

/// The counts that come next, if they are any.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Usage<'a>, Malformed> {
    let count = |name| cursor.find(name).ok()?.and_then(|mut at| at.integer().ok()?);
    let [prompt, completion, total] = ["prompt_tokens", "completion_tokens", "total_tokens"].map(count);
    Ok(Usage {
        prompt,
        completion,
        total,
        json: Cow::Borrowed(cursor.skip()?),
    })
}

fn numbers(usage: &Usage<'_>) -> usize {
    [usage.prompt, usage.completion, usage.total].iter().flatten().count()
}
