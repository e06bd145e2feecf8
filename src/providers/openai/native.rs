//! Lines of Ollama's own API, which come without `choices` (ollama/ollama#5417): `{"model": …, "message": {…}, "done": false}`.

use std::borrow::Cow;

use super::reader::Reader;
use crate::chat::Usage;
use crate::json::{Cursor, Malformed, Text};

impl<'a> Reader<'_, 'a> {
    /// The message that comes next, and of its line, `line`, whether it is the last, why, and the token
    /// counts.
    pub(super) fn native(&mut self, line: &Cursor<'a>) -> Result<(), Malformed> {
        self.straight = false;
        self.message(0)?;
        self.strings.words = 0..0;
        if line.find("done")?.is_some_and(|mut done| done.bool() == Ok(true)) {
            let reason = line.find("done_reason")?.and_then(|mut at| at.text().ok()?);
            self.finishes.push((0, reason.unwrap_or(Text::STOP)));
        }
        let count = |name| line.find(name).ok()?.and_then(|mut at| at.integer().ok()?);
        if let (Some(prompt), Some(completion)) = (count("prompt_eval_count"), count("eval_count")) {
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
