//! One call to one upstream: the request, the retries, the deadlines, the reading of the answer.

mod policy;
mod progress;

pub use policy::{Policy, Timeouts};
pub use progress::Take;

use crate::chat::Request;
use crate::error::{Error, Peer, Phase, Secret, StreamKind};
use crate::framing::{Framing, Payload};
use crate::http::{self, Response};
use crate::providers::{Decoded, Decoder, Provider, Upstream, broken_off};
use progress::Progress;

/// Milliseconds on any clock that does not run backwards.
pub type Millis = f64;

/// How long the end of the body or `[DONE]` is waited for once a finish reason said that the answer is whole, and since
/// then no more of it has come: comments and token counts do not prolong it.
const AFTER_FINISH_MS: Millis = 2000.0;

/// One call as a machine. It does nothing by itself: do what [`Call::next`] asks for, tell it what came of that, and
/// ask again.
///
/// | it asks for | do | then tell |
/// |---|---|---|
/// | [`Next::Send`] | ask for the key, make the request with [`Call::send`], send it | [`Call::respond`], or [`Call::lose`] |
/// | [`Next::Read`], [`Next::ReadRefusal`] | read a piece of the body | [`Call::push`], [`Call::end`], or [`Call::lose`] |
/// | [`Next::Wait`] | nothing | – |
/// | [`Next::Done`] | release the body; see [`Call::outcome`] | – |
///
/// Whatever it asked for, call [`Call::tick`] when [`Call::deadline`] is reached, and ask again. The time given must
/// not run backwards; randomness comes from the seed, so that the same calls always give the same results.
pub struct Call {
    provider: Provider,
    request: Option<http::Request>,
    policy: Policy,
    secrets: Vec<Secret>,
    state: State,
    random: u32,
    retries: u32,
    /// When the call began; the total deadline counts from here.
    began: Millis,
    /// When this attempt began, by asking for its key.
    sent: Millis,
    /// When something was last heard in this attempt.
    heard: Millis,
    /// Nobody is waiting for the body.
    resting: bool,
    /// The upstream's id for the request.
    request_id: Option<String>,
    framing: Framing,
    decoder: Decoder,
    /// One alternative was asked for.
    is_single: bool,
    answerer: Answerer,
    progress: Progress,
}

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answerer {
    Upstream,
    /// The developer's own code.
    Code,
}

enum State {
    /// The request is to be sent.
    Ready,
    /// It was sent.
    Sent,
    /// The answer is being read.
    Open,
    /// A refusal's body is being read.
    Refused { response: Response, body: Vec<u8> },
    /// Before the next attempt.
    Waiting { until: Millis },
    /// It is over.
    Ended(Result<(), Error>),
}

/// What a [`Call`] needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The request is to be sent.
    Send,
    /// A piece of the answer is to be read, or the response is still to come.
    Read,
    /// A piece of the body is to be read of a response that is no answer, to learn why.
    ReadRefusal,
    /// Nothing before the deadline.
    Wait,
    /// Nothing: it is over.
    Done,
}

impl Call {
    /// A call that is to be made. `seed` is any random number.
    ///
    /// # Errors
    ///
    /// A validation error when the request cannot be put to this upstream.
    pub fn new(upstream: &Upstream, request: Request, policy: Policy, seed: u32, now: Millis) -> Result<Self, Error> {
        let provider = upstream.provider;
        let secrets = upstream.secrets();
        let is_single = provider.is_single(upstream, &request);
        let request = Some(provider.encode(upstream, request)?);
        let mut call = Self::begin(provider, request, policy, secrets, seed, now);
        call.is_single = is_single;
        call.decoder = provider.decoder(is_single);
        Ok(call)
    }

    /// A call that somebody else has made; [`Call::respond`] is to follow. It has no deadlines and is not tried again.
    #[must_use]
    pub fn answered(provider: Provider, now: Millis) -> Self {
        let mut call = Self::given(provider, now);
        call.answerer = Answerer::Upstream;
        call.is_single = false;
        call.decoder = provider.decoder(false);
        call.state = State::Sent;
        call
    }

    /// A call that a developer's own code answers: [`Call::ask`] it, then [`Call::respond`] or, where the answer comes in
    /// pieces that are no bytes, [`Call::open`]. It has no deadlines and is not tried again.
    #[must_use]
    pub fn given(provider: Provider, now: Millis) -> Self {
        let policy = Policy {
            timeouts: Timeouts::NONE,
            max_retries: 0,
            ..Policy::default()
        };
        let mut call = Self::begin(provider, None, policy, Vec::new(), 0, now);
        call.answerer = Answerer::Code;
        // Whoever asks code asks for one answer.
        call.is_single = true;
        call.decoder = provider.decoder(true);
        call
    }

    fn begin(
        provider: Provider,
        request: Option<http::Request>,
        policy: Policy,
        secrets: Vec<Secret>,
        seed: u32,
        now: Millis,
    ) -> Self {
        Self {
            provider,
            request,
            policy,
            secrets,
            state: State::Ready,
            random: seed | 1,
            retries: 0,
            began: now,
            sent: now,
            heard: now,
            resting: false,
            request_id: None,
            framing: Framing::default(),
            decoder: provider.decoder(false),
            is_single: false,
            answerer: Answerer::Upstream,
            progress: Progress::new(now),
        }
    }

    /// What it needs next.
    #[must_use]
    pub fn next(&self) -> Next {
        match self.state {
            State::Ready => Next::Send,
            State::Sent | State::Open => Next::Read,
            State::Refused { .. } => Next::ReadRefusal,
            State::Waiting { .. } => Next::Wait,
            State::Ended(_) => Next::Done,
        }
    }

    /// Whether all messages that were begun are finished, so that only a little while is waited for more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.decoder.is_finished()
    }

    /// The upstream's id for the request, once there is a response.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Result<(), Error>> {
        match &self.state {
            State::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The request of the next attempt. The key is asked for anew for each; from here on it is kept out of errors. The
    /// attempt's clock goes on from when [`Call::next`] first asked for this, so that a key that never comes ends it, too.
    ///
    /// # Errors
    ///
    /// The error of a call that is already over, or was not made here.
    pub fn send(&mut self, key: Option<Secret>, now: Millis) -> Result<http::Request, Error> {
        if let State::Ended(outcome) = &self.state {
            return Err(outcome
                .clone()
                .err()
                .unwrap_or_else(|| Error::unreachable(Peer::Upstream)));
        }
        let Some(mut request) = self.request.clone() else {
            return Err(Error::unreachable(Peer::Upstream));
        };
        if let Some(key) = key {
            let (name, value) = self.provider.authorization(&key);
            request.headers.retain(|(known, _)| *known != name);
            request.headers.push((name, value));
            if !self.secrets.contains(&key) {
                self.secrets.push(key);
            }
        }
        self.framing = Framing::default();
        self.decoder = self.provider.decoder(self.is_single);
        self.heard = now;
        self.resting = false;
        self.progress = Progress::new(now);
        self.state = State::Sent;
        Ok(request)
    }

    /// The developer's own code has been asked.
    pub fn ask(&mut self, now: Millis) {
        if let State::Ready = self.state {
            self.sent = now;
            self.heard = now;
            self.state = State::Sent;
        }
    }

    /// The answer has begun, and comes in pieces: [`Call::text`] and [`Call::chunk`].
    pub fn open(&mut self, now: Millis) {
        if let State::Sent = self.state {
            self.heard = now;
            self.state = State::Open;
        }
    }

    /// Words of the answer, as they are. `take` gets what they say, as in [`Call::push`].
    pub fn text(&mut self, text: &str, now: Millis, take: Take<'_>) {
        self.listen(now);
        if let State::Open = self.state {
            let decoded = self.decoder.words(text);
            self.heed(&decoded, now, take);
        }
    }

    /// A piece of the answer as JSON, such as the data of an event would be. `take` gets what it says, as in
    /// [`Call::push`].
    pub fn chunk(&mut self, json: &str, now: Millis, take: Take<'_>) {
        self.listen(now);
        if let State::Open = self.state {
            let payload = Payload::message(json);
            let decoded = self.decoder.decode(&payload);
            self.heed(&decoded, now, take);
            if let Some(outcome) = decoded.end {
                self.finish(outcome);
            }
        }
    }

    /// Hands over what a payload says.
    fn heed(&mut self, decoded: &Decoded<'_>, now: Millis, take: Take<'_>) {
        self.progress.heed(decoded, self.decoder.is_finished(), now, take);
    }

    /// The response has come.
    pub fn respond(&mut self, response: Response, now: Millis) {
        if let State::Sent = self.state {
            self.heard = now;
            self.request_id = response.request_id().map(str::to_owned);
            self.state = if response.is_success() {
                State::Open
            } else {
                State::Refused {
                    response,
                    body: Vec::new(),
                }
            };
        }
    }

    /// A piece of the body has come; `take` gets what its payloads say, and gives whether any of that has reached the reader:
    /// until then, or until there were words or calls, an answer that breaks off is asked for again.
    pub fn push(&mut self, bytes: &[u8], now: Millis, take: Take<'_>) {
        self.listen(now);
        match &mut self.state {
            State::Open => self.read(bytes, now, take),
            State::Refused { body, .. } => {
                body.extend(bytes.iter().take(http::MAX_BODY - body.len()));
                if body.len() == http::MAX_BODY {
                    self.conclude_refusal(now);
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, bytes: &[u8], now: Millis, take: Take<'_>) {
        let mut payloads = self.framing.push(bytes);
        let end = loop {
            match payloads.next() {
                Ok(Some(payload)) => {
                    let decoded = self.decoder.decode(&payload);
                    self.progress.heed(&decoded, self.decoder.is_finished(), now, take);
                    if decoded.end.is_some() {
                        break decoded.end;
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(Err(error)),
            }
        };
        if let Some(outcome) = end {
            self.conclude(outcome, now);
        }
    }

    /// The answer says that it is over. What broke off, or broke down at the upstream, may go well the next time.
    fn conclude(&mut self, outcome: Result<(), Error>, now: Millis) {
        match outcome {
            Err(error) if Policy::is_worth_another_answer(&error) => self.retry(error, None, now),
            outcome => self.finish(outcome),
        }
    }

    /// The body has ended. `take` gets what the last payloads say, as in [`Call::push`].
    pub fn end(&mut self, now: Millis, take: Take<'_>) {
        match self.state {
            State::Open => {
                let outcome = self.read_last(now, take);
                self.conclude(outcome, now);
            }
            State::Refused { .. } => self.conclude_refusal(now),
            _ => {}
        }
    }

    /// Reads what nothing closed, and tells how the answer ended. A payload that was cut is not one that is wrong: what
    /// came before it tells the end, and if nothing did, the answer broke off.
    fn read_last(&mut self, now: Millis, take: Take<'_>) -> Result<(), Error> {
        let mut cut = None;
        while let Some(payload) = self.framing.finish()? {
            let decoded = self.decoder.decode(&payload);
            self.progress.heed(&decoded, self.decoder.is_finished(), now, take);
            match decoded.end {
                Some(Err(error)) if error.kind() == Some(StreamKind::Malformed) => {
                    let is_object = payload.text.trim_start().starts_with('{');
                    cut = Some(if is_object { broken_off() } else { error });
                }
                Some(end) => return end,
                None => {}
            }
        }
        let whole = self.decoder.end();
        match (cut, &whole) {
            (Some(cut), Err(error)) if error.kind() == Some(StreamKind::Empty) => Err(cut),
            _ => whole.map_err(|error| self.explain(error)),
        }
    }

    /// Says so if an answer without any message looks like something else.
    fn explain(&self, error: Error) -> Error {
        if error.kind() == Some(StreamKind::Empty) && self.framing.is_page() {
            Error::stream(
                StreamKind::Empty,
                "the answer is a web page, no chat completion: check that the base URL is the API's, and needs no login",
            )
        } else {
            error
        }
    }

    /// The request could not be sent, or the connection broke.
    pub fn lose(&mut self, now: Millis) {
        match self.state {
            State::Sent if self.answerer == Answerer::Code => self.finish(Err(Error::source())),
            State::Sent => self.retry(Error::unreachable(Peer::Upstream), None, now),
            // All is there; how the connection ends does not matter any more.
            State::Open if self.decoder.is_finished() => self.finish(Ok(())),
            State::Open if self.answerer == Answerer::Code => self.finish(Err(Error::source())),
            State::Open => self.retry(Error::lost(), None, now),
            State::Refused { .. } => self.conclude_refusal(now),
            _ => {}
        }
    }

    /// Since when the next piece of the body is being waited for: silence counts from there, since until then nobody
    /// listened. Worth telling before [`Call::tick`] only.
    pub fn listen(&mut self, since: Millis) {
        self.heard = self.heard.max(since);
        if std::mem::take(&mut self.resting) {
            self.progress.spoke = self.progress.spoke.max(since);
            if !self.progress.has_output {
                self.sent = self.sent.max(since);
            }
        }
    }

    /// Nobody is waiting for the body: no silence is the upstream's, and no deadline but the total one counts until
    /// [`Call::listen`]. Worth telling before [`Call::tick`]. Gives whether there is a body at all.
    pub fn rest(&mut self, now: Millis) -> bool {
        let State::Open = self.state else {
            return false;
        };
        self.heard = now;
        self.resting = true;
        true
    }

    /// When to call [`Call::tick`], if nothing else happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        let total = self.policy.timeouts.total_ms.map(|ms| self.began + ms);
        let own = match self.state {
            State::Waiting { until } => Some(until),
            State::Ended(_) => return None,
            _ => self.phase().map(|(at, _, _)| at),
        };
        match (own, total) {
            (Some(own), Some(total)) => Some(own.min(total)),
            (own, total) => own.or(total),
        }
    }

    /// The deadline of the present state that comes first: when, which, and its limit.
    fn phase(&self) -> Option<Due> {
        let limits = &self.policy.timeouts;
        let after = |from: Millis, limit: Option<Millis>, phase| limit.map(|limit| (from + limit, phase, limit));
        let idle = || {
            let idle = after(self.heard, limits.idle_ms, Phase::Idle);
            let is_finished = self.decoder.is_finished();
            let grace = after(self.progress.spoke, is_finished.then_some(AFTER_FINISH_MS), Phase::Idle);
            earlier(idle, grace)
        };
        let first_token = || after(self.sent, limits.first_token_ms, Phase::FirstToken);
        let (first, second) = match self.state {
            State::Open if self.resting => (None, None),
            State::Ready | State::Sent => (after(self.sent, limits.headers_ms, Phase::Headers), first_token()),
            State::Open if self.progress.has_output => (idle(), None),
            // No token comes in a refusal, but one that trickles is not to be read for ever either.
            State::Open | State::Refused { .. } => (idle(), first_token()),
            _ => (None, None),
        };
        earlier(first, second)
    }

    /// Time has passed: gives up on what is overdue, and wakes when a wait is over.
    pub fn tick(&mut self, now: Millis) {
        if let State::Ended(_) = self.state {
            return;
        }
        if let Some(total) = self.policy.timeouts.total_ms
            && now >= self.began + total
        {
            return self.finish(Err(Error::deadline(Phase::Total, total)));
        }
        if let State::Waiting { until } = self.state {
            if now >= until {
                self.state = State::Ready;
                self.sent = now;
            }
            return;
        }
        match self.phase() {
            Some((at, phase, limit)) if now >= at => match self.state {
                State::Refused { .. } => self.conclude_refusal(now),
                State::Open if self.decoder.is_finished() => self.finish(Ok(())),
                _ => self.retry(Error::deadline(phase, limit), None, now),
            },
            _ => {}
        }
    }

    fn conclude_refusal(&mut self, now: Millis) {
        if let State::Refused { response, body } = &self.state {
            let error = http::refusal(Peer::Upstream, response, body);
            if Policy::is_worth_retrying(response) {
                let asked = error.retry_after_ms();
                self.retry(error, asked, now);
            } else {
                self.finish(Err(error));
            }
        }
    }

    /// Waits for another attempt, if there may be one, else ends with the error.
    fn retry(&mut self, error: Error, asked_ms: Option<Millis>, now: Millis) {
        let wait = self.policy.wait_ms(self.retries, asked_ms, self.random);
        let until = wait
            .filter(|_| !self.progress.handed_over && self.request.is_some())
            .map(|wait| now + wait);
        let total = self.policy.timeouts.total_ms.map(|ms| self.began + ms);
        match until {
            Some(until) if total.is_none_or(|total| until < total) => {
                self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                self.retries += 1;
                self.state = State::Waiting { until };
            }
            _ => self.finish(Err(error)),
        }
    }

    fn finish(&mut self, outcome: Result<(), Error>) {
        self.state = State::Ended(outcome.map_err(|error| self.secrets.iter().fold(error, Error::without)));
    }
}

/// When, which deadline, and its limit.
type Due = (Millis, Phase, Millis);

fn earlier(first: Option<Due>, second: Option<Due>) -> Option<Due> {
    match (first, second) {
        (Some(first), Some(second)) if second.0 < first.0 => Some(second),
        (first, second) => first.or(second),
    }
}
