//! What a turn says, in the only form that the strictest caller takes.

use std::borrow::Cow;

use super::Asked;
use crate::chat::{ChunkWriter, Completion, Delta, Usage};
use crate::providers::Decoded;
use crate::sse;
use crate::stream::Tokens;

/// Writes what is said: choice 0's words and nothing else of the answer.
pub(super) struct Said {
    form: Form,
    out: String,
    wants_usage: bool,
    has_spoken: bool,
    /// The words of a refusal, which are spoken only where there are no others.
    refusal: String,
    /// Whether the source ran into its limit of tokens.
    is_cut_short: bool,
    usage: Option<Tokens>,
}

enum Form {
    /// An event stream.
    Events(ChunkWriter),
    /// One completion, at the end.
    Whole(Completion),
}

impl Said {
    /// Begins at once: the caller waits for its first byte no longer than for any other.
    pub(super) fn new(asked: &Asked, id: String, created: u64) -> Self {
        let form = if asked.is_streamed {
            Form::Events(ChunkWriter::new(id, asked.model.clone(), created))
        } else {
            let mut completion = Completion::default();
            completion.take(&Delta::Id(Cow::Owned(id)));
            completion.take(&Delta::Model(Cow::Borrowed(&asked.model)));
            completion.take(&Delta::Created(created));
            Form::Whole(completion)
        };
        let mut said = Self {
            form,
            out: String::new(),
            wants_usage: asked.wants_usage || !asked.is_streamed,
            has_spoken: false,
            refusal: String::new(),
            is_cut_short: false,
            usage: None,
        };
        said.write(&Delta::Open { choice: 0 });
        said
    }

    fn write(&mut self, delta: &Delta<'_>) {
        let Self { form, out, .. } = self;
        match form {
            Form::Events(writer) => writer.write(delta, &mut |chunk| sse::data(out, chunk)),
            Form::Whole(completion) => completion.take(delta),
        }
    }

    /// Says what is to be said of a payload. What is said counts as handed over by itself, and nothing else of an answer
    /// reaches the caller.
    pub(super) fn take(&mut self, decoded: &Decoded<'_>) -> bool {
        for delta in &decoded.deltas {
            match delta {
                Delta::Content { choice: 0, text } => {
                    self.has_spoken |= !text.trim().is_empty();
                    self.write(delta);
                }
                Delta::Refusal { choice: 0, text } => self.refusal.push_str(text),
                Delta::Finish { choice: 0, reason } => self.is_cut_short = reason == "length",
                Delta::Usage(usage) => {
                    self.usage = Some(Tokens {
                        prompt_tokens: usage.prompt,
                        completion_tokens: usage.completion,
                        total_tokens: usage.total,
                    });
                }
                _ => {}
            }
        }
        false
    }

    /// Says a line of the developer's own; it doesn't count as spoken.
    pub(super) fn line(&mut self, line: Option<&str>) {
        if let Some(text) = line.filter(|text| !text.is_empty()) {
            let text = Cow::Borrowed(text);
            self.write(&Delta::Content { choice: 0, text });
        }
    }

    /// Says that the model refused, in the developer's words or its own, if it did.
    pub(super) fn refuse(&mut self, line: Option<&str>) -> bool {
        let refusal = std::mem::take(&mut self.refusal);
        if !refusal.is_empty() {
            self.line(Some(line.unwrap_or(&refusal)));
        }
        !refusal.is_empty()
    }

    /// Ends the answer.
    pub(super) fn end(&mut self) {
        let reason = Cow::Borrowed(if self.is_cut_short { "length" } else { "stop" });
        self.write(&Delta::Finish { choice: 0, reason });
        if self.wants_usage {
            self.tell_usage();
        }
        let Self { form, out, .. } = self;
        match form {
            Form::Events(writer) => {
                writer.finish(&mut |chunk| sse::data(out, chunk));
                sse::data(out, "[DONE]");
            }
            Form::Whole(completion) => completion.write(out),
        }
    }

    /// Half of the numbers would end the turn at the caller, and so would details that it reads and that are no numbers.
    fn tell_usage(&mut self) {
        let Some(Tokens {
            prompt_tokens: Some(prompt),
            completion_tokens: Some(completion),
            total_tokens: Some(total),
        }) = self.usage
        else {
            return;
        };
        let json =
            format!("{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{total}}}");
        self.write(&Delta::Usage(Usage {
            prompt: Some(prompt),
            completion: Some(completion),
            total: Some(total),
            json: Cow::Owned(json),
        }));
    }

    /// Tells the caller that it is not forgotten.
    pub(super) fn sign_of_life(&mut self) {
        sse::comment(&mut self.out, "hb");
    }

    pub(super) fn is_streamed(&self) -> bool {
        matches!(self.form, Form::Events(_))
    }

    /// Whether words of the source were said. White space is none.
    pub(super) fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    pub(super) fn usage(&self) -> Option<Tokens> {
        self.usage.clone()
    }

    pub(super) fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    pub(super) fn take_output(&mut self) -> String {
        std::mem::take(&mut self.out)
    }
}
