//! `free` gives everything back.

use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;

use super::machine::{REQUEST, UPSTREAM, bytes, client, event, open, signal};
use super::shape::get;

/// How large the module's memory is; it never shrinks.
fn memory() -> f64 {
    get(&get(&wasm_bindgen::memory(), "buffer"), "byteLength")
        .as_f64()
        .unwrap()
}

#[wasm_bindgen_test]
fn a_freed_machine_gives_its_memory_to_the_next() {
    let megabyte = bytes(event(&format!(r#""content":"{}""#, "a".repeat(1 << 20)), "null"));
    let unfinished = bytes(format!("data: {}", "a".repeat(1 << 20)));
    let mut after_first = 0.0;
    for round in 0..16 {
        let stream = open("{}");
        stream.read_events();
        // Output that nobody takes, a completion, and an event that has not ended.
        for piece in [&megabyte, &unfinished] {
            stream.push(piece, 1020.0).unwrap();
        }
        stream.free().unwrap();
        match round {
            0 => after_first = memory(),
            _ => assert!(memory() - after_first < f64::from(4 << 20), "after {round} rounds"),
        }
    }
}

#[wasm_bindgen_test]
fn freeing_a_client_leaves_its_streams_alive() {
    let client = client(UPSTREAM, "{}").unwrap();
    let stream = client.stream(REQUEST, "{}", false, 1, 0.0, 0.0).unwrap();
    client.free_client();
    assert!(client.stream(REQUEST, "{}", false, 1, 0.0, 0.0).is_err());
    assert!(stream.send(None, &signal(), 0.0).is_ok());
}

#[wasm_bindgen_test]
fn a_freed_machine_throws_whatever_is_asked_of_it() {
    let stream = open("{}");
    stream.free().unwrap();
    for thrown in [stream.next().err(), stream.free().err()] {
        assert!(thrown.expect("it is gone").is_instance_of::<js_sys::Error>());
    }
}
