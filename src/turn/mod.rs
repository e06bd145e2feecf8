//! One turn of a voice caller: what it gets to speak, from the first sign of life to `[DONE]`.
//!
//! The caller is strict and silent (observed with livekit-agents 1.6.4 and openai-python 2.44.0): after the first chunk it
//! never asks again, ten seconds without a byte end the turn, and a failed turn is silence without a word to anybody. So
//! an answer begins at once, stays alive, and always ends as an ordinary one; what went wrong stands in the [`Report`].

mod asked;
mod options;
mod report;
mod said;

pub use asked::Asked;
pub use options::{Lines, Options};
pub use report::{Outcome, Report};

use crate::call::{Call, Millis, Next};
use crate::error::{Error, Peer, Phase, Secret, StreamKind};
use crate::http::{self, Response};
use said::Said;

/// How long the caller may take nothing of what waits for it: as long as it waits itself before it gives a turn up (a
/// read timeout of 10 s, observed with openai-python 2.44.0). Whoever takes nothing for longer is gone, whatever the
/// platform has told of it.
const CALLER_PATIENCE_MS: Millis = 10_000.0;

/// A turn as a machine: a [`Call`] to a source, and what is said of its answer.
///
/// It is driven like a [`Call`], through the methods of the same names. [`Turn::deadline`] is also when the next sign of
/// life is due. After each step take what is to be sent to the caller with [`Turn::take`].
pub struct Turn {
    call: Option<Call>,
    said: Said,
    report: Report,
    lines: Lines,
    options: Options,
    began: Millis,
    /// When the source last gave a sign of life.
    heard: Millis,
    /// When the caller last got something.
    written: Millis,
    /// Since when the caller has taken nothing of what waits for it.
    untaken: Option<Millis>,
    is_over: bool,
}

impl Turn {
    /// A turn in which `call` is asked; without one, or without anything that the user said, it is an empty turn.
    #[must_use]
    pub fn new(asked: &Asked, call: Option<Call>, options: Options, lines: Lines, id: String, now: Created) -> Self {
        let Created { seconds, now } = now;
        let call = call.filter(|_| !asked.text.is_empty());
        let mut turn = Self {
            said: Said::new(asked, id.clone(), seconds),
            report: Report::new(id, asked),
            call,
            lines,
            options,
            began: now,
            heard: now,
            written: now,
            untaken: None,
            is_over: false,
        };
        if turn.call.is_none() {
            turn.said.line(turn.lines.empty.as_deref());
            turn.conclude(Outcome::Empty, None, now);
        }
        turn
    }

    /// See [`Call::next`].
    #[must_use]
    pub fn next(&self) -> Next {
        match &self.call {
            Some(call) if !self.is_over => call.next(),
            _ => Next::Done,
        }
    }

    /// See [`Call::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.call.as_ref().is_some_and(Call::is_finished)
    }

    /// See [`Call::request_id`].
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.call.as_ref().and_then(Call::request_id)
    }

    /// See [`Call::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send(&mut self, key: Option<Secret>, now: Millis) -> Result<http::Request, Error> {
        match &mut self.call {
            Some(call) => call.send(key, now),
            None => Err(Error::unreachable(Peer::Upstream)),
        }
    }

    /// See [`Call::ask`].
    pub fn ask(&mut self, now: Millis) {
        self.each(now, &mut |call, _| call.ask(now));
    }

    /// See [`Call::open`].
    pub fn open(&mut self, now: Millis) {
        self.heard = now;
        self.each(now, &mut |call, _| call.open(now));
    }

    /// See [`Call::text`].
    pub fn text(&mut self, text: &str, now: Millis) {
        self.heard = now;
        self.each(now, &mut |call, said| {
            call.text(text, now, &mut |decoded| said.take(decoded));
        });
    }

    /// See [`Call::chunk`].
    pub fn chunk(&mut self, json: &str, now: Millis) {
        self.heard = now;
        self.each(now, &mut |call, said| {
            call.chunk(json, now, &mut |decoded| said.take(decoded));
        });
    }

    /// See [`Call::respond`].
    pub fn respond(&mut self, response: Response, now: Millis) {
        self.heard = now;
        let mut response = Some(response);
        self.each(now, &mut |call, _| {
            call.respond(response.take().unwrap_or_default(), now);
        });
    }

    /// See [`Call::push`].
    pub fn push(&mut self, bytes: &[u8], now: Millis) {
        self.heard = now;
        self.each(now, &mut |call, said| {
            call.push(bytes, now, &mut |decoded| said.take(decoded));
        });
    }

    /// See [`Call::end`].
    pub fn end(&mut self, now: Millis) {
        self.each(now, &mut |call, said| call.end(now, &mut |decoded| said.take(decoded)));
    }

    /// See [`Call::lose`].
    pub fn lose(&mut self, now: Millis) {
        self.each(now, &mut |call, _| call.lose(now));
    }

    /// The source cannot be asked, or gave what is no answer.
    pub fn fail(&mut self, error: Error, now: Millis) {
        if !self.is_over {
            self.conclude_after(Err(error), now);
        }
    }

    /// The caller has hung up: nobody is there to take what is said.
    pub fn interrupt(&mut self, now: Millis) {
        if !self.is_over {
            self.is_over = true;
            self.report.end(Outcome::Interrupted, None, now - self.began);
        }
    }

    /// When to call [`Turn::tick`], if nothing else happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        if self.is_over {
            return None;
        }
        let call = self.call.as_ref().and_then(Call::deadline).unwrap_or(Millis::INFINITY);
        let sign = if self.said.is_streamed() {
            self.written + self.options.heartbeat_ms
        } else {
            Millis::INFINITY
        };
        let taken = self
            .untaken
            .map_or(Millis::INFINITY, |since| since + CALLER_PATIENCE_MS);
        let first = call.min(sign).min(taken).min(self.heard + self.patience().0);
        first.is_finite().then_some(first)
    }

    /// How long the source may be silent now.
    fn patience(&self) -> (Millis, Phase) {
        if self.said.has_spoken() {
            (self.options.idle_ms, Phase::Idle)
        } else {
            (self.options.first_token_ms, Phase::FirstToken)
        }
    }

    /// The caller is slow to take what it gets: until now no silence was the source's, and no sign of life is missing.
    pub fn rest(&mut self, now: Millis) {
        if self.call.as_mut().is_some_and(|call| call.rest(now)) {
            self.heard = now;
            self.written = now;
        }
    }

    /// Since when the caller has taken nothing, though something waits for it; `None` while nothing does. To be told when
    /// something begins to wait, and before [`Turn::tick`]. Who takes nothing for 10 000 ms has hung up.
    pub fn untaken(&mut self, since: Option<Millis>) {
        self.untaken = since;
    }

    /// See [`Call::listen`].
    pub fn listen(&mut self, since: Millis) {
        self.heard = self.heard.max(since);
        if let Some(call) = &mut self.call {
            call.listen(since);
        }
    }

    /// Time has passed: gives a sign of life where one is due, and gives up on a source that is silent for too long, or on
    /// a caller that takes nothing.
    pub fn tick(&mut self, now: Millis) {
        if self.is_over {
            return;
        }
        if self.untaken.is_some_and(|since| now >= since + CALLER_PATIENCE_MS) {
            return self.interrupt(now);
        }
        let (limit, phase) = self.patience();
        if now >= self.heard + limit {
            // Of an answer that is finished nothing is missing, whatever its connection does.
            let overdue = Err(Error::deadline(phase, limit));
            return self.conclude_after(if self.is_finished() { Ok(()) } else { overdue }, now);
        }
        self.each(now, &mut |call, _| call.tick(now));
        if !self.is_over && self.said.is_streamed() && now >= self.written + self.options.heartbeat_ms {
            self.said.sign_of_life();
            self.written = now;
        }
    }

    /// Does something to the call, and what follows from that.
    fn each(&mut self, now: Millis, act: &mut dyn FnMut(&mut Call, &mut Said)) {
        let Some(call) = self.call.as_mut().filter(|_| !self.is_over) else {
            return;
        };
        act(call, &mut self.said);
        if self.said.has_output() {
            self.written = now;
        }
        if self.report.first_token_ms.is_none() && self.said.has_spoken() {
            self.report.first_token_ms = Some(now - self.began);
        }
        if let Some(outcome) = call.outcome() {
            let outcome = outcome.clone();
            self.conclude_after(outcome, now);
        }
    }

    /// The source is done, well or not: the turn ends as an ordinary one in any case.
    fn conclude_after(&mut self, outcome: Result<(), Error>, now: Millis) {
        let error = outcome.err();
        if self.said.has_spoken() {
            let outcome = if error.is_some() { Outcome::Cut } else { Outcome::Spoken };
            return self.conclude(outcome, error, now);
        }
        if self.said.refuse(self.lines.refusal.as_deref()) {
            return self.conclude(Outcome::Refused, error, now);
        }
        self.said.line(self.lines.failure.as_deref());
        let error = error.unwrap_or_else(|| {
            Error::stream(
                StreamKind::Empty,
                "the answer holds no words to say: only reasoning, calls of tools or nothing at all",
            )
        });
        self.conclude(Outcome::Failed, Some(error), now);
    }

    fn conclude(&mut self, outcome: Outcome, error: Option<Error>, now: Millis) {
        self.is_over = true;
        self.said.end();
        self.report.usage = self.said.usage();
        self.report.end(outcome, error, now - self.began);
    }

    /// What is to be sent since it was last asked.
    pub fn take(&mut self) -> String {
        self.said.take_output()
    }

    /// Whether [`Turn::take`] has something to give.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.said.has_output()
    }

    /// Whether the caller wants an event stream; else [`Turn::take`] gives the whole completion at the end.
    #[must_use]
    pub fn is_streamed(&self) -> bool {
        self.said.is_streamed()
    }

    /// How it went so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}

/// When a turn began.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    /// The time of day, in seconds since 1970.
    pub seconds: u64,
    /// The same moment on the clock of all other times.
    pub now: Millis,
}
