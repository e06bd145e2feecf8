//! [`crate::turn::Turn`] for JavaScript, with the methods that [`super::stream::StreamMachine`] has.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::AbortSignal;

use super::http::{response, web_request};
use super::{flags, report, state};
use crate::call;
use crate::error::{Error, Secret};
use crate::turn::{Next, ToolCall, Turn};

/// One turn. [`crate::call::Call`] says in which order to call what.
#[wasm_bindgen(js_name = Turn)]
pub struct TurnMachine {
    turn: Turn,
    /// How many of the endpoint's sources stand before those of this turn.
    first_source: usize,
    /// The deadline that was last told.
    told: f64,
}

impl TurnMachine {
    pub(super) fn new(turn: Turn, first_source: usize) -> Self {
        Self {
            turn,
            first_source,
            told: f64::INFINITY,
        }
    }

    fn flags(&self) -> u32 {
        let is_earlier = self.turn.deadline().is_some_and(|at| at < self.told);
        let next = match self.turn.next() {
            Next::Call(next) => next,
            Next::Prepare | Next::CallTools => call::Next::Wait,
        };
        flags(next, self.turn.has_output(), is_earlier)
    }
}

#[wasm_bindgen(js_class = Turn)]
impl TurnMachine {
    /// `"prepare"`, `"callTools"`, `"send"`, `"read"`, `"readRefusal"`, `"wait"` or `"done"`.
    pub fn next(&self) -> String {
        match self.turn.next() {
            Next::Prepare => "prepare",
            Next::CallTools => "callTools",
            Next::Call(next) => state(next),
        }
        .to_owned()
    }

    /// Which of the endpoint's sources is to be asked.
    pub fn source(&self) -> usize {
        self.first_source + self.turn.source()
    }

    /// The request as the source is asked it, as JSON.
    pub fn request(&self) -> String {
        self.turn.request()
    }

    /// The request that is to be prepared, as JSON.
    pub fn prepare(&mut self) -> String {
        self.turn.prepare()
    }

    /// The request has been prepared; gives the same as `push`.
    pub fn prepared(&mut self, json: &str, now: f64) -> u32 {
        self.turn.prepared(json, now);
        self.flags()
    }

    /// The calls of tools that are to be carried out: `[{ call, tool, arguments }]`, the last as JSON.
    #[wasm_bindgen(js_name = callTools)]
    pub fn call_tools(&mut self, now: f64) -> JsValue {
        let calls: Vec<ToolCall> = self.turn.call_tools(now);
        report(&calls)
    }

    /// A tool has returned `result`, JSON or a text; or it threw, and `error` says what. Gives the same as `push`.
    pub fn called(&mut self, call: usize, result: Option<String>, error: Option<String>, now: f64) -> u32 {
        let result = match error {
            Some(error) => Err(error),
            None => Ok(result.unwrap_or_default()),
        };
        self.turn.called(call, result, now);
        self.flags()
    }

    /// `[status, body]` of the response, where all of an answer is handed on and nothing of it came.
    pub fn refusal(&self) -> JsValue {
        self.turn
            .refusal()
            .map_or(JsValue::UNDEFINED, |refusal| report(&refusal))
    }

    /// Whether the response waits for the first output, since its status depends on the source.
    #[wasm_bindgen(js_name = waitsForSource)]
    pub fn waits_for_source(&self) -> bool {
        self.turn.waits_for_source()
    }

    /// Whether the caller wants an event stream; else the output is a whole completion, at the end.
    #[wasm_bindgen(js_name = isStreamed)]
    pub fn is_streamed(&self) -> bool {
        self.turn.is_streamed()
    }

    /// The request of the next attempt, with the key if there is one; none where the developer's own code is asked.
    ///
    /// # Errors
    ///
    /// A validation error for a key that no header can carry, or an address that the platform refuses.
    pub fn send(
        &mut self,
        key: Option<String>,
        signal: &AbortSignal,
        now: f64,
    ) -> Result<Option<web_sys::Request>, Error> {
        if self.turn.is_code() {
            self.turn.ask_code(now);
            return Ok(None);
        }
        let key = key.map(Secret::new).transpose()?;
        let request = self.turn.send(key, now)?;
        web_request(request, signal).map(Some)
    }

    /// The response has come. `headers` holds names and values in turn.
    pub fn respond(&mut self, status: u16, headers: Vec<String>, now: f64) {
        self.turn.respond(response(status, headers), now);
    }

    /// The answer has begun, and comes in pieces that are no bytes.
    pub fn open(&mut self, now: f64) {
        self.turn.open(now);
    }

    /// The upstream's id for the request, once there is a response.
    #[wasm_bindgen(js_name = requestId)]
    pub fn request_id(&self) -> Option<String> {
        self.turn.request_id().map(str::to_owned)
    }

    /// A piece of the body has come. Gives what [`flags`] says.
    pub fn push(&mut self, bytes: &[u8], now: f64) -> u32 {
        self.turn.push(bytes, now);
        self.flags()
    }

    /// Words of the answer have come; gives the same as `push`.
    pub fn text(&mut self, text: &str, now: f64) -> u32 {
        self.turn.text(text, now);
        self.flags()
    }

    /// A chunk of the answer has come, as JSON; gives the same as `push`.
    pub fn chunk(&mut self, json: &str, now: f64) -> u32 {
        self.turn.chunk(json, now);
        self.flags()
    }

    /// The body has ended; gives the same as `push`.
    pub fn end(&mut self, now: f64) -> u32 {
        self.turn.end(now);
        self.flags()
    }

    /// The request could not be sent or the connection broke; gives the same as `push`.
    pub fn lose(&mut self, now: f64) -> u32 {
        self.turn.lose(now);
        self.flags()
    }

    /// The source cannot be asked, or gave what is no answer, as `why` says; without it the developer's own code threw.
    /// Gives the same as `push`.
    pub fn fail(&mut self, why: Option<String>, now: f64) -> u32 {
        let error = why.map(|why| Error::invalid_at("", "bad_source", why));
        self.turn.fail(error.unwrap_or_else(Error::source), now);
        self.flags()
    }

    /// The caller has hung up.
    pub fn interrupt(&mut self, now: f64) {
        self.turn.interrupt(now);
    }

    /// Since when the caller has taken nothing, though something waits for it. Gives the same as `push`.
    pub fn untaken(&mut self, since: Option<f64>) -> u32 {
        self.turn.untaken(since);
        self.flags()
    }

    /// When `tick` is to be called, on the caller's clock.
    pub fn deadline(&mut self) -> Option<f64> {
        let deadline = self.turn.deadline();
        self.told = deadline.unwrap_or(f64::INFINITY);
        deadline
    }

    /// Time has passed. `waiting_since` says since when a piece of the body is being waited for, if one is. Gives the
    /// same as `push`.
    pub fn tick(&mut self, waiting_since: Option<f64>, now: f64) -> u32 {
        match waiting_since {
            Some(since) => self.turn.listen(since),
            None => self.turn.rest(now),
        }
        self.turn.tick(now);
        self.flags()
    }

    /// Takes what is to be sent, as UTF-8.
    #[wasm_bindgen(js_name = takeBytes)]
    pub fn take_bytes(&mut self) -> Vec<u8> {
        self.turn.take().into_bytes()
    }

    /// How it went so far.
    pub fn report(&self) -> JsValue {
        report(self.turn.report())
    }
}
