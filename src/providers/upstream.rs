//! Where completions come from, as a developer describes it.

use crate::error::{Error, Issue, Secret, pointer};
use crate::http;
use crate::json::Value;

/// The dialect an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// `OpenAI`, and whatever speaks its chat completions.
    OpenAi,
}

/// An upstream without its key: where requests go, and what is added to them.
#[derive(Clone, PartialEq)]
pub struct Upstream {
    /// Its dialect.
    pub provider: Provider,
    /// What the endpoint's path is appended to.
    pub base_url: String,
    /// The model for requests that name none.
    pub model: Option<String>,
    /// Headers added to each request.
    pub headers: Vec<(String, String)>,
    /// Query parameters added to each request.
    pub query: Vec<(String, String)>,
    /// Members put under the request's own.
    pub defaults: Vec<(String, Value)>,
    /// Members put over the request's own; `null` removes one.
    pub overrides: Vec<(String, Value)>,
}

/// `OpenAI`'s own address.
const OPENAI: &str = "https://api.openai.com/v1";

const MEMBERS: [&str; 7] = [
    "provider", "baseUrl", "model", "headers", "query", "defaults", "override",
];

impl Provider {
    const ALL: [(&'static str, Self); 1] = [("openai", Self::OpenAi)];

    /// The provider of that name.
    ///
    /// # Errors
    ///
    /// A validation error at `path` that names those there are.
    pub fn parse(name: &str, path: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, provider)| *provider).ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            Error::invalid_at(
                path,
                "unknown_provider",
                format!("`provider` is \"{name}\", this version knows {}", known.join(", ")),
            )
        })
    }
}

impl Upstream {
    /// Reads an upstream from JSON, all problems at once; an unknown provider alone, since on it depends what else there
    /// may be.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each member that is unknown or not what it must be.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        let Some(members) = value.as_object() else {
            return Err(Error::invalid_at(
                "",
                "wrong_type",
                "an upstream must be an object such as { baseUrl, apiKey, model }",
            ));
        };
        let mut reader = Reader {
            members,
            issues: Vec::new(),
        };
        reader.check_names();
        let provider = match reader.text("provider").map(|name| Provider::parse(&name, "/provider")) {
            None => Provider::OpenAi,
            Some(Ok(provider)) => provider,
            Some(Err(error)) => return Err(error),
        };
        let upstream = Self {
            provider,
            base_url: reader.base_url().unwrap_or_else(|| OPENAI.to_owned()),
            model: reader.text("model"),
            headers: reader.headers(),
            query: reader.strings("query"),
            defaults: reader.object("defaults"),
            overrides: reader.object("override"),
        };
        if reader.issues.is_empty() {
            Ok(upstream)
        } else {
            Err(Error::invalid(reader.issues))
        }
    }

    /// The headers and query parameters whose values are secrets by their names, to be kept out of error messages like
    /// the key.
    pub fn secrets(&self) -> impl Iterator<Item = Secret> + '_ {
        self.headers
            .iter()
            .chain(&self.query)
            .filter(|(name, _)| {
                let name = name.to_ascii_lowercase();
                ["auth", "key", "token", "secret", "cookie"]
                    .iter()
                    .any(|word| name.contains(word))
            })
            .filter_map(|(_, value)| {
                // Without a scheme, such as `Bearer`.
                let credentials = value
                    .split_once(' ')
                    .filter(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                Secret::new(credentials.map_or(value.as_str(), |(_, rest)| rest).trim().to_owned()).ok()
            })
    }
}

struct Reader<'a> {
    members: &'a [(String, Value)],
    issues: Vec<Issue>,
}

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.members
            .iter()
            .find(|(known, value)| known == name && *value != Value::Null)
            .map(|(_, value)| value)
    }

    fn check_names(&mut self) {
        for (name, _) in self.members {
            if MEMBERS.contains(&name.as_str()) {
                continue;
            }
            // One or several, in whatever case.
            let plain = |name: &str| {
                let name = name.replace(['_', '-'], "").to_ascii_lowercase();
                name.trim_end_matches('s').to_owned()
            };
            let meant = MEMBERS
                .iter()
                .find(|known| plain(known) == plain(name))
                .copied()
                .or_else(|| match plain(name).as_str() {
                    "url" | "endpoint" | "baseuri" | "host" => Some("baseUrl"),
                    "key" | "apikey" | "token" => Some("apiKey"),
                    "modelname" => Some("model"),
                    _ => None,
                });
            let advice = meant.map_or_else(
                || {
                    format!(
                        "it has {}, `apiKey` and `fetch`",
                        MEMBERS.map(|known| format!("`{known}`")).join(", ")
                    )
                },
                |meant| format!("write `{meant}`"),
            );
            let mut issue = Issue::error(
                pointer(&[name]),
                "unknown_member",
                format!("an upstream has no `{name}`: {advice}"),
            );
            issue.suggestion = meant.map(str::to_owned);
            self.issues.push(issue);
        }
    }

    fn wrong_type(&mut self, path: &[&str], must: &str, found: &'static str) {
        let name = path.join(".");
        self.issues.push(Issue::error(
            pointer(path),
            "wrong_type",
            format!("`{name}` must be {must}, it is {found}"),
        ));
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            other => {
                let found = if matches!(other, Value::String(_)) {
                    "empty"
                } else {
                    other.describe()
                };
                self.wrong_type(&[name], "a string", found);
                None
            }
        }
    }

    fn base_url(&mut self) -> Option<String> {
        let url = self.text("baseUrl")?;
        let problem = http::check_base_url(&url).or_else(|| {
            url.trim_end_matches('/')
                .strip_suffix("/chat/completions")
                .map(|base| format!("ends in /chat/completions, which is appended to it: write {base}"))
        });
        if let Some(problem) = problem {
            self.issues
                .push(Issue::error("/baseUrl", "bad_url", format!("`baseUrl` {problem}")));
        }
        Some(url)
    }

    fn object(&mut self, name: &str) -> Vec<(String, Value)> {
        match self.get(name) {
            None => Vec::new(),
            Some(Value::Object(members)) => members.clone(),
            Some(other) => {
                let found = other.describe();
                self.wrong_type(&[name], "an object", found);
                Vec::new()
            }
        }
    }

    fn strings(&mut self, name: &str) -> Vec<(String, String)> {
        let mut strings = Vec::new();
        for (key, value) in self.object(name) {
            match value {
                Value::String(text) => strings.push((key, text)),
                other => self.wrong_type(&[name, &key], "a string", other.describe()),
            }
        }
        strings
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        let mut headers = self.strings("headers");
        for (name, value) in &mut headers {
            if let Some(problem) = http::header_problem(name, value) {
                self.issues.push(Issue::error(
                    pointer(&["headers", name]),
                    "bad_header",
                    format!("the header `{name}` {problem}"),
                ));
            }
            name.make_ascii_lowercase();
        }
        headers
    }
}
