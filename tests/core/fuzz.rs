//! Bodies that no server sends: the fixtures, spoilt. Whatever comes is understood as one well-formed answer, and the same
//! wherever it is cut. `FUZZ_ROUNDS` asks for more rounds than usual.

use std::borrow::Cow;
use std::collections::BTreeMap;

use liveavatar_llm::call::Call;
use liveavatar_llm::chat::{ChunkWriter, Completion, Delta, Place};
use liveavatar_llm::framing::{Framing, parts};
use liveavatar_llm::http::Response;
use liveavatar_llm::json::{Tree, Value, is_whole};
use liveavatar_llm::providers::Provider;
use liveavatar_llm::sse;
use serde::de::IgnoredAny;

use crate::fixtures::{bodies, said};
use crate::property::seed;
use crate::random::{Random, Seed};

/// What the grammar of bodies is made of.
const WORDS: &[&str] = &[
    "data: ",
    "data:",
    "\n\n",
    "\r\n",
    "\r",
    "\n",
    "event: error\n",
    "error: ",
    ": ping\n\n",
    "id: 1\n",
    "retry: 5\n",
    "[DONE]",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "4294967296",
    "\"\"",
    "\"a\"",
    "{}",
    "[]",
    "\u{feff}",
    "é🙂",
    "\\u",
    "\\ud83d",
    "\"choices\":",
    "\"delta\":",
    "\"message\":",
    "\"text\":\"T\"",
    "\"content\":",
    "\"index\":",
    "\"index\":0,",
    "\"index\":1,",
    "\"tool_calls\":",
    "\"function\":",
    "\"arguments\":",
    "\"name\":\"f\"",
    "\"id\":\"x\",",
    "\"usage\":",
    "\"finish_reason\":\"stop\"",
    "\"finish_reason\":\"\"",
    "\"error\":",
    "\"reasoning\":",
    "\"done\":true,",
    "<html>",
    "{\"type\":\"thinking\",\"thinking\":[{\"text\":\"t\"}]}",
];

fn rounds() -> u64 {
    std::env::var("FUZZ_ROUNDS").map_or(1500, |rounds| rounds.parse().expect("FUZZ_ROUNDS is a number"))
}

fn spoil(random: &mut Random, body: &mut Vec<u8>, others: &[(String, Vec<u8>)]) {
    for _ in 0..=random.below(4) {
        let at = random.below(body.len() + 1);
        let end = at + random.below((body.len() - at).min(60) + 1);
        match random.below(8) {
            0 => drop(body.drain(at..end)),
            1 => {
                let again = body[at..end].to_vec();
                body.splice(end..end, again);
            }
            2 => drop(body.splice(at..at, random.pick(WORDS).bytes())),
            3 => drop(body.splice(at..end, random.pick(WORDS).bytes())),
            4 => body.truncate(at),
            5 if at < body.len() => body[at] ^= 1 << random.below(8),
            6 => {
                let other = &others[random.below(others.len())].1;
                let from = random.below(other.len() + 1);
                body.splice(at..end, other[from..].iter().copied());
            }
            // One word for another: the same type elsewhere, or another type here.
            _ => {
                let (one, other) = (random.pick(WORDS), random.pick(WORDS));
                if let Some(place) = body.windows(one.len()).position(|part| part == one.as_bytes()) {
                    body.splice(place..place + one.len(), other.bytes());
                }
            }
        }
    }
    body.truncate(20_000);
}

fn cut<'b>(random: &mut Random, body: &'b [u8]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let longest = random.pick(&[1, 3, 80, 5000]);
        let (piece, tail) = rest.split_at(1 + random.below(rest.len().min(longest)));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// That deltas come in the order that their reader counts on.
#[derive(Default)]
struct Order {
    told: [bool; 3],
    /// Of each choice that is open: whether it is finished, and which calls have an id and a name.
    open: BTreeMap<u32, (bool, Vec<(bool, bool)>)>,
}

impl Order {
    fn take(&mut self, delta: &Delta<'_>) {
        let once = |told: &mut bool| assert!(!std::mem::replace(told, true), "told twice: {delta:?}");
        let choice = match delta {
            Delta::Id(text) => {
                assert!(!text.is_empty());
                return once(&mut self.told[0]);
            }
            Delta::Model(text) => {
                assert!(!text.is_empty());
                return once(&mut self.told[1]);
            }
            Delta::Created(_) => return once(&mut self.told[2]),
            Delta::Open { choice } => {
                let before = self.open.insert(*choice, (false, Vec::new()));
                return assert!(before.is_none() && *choice < 128, "opened twice: {delta:?}");
            }
            Delta::Usage(usage) => {
                assert!(usage.prompt.or(usage.completion).or(usage.total).is_some());
                return assert!(Value::parse(&usage.json).unwrap().as_object().is_some());
            }
            Delta::Extra { place, json, .. } => {
                assert!(
                    serde_json::from_str::<IgnoredAny>(json).is_ok() && json != "null",
                    "{delta:?}"
                );
                match place {
                    Place::Chunk => return,
                    Place::Choice(choice) | Place::Message(choice) | Place::Call { choice, .. } => *choice,
                }
            }
            Delta::Content { choice, text } | Delta::Reasoning { choice, text } | Delta::Refusal { choice, text } => {
                assert!(!text.is_empty());
                *choice
            }
            Delta::Tool { choice, .. } | Delta::Finish { choice, .. } => *choice,
        };
        let (finished, calls) = self.open.get_mut(&choice).expect("a choice opens first");
        match delta {
            Delta::Finish { reason, .. } => {
                assert!(!reason.is_empty());
                once(finished);
            }
            Delta::Tool {
                index,
                id,
                name,
                arguments,
                ..
            } => {
                let index = usize::try_from(*index).unwrap();
                assert!(index <= calls.len(), "calls are counted: {delta:?}");
                if index == calls.len() {
                    calls.push((false, false));
                }
                let (has_id, has_name) = &mut calls[index];
                if id.is_some() {
                    once(has_id);
                }
                if name.is_some() {
                    once(has_name);
                }
                assert!(
                    id.is_some() || name.is_some() || !arguments.is_empty(),
                    "it says nothing"
                );
            }
            _ => {}
        }
    }
}

/// Reads a body in every way there is, and looks at what comes of it.
fn judge(body: &[u8], is_single: bool) {
    let mut call = if is_single {
        Call::given(Provider::OpenAi, 0.0)
    } else {
        Call::answered(Provider::OpenAi, 0.0)
    };
    call.ask(0.0);
    call.respond(Response::new(200, Vec::new()), 0.0);
    let mut order = Order::default();
    let mut completion = Completion::default();
    let mut writer = ChunkWriter::new("id".to_owned(), "model".to_owned(), 1);
    let mut take = |decoded: &liveavatar_llm::providers::Decoded<'_>| {
        if let Some(chunk) = decoded.chunk {
            let members = Value::parse(chunk).unwrap();
            let has = |name: &str| members.get(name).is_some();
            assert!(
                has("id") && has("object") && has("created") && has("model") && has("choices"),
                "passed on as it is: {chunk}"
            );
        }
        for delta in &decoded.deltas {
            order.take(delta);
            completion.take(delta);
            writer.write(delta, &mut |chunk| {
                assert!(serde_json::from_str::<IgnoredAny>(chunk).is_ok(), "{chunk}");
            });
        }
        false
    };
    call.push(body, 0.0, &mut take);
    call.end(0.0, &mut take);
    assert!(call.outcome().is_some(), "the end of a body is the end");
    let mut json = String::new();
    completion.write(&mut json);
    assert!(serde_json::from_str::<IgnoredAny>(&json).is_ok(), "{json}");
}

/// The payloads of a body, and that JSON is told from what is none as `serde_json` does.
fn payloads(pieces: &[&[u8]]) -> Vec<String> {
    let mut framing = Framing::default();
    let mut found = Vec::new();
    let mut note = |kind: &str, text: Cow<'_, str>| {
        let expected = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        assert_eq!(is_whole(&text), expected, "{text}");
        assert_eq!(Value::parse(&text).is_ok(), expected, "{text}");
        assert_eq!(Tree::parse(&text).is_ok(), expected, "{text}");
        for part in parts(&text) {
            assert!(
                part == "[DONE]" || serde_json::from_str::<IgnoredAny>(part).is_ok(),
                "{part} in {text}"
            );
        }
        found.push(format!("{kind} {text}"));
    };
    for piece in pieces {
        let mut payloads = framing.push(piece);
        while let Some(payload) = payloads.next().unwrap() {
            note(payload.kind, payload.text);
        }
    }
    while let Some(payload) = framing.finish().unwrap() {
        note(payload.kind, payload.text);
    }
    found
}

fn events(pieces: &[&[u8]]) -> Vec<String> {
    let mut decoder = sse::Decoder::new(1 << 20);
    let mut found = Vec::new();
    for piece in pieces {
        let mut events = decoder.push(piece);
        while let Some(event) = events.next().unwrap() {
            found.push(format!("{event:?}"));
        }
    }
    found.extend(decoder.finish().unwrap().map(|event| format!("unfinished {event:?}")));
    found
}

#[test]
fn whatever_comes_is_one_well_formed_answer_wherever_it_is_cut() {
    let bodies = bodies();
    let first = seed();
    for seed in (0..rounds()).map(|number| first.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))) {
        let _seed = Seed(seed);
        let mut random = Random::new(seed);
        let mut body = bodies[random.below(bodies.len())].1.clone();
        spoil(&mut random, &mut body, &bodies);
        judge(&body, random.percent(50));
        let pieces = cut(&mut random, &body);
        let shown = || String::from_utf8_lossy(&body).into_owned();
        assert_eq!(events(&pieces), events(&[&body]), "{}", shown());
        assert_eq!(payloads(&pieces), payloads(&[&body]), "{}", shown());
        assert_eq!(said(pieces), said([body.as_slice()]), "{}", shown());
    }
}
