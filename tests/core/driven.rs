//! Calls driven by hand.

use liveavatar_llm::call::{Call, Millis, Next, Policy};
use liveavatar_llm::chat::Request;
use liveavatar_llm::error::{Error, Secret};
use liveavatar_llm::http::{self, Response};
use liveavatar_llm::providers::Upstream;

use crate::delta::show;

/// A call and the time. Its methods do what the call asked for.
pub struct Driven {
    pub call: Call,
    pub now: Millis,
    /// What came of the answer.
    pub said: Vec<String>,
    /// Whether all that is said reaches the reader at once.
    pub is_read: bool,
}

pub fn upstream(json: &str) -> Upstream {
    Upstream::parse(json, &[]).unwrap()
}

pub fn seeded(upstream: &Upstream, options: &str, seed: u32) -> Driven {
    let request = Request::parse(r#"{"messages":[],"model":"m"}"#).unwrap();
    let policy = Policy::default().with_options(options).unwrap();
    Driven {
        call: Call::new(upstream, request, policy, seed, 0.0).unwrap(),
        now: 0.0,
        said: Vec::new(),
        is_read: false,
    }
}

/// A call with these options that begins at 0 and whose first wait is 500 ms long.
pub fn call(options: &str) -> Driven {
    seeded(&upstream("{}"), options, 0)
}

impl Driven {
    pub fn at(&mut self, now: Millis) -> &mut Self {
        self.now = now;
        self
    }

    #[track_caller]
    pub fn send(&mut self) -> &mut Self {
        self.send_with("sk-key");
        self
    }

    #[track_caller]
    pub fn send_with(&mut self, key: &str) -> http::Request {
        assert_eq!(self.call.next(), Next::Send);
        let key = (!key.is_empty()).then(|| Secret::new(key.to_owned()).unwrap());
        self.call.send(key, self.now).unwrap()
    }

    pub fn respond(&mut self, status: u16, headers: &[(&str, &str)]) -> &mut Self {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.call.respond(Response::new(status, headers.collect()), self.now);
        self
    }

    pub fn push(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let Self {
            call,
            said,
            now,
            is_read,
        } = self;
        call.push(bytes.as_ref(), *now, &mut |decoded| {
            let before = said.len();
            said.extend(show(&decoded.deltas));
            *is_read && said.len() > before
        });
        self
    }

    pub fn end(&mut self) -> &mut Self {
        let Self {
            call,
            said,
            now,
            is_read,
        } = self;
        call.end(*now, &mut |decoded| {
            let before = said.len();
            said.extend(show(&decoded.deltas));
            *is_read && said.len() > before
        });
        self
    }

    pub fn lose(&mut self) -> &mut Self {
        self.call.lose(self.now);
        self
    }

    pub fn tick(&mut self) -> &mut Self {
        self.call.tick(self.now);
        self
    }

    /// Ticks when the deadline is reached.
    #[track_caller]
    pub fn wait(&mut self) -> &mut Self {
        let deadline = self.call.deadline().unwrap();
        assert!(deadline >= self.now, "the deadline was missed");
        self.at(deadline).tick()
    }

    pub fn refuse(&mut self, status: u16, headers: &[(&str, &str)]) -> &mut Self {
        self.send().respond(status, headers).end()
    }

    #[track_caller]
    pub fn error(&self) -> Error {
        self.call.outcome().unwrap().clone().unwrap_err()
    }

    /// What it asks for and until when, or how it ended.
    #[track_caller]
    pub fn is(&mut self, expected: &str) -> &mut Self {
        let state = match self.call.next() {
            Next::Send => "send",
            Next::Read => "read",
            Next::ReadRefusal => "read refusal",
            Next::Wait => "wait",
            Next::Done => match self.call.outcome().unwrap() {
                Ok(()) => "done",
                Err(error) => error.code(),
            },
        };
        let until = self
            .call
            .deadline()
            .map_or_else(String::new, |at| format!(" until {at:.0}"));
        assert_eq!(format!("{state}{until}"), expected, "at {}", self.now);
        self
    }
}
