//! The judge against the caller itself: what both versions made of each fault under `tests/caller/`, as recorded there.

use std::collections::BTreeMap;

use liveavatar_llm::call::Millis;
use liveavatar_llm::judge::{Caller, Happening, Loss, Outcome, Reading, Recording, Verdict, Why, judge};
use serde_json::{Value, json};

/// A fault's recorded answers, as the caller's side sees them.
struct Exchange {
    steps: Vec<(Millis, Step)>,
}

enum Step {
    Head {
        status: u16,
        location: bool,
        encoding: String,
    },
    Bytes(Vec<u8>),
    End,
    Lost(Loss),
}

impl Exchange {
    fn recording(&self) -> Recording<'_> {
        let happening = |step| match step {
            &Step::Head {
                status,
                location,
                ref encoding,
            } => Happening::Head {
                status,
                location,
                encoding,
            },
            Step::Bytes(bytes) => Happening::Bytes(bytes),
            Step::End => Happening::End,
            Step::Lost(loss) => Happening::Lost(*loss),
        };
        self.steps.iter().map(|(at, step)| (*at, happening(step))).collect()
    }
}

fn bytes(step: &Value) -> Vec<u8> {
    match step {
        Value::String(text) => text.clone().into_bytes(),
        _ => base64(step["base64"].as_str().unwrap()),
    }
}

fn base64(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        held = held << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    out
}

/// `ordinary` is what stands where redirects lead.
fn exchange(answer: &Value, ordinary: &Value) -> Exchange {
    let mut at = answer["delay"].as_f64().unwrap_or(0.0);
    let mut steps = Vec::new();
    let ends = answer["end"].as_str().unwrap();
    if answer["delimiter"] == "raw" {
        return Exchange {
            steps: vec![(at, Step::Lost(Loss::Connection))],
        };
    }
    let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
    let header = |name: &str| answer["headers"][name].as_str();
    let encoding = header("content-encoding").unwrap_or_default().to_owned();
    let is_claimed = encoding == "gzip" && answer["encoding"].is_null();
    let head = || Step::Head {
        status,
        location: header("location").is_some(),
        encoding: encoding.clone(),
    };
    steps.push((at, head()));
    if let Some(location) = header("location") {
        if location == "completions" {
            for _ in 0..30 {
                steps.extend([(at, Step::End), (at, head())]);
            }
            return Exchange { steps };
        }
        steps.push((at, Step::End));
        if status < 307 {
            steps.push((
                at,
                Step::Head {
                    status: 405,
                    location: false,
                    encoding: String::new(),
                },
            ));
            steps.push((at, Step::End));
        } else {
            steps.extend(exchange(ordinary, ordinary).steps);
        }
        return Exchange { steps };
    }
    for step in answer["steps"].as_array().unwrap() {
        if let Some(wait) = step["wait"].as_f64() {
            at += wait;
            continue;
        }
        if is_claimed {
            steps.push((at, Step::Lost(Loss::Encoding)));
            return Exchange { steps };
        }
        let bytes = bytes(step);
        let size = answer["chop"]
            .as_u64()
            .map_or(bytes.len(), |chop| usize::try_from(chop).unwrap());
        for piece in bytes.chunks(size.max(1)) {
            steps.push((at, Step::Bytes(piece.to_vec())));
        }
    }
    match ends {
        "end" => steps.push((at, Step::End)),
        "cut" => steps.push((at, Step::Lost(Loss::Connection))),
        _ => {}
    }
    Exchange { steps }
}

/// The Python exception that a cause comes from, or those it may come from.
fn exceptions(why: Why, caller: Caller) -> &'static [&'static str] {
    match why {
        Why::NoAnswer => &["APITimeoutError"],
        Why::Silence if caller == Caller::Newest => &["APITimeoutError"],
        Why::Silence => &["ReadTimeout"],
        Why::NoConnection | Why::Broken => &["RemoteProtocolError", "ReadError"],
        Why::Undecodable => &["error", "DecodingError"],
        Why::Refused | Why::RedirectedAsGet => &["APIStatusError"],
        Why::TooManyRedirects => &["TooManyRedirects"],
        Why::NotUtf8 | Why::UnknownEncoding => &["UnicodeDecodeError"],
        Why::EmptyData | Why::EventWithoutData | Why::RetryWithoutData | Why::BlankLineAfterId => &["JSONDecodeError"],
        Why::NotJson => &["JSONDecodeError", "ValueError"],
        Why::TooDeep => &["RecursionError"],
        Why::ErrorObject => &["APIError"],
        Why::ThreadEvent | Why::NoChoices | Why::ArgumentsWithoutName => &["TypeError"],
        Why::ChoicesNotList | Why::ToolCallsNotList | Why::ReservedName => &["AttributeError", "TypeError"],
        Why::NotAnObject
        | Why::ChoiceNotObject
        | Why::DeltaNotObject
        | Why::ToolCallNotObject
        | Why::FunctionNotObject
        | Why::UsageNotObject
        | Why::DetailsNotObject => &["AttributeError"],
        Why::ContentNotText => &["AttributeError", "ValidationError"],
        Why::ToolCallNotText => &["TypeError", "ValidationError"],
        Why::NoId | Why::IdNotText | Why::ExtraNotObject | Why::UsageNotCounts | Why::TierNotText => {
            &["ValidationError"]
        }
        other => panic!("{other:?} is no failure"),
    }
}

/// A verdict in the words of `outcomes.json`.
fn told(verdict: &Verdict) -> Value {
    let mut told =
        json!({ "outcome": verdict.outcome.name(), "heard": verdict.heard(), "attempts": verdict.attempts.len() });
    let calls: Vec<_> = verdict
        .tool_calls()
        .iter()
        .map(|call| json!({ "name": call.name, "arguments": call.arguments }))
        .collect();
    if !calls.is_empty() {
        told["toolCalls"] = Value::Array(calls);
    }
    if usize::try_from(verdict.requests).unwrap() != verdict.attempts.len() {
        told["requests"] = json!(verdict.requests);
    }
    told
}

fn recorded(outcome: &Value) -> Value {
    let mut outcome = outcome.clone();
    for member in ["error", "filtered"] {
        outcome.as_object_mut().unwrap().remove(member);
    }
    outcome
}

/// Whether the reason that is given is the one that the caller raised.
fn agrees(verdict: &Verdict, caller: Caller, error: &Value) -> bool {
    let fails = matches!(verdict.outcome, Outcome::Lost | Outcome::Cut);
    let Some(why) = verdict.why.filter(|_| fails) else {
        return error.is_null() && fails == (verdict.outcome == Outcome::Lost && verdict.why.is_none());
    };
    let names = exceptions(why, caller);
    let is_status = names == ["APIStatusError"];
    if verdict.attempts.len() < 4 && is_status {
        return error["class"] == "APIStatusError" && error["status"] == json!(verdict.status);
    }
    let cause = error["cause"].as_str().or(error["class"].as_str()).unwrap_or_default();
    names.contains(&cause)
}

/// Whether words that were sent apart are heard together.
fn are_together(caller: Caller, answers: &[Exchange]) -> bool {
    let mut reading = Reading::new(caller);
    let mut heard = Vec::new();
    for (at, step) in answers.iter().flat_map(|answer| &answer.steps) {
        match step {
            Step::Bytes(bytes) => reading.push(bytes),
            Step::End => reading.end(),
            _ => {}
        }
        if !reading.take().is_empty() {
            heard.push(*at);
        }
    }
    heard.iter().all(|at| *at == heard[0])
}

/// What stands where redirects lead.
fn elsewhere() -> Value {
    let text =
        |word: &str| format!("data: {{\"id\":\"c-1\",\"choices\":[{{\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n");
    json!({ "status": 200, "headers": {}, "steps": [text("Hello"), text(" world")], "end": "end" })
}

/// Holds the judge against a file of faults with their outcomes, and says how many there are.
fn check(file: &str) -> usize {
    let all: Value = serde_json::from_str(file).unwrap();
    let faults = all["faults"].as_array().unwrap();
    let elsewhere = elsewhere();
    let mut wrong = BTreeMap::new();
    for fault in faults {
        let answers = fault["answers"].as_array().unwrap().iter();
        let answers: Vec<_> = answers.map(|answer| exchange(answer, &elsewhere)).collect();
        let attempts: Vec<_> = answers.iter().map(Exchange::recording).collect();
        for caller in Caller::ALL {
            let outcome = &fault[caller.name()];
            let verdict = judge(caller, &attempts);
            let mut told = told(&verdict);
            if fault["paced"] == true && are_together(caller, &answers) {
                told["late"] = json!(true);
            }
            if told != recorded(outcome) || !agrees(&verdict, caller, &outcome["error"]) {
                let name = format!("{} ({})", fault["name"].as_str().unwrap(), caller.name());
                wrong.insert(name, format!("{told} {:?}, and the caller: {outcome}", verdict.why));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{} of {}", wrong.len(), faults.len());
    faults.len()
}

#[test]
fn both_versions_of_the_caller_make_the_same_of_every_fault() {
    assert!(check(include_str!("../../caller/outcomes.json")) >= 629);
}

#[test]
fn both_versions_of_the_caller_make_the_same_of_mixtures_of_faults() {
    assert!(check(include_str!("../../caller/mixtures.json")) >= 250);
}

#[test]
fn both_versions_of_the_caller_make_the_same_of_what_was_recorded_elsewhere() {
    if let Ok(file) = std::env::var("JUDGE_OUTCOMES") {
        println!("{}", check(&std::fs::read_to_string(file).unwrap()));
    }
}
