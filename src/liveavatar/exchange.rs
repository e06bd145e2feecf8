//! One call of the API, with its retries.

use std::rc::Rc;

use super::names::{Names, Term};
use super::operation::{Gives, Operation, SECRETS};
use super::settings::Settings;
use crate::call::Millis;
use crate::error::{Error, Peer, Phase, Refusal, Secret};
use crate::http::{self, Request, Response};
use crate::json::{Value, decimal, write_string};

/// One call as a machine: do what [`Exchange::proceed`] asks for, tell it what came of that, and ask again.
///
/// | it asks for | do | then tell |
/// |---|---|---|
/// | [`Next::Key`] | ask for the API key | [`Exchange::unlock`] |
/// | [`Next::Send`] | send what [`Exchange::send`] gives | [`Exchange::respond`] with the whole body, or [`Exchange::lose`] |
/// | [`Next::Wait`] | wait so long | – |
/// | [`Next::Done`] | take [`Exchange::finish`] | – |
///
/// A call is made again when that cannot do it twice:
///
/// - after a refusal with 429, which carries nothing out, and after a failure before anything was sent: every call;
/// - after a 408, a 5xx, a lost connection or a timeout, where it may have been carried out: GET, PATCH and DELETE, and those
///   POST calls that may as well be carried out twice (stopping a session, keeping it alive).
///
/// A wait that the service asks for is kept, up to a minute: `Retry-After`, else `X-RateLimit-Reset`, the seconds that
/// are left of its window.
pub struct Exchange {
    operation: Operation,
    settings: Rc<Settings>,
    names: Names,
    key: Option<Secret>,
    /// The spellings being tried.
    spelling: Names,
    /// What the service said to the first spelling of a name, once the second is tried.
    refused: Vec<(Term, Error)>,
    secrets: Vec<Secret>,
    state: State,
    random: u32,
    retries: u32,
    /// An earlier attempt may have been carried out.
    is_uncertain: bool,
}

enum State {
    /// The next attempt is to be made.
    Ready,
    /// Before the next attempt.
    Waiting(Millis),
    /// It is over.
    Ended(Result<String, Error>),
}

/// What an [`Exchange`] needs next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// The API key is to be asked for, anew for each attempt.
    Key,
    /// The request is to be sent.
    Send,
    /// Nothing for so many milliseconds.
    Wait(Millis),
    /// Nothing: it is over.
    Done,
}

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The connection could not be made, so nothing was sent.
    Unsent,
    /// It is not known how far it came.
    Broken,
    /// The attempt took too long.
    Late,
}

impl Loss {
    /// Reads the code that a platform gives an error of the network, such as `ECONNREFUSED`, or `late`.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        // Node's (errno names and undici's own) and Bun's; other platforms tell nothing.
        const UNSENT: [&str; 7] = [
            "ECONNREFUSED",
            "ENOTFOUND",
            "EAI_AGAIN",
            "EHOSTUNREACH",
            "ENETUNREACH",
            "UND_ERR_CONNECT_TIMEOUT",
            "ConnectionRefused",
        ];
        if code == "late" {
            Self::Late
        } else if UNSENT.contains(&code) {
            Self::Unsent
        } else {
            Self::Broken
        }
    }
}

impl Exchange {
    /// A call that is to be made. `seed` is any random number.
    #[must_use]
    pub fn new(operation: Operation, settings: Rc<Settings>, names: Names, seed: u32) -> Self {
        let mut secrets = Vec::new();
        secrets.extend(operation.token.clone());
        if let Some(body) = &operation.body {
            let is_secret = if operation.path == SECRETS {
                is_kept
            } else {
                names_secret
            };
            collect(body, "", is_secret, &mut secrets);
        }
        Self {
            operation,
            settings,
            names,
            key: None,
            spelling: names,
            refused: Vec::new(),
            secrets,
            state: State::Ready,
            random: seed | 1,
            retries: 0,
            is_uncertain: false,
        }
    }

    /// What it needs next. A wait is asked for once.
    pub fn proceed(&mut self) -> Next {
        match self.state {
            State::Ready if self.key.is_none() && self.operation.token.is_none() => Next::Key,
            State::Ready => Next::Send,
            State::Waiting(ms) => {
                self.state = State::Ready;
                Next::Wait(ms)
            }
            State::Ended(_) => Next::Done,
        }
    }

    /// The API key for the next attempt. From here on it is kept out of errors.
    pub fn unlock(&mut self, key: Secret) {
        if !self.secrets.contains(&key) {
            self.secrets.push(key.clone());
        }
        self.key = Some(key);
    }

    /// The request of the next attempt.
    pub fn send(&mut self) -> Request {
        let body = self.operation.body(self.spelling);
        let (method, url) = self.operation.place(&self.settings.base_url, self.spelling);
        let mut headers = Vec::new();
        let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        add("accept", "application/json");
        if body.is_some() {
            add("content-type", "application/json");
        }
        if let Some(token) = &self.operation.token {
            add("authorization", &["Bearer ", token.reveal()].concat());
        } else if let Some(key) = self.key.take() {
            add("x-api-key", key.reveal());
        }
        Request {
            method,
            url,
            headers,
            body,
        }
    }

    /// The response has come, and its whole body.
    pub fn respond(&mut self, response: &Response, body: &str) {
        if response.is_success() {
            let outcome = match data(body, self.operation.gives) {
                Ok(data) => {
                    for term in &self.operation.terms {
                        self.names.settle(*term, self.spelling.is_guides(*term));
                    }
                    Ok(data)
                }
                Err(why) => Err(self.unreadable(response, body, why)),
            };
            return self.end(outcome);
        }
        let peer = match response.status {
            404 if !is_its_own(body) => Peer::Stranger,
            _ => Peer::LiveAvatar,
        };
        let mut error = http::refusal(peer, response, beginning(body));
        if error.retry_after_ms().is_none()
            && let Some(seconds) = response.header("x-ratelimit-reset").and_then(decimal)
            && response.status == 429
        {
            error = error.with_retry_after_ms(seconds * 1000.0);
        }
        match response.status {
            404 if peer == Peer::LiveAvatar && self.is_gone_all_right() => self.end(Ok("null".to_owned())),
            429 => {
                let asked = error.retry_after_ms();
                self.retry(error, asked);
            }
            408 | 500..=599 if self.operation.is_repeatable => {
                let asked = error.retry_after_ms();
                self.is_uncertain = true;
                self.retry(error, asked);
            }
            _ => self.refuse(response.status, peer == Peer::Stranger, body, error),
        }
    }

    /// No answer came.
    pub fn lose(&mut self, loss: Loss) {
        let error = match loss {
            Loss::Late => Error::deadline(Phase::Attempt, self.settings.timeout_ms.unwrap_or_default()),
            _ => Error::unreachable(Peer::LiveAvatar),
        };
        self.is_uncertain |= loss != Loss::Unsent;
        if loss == Loss::Unsent || self.operation.is_repeatable {
            self.retry(error, None);
        } else {
            self.end(Err(error));
        }
    }

    /// The answer's data as JSON, and which names have worked.
    ///
    /// # Errors
    ///
    /// What it ended with, or that nothing was sent when it has not ended.
    pub fn finish(self) -> (Result<String, Error>, Names) {
        let outcome = match self.state {
            State::Ended(outcome) => outcome,
            _ => Err(Error::unreachable(Peer::LiveAvatar)),
        };
        (outcome, self.names)
    }

    /// Whether a 404 is what was wanted: what was to be ended has ended, by this call's own earlier attempt or otherwise.
    fn is_gone_all_right(&self) -> bool {
        self.operation.is_done_if_gone || self.is_uncertain && self.operation.method == "DELETE"
    }

    /// Ends with a refusal, unless the other spelling of a name may be what the service wants.
    fn refuse(&mut self, status: u16, is_strangers: bool, body: &str, error: Error) {
        let names_type = names_field(body, "secret_type");
        let is_refused = |term: &Term| term.is_refused(status, is_strangers, names_type);
        let Some(term) = self.operation.terms.iter().copied().find(is_refused) else {
            // The names were right.
            for (term, _) in &self.refused {
                self.names.settle(*term, self.spelling.is_guides(*term));
            }
            return self.end(Err(error));
        };
        match self.refused.iter().position(|(refused, _)| *refused == term) {
            // Neither is known: what was said to the one that is known to work tells more.
            Some(at) => {
                let (_, first) = self.refused.swap_remove(at);
                self.end(Err(first));
            }
            None if self.names.is_settled(term) => self.end(Err(error)),
            None => {
                self.spelling.turn(term);
                self.refused.push((term, error));
            }
        }
    }

    /// The error for a success whose body is not what it must be.
    fn unreadable(&mut self, response: &Response, body: &str, why: String) -> Error {
        let body = body.trim();
        let is_json = body.starts_with(['{', '[', '"']);
        if why.is_empty() && !is_json {
            return http::refusal(Peer::LiveAvatar, response, beginning(body));
        }
        let mut refusal = Refusal {
            status: response.status,
            request_id: response.request_id().map(str::to_owned),
            ..Refusal::default()
        };
        // What is damaged is not quoted: it may hold a token.
        if let Ok(value) = Value::parse(body) {
            collect(&value, "", is_answered, &mut self.secrets);
            refusal.body = String::from_utf8_lossy(beginning(body)).into_owned();
        }
        if !why.is_empty() {
            refusal.message = Some(why);
        }
        Error::refused(Peer::LiveAvatar, refusal)
    }

    fn retry(&mut self, error: Error, asked_ms: Option<Millis>) {
        match self.settings.policy.wait_ms(self.retries, asked_ms, self.random) {
            Some(wait) => {
                self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                self.retries += 1;
                self.state = State::Waiting(wait);
            }
            None => self.end(Err(error)),
        }
    }

    fn end(&mut self, outcome: Result<String, Error>) {
        let clean = |error| self.secrets.iter().fold(error, Error::without);
        self.state = State::Ended(outcome.map_err(clean));
    }
}

/// The strings of a body that are secrets by the names of their members: a service may quote what it refuses.
fn collect(value: &Value, name: &str, is_secret: fn(&str) -> bool, secrets: &mut Vec<Secret>) {
    match value {
        Value::String(text) if is_secret(&name.to_ascii_lowercase()) => {
            secrets.push(Secret::of_body(text.clone()));
            // As a service quotes it in JSON.
            let mut quoted = String::new();
            write_string(&mut quoted, text);
            let quoted = quoted.get(1..quoted.len() - 1).unwrap_or_default();
            if quoted != text {
                secrets.push(Secret::of_body(quoted.to_owned()));
            }
        }
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| collect(value, name, is_secret, secrets)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, is_secret, secrets)),
        _ => {}
    }
}

/// In a payload: a key or token.
fn names_secret(name: &str) -> bool {
    let is = |word: &str| name.contains(word);
    is("token") || is("key") || is("secret") && !matches!(name, "secret_id" | "secret_name" | "secret_type")
}

/// In a secret that is to be kept: whatever it is called, for a misspelt name makes the key no less a key.
fn is_kept(name: &str) -> bool {
    !matches!(name, "secret_name" | "secret_type")
}

/// In an answer: a token; or the data itself, where it should hold one.
fn is_answered(name: &str) -> bool {
    names_secret(name) || name == "data"
}

/// As much of a body as an error holds.
fn beginning(body: &str) -> &[u8] {
    let bytes = body.as_bytes();
    bytes.get(..http::MAX_BODY).unwrap_or(bytes)
}

/// What stands in the envelope `{code, data, message}`, as JSON; else what is there instead. A success is known by its
/// status alone: the reference writes `code` 100, the live service 1000.
fn data(body: &str, gives: Gives) -> Result<String, String> {
    let body = body.trim();
    if gives == Gives::Nothing && matches!(body, "" | "null") {
        return Ok("null".to_owned());
    }
    if body.is_empty() {
        return Err("an empty body".to_owned());
    }
    let mut envelope = Value::parse(body).map_err(|_| String::new())?;
    if gives == Gives::Nothing && (envelope.get("code").is_some() || envelope.get("data").is_some()) {
        return Ok("null".to_owned());
    }
    let data = match (gives, envelope.take("data")) {
        (Gives::Nothing, _) | (_, None) => return Err("no `data` in it".to_owned()),
        (Gives::Object(member), Some(data)) => {
            if data.get(member).and_then(Value::as_str).unwrap_or_default().is_empty() {
                return Err(["no object with `", member, "` as its `data`"].concat());
            }
            data
        }
        (Gives::Items(member), Some(data)) => {
            if data.get(member).and_then(Value::as_array).is_none() {
                return Err(["no object with a list `", member, "` as its `data`"].concat());
            }
            data
        }
        (Gives::Map, Some(data)) => {
            if data.as_object().is_none() {
                return Err("no object as its `data`".to_owned());
            }
            data
        }
        // It is not paged today. It would be read if it were, but a part must not be taken for all there are.
        (Gives::List, Some(mut data)) => {
            if data.take("next").is_some() {
                return Err("a part of the list only as its `data`".to_owned());
            }
            match data.take("results").unwrap_or(data) {
                list @ Value::Array(_) => list,
                _ => return Err("no list as its `data`".to_owned()),
            }
        }
    };
    let mut json = String::new();
    data.write(&mut json);
    Ok(json)
}

/// Whether a refusal is the service's own: in its envelope, and not about the address. What says «not found» there speaks of
/// the thing; a router, a proxy or another service altogether would speak of the path.
fn is_its_own(body: &str) -> bool {
    let Ok(body) = Value::parse(body.trim()) else {
        return false;
    };
    let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
    matches!(body.get("code"), Some(Value::Number(_)))
        && !message.is_empty()
        && !message.eq_ignore_ascii_case("not found")
}

/// Whether a refusal is about a field, in either of the shapes that it may have.
fn names_field(body: &str, field: &str) -> bool {
    let Ok(body) = Value::parse(body) else {
        return false;
    };
    ["data", "detail"]
        .into_iter()
        .filter_map(|list| body.get(list)?.as_array())
        .flatten()
        .filter_map(|problem| problem.get("loc")?.as_array())
        .any(|loc| loc.iter().any(|part| part.as_str() == Some(field)))
}
