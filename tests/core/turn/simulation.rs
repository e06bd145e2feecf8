//! Turns whose sources fail in every way they can, in simulated time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use std::rc::Rc;

use liveavatar_llm::call::{self, Millis};
use liveavatar_llm::error::{Error, Secret};
use liveavatar_llm::judge::{Caller, Reading};
use liveavatar_llm::turn::{Asked, Correlation, Created, Lines, Next, Options, Outcome, Setup, Source, Tool, Turn};
use serde_json::{Value, json};

use super::driven::upstream;
use super::faults::{Attempt, Event, KEY, attempt};
use super::source::DONE;
use super::strict::{Item, Strict};
use crate::property::seed;
use crate::random::{Random, Seed};

/// What the caller asked for in a run, and what the developer set.
struct Setting {
    asked: Asked,
    setup: Rc<Setup>,
    lines: Lines,
    sources: Vec<Source>,
    /// Nobody is there who could answer.
    is_gone: bool,
}

const FILLER: &str = "One moment, please.";
const TOOLS: &str =
    r#"[{"name":"f","timeoutMs":3000},{"name":"g","parameters":{"type":"object","required":["x"]},"timeoutMs":500}]"#;

fn setting(random: &mut Random) -> Setting {
    let user = if random.percent(5) { " " } else { "Hello" };
    let mut request =
        json!({"messages": [{"role": "user", "content": user}], "model": "m\"\n", "stream": random.percent(90)});
    if random.percent(70) {
        request["stream_options"] = json!({"include_usage": random.percent(90)});
    }
    let options = json!({
        "heartbeatMs": random.pick(&[100, 500, 500, 2000]),
        "speech": random.pick(&[json!(false), json!(false), json!({})]),
        "timeouts": {"firstTokenMs": random.pick(&[1000, 4000, 20_000]), "idleMs": random.pick(&[500, 3000, 8000])},
        "limits": {"toolRounds": random.pick(&[1, 2, 8])},
    });
    let mut lines = json!({});
    for name in ["failure", "refusal", "empty"] {
        match random.below(4) {
            0 => lines[name] = json!(format!("My {name}.")),
            1 => lines[name] = json!(false),
            _ => {}
        }
    }
    if random.percent(30) {
        lines["filler"] = json!({"afterMs": random.pick(&[200, 1200, 5000]), "line": FILLER});
    }
    let setup = Setup {
        options: Options::parse(&options.to_string()).unwrap(),
        tools: Tool::parse_all(random.pick(&["[]", "[]", TOOLS])).unwrap(),
        prepares: random.percent(15),
    };
    let source = |random: &mut Random| {
        if random.percent(40) {
            Source::Code
        } else {
            upstream("{}")
        }
    };
    let mut sources = vec![source(random)];
    while random.percent(35) {
        sources.push(source(random));
    }
    Setting {
        asked: Asked::parse(&request.to_string(), Correlation::default()).unwrap(),
        setup: Rc::new(setup),
        lines: Lines::parse(&lines.to_string()).unwrap(),
        sources,
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
    /// How many items had been written when the present source was asked.
    part: usize,
    /// Calls of tools that are under way, and when each is done.
    running: Vec<(usize, Millis)>,
    /// Tools were called since the present source was asked.
    called: bool,
    /// When the request is prepared.
    prepared: Millis,
    /// How often tools were called.
    rounds: usize,
    /// What came of the present source, as text.
    came: String,
    /// Words of a source were said.
    spoke: bool,
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
        let created = Created {
            seconds: 1_700_000_000,
            now,
        };
        let turn = Turn::new(
            &setting.asked,
            Rc::clone(&setting.setup),
            setting.sources.clone(),
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
            part: 0,
            running: Vec::new(),
            called: false,
            prepared: Millis::INFINITY,
            rounds: 0,
            came: String::new(),
            spoke: false,
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
            assert!(
                deadline.is_some() || next == Next::CallTools,
                "it may wait for ever\n{}",
                self.trace
            );
            let deadline = deadline.unwrap_or(Millis::INFINITY);
            if self.random.percent(1) {
                self.turn.interrupt(self.now);
                continue;
            }
            let due = match next {
                Next::Prepare | Next::CallTools => self.now,
                Next::Call(call::Next::Send) => self.now + self.random.ms(30),
                Next::Call(call::Next::Wait) => self.own_code(),
                Next::Call(_) => self
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

    /// When the developer's own code is done with something: what it prepares, or the first call of a tool.
    fn own_code(&self) -> Millis {
        let calls = self.running.iter().map(|(_, at)| *at);
        calls.fold(self.prepared, Millis::min)
    }

    fn prepare(&mut self) {
        self.turn.prepare();
        let hangs = self.random.percent(10);
        self.prepared = if hangs {
            Millis::INFINITY
        } else {
            self.now + self.random.ms(3000)
        };
    }

    fn call_tools(&mut self) {
        let _ = write!(self.trace, " {}", self.turn.request());
        self.rounds += 1;
        self.called = true;
        let most = self.setting.setup.options.tool_rounds;
        assert!(self.rounds <= most, "more than {most} rounds of tools\n{}", self.trace);
        assert!(
            is_ended(&self.came),
            "calls of an answer that broke off\n{}",
            self.trace
        );
        for call in self.turn.call_tools(self.now) {
            assert!(
                serde_json::from_str::<Value>(&call.arguments).unwrap().is_object(),
                "{}",
                self.trace
            );
            let hangs = self.random.percent(10);
            let at = if hangs {
                Millis::INFINITY
            } else {
                self.now + self.random.ms(4000)
            };
            self.running.push((call.call, at));
        }
    }

    /// The developer's own code is done with something.
    fn come_back(&mut self) {
        let now = self.now;
        if now >= self.prepared {
            self.prepared = Millis::INFINITY;
            let request = self.turn.request();
            return match self.random.below(10) {
                0 => self.turn.prepared("{}", now),
                1 => self.turn.fail(Error::source(), now),
                _ => self.turn.prepared(&request, now),
            };
        }
        let Some(at) = self.running.iter().position(|(_, at)| now >= *at) else {
            return;
        };
        let (call, _) = self.running.swap_remove(at);
        let result = if self.random.percent(80) {
            Ok("\"noon\"".to_owned())
        } else {
            Err("no clock".to_owned())
        };
        self.turn.called(call, result, now);
    }

    /// The words that were said since the present source was asked, but for the filler.
    fn part(&self) -> String {
        let words = self.items[self.part..].iter().filter_map(|item| match item {
            Item::Words(words) if words.trim_start() != FILLER => Some(words.as_str()),
            _ => None,
        });
        words.collect()
    }

    /// Looks at what was said since the present source was asked: all that has surely come, and nothing that has not.
    fn look_at_part(&mut self, words: &str) {
        // A whole answer is not seen in its parts.
        if !self.turn.is_streamed() && self.rounds > 0 {
            return;
        }
        let (least, most) = self.attempt.bounds();
        let trace = &self.trace;
        // Bytes that are no text: what was understood is not known here.
        let is_known = !self.attempt.words.is_empty() || words.is_empty();
        if is_known && self.setting.setup.options.speech.is_none() {
            // What follows a filler or another answer is set apart from it.
            let (least, most, said) = (least.trim_start(), most.trim_start(), words.trim_start());
            assert!(
                said.starts_with(least),
                "{least:?} came, and {said:?} was said\n{trace}"
            );
            assert!(most.starts_with(said), "{most:?} came, and {said:?} was said\n{trace}");
        }
        self.spoke |= !words.trim().is_empty();
        self.part = self.items.len();
    }

    fn step(&mut self, next: Next) {
        match next {
            Next::Prepare => return self.prepare(),
            Next::CallTools => return self.call_tools(),
            Next::Call(call::Next::Wait) => return self.come_back(),
            Next::Call(_) => {}
        }
        if next == Next::Call(call::Next::Send) {
            let words = self.part();
            assert!(
                self.called || words.trim().is_empty(),
                "asked again after words\n{}",
                self.trace
            );
            self.look_at_part(&words);
            self.called = false;
            self.came.clear();
            self.running.clear();
            if self.turn.is_code() {
                self.turn.ask_code(self.now);
            } else {
                self.turn
                    .send(Some(Secret::new(KEY.to_owned()).unwrap()), self.now)
                    .unwrap();
            }
            self.attempt = attempt(&mut self.random, self.turn.is_code(), self.setting.is_gone, self.now);
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
        match &self.attempt.events[0].1 {
            Event::Bytes(bytes) => self.came.push_str(&String::from_utf8_lossy(bytes)),
            Event::Chunk(json) => self.came.push_str(json),
            // Words as such are whole.
            Event::Text(_) => self.came.push_str(DONE),
            Event::End => self.attempt.is_ended = true,
            _ => {}
        }
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
            assert!(self.turn.deadline() != Some(at), "nothing came of it\n{}", self.trace);
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
            let limit = self.setting.setup.options.heartbeat_ms;
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
    fn judge(&mut self) -> String {
        let report = self.turn.report().clone();
        let outcome = report.outcome.expect("a turn has an outcome");
        let trace = &format!("{}\n{report:?}", self.trace);
        let told = format!("{report:?} {}", serde_json::to_string(&report).unwrap());
        // The keys of the developer's own code are not known here.
        let has_code = self.setting.sources.iter().any(|source| matches!(source, Source::Code));
        assert!(has_code || !told.contains(KEY), "a key is told: {told}");
        let line = |line: &Option<String>| line.clone().unwrap_or_default();
        let lines = &self.setting.lines;
        let (failure, empty) = (line(&lines.failure), line(&lines.empty));
        let (said, last) = if self.turn.is_streamed() {
            (self.heard(outcome), self.part())
        } else {
            match serde_json::from_str::<Value>(&self.output) {
                Ok(whole) => {
                    let content = whole["choices"][0]["message"]["content"].as_str().unwrap_or_default();
                    (content.to_owned(), content.to_owned())
                }
                Err(error) => {
                    assert_eq!(outcome, Outcome::Interrupted, "{error}: {}\n{trace}", self.output);
                    return format!("{outcome:?}");
                }
            }
        };
        // What is said behind a source's words is set apart from them.
        let without = |line: &str| {
            last.strip_suffix(line)
                .map_or(last.as_str(), |rest| rest.strip_suffix(' ').unwrap_or(rest))
                .to_owned()
        };
        let words = match outcome {
            Outcome::Failed | Outcome::Cut if last.ends_with(&failure) && !failure.is_empty() => without(&failure),
            Outcome::Empty => without(&empty),
            _ => last.clone(),
        };
        if outcome != Outcome::Refused {
            self.look_at_part(&words);
        }
        let is_known = self.turn.is_streamed() || self.rounds == 0;
        let spoke = self.spoke;
        match outcome {
            Outcome::Spoken => assert!((spoke || !is_known) && report.error.is_none(), "{trace}"),
            Outcome::Cut => {
                assert!((spoke || !is_known) && report.error.is_some(), "{trace}");
                // Only behind a tool does the user still wait for something.
                let excuses = !failure.is_empty() && last.ends_with(&failure);
                assert!(self.rounds > 0 || !excuses, "the failure line after words\n{trace}");
            }
            Outcome::Failed => assert!(
                !spoke && said.ends_with(&failure) && report.error.is_some(),
                "{said:?}\n{trace}"
            ),
            Outcome::Refused => assert!(!said.is_empty(), "{trace}"),
            Outcome::Empty => assert_eq!(said, empty, "{trace}"),
            Outcome::Interrupted => {}
        }
        if is_known {
            assert_eq!(report.first_token_ms.is_some(), spoke, "{trace}");
        }
        let fillers = self
            .items
            .iter()
            .filter(|item| matches!(item, Item::Words(words) if words.trim_start() == FILLER));
        assert!(fillers.count() <= 1 + self.rounds, "more fillers than waits\n{trace}");
        let code = report.error.as_ref().map_or("", Error::code);
        format!("{outcome:?} {code}").trim().to_owned()
    }

    /// What was said, and that it was said well.
    fn heard(&self, outcome: Outcome) -> String {
        let (said, trace) = (self.said(), &self.trace);
        let is_whole = outcome != Outcome::Interrupted;
        for caller in [Caller::Observed, Caller::Newest] {
            let mut reading = Reading::new(caller);
            reading.push(self.output.as_bytes());
            assert_eq!(
                (reading.heard(), reading.failure(), reading.is_done()),
                (said.as_str(), None, is_whole),
                "{caller:?}\n{trace}"
            );
        }
        assert_eq!(self.strict.end().is_ok(), is_whole, "{trace}");
        let usage = self.items.iter().any(|item| matches!(item, Item::Usage(..)));
        assert!(
            !usage || self.setting.asked.wants_usage,
            "usage that nobody wanted\n{trace}"
        );
        said
    }
}

/// Whether an answer has said that it is over, by `[DONE]` or a finish reason.
fn is_ended(came: &str) -> bool {
    let has_reason = |rest: &str| {
        let value = rest.trim_start().strip_prefix(':').unwrap_or_default();
        value.trim_start().starts_with('"')
    };
    came.contains(DONE) || came.split("\"finish_reason\"").skip(1).any(has_reason)
}

#[test]
fn whatever_the_source_does_a_turn_keeps_its_promises() {
    // For a longer run: TURNS=300000 cargo test --test core turn::simulation
    let turns: u64 = std::env::var("TURNS").map_or(4000, |turns| turns.parse().expect("TURNS is a number"));
    let first = seed();
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for seed in (0..turns).map(|number| first.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))) {
        let _seed = Seed(seed);
        let play = || {
            let mut run = Run::new(seed);
            run.play();
            run
        };
        let mut run = play();
        assert_eq!(play().trace, run.trace, "the same seed gives another course");
        let end = run.judge();
        let report = run.turn.report();
        let fallback = report.sources.iter().any(|tried| tried.source > 0);
        let further = [
            (run.rounds > 0, "with tools"),
            (report.filler, "with a filler"),
            (fallback, "by another source"),
        ];
        for (_, what) in further.iter().filter(|(is_so, _)| *is_so) {
            *ends.entry(format!("{:?} {what}", report.outcome.unwrap())).or_default() += 1;
        }
        *ends.entry(end).or_default() += 1;
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
        "Cut by another source",
        "Cut with a filler",
        "Cut with tools",
        "Failed by another source",
        "Failed deadline_prepare",
        "Failed with a filler",
        "Failed with tools",
        "Spoken by another source",
        "Spoken with a filler",
        "Spoken with tools",
        "Spoken",
    ] {
        assert!(ends.contains_key(end), "no turn ended as «{end}»: {ends:?}");
    }
}
