//! What hostile bodies cost. `cargo test --test core cost -- --ignored --nocapture` prints, for a body and one twice as long,
//! how much longer the second takes: 2 is linear, 4 quadratic. No time is asserted.

use std::time::{Duration, Instant};

use liveavatar_llm::call::Call;
use liveavatar_llm::http::Response;
use liveavatar_llm::providers::Provider;
use liveavatar_llm::stream::{Outlet, Stream};

use crate::wire::{chunk, events, words};

/// Reads a body in pieces of so many bytes.
fn read(provider: Provider, body: &[u8], piece: usize) -> Duration {
    let start = Instant::now();
    let mut stream = Stream::new(Call::answered(provider, 0.0), 0.0);
    stream.read_as(Outlet::Text);
    stream.respond(Response::new(200, Vec::new()), 0.0);
    for piece in body.chunks(piece) {
        stream.push(piece, 0.0);
        stream.take();
    }
    stream.end(0.0);
    start.elapsed()
}

fn tool(piece: &str) -> String {
    chunk(&format!(r#"{{"index":0,"delta":{{"tool_calls":[{piece}]}}}}"#))
}

#[test]
#[ignore = "it measures"]
fn twice_as_long_a_body_takes_twice_as_long() {
    type Make = fn(usize) -> String;
    let rows: [(&str, usize, usize, Make); 13] = [
        ("one event of a megabyte", 1 << 20, 1000, |n| {
            events(&[words(&"x".repeat(n))])
        }),
        ("one event of 100 kB, byte by byte", 100_000, 1, |n| {
            events(&[words(&"x".repeat(n))])
        }),
        ("one data line a byte", 200_000, 4000, |n| "data: 1\n".repeat(n)),
        ("empty events", 1_000_000, 4000, |n| "data:\n\n".repeat(n)),
        ("comments", 1_000_000, 4000, |n| ": x\n\n".repeat(n)),
        ("ignored lines", 300_000, 4000, |n| "foo: {\n".repeat(n)),
        ("tiny pieces of a call", 100_000, 4000, |n| {
            events(&vec![tool(r#"{"index":0,"function":{"arguments":"x"}}"#); n])
        }),
        ("calls", 20_000, 4000, |n| {
            let calls = (0..n).map(|n| tool(&format!(r#"{{"index":{n},"id":"c{n}","function":{{"name":"f"}}}}"#)));
            events(&calls.collect::<Vec<_>>())
        }),
        ("calls in one chunk", 20_000, 4000, |n| {
            events(&[tool(
                &vec![r#"{"id":"c","function":{"name":"f","arguments":"{}"}}"#; n].join(","),
            )])
        }),
        ("unknown members", 20_000, 4000, |n| {
            let members: Vec<String> = (0..n).map(|n| format!("\"x{n}\":1")).collect();
            events(&[format!("{{{}}}", members.join(","))])
        }),
        ("objects in one event", 20_000, 4000, |n| {
            events(&[words("x").repeat(n)])
        }),
        ("broken objects in one event", 20_000, 4000, |n| {
            events(&[r#"data:{"a":["#.repeat(n)])
        }),
        ("JSON lines", 20_000, 4000, |n| (words("x") + "\n").repeat(n)),
    ];
    let anthropic: [(&str, usize, usize, Make); 4] = [
        ("Anthropic: pieces of a thought", 50_000, 4000, |n| {
            events(&vec![
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"x"}}"#;
                n
            ])
        }),
        ("Anthropic: thoughts", 20_000, 4000, |n| {
            let block =
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"x"}}"#;
            events(&vec![[block, r#"{"type":"content_block_stop"}"#]; n].concat())
        }),
        ("Anthropic: calls, and a piece of the first", 20_000, 4000, |n| {
            let call =
                r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f"}}"#;
            let piece =
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"x"}}"#;
            events(&vec![[call, piece]; n].concat())
        }),
        ("Anthropic: messages", 20_000, 4000, |n| {
            events(&vec![r#"{"type":"message_start","message":{}}"#; n])
        }),
    ];
    let gemini: [(&str, usize, usize, Make); 2] = [
        ("Gemini: calls in one response", 20_000, 4000, |n| {
            let parts = vec![r#"{"functionCall":{"name":"f","args":{}}}"#; n].join(",");
            events(&[format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}}}}]}}"#)])
        }),
        ("Gemini: unknown members", 20_000, 4000, |n| {
            let members: Vec<String> = (0..n).map(|n| format!("\"x{n}\":1")).collect();
            events(&[format!(r#"{{"candidates":[{{{}}}]}}"#, members.join(","))])
        }),
    ];
    let all = rows.into_iter().map(|row| (Provider::OpenAi, row));
    let all = all.chain(anthropic.into_iter().map(|row| (Provider::Anthropic, row)));
    let all = all.chain(gemini.into_iter().map(|row| (Provider::Gemini, row)));
    for (provider, (what, count, piece, make)) in all {
        let (one, two) = (make(count), make(2 * count));
        let taken = |body: &str| read(provider, body.as_bytes(), piece);
        let ratio = taken(&two).as_secs_f64() / taken(&one).as_secs_f64();
        let each = taken(&one).as_nanos() / one.len() as u128;
        println!("{ratio:5.2}  {each:6} ns a byte  {count} × {what}");
    }
}
