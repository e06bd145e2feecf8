//! What a turn says, in the only form that the strictest caller takes.

use std::borrow::Cow;

use super::tools::Round;
use super::{Asked, Output, Setup, Texts};
use crate::chat::{ChunkWriter, Completion, Delta, Usage};
use crate::endpoint;
use crate::error::Error;
use crate::providers::Decoded;
use crate::speech::Shaper;
use crate::sse;
use crate::stream::Tokens;

/// Writes what is said: choice 0's words and nothing else of an answer, or all of it where that was asked for.
pub(super) struct Said {
    form: Form,
    wish: Wish,
    out: String,
    /// Takes out of a source's words what no voice should say.
    shaper: Option<Shaper>,
    /// Whether the first chunk was written.
    is_begun: bool,
    /// Whose words were said. White space is none.
    spoken: Spoken,
    /// Words were said to which the next ones are not joined.
    is_apart: bool,
    /// The words of a refusal, which are spoken only where there are no others.
    refusal: String,
    /// The source's finish reason.
    finish: Option<String>,
    /// Tokens used by answers that are done.
    before: Option<Tokens>,
    /// Tokens used by the present answer.
    usage: Option<Tokens>,
    /// What was said, and to what, if that is to be reported.
    texts: Option<Texts>,
}

/// What is wanted of it.
struct Wish {
    output: Output,
    usage: bool,
    /// Calls of tools are carried out here, and not handed on.
    calls_tools: bool,
}

#[derive(PartialEq)]
enum Spoken {
    Nothing,
    /// Words of an answer before the present one.
    Before,
    /// Words of the present answer.
    Now,
}

enum Form {
    /// An event stream.
    Events(ChunkWriter),
    /// One completion, at the end.
    Whole(Completion),
}

impl Said {
    /// Begins at once where words are spoken: the caller waits for its first byte no longer than for any other.
    pub(super) fn new(asked: &Asked, setup: &Setup, id: String, created: u64) -> Self {
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
            wish: Wish {
                output: setup.options.output,
                usage: asked.wants_usage || !asked.is_streamed,
                calls_tools: !setup.tools.is_empty(),
            },
            out: String::new(),
            shaper: setup
                .options
                .speech
                .as_ref()
                .map(Shaper::new)
                .filter(|_| setup.options.output == Output::Spoken),
            is_begun: false,
            spoken: Spoken::Nothing,
            is_apart: false,
            refusal: String::new(),
            finish: None,
            before: None,
            usage: None,
            texts: setup.options.reports_text.then(|| Texts {
                user: asked.text.clone(),
                spoken: String::new(),
            }),
        };
        if said.is_spoken() {
            said.begin();
        }
        said
    }

    /// Writes the first chunk, if it was not.
    pub(super) fn begin(&mut self) {
        if !self.is_begun {
            self.is_begun = true;
            self.write(&Delta::Open { choice: 0 });
        }
    }

    fn write(&mut self, delta: &Delta<'_>) {
        self.begin();
        let Self { form, out, .. } = self;
        match form {
            Form::Events(writer) => writer.write(delta, &mut |chunk| sse::data(out, chunk)),
            Form::Whole(completion) => completion.take(delta),
        }
    }

    /// Another answer begins.
    pub(super) fn begin_answer(&mut self) {
        if self.has_answered() {
            self.is_apart = true;
            self.spoken = Spoken::Before;
        }
        self.refusal.clear();
        self.finish = None;
    }

    /// Says what is to be said of a payload.
    pub(super) fn take(&mut self, decoded: &Decoded<'_>) {
        for delta in &decoded.deltas {
            match (delta, self.wish.output) {
                (Delta::Usage(usage), _) => {
                    self.usage = Some(Tokens {
                        prompt_tokens: usage.prompt,
                        completion_tokens: usage.completion,
                        total_tokens: usage.total,
                    });
                }
                (Delta::Finish { choice: 0, reason }, _) => self.finish = Some(reason.as_ref().to_owned()),
                (Delta::Content { choice: 0, text }, _) => self.hear(text),
                (Delta::Refusal { choice: 0, text }, Output::Spoken) => self.refusal.push_str(text),
                (_, Output::Spoken) | (Delta::Id(_) | Delta::Model(_) | Delta::Created(_), _) => {}
                (Delta::Tool { choice: 0, .. }, _) if self.wish.calls_tools => {}
                (Delta::Open { choice: 0 }, _) => self.begin(),
                (_, Output::Faithful) => {
                    if delta.is_output() {
                        self.spoken = Spoken::Now;
                    }
                    self.write(delta);
                }
            }
        }
    }

    /// Hears words of a source, and says what is to be said of them.
    fn hear(&mut self, text: &str) {
        let Some(shaper) = &mut self.shaper else {
            return self.say(text);
        };
        let mut sayable = String::new();
        shaper.push(text, &mut sayable);
        if !sayable.is_empty() {
            self.say(&sayable);
        }
    }

    /// Says words of a source.
    fn say(&mut self, text: &str) {
        let is_blank = text.trim().is_empty();
        if is_blank && self.is_apart {
            return;
        }
        if !is_blank {
            self.spoken = Spoken::Now;
        }
        self.words(text);
    }

    /// Says a line of the developer's own; it doesn't count as spoken.
    pub(super) fn line(&mut self, line: Option<&str>) {
        if let Some(line) = line.filter(|line| !line.is_empty()) {
            self.is_apart |= self.has_answered();
            self.words(line);
            self.is_apart = true;
        }
    }

    fn words(&mut self, text: &str) {
        let text = match text.chars().next() {
            None => return,
            // What was said before was whole: a voice would read the two as one word.
            Some(first) if std::mem::take(&mut self.is_apart) && !first.is_whitespace() => {
                Cow::Owned(format!(" {text}"))
            }
            _ => Cow::Borrowed(text),
        };
        if let Some(texts) = &mut self.texts {
            texts.spoken.push_str(&text);
        }
        self.write(&Delta::Content { choice: 0, text });
    }

    /// The present answer is over.
    pub(super) fn end_answer(&mut self) {
        if let Some(shaper) = &mut self.shaper {
            let mut rest = String::new();
            shaper.finish(&mut rest);
            if !rest.is_empty() {
                self.say(&rest);
            }
        }
        let Some(usage) = self.usage.take() else { return };
        let sum = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other?));
        self.before = Some(match self.before.take() {
            None => usage,
            Some(before) => Tokens {
                prompt_tokens: sum(before.prompt_tokens, usage.prompt_tokens),
                completion_tokens: sum(before.completion_tokens, usage.completion_tokens),
                total_tokens: sum(before.total_tokens, usage.total_tokens),
            },
        });
    }

    /// Hands calls on to whoever asked, if they are not all for tools of the endpoint's own and this can be said at all.
    pub(super) fn passes_on(&mut self, round: &Round) -> bool {
        let passes_on = self.wish.output == Output::Faithful && round.has_unknown();
        if passes_on {
            for (index, (id, name, arguments)) in (0..).zip(round.calls()) {
                self.write(&Delta::Tool {
                    choice: 0,
                    index,
                    id: Some(Cow::Borrowed(id)),
                    name: Some(Cow::Borrowed(name)),
                    arguments: Cow::Borrowed(arguments),
                });
            }
            self.spoken = Spoken::Now;
        }
        passes_on
    }

    /// Says that the model refused, in the developer's words or its own, if it did.
    pub(super) fn refuse(&mut self, line: Option<&str>) -> bool {
        let refusal = std::mem::take(&mut self.refusal);
        if !refusal.is_empty() {
            self.line(Some(line.unwrap_or(&refusal)));
        }
        !refusal.is_empty()
    }

    /// Whether the source's own filter kept the answer back.
    pub(super) fn is_filtered(&self) -> bool {
        self.wish.output == Output::Spoken && self.finish.as_deref() == Some("content_filter")
    }

    /// Ends the turn. Whoever gets everything is told of an error too, in the stream or, if nothing was sent yet, by
    /// [`super::Turn::refusal`].
    pub(super) fn end(&mut self, error: Option<&Error>) {
        if let (Output::Faithful, Some(error)) = (self.wish.output, error) {
            if self.is_begun && self.is_streamed() {
                sse::data(&mut self.out, &endpoint::failed(error).1);
            }
            return;
        }
        let finish = self
            .finish
            .take()
            .filter(|reason| reason == "length" || self.wish.output == Output::Faithful);
        let reason = Cow::Owned(finish.unwrap_or_else(|| "stop".to_owned()));
        self.write(&Delta::Finish { choice: 0, reason });
        if self.wish.usage {
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
        }) = self.before
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

    /// Whether lines of the developer's own have a place in it while it goes on.
    pub(super) fn is_voice(&self) -> bool {
        self.is_streamed() && self.wish.output == Output::Spoken
    }

    /// Whether it is spoken, and not handed on whole.
    pub(super) fn is_spoken(&self) -> bool {
        self.wish.output == Output::Spoken
    }

    pub(super) fn wants_usage(&self) -> bool {
        self.wish.usage
    }

    pub(super) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Whether words of the present answer were said.
    pub(super) fn has_answered(&self) -> bool {
        self.spoken == Spoken::Now
    }

    /// Whether words of any answer were said.
    pub(super) fn has_spoken(&self) -> bool {
        self.spoken != Spoken::Nothing
    }

    pub(super) fn usage(&self) -> Option<Tokens> {
        self.before.clone()
    }

    pub(super) fn texts(&mut self) -> Option<Texts> {
        self.texts.take()
    }

    pub(super) fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    pub(super) fn take_output(&mut self) -> String {
        std::mem::take(&mut self.out)
    }
}
