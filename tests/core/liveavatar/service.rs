//! A model of the service, as far as secrets and LLM configurations go.

use liveavatar_llm::http::Request;
use serde_json::{Value, json};

use super::driven::{Answer, answer, gone, ok};

#[derive(Clone, Default)]
pub struct Service {
    /// The newest first, as it lists them.
    pub secrets: Vec<Value>,
    pub configurations: Vec<Value>,
    serial: u32,
}

impl Service {
    pub fn answer(&mut self, request: &Request) -> Answer {
        let path = request.url.strip_prefix("https://api.liveavatar.com/v1/").unwrap();
        let (noun, id) = path.split_once('/').unwrap_or((path, ""));
        let body: Value = request
            .body
            .as_deref()
            .map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
        self.serial += 1;
        let new = format!("id-{}", self.serial);
        match (request.method, noun) {
            ("GET", "secrets") => ok(&without(&self.secrets, "secret_value")),
            ("POST", "secrets") => {
                assert_eq!(body["secret_type"], "OPENAI_API_KEY");
                let mut secret = body.clone();
                secret["id"] = json!(new);
                self.secrets.insert(0, secret);
                ok(&json!({ "id": new, "secret_name": body["secret_name"] }))
            }
            ("DELETE", "secrets") => match position(&self.secrets, id) {
                Some(at) => {
                    self.secrets.remove(at);
                    ok(&Value::Null)
                }
                None => gone(),
            },
            ("GET", "llm-configurations") if id.is_empty() => ok(&without(&self.configurations, "base_url")),
            ("POST", "llm-configurations") => self.check_secret(&body).unwrap_or_else(|| {
                let mut configuration = body;
                configuration["id"] = json!(new);
                self.configurations.insert(0, configuration.clone());
                ok(&configuration)
            }),
            (method, "llm-configurations") => {
                let Some(at) = position(&self.configurations, id) else {
                    return gone();
                };
                if method == "DELETE" {
                    self.configurations.remove(at);
                    return ok(&Value::Null);
                }
                if method == "PATCH" {
                    if let Some(refusal) = body.get("secret_id").and_then(|_| self.check_secret(&body)) {
                        return refusal;
                    }
                    for (name, value) in body.as_object().unwrap() {
                        self.configurations[at][name] = value.clone();
                    }
                }
                ok(&self.configurations[at])
            }
            _ => gone(),
        }
    }

    fn check_secret(&self, body: &Value) -> Option<Answer> {
        let id = body["secret_id"].as_str().unwrap();
        position(&self.secrets, id)
            .is_none()
            .then(|| answer(400, r#"{"message":"Secret not found in your space"}"#))
    }

    /// The configuration of that name, with its secret's value as `key`.
    pub fn connected(&self, name: &str) -> Value {
        let mut found = self.configurations.iter().filter(|one| one["display_name"] == name);
        let mut configuration = found.next().expect("a configuration").clone();
        assert!(found.next().is_none(), "one configuration");
        let secret = position(&self.secrets, configuration["secret_id"].as_str().unwrap()).expect("its secret");
        configuration["key"] = self.secrets[secret]["secret_value"].clone();
        configuration
    }
}

fn position(items: &[Value], id: &str) -> Option<usize> {
    items.iter().position(|item| item["id"] == id)
}

/// What a list shows: all but one member.
fn without(items: &[Value], name: &str) -> Value {
    let mut shown = items.to_vec();
    for item in &mut shown {
        item.as_object_mut().unwrap().remove(name);
    }
    Value::Array(shown)
}
