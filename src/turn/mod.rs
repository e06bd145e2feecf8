//! One turn of a voice caller: what it gets to speak, from the first sign of life to `[DONE]`.
//!
//! The caller is strict and silent (observed with livekit-agents 1.6.4 and openai-python 2.44.0): after the first chunk it
//! never asks again, ten seconds without a byte end the turn, and a failed turn is silence without a word to anybody. So
//! an answer begins at once, stays alive, and always ends as an ordinary one; what went wrong stands in the [`Report`].

mod asked;
mod history;
mod lines;
mod options;
mod race;
mod report;
mod routes;
mod said;
mod time;
mod tools;

pub use asked::{Asked, Correlation};
pub use lines::{Filler, Lines};
pub use options::{Options, Output};
pub use race::Source;
pub use report::{Outcome, Report, Texts, Tried};
pub use routes::{Route, Routes};
pub use tools::{Called, Tool, ToolCall, ToolOutcome};

use std::rc::Rc;

use crate::call::{self, Call, Millis};
use crate::chat::{Completion, Request};
use crate::endpoint;
use crate::error::{Error, Peer, Secret, StreamKind};
use crate::http::{self, Response};
use crate::json::Value;
use crate::providers::Decoded;
use race::Race;
use said::Said;
use tools::Round;

/// What a developer sets for all turns of an endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// Times, limits and the form of answers.
    pub options: Options,
    /// Tools of the endpoint's own.
    pub tools: Vec<Tool>,
    /// The developer's own code changes each request before a source is asked.
    pub prepares: bool,
}

/// A turn as a machine: the sources that are asked, the tools that they call, and what is said of all that.
///
/// It is driven like a [`Call`], through the methods of the same names, and asks for two things more:
///
/// | it asks for | do | then tell |
/// |---|---|---|
/// | [`Next::Prepare`] | change the request that [`Turn::prepare`] gives | [`Turn::prepared`], or [`Turn::fail`] |
/// | [`Next::CallTools`] | run the calls that [`Turn::call_tools`] gives | [`Turn::called`] for each |
///
/// Where a source is abandoned for the next, [`Turn::next`] asks for [`call::Next::Send`] again, as for another attempt;
/// [`Turn::source`] says which. [`Turn::deadline`] is also when the next sign of life is due. After each step take what is to
/// be sent to the caller with [`Turn::take`].
pub struct Turn {
    setup: Rc<Setup>,
    lines: Lines,
    /// As it is put to the sources.
    request: Request,
    race: Race,
    stage: Stage,
    said: Said,
    /// What the present answer holds, where tools can be called by it.
    answer: Option<Completion>,
    /// How often tools were called.
    rounds: usize,
    report: Report,
    began: Millis,
    /// When the source last gave a sign of life.
    heard: Millis,
    /// When the caller last got something.
    written: Millis,
    /// Since when the caller has taken nothing of what waits for it.
    untaken: Option<Millis>,
    /// Since when nothing was said that the user waits for; the filler is due some time after it, once.
    quiet: Option<Millis>,
}

/// What is done to a call, which is given whatever takes what it decodes.
type Act<'a> = dyn FnMut(&mut Call, &mut dyn FnMut(&Decoded<'_>) -> bool) + 'a;

enum Stage {
    /// The request is being prepared, or is to be.
    Preparing {
        is_begun: bool,
    },
    /// A source is being asked.
    Asking,
    /// Tools are being called.
    Calling(Round),
    Over,
}

/// What a [`Turn`] needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The request is to be prepared.
    Prepare,
    /// Tools are to be called.
    CallTools,
    /// What a call to a source needs.
    Call(call::Next),
}

/// When a turn began.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    /// The time of day, in seconds since 1970.
    pub seconds: u64,
    /// The same moment on the clock of all other times.
    pub now: Millis,
}

impl Turn {
    /// A turn in which `sources` are asked, in their order. Without anything that the user said it is an empty turn. `seed`
    /// is any random number.
    #[must_use]
    pub fn new(
        asked: &Asked,
        setup: Rc<Setup>,
        sources: Vec<Source>,
        lines: Lines,
        (id, seed): (String, u32),
        Created { seconds, now }: Created,
    ) -> Self {
        let mut turn = Self {
            said: Said::new(asked, &setup, id.clone(), seconds),
            report: Report::new(id, asked),
            request: asked.request.clone(),
            race: Race::new(sources, seed),
            stage: Stage::Preparing { is_begun: false },
            answer: None,
            rounds: 0,
            began: now,
            heard: now,
            written: now,
            untaken: None,
            quiet: Some(now),
            setup,
            lines,
        };
        if asked.text.is_empty() && turn.said.is_spoken() {
            turn.said.line(turn.lines.empty.as_deref());
            turn.conclude(Outcome::Empty, None, now);
            return turn;
        }
        history::forget(&mut turn.request, &turn.lines);
        if let Some(limit) = turn.setup.options.history_messages {
            history::trim(&mut turn.request, limit);
        }
        if !turn.setup.prepares {
            turn.begin(now);
        }
        turn
    }

    /// What it needs next.
    #[must_use]
    pub fn next(&self) -> Next {
        match &self.stage {
            Stage::Preparing { is_begun: false } => Next::Prepare,
            Stage::Calling(round) if !round.is_begun() => Next::CallTools,
            Stage::Preparing { .. } | Stage::Calling(_) => Next::Call(call::Next::Wait),
            Stage::Asking => Next::Call(self.race.next()),
            Stage::Over => Next::Call(call::Next::Done),
        }
    }

    /// The request that is to be prepared, as JSON.
    pub fn prepare(&mut self) -> String {
        if let Stage::Preparing { is_begun } = &mut self.stage {
            *is_begun = true;
        }
        self.request()
    }

    /// The request has been prepared.
    ///
    /// What is no chat completion request ends the turn like a source that fails.
    pub fn prepared(&mut self, json: &str, now: Millis) {
        if let Stage::Preparing { .. } = self.stage {
            match Request::parse(json) {
                Ok(request) => {
                    self.request = request;
                    self.begin(now);
                }
                Err(error) => self.give_up(Some(error), now),
            }
        }
    }

    /// The request as the source is asked it, as JSON.
    #[must_use]
    pub fn request(&self) -> String {
        self.request.clone().into_json()
    }

    /// Which of the sources is to be asked.
    #[must_use]
    pub fn source(&self) -> usize {
        self.race.at()
    }

    /// Whether the source that is to be asked is the developer's own code, so that [`Turn::ask_code`] takes the place
    /// of [`Turn::send`].
    #[must_use]
    pub fn is_code(&self) -> bool {
        self.race.is_code()
    }

    /// Asks the first source.
    fn begin(&mut self, now: Millis) {
        if !self.setup.tools.is_empty() {
            let mut tools = self
                .request
                .get("tools")
                .and_then(Value::as_array)
                .unwrap_or_default()
                .to_vec();
            tools.extend(self.setup.tools.iter().map(Tool::value));
            self.request.set("tools", Value::Array(tools));
        }
        self.ask(now);
    }

    fn ask(&mut self, now: Millis) {
        self.heard = now;
        self.stage = Stage::Asking;
        self.answer = (!self.setup.tools.is_empty()).then(Completion::default);
        self.said.begin_answer();
        if !self
            .race
            .ask(&self.request, &self.setup.options, self.said.wants_usage(), now)
        {
            self.give_up(self.race.last_error(), now);
        }
    }

    /// See [`Call::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.race.call().is_some_and(Call::is_finished)
    }

    /// See [`Call::request_id`].
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.race.call().and_then(Call::request_id)
    }

    /// See [`Call::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send(&mut self, key: Option<Secret>, now: Millis) -> Result<http::Request, Error> {
        match self.race.call_mut() {
            Some(call) => call.send(key, now),
            None => Err(Error::unreachable(Peer::Upstream)),
        }
    }

    /// See [`Call::ask`].
    pub fn ask_code(&mut self, now: Millis) {
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
        self.each(now, &mut |call, take| call.text(text, now, take));
    }

    /// See [`Call::chunk`].
    pub fn chunk(&mut self, json: &str, now: Millis) {
        self.heard = now;
        self.each(now, &mut |call, take| call.chunk(json, now, take));
    }

    /// See [`Call::respond`].
    pub fn respond(&mut self, response: Response, now: Millis) {
        self.heard = now;
        if response.is_success() {
            self.said.begin();
        }
        let mut response = Some(response);
        self.each(now, &mut |call, _| {
            call.respond(response.take().unwrap_or_default(), now);
        });
    }

    /// See [`Call::push`].
    pub fn push(&mut self, bytes: &[u8], now: Millis) {
        self.heard = now;
        self.each(now, &mut |call, take| call.push(bytes, now, take));
    }

    /// See [`Call::end`].
    pub fn end(&mut self, now: Millis) {
        self.each(now, &mut |call, take| call.end(now, take));
    }

    /// See [`Call::lose`].
    pub fn lose(&mut self, now: Millis) {
        self.each(now, &mut |call, _| call.lose(now));
    }

    /// The source cannot be asked, or gave what is no answer; or the request could not be prepared.
    pub fn fail(&mut self, error: Error, now: Millis) {
        match self.stage {
            Stage::Asking => self.leave(Err(error), now),
            Stage::Preparing { .. } => self.give_up(Some(error), now),
            Stage::Calling(_) | Stage::Over => {}
        }
    }

    /// The calls of tools that are to be carried out. What they are called with is valid by their schemas.
    pub fn call_tools(&mut self, now: Millis) -> Vec<ToolCall> {
        let Stage::Calling(round) = &mut self.stage else {
            return Vec::new();
        };
        let calls = round.begin();
        self.settle_round(now);
        calls
    }

    /// A tool has returned, with JSON or a text for the model; or it threw, with what the model is told of that.
    pub fn called(&mut self, call: usize, result: Result<String, String>, now: Millis) {
        if let Stage::Calling(round) = &mut self.stage {
            round.conclude(call, result, now);
            self.settle_round(now);
        }
    }

    /// Goes on with the model once all of its calls have a result.
    fn settle_round(&mut self, now: Millis) {
        if !matches!(&self.stage, Stage::Calling(round) if round.is_done()) {
            return;
        }
        if let Stage::Calling(round) = std::mem::replace(&mut self.stage, Stage::Asking) {
            self.report.tools.extend(round.called());
            history::append(&mut self.request, round.messages());
            if self.rounds >= self.setup.options.tool_rounds {
                self.request.set("tool_choice", Value::String("none".to_owned()));
            }
            self.ask(now);
        }
    }

    /// The caller has hung up: nobody is there to take what is said.
    pub fn interrupt(&mut self, now: Millis) {
        match &self.stage {
            Stage::Over => return,
            Stage::Asking => self.race.leave(None, now),
            Stage::Preparing { .. } | Stage::Calling(_) => {}
        }
        self.stage = Stage::Over;
        self.end_report(Outcome::Interrupted, None, now);
    }

    /// Does something to the call, and what follows from that.
    fn each(&mut self, now: Millis, act: &mut Act<'_>) {
        let (Stage::Asking, Some(call)) = (&self.stage, self.race.call_mut()) else {
            return;
        };
        let Self { said, answer, .. } = self;
        act(call, &mut |decoded| {
            said.take(decoded);
            if let Some(answer) = answer {
                decoded.deltas.iter().for_each(|delta| answer.take(delta));
            }
            // What is said counts as handed over by itself, and nothing else of an answer reaches the caller.
            false
        });
        if said.has_output() {
            self.written = now;
        }
        self.note_words(now);
        if let Some(outcome) = self.race.call().and_then(Call::outcome) {
            let outcome = outcome.clone();
            self.leave(outcome, now);
        }
    }

    /// Notes that the source has said something, if it has.
    fn note_words(&mut self, now: Millis) {
        if self.said.has_answered() {
            self.quiet = None;
            self.report.first_token_ms.get_or_insert(now - self.began);
            self.race.spoke(now);
        }
    }

    /// The source is done, well or not: its tools are called, the next source is asked, or the turn ends.
    fn leave(&mut self, outcome: Result<(), Error>, now: Millis) {
        self.said.end_answer();
        self.note_words(now);
        let error = outcome.err();
        let may_call = error.is_none() && self.rounds < self.setup.options.tool_rounds;
        let answer = self.answer.as_ref().filter(|_| may_call);
        if let Some(round) = answer.and_then(|answer| Round::of(answer, &self.setup.tools, self.rounds, now))
            && !self.said.passes_on(&round)
        {
            self.race.leave(None, now);
            self.rounds += 1;
            if self.said.has_answered() {
                self.quiet = Some(now);
            }
            self.stage = Stage::Calling(round);
            return;
        }
        if self.said.has_answered() {
            let outcome = if error.is_some() { Outcome::Cut } else { Outcome::Spoken };
            self.race.leave(error.clone(), now);
            return self.conclude(outcome, error, now);
        }
        if self.said.refuse(self.lines.refusal.as_deref()) {
            self.race.leave(error.clone(), now);
            return self.conclude(Outcome::Refused, error, now);
        }
        let error = error.unwrap_or_else(|| {
            Error::stream(
                StreamKind::Empty,
                "the answer holds no words to say: only reasoning, calls of tools or nothing at all",
            )
        });
        self.race.leave(Some(error.clone()), now);
        if self.race.move_on() {
            self.ask(now);
        } else {
            self.give_up(Some(error), now);
        }
    }

    /// Nothing can be said any more but the line for that.
    fn give_up(&mut self, error: Option<Error>, now: Millis) {
        if self.said.is_filtered() && self.lines.refusal.is_some() {
            self.said.line(self.lines.refusal.as_deref());
            return self.conclude(Outcome::Refused, error, now);
        }
        if self.said.is_spoken() {
            self.said.line(self.lines.failure.as_deref());
        }
        let outcome = if self.said.has_spoken() {
            Outcome::Cut
        } else {
            Outcome::Failed
        };
        self.conclude(outcome, error, now);
    }

    fn conclude(&mut self, outcome: Outcome, error: Option<Error>, now: Millis) {
        self.stage = Stage::Over;
        self.said.end(error.as_ref());
        self.end_report(outcome, error, now);
    }

    fn end_report(&mut self, outcome: Outcome, error: Option<Error>, now: Millis) {
        self.report.usage = self.said.usage();
        self.report.text = self.said.texts();
        self.report.sources = self.race.tried();
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

    /// Whether the response's status depends on the source, so that it is to wait for the first output.
    #[must_use]
    pub fn waits_for_source(&self) -> bool {
        !self.said.is_spoken()
    }

    /// Where all of an answer is handed on and nothing of it came: the status and body of the response.
    #[must_use]
    pub fn refusal(&self) -> Option<(u16, String)> {
        let error = self.report.error.as_ref();
        let is_whole = !self.said.is_streamed() && !self.said.is_spoken();
        error
            .filter(|_| is_whole || !self.said.is_begun())
            .map(endpoint::failed)
    }

    /// How it went so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}
