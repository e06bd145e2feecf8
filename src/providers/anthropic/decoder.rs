//! Reading the events of a streamed message, or a message that comes whole.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::chat::{Delta, Place};
use crate::error::Error;
use crate::framing::{self, Payload};
use crate::json::{Cursor, Text};
use crate::providers::openai::{Form, Strings, failure};
use crate::providers::read::{self, count, kept, member, raw, string, usage};
use crate::providers::{Decoded, ended};

/// Why a message ended («Handling stop reasons»), in `OpenAI`'s words. Others are passed on.
const REASONS: [(&str, &str); 7] = [
    ("end_turn", "stop"),
    ("stop_sequence", "stop"),
    ("pause_turn", "stop"),
    ("tool_use", CALLS),
    ("max_tokens", "length"),
    ("model_context_window_exceeded", "length"),
    ("refusal", REFUSAL),
];
const CALLS: &str = "tool_calls";
const REFUSAL: &str = "content_filter";

/// The counts of which the prompt is the sum, and the answer's.
const COUNTS: [&str; 4] = [
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
];

/// How many calls are remembered: blocks come one after the other, and looking through them stays cheap.
const REMEMBERED: usize = 64;

/// Where one is in a message.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    is_open: bool,
    ending: Ending,
    /// How many calls have begun.
    calls: u32,
    /// The block index of each call of this message that pieces may still come for.
    recent: Vec<u64>,
    /// The latest call has no arguments yet.
    is_bare: bool,
    /// A thought that is being written, and its signature, as they stand in JSON.
    thought: Option<(String, String)>,
    /// Thoughts that are whole, each with a comma before it, and belong to what comes next.
    thoughts: String,
    /// What the message cites, each with a comma before it.
    citations: String,
    counts: [Option<u64>; 4],
    /// What the last piece of words looked like.
    form: Option<Form>,
}

/// Whether the message has a reason to end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Ending {
    #[default]
    None,
    /// The model refused. It is told at the end: where another takes over, its message follows in the same stream.
    Refused,
    Told,
}

impl Decoder {
    pub(in crate::providers) fn decode<'a>(&mut self, payload: &'a Payload<'_>) -> Decoded<'a> {
        let text = payload.text.as_ref();
        if let Some((deltas, _)) = self.form.as_ref().and_then(|form| form.read(text)) {
            return Decoded {
                deltas,
                ..Decoded::NOTHING
            };
        }
        let mut deltas = Vec::new();
        let end = match text.trim_ascii() {
            "" => None,
            // Proxies that serve both dialects.
            framing::DONE => Some(self.stop(&mut deltas)),
            _ => {
                let start = Cursor::new(text);
                let mut check = start.clone();
                match check.skip().and_then(|_| check.end()) {
                    _ if payload.kind == "error" => Some(Err(failure::reported(text))),
                    Err(malformed) => Some(Err(failure::unreadable(text, &malformed))),
                    Ok(()) => self.event(text, &start, &mut deltas),
                }
            }
        };
        Decoded {
            deltas,
            chunk: None,
            end,
        }
    }

    /// Reads one event. Those that are not known say nothing.
    fn event<'a>(
        &mut self,
        text: &'a str,
        event: &Cursor<'a>,
        deltas: &mut Vec<Delta<'a>>,
    ) -> Option<Result<(), Error>> {
        let kind = string(event, "type").map_or("", Text::raw);
        let index = || count(event, "index");
        match kind {
            "message_start" => self.start(&member(event, "message")?, deltas),
            "content_block_start" => self.begin(&member(event, "content_block")?, index(), deltas),
            "content_block_delta" => {
                let delta = member(event, "delta")?;
                if let Some(words) = self.add(&delta, index(), deltas) {
                    let strings = Strings { words, padding: 0..0 };
                    self.form = Form::of(text, strings, deltas, false);
                }
            }
            "content_block_stop" => self.end_block(deltas),
            "message_delta" => {
                self.count(event, deltas);
                self.finish(&member(event, "delta")?, deltas);
            }
            "message_stop" => return Some(self.stop(deltas)),
            // Not streamed.
            "message" => {
                self.start(event, deltas);
                let mut blocks = member(event, "content")?;
                let mut elements = blocks.array().ok()?;
                while blocks.element(&mut elements) == Ok(true) {
                    self.begin(&blocks, Some(0), deltas);
                    self.end_block(deltas);
                    blocks.skip().ok()?;
                }
                self.count(event, deltas);
                self.finish(event, deltas);
                return Some(self.stop(deltas));
            }
            "error" => return Some(Err(failure::reported(text))),
            "" => return raw(event, "error").map(|error| Err(failure::reported(error))),
            _ => {}
        }
        None
    }

    /// A message begins; or another, that goes on where it was given up.
    fn start<'a>(&mut self, message: &Cursor<'a>, deltas: &mut Vec<Delta<'a>>) {
        if self.ending == Ending::Refused {
            self.ending = Ending::None;
        }
        self.thought = None;
        // Its blocks are counted anew.
        self.recent.clear();
        if !self.is_open {
            deltas.extend(string(message, "id").map(|id| Delta::Id(id.read())));
            deltas.extend(string(message, "model").map(|model| Delta::Model(model.read())));
        }
        self.open(deltas);
        self.read_counts(message);
    }

    fn open(&mut self, deltas: &mut Vec<Delta<'_>>) {
        if !std::mem::replace(&mut self.is_open, true) {
            deltas.push(Delta::Open { choice: 0 });
        }
    }

    /// A block begins. Of those that are not known, such as the calls of tools that the service itself carries out, nothing is
    /// told.
    fn begin<'a>(&mut self, block: &Cursor<'a>, index: Option<u64>, deltas: &mut Vec<Delta<'a>>) {
        self.open(deltas);
        match string(block, "type").map_or("", Text::raw) {
            "text" => {
                self.tell_thoughts(Place::Message(0), deltas);
                self.add(block, None, deltas);
                let citations = raw(block, "citations").and_then(|list| list.strip_prefix('[')?.strip_suffix(']'));
                self.cite(citations.unwrap_or_default());
            }
            "thinking" => {
                self.thought = Some(<(String, String)>::default());
                self.add(block, None, deltas);
            }
            "redacted_thinking" => {
                let mut block = block.clone();
                self.thoughts.push(',');
                self.thoughts.push_str(block.skip().unwrap_or("{}"));
            }
            "tool_use" => {
                let number = self.calls;
                self.calls = self.calls.saturating_add(1);
                if self.recent.len() == 2 * REMEMBERED {
                    self.recent.drain(..REMEMBERED);
                }
                self.recent.push(index.unwrap_or(u64::MAX));
                let input = raw(block, "input").filter(|input| {
                    let mut inside = input.bytes().filter(|byte| !byte.is_ascii_whitespace());
                    inside.nth(1) != Some(b'}')
                });
                self.is_bare = input.is_none();
                deltas.push(Delta::Tool {
                    choice: 0,
                    index: number,
                    id: string(block, "id").map(Text::read),
                    name: string(block, "name").map(Text::read),
                    arguments: Cow::Borrowed(input.unwrap_or_default()),
                });
                self.tell_thoughts(
                    Place::Call {
                        choice: 0,
                        index: number,
                    },
                    deltas,
                );
            }
            _ => {}
        }
    }

    /// A piece of a block. Gives where it stands if it is words.
    fn add<'a>(
        &mut self,
        piece: &Cursor<'a>,
        index: Option<u64>,
        deltas: &mut Vec<Delta<'a>>,
    ) -> Option<std::ops::Range<usize>> {
        match string(piece, "type")?.raw() {
            "text_delta" | "text" => {
                let mut at = member(piece, "text")?;
                at.kind().ok()?;
                let start = at.at();
                let text = at.string().ok().filter(|text| !text.is_empty())?;
                self.open(deltas);
                deltas.push(Delta::Content {
                    choice: 0,
                    text: text.read(),
                });
                return Some(start..at.at());
            }
            "thinking_delta" | "signature_delta" | "thinking" => {
                let thought = self.thought.get_or_insert_default();
                if let Some(signature) = string(piece, "signature") {
                    thought.1.push_str(signature.raw());
                }
                let text = string(piece, "thinking").filter(|text| !text.is_empty())?;
                thought.0.push_str(text.raw());
                self.open(deltas);
                deltas.push(Delta::Reasoning {
                    choice: 0,
                    text: text.read(),
                });
            }
            "input_json_delta" => {
                let text = string(piece, "partial_json").filter(|text| !text.is_empty())?;
                let back = self.recent.iter().rev().position(|call| Some(*call) == index)?;
                self.is_bare &= back > 0;
                let back = u32::try_from(back).ok()?.saturating_add(1);
                deltas.push(Delta::Tool {
                    choice: 0,
                    index: self.calls.saturating_sub(back),
                    id: None,
                    name: None,
                    arguments: text.read(),
                });
            }
            "citations_delta" => {
                self.cite(raw(piece, "citation").unwrap_or_default());
            }
            _ => {}
        }
        None
    }

    fn cite(&mut self, citations: &str) {
        if !citations.trim_ascii().is_empty() {
            self.citations.push(',');
            self.citations.push_str(citations);
        }
    }

    fn end_block(&mut self, deltas: &mut Vec<Delta<'_>>) {
        if let Some((thought, signature)) = self.thought.take() {
            let _ = write!(
                self.thoughts,
                ",{{\"type\":\"thinking\",\"thinking\":\"{thought}\",\"signature\":\"{signature}\"}}"
            );
        }
        // A function without arguments is called with `{}`, of which nothing is sent.
        if std::mem::take(&mut self.is_bare) {
            deltas.push(Delta::Tool {
                choice: 0,
                index: self.calls.saturating_sub(1),
                id: None,
                name: None,
                arguments: Cow::Borrowed("{}"),
            });
        }
    }

    /// Thoughts go back with what they led to, since the service checks that they are where they were.
    fn tell_thoughts(&mut self, place: Place, deltas: &mut Vec<Delta<'_>>) {
        let thoughts = std::mem::take(&mut self.thoughts);
        if let Some(thoughts) = thoughts.get(1..) {
            deltas.push(kept("thinking_blocks", ["[", thoughts, "]"].concat(), place));
        }
    }

    fn read_counts(&mut self, of: &Cursor<'_>) {
        let Some(usage) = member(of, "usage") else { return };
        for (count, name) in self.counts.iter_mut().zip(COUNTS) {
            *count = read::count(&usage, name).or(*count);
        }
    }

    /// Tells the tokens used so far. Those of the prompt may be told here alone (`DashScope`).
    fn count(&mut self, of: &Cursor<'_>, deltas: &mut Vec<Delta<'_>>) {
        self.read_counts(of);
        let [Some(input), read, created, Some(completion)] = self.counts else {
            return;
        };
        let (read, created) = (read.unwrap_or(0), created.unwrap_or(0));
        // The input is what was neither read from the cache nor written to it.
        let prompt = input.saturating_add(read).saturating_add(created);
        let total = prompt.saturating_add(completion);
        let details = member(of, "usage").and_then(|usage| member(&usage, "output_tokens_details"));
        let thinking = details
            .and_then(|details| count(&details, "thinking_tokens"))
            .unwrap_or(0);
        deltas.push(usage([prompt, completion, total], read, created, thinking));
    }

    /// The message has ended, if there is a reason.
    fn finish<'a>(&mut self, of: &Cursor<'a>, deltas: &mut Vec<Delta<'a>>) {
        let Some(said) = string(of, "stop_reason") else { return };
        self.open(deltas);
        self.tell_thoughts(Place::Message(0), deltas);
        if let Some(citations) = std::mem::take(&mut self.citations).get(1..) {
            deltas.push(kept("citations", ["[", citations, "]"].concat(), Place::Message(0)));
        }
        if let Some(details) = raw(of, "stop_details") {
            deltas.push(kept("stop_details", details.to_owned(), Place::Choice(0)));
        }
        let said = said.read();
        let known = REASONS
            .iter()
            .find(|(name, _)| *name == said)
            .map(|(_, reason)| *reason);
        let reason = match known {
            Some("stop") if self.calls > 0 => Cow::Borrowed(CALLS),
            Some(REFUSAL) => {
                if self.ending == Ending::None {
                    self.ending = Ending::Refused;
                }
                return;
            }
            Some(reason) => Cow::Borrowed(reason),
            None => said,
        };
        self.close(reason, deltas);
    }

    fn close<'a>(&mut self, reason: Cow<'a, str>, deltas: &mut Vec<Delta<'a>>) {
        if std::mem::replace(&mut self.ending, Ending::Told) != Ending::Told {
            deltas.push(Delta::Finish { choice: 0, reason });
        }
    }

    /// Nothing more comes.
    fn stop(&mut self, deltas: &mut Vec<Delta<'_>>) -> Result<(), Error> {
        if self.ending == Ending::Refused {
            self.close(Cow::Borrowed(REFUSAL), deltas);
        }
        if self.is_open { Ok(()) } else { self.end() }
    }

    pub(in crate::providers) fn is_finished(&self) -> bool {
        self.ending != Ending::None
    }

    pub(in crate::providers) fn end(&self) -> Result<(), Error> {
        ended(self.is_open, self.is_finished(), "`message_start`")
    }
}
