//! Everything to a session that can be asked for: the avatar and its voice looked at, a context, an LLM.

use super::build::{assemble, build};
use super::connect_llm::{ConnectLlm, text};
use super::plan::{Plan, Then, call};
use crate::error::Error;
use crate::json::Value;

/// Sees to it that there is what a session needs, and gives its payload. What can be looked at is looked at before anything is
/// made; then a context of this name is found, made, or changed to what is wanted, and the LLM is made known. It decides by what
/// is there alone, so that a run that was cut off between any two steps is completed by the next. If the LLM cannot be made
/// known, the context is taken back where this run made it.
pub struct Connect {
    llm: ConnectLlm,
    name: String,
    /// As [`build`] takes it.
    session: Vec<(String, Value)>,
    /// What a context of that name is to be; without, the session names one.
    prompt: Option<String>,
    opening: Value,
    step: Step,
    page: u32,
    /// The context that this run made.
    made: String,
    failure: Option<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Avatar,
    PublicAvatars,
    Voice,
    Contexts,
    Context,
    Create,
    Update,
    Llm,
    TakeBack,
}

/// Stands for the id of what is not there yet.
const PLACEHOLDER: &str = "00000000-0000-4000-8000-000000000000";

impl Connect {
    /// `given` holds `avatar_id`, `context` and `session`, the last as [`build`] takes it.
    ///
    /// # Errors
    ///
    /// A validation error with everything that would be wrong with the session or is with the context.
    pub fn new(llm: ConnectLlm, name: &str, given: &mut Value) -> Result<Self, Error> {
        let mut session = match given.take("session") {
            Some(Value::Object(members)) => members,
            None | Some(Value::Null) => Vec::new(),
            Some(_) => {
                return Err(Error::invalid_at(
                    "/session",
                    "wrong_type",
                    "`session` must be an object",
                ));
            }
        };
        // As a payload has them, or beside the others.
        for holder in ["avatar_persona", "voice_agent"] {
            let at = session.iter().position(|(known, _)| known == holder);
            if let Some((_, Value::Object(members))) = at.map(|at| session.swap_remove(at)) {
                for (inner, value) in members {
                    let name = if holder == "voice_agent" && inner == "id" {
                        "voice_agent_id".to_owned()
                    } else {
                        inner
                    };
                    session.push((name, value));
                }
            }
        }
        if let Some(avatar) = given.take("avatar_id") {
            set(&mut session, "avatar_id", avatar);
        }
        let context = given.take("context").unwrap_or(Value::Null);
        let (prompt, opening) = match (context.get("context_id"), context.get("prompt")) {
            (Some(id), None) => {
                set(&mut session, "context_id", id.clone());
                (None, Value::Null)
            }
            (None, Some(Value::String(prompt))) => {
                set(&mut session, "context_id", Value::String(PLACEHOLDER.to_owned()));
                let opening = context.get("opening_text").cloned().unwrap_or(Value::Null);
                (Some(prompt.clone()), opening)
            }
            _ => {
                let message = "`context` must be either { prompt, opening_text } or { context_id }: without one the avatar answers nothing";
                return Err(Error::invalid_at("/context", "exactly_one", message));
            }
        };
        set(
            &mut session,
            "llm_configuration_id",
            Value::String(PLACEHOLDER.to_owned()),
        );
        build(&written(&session))?;
        Ok(Self {
            llm,
            name: name.to_owned(),
            session,
            prompt,
            opening,
            step: Step::Avatar,
            page: 1,
            made: String::new(),
            failure: None,
        })
    }

    fn member(&self, name: &str) -> &str {
        let found = self.session.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn ask(&mut self, step: Step, operation: &str, id: &str) -> Then {
        self.step = step;
        call(operation, vec![("id", Value::String(id.to_owned()))])
    }

    fn ask_page(&mut self, step: Step, operation: &str) -> Then {
        if self.step != step {
            self.page = 1;
        }
        self.step = step;
        let number = |number: u32| Value::String(number.to_string());
        let query = vec![
            ("page".to_owned(), number(self.page)),
            ("page_size".to_owned(), number(100)),
        ];
        self.page += 1;
        call(operation, vec![("query", Value::Object(query))])
    }

    fn fail(&mut self, error: Error) -> Then {
        if self.made.is_empty() {
            return Then::Done(Err(error));
        }
        self.failure = Some(error);
        let id = std::mem::take(&mut self.made);
        self.ask(Step::TakeBack, "contexts.delete", &id)
    }

    /// The avatar is there.
    fn check_avatar(&mut self, avatar: &Value) -> Then {
        let is_expired = avatar.get("is_expired") == Some(&Value::Bool(true));
        if is_expired || text(avatar, "status") == "FAILED" {
            let message = "the avatar can no longer be used: it has expired, or making it failed";
            return Then::Done(Err(Error::invalid_at("/avatar_id", "bad_avatar", message)));
        }
        let voice = self.member("voice_id").to_owned();
        if !voice.is_empty() {
            return self.ask(Step::Voice, "voices.get", &voice);
        }
        if avatar.get("default_voice") == Some(&Value::Null) && self.member("voice_agent_id").is_empty() {
            let message = "the avatar has no voice of its own: give the session a `voice_id`";
            return Then::Done(Err(Error::invalid_at("/session/voice_id", "missing", message)));
        }
        self.find_context()
    }

    fn find_context(&mut self) -> Then {
        if self.prompt.is_some() {
            self.ask_page(Step::Contexts, "contexts.list")
        } else {
            self.begin_llm()
        }
    }

    /// Makes a context, or changes the one there is.
    fn write_context(&mut self, found: Option<&Value>) -> Then {
        let mut payload = vec![
            ("name".to_owned(), Value::String(self.name.clone())),
            (
                "prompt".to_owned(),
                Value::String(self.prompt.clone().unwrap_or_default()),
            ),
            ("opening_text".to_owned(), self.opening.clone()),
        ];
        let Some(found) = found else {
            self.step = Step::Create;
            return call("contexts.create", vec![("payload", Value::Object(payload))]);
        };
        // A change replaces all.
        if let Some(links) = found.get("links") {
            payload.push(("links".to_owned(), links.clone()));
        }
        self.step = Step::Update;
        let id = Value::String(text(found, "id").to_owned());
        call("contexts.update", vec![("id", id), ("payload", Value::Object(payload))])
    }

    fn use_context(&mut self, context: &Value) -> Then {
        let id = text(context, "id").to_owned();
        if self.step == Step::Create {
            self.made.clone_from(&id);
        }
        set(&mut self.session, "context_id", Value::String(id));
        self.begin_llm()
    }

    fn begin_llm(&mut self) -> Then {
        self.step = Step::Llm;
        let then = self.llm.begin();
        self.go(then)
    }

    /// The LLM's own plan goes on, or is at its end.
    fn go(&mut self, then: Then) -> Then {
        match then {
            Then::Call(operation) => Then::Call(operation),
            Then::Done(Err(error)) => self.fail(error),
            Then::Done(Ok(json)) => {
                let connected = Value::parse(&json).unwrap_or(Value::Null);
                let id = Value::String(text(&connected, "llm_configuration_id").to_owned());
                set(&mut self.session, "llm_configuration_id", id);
                let mut json = String::new();
                assemble(std::mem::take(&mut self.session)).write(&mut json);
                Then::Done(Ok(json))
            }
        }
    }
}

impl Plan for Connect {
    fn begin(&mut self) -> Then {
        // In the sandbox it need not be said, and is known.
        match self.member("avatar_id").to_owned() {
            avatar if avatar.is_empty() => self.find_context(),
            avatar => self.ask(Step::Avatar, "avatars.get", &avatar),
        }
    }

    fn next(&mut self, answer: Result<&str, Error>) -> Then {
        if self.step == Step::Llm {
            let then = self.llm.next(answer);
            return self.go(then);
        }
        let data = match (self.step, answer) {
            (Step::TakeBack, _) => {
                let error = self.failure.take();
                return Then::Done(Err(error.unwrap_or_else(super::connect_llm::unexpected)));
            }
            (_, Ok(json)) => Value::parse(json).unwrap_or(Value::Null),
            // Whether one that belongs to everybody is found by its id is not documented.
            (Step::Avatar, Err(error)) if error.code() == "not_found" => {
                self.failure = Some(error);
                return self.ask_page(Step::PublicAvatars, "avatars.listPublic");
            }
            // It was deleted since it was listed.
            (Step::Context, Err(error)) if error.code() == "not_found" => return self.write_context(None),
            (_, Err(error)) => return Then::Done(Err(error)),
        };
        let results = data.get("results").and_then(Value::as_array).unwrap_or_default();
        let has_more = !results.is_empty() && matches!(data.get("next"), Some(Value::String(_)));
        match self.step {
            Step::Avatar => self.check_avatar(&data),
            Step::PublicAvatars => {
                let avatar = self.member("avatar_id");
                match results.iter().find(|one| text(one, "id").eq_ignore_ascii_case(avatar)) {
                    Some(found) => self.check_avatar(found),
                    None if has_more => self.ask_page(Step::PublicAvatars, "avatars.listPublic"),
                    None => Then::Done(Err(self.failure.take().unwrap_or_else(super::connect_llm::unexpected))),
                }
            }
            Step::Voice => self.find_context(),
            Step::Contexts => match results.iter().find(|one| text(one, "name") == self.name) {
                Some(found) => self.ask(Step::Context, "contexts.get", text(found, "id")),
                None if has_more => self.ask_page(Step::Contexts, "contexts.list"),
                None => self.write_context(None),
            },
            Step::Context => {
                let is_same = Some(text(&data, "prompt")) == self.prompt.as_deref()
                    && data.get("opening_text").unwrap_or(&Value::Null) == &self.opening;
                if is_same {
                    self.use_context(&data)
                } else {
                    self.write_context(Some(&data))
                }
            }
            Step::Create | Step::Update | Step::Llm | Step::TakeBack => self.use_context(&data),
        }
    }

    fn registers(&self) -> Option<&str> {
        self.llm.registers()
    }
}

fn set(session: &mut Vec<(String, Value)>, name: &str, value: Value) {
    session.retain(|(known, _)| known != name);
    session.push((name.to_owned(), value));
}

fn written(session: &[(String, Value)]) -> String {
    let mut json = String::new();
    Value::Object(session.to_vec()).write(&mut json);
    json
}
