//! The one error of this crate, and the wrapper that keeps keys out of it.

use std::fmt;

use serde::Serialize;

/// What went wrong: in which family, where, and what to do about it.
///
/// The message is part of the contract: it names the field or the phase, says what was wrong with it and what to write
/// instead. No message and no debug form holds a key; see [`Secret`].
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Details>);

/// The parts of an [`Error`] as they are handed to JavaScript: absent members are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    family: Family,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issues: Vec<Issue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<StreamKind>,
}

/// Which error class a JavaScript caller catches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Family {
    /// A value that the caller gave, or that a function of theirs gave, is not what it must be.
    Validation,
    /// The other side answered with a status that means no.
    Api,
    /// There was no answer, or the connection broke.
    Connection,
    /// A deadline passed.
    Deadline,
    /// The answer came, but is not a whole, readable message.
    Stream,
    /// The developer's own code failed.
    Source,
}

/// The other side, which an error speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Where completions come from.
    Upstream,
    /// The service whose API is called.
    LiveAvatar,
    /// Whoever is where the service should be.
    Stranger,
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Upstream => "the upstream",
            Self::LiveAvatar => "LiveAvatar",
            Self::Stranger => "what is at `baseUrl`",
        }
    }
}

/// The deadline that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// From sending an attempt to the end of its answer.
    Attempt,
    /// From an attempt's beginning, before its key is asked for, to its response headers.
    Headers,
    /// From an attempt's beginning to the first piece of its message.
    FirstToken,
    /// The longest silence between two reads, once there are headers.
    Idle,
    /// The whole call, retries and their waits included.
    Total,
    /// The developer's own `prepare`, before a source is asked.
    Prepare,
}

/// In which way a stream is not a whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StreamKind {
    /// It stopped before a finish reason or `[DONE]`.
    Truncated,
    /// It ended without any message in it.
    Empty,
    /// The upstream reported an error inside it.
    Error,
    /// A part of it could not be read.
    Malformed,
    /// One event or value was larger than the buffer may grow.
    TooLarge,
    /// It is whole, but not the JSON that was asked for.
    NotJson,
}

/// One thing that is wrong with a value, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// RFC 6901 JSON pointer to the value; empty for the whole.
    pub path: String,
    /// Stable name of the rule that was broken.
    pub code: &'static str,
    /// What is wrong and what to write instead.
    pub message: String,
    /// Whether it would be refused, or only regretted.
    pub severity: Severity,
    /// The member or value that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// How bad an [`Issue`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The other side would refuse it.
    Error,
    /// It would be accepted in silence, and regretted.
    Warning,
}

impl Issue {
    /// An issue of severity `Error`.
    pub fn error(path: impl AsRef<str>, code: &'static str, message: impl AsRef<str>) -> Self {
        Self::new(path.as_ref(), code, message.as_ref(), Severity::Error)
    }

    /// An issue of severity `Warning`.
    pub fn warning(path: impl AsRef<str>, code: &'static str, message: impl AsRef<str>) -> Self {
        Self::new(path.as_ref(), code, message.as_ref(), Severity::Warning)
    }

    // In one place for all who make an issue: each copy of it would be a hundred bytes of the module.
    #[inline(never)]
    fn new(path: &str, code: &'static str, message: &str, severity: Severity) -> Self {
        Self {
            path: path.to_owned(),
            code,
            message: message.to_owned(),
            severity,
            suggestion: None,
        }
    }
}

/// A JSON pointer (RFC 6901).
pub(crate) fn pointer(path: &[&str]) -> String {
    path.iter().fold(String::new(), |pointer, part| {
        pointer + "/" + &part.replace('~', "~0").replace('/', "~1")
    })
}

/// What the other side said when it refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Its own words, if it had any.
    pub message: Option<String>,
    /// Its own code, as text.
    pub service_code: Option<String>,
    /// The body as text, at most as much of it as was read.
    pub body: String,
    /// Its id for the request.
    pub request_id: Option<String>,
    /// How long it asks to wait, in milliseconds.
    pub retry_after_ms: Option<f64>,
}

impl Error {
    fn new(family: Family, code: &'static str, message: String) -> Self {
        Self(Box::new(Details {
            family,
            code,
            message,
            issues: Vec::new(),
            status: None,
            service_code: None,
            body: None,
            request_id: None,
            retry_after_ms: None,
            phase: None,
            kind: None,
        }))
    }

    /// Something the caller gave is not usable, with every reason found.
    #[must_use]
    pub fn invalid(issues: Vec<Issue>) -> Self {
        let message = match issues.as_slice() {
            [] => "not valid".to_owned(),
            [only] => only.message.clone(),
            [first, rest @ ..] => {
                format!("{} (and {} more, see `issues`)", first.message, rest.len())
            }
        };
        let code = issues.first().map_or("invalid", |issue| issue.code);
        let mut error = Self::new(Family::Validation, code, message);
        error.0.issues = issues;
        error
    }

    /// One value the caller gave is not usable.
    pub fn invalid_at(path: impl AsRef<str>, code: &'static str, message: impl AsRef<str>) -> Self {
        Self::invalid(vec![Issue::error(path, code, message)])
    }

    /// The other side answered with a status that means no.
    #[must_use]
    pub fn refused(peer: Peer, refusal: Refusal) -> Self {
        let Refusal {
            status,
            message,
            service_code,
            body,
            request_id,
            retry_after_ms,
        } = refusal;
        let (code, did) = match status {
            0 | 300..=399 => ("redirected", "redirects"),
            200..=299 => ("unreadable", "answered something that cannot be read"),
            400 | 422 => ("bad_request", "did not accept the request"),
            401 => ("unauthorized", "did not accept the key"),
            403 => ("forbidden", "does not allow this to the key"),
            404 if peer == Peer::LiveAvatar => ("not_found", "has no such thing"),
            404 if peer == Peer::Stranger => ("wrong_address", "seems not to be LiveAvatar's API"),
            404 => ("not_found", "has nothing at this address, or no such model"),
            408 | 504 => ("timed_out", "gave up waiting"),
            429 => (
                "rate_limited",
                "takes no more requests for now, or the quota is used up",
            ),
            500..=599 => ("server_error", "failed"),
            _ => ("refused", "refused the request"),
        };
        // A status of 0 is one that the platform hides.
        let number = if status == 0 {
            String::new()
        } else {
            format!(" ({status})")
        };
        let said = message.map_or_else(String::new, |message| format!(": {message}"));
        let mut error = Self::new(Family::Api, code, format!("{} {did}{number}{said}", peer.name()));
        error.0.status = Some(status);
        error.0.service_code = service_code;
        error.0.body = Some(body);
        error.0.request_id = request_id;
        error.0.retry_after_ms = retry_after_ms;
        error
    }

    /// No answer came.
    #[must_use]
    pub fn unreachable(peer: Peer) -> Self {
        Self::new(
            Family::Connection,
            "connection_failed",
            format!(
                "no answer from {}: check the base URL, the network and, in a page, CORS; `cause` has the platform's reason",
                peer.name()
            ),
        )
    }

    /// The developer's own code, which should have answered, failed.
    #[must_use]
    pub fn source() -> Self {
        Self::new(
            Family::Source,
            "source_failed",
            "the endpoint's source threw an error: `cause` has it".to_owned(),
        )
    }

    /// The body broke off with an error of the connection.
    #[must_use]
    pub fn lost() -> Self {
        Self::new(
            Family::Connection,
            "connection_lost",
            "the connection broke while the answer was streaming; `cause` has the platform's reason".to_owned(),
        )
    }

    /// A deadline of `limit_ms` passed.
    #[must_use]
    pub fn deadline(phase: Phase, limit_ms: f64) -> Self {
        let who = match phase {
            Phase::Attempt => Peer::LiveAvatar.name(),
            Phase::Prepare => "`prepare`",
            _ => Peer::Upstream.name(),
        };
        let (code, what, option) = match phase {
            Phase::Attempt => ("deadline_attempt", "no answer", "timeoutMs"),
            Phase::Headers => ("deadline_headers", "no response headers", "timeouts.headersMs"),
            Phase::FirstToken => ("deadline_first_token", "no first token", "timeouts.firstTokenMs"),
            Phase::Idle => ("deadline_idle", "silence", "timeouts.idleMs"),
            Phase::Total => ("deadline_total", "not done", "timeouts.totalMs"),
            Phase::Prepare => ("deadline_prepare", "no prepared request", "timeouts.firstTokenMs"),
        };
        // Whole milliseconds are enough to know it by.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates"
        )]
        let limit_ms = limit_ms as u64;
        let mut error = Self::new(
            Family::Deadline,
            code,
            format!("{what} after {limit_ms} ms: raise `{option}` if {who} needs longer"),
        );
        error.0.phase = Some(phase);
        error
    }

    /// The answer is not a whole, readable message.
    #[must_use]
    pub fn stream(kind: StreamKind, message: impl Into<String>) -> Self {
        let code = match kind {
            StreamKind::Truncated => "stream_truncated",
            StreamKind::Empty => "stream_empty",
            StreamKind::Error => "stream_error",
            StreamKind::Malformed => "stream_malformed",
            StreamKind::TooLarge => "stream_too_large",
            StreamKind::NotJson => "stream_not_json",
        };
        let mut error = Self::new(Family::Stream, code, message.into());
        error.0.kind = Some(kind);
        error
    }

    /// The same error with the upstream's own code for it.
    #[must_use]
    pub fn with_service_code(mut self, code: Option<String>) -> Self {
        self.0.service_code = code;
        self
    }

    /// The same error with the HTTP status it belongs to.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The same error with how long the other side asks to wait, in milliseconds.
    #[must_use]
    pub fn with_retry_after_ms(mut self, wait: f64) -> Self {
        self.0.retry_after_ms = Some(wait);
        self
    }

    /// The same error with the secret blotted out of its texts; see [`Secret::blot`].
    #[must_use]
    pub fn without(mut self, secret: &Secret) -> Self {
        for text in [
            Some(&mut self.0.message),
            self.0.body.as_mut(),
            self.0.service_code.as_mut(),
            self.0.request_id.as_mut(),
        ]
        .into_iter()
        .flatten()
        {
            secret.blot(text);
        }
        self
    }

    /// Which class of error this is.
    #[must_use]
    pub fn family(&self) -> Family {
        self.0.family
    }

    /// Stable name of what went wrong.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// JSON pointer to the first value that is wrong, for validation errors.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.issues.first().map(|issue| issue.path.as_str())
    }

    /// HTTP status, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The other side's own code for what went wrong, as text.
    #[must_use]
    pub fn service_code(&self) -> Option<&str> {
        self.0.service_code.as_deref()
    }

    /// How long the other side asks to wait, in milliseconds.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<f64> {
        self.0.retry_after_ms
    }

    /// In which way a stream was not whole.
    #[must_use]
    pub fn kind(&self) -> Option<StreamKind> {
        self.0.kind
    }

    /// The deadline that passed.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// Everything found wrong with a value the caller gave.
    #[must_use]
    pub fn issues(&self) -> &[Issue] {
        &self.0.issues
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A key or token. Its debug form is dots; only [`Secret::reveal`] gives it away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Shorter secrets are not looked for in texts: blotting out every «a» would hide everything but the secret.
    const SHORTEST_BLOTTED: usize = 4;

    /// Wraps a key, which must be fit for an HTTP header.
    ///
    /// # Errors
    ///
    /// A validation error when it is empty, has white space around it or holds a character that no header may: a key
    /// read from a file or a variable often ends in a line break, and the request would fail without a word about it.
    pub fn new(key: String) -> Result<Self, Error> {
        match Self::problem(&key) {
            None => Ok(Self(key)),
            Some(problem) => Err(Error::invalid_at(
                "/apiKey",
                "bad_key",
                format!("the API key {problem}"),
            )),
        }
    }

    /// Why a key is not fit for a header, as the end of a sentence, if it is not.
    #[must_use]
    pub fn problem(key: &str) -> Option<&'static str> {
        if key.is_empty() {
            Some("is empty: give the key")
        } else if key.trim().len() != key.len() {
            Some("has white space or a line break around it: trim it")
        } else if key.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            Some("holds a line break or control character: paste it again, in one line")
        } else if !key.is_ascii() {
            Some("holds a character that is not ASCII, such as a dash or quote of a word processor: paste it again")
        } else {
            None
        }
    }

    /// Wraps a text that is sent in a body, and needs not be fit for a header.
    pub(crate) fn of_body(text: String) -> Self {
        Self(text)
    }

    /// The key itself, for the header it goes into.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Replaces every occurrence of the secret in `text` by dots, and its beginning where the text was cut within it.
    pub fn blot(&self, text: &mut String) {
        const DOTS: &str = "•••";
        // As it is, and as JSON of PHP has it.
        for form in [&self.0, &self.0.replace('/', "\\/")] {
            if form.len() >= Self::SHORTEST_BLOTTED && text.contains(form) {
                *text = text.replace(form, DOTS);
            }
        }
        let beginning = (Self::SHORTEST_BLOTTED..self.0.len())
            .rev()
            .filter_map(|length| self.0.get(..length))
            .find_map(|beginning| text.strip_suffix(beginning));
        if let Some(rest) = beginning {
            *text = format!("{rest}{DOTS}");
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}
