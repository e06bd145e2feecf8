//! The exported classes, bound the way a JavaScript caller binds them: by the names of their methods.

use js_sys::{Array, Function, JsString, Reflect, Uint8Array};
use liveavatar_llm::wasm::ClientMachine;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Request};

/// Set in the flags: there is output to take.
pub(super) const HAS_OUTPUT: u32 = 1;
/// Set in the flags: read no more.
pub(super) const STOP_READING: u32 = 2;
/// Set in the flags: the deadline may be earlier than it was.
pub(super) const EARLIER_DEADLINE: u32 = 4;

/// An upstream on this machine, where nobody listens: nothing is sent here.
pub(super) const UPSTREAM: &str = r#"{"baseUrl":"http://127.0.0.1:9/v1","model":"m"}"#;
/// A request of one line.
pub(super) const REQUEST: &str = r#"{"messages":[{"role":"user","content":"Hello"}]}"#;

#[wasm_bindgen]
extern "C" {
    pub(super) type Client;

    #[wasm_bindgen(method, catch)]
    pub(super) fn stream(
        this: &Client,
        request: &str,
        options: &str,
        whole: bool,
        seed: u32,
        now: f64,
        created: f64,
    ) -> Result<Stream, JsValue>;

    /// The same with a string that may be no Unicode.
    #[wasm_bindgen(method, catch, js_name = stream)]
    pub(super) fn stream_of(
        this: &Client,
        request: &JsString,
        options: &JsString,
        whole: bool,
        seed: f64,
        now: f64,
        created: f64,
    ) -> Result<Stream, JsValue>;

    #[wasm_bindgen(method, js_name = free)]
    pub(super) fn free_client(this: &Client);

    pub(super) type Stream;

    #[wasm_bindgen(method, catch)]
    pub(super) fn next(this: &Stream) -> Result<String, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn send(this: &Stream, key: Option<&str>, signal: &AbortSignal, now: f64) -> Result<Request, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn respond(this: &Stream, status: u16, headers: Vec<String>, now: f64) -> Result<(), JsValue>;

    #[wasm_bindgen(method, js_name = requestId)]
    pub(super) fn request_id(this: &Stream) -> Option<String>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn push(this: &Stream, bytes: &Uint8Array, now: f64) -> Result<u32, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn end(this: &Stream, now: f64) -> Result<u32, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn lose(this: &Stream, now: f64) -> Result<u32, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn tick(this: &Stream, waiting_since: Option<f64>, now: f64) -> Result<u32, JsValue>;

    #[wasm_bindgen(method)]
    pub(super) fn stop(this: &Stream, now: f64);

    #[wasm_bindgen(method)]
    pub(super) fn deadline(this: &Stream) -> JsValue;

    #[wasm_bindgen(method, js_name = readText)]
    pub(super) fn read_text(this: &Stream);

    #[wasm_bindgen(method, js_name = readChunks)]
    pub(super) fn read_chunks(this: &Stream);

    #[wasm_bindgen(method, js_name = readEvents)]
    pub(super) fn read_events(this: &Stream);

    #[wasm_bindgen(method, js_name = readJson)]
    pub(super) fn read_json(this: &Stream);

    #[wasm_bindgen(method, js_name = readCalls)]
    pub(super) fn read_calls(this: &Stream);

    #[wasm_bindgen(method, catch)]
    pub(super) fn take(this: &Stream) -> Result<String, JsValue>;

    #[wasm_bindgen(method, js_name = takeBytes)]
    pub(super) fn take_bytes(this: &Stream) -> JsValue;

    #[wasm_bindgen(method)]
    pub(super) fn completion(this: &Stream) -> Option<String>;

    #[wasm_bindgen(method, js_name = noJson)]
    pub(super) fn no_json(this: &Stream) -> JsValue;

    #[wasm_bindgen(method)]
    pub(super) fn metrics(this: &Stream) -> JsValue;

    #[wasm_bindgen(method)]
    pub(super) fn failure(this: &Stream) -> JsValue;

    #[wasm_bindgen(method, catch)]
    pub(super) fn free(this: &Stream) -> Result<(), JsValue>;
}

/// A class that the module exports, as the constructor of one of its objects.
fn class(object: &JsValue) -> Function {
    Reflect::get(object, &"constructor".into()).unwrap().unchecked_into()
}

/// `new Client(upstream, options, false)`.
pub(super) fn client(upstream: impl Into<JsValue>, options: impl Into<JsValue>) -> Result<Client, JsValue> {
    let object = ClientMachine::new("{}", "{}", false).unwrap().into();
    Reflect::construct(
        &class(&object),
        &Array::of3(&upstream.into(), &options.into(), &false.into()),
    )
    .map(JsCast::unchecked_into)
}

/// `Stream.answered(provider, {}, …)`.
pub(super) fn answered(provider: impl Into<JsValue>) -> Result<Stream, JsValue> {
    answered_as(provider, "{}")
}

/// `Stream.answered(provider, options, …)`.
pub(super) fn answered_as(provider: impl Into<JsValue>, options: impl Into<JsValue>) -> Result<Stream, JsValue> {
    let class = class(call(UPSTREAM, "{}").as_ref());
    let answered: Function = Reflect::get(&class, &"answered".into()).unwrap().unchecked_into();
    let given = Array::of5(&provider.into(), &options.into(), &42.into(), &0.into(), &1.5.into());
    Reflect::apply(&answered, &class, &given).map(JsCast::unchecked_into)
}

/// A call that begins at 1000, by a clock that the tests set.
#[track_caller]
pub(super) fn call(upstream: &str, options: &str) -> Stream {
    let client = client(upstream, "{}").expect("this upstream is right");
    client
        .stream(REQUEST, options, false, 42, 1000.0, 1_700_000_000.9)
        .expect("this request is right")
}

/// A call whose answer begins.
#[track_caller]
pub(super) fn open(options: &str) -> Stream {
    let stream = call(UPSTREAM, options);
    sent(&stream, 1000.0);
    stream.respond(200, Vec::new(), 1010.0).unwrap();
    stream
}

/// Makes the request of the next attempt, as if it was sent.
#[track_caller]
pub(super) fn sent(stream: &Stream, now: f64) -> Request {
    stream.send(None, &signal(), now).expect("this request can be made")
}

/// A signal that nobody aborts.
pub(super) fn signal() -> AbortSignal {
    web_sys::AbortController::new().unwrap().signal()
}

/// The bytes of a text as JavaScript's own, not a view of the module's memory.
pub(super) fn bytes(text: impl AsRef<[u8]>) -> Uint8Array {
    Uint8Array::from(text.as_ref())
}

/// One event of an answer.
pub(super) fn event(delta: &str, finish: &str) -> String {
    format!(
        r#"data: {{"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{{"index":0,"delta":{{{delta}}},"finish_reason":{finish}}}]}}"#
    ) + "\n\n"
}
