//! Lines of Ollama's own API, which come without `choices` (ollama/ollama#5417): `{"model": …, "message": {…}, "done": false}`.

use std::borrow::Cow;

use super::reader::Reader;
use crate::chat::Usage;
use crate::json::{Cursor, Kind, Malformed, Text};

impl<'a> Reader<'_, 'a> {
    /// The message that comes next, and of its line, which begins at `start`, whether it is the last, why, and the token
    /// counts.
    pub(super) fn native(&mut self, start: &Cursor<'a>) -> Result<(), Malformed> {
        self.straight = false;
        self.message(0)?;
        self.strings.words = 0..0;
        let (mut is_done, mut reason) = (false, None);
        let (mut prompt, mut completion) = (None, None);
        let mut ahead = start.clone();
        let mut members = ahead.object()?;
        while let Some(name) = ahead.member(&mut members)? {
            match name.raw() {
                "done" => is_done = ahead.skip()? == "true",
                "done_reason" => reason = ahead.text()?,
                "prompt_eval_count" => prompt = ahead.integer()?,
                "eval_count" => completion = ahead.integer()?,
                _ => {
                    ahead.skip()?;
                }
            }
        }
        if is_done {
            self.finishes.push((0, reason.unwrap_or(Text::STOP)));
            self.finish();
        }
        if let (Some(prompt), Some(completion)) = (prompt, completion) {
            let total = prompt + completion;
            self.aside = Some(Usage {
                prompt: Some(prompt),
                completion: Some(completion),
                total: Some(total),
                json: Cow::Owned(format!(
                    "{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{total}}}"
                )),
            });
        }
        Ok(())
    }
}

/// Whether the chunk that comes next is a line of Ollama's own API.
pub(super) fn is_line(mut chunk: Cursor<'_>) -> Result<bool, Malformed> {
    let mut members = chunk.object()?;
    let mut is_native = false;
    while let Some(name) = chunk.member(&mut members)? {
        is_native |= name.raw() == "done" && chunk.kind()? == Kind::Bool;
        chunk.skip()?;
    }
    Ok(is_native)
}
