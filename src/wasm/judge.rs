//! [`crate::judge::Judge`] for JavaScript.

use wasm_bindgen::prelude::wasm_bindgen;

use super::state;
use crate::call;
use crate::judge::{Caller, Judge, Loss, Next, Patience};

/// One turn of the caller. [`Judge`] says in which order to call what.
#[wasm_bindgen(js_name = Judge)]
pub struct JudgeMachine(Judge);

#[wasm_bindgen(js_class = Judge)]
impl JudgeMachine {
    /// `caller` is `observed` or `newest`; another name counts as `observed`. `silence` is how long it waits for the next
    /// byte, `waits` how long before each further attempt; without them, it is as patient as it is.
    #[wasm_bindgen(constructor)]
    pub fn new(caller: &str, silence: Option<f64>, waits: Option<Vec<f64>>) -> Self {
        let own = Patience::default();
        let patience = Patience {
            silence_ms: silence.unwrap_or(own.silence_ms),
            waits_ms: waits.unwrap_or(own.waits_ms),
        };
        Self(Judge::new(Caller::parse(caller).unwrap_or(Caller::Observed), patience))
    }

    /// `"send"`, `"read"`, `"wait"` or `"done"`.
    pub fn next(&self) -> String {
        state(match self.0.next() {
            Next::Send => call::Next::Send,
            Next::Read => call::Next::Read,
            Next::Wait => call::Next::Wait,
            Next::Done => call::Next::Done,
        })
        .to_owned()
    }

    /// `"POST"`, or `"GET"` after some redirects.
    pub fn method(&self) -> String {
        self.0.method().to_owned()
    }

    /// The request is being sent.
    pub fn send(&mut self, now: f64) {
        self.0.send(now);
    }

    /// Something came that is no piece of the body.
    pub fn stir(&mut self, now: f64) {
        self.0.stir(now);
    }

    /// The head has come: `location` says whether there is one, `encoding` is `content-encoding` or empty.
    pub fn head(&mut self, status: u16, location: bool, encoding: &str, now: f64) {
        self.0.head(status, location, encoding, now);
    }

    /// A piece of the body has come.
    pub fn push(&mut self, bytes: &[u8], now: f64) {
        self.0.push(bytes, now);
    }

    /// The body has ended.
    pub fn end(&mut self, now: f64) {
        self.0.end(now);
    }

    /// The connection broke, or, with `undecodable`, the body could not be decompressed.
    pub fn lose(&mut self, undecodable: bool, now: f64) {
        let loss = if undecodable { Loss::Encoding } else { Loss::Connection };
        self.0.lose(loss, now);
    }

    /// When `tick` is to be called, if time matters.
    pub fn due(&self) -> Option<f64> {
        self.0.due()
    }

    /// Time has passed.
    pub fn tick(&mut self, now: f64) {
        self.0.tick(now);
    }

    /// Takes the words that have come.
    pub fn take(&mut self) -> String {
        self.0.take()
    }

    /// The verdict as JSON, as `Verdict::write` has it; while there is none, that of the attempts which are over.
    pub fn verdict(&self) -> String {
        let mut json = String::new();
        self.0.write(&mut json);
        json
    }
}
