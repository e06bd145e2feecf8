//! Turns driven by hand.

use std::rc::Rc;

use liveavatar_llm::call::{self, Millis};
use liveavatar_llm::error::{Error, Secret};
use liveavatar_llm::http::Response;
use liveavatar_llm::providers::Upstream;
use liveavatar_llm::turn::{Asked, Correlation, Created, Lines, Next, Options, Outcome, Setup, Source, Tool, Turn};

use super::strict::{Item, Strict};

/// What the caller sends: this text of the user's, streamed, with token counts.
pub const HELLO: &str = r#"{"messages":[{"role":"user","content":"Hello"}],"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;

/// The end of a turn that failed, with the line that is said where no other is set.
pub const FAILURE: &str = "'Sorry, something went wrong on my side. Could you say that again?' stop done";

/// A turn and the time. Its methods do what the turn asked for.
pub struct Driven {
    pub turn: Turn,
    pub now: Millis,
    strict: Strict,
    items: Vec<Item>,
}

pub fn asked(json: &str) -> Asked {
    let correlation = Correlation {
        room_id: Some("RM_1".to_owned()),
        ..Correlation::default()
    };
    Asked::parse(json, correlation).unwrap()
}

/// An upstream, from JSON.
pub fn upstream(json: &str) -> Source {
    Source::Upstream(Rc::new(Upstream::parse(json, &[]).unwrap()))
}

/// What a turn is begun with.
pub struct Beginning<'a> {
    pub request: &'a str,
    pub options: &'a str,
    pub tools: &'a str,
    pub prepares: bool,
    pub lines: &'a str,
    pub sources: Vec<Source>,
}

impl Default for Beginning<'_> {
    fn default() -> Self {
        Self {
            request: HELLO,
            options: "{}",
            tools: "[]",
            prepares: false,
            lines: "{}",
            sources: vec![upstream("{}")],
        }
    }
}

impl Beginning<'_> {
    pub fn begin(self) -> Driven {
        let setup = Setup {
            options: Options::parse(self.options).unwrap(),
            tools: Tool::parse_all(self.tools).unwrap(),
            prepares: self.prepares,
        };
        let created = Created {
            seconds: 1_700_000_000,
            now: 0.0,
        };
        let turn = Turn::new(
            &asked(self.request),
            Rc::new(setup),
            self.sources,
            Lines::parse(self.lines).unwrap(),
            ("chatcmpl-1".to_owned(), 0),
            created,
        );
        Driven {
            turn,
            now: 0.0,
            strict: Strict::default(),
            items: Vec::new(),
        }
    }
}

/// A turn that asks an upstream, with these options and lines.
pub fn turn(options: &str, lines: &str) -> Driven {
    turn_about(HELLO, options, lines)
}

/// The same for this request.
pub fn turn_about(request: &str, options: &str, lines: &str) -> Driven {
    Beginning {
        request,
        options,
        lines,
        ..Beginning::default()
    }
    .begin()
}

/// A turn whose source has answered with status 200 and is about to say something.
pub fn answering() -> Driven {
    let mut turn = turn("{}", "{}");
    turn.send().respond(200);
    turn.says("role");
    turn
}

/// A turn that a developer's own code answers.
pub fn given(lines: &str) -> Driven {
    Beginning {
        lines,
        sources: vec![Source::Code],
        ..Beginning::default()
    }
    .begin()
}

impl Driven {
    pub fn at(&mut self, now: Millis) -> &mut Self {
        self.now = now;
        self
    }

    #[track_caller]
    pub fn send(&mut self) -> &mut Self {
        assert_eq!(self.turn.next(), Next::Call(call::Next::Send));
        let key = Secret::new("sk-key".to_owned()).unwrap();
        self.turn.send(Some(key), self.now).unwrap();
        self
    }

    pub fn ask(&mut self) -> &mut Self {
        self.turn.ask_code(self.now);
        self
    }

    pub fn open(&mut self) -> &mut Self {
        self.turn.open(self.now);
        self
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.turn.text(text, self.now);
        self
    }

    pub fn chunk(&mut self, json: &str) -> &mut Self {
        self.turn.chunk(json, self.now);
        self
    }

    pub fn respond(&mut self, status: u16) -> &mut Self {
        self.respond_with(status, &[])
    }

    pub fn respond_with(&mut self, status: u16, headers: &[(&str, &str)]) -> &mut Self {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.turn.respond(Response::new(status, headers.collect()), self.now);
        self
    }

    pub fn push(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.turn.push(bytes.as_ref(), self.now);
        self
    }

    pub fn end(&mut self) -> &mut Self {
        self.turn.end(self.now);
        self
    }

    pub fn lose(&mut self) -> &mut Self {
        self.turn.lose(self.now);
        self
    }

    pub fn fail(&mut self, error: Error) -> &mut Self {
        self.turn.fail(error, self.now);
        self
    }

    pub fn interrupt(&mut self) -> &mut Self {
        self.turn.interrupt(self.now);
        self
    }

    pub fn tick(&mut self) -> &mut Self {
        self.turn.tick(self.now);
        self
    }

    /// Ticks when the deadline is reached, which must be then.
    #[track_caller]
    pub fn wait_until(&mut self, at: Millis) -> &mut Self {
        assert_eq!(self.turn.deadline(), Some(at), "at {}", self.now);
        self.at(at).tick()
    }

    /// Lets time pass until `end`, ticking at each deadline before it. Nobody sends anything meanwhile.
    #[track_caller]
    pub fn pass(&mut self, end: Millis) -> &mut Self {
        while let Some(at) = self.turn.deadline().filter(|at| *at <= end) {
            assert!(at >= self.now, "a deadline in the past");
            self.at(at).tick();
            self.take();
        }
        self.at(end)
    }

    #[track_caller]
    fn take(&mut self) {
        let written = self.turn.take();
        let items = self
            .strict
            .read(&written)
            .unwrap_or_else(|why| panic!("{why}\n{written}"));
        self.items.extend(items);
    }

    /// What was written since it was last asked, in short.
    #[track_caller]
    pub fn says(&mut self, expected: &str) -> &mut Self {
        self.take();
        let items: Vec<String> = self.items.drain(..).map(|item| show(&item)).collect();
        assert_eq!(items.join(" "), expected, "at {}", self.now);
        self
    }

    /// How many signs of life were written since it was last asked, which is all.
    #[track_caller]
    pub fn signs(&mut self) -> usize {
        self.take();
        assert!(
            self.items.iter().all(|item| *item == Item::SignOfLife),
            "{:?}",
            self.items
        );
        self.items.drain(..).count()
    }

    /// What was written since it was last asked, but for signs of life before it.
    #[track_caller]
    pub fn signs_then(&mut self, expected: &str) -> &mut Self {
        self.take();
        let is_sign = |item: &Item| *item == Item::SignOfLife;
        let first = self
            .items
            .iter()
            .position(|item| !is_sign(item))
            .unwrap_or(self.items.len());
        self.items.drain(..first);
        self.says(expected)
    }

    /// How it ended: the outcome, and the code of the error if there is one.
    #[track_caller]
    pub fn is(&mut self, expected: &str) -> &mut Self {
        let report = self.turn.report();
        let outcome = match report.outcome {
            None => "goes on",
            Some(Outcome::Spoken) => "spoken",
            Some(Outcome::Cut) => "cut",
            Some(Outcome::Refused) => "refused",
            Some(Outcome::Failed) => "failed",
            Some(Outcome::Empty) => "empty",
            Some(Outcome::Interrupted) => "interrupted",
        };
        let error = report
            .error
            .as_ref()
            .map_or(String::new(), |error| format!(" {}", error.code()));
        assert_eq!(format!("{outcome}{error}"), expected, "at {}", self.now);
        if report.outcome.is_some() {
            assert_eq!(
                (self.turn.next(), self.turn.deadline()),
                (Next::Call(call::Next::Done), None)
            );
        }
        if !matches!(report.outcome, None | Some(Outcome::Interrupted)) && self.turn.is_streamed() {
            self.take();
            assert_eq!(self.strict.end(), Ok(()));
        }
        self
    }
}

fn show(item: &Item) -> String {
    match item {
        Item::SignOfLife => "hb".to_owned(),
        Item::Role => "role".to_owned(),
        Item::Words(words) => format!("'{words}'"),
        Item::Finish(reason) => reason.clone(),
        Item::Usage(prompt, completion, total) => format!("{prompt}+{completion}={total}"),
        Item::Done => "done".to_owned(),
    }
}
