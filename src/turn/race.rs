//! The sources of a turn, asked one after the other until one speaks.

use std::rc::Rc;

use super::Options;
use super::report::Tried;
use crate::call::{Call, Millis, Next, Policy, Timeouts};
use crate::chat::Request;
use crate::error::Error;
use crate::json::Value;
use crate::providers::{Provider, Upstream};

/// Where a turn's words may come from.
#[derive(Clone)]
pub enum Source {
    /// An upstream.
    Upstream(Rc<Upstream>),
    /// The developer's own code.
    Code,
}

/// Asks one source after the other.
pub(super) struct Race {
    sources: Vec<Source>,
    /// Which is asked.
    at: usize,
    call: Option<Call>,
    /// When it was asked.
    asked: Millis,
    /// How long its first words took.
    first_token_ms: Option<Millis>,
    seed: u32,
    tried: Vec<Tried>,
}

impl Race {
    pub(super) fn new(sources: Vec<Source>, seed: u32) -> Self {
        Self {
            sources,
            at: 0,
            call: None,
            asked: 0.0,
            first_token_ms: None,
            seed,
            tried: Vec::new(),
        }
    }

    /// The call to the source that is being asked.
    pub(super) fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    pub(super) fn call_mut(&mut self) -> Option<&mut Call> {
        self.call.as_mut()
    }

    pub(super) fn next(&self) -> Next {
        self.call.as_ref().map_or(Next::Wait, Call::next)
    }

    /// Which source is being asked.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether the source that is being asked is the developer's own code.
    pub(super) fn is_code(&self) -> bool {
        matches!(self.sources.get(self.at), Some(Source::Code))
    }

    /// Whether no other source could be asked instead.
    pub(super) fn is_last(&self) -> bool {
        self.at + 1 >= self.sources.len()
    }

    /// Asks the present source, or the first after it that can be asked at all; false if there is none.
    pub(super) fn ask(&mut self, request: &Request, options: &Options, wants_usage: bool, now: Millis) -> bool {
        while let Some(source) = self.sources.get(self.at) {
            self.asked = now;
            self.first_token_ms = None;
            self.seed = self.seed.wrapping_add(1);
            let call = match source {
                Source::Code => Ok(Call::given(Provider::OpenAi, now)),
                Source::Upstream(upstream) => {
                    let request = put(request, upstream, wants_usage);
                    Call::new(upstream, request, policy(options, self.is_last()), self.seed, now)
                }
            };
            match call {
                Ok(call) => {
                    self.call = Some(call);
                    return true;
                }
                Err(error) => self.leave(Some(error), now),
            }
            self.at += 1;
        }
        false
    }

    /// Turns to the next source; false if there is none.
    pub(super) fn move_on(&mut self) -> bool {
        self.call = None;
        let has_next = !self.is_last();
        self.at += usize::from(has_next);
        has_next
    }

    /// The present source has said something.
    pub(super) fn spoke(&mut self, now: Millis) {
        self.first_token_ms.get_or_insert(now - self.asked);
    }

    /// Notes how the present source did.
    pub(super) fn leave(&mut self, error: Option<Error>, now: Millis) {
        self.tried.push(Tried {
            source: self.at,
            model: match self.sources.get(self.at) {
                Some(Source::Upstream(upstream)) => upstream.model.clone(),
                _ => None,
            },
            first_token_ms: self.first_token_ms,
            ms: now - self.asked,
            error,
        });
    }

    /// How the last source that was left did.
    pub(super) fn last_error(&self) -> Option<Error> {
        self.tried.last().and_then(|tried| tried.error.clone())
    }

    /// All that were tried, in their order.
    pub(super) fn tried(&mut self) -> Vec<Tried> {
        std::mem::take(&mut self.tried)
    }
}

/// The request as it is put to an upstream. What the developer sets wins over what the caller sends: the model's name too,
/// which for the caller is only the name of the endpoint.
fn put(request: &Request, upstream: &Upstream, wants_usage: bool) -> Request {
    let mut request = request.clone();
    if let Some(model) = &upstream.model {
        request.set("model", Value::String(model.clone()));
    }
    if wants_usage {
        request.ask_for_usage(&upstream.defaults);
    }
    request
}

/// How an upstream is called in a turn, which has deadlines of its own: they look at what was said. Where another can be
/// asked, that is better than asking again, and whoever asks for a wait that leaves no time for the answer gets none.
fn policy(options: &Options, is_last: bool) -> Policy {
    const MAX_RETRIES: u32 = 2;
    Policy {
        timeouts: Timeouts::NONE,
        max_retries: if is_last { MAX_RETRIES } else { 0 },
        longest_wait_ms: options.first_token_ms(is_last) / 2.0,
    }
}
