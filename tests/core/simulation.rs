//! Calls against an upstream that fails in every way it can, in simulated time.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use liveavatar_llm::call::{Call, Millis, Next, Policy};
use liveavatar_llm::chat::Request;
use liveavatar_llm::error::{Error, Secret};
use liveavatar_llm::http::Response;
use liveavatar_llm::providers::Upstream;
use liveavatar_llm::stream::{Outlet, Stream};

use crate::property::seed;
use crate::random::{Random, Seed};
use crate::wire::{chunk, finish, role, usage, words};

/// What an attempt meets.
enum Event {
    Respond(Response),
    Piece(Vec<u8>),
    End,
    Lose,
}

/// What an upstream does in one attempt: events and when they come. Behind the last one it is silent.
#[derive(Default)]
struct Attempt {
    events: VecDeque<(Millis, Event)>,
    /// The words that its answer has.
    text: String,
    /// It answers, whole and without a long silence.
    is_good: bool,
}

/// A policy's options, and whether it has a limit to every silence.
fn options(random: &mut Random) -> (String, bool) {
    let limit = |random: &mut Random| random.pick(&["500", "800", "3000", "30000"]);
    let bounded = random.percent(85);
    let timeouts = if bounded {
        let total = if random.percent(30) {
            random.pick(&["1000", "2500", "6000"])
        } else {
            "null"
        };
        format!(
            r#""headersMs":{},"firstTokenMs":{},"idleMs":{},"totalMs":{total}"#,
            limit(random),
            limit(random),
            limit(random)
        )
    } else {
        r#""headersMs":null,"firstTokenMs":null,"idleMs":null"#.to_owned()
    };
    (
        format!(r#"{{"timeouts":{{{timeouts}}},"maxRetries":{}}}"#, random.below(4)),
        bounded,
    )
}

/// The body of an answer, its words, and whether it is a whole message.
fn body(random: &mut Random, key: &str) -> (String, String, bool) {
    let pieces: Vec<&str> = (0..random.below(6))
        .map(|_| random.pick(&["Hello", " there", "é😀", "\n", "\"x\"", " and so on"]))
        .collect();
    let text = pieces.concat();
    if random.percent(10) {
        let message = serde_json::json!({"role": "assistant", "content": text});
        let whole = chunk(&format!(r#"{{"index":0,"message":{message},"finish_reason":"stop"}}"#));
        return (whole, text, true);
    }
    let mut payloads = vec![role()];
    payloads.extend(pieces.iter().map(|piece| words(piece)));
    let mut end = vec![finish(), usage(), "[DONE]".to_owned()];
    match random.below(4) {
        0 => drop(end.remove(0)),
        1 => end.truncate(1),
        2 => end.truncate(2),
        _ => {}
    }
    payloads.extend(end);
    let fails = random.percent(5);
    if fails {
        payloads.truncate(random.below(payloads.len()));
        let error = format!(r#"{{"error":{{"message":"sk-1-key {key}","code":"{key}"}}}}"#);
        payloads.push(random.pick(&[error, format!("nothing for {key}")]));
    }
    let line_end = random.pick(&["\n", "\r\n", "\r"]);
    let mut body = String::new();
    for payload in payloads {
        if random.percent(10) {
            let _ = write!(body, ": ping{line_end}{line_end}");
        }
        let _ = write!(body, "data: {payload}{line_end}{line_end}");
    }
    if body.contains("[DONE]") && random.percent(20) {
        body.push_str("data: {\"choices\":[{\"delta\":{\"content\":\"garbage\"}}]}\n\n<html>");
    }
    (body, text, !fails)
}

fn response(random: &mut Random, status: u16) -> Response {
    let mut headers = Vec::new();
    if random.percent(20) {
        headers.push(("x-should-retry", random.pick(&["true", "false"])));
    }
    if random.percent(30) {
        headers.push(random.pick(&[("retry-after", "1"), ("retry-after", "61"), ("retry-after-ms", "30")]));
    }
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Response::new(status, headers.collect())
}

fn attempt(random: &mut Random, key: &str, now: Millis, may_hang: bool) -> Attempt {
    let mut attempt = Attempt::default();
    let hangs = |random: &mut Random| may_hang && random.percent(30);
    let slow = random.percent(20);
    let mut now = now;
    let mut later = |random: &mut Random| {
        now += if slow { random.ms(1500) } else { random.ms(20) };
        now
    };
    if random.percent(10) {
        if !hangs(random) {
            attempt.events.push_back((later(random), Event::Lose));
        }
        return attempt;
    }
    let (mut bytes, status, is_whole) = if random.percent(25) {
        let body = random.pick(&["Busy", "", r#"{"error":{"message":"sk-1-key KEY"}}"#, "<html>"]);
        let status = random.pick(&[302, 400, 401, 404, 408, 429, 500, 503]);
        (body.replace("KEY", key).into_bytes(), status, false)
    } else {
        let (body, text, is_whole) = body(random, key);
        attempt.text = text;
        (body.into_bytes(), 200, is_whole)
    };
    attempt
        .events
        .push_back((later(random), Event::Respond(response(random, status))));
    let is_cut = random.percent(40);
    if is_cut {
        let at = random.below(bytes.len() + 1);
        bytes.truncate(at);
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
            .push_back((later(random), Event::Piece(std::mem::replace(&mut bytes, rest))));
    }
    let is_silent = hangs(random);
    if !is_silent {
        let end = if is_cut && random.percent(50) {
            Event::Lose
        } else {
            Event::End
        };
        attempt.events.push_back((later(random), end));
    }
    attempt.is_good = is_whole && !is_cut && !is_silent && !slow;
    attempt
}

/// One call from its beginning to its end. Gives its end and a trace of all that happened.
fn play(seed: u64) -> (String, String) {
    let mut random = Random::new(seed);
    let (options, is_bounded) = options(&mut random);
    let policy = Policy::default().with_options(&options).unwrap();
    let most_attempts = 1 + policy.max_retries;
    let total = policy.timeouts.total_ms;
    let upstream = Upstream::parse("{}", &[]).unwrap();
    let request = Request::parse(r#"{"messages":[],"model":"m"}"#).unwrap();
    let began = random.ms(10_000);
    let call = Call::new(&upstream, request, policy, 7, began).unwrap();
    let mut stream = Stream::new(call, began);
    stream.read_as(Outlet::Text);
    let (mut now, mut since, mut attempts, mut is_open) = (began, began, 0, false);
    let mut current = Attempt::default();
    let (mut trace, mut text) = (options, String::new());
    for step in 0.. {
        assert!(step < 1000, "it does not end");
        let next = stream.next();
        let deadline = stream.deadline();
        let _ = write!(trace, "\n{now} {next:?} until {deadline:?}");
        assert!(deadline.is_none_or(|at| at >= now), "a deadline in the past\n{trace}");
        let due = match next {
            Next::Done => break,
            // The key never comes.
            Next::Send if is_bounded && random.percent(3) => Millis::INFINITY,
            Next::Send => now + random.ms(30),
            Next::Wait => Millis::INFINITY,
            Next::Read | Next::ReadRefusal => current.events.front().map_or(Millis::INFINITY, |(at, _)| at.max(now)),
        };
        assert!(due.is_finite() || deadline.is_some(), "it waits for ever");
        if let Some(at) = deadline
            && at <= due
        {
            now = now.max(at);
            stream.listen(since);
            stream.tick(now);
            assert!(
                (stream.next(), stream.deadline()) != (next, deadline),
                "nothing came of the deadline"
            );
            continue;
        }
        now = due;
        if next == Next::Send {
            attempts += 1;
            assert!(attempts <= most_attempts, "too many attempts");
            assert_eq!(stream.completion().content(), "", "sent after output");
            let key = format!("sk-{attempts}-key");
            let request = stream.send(Some(Secret::new(key.clone()).unwrap()), now).unwrap();
            assert!(
                stream.completion().is_empty() && stream.metrics().chunks == 0,
                "something of the last attempt is left"
            );
            let _ = write!(trace, " {:?}", request.headers);
            current = attempt(&mut random, &key, now, is_bounded);
            is_open = false;
            continue;
        }
        if next == Next::Read && is_open && random.percent(5) {
            // The reader pauses; meanwhile there is no deadline but the total one.
            stream.rest(now);
            stream.tick(now);
            assert_eq!(stream.deadline(), total.map(|total| began + total));
            now = (now + random.ms(5000)).min(stream.deadline().unwrap_or(Millis::INFINITY));
            stream.listen(now);
            since = now;
            let _ = write!(trace, " pauses until {now}");
            continue;
        }
        match current.events.pop_front().unwrap().1 {
            Event::Respond(response) => {
                is_open = true;
                stream.respond(response, now);
            }
            Event::Piece(bytes) => stream.push(&bytes, now),
            Event::End => stream.end(now),
            Event::Lose => stream.lose(now),
        }
        since = now;
        text += &stream.take();
    }
    let outcome = stream.outcome().unwrap();
    let _ = write!(trace, "\n{now} {outcome:?} {text:?}");
    assert_eq!(text, stream.completion().content(), "the text is not the completion's");
    assert!(current.text.starts_with(&text), "{text:?} was never sent");
    assert!(total.is_none_or(|total| now <= began + total), "longer than the total");
    let told = told(outcome);
    assert!(
        (1..=attempts).all(|n| !told.contains(&format!("sk-{n}"))),
        "a key is told: {told}"
    );
    let end = outcome.as_ref().map_or_else(Error::code, |()| "done");
    if end == "done" {
        assert_eq!(text, current.text, "something is missing");
    }
    if current.is_good {
        assert!(matches!(end, "done" | "deadline_total"), "a good answer ends as {end}");
    }
    (end.to_owned(), trace)
}

/// All forms of an error.
fn told(outcome: &Result<(), Error>) -> String {
    outcome.as_ref().err().map_or_else(String::new, |error| {
        format!("{error} {error:?} {}", serde_json::to_string(error).unwrap())
    })
}

#[test]
fn whatever_the_upstream_does_a_call_keeps_its_promises() {
    const CALLS: u64 = 6000;
    let first = seed();
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for seed in (0..CALLS).map(|number| first.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))) {
        let _seed = Seed(seed);
        let (end, trace) = play(seed);
        assert_eq!(play(seed).1, trace, "the same seed gives another course");
        *ends.entry(end).or_default() += 1;
    }
    println!("{ends:?}");
    // It has played what it is meant to play.
    let all = [
        "bad_request",
        "connection_failed",
        "connection_lost",
        "deadline_first_token",
        "deadline_headers",
        "deadline_idle",
        "deadline_total",
        "done",
        "not_found",
        "rate_limited",
        "redirected",
        "server_error",
        "stream_empty",
        "stream_error",
        "stream_malformed",
        "stream_truncated",
        "timed_out",
        "unauthorized",
    ];
    assert!(ends.keys().eq(all), "{ends:?}");
}
