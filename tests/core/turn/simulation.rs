//! Turns whose sources fail in every way they can, in simulated time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use std::rc::Rc;

use liveavatar_llm::call::{self, Millis};
use liveavatar_llm::error::{Error, Secret};
use liveavatar_llm::turn::{Asked, Correlation, Created, Lines, Next, Options, Outcome, Setup, Source, Turn};
use serde_json::{Value, json};

use super::driven::upstream;
use super::faults::{Attempt, Event, KEY, attempt};
use super::heard::Heard;
use super::strict::{Item, Strict};
use crate::property::seed;
use crate::random::{Random, Seed};

/// What the caller asked for in a run, and what the developer set.
struct Setting {
    asked: Asked,
    options: Options,
    lines: Lines,
    is_given: bool,
    /// Nobody is there who could answer.
    is_gone: bool,
}

fn setting(random: &mut Random) -> Setting {
    let user = if random.percent(5) { " " } else { "Hello" };
    let mut request =
        json!({"messages": [{"role": "user", "content": user}], "model": "m\"\n", "stream": random.percent(90)});
    if random.percent(70) {
        request["stream_options"] = json!({"include_usage": random.percent(90)});
    }
    let options = json!({
        "heartbeatMs": random.pick(&[100, 500, 500, 2000]),
        "timeouts": {"firstTokenMs": random.pick(&[1000, 4000, 20_000]), "idleMs": random.pick(&[500, 3000, 8000])},
    });
    let mut lines = json!({});
    for name in ["failure", "refusal", "empty"] {
        match random.below(4) {
            0 => lines[name] = json!(format!("My {name}.")),
            1 => lines[name] = json!(false),
            _ => {}
        }
    }
    Setting {
        asked: Asked::parse(&request.to_string(), Correlation::default()).unwrap(),
        options: Options::parse(&options.to_string()).unwrap(),
        lines: Lines::parse(&lines.to_string()).unwrap(),
        is_given: random.percent(40),
        is_gone: random.percent(2),
    }
}

/// A turn on its way, and all that is looked at while it is.
struct Run {
    random: Random,
    setting: Setting,
    turn: Turn,
    attempt: Attempt,
    now: Millis,
    /// When the caller last got something, or was too slow to.
    written: Millis,
    /// Since when a piece of the source's is waited for.
    since: Millis,
    output: String,
    strict: Strict,
    items: Vec<Item>,
    trace: String,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let setting = setting(&mut random);
        let now = random.ms(10_000);
        let source = if setting.is_given { Source::Code } else { upstream("{}") };
        let setup = Setup {
            options: setting.options.clone(),
            ..Setup::default()
        };
        let created = Created {
            seconds: 1_700_000_000,
            now,
        };
        let turn = Turn::new(
            &setting.asked,
            Rc::new(setup),
            vec![source],
            setting.lines.clone(),
            ("chatcmpl-1".to_owned(), 7),
            created,
        );
        Self {
            random,
            setting,
            turn,
            attempt: Attempt::default(),
            now,
            written: now,
            since: now,
            output: String::new(),
            strict: Strict::default(),
            items: Vec::new(),
            trace: String::new(),
        }
    }

    /// From its beginning to its end.
    fn play(&mut self) {
        self.take();
        for step in 0.. {
            assert!(step < 3000, "it does not end\n{}", self.trace);
            let (next, deadline) = (self.turn.next(), self.turn.deadline());
            let _ = write!(self.trace, "\n{} {next:?} until {deadline:?}", self.now);
            assert!(
                deadline.is_none_or(|at| at >= self.now),
                "a deadline in the past\n{}",
                self.trace
            );
            if next == Next::Call(call::Next::Done) {
                return assert_eq!(deadline, None);
            }
            let deadline = deadline.expect("a turn that goes on has a deadline");
            if self.random.percent(1) {
                self.turn.interrupt(self.now);
                continue;
            }
            let due = match next {
                Next::Call(call::Next::Send) => self.now + self.random.ms(30),
                Next::Call(call::Next::Wait) => Millis::INFINITY,
                _ => self
                    .attempt
                    .events
                    .front()
                    .map_or(Millis::INFINITY, |(at, _)| at.max(self.now)),
            };
            if deadline <= due {
                self.now = deadline;
                self.turn.listen(self.since);
                self.turn.tick(self.now);
                self.take();
                assert!(
                    (self.turn.next(), self.turn.deadline()) != (next, Some(deadline)),
                    "nothing came of it\n{}",
                    self.trace
                );
            } else {
                self.now = due;
                self.step(next);
                self.since = self.now;
                self.take();
            }
        }
    }

    fn step(&mut self, next: Next) {
        if next == Next::Call(call::Next::Send) {
            assert_eq!(self.said(), "", "asked again after words\n{}", self.trace);
            if self.setting.is_given {
                self.turn.ask_code(self.now);
            } else {
                self.turn
                    .send(Some(Secret::new(KEY.to_owned()).unwrap()), self.now)
                    .unwrap();
            }
            self.attempt = attempt(&mut self.random, self.setting.is_given, self.setting.is_gone, self.now);
            return;
        }
        if next == Next::Call(call::Next::Read) && self.attempt.count > 0 && self.random.percent(4) {
            return self.rest();
        }
        self.attempt.count += match &self.attempt.events[0].1 {
            Event::Bytes(bytes) => bytes.len(),
            Event::Text(_) | Event::Chunk(_) => 1,
            _ => 0,
        };
        let now = self.now;
        match self.attempt.events.pop_front().unwrap().1 {
            Event::Respond(response) => self.turn.respond(response, now),
            Event::Open => self.turn.open(now),
            Event::Bytes(bytes) => self.turn.push(&bytes, now),
            Event::Text(text) => self.turn.text(&text, now),
            Event::Chunk(json) => self.turn.chunk(&json, now),
            Event::End => self.turn.end(now),
            Event::Lose => self.turn.lose(now),
            Event::Fail => self.turn.fail(Error::invalid_at("/source", "bad_source", "no"), now),
        }
    }

    /// The caller takes nothing for a while, so that nothing is read either.
    fn rest(&mut self) {
        let begin = self.now;
        let end = begin + self.random.ms(30_000);
        // In half of the cases nothing waits for it.
        let since = self.random.percent(50).then_some(begin);
        self.turn.untaken(since);
        while let Some(at) = self.turn.deadline().filter(|at| *at < end) {
            assert!(at >= self.now, "a deadline in the past\n{}", self.trace);
            self.now = at;
            self.turn.rest(self.now);
            self.turn.tick(self.now);
            assert!(
                !self.turn.has_output() || self.turn.next() != Next::Call(call::Next::Read),
                "written to a caller that takes nothing\n{}",
                self.trace
            );
            self.written = self.now;
        }
        let is_gone = self.turn.report().outcome == Some(Outcome::Interrupted);
        assert_eq!(
            is_gone,
            since.is_some() && self.now >= begin + 10_000.0,
            "{}",
            self.trace
        );
        if !is_gone {
            self.now = end;
        }
        self.turn.untaken(None);
        self.turn.listen(self.now);
        let _ = write!(self.trace, " rested until {}", self.now);
    }

    fn take(&mut self) {
        let written = self.turn.take();
        if self.turn.is_streamed() {
            let limit = self.setting.options.heartbeat_ms;
            assert!(
                self.now - self.written <= limit,
                "nothing written for {} ms\n{}",
                self.now - self.written,
                self.trace
            );
            match self.strict.read(&written) {
                Ok(items) => self.items.extend(items),
                Err(why) => panic!("{why}\n{written}\n{}", self.trace),
            }
        }
        if !written.is_empty() {
            self.written = self.now;
        }
        let _ = write!(self.trace, " {written:?}");
        self.output.push_str(&written);
    }

    /// The words that were said.
    fn said(&self) -> String {
        let words = self.items.iter().filter_map(|item| match item {
            Item::Words(words) => Some(words.as_str()),
            _ => None,
        });
        words.collect()
    }

    /// Looks at the whole. Gives the outcome.
    fn judge(&self) -> String {
        let report = self.turn.report();
        let outcome = report.outcome.expect("a turn has an outcome");
        let trace = &format!("{}\n{report:?}", self.trace);
        let told = format!("{report:?} {}", serde_json::to_string(report).unwrap());
        // The keys of the developer's own code are not known here.
        assert!(self.setting.is_given || !told.contains(KEY), "a key is told: {told}");
        let said = if self.turn.is_streamed() {
            self.heard(outcome)
        } else {
            match serde_json::from_str::<Value>(&self.output) {
                Ok(whole) => whole["choices"][0]["message"]["content"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                Err(error) => {
                    assert_eq!(outcome, Outcome::Interrupted, "{error}: {}\n{trace}", self.output);
                    return format!("{outcome:?}");
                }
            }
        };
        let (least, most) = self.attempt.bounds();
        let line = |line: &Option<String>| line.clone().unwrap_or_default();
        let line = match outcome {
            Outcome::Failed => line(&self.setting.lines.failure),
            Outcome::Refused => self.setting.lines.refusal.clone().unwrap_or_else(|| "…".to_owned()),
            Outcome::Empty => line(&self.setting.lines.empty),
            _ => String::new(),
        };
        let words = said.strip_suffix(&line).unwrap_or(&said);
        // Bytes that are no text: what was understood is not known here.
        if !self.attempt.words.is_empty() || words.is_empty() {
            let refused = outcome == Outcome::Refused;
            assert!(
                refused || words.starts_with(least),
                "{least:?} came, and {said:?} was said\n{trace}"
            );
            assert!(
                refused || most.starts_with(words),
                "{most:?} came, and {said:?} was said\n{trace}"
            );
        }
        let spoke = !words.trim().is_empty();
        match outcome {
            Outcome::Spoken => assert!(spoke && report.error.is_none(), "{trace}"),
            Outcome::Cut => assert!(spoke && report.error.is_some(), "{trace}"),
            Outcome::Failed => assert!(
                !spoke && said.ends_with(&line) && report.error.is_some(),
                "{said:?}\n{trace}"
            ),
            Outcome::Refused => assert!(!said.is_empty(), "{trace}"),
            Outcome::Empty => assert_eq!(said, line, "{trace}"),
            Outcome::Interrupted => {}
        }
        assert_eq!(
            report.first_token_ms.is_some(),
            spoke && outcome != Outcome::Refused,
            "{trace}"
        );
        let code = report.error.as_ref().map_or("", Error::code);
        format!("{outcome:?} {code}").trim().to_owned()
    }

    /// What was said, and that it was said well.
    fn heard(&self, outcome: Outcome) -> String {
        let (said, trace) = (self.said(), &self.trace);
        let mut heard = Heard::default();
        heard.push(self.output.as_bytes());
        assert_eq!((&heard.words, &heard.tripped), (&said, &None), "{trace}");
        let is_whole = outcome != Outcome::Interrupted;
        assert_eq!(
            (heard.is_done, self.strict.end().is_ok()),
            (is_whole, is_whole),
            "{trace}"
        );
        let usage = self.items.iter().any(|item| matches!(item, Item::Usage(..)));
        assert!(
            !usage || self.setting.asked.wants_usage,
            "usage that nobody wanted\n{trace}"
        );
        said
    }
}

#[test]
fn whatever_the_source_does_a_turn_keeps_its_promises() {
    const TURNS: u64 = 4000;
    let first = seed();
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for seed in (0..TURNS).map(|number| first.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))) {
        let _seed = Seed(seed);
        let play = || {
            let mut run = Run::new(seed);
            run.play();
            run
        };
        let run = play();
        assert_eq!(play().trace, run.trace, "the same seed gives another course");
        *ends.entry(run.judge()).or_default() += 1;
    }
    println!("{ends:?}");
    // It has played what it is meant to play.
    for end in [
        "Cut bad_source",
        "Cut connection_lost",
        "Cut deadline_idle",
        "Cut source_failed",
        "Cut stream_error",
        "Cut stream_malformed",
        "Cut stream_truncated",
        "Empty",
        "Failed bad_request",
        "Failed bad_source",
        "Failed connection_failed",
        "Failed connection_lost",
        "Failed deadline_first_token",
        "Failed rate_limited",
        "Failed source_failed",
        "Failed stream_empty",
        "Failed stream_error",
        "Failed stream_malformed",
        "Failed stream_truncated",
        "Failed unauthorized",
        "Interrupted",
        "Refused",
        "Refused stream_truncated",
        "Spoken",
    ] {
        assert!(ends.contains_key(end), "no turn ended as «{end}»: {ends:?}");
    }
}
