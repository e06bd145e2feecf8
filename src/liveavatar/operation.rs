//! The calls of the API as data.

use super::names::{Names, Term};
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
    /// The path, in the reference's spelling; `{}` stands for the id.
    pub path: &'static str,
    /// An id, as one segment of the path.
    pub id: String,
    /// What is asked for more closely.
    pub query: Vec<(String, String)>,
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
    /// The names in it that may have to be spelt in another way.
    pub terms: Vec<Term>,
}

/// An endpoint of the API; what the methods of the client are called is what they are called here.
struct Endpoint {
    name: &'static str,
    method: &'static str,
    /// `{}` stands for an id that it takes.
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
    /// An object that has at least this member, a list.
    Items(&'static str),
    /// An object whose members the service names.
    Map,
    /// A list.
    List,
}

/// What an endpoint wants to know, besides an id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// A query.
    Query,
    /// A payload.
    Payload,
    /// A payload that is validated before.
    Valid(Payload),
    /// A session token, which it is made with.
    Token,
    /// A session token, or a session's id that goes into the body.
    Session,
}

pub(super) const SECRETS: &str = "/v1/secrets";
const LLM_CONFIGURATION: &str = "/v1/llm-configurations/{}";
const SESSION: &str = "/v1/sessions/{}";
const CONTEXT: &str = "/v1/contexts/{}";
const AVATAR: &str = "/v1/avatars/{}";
const VOICE: &str = "/v1/voices/{}";
const MEMORY: &str = "/v1/memory/{}";

/// The reference of the API, 2.1. Those that it lets anybody ask are asked with the key all the same, by which the service
/// counts requests; else it would count by address.
#[rustfmt::skip]
static ENDPOINTS: &[Endpoint] = &[
    endpoint("sessions.createToken", "POST", "/v1/sessions/token", Takes::Valid(Payload::SessionToken)).gives("session_token"),
    endpoint("sessions.start", "POST", "/v1/sessions/start", Takes::Token).gives("session_id"),
    // A session that is gone needs no stopping, and stopping it again does nothing.
    endpoint("sessions.stop", "POST", "/v1/sessions/stop", Takes::Session).repeatable().done_if_gone(),
    endpoint("sessions.keepAlive", "POST", "/v1/sessions/keep-alive", Takes::Session).repeatable(),
    endpoint("sessions.list", "GET", "/v1/sessions", Takes::Query).pages(),
    endpoint("sessions.get", "GET", SESSION, Takes::Nothing).gives("id"),
    endpoint("sessions.transcript", "GET", "/v1/sessions/{}/transcript", Takes::Query).items("transcript_data"),
    endpoint("sessions.deleteEvents", "DELETE", "/v1/sessions/{}/events", Takes::Nothing),
    endpoint("secrets.create", "POST", SECRETS, Takes::Valid(Payload::Secret)).gives("id"),
    endpoint("secrets.list", "GET", SECRETS, Takes::Nothing).lists(),
    endpoint("secrets.delete", "DELETE", "/v1/secrets/{}", Takes::Nothing),
    endpoint("llmConfigurations.create", "POST", "/v1/llm-configurations", Takes::Payload).gives("id"),
    endpoint("llmConfigurations.list", "GET", "/v1/llm-configurations", Takes::Nothing).lists(),
    endpoint("llmConfigurations.get", "GET", LLM_CONFIGURATION, Takes::Nothing).gives("id"),
    endpoint("llmConfigurations.update", "PATCH", LLM_CONFIGURATION, Takes::Payload).gives("id"),
    endpoint("llmConfigurations.delete", "DELETE", LLM_CONFIGURATION, Takes::Nothing),
    endpoint("contexts.create", "POST", "/v1/contexts", Takes::Payload).gives("id"),
    endpoint("contexts.list", "GET", "/v1/contexts", Takes::Query).pages(),
    endpoint("contexts.get", "GET", CONTEXT, Takes::Nothing).gives("id"),
    endpoint("contexts.update", "PATCH", CONTEXT, Takes::Payload).gives("id"),
    endpoint("contexts.delete", "DELETE", CONTEXT, Takes::Nothing),
    endpoint("avatars.list", "GET", "/v1/avatars", Takes::Query).pages(),
    endpoint("avatars.listPublic", "GET", "/v1/avatars/public", Takes::Query).pages(),
    endpoint("avatars.get", "GET", AVATAR, Takes::Nothing).gives("id"),
    endpoint("avatars.update", "PATCH", AVATAR, Takes::Payload).gives("id"),
    endpoint("avatars.delete", "DELETE", AVATAR, Takes::Nothing),
    endpoint("voices.list", "GET", "/v1/voices", Takes::Query).pages(),
    endpoint("voices.get", "GET", VOICE, Takes::Nothing).gives("id"),
    endpoint("voices.update", "PATCH", VOICE, Takes::Payload).gives("id"),
    endpoint("voices.delete", "DELETE", VOICE, Takes::Nothing),
    endpoint("voices.preview", "GET", "/v1/voices/{}/preview", Takes::Nothing).gives("audio_base64"),
    endpoint("voices.thirdParty", "POST", "/v1/voices/third_party", Takes::Payload).gives("voice_id"),
    endpoint("voiceAgents.list", "GET", "/v1/voice_agents", Takes::Nothing).lists(),
    // Which members it has is not documented.
    endpoint("voiceAgents.get", "GET", "/v1/voice_agents/{}", Takes::Nothing).map(),
    endpoint("memory.create", "POST", "/v1/memory", Takes::Payload).gives("id"),
    endpoint("memory.list", "GET", "/v1/memory", Takes::Query).pages(),
    endpoint("memory.get", "GET", MEMORY, Takes::Nothing).gives("id"),
    endpoint("memory.delete", "DELETE", MEMORY, Takes::Nothing),
    endpoint("llmModels", "GET", "/v1/llm-models", Takes::Nothing).map(),
    endpoint("languages", "GET", "/v1/languages", Takes::Nothing).lists(),
    endpoint("credits", "GET", "/v1/users/credits", Takes::Nothing).gives("credits_left"),
    endpoint("embeddings", "POST", "/v2/embeddings", Takes::Payload).gives("embed_id"),
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

    const fn items(mut self, member: &'static str) -> Self {
        self.gives = Gives::Items(member);
        self
    }

    const fn pages(self) -> Self {
        self.items("results")
    }

    const fn map(mut self) -> Self {
        self.gives = Gives::Map;
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
            id: String::new(),
            query: Vec::new(),
            token: None,
            body: None,
            is_repeatable: endpoint.is_repeatable || endpoint.method != "POST",
            is_done_if_gone: endpoint.is_done_if_gone,
            gives: endpoint.gives,
            terms: Term::of(endpoint.method, endpoint.path),
        };
        if endpoint.path.contains("{}") {
            operation.id = id(&given)?;
        }
        match endpoint.takes {
            Takes::Nothing => {}
            Takes::Query => operation.query = query(&given)?,
            Takes::Payload => operation.body = Some(payload(&mut given)?),
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
            operation.terms.push(Term::LlmSecretType);
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

    /// The method, and the address under a base URL, in the spellings that `names` has.
    pub(super) fn place(&self, base_url: &str, names: Names) -> (&'static str, String) {
        let (path, after) = self.path.split_once("{}").unwrap_or((self.path, ""));
        let mut method = self.method;
        let mut path = [path, &self.id, after].concat();
        for term in &self.terms {
            let (verb, part, instead) = term.guides();
            if names.is_guides(*term) {
                if !verb.is_empty() {
                    method = verb;
                }
                // Ids stand behind it.
                if let Some((before, after)) = path.split_once(part) {
                    path = [before, instead, after].concat();
                }
            }
        }
        (method, http::endpoint(base_url, &path, &self.query))
    }

    /// The body as JSON, in the spellings that `names` has.
    pub(super) fn body(&mut self, names: Names) -> Option<String> {
        let body = self.body.as_mut()?;
        if self.terms.contains(&Term::LlmSecretType) {
            let is_guides = names.is_guides(Term::LlmSecretType);
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

/// The members of a query as texts. What is `null` is left out.
fn query(given: &Value) -> Result<Vec<(String, String)>, Error> {
    let mut query = Vec::new();
    for (name, value) in given.get("query").and_then(Value::as_object).unwrap_or_default() {
        let mut text = String::new();
        match value {
            Value::Null => continue,
            Value::String(written) => text.push_str(written),
            Value::Number(_) | Value::Bool(_) => value.write(&mut text),
            _ => {
                return Err(Error::invalid_at(
                    ["/", name].concat(),
                    "wrong_type",
                    ["`", name, "` must be a string, a number or a boolean"].concat(),
                ));
            }
        }
        query.push((name.clone(), text));
    }
    Ok(query)
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
pub(super) fn refuse_wrong(what: Payload, payload: &Value) -> Result<(), Error> {
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
