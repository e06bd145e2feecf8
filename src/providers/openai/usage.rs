//! Token counts, wherever they stand and however many there are.

use std::borrow::Cow;

use super::reader::Reader;
use crate::chat::{Delta, Usage};
use crate::json::{Cursor, Kind, Malformed};

impl Reader<'_, '_> {
    /// The chunk's own.
    pub(super) fn usage(&mut self) -> Result<(), Malformed> {
        if self.cursor.kind()? == Kind::Null {
            return self.cursor.null();
        }
        let usage = read(&mut self.cursor)?;
        self.straight &= numbers(&usage) == 3;
        self.counts = Some(usage);
        Ok(())
    }

    /// Tells the chunk's counts, else those that stood aside, if there are any, and as many as were told before: the last
    /// counts are the ones that count, but Databricks sends null for some (spiceai#6600).
    pub(super) fn tell_counts(&mut self) {
        let own = self.counts.take().filter(|usage| numbers(usage) > 0);
        self.straight &= own.is_some() || self.aside.is_none();
        if let Some(usage) = own.or(self.aside.take()) {
            let numbers = numbers(&usage);
            if numbers > 0 && numbers >= self.decoder.state.counts {
                self.decoder.state.counts = numbers;
                self.deltas.push(Delta::Usage(usage));
            }
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
