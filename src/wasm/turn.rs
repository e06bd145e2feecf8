//! [`crate::turn::Turn`] for JavaScript, with the methods that [`super::stream::StreamMachine`] has.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::AbortSignal;

use super::http::{response, web_request};
use super::{flags, report, state};
use crate::error::{Error, Secret};
use crate::turn::Turn;

/// One turn. [`crate::call::Call`] says in which order to call what.
#[wasm_bindgen(js_name = Turn)]
pub struct TurnMachine {
    turn: Turn,
    /// The developer's own code answers, and no request is sent.
    is_given: bool,
    /// The deadline that was last told.
    told: f64,
}

impl TurnMachine {
    pub(super) fn new(turn: Turn, is_given: bool) -> Self {
        Self {
            turn,
            is_given,
            told: f64::INFINITY,
        }
    }

    fn flags(&self) -> u32 {
        let is_earlier = self.turn.deadline().is_some_and(|at| at < self.told);
        flags(self.turn.next(), self.turn.has_output(), is_earlier)
    }
}

#[wasm_bindgen(js_class = Turn)]
impl TurnMachine {
    /// `"send"`, `"read"`, `"readRefusal"`, `"wait"` or `"done"`.
    pub fn next(&self) -> String {
        state(self.turn.next())
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
        if self.is_given {
            self.turn.ask(now);
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
        let error = why.map(|why| Error::invalid_at("/source", "bad_source", why));
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
