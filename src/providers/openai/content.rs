//! Words that are no plain string.

use super::choices::Part;
use super::reader::Reader;
use crate::chat::Delta;
use crate::json::{Cursor, Kind, Malformed};

/// How deeply parts may lie in parts: Mistral's thinking takes two levels.
const DEEPEST: u32 = 4;

impl Reader<'_, '_> {
    /// The words of a message.
    pub(super) fn content(&mut self, index: u32) -> Result<(), Malformed> {
        let is_string = self.cursor.kind()? == Kind::String;
        let start = self.cursor.at();
        self.part(index, Part::Words, 0)?;
        // An empty one beside another in the same message is not where the words stand.
        if is_string && self.cursor.at() > start + 2 {
            self.strings.words = start..self.cursor.at();
        }
        Ok(())
    }

    /// What is said by a string, or by a list of parts: `[{"type": "thinking", "thinking": [{"type": "text", …}]}, {"type":
    /// "text", "text": …}]` (Mistral; vercel/ai, `mistral-reasoning.chunks.txt`).
    pub(super) fn part(&mut self, index: u32, part: Part, depth: u32) -> Result<(), Malformed> {
        match self.cursor.kind()? {
            Kind::String => {
                let text = self.cursor.string()?;
                if !text.is_empty() {
                    let choice = self.saying(index, part);
                    let text = text.read();
                    self.deltas.push(match part {
                        Part::Thoughts => Delta::Reasoning { choice, text },
                        _ => Delta::Content { choice, text },
                    });
                }
                Ok(())
            }
            Kind::Null => self.cursor.null(),
            Kind::Array if depth < DEEPEST => {
                self.straight = false;
                let mut elements = self.cursor.array()?;
                while self.cursor.element(&mut elements)? {
                    self.part(index, part, depth + 1)?;
                }
                Ok(())
            }
            Kind::Object if depth < DEEPEST => {
                self.straight = false;
                let inner = if is_thought(&self.cursor) { Part::Thoughts } else { part };
                let mut members = self.cursor.object()?;
                while let Some(name) = self.cursor.member(&mut members)? {
                    match name.raw() {
                        "thinking" => self.part(index, Part::Thoughts, depth + 1)?,
                        "text" => self.part(index, inner, depth + 1)?,
                        _ => {
                            self.cursor.skip()?;
                        }
                    }
                }
                Ok(())
            }
            _ => self.bent(),
        }
    }
}

/// Whether the part that comes next has the type of a thought.
fn is_thought(part: &Cursor<'_>) -> bool {
    let kind = part.find("type").ok().flatten().and_then(|mut at| at.text().ok()?);
    kind.is_some_and(|kind| kind.is("thinking") || kind.is("reasoning"))
}
