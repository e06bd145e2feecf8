//! What comes without `choices`: lines of Ollama's own API (ollama/ollama#5417), `{"model": …, "message": {…}, "done": false}`,
//! and what Workers AI answers, `{"response": "…", "tool_calls": […], "usage": {…}}` (Cloudflare's «Workers AI», the pages of its
//! models, and «JSON mode»).

use std::borrow::Cow;

use super::choices::Part;
use super::reader::Reader;
use crate::chat::{Delta, Usage};
use crate::json::{Cursor, Kind, Malformed, Text};

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

    /// The member of this name that comes next of what Workers AI answers.
    pub(super) fn binding(&mut self, name: &str) -> Result<(), Malformed> {
        self.straight = false;
        match (name, self.cursor.kind()?) {
            ("tool_calls", Kind::Array) => {
                self.tools(0)?;
                // Nothing else tells.
                if !self.pieces.is_empty() {
                    self.finishes.push((0, Text::STOP));
                }
                Ok(())
            }
            // The value, where JSON was asked for.
            ("response", Kind::Object | Kind::Array) => {
                let choice = self.saying(0, Part::Words);
                let text = Cow::Borrowed(self.cursor.skip()?);
                self.deltas.push(Delta::Content { choice, text });
                Ok(())
            }
            ("response", _) => {
                self.saying(0, Part::Words);
                self.part(0, Part::Words, 0)
            }
            _ => self.bent(),
        }
    }
}
