//! Sources that fail in every way they can, at random.

use std::collections::VecDeque;

use liveavatar_llm::call::Millis;
use liveavatar_llm::http::Response;
use serde_json::json;

use super::source::{DONE, choice, delta, finish, role, usage, words};
use crate::random::Random;

/// What a source does.
pub enum Event {
    /// An upstream's response, or the developer's own code's.
    Respond(Response),
    /// The developer's own code begins to give pieces.
    Open,
    Bytes(Vec<u8>),
    Text(String),
    Chunk(String),
    End,
    Lose,
    /// The developer's own code gives what is no answer.
    Fail,
}

/// What a source does in one attempt: events and when they come. Behind the last one it is silent.
#[derive(Default)]
pub struct Attempt {
    pub events: VecDeque<(Millis, Event)>,
    /// How far the words of choice 0 have come with so many bytes or pieces.
    pub words: Vec<Reach>,
    /// Bytes or pieces that came.
    pub count: usize,
    /// Nothing follows, and that was said.
    pub is_ended: bool,
}

/// All words until somewhere, and the counts at which they may have come, at which they must, and at which they must if the
/// body ends there.
pub struct Reach {
    may: usize,
    must: usize,
    at_end: usize,
    words: String,
}

impl Attempt {
    /// The fewest and the most words that can have been understood so far.
    pub fn bounds(&self) -> (&str, &str) {
        let until = |at: &dyn Fn(&Reach) -> usize| {
            let last = self.words.iter().rev().find(|words| at(words) <= self.count);
            last.map_or("", |reach| reach.words.as_str())
        };
        let must = |reach: &Reach| if self.is_ended { reach.at_end } else { reach.must };
        (until(&must), until(&|reach| reach.may))
    }
}

const PIECES: [&str; 8] = [
    "Hello",
    " there",
    "é😀",
    "\n",
    "\"x\"",
    " and so on",
    " ",
    "\u{2028}data: \r\n\r\n: hb",
];
pub const KEY: &str = "sk-0123456789";

/// The payloads of an answer, each with the words that choice 0 gets by it, and whether it ends there.
fn payloads(random: &mut Random) -> Vec<(String, String, bool)> {
    let plain = |payload: String| (payload, String::new(), false);
    let mut all = Vec::new();
    if random.percent(80) {
        all.push(plain(role()));
    }
    let kind = random.below(10);
    for _ in 0..random.below(6) {
        let text = random.pick(&PIECES);
        all.push(match kind {
            0 => plain(delta(&json!({ "reasoning_content": text }))),
            1 => plain(delta(&json!({ "refusal": text }))),
            2 => plain(delta(
                &json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": random.pick(&["f", "f", "g", "h"]), "arguments": random.pick(&["{}", "{\"x\":1}", "", "[1]", text])}}]}),
            )),
            _ => (words(text), text.to_owned(), false),
        });
        if random.percent(20) {
            all.push(plain(oddity(random)));
        }
        // Another alternative is known as one by the words of the first before it.
        if kind > 2 && random.percent(4) {
            let other = json!({"index": 1, "delta": {"content": text}, "finish_reason": null});
            all.push(plain(choice(&other)));
        }
        if kind > 2 && random.percent(5) {
            let both = json!({"choices": [
                {"index": 1, "delta": {"content": "other"}},
                {"index": 0, "delta": {"content": text, "reasoning": "hm"}, "finish_reason": null},
            ]});
            all.push((both.to_string(), text.to_owned(), false));
        }
    }
    if random.percent(5) {
        let error = random.pick(&[
            json!({"message": format!("no {KEY}"), "code": KEY}),
            json!("overloaded"),
            json!([]),
        ]);
        all.push((json!({ "error": error }).to_string(), String::new(), true));
    }
    if random.percent(3) {
        all.push((
            random.pick(&["{\"choices\":[{", "nothing", "[1]"]).to_owned(),
            String::new(),
            true,
        ));
    }
    if random.percent(85) {
        all.push(plain(finish(random.pick(&[
            "stop",
            "length",
            "tool_calls",
            "content_filter",
            "eos",
        ]))));
    }
    if random.percent(60) {
        let numbers = [
            json!(3),
            json!(3),
            json!(3),
            json!(null),
            json!(-1),
            json!(2.5),
            json!("3"),
            json!(18_446_744_073_709_551_615_u64),
        ];
        let mut counts = json!({
            "prompt_tokens": random.pick(&numbers), "completion_tokens": random.pick(&numbers), "total_tokens": random.pick(&numbers),
        });
        if random.percent(30) {
            counts["prompt_tokens_details"] = random.pick(&[
                json!(null),
                json!("x"),
                json!({"cached_tokens": "2"}),
                json!({"cached_tokens": 2}),
            ]);
        }
        all.push(plain(usage(&random.pick(&[
            counts.clone(),
            counts.clone(),
            counts,
            json!({}),
            json!(null),
            json!([]),
        ]))));
    }
    if random.percent(80) {
        all.push((DONE.to_owned(), String::new(), true));
        if random.percent(20) {
            all.push(plain(words("garbage")));
        }
    }
    all
}

/// A payload that real upstreams send and that says nothing.
fn oddity(random: &mut Random) -> String {
    random.pick(&[
        choice(&json!({"index": 0, "finish_reason": null})),
        choice(&json!({"index": 0, "delta": null, "finish_reason": ""})),
        json!({"choices": [], "id": "", "created": 0, "model": "", "prompt_filter_results": [{}]}).to_string(),
        json!({"hook_results": {}}).to_string(),
        json!({"id": 5, "object": null, "choices": null}).to_string(),
        delta(&json!({"role": "assistant", "content": null})),
        delta(&json!({"content": 5})),
        String::new(),
    ])
}

/// A body with these payloads, and where in it words are whole.
fn body(random: &mut Random, payloads: &[(String, String, bool)]) -> (Vec<u8>, Vec<Reach>) {
    let (mut body, mut all, mut said, mut is_over) = (String::new(), Vec::new(), String::new(), false);
    if random.percent(10) {
        body.push('\u{feff}');
    }
    let lines = random.pick(&["\n", "\n", "\r\n", "\r"]);
    let is_json = random.percent(10);
    for (payload, words, ends) in payloads {
        // Words are taken from an event that broke off, too.
        let begun = body.len() + 1;
        if is_json {
            // There is no such thing among JSON values, nor anything behind it.
            if payload == DONE || !payload.ends_with('}') {
                break;
            }
            body.push_str(payload);
        } else {
            let before = random.pick(&[
                "",
                "",
                "",
                ": ping%%",
                "event: message%",
                "id: 7%",
                "retry: 10%%",
                "event: ping%data:%%",
            ]);
            body.push_str(&before.replace('%', lines));
            body.push_str(random.pick(&["data: ", "data:"]));
            body.push_str(payload);
        }
        // Nothing else has to close it.
        let at_end = body.len();
        body.push_str(lines);
        body.push_str(lines);
        if !is_over {
            said.push_str(words);
            all.push(Reach {
                may: begun,
                // A carriage return alone is an end of line only once something else follows.
                must: body.len() + usize::from(is_json || lines == "\r"),
                at_end,
                words: said.clone(),
            });
        }
        is_over |= *ends;
    }
    (body.into_bytes(), all)
}

/// What comes of asking a source now; `is_given` if it is the developer's own code, `is_gone` if nobody is there.
pub fn attempt(random: &mut Random, is_given: bool, is_gone: bool, now: Millis) -> Attempt {
    let mut attempt = Attempt::default();
    let slow = random.percent(20);
    let mut now = now;
    let mut later = |random: &mut Random| {
        now += if slow { random.ms(4000) } else { random.ms(60) };
        now
    };
    let hangs = random.percent(12);
    if is_gone || random.percent(8) {
        if !hangs {
            let event = if is_given && random.percent(50) {
                Event::Fail
            } else {
                Event::Lose
            };
            attempt.events.push_back((later(random), event));
        }
        return attempt;
    }
    let payloads = payloads(random);
    if is_given && random.percent(60) {
        attempt.events.push_back((later(random), Event::Open));
        let (mut said, mut is_over) = (String::new(), false);
        for (count, (payload, text, ends)) in payloads.into_iter().enumerate() {
            let event = if !text.is_empty() && random.percent(50) {
                Event::Text(text.clone())
            } else {
                Event::Chunk(payload)
            };
            attempt.events.push_back((later(random), event));
            if !is_over {
                said.push_str(&text);
                let count = count + 1;
                attempt.words.push(Reach {
                    may: count,
                    must: count,
                    at_end: count,
                    words: said.clone(),
                });
            }
            is_over |= ends;
        }
    } else {
        let (status, mut bytes) = if random.percent(15) {
            let body = random.pick(&["Busy", "", r#"{"error":{"message":"no KEY"}}"#, "<html>"]);
            (
                random.pick(&[302, 400, 401, 404, 408, 429, 500, 503]),
                body.replace("KEY", KEY).into_bytes(),
            )
        } else {
            let (bytes, words) = body(random, &payloads);
            attempt.words = words;
            (200, bytes)
        };
        let headers = random.pick(&[
            None,
            None,
            Some(("retry-after", "1")),
            Some(("retry-after", "59")),
            Some(("x-should-retry", "false")),
        ]);
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        attempt
            .events
            .push_back((later(random), Event::Respond(Response::new(status, headers.collect()))));
        if random.percent(5) {
            let at = random.below(bytes.len() + 1);
            bytes.splice(at..at, [0xff, b'\n', b'\n']);
            attempt.words.clear();
        }
        if random.percent(25) {
            bytes.truncate(random.below(bytes.len() + 1));
        }
        while !bytes.is_empty() {
            let at = if random.percent(50) {
                bytes.len()
            } else {
                random.below(bytes.len() + 1)
            };
            let rest = bytes.split_off(at);
            attempt
                .events
                .push_back((later(random), Event::Bytes(std::mem::replace(&mut bytes, rest))));
        }
    }
    if !hangs {
        let event = random.pick(&[0, 0, 0, 0, 1, 2]);
        let event = match event {
            1 => Event::Lose,
            2 if is_given => Event::Fail,
            _ => Event::End,
        };
        attempt.events.push_back((later(random), event));
    }
    attempt
}
