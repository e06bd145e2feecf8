//! Making an LLM known to the service: a secret with its key, and a configuration that says where it is.

use sha2::{Digest, Sha256};

use super::callable::{Around, callable, issue, kept};
use super::operation::Operation;
use super::plan::{Plan, Then};
use super::secret::{GUIDE_LLM_TYPE, LLM_TYPE};
use super::validate::characters;
use crate::error::{Error, Issue, Peer, Refusal, Secret};
use crate::json::Value;

/// Sees to it that the service has one configuration of this name, that it says what is wanted, and that its secret holds
/// the key: makes what is missing, changes what differs, and removes what other runs of it have left. Ask for the first call
/// with [`Plan::begin`], and for the next one with what came of the last, until it is done.
///
/// It decides by what is there alone, so that a run that was cut off between any two steps is completed by the next:
/// secrets and configurations are found by their names. A key cannot be read back, so the name of its secret ends in a
/// fingerprint of it.
///
/// Two runs at the same time may both make what neither has found, and one may remove what the other is about to use. So a
/// run that made a configuration or deleted a secret looks again, and mends what it finds: of several configurations with this
/// name the oldest is kept, and those that a run of this made, which shows by their secrets, are removed.
///
/// A step that fails without an answer may have been carried out: then it looks again, and goes on if it was. If not, it
/// takes back the secret, where this run made it and nothing uses it, and ends with that failure.
pub struct ConnectLlm {
    wanted: Wanted,
    /// What the service has, as far as is known; the newest first.
    secrets: Vec<Value>,
    configurations: Vec<Value>,
    /// The call being made, and the id of what it is about.
    step: Step,
    id: String,
    /// What is said of it when it has worked.
    words: String,
    /// The secret that this run made.
    made: Option<String>,
    /// The configuration that this run made.
    own: Option<Value>,
    /// All is as it is wanted, as far as this run knows, and it is looking whether others have changed it.
    is_looking_again: bool,
    /// A step that got no answer, or was refused; what is there is being looked at again.
    failure: Option<Failure>,
    /// How often it may still look again.
    looks: u8,
    did: Vec<Value>,
}

struct Wanted {
    name: String,
    base_url: String,
    model: String,
    key: Secret,
    /// What the key's secret is called.
    secret_name: String,
}

/// In the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Step {
    ListSecrets,
    ListConfigurations,
    GetConfiguration,
    CreateSecret,
    CreateConfiguration,
    UpdateConfiguration,
    DeleteConfiguration,
    DeleteSecret,
    TakeBack,
    Done,
}

/// A step that did not work.
struct Failure {
    step: Step,
    error: Error,
    /// The secret that there was.
    secret: String,
}

/// What a missing base URL means to the service.
const OPENAI: &str = "https://api.openai.com/v1";

/// How many digits a fingerprint has.
const FINGERPRINT: usize = 8;
/// The longest name: a secret's may have 255 characters, and the fingerprint stands behind it.
const LONGEST_NAME: usize = 255 - " #".len() - FINGERPRINT;

impl ConnectLlm {
    /// `upstream` is JSON, without its key and functions.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is wrong, or that the service could not call.
    pub fn new(upstream: &str, name: &str, key: Option<&str>, around: Around<'_>) -> Result<Self, Error> {
        let mut issues = Vec::new();
        issues.extend(issue_of_name(name));
        let upstream = callable(upstream, around, &mut issues);
        if key.is_none() {
            issues.push(issue(
                "apiKey",
                "missing",
                "`apiKey` is missing: LiveAvatar always sends one; for an endpoint that asks for none, give any word",
            ));
        }
        let key = key.and_then(|key| kept(Secret::new(key.to_owned()), &mut issues));
        let (Some(upstream), Some(key), true) = (upstream, key, issues.is_empty()) else {
            return Err(Error::invalid(issues));
        };
        Ok(Self {
            wanted: Wanted {
                name: name.to_owned(),
                base_url: upstream.base_url.trim_end_matches('/').to_owned(),
                model: upstream.model.unwrap_or_default(),
                secret_name: [name, " #", &fingerprint(&key)].concat(),
                key,
            },
            secrets: Vec::new(),
            configurations: Vec::new(),
            step: Step::ListSecrets,
            id: String::new(),
            words: String::new(),
            made: None,
            own: None,
            is_looking_again: false,
            failure: None,
            looks: 8,
            did: Vec::new(),
        })
    }

    /// The step has worked, and gave this.
    fn take(&mut self, json: &str) -> Result<Then, Error> {
        let data = Value::parse(json).unwrap_or(Value::Null);
        match self.step {
            Step::ListSecrets => {
                let before = std::mem::replace(&mut self.secrets, list(data)?);
                // What was made a moment ago need not be in a list yet.
                if let Some(own) = self.own.as_ref().map(|own| text(own, "secret_id"))
                    && self.secrets.iter().all(|one| text(one, "id") != own)
                {
                    for one in before {
                        if text(&one, "id") == own {
                            self.secrets.insert(0, one);
                        }
                    }
                }
                return Ok(self.call(Step::ListConfigurations));
            }
            Step::ListConfigurations => {
                self.configurations = list(data)?;
                // Nor need this, of which more is known than a list tells.
                let mut own_id = String::new();
                if let Some(own) = self.own.take()
                    && self
                        .configurations
                        .iter()
                        .all(|one| text(one, "id") != text(&own, "id"))
                {
                    text(&own, "id").clone_into(&mut own_id);
                    self.configurations.insert(0, own);
                }
                if let Some(found) = self.found() {
                    let id = text(found, "id").to_owned();
                    if id != own_id {
                        self.id = id;
                        return Ok(self.call(Step::GetConfiguration));
                    }
                }
            }
            Step::GetConfiguration => self.replace(data),
            Step::CreateSecret => {
                self.id = made(&data)?;
                self.made = Some(self.id.clone());
                let secret = self.payload();
                self.secrets.insert(0, secret);
                self.note();
            }
            Step::CreateConfiguration => {
                self.id = made(&data)?;
                let configuration = self.payload();
                self.configurations.insert(0, configuration.clone());
                self.own = Some(configuration);
                self.note();
                return Ok(self.look_again());
            }
            Step::UpdateConfiguration => {
                // Not as the service writes it, or what it writes in its own way would differ for ever.
                let configuration = self.payload();
                self.replace(configuration);
                self.note();
            }
            Step::DeleteConfiguration => {
                self.forget();
                self.note();
            }
            Step::DeleteSecret => {
                self.forget();
                self.note();
                if self.looks > 0 {
                    self.looks -= 1;
                    return Ok(self.look_again());
                }
            }
            Step::TakeBack | Step::Done => return Ok(self.fail()),
        }
        Ok(self.decide())
    }

    /// The step has failed.
    fn cope(&mut self, error: Error) -> Then {
        match self.step {
            Step::CreateSecret | Step::CreateConfiguration | Step::UpdateConfiguration => {
                // The secret that it names may have been removed by another run.
                let is_final =
                    self.step == Step::CreateSecret || !matches!(error.status(), Some(400 | 404 | 409 | 422));
                if is_refusal(&error) && is_final || self.looks == 0 {
                    return self.give_up(error);
                }
                self.looks -= 1;
                self.failure = Some(self.failed(error));
                self.call(Step::ListSecrets)
            }
            // It was removed since it was listed.
            Step::GetConfiguration if error.code() == "not_found" => {
                self.forget();
                self.decide()
            }
            // What is left over does no harm, and the next run finds it.
            Step::DeleteConfiguration | Step::DeleteSecret => {
                if error.code() != "not_found" {
                    self.words.insert_str(0, "failed, left to the next run: ");
                    self.note();
                }
                self.forget();
                self.decide()
            }
            _ if self.is_looking_again => {
                self.id = self.found().map_or("", |found| text(found, "id")).to_owned();
                self.call(Step::Done)
            }
            _ => match self.failure.take() {
                Some(first) if is_refusal(&first.error) => self.give_up(first.error),
                first => {
                    self.failure = Some(first.unwrap_or_else(|| self.failed(error)));
                    self.fail()
                }
            },
        }
    }

    fn failed(&self, error: Error) -> Failure {
        Failure {
            step: self.step,
            error,
            secret: self.secret().unwrap_or_default().to_owned(),
        }
    }

    fn look_again(&mut self) -> Then {
        self.is_looking_again = true;
        self.call(Step::ListSecrets)
    }

    /// Looks at what is there, and does what is needed next.
    fn decide(&mut self) -> Then {
        let step = self.needed();
        self.is_looking_again = false;
        if let Some(failure) = self.failure.take() {
            let (failed, is_refusal) = (failure.step, is_refusal(&failure.error));
            let is_gone = |id: &str| self.secrets.iter().all(|secret| text(secret, "id") != id);
            if failed == step && !(is_refusal && is_gone(&failure.secret)) {
                return self.give_up(failure.error);
            }
            // It was carried out after all; unless it was refused, or another run removed what was there before.
            if step > failed && !is_refusal {
                self.note();
                if failed == Step::CreateSecret {
                    self.made = self.secret().map(str::to_owned);
                }
            }
        }
        self.call(step)
    }

    fn needed(&mut self) -> Step {
        let Some(secret) = self.secret() else {
            return Step::CreateSecret;
        };
        let Some(found) = self.found() else {
            return Step::CreateConfiguration;
        };
        let id = text(found, "id").to_owned();
        let double = self.double(&id).map(str::to_owned);
        let stale = self.stale(secret).map(str::to_owned);
        if !self.changes().is_empty() {
            self.id = id;
            Step::UpdateConfiguration
        } else if let Some(double) = double {
            self.id = double;
            Step::DeleteConfiguration
        } else if let Some(stale) = stale {
            self.id = stale;
            Step::DeleteSecret
        } else {
            self.id = id;
            Step::Done
        }
    }

    /// The configuration of that name: the oldest, which sessions are most likely to know.
    fn found(&self) -> Option<&Value> {
        let mut found = self.configurations.iter().rev();
        found.find(|one| text(one, "display_name") == self.wanted.name)
    }

    /// The id of the secret with the key: the one in use, else the oldest.
    fn secret(&self) -> Option<&str> {
        let used = self.found().map_or("", |found| text(found, "secret_id"));
        let mut fitting = None;
        for secret in &self.secrets {
            if is_llms(secret) && text(secret, "secret_name") == self.wanted.secret_name {
                fitting = Some(text(secret, "id"));
                if fitting == Some(used) {
                    break;
                }
            }
        }
        fitting
    }

    /// The id of another configuration of that name that a run of this made: its secret tells, or that it has none any more.
    fn double(&self, current: &str) -> Option<&str> {
        let ours = |one: &&Value| {
            let id = text(one, "secret_id");
            let secret = self.secrets.iter().find(|secret| text(secret, "id") == id);
            text(one, "display_name") == self.wanted.name
                && secret.is_none_or(|secret| is_made(&self.wanted.name, secret))
        };
        let mut ids = self.configurations.iter().filter(ours).map(|one| text(one, "id"));
        ids.find(|id| *id != current)
    }

    /// The id of a secret that another run made and that no configuration uses any more.
    fn stale(&self, current: &str) -> Option<&str> {
        self.secrets
            .iter()
            .filter(|secret| is_made(&self.wanted.name, secret))
            .map(|secret| text(secret, "id"))
            .find(|id| *id != current && !self.is_used(id))
    }

    fn is_used(&self, secret: &str) -> bool {
        self.configurations.iter().any(|one| text(one, "secret_id") == secret)
    }

    fn replace(&mut self, configuration: Value) {
        for one in &mut self.configurations {
            if text(one, "id") == self.id {
                *one = configuration;
                return;
            }
        }
    }

    /// What the step was about is not there any more.
    fn forget(&mut self) {
        let known: [&mut Vec<Value>; 2] = [&mut self.secrets, &mut self.configurations];
        for known in known {
            known.retain(|one| text(one, "id") != self.id);
        }
    }

    fn note(&mut self) {
        self.did.push(Value::String(std::mem::take(&mut self.words)));
    }

    /// Ends with a failure, after taking back what nothing uses.
    fn give_up(&mut self, error: Error) -> Then {
        let made = self.made.take();
        self.failure = Some(self.failed(error));
        match made {
            Some(id) if !self.is_used(&id) => {
                self.id = id;
                self.call(Step::TakeBack)
            }
            _ => self.fail(),
        }
    }

    fn fail(&mut self) -> Then {
        let error = self.failure.take().map(|failure| failure.error);
        Then::Done(Err(error.unwrap_or_else(unexpected)))
    }

    /// The members of the configuration, as they are wanted.
    fn members(&self) -> [(&'static str, &str); 4] {
        [
            ("display_name", &self.wanted.name),
            ("model_name", &self.wanted.model),
            ("base_url", &self.wanted.base_url),
            ("secret_id", self.secret().unwrap_or_default()),
        ]
    }

    /// Those that the configuration found does not have.
    fn changes(&self) -> Vec<(&'static str, &str)> {
        let mut changes = self.members().to_vec();
        if let Some(found) = self.found() {
            changes.retain(|(name, wanted)| {
                let mut is = text(found, name);
                if *name == "base_url" && is.is_empty() {
                    is = OPENAI;
                }
                if *name == "base_url" {
                    is = is.trim_end_matches('/');
                }
                is != *wanted
            });
        }
        changes
    }

    /// What the step writes, as it is when it has been written.
    fn payload(&self) -> Value {
        if self.step == Step::CreateSecret {
            return object(&[
                ("id", &self.id),
                ("secret_name", &self.wanted.secret_name),
                ("secret_type", LLM_TYPE),
            ]);
        }
        let [name, model, url, secret] = self.members();
        object(&[("id", &self.id), name, model, url, secret])
    }

    fn call(&mut self, step: Step) -> Then {
        let name = &self.wanted.name;
        let mut payload = Value::Null;
        let mut words = Vec::new();
        let operation = match step {
            Step::ListSecrets => "secrets.list",
            Step::ListConfigurations => "llmConfigurations.list",
            Step::GetConfiguration => "llmConfigurations.get",
            Step::CreateSecret => {
                let name = &self.wanted.secret_name;
                payload = object(&[
                    ("secret_name", name),
                    ("secret_type", LLM_TYPE),
                    ("secret_value", self.wanted.key.reveal()),
                ]);
                words.extend(["created the secret ", name]);
                "secrets.create"
            }
            Step::CreateConfiguration => {
                payload = object(&self.members());
                words.extend(["created the LLM configuration ", name]);
                "llmConfigurations.create"
            }
            Step::UpdateConfiguration => {
                let changes = self.changes();
                payload = object(&changes);
                words.extend(["updated the LLM configuration ", name, ": "]);
                for (index, (name, _)) in changes.iter().enumerate() {
                    words.extend([if index > 0 { ", " } else { "" }, name]);
                }
                "llmConfigurations.update"
            }
            Step::DeleteConfiguration => {
                words.extend(["deleted a second LLM configuration ", name]);
                "llmConfigurations.delete"
            }
            Step::DeleteSecret | Step::TakeBack => {
                let secret = self.secrets.iter().find(|one| text(one, "id") == self.id);
                words.extend(["deleted the secret ", secret.map_or("", |one| text(one, "secret_name"))]);
                "secrets.delete"
            }
            Step::Done => return Then::Done(Ok(self.report())),
        };
        let given = Value::Object(vec![
            ("id".to_owned(), Value::String(self.id.clone())),
            ("payload".to_owned(), payload),
        ]);
        if !words.is_empty() {
            self.words = words.concat();
        }
        self.step = step;
        match Operation::new(operation, given) {
            Ok(operation) => Then::Call(operation),
            Err(error) => Then::Done(Err(error)),
        }
    }

    fn report(&mut self) -> String {
        let mut report = object(&[
            ("llm_configuration_id", &self.id),
            ("secret_id", self.secret().unwrap_or_default()),
        ]);
        if let Value::Object(members) = &mut report {
            members.push(("did".to_owned(), Value::Array(std::mem::take(&mut self.did))));
        }
        let mut json = String::new();
        report.write(&mut json);
        json
    }
}

impl Plan for ConnectLlm {
    fn begin(&mut self) -> Then {
        self.call(Step::ListSecrets)
    }

    fn next(&mut self, answer: Result<&str, Error>) -> Then {
        match answer.and_then(|json| self.take(json)) {
            Ok(then) => then,
            Err(error) => self.cope(error),
        }
    }

    fn registers(&self) -> Option<&str> {
        Some(&self.wanted.base_url)
    }
}

/// What is wrong with a name.
pub(super) fn issue_of_name(name: &str) -> Option<Issue> {
    let is_wrong = name.is_empty() || characters(name) > LONGEST_NAME;
    is_wrong.then(|| issue("name", "bad_length", "`name` must be a string of 1 to 245 characters"))
}

/// Whether a run of this made a secret for an LLM of that name, by what it is called.
pub(super) fn is_made(name: &str, secret: &Value) -> bool {
    let digits = text(secret, "secret_name").strip_prefix(name);
    let digits = digits.and_then(|rest| rest.strip_prefix(" #")).unwrap_or_default();
    is_llms(secret)
        && digits.len() == FINGERPRINT
        && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// A member that is a string; empty if there is none.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_llms(secret: &Value) -> bool {
    matches!(text(secret, "secret_type"), LLM_TYPE | GUIDE_LLM_TYPE)
}

pub(super) fn list(data: Value) -> Result<Vec<Value>, Error> {
    match data {
        Value::Array(items) => Ok(items),
        // Taken for an empty list, it would make a new secret and configuration with each run.
        _ => Err(unexpected()),
    }
}

/// The id of what was made.
fn made(data: &Value) -> Result<String, Error> {
    match text(data, "id") {
        "" => Err(unexpected()),
        id => Ok(id.to_owned()),
    }
}

fn object(members: &[(&str, &str)]) -> Value {
    let mut object = Vec::with_capacity(members.len());
    for (name, value) in members {
        object.push(((*name).to_owned(), Value::String((*value).to_owned())));
    }
    Value::Object(object)
}

pub(super) fn unexpected() -> Error {
    let refusal = Refusal {
        status: 200,
        ..Refusal::default()
    };
    Error::refused(Peer::LiveAvatar, refusal)
}

fn is_refusal(error: &Error) -> bool {
    error.status().is_some_and(|status| (400..500).contains(&status))
}

/// The first digits of the key's SHA-256: enough to see that it has changed, too few to find it.
fn fingerprint(key: &Secret) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(key.reveal().as_bytes()).iter().take(FINGERPRINT / 2) {
        digits.extend(char::from_digit(u32::from(byte >> 4), 16));
        digits.extend(char::from_digit(u32::from(byte & 15), 16));
    }
    digits
}
