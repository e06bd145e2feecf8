//! The request that a machine makes is the platform's own.

use js_sys::JsString;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{AbortController, Request, RequestRedirect};

use super::machine::{UPSTREAM, answered, call, client, sent, signal};
use super::shape::text;

async fn body(request: &Request) -> String {
    let text = JsFuture::from(request.text().unwrap()).await.unwrap();
    text.unchecked_into::<JsString>().into()
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).unwrap()
}

#[wasm_bindgen_test]
async fn it_has_the_method_address_headers_and_body_that_the_core_says() {
    let upstream =
        r#"{"baseUrl":"http://127.0.0.1:9/v1/","model":"m","headers":{"X-Extra":"a, b"},"query":{"version":"1 & 2"}}"#;
    let client = client(upstream, "{}").unwrap();
    let asked = r#"{"messages":[{"role":"user","content":"Grüße 🙂 \ud83d"}],"seed":12345678901234567890}"#;
    let stream = client.stream(asked, "{}", false, 1, 0.0, 0.0).unwrap();
    let request = stream.send(Some("sk-secret"), &signal(), 0.0).unwrap();
    assert!(request.is_instance_of::<Request>());
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.url(),
        "http://127.0.0.1:9/v1/chat/completions?version=1%20%26%202"
    );
    assert_eq!(header(&request, "authorization").as_deref(), Some("Bearer sk-secret"));
    assert_eq!(header(&request, "content-type").as_deref(), Some("application/json"));
    assert_eq!(header(&request, "accept").as_deref(), Some("text/event-stream"));
    assert_eq!(header(&request, "x-extra").as_deref(), Some("a, b"));
    // Numbers stay as they were written, beyond what a JavaScript number holds.
    assert_eq!(
        body(&request).await,
        r#"{"messages":[{"role":"user","content":"Grüße 🙂 �"}],"seed":12345678901234567890,"model":"m","stream":true}"#
    );
}

#[wasm_bindgen_test]
async fn an_answer_that_is_wanted_whole_asks_for_its_token_counts() {
    for (whole, asks) in [(true, true), (false, false)] {
        let client = client(UPSTREAM, "{}").unwrap();
        let stream = client
            .stream(super::machine::REQUEST, "{}", whole, 1, 0.0, 0.0)
            .unwrap();
        let body = body(&sent(&stream, 0.0)).await;
        assert_eq!(
            body.contains(r#""stream_options":{"include_usage":true}"#),
            asks,
            "{body}"
        );
    }
}

#[wasm_bindgen_test]
fn redirects_are_not_followed() {
    assert_eq!(sent(&call(UPSTREAM, "{}"), 1000.0).redirect(), RequestRedirect::Manual);
}

#[wasm_bindgen_test]
fn without_a_key_there_is_no_authorization() {
    assert_eq!(header(&sent(&call(UPSTREAM, "{}"), 1000.0), "authorization"), None);
}

#[wasm_bindgen_test]
fn each_attempt_has_the_key_that_was_given_for_it() {
    let stream = call(UPSTREAM, "{}");
    for (key, now) in [("sk-first", 1000.0), ("sk-second", 2000.0)] {
        assert_eq!(stream.next().unwrap(), "send");
        let request = stream.send(Some(key), &signal(), now).unwrap();
        assert_eq!(header(&request, "authorization").unwrap(), format!("Bearer {key}"));
        stream.lose(now).unwrap();
        stream.tick(None, now + 500.0).unwrap();
    }
}

#[wasm_bindgen_test]
fn the_given_signal_aborts_it() {
    let controller = AbortController::new().unwrap();
    let stream = call(UPSTREAM, "{}");
    let request = stream.send(None, &controller.signal(), 1000.0).unwrap();
    assert!(!request.signal().aborted());
    controller.abort();
    assert!(request.signal().aborted());
    let late = stream.send(None, &controller.signal(), 1000.0).unwrap();
    assert!(late.signal().aborted());
}

#[wasm_bindgen_test]
fn a_call_that_was_made_elsewhere_has_none() {
    let stream = answered("openai").unwrap();
    assert_eq!(stream.next().unwrap(), "read");
    let thrown: JsValue = stream.send(None, &signal(), 0.0).err().unwrap();
    assert_eq!(text(&thrown, "family"), "connection");
}
