//! Taking back what making an LLM known has made.

use super::connect_llm::{is_made, issue_of_name, list, text};
use super::plan::{Plan, Then, call};
use crate::error::Error;
use crate::json::Value;

/// Deletes the configurations of a name that [`super::ConnectLlm`] made, which shows by their secrets, and then those secrets,
/// unless another configuration uses them: in this order, so that none is ever without its secret.
pub struct PruneLlm {
    name: String,
    secrets: Vec<Value>,
    step: Step,
    /// What is still to be deleted, the last first: the call, the id, and what it is in words.
    todo: Vec<(&'static str, String, String)>,
    deleted: Vec<Value>,
}

enum Step {
    Secrets,
    Configurations,
    Delete(String),
}

impl PruneLlm {
    /// # Errors
    ///
    /// A validation error when that is no name.
    pub fn new(name: &str) -> Result<Self, Error> {
        match issue_of_name(name) {
            Some(issue) => Err(Error::invalid(vec![issue])),
            None => Ok(Self {
                name: name.to_owned(),
                secrets: Vec::new(),
                step: Step::Secrets,
                todo: Vec::new(),
                deleted: Vec::new(),
            }),
        }
    }

    fn plan(&mut self, configurations: &[Value]) {
        let secret = |id: &str| self.secrets.iter().find(|secret| text(secret, "id") == id);
        let is_ours = |one: &Value| {
            let secret = secret(text(one, "secret_id"));
            text(one, "display_name") == self.name && secret.is_none_or(|secret| is_made(&self.name, secret))
        };
        for secret in self.secrets.iter().filter(|secret| is_made(&self.name, secret)) {
            let id = text(secret, "id");
            let mut users = configurations.iter().filter(|one| text(one, "secret_id") == id);
            if users.all(is_ours) {
                let words = ["the secret ", text(secret, "secret_name")].concat();
                self.todo.push(("secrets.delete", id.to_owned(), words));
            }
        }
        for one in configurations.iter().filter(|one| is_ours(one)) {
            let words = ["the LLM configuration ", &self.name].concat();
            self.todo
                .push(("llmConfigurations.delete", text(one, "id").to_owned(), words));
        }
    }

    fn delete(&mut self) -> Then {
        let Some((operation, id, words)) = self.todo.pop() else {
            let deleted = Value::Array(std::mem::take(&mut self.deleted));
            let mut json = String::new();
            Value::Object(vec![("deleted".to_owned(), deleted)]).write(&mut json);
            return Then::Done(Ok(json));
        };
        self.step = Step::Delete(words);
        call(operation, vec![("id", Value::String(id))])
    }
}

impl Plan for PruneLlm {
    fn begin(&mut self) -> Then {
        call("secrets.list", Vec::new())
    }

    fn next(&mut self, answer: Result<&str, Error>) -> Then {
        match (&mut self.step, answer) {
            // Somebody else was faster.
            (Step::Delete(_), Err(error)) if error.code() == "not_found" => self.delete(),
            (_, Err(error)) => Then::Done(Err(error)),
            (Step::Delete(words), Ok(_)) => {
                let words = std::mem::take(words);
                self.deleted.push(Value::String(words));
                self.delete()
            }
            (Step::Secrets, Ok(json)) => match list(Value::parse(json).unwrap_or(Value::Null)) {
                Ok(secrets) => {
                    self.secrets = secrets;
                    self.step = Step::Configurations;
                    call("llmConfigurations.list", Vec::new())
                }
                Err(error) => Then::Done(Err(error)),
            },
            (Step::Configurations, Ok(json)) => match list(Value::parse(json).unwrap_or(Value::Null)) {
                Ok(configurations) => {
                    self.plan(&configurations);
                    self.delete()
                }
                Err(error) => Then::Done(Err(error)),
            },
        }
    }
}
