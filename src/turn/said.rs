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
    usage: Option<(Tokens, String)>,
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

    /// Says what is to be said of a payload.
    pub(super) fn take(&mut self, decoded: &Decoded<'_>) {
        for delta in &decoded.deltas {
            match delta {
                Delta::Content { choice: 0, .. } => {
                    self.has_spoken = true;
                    self.write(delta);
                }
                Delta::Refusal { choice: 0, text } => self.refusal.push_str(text),
                Delta::Finish { choice: 0, reason } => self.is_cut_short = reason == "length",
                Delta::Usage(usage) => {
                    let tokens = Tokens {
                        prompt_tokens: usage.prompt,
                        completion_tokens: usage.completion,
                        total_tokens: usage.total,
                    };
                    self.usage = Some((tokens, usage.json.as_ref().to_owned()));
                }
                _ => {}
            }
        }
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
        // Half of the numbers would end the turn at the caller.
        if let (true, Some((tokens, json))) = (self.wants_usage, self.usage.clone())
            && tokens.are_complete()
        {
            self.write(&Delta::Usage(Usage {
                prompt: tokens.prompt_tokens,
                completion: tokens.completion_tokens,
                total: tokens.total_tokens,
                json: Cow::Owned(json),
            }));
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

    /// Tells the caller that it is not forgotten.
    pub(super) fn sign_of_life(&mut self) {
        sse::comment(&mut self.out, "hb");
    }

    pub(super) fn is_streamed(&self) -> bool {
        matches!(self.form, Form::Events(_))
    }

    /// Whether words of the source were said.
    pub(super) fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    pub(super) fn usage(&self) -> Option<Tokens> {
        self.usage.as_ref().map(|(tokens, _)| tokens.clone())
    }

    pub(super) fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    pub(super) fn take_output(&mut self) -> String {
        std::mem::take(&mut self.out)
    }
}
