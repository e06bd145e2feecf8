//! [`crate::stream::Stream`] for JavaScript.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::AbortSignal;

use super::http::{check_fetchable, response, web_request};
use super::{flags, report, state};
use crate::call::{Call, Policy};
use crate::chat::{Calls, ChunkWriter, Request, Shape};
use crate::error::{Error, Secret};
use crate::json::{Partial, write_ascii};
use crate::providers::{Provider, Upstream};
use crate::speech::{self, Spoken};
use crate::stream::{Outlet, Stream};

/// A chat client's upstream and policy, read once and used for each of its calls.
#[wasm_bindgen(js_name = Client)]
pub struct ClientMachine {
    upstream: Upstream,
    policy: Policy,
    shape: Shape,
}

#[wasm_bindgen(js_class = Client)]
impl ClientMachine {
    /// `upstream` and `options` (`{ timeouts, maxRetries, thinkTags, json }`) are JSON, without key and functions. `in_page`
    /// says that a page may send the requests with a key.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is wrong in either.
    #[wasm_bindgen(constructor)]
    pub fn new(upstream: &str, options: &str, in_page: bool) -> Result<Self, Error> {
        let mut upstream = Upstream::parse(upstream, &[])?;
        if in_page {
            upstream.allow_page();
        }
        check_fetchable(&upstream.base_url, "/baseUrl")?;
        Ok(Self {
            upstream,
            policy: Policy::default().with_options(options)?,
            shape: Shape::default().with_options(options)?,
        })
    }

    /// Begins a call. `request` and `options` are JSON, `whole` says that the answer is wanted whole, `seed` is any random number, `now` is in milliseconds on a
    /// clock that does not run backwards, `created` is the time of day in seconds since 1970.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for what is wrong in either.
    pub fn stream(
        &self,
        request: &str,
        options: &str,
        whole: bool,
        seed: u32,
        now: f64,
        created: f64,
    ) -> Result<StreamMachine, Error> {
        let mut request = Request::parse(request)?;
        if whole {
            request.ask_for_usage(&self.upstream.defaults);
        }
        let policy = self.policy.clone().with_options(options)?;
        let Upstream {
            defaults, overrides, ..
        } = &self.upstream;
        let shape = self
            .shape
            .clone()
            .with_options(options)?
            .for_request(&request, defaults, overrides);
        let call = Call::new(&self.upstream, request, policy, seed, now)?;
        Ok(StreamMachine::begin(call, shape, seed, now, created))
    }
}

/// One streamed answer. [`crate::call::Call`] says in which order to call what.
#[wasm_bindgen(js_name = Stream)]
pub struct StreamMachine {
    stream: Stream,
    /// What an answer without an id of its own is called.
    id: String,
    created: u64,
    /// Output is the elements of an array.
    is_array: bool,
}

#[wasm_bindgen(js_class = Stream)]
impl StreamMachine {
    fn begin(call: Call, shape: Shape, seed: u32, now: f64, created: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time of day; the cast saturates"
        )]
        let created = created as u64;
        Self {
            stream: Stream::new(call, now).shaped(shape),
            id: format!("chatcmpl-{seed:08x}"),
            created,
            is_array: false,
        }
    }

    /// The answer of a call that was made elsewhere; `respond` is to follow. `options` (`{ thinkTags, json }`) are JSON.
    ///
    /// # Errors
    ///
    /// A validation error when there is no such provider, or with an issue for what is wrong in the options.
    pub fn answered(provider: &str, options: &str, seed: u32, now: f64, created: f64) -> Result<StreamMachine, Error> {
        let call = Call::answered(Provider::parse(provider, "/provider")?, now);
        // For what there is no option.
        Policy::default().with_options(options)?;
        Ok(Self::begin(
            call,
            Shape::default().with_options(options)?,
            seed,
            now,
            created,
        ))
    }

    /// `"send"`, `"read"`, `"readRefusal"`, `"wait"` or `"done"`.
    pub fn next(&self) -> String {
        state(self.stream.next()).to_owned()
    }

    /// The request of the next attempt, with the key if there is one.
    ///
    /// # Errors
    ///
    /// A validation error for a key that no header can carry, or an address that the platform refuses.
    pub fn send(&mut self, key: Option<String>, signal: &AbortSignal, now: f64) -> Result<web_sys::Request, Error> {
        let key = key.map(Secret::new).transpose()?;
        let request = self.stream.send(key, now)?;
        web_request(request, signal)
    }

    /// The response has come. `headers` holds names and values in turn.
    pub fn respond(&mut self, status: u16, headers: Vec<String>, now: f64) {
        self.stream.respond(response(status, headers), now);
    }

    /// The upstream's id for the request, once there is a response.
    #[wasm_bindgen(js_name = requestId)]
    pub fn request_id(&self) -> Option<String> {
        self.stream.request_id().map(str::to_owned)
    }

    /// A piece of the body has come. Gives a sum of 1 (there is output to take), 2 (read no more) and 4
    /// (the deadline may be earlier than it was).
    pub fn push(&mut self, bytes: &[u8], now: f64) -> u32 {
        self.stream.push(bytes, now);
        self.flags()
    }

    /// The body has ended; gives the same as `push`.
    pub fn end(&mut self, now: f64) -> u32 {
        self.stream.end(now);
        self.flags()
    }

    /// The request could not be sent or the connection broke; gives the same as `push`.
    pub fn lose(&mut self, now: f64) -> u32 {
        self.stream.lose(now);
        self.flags()
    }

    /// When `tick` is to be called, on the caller's clock.
    pub fn deadline(&self) -> Option<f64> {
        self.stream.deadline()
    }

    /// Time has passed. `waiting_since` says since when a piece of the body is being waited for, if one is: the
    /// reader's own pauses are nobody's silence. Gives the same as `push`.
    pub fn tick(&mut self, waiting_since: Option<f64>, now: f64) -> u32 {
        match waiting_since {
            Some(since) => self.stream.listen(since),
            None => self.stream.rest(now),
        }
        self.stream.tick(now);
        self.flags()
    }

    /// It is given up: what it has can still be taken.
    pub fn stop(&mut self, now: f64) {
        self.stream.stop(now);
    }

    fn flags(&self) -> u32 {
        flags(self.stream.next(), self.stream.has_output(), self.stream.is_finished())
    }

    /// From here on output is the words of choice 0.
    #[wasm_bindgen(js_name = readText)]
    pub fn read_text(&mut self) {
        self.stream.read_as(Outlet::Text);
    }

    /// From here on output is chunks: a JSON array of them.
    #[wasm_bindgen(js_name = readChunks)]
    pub fn read_chunks(&mut self) {
        self.is_array = true;
        self.stream.read_as(Outlet::Chunks(self.writer()));
    }

    /// From here on output is an event stream of strict chunks.
    #[wasm_bindgen(js_name = readEvents)]
    pub fn read_events(&mut self) {
        self.stream.read_as(Outlet::Events(self.writer()));
    }

    /// From here on output is the content of choice 0 as JSON: the value so far.
    #[wasm_bindgen(js_name = readJson)]
    pub fn read_json(&mut self) {
        self.stream.read_as(Outlet::Json(Partial::default()));
    }

    /// From here on output is the calls of choice 0: all of them so far, as JSON.
    #[wasm_bindgen(js_name = readCalls)]
    pub fn read_calls(&mut self) {
        self.stream.read_as(Outlet::Calls(Calls::default()));
    }

    /// Says what is wrong with options for [`StreamMachine::read_sentences`].
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is.
    #[wasm_bindgen(js_name = checkSpeech)]
    pub fn check_speech(options: &str) -> Result<(), Error> {
        speech::Options::parse(options).map(|_| ())
    }

    /// From here on output is sentences that can be said: a JSON array of them. `options` is JSON, `false` to shape nothing.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is wrong in the options.
    #[wasm_bindgen(js_name = readSentences)]
    pub fn read_sentences(&mut self, options: &str) -> Result<(), Error> {
        let options = match options {
            "false" => None,
            options => Some(speech::Options::parse(options)?),
        };
        self.is_array = true;
        self.stream
            .read_as(Outlet::Sentences(Box::new(Spoken::new(options.as_ref()))));
        Ok(())
    }

    fn writer(&self) -> ChunkWriter {
        ChunkWriter::new(self.id.clone(), String::new(), self.created)
    }

    /// Takes the output that has come.
    pub fn take(&mut self) -> String {
        let out = self.stream.take();
        if !self.is_array || out.is_empty() {
            return out;
        }
        // JavaScript takes over and parses a text in ASCII in three quarters of the time.
        let mut array = String::with_capacity(out.len() + 2);
        array.push('[');
        write_ascii(&mut array, &out);
        array.push(']');
        array
    }

    /// Takes the output that has come, as UTF-8.
    #[wasm_bindgen(js_name = takeBytes)]
    pub fn take_bytes(&mut self) -> Vec<u8> {
        self.stream.take().into_bytes()
    }

    /// The answer so far, as the JSON of a chat completion; `undefined` while there is none.
    pub fn completion(&self) -> Option<String> {
        if self.stream.completion().is_empty() {
            return None;
        }
        let mut json = String::new();
        self.stream.write_completion(&mut json);
        Some(json)
    }

    /// At a good end: the error for an answer that is not the JSON it had to be.
    #[wasm_bindgen(js_name = noJson)]
    pub fn no_json(&self) -> Option<JsFailure> {
        self.stream.no_json().map(|error| report(&error).into())
    }

    /// Times and counts so far.
    pub fn metrics(&self) -> JsValue {
        report(&self.stream.metrics())
    }

    /// The error it ended with, if it did.
    pub fn failure(&self) -> Option<JsFailure> {
        match self.stream.outcome() {
            Some(Err(error)) => Some(report(error).into()),
            _ => None,
        }
    }
}

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** An error as plain data. */
export interface Failure { family: string; code: string; message: string; [member: string]: unknown }
"#;

#[wasm_bindgen]
extern "C" {
    /// An error as plain data.
    #[wasm_bindgen(typescript_type = "Failure")]
    pub type JsFailure;
}
