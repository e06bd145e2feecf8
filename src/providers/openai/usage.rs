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

    /// Those that stand where they are not expected.
    pub(super) fn usage_aside(&mut self) -> Result<(), Malformed> {
        self.aside = Some(read(&mut self.cursor)?);
        Ok(())
    }

    /// Looks for `usage` in the object that comes next: Groq's `x_groq` (vercel/ai, `groq-tool-call.chunks.txt`).
    pub(super) fn look_inside(&mut self) -> Result<(), Malformed> {
        let start = self.cursor.clone();
        if self.cursor.kind()? == Kind::Object {
            let mut members = self.cursor.object()?;
            while let Some(name) = self.cursor.member(&mut members)? {
                if name.raw() == "usage" {
                    self.usage_aside()?;
                } else {
                    self.cursor.skip()?;
                }
            }
        }
        self.cursor = start;
        Ok(())
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
fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Usage<'a>, Malformed> {
    let mut ahead = cursor.clone();
    let json = cursor.skip()?;
    let (mut prompt, mut completion, mut total) = (None, None, None);
    if ahead.kind()? == Kind::Object {
        let mut members = ahead.object()?;
        while let Some(name) = ahead.member(&mut members)? {
            match name.raw() {
                "prompt_tokens" => prompt = ahead.integer()?,
                "completion_tokens" => completion = ahead.integer()?,
                "total_tokens" => total = ahead.integer()?,
                _ => {
                    ahead.skip()?;
                }
            }
        }
    }
    Ok(Usage {
        prompt,
        completion,
        total,
        json: Cow::Borrowed(json),
    })
}

fn numbers(usage: &Usage<'_>) -> usize {
    [usage.prompt, usage.completion, usage.total].iter().flatten().count()
}
