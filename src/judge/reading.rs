//! The body of one answer as the caller reads it.

use super::chunk::{Chunks, Listener, Said};
use super::events::{Event, Events, Stop};
use super::python::{Refused, Value, Values};
use super::{Caller, MAX_HEARD, Why};

/// A call of a tool that was handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Its id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as they came, which is JSON if the model kept to it.
    pub arguments: String,
}

/// One body, read as it comes.
///
/// How it is cut into pieces makes no difference, but for one thing that the observed version does: where a piece ends
/// between the CR and the LF of a line that follows a CR, it sees one blank line more.
pub struct Reading {
    events: Events,
    body: Body,
}

/// What is read from the events.
struct Body {
    caller: Caller,
    chunks: Chunks,
    heard: String,
    /// How much of that was taken.
    taken: usize,
    tool_calls: Vec<ToolCall>,
    /// How much is kept.
    kept: usize,
    is_committed: bool,
    is_done: bool,
    failure: Option<Why>,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is seen or not, apart from the others"
)]
/// What was there, for saying why nothing was heard.
#[derive(Default)]
pub(super) struct Evidence {
    has_bytes: bool,
    has_events: bool,
    /// A choice has `message` or `text` and no `delta`.
    has_message: bool,
    has_delta: bool,
    has_content: bool,
    has_reasoning: bool,
    has_refusal: bool,
    is_filtered: bool,
}

impl Evidence {
    pub(super) fn see_choice(&mut self, choice: Value<'_, '_>, delta: Value<'_, '_>) {
        let has = |name| delta.get(name).truthy();
        self.has_delta |= delta.is_object();
        self.has_content |= has("content");
        self.has_reasoning |= has("reasoning_content") || has("reasoning");
        self.has_refusal |= has("refusal");
        self.has_message |= delta.is_none() && (choice.get("message").truthy() || choice.get("text").truthy());
        self.is_filtered |= choice.get("finish_reason").is("content_filter");
    }
}

impl Reading {
    /// A body whose first byte is still to come.
    #[must_use]
    pub fn new(caller: Caller) -> Self {
        let body = Body {
            caller,
            chunks: Chunks::default(),
            heard: String::new(),
            taken: 0,
            tool_calls: Vec::new(),
            kept: 0,
            is_committed: false,
            is_done: false,
            failure: None,
        };
        Self {
            events: Events::new(caller),
            body,
        }
    }

    /// Takes the next piece of the body. After the end it is passed over.
    pub fn push(&mut self, bytes: &[u8]) {
        self.body.chunks.evidence.has_bytes |= !bytes.is_empty();
        self.step(|events, body| events.push(bytes, &mut |event| body.event(event)));
    }

    /// The body has ended.
    pub fn end(&mut self) {
        self.step(|events, body| events.end(&mut |event| body.event(event)));
        self.body.is_done = true;
    }

    /// It goes no further, since something else than its bytes was wrong.
    pub fn fail(&mut self, why: Why) {
        if !self.body.is_done {
            self.body.failure = Some(why);
            self.body.is_done = true;
        }
    }

    fn step(&mut self, step: impl FnOnce(&mut Events, &mut Body) -> Result<(), Stop>) {
        if self.body.is_done {
            return;
        }
        if let Err(stop) = step(&mut self.events, &mut self.body) {
            self.body.is_done = true;
            if let Stop::Tripped(why) = stop {
                self.body.failure = Some(why);
            }
        }
    }

    /// Takes the words that have come since the last time.
    pub fn take(&mut self) -> &str {
        let from = std::mem::replace(&mut self.body.taken, self.body.heard.len());
        self.body.heard.get(from..).unwrap_or_default()
    }

    /// Whether there is something to take.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.body.taken < self.body.heard.len()
    }

    /// All words so far.
    #[must_use]
    pub fn heard(&self) -> &str {
        &self.body.heard
    }

    /// The calls of tools so far.
    #[must_use]
    pub fn tool_calls(&self) -> &[ToolCall] {
        &self.body.tool_calls
    }

    /// Whether the caller reads no further: after `[DONE]`, the end, or what it tripped over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.body.is_done
    }

    /// Whether something was handed on, so that the caller will not ask again.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.body.is_committed
    }

    /// What the caller tripped over.
    #[must_use]
    pub fn failure(&self) -> Option<Why> {
        self.body.failure
    }

    /// Why nothing was heard, if nothing was although nothing failed.
    pub(super) fn silence(&self) -> Why {
        let Evidence {
            has_bytes,
            has_events,
            has_message,
            has_delta,
            has_content,
            has_reasoning,
            has_refusal,
            is_filtered,
        } = self.body.chunks.evidence;
        if !self.body.tool_calls.is_empty() {
            return Why::OnlyToolCall;
        }
        if !self.body.heard.is_empty() {
            return Why::OnlyWhiteSpace;
        }
        let told = [
            (!has_bytes, Why::EmptyBody),
            (!has_events, Why::NotAStream),
            (is_filtered, Why::OnlyContentFilter),
            (has_refusal, Why::OnlyRefusal),
            (has_content, Why::OnlyThoughts),
            (has_reasoning, Why::OnlyReasoning),
            (has_message, Why::MessageForDelta),
            (!has_delta, Why::NoDelta),
        ];
        told.into_iter()
            .find(|(is_so, _)| *is_so)
            .map_or(Why::NoText, |(_, why)| why)
    }
}

impl Body {
    fn event(&mut self, event: &Event<'_>) -> Result<(), Stop> {
        self.chunks.evidence.has_events = true;
        if event.data.starts_with("[DONE]") {
            return Err(Stop::Done);
        }
        self.chunk(event).map_err(Stop::Tripped)
    }

    fn chunk(&mut self, event: &Event<'_>) -> Result<(), Why> {
        if event.data.is_empty() {
            return Err(event.cause);
        }
        let values = Values::loads(event.data).map_err(|refused| match refused {
            Refused::NotJson => Why::NotJson,
            Refused::TooDeep => Why::TooDeep,
        })?;
        if event.is_thread {
            return Err(Why::ThreadEvent);
        }
        let caller = self.caller;
        let mut chunks = std::mem::take(&mut self.chunks);
        let read = chunks.read(caller, values.root(), self);
        self.chunks = chunks;
        read
    }
}

impl Listener for Body {
    fn hear(&mut self, said: Said) -> Result<(), Why> {
        let Said { text, tool_calls } = said;
        let calls: usize = tool_calls
            .iter()
            .map(|ToolCall { id, name, arguments }| 64 + id.len() + name.len() + arguments.len())
            .sum();
        self.kept += text.len() + calls;
        // For the newest version a thought's signature is nothing that was said.
        self.is_committed |= self.caller == Caller::Observed || !text.is_empty() || !tool_calls.is_empty();
        if self.kept > MAX_HEARD {
            return Err(Why::TooLong);
        }
        self.heard.push_str(&text);
        self.tool_calls.extend(tool_calls);
        Ok(())
    }

    fn commit(&mut self) {
        self.is_committed = true;
    }
}
