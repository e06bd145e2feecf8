//! The calls of the API as data.

use super::names::Term;
use super::secret::{GUIDE_LLM_TYPE, LLM_TYPE};
use super::validate::{Payload, validate};
use crate::error::{Error, Secret, Severity};
use crate::http;
use crate::json::Value;

/// One call of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The path, in the reference's spelling.
    pub path: &'static str,
    /// What follows the path: an id, as one segment of it.
    pub id: Option<String>,
    /// The session token that it is made with; without one it is made with the API key.
    pub token: Option<Secret>,
    /// What is sent.
    pub body: Option<Value>,
    /// Whether carrying it out twice is the same as once.
    pub is_repeatable: bool,
    /// Whether it is all right if what it is about is not there (404).
    pub is_done_if_gone: bool,
    /// What it is answered with.
    pub gives: Gives,
    /// The name in it that may have to be spelt in another way.
    pub term: Option<Term>,
}

/// An endpoint of the API; what the methods of the client are called is what they are called here.
struct Endpoint {
    name: &'static str,
    method: &'static str,
    /// Without the id.
    path: &'static str,
    takes: Takes,
    /// Whether carrying it out twice is the same as once, where the method does not say so.
    is_repeatable: bool,
    is_done_if_gone: bool,
    gives: Gives,
}

/// What the data of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// None that is looked at.
    Nothing,
    /// An object that has at least this member, a string.
    Object(&'static str),
    /// A list.
    List,
}

/// What an endpoint wants to know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// An id, in the path.
    Id,
    /// A payload.
    Payload,
    /// A payload that is validated before.
    Valid(Payload),
    /// Both.
    IdAndPayload,
    /// A session token, which it is made with.
    Token,
    /// A session token, or a session's id that goes into the body.
    Session,
}

const LLM_CONFIGURATIONS: &str = "/v1/llm-configurations";
pub(super) const SECRETS: &str = "/v1/secrets";

#[rustfmt::skip]
static ENDPOINTS: &[Endpoint] = &[
    endpoint("sessions.createToken", "POST", "/v1/sessions/token", Takes::Valid(Payload::SessionToken)).gives("session_token"),
    endpoint("sessions.start", "POST", "/v1/sessions/start", Takes::Token).gives("session_id"),
    // A session that is gone needs no stopping, and stopping it again does nothing.
    endpoint("sessions.stop", "POST", "/v1/sessions/stop", Takes::Session).repeatable().done_if_gone(),
    endpoint("sessions.keepAlive", "POST", "/v1/sessions/keep-alive", Takes::Session).repeatable(),
    endpoint("secrets.create", "POST", SECRETS, Takes::Valid(Payload::Secret)).gives("id"),
    endpoint("secrets.list", "GET", SECRETS, Takes::Nothing).lists(),
    endpoint("secrets.delete", "DELETE", SECRETS, Takes::Id),
    endpoint("llmConfigurations.create", "POST", LLM_CONFIGURATIONS, Takes::Payload).gives("id"),
    endpoint("llmConfigurations.list", "GET", LLM_CONFIGURATIONS, Takes::Nothing).lists(),
    endpoint("llmConfigurations.get", "GET", LLM_CONFIGURATIONS, Takes::Id).gives("id"),
    endpoint("llmConfigurations.update", "PATCH", LLM_CONFIGURATIONS, Takes::IdAndPayload).gives("id"),
    endpoint("llmConfigurations.delete", "DELETE", LLM_CONFIGURATIONS, Takes::Id),
];

const fn endpoint(name: &'static str, method: &'static str, path: &'static str, takes: Takes) -> Endpoint {
    Endpoint {
        name,
        method,
        path,
        takes,
        is_repeatable: false,
        is_done_if_gone: false,
        gives: Gives::Nothing,
    }
}

impl Endpoint {
    const fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    const fn done_if_gone(mut self) -> Self {
        self.is_done_if_gone = true;
        self
    }

    const fn gives(mut self, member: &'static str) -> Self {
        self.gives = Gives::Object(member);
        self
    }

    const fn lists(mut self) -> Self {
        self.gives = Gives::List;
        self
    }
}

impl Operation {
    /// The call of that name, such as `secrets.create`. `given` holds what it takes: `id`, `payload`, for a session
    /// `target` and `reason`, and `validate`, which is false to send a payload as it is that would be validated.
    ///
    /// # Errors
    ///
    /// A validation error when there is no such call, or something that it takes is missing or not what it must be.
    pub fn new(name: &str, mut given: Value) -> Result<Self, Error> {
        let Some(endpoint) = ENDPOINTS.iter().find(|endpoint| endpoint.name == name) else {
            return Err(Error::invalid_at("", "unknown_operation", "there is no such call"));
        };
        let mut operation = Self {
            method: endpoint.method,
            path: endpoint.path,
            id: None,
            token: None,
            body: None,
            is_repeatable: endpoint.is_repeatable || endpoint.method != "POST",
            is_done_if_gone: endpoint.is_done_if_gone,
            gives: endpoint.gives,
            term: (endpoint.path == LLM_CONFIGURATIONS).then_some(Term::LlmConfigurations),
        };
        if let Takes::Id | Takes::IdAndPayload = endpoint.takes {
            operation.id = Some(id(&given)?);
        }
        match endpoint.takes {
            Takes::Nothing | Takes::Id => {}
            Takes::Payload | Takes::IdAndPayload => operation.body = Some(payload(&mut given)?),
            Takes::Valid(what) => {
                let mut payload = payload(&mut given)?;
                if payload.get("secret_type").and_then(Value::as_str) == Some(GUIDE_LLM_TYPE) {
                    spell(&mut payload, LLM_TYPE);
                }
                if given.get("validate") != Some(&Value::Bool(false)) {
                    refuse_wrong(what, &payload)?;
                }
                operation.body = Some(payload);
            }
            Takes::Token => operation.token = Some(token(&given)?),
            Takes::Session => operation.target(&mut given)?,
        }
        let kind = operation.body.as_ref().and_then(|body| body.get("secret_type"));
        if let Some(LLM_TYPE | GUIDE_LLM_TYPE) = kind.and_then(Value::as_str) {
            operation.term = Some(Term::LlmSecretType);
        }
        Ok(operation)
    }

    /// A session is named by its token, or by its id in the body.
    fn target(&mut self, given: &mut Value) -> Result<(), Error> {
        let mut body = Vec::new();
        let reason = given.take("reason");
        match (
            token(given),
            given.get("target").and_then(|target| target.get("session_id")),
        ) {
            (Ok(token), _) => self.token = Some(token),
            (Err(_), Some(Value::String(id))) if !id.is_empty() => {
                body.push(("session_id".to_owned(), Value::String(id.clone())));
                // With a body but without a reason the service would note that it is unknown.
                if reason.is_none() && self.is_done_if_gone {
                    body.push(("reason".to_owned(), Value::String("USER_CLOSED".to_owned())));
                }
            }
            (Err(error), _) => return Err(error),
        }
        if let Some(reason) = reason {
            body.push(("reason".to_owned(), reason));
        }
        self.body = (!body.is_empty()).then_some(Value::Object(body));
        Ok(())
    }

    /// The address under a base URL, in one of the path's spellings.
    pub(super) fn url(&self, base_url: &str, is_guides: bool) -> String {
        let path = match self.term {
            Some(Term::LlmConfigurations) if is_guides => "/v1/llm_configurations",
            _ => self.path,
        };
        let mut url = http::endpoint(base_url, path, &[]);
        if let Some(id) = &self.id {
            url.push('/');
            url.push_str(id);
        }
        url
    }

    /// The body as JSON, in one of its spellings.
    pub(super) fn body(&mut self, is_guides: bool) -> Option<String> {
        let body = self.body.as_mut()?;
        if self.term == Some(Term::LlmSecretType) {
            spell(body, if is_guides { GUIDE_LLM_TYPE } else { LLM_TYPE });
        }
        let mut json = String::new();
        body.write(&mut json);
        Some(json)
    }
}

/// Writes the type of a secret in one of its spellings.
fn spell(secret: &mut Value, kind: &str) {
    if let Value::Object(members) = secret {
        for (name, value) in members {
            if name == "secret_type" {
                *value = Value::String(kind.to_owned());
            }
        }
    }
}

fn id(given: &Value) -> Result<String, Error> {
    match given.get("id").and_then(Value::as_str) {
        // A segment that is but dots would be resolved away.
        Some(id) if !id.bytes().all(|byte| byte == b'.') => Ok(http::segment(id)),
        _ => Err(Error::invalid_at(
            "/id",
            "wrong_type",
            "`id` must be a string that is not empty, such as the `id` of what was created or listed",
        )),
    }
}

fn payload(given: &mut Value) -> Result<Value, Error> {
    match given.take("payload") {
        Some(payload @ Value::Object(_)) => Ok(payload),
        other => {
            let found = other.as_ref().map_or("missing", Value::describe);
            Err(Error::invalid_at(
                "",
                "wrong_type",
                ["what is sent must be an object, it is ", found].concat(),
            ))
        }
    }
}

/// Refuses a payload that the service would refuse, with everything that was found, what it would refuse first.
fn refuse_wrong(what: Payload, payload: &Value) -> Result<(), Error> {
    let mut json = String::new();
    payload.write(&mut json);
    let mut found = validate(what, &json);
    let mut issues = Vec::with_capacity(found.len());
    // Not by sorting, whose code is larger than all of this file's.
    for severity in [Severity::Error, Severity::Warning] {
        let mut rest = Vec::new();
        for issue in found {
            if issue.severity == severity {
                issues.push(issue);
            } else {
                rest.push(issue);
            }
        }
        found = rest;
    }
    match issues.first() {
        Some(first) if first.severity == Severity::Error => Err(Error::invalid(issues)),
        _ => Ok(()),
    }
}

/// The session token that is given: as it is, or as `session_token` of what `createToken` gave.
fn token(given: &Value) -> Result<Secret, Error> {
    let target = given.get("target");
    let token = target.and_then(|target| target.as_str().or_else(|| target.get("session_token")?.as_str()));
    let problem = match token {
        Some(token) if !token.is_empty() => match Secret::new(token.to_owned()) {
            Ok(secret) => return Ok(secret),
            Err(_) => "the session token holds white space or a character that cannot stand in a header",
        },
        _ => {
            "a session must be named by its token, by { session_token }, or, to stop it or keep it alive, by { session_id }"
        }
    };
    Err(Error::invalid_at("/target", "bad_target", problem))
}
