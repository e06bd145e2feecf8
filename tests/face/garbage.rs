//! Nothing that can be handed in ends in a trap. A trap would reach these tests as an exception that is no plain failure.

use js_sys::{JsString, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::machine;
use super::machine::{REQUEST, Stream, answered, answered_as, bytes, call, client, event, open, signal};
use super::shape::{json, shape, text};

const SEEDS: std::ops::Range<u32> = 1..400;

/// Marsaglia's xorshift, 32 bits: the same numbers from the same seed, everywhere.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    fn one_of<'a, T>(&mut self, choice: &'a [T]) -> &'a T {
        &choice[self.below(choice.len())]
    }

    /// Events of an answer with any bytes, and pieces of what an answer is made of, between them.
    fn bytes(&mut self) -> Vec<u8> {
        const PIECES: [&str; 12] = [
            "data: ",
            "event: ",
            "error",
            "\n",
            "\r\n",
            "\r",
            "{",
            "}",
            "[",
            "\\ud83d",
            "\u{feff}",
            "data: [DONE]\n\n",
        ];
        (0..self.below(8))
            .flat_map(|_| match self.next() % 16 {
                0 => vec![self.next().to_le_bytes()[0]],
                1 => self.one_of(&PIECES).as_bytes().to_vec(),
                _ => event(r#""content":"é""#, "null").into_bytes(),
            })
            .collect()
    }

    /// A text with some of it replaced by anything a JavaScript string may hold, halves of characters too.
    fn bent(&mut self, text: &str) -> JsString {
        const PIECES: [&str; 10] = ["{", "}", "[", "]", "\"", ":", ",", "null", "1e999", "\\ud83d"];
        let mut units: Vec<u16> = text.encode_utf16().collect();
        for _ in 0..self.below(3) {
            let at = self.below(units.len() + 1);
            let end = (at + self.below(4)).min(units.len());
            let put: Vec<u16> = match self.next() % 4 {
                0 => vec![self.next().to_le_bytes()[0].into()],
                1 => self.next().to_string().encode_utf16().collect(),
                2 => vec![0xdc00],
                _ => self.one_of(&PIECES).encode_utf16().collect(),
            };
            units.splice(at..end, put);
        }
        JsString::from_char_code(&units)
    }

    fn number(&mut self) -> f64 {
        let number = self.one_of(&[0.0, 0.1, 1e3, 4_294_967_296.0, 1e300, f64::NAN, f64::INFINITY]);
        if self.next().is_multiple_of(2) {
            *number
        } else {
            -number
        }
    }
}

/// Expects a result, or a plain failure.
#[track_caller]
fn no_trap<T>(result: Result<T, JsValue>, seed: u32) -> Option<T> {
    result
        .map_err(|thrown| {
            let plain = shape(&thrown).starts_with("{family: string, code: string, message: string");
            assert!(plain, "seed {seed} threw {} {thrown:?}", json(&thrown));
        })
        .ok()
}

/// The forms in which an answer can be read.
const FORMS: [fn(&Stream); 5] = [
    Stream::read_text,
    Stream::read_chunks,
    Stream::read_events,
    Stream::read_json,
    Stream::read_calls,
];

#[wasm_bindgen_test]
fn any_bytes_end_in_an_answer_or_a_failure() {
    let (mut answers, mut failures) = (0, 0);
    for seed in SEEDS {
        let mut random = Random(seed);
        let stream = open(r#"{"maxRetries":0}"#);
        random.one_of(&FORMS)(&stream);
        for _ in 0..random.below(12) {
            no_trap(stream.push(&bytes(random.bytes()), 1020.0), seed);
            no_trap(stream.take(), seed);
        }
        no_trap(stream.end(1030.0), seed);
        assert_eq!(no_trap(stream.next(), seed).as_deref(), Some("done"), "seed {seed}");
        let ended = stream.failure();
        if ended.is_undefined() {
            answers += 1;
        } else {
            failures += 1;
            assert_eq!(text(&ended, "family"), "stream", "seed {seed}: {}", json(&ended));
        }
        stream.free().unwrap();
    }
    assert!(answers.min(failures) > 20, "{answers} answers, {failures} failures");
}

#[wasm_bindgen_test]
fn any_strings_make_a_request_or_a_failure() {
    const UPSTREAM: &str =
        r#"{"baseUrl":"http://127.0.0.1:9/v1","model":"m","headers":{"x-a":"b"},"query":{"c":"d"},"defaults":{"n":1}}"#;
    const OPTIONS: &str = r#"{"maxRetries":2,"timeouts":{"idleMs":30000,"totalMs":null}}"#;
    let mut requests = 0;
    for seed in SEEDS {
        let mut random = Random(seed);
        no_trap(
            answered_as(
                random.bent("openai"),
                random.bent(r#"{"json":true,"thinkTags":"open"}"#),
            ),
            seed,
        );
        let Some(client) = no_trap(client(random.bent(UPSTREAM), random.bent(OPTIONS)), seed) else {
            continue;
        };
        let (request, options, whole) = (random.bent(REQUEST), random.bent(OPTIONS), seed % 2 == 0);
        let (chosen, now, created) = (random.number(), random.number(), random.number());
        let Some(stream) = no_trap(client.stream_of(&request, &options, whole, chosen, now, created), seed) else {
            continue;
        };
        let key: String = random.bent("sk-key").into();
        requests += u32::from(no_trap(stream.send(Some(&key), &signal(), now), seed).is_some());
    }
    assert!(requests > 20, "{requests} requests were made");
}

#[wasm_bindgen_test]
fn methods_may_be_called_in_any_order_at_any_time() {
    for seed in SEEDS {
        let mut random = Random(seed);
        let stream = if seed % 4 == 0 {
            answered("openai").unwrap()
        } else {
            call(machine::UPSTREAM, "{}")
        };
        for _ in 0..30 {
            let now = random.number();
            match random.below(15) {
                0 => drop(no_trap(stream.send(None, &signal(), now), seed)),
                1 => {
                    let key: String = random.bent("sk-key").into();
                    no_trap(stream.send(Some(&key), &signal(), now), seed);
                }
                2 | 3 => {
                    let status = *random.one_of(&[0, 200, 204, 301, 400, 429, 500, 65535]);
                    let headers = (0..random.below(4))
                        .map(|_| random.bent("retry-after").into())
                        .collect();
                    no_trap(stream.respond(status, headers, now), seed);
                }
                4 | 5 => drop(no_trap(
                    stream.push(&bytes(event(r#""content":"a""#, "null")), now),
                    seed,
                )),
                6 => drop(no_trap(stream.push(&bytes(random.bytes()), now), seed)),
                7 => drop(no_trap(stream.push(&Uint8Array::new_with_length(0), now), seed)),
                8 => drop(no_trap(stream.end(now), seed)),
                9 => drop(no_trap(stream.lose(now), seed)),
                10 => drop(no_trap(stream.tick(None, now), seed)),
                11 => drop(no_trap(stream.tick(Some(random.number()), now), seed)),
                12 => random.one_of(&FORMS)(&stream),
                13 => stream.stop(now),
                _ => drop(no_trap(stream.take(), seed)),
            }
            // What only looks must find the machine whole.
            no_trap(stream.next(), seed);
            stream.deadline();
            stream.metrics();
            stream.failure();
            stream.completion();
            stream.no_json();
            stream.request_id();
        }
        stream.free().unwrap();
    }
}
