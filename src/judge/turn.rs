//! One turn of the caller: its requests, their answers, and what it does next.

use super::verdict::{Attempt, Outcome, Verdict, write_attempts};
use super::{Caller, Reading, Why};
use crate::call::Millis;

/// How many redirects are followed in one attempt.
const HOPS: u32 = 20;
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// How long the caller waits. `LiveAvatar` offers no way to change it; tests shorten it.
#[derive(Clone, Debug, PartialEq)]
pub struct Patience {
    /// For anything at all from the other side: ten seconds.
    pub silence_ms: Millis,
    /// Before each further attempt: 0.1, 2 and 2 seconds, so that there are four.
    pub waits_ms: Vec<Millis>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence_ms: 10_000.0,
            waits_ms: vec![100.0, 2000.0, 2000.0],
        }
    }
}

/// What a [`Judge`] needs to be told next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// That the request was sent: by the method that [`Judge::method`] gives, to the endpoint, or, after a redirect, to where that led.
    Send,
    /// What came of it, or that its time is over.
    Read,
    /// That the time before the next attempt is over.
    Wait,
    /// Nothing more; there is a verdict.
    Done,
}

/// How an exchange broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The connection could not be made, or ended too early.
    Connection,
    /// The body is not compressed as its `content-encoding` says.
    Encoding,
}

enum State {
    Sending,
    /// The head is still to come.
    Asking,
    /// A redirect's body is read, and passed over.
    Redirected,
    Reading(Reading),
    /// The body of a refusal is read. Should that fail, the caller forgets the status and asks again.
    Refused,
    Waiting {
        until: Millis,
    },
    Done(Verdict),
}

/// Follows one turn and says what the caller would do.
///
/// It is told what happens, in the order of [`Judge::next`], and the time of it: [`Judge::send`]; then [`Judge::head`],
/// [`Judge::push`] for each piece of the body and [`Judge::end`], or [`Judge::lose`]; and [`Judge::tick`] when
/// [`Judge::due`] has come. What comes out of turn is passed over.
pub struct Judge {
    caller: Caller,
    patience: Patience,
    state: State,
    attempts: Vec<Attempt>,
    /// What the last answer began with.
    head: Head,
    hops: u32,
    requests: u32,
    /// When the attempt began, and when something last came.
    began: Millis,
    stirred: Millis,
}

#[derive(Clone, Copy, Default)]
struct Head {
    status: Option<u16>,
    /// A redirect has made a GET of the request.
    is_get: bool,
    has_unknown_encoding: bool,
}

impl Judge {
    /// A turn that is about to begin.
    #[must_use]
    pub fn new(caller: Caller, patience: Patience) -> Self {
        Self {
            caller,
            patience,
            state: State::Sending,
            attempts: Vec::new(),
            head: Head::default(),
            hops: 0,
            requests: 0,
            began: 0.0,
            stirred: 0.0,
        }
    }

    /// What is to be told next.
    #[must_use]
    pub fn next(&self) -> Next {
        match self.state {
            State::Sending => Next::Send,
            State::Asking | State::Redirected | State::Reading(_) | State::Refused => Next::Read,
            State::Waiting { .. } => Next::Wait,
            State::Done(_) => Next::Done,
        }
    }

    /// `POST`, or `GET` after a redirect that makes one of it: 301, 302 and 303 do. A GET has no body.
    #[must_use]
    pub fn method(&self) -> &'static str {
        if self.head.is_get { "GET" } else { "POST" }
    }

    /// The request is being sent.
    pub fn send(&mut self, now: Millis) {
        if matches!(self.state, State::Sending) {
            if self.hops == 0 {
                self.began = now;
            }
            self.requests += 1;
            self.head.status = None;
            self.stirred = now;
            self.state = State::Asking;
        }
    }

    /// The connection has been made, or bytes came that are none of the body's: the silence is over.
    pub fn stir(&mut self, now: Millis) {
        self.stirred = now;
    }

    /// Status and headers have come. `location` says whether there is such a header, `encoding` is `content-encoding`.
    /// Compressed bodies are told as they are once gzip and deflate are undone; any other encoding stays.
    pub fn head(&mut self, status: u16, location: bool, encoding: &str, now: Millis) {
        if !matches!(self.state, State::Asking) {
            return;
        }
        self.stirred = now;
        self.head.status = Some(status);
        let known = ["", "identity", "gzip", "deflate"];
        let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name.trim()));
        self.head.has_unknown_encoding = !encoding.split(',').all(is_known);
        self.state = if location && REDIRECTS.contains(&status) {
            self.head.is_get |= status < 307;
            State::Redirected
        } else if (200..300).contains(&status) {
            State::Reading(Reading::new(self.caller))
        } else {
            State::Refused
        };
    }

    /// A piece of the body has come.
    pub fn push(&mut self, bytes: &[u8], now: Millis) {
        self.stirred = now;
        if let State::Reading(reading) = &mut self.state {
            reading.push(bytes);
            if reading.is_done() {
                self.settle(None, now);
            }
        }
    }

    /// The body has ended as it should.
    pub fn end(&mut self, now: Millis) {
        match &mut self.state {
            State::Redirected => {
                self.hops += 1;
                if self.hops > HOPS {
                    self.settle(Some(Why::TooManyRedirects), now);
                } else {
                    self.state = State::Sending;
                }
            }
            State::Reading(reading) => {
                reading.end();
                self.settle(None, now);
            }
            State::Refused => self.refuse(now),
            // An exchange without an answer has no end.
            State::Asking => self.lose(Loss::Connection, now),
            _ => {}
        }
    }

    /// The exchange broke.
    pub fn lose(&mut self, loss: Loss, now: Millis) {
        let why = match (loss, &self.state) {
            (_, State::Sending | State::Waiting { .. } | State::Done(_)) => return,
            (Loss::Encoding, _) => Why::Undecodable,
            (Loss::Connection, State::Asking) => Why::NoConnection,
            (Loss::Connection, _) => Why::Broken,
        };
        self.settle(Some(why), now);
    }

    /// When [`Judge::tick`] is to be called, if time matters.
    #[must_use]
    pub fn due(&self) -> Option<Millis> {
        match self.state {
            State::Sending | State::Done(_) => None,
            State::Waiting { until } => Some(until),
            _ => Some(self.stirred + self.patience.silence_ms),
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        if self.due().is_none_or(|due| now < due) {
            return;
        }
        match self.state {
            State::Waiting { .. } => self.state = State::Sending,
            State::Asking => self.settle(Some(Why::NoAnswer), now),
            _ => self.settle(Some(Why::Silence), now),
        }
    }

    /// Takes the words that have come since the last time, in the attempt that is being read or the one that was read last.
    pub fn take(&mut self) -> String {
        match &mut self.state {
            State::Reading(reading) => reading.take().to_owned(),
            State::Done(verdict) => verdict.take().to_owned(),
            _ => String::new(),
        }
    }

    /// Whether there is something to take.
    #[must_use]
    pub fn has_output(&self) -> bool {
        match &self.state {
            State::Reading(reading) => reading.has_output(),
            State::Done(verdict) => verdict.has_output(),
            _ => false,
        }
    }

    /// What became of the turn, once it is over.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        match &self.state {
            State::Done(verdict) => Some(verdict),
            _ => None,
        }
    }

    /// The same, when nothing else of this is wanted.
    #[must_use]
    pub fn into_verdict(self) -> Option<Verdict> {
        match self.state {
            State::Done(verdict) => Some(verdict),
            _ => None,
        }
    }

    /// Appends the verdict as JSON; while there is none, an object that has no more of it than `attempts`.
    pub fn write(&self, out: &mut String) {
        if let State::Done(verdict) = &self.state {
            return verdict.write(out);
        }
        out.push('{');
        write_attempts(out, &self.attempts);
        out.push('}');
    }

    /// The attempts that are over.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// A status that means no, and its body to the end: most of 4xx are final, everything else is tried again.
    fn refuse(&mut self, now: Millis) {
        let why = if self.head.is_get {
            Why::RedirectedAsGet
        } else {
            Why::Refused
        };
        match self.head.status {
            Some(499) => self.conclude(Some(Why::HungUp), true, None, now),
            Some(408 | 429) => self.fail(why, true, None, now),
            Some(400..500) => self.fail(why, false, None, now),
            _ => self.fail(why, true, None, now),
        }
    }

    /// An attempt is over: what was being read is, or `why` ended it.
    fn settle(&mut self, why: Option<Why>, now: Millis) {
        let State::Reading(mut reading) = std::mem::replace(&mut self.state, State::Sending) else {
            // Nothing was read, so nothing forbids to ask again.
            return self.fail(why.unwrap_or(Why::Broken), true, None, now);
        };
        if let Some(why) = why {
            reading.fail(why);
        }
        let is_odd = self.head.has_unknown_encoding;
        match reading.failure() {
            Some(Why::NotUtf8 | Why::NotJson) if is_odd => self.fail_reading(Why::UnknownEncoding, reading, now),
            Some(why) => self.fail_reading(why, reading, now),
            None => {
                let is_heard = is_speakable(reading.heard());
                let why = match reading.silence() {
                    _ if is_heard => None,
                    Why::NotAStream if is_odd => Some(Why::UnknownEncoding),
                    Why::NotAStream | Why::EmptyBody if self.head.is_get => Some(Why::RedirectedAsGet),
                    why => Some(why),
                };
                self.conclude(why, true, Some(reading), now);
            }
        }
    }

    fn fail_reading(&mut self, why: Why, reading: Reading, now: Millis) {
        self.fail(why, !reading.is_committed(), Some(reading), now);
    }

    fn fail(&mut self, why: Why, is_retried: bool, reading: Option<Reading>, now: Millis) {
        let wait = self.patience.waits_ms.get(self.attempts.len()).copied();
        match wait.filter(|_| is_retried) {
            None => self.conclude(Some(why), false, reading, now),
            Some(wait) => {
                self.record(Some(why), now);
                self.state = State::Waiting { until: now + wait };
                self.head = Head::default();
                self.hops = 0;
            }
        }
    }

    fn conclude(&mut self, why: Option<Why>, has_succeeded: bool, reading: Option<Reading>, now: Millis) {
        self.record(why, now);
        let reading = reading.unwrap_or_else(|| Reading::new(self.caller));
        let outcome = match (has_succeeded, is_speakable(reading.heard())) {
            (true, true) => Outcome::Spoken,
            (true, false) => Outcome::Mute,
            (false, true) => Outcome::Cut,
            (false, false) => Outcome::Lost,
        };
        let attempts = self.attempts.clone();
        self.state = State::Done(Verdict::new(
            outcome,
            why,
            self.head.status,
            attempts,
            self.requests,
            reading,
        ));
    }

    fn record(&mut self, why: Option<Why>, now: Millis) {
        let ms = now - self.began;
        self.attempts.push(Attempt {
            status: self.head.status,
            why,
            ms,
        });
    }
}

/// Whether there is something to say in a text.
fn is_speakable(text: &str) -> bool {
    text.chars()
        .any(|character| !character.is_whitespace() && character != '\u{feff}')
}
