//! Where completions come from, as a developer describes it.

use super::{anthropic, azure};
use crate::error::{Error, Secret};
use crate::http;
use crate::json::Value;
use crate::options::Options;

/// The dialect an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// `OpenAI`, and whatever speaks its chat completions.
    OpenAi,
    /// Azure's `OpenAI`.
    Azure {
        /// The key is a token of Microsoft Entra.
        is_entra: bool,
    },
    /// Anthropic's Messages API.
    Anthropic,
    /// Gemini's API.
    Gemini,
    /// A binding of Cloudflare's Workers AI.
    WorkersAi,
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
    /// The version of the API that is asked for.
    pub version: Option<String>,
    /// The deployment that is asked, where the address has one.
    pub deployment: Option<String>,
}

/// What is known of a provider before any request.
struct Dialect {
    name: &'static str,
    provider: Provider,
    /// Its own address; empty where each customer has one.
    base_url: &'static str,
    /// What is appended to it.
    path: &'static str,
    /// The members that an upstream has, those that all have first.
    members: &'static [&'static str],
    /// Members that are JavaScript, and never come here.
    further: &'static [&'static str],
}

/// The members of an upstream that has no others.
const MEMBERS: [&str; 7] = [
    "provider", "baseUrl", "model", "headers", "query", "defaults", "override",
];

/// Members that are JavaScript, of whatever is reached by fetch.
const FURTHER: [&str; 2] = ["apiKey", "fetch"];

const DIALECTS: [Dialect; 5] = [
    Dialect {
        name: "openai",
        provider: Provider::OpenAi,
        base_url: "https://api.openai.com/v1",
        path: "/chat/completions",
        members: &MEMBERS,
        further: &FURTHER,
    },
    Dialect {
        name: "azure",
        provider: Provider::Azure { is_entra: false },
        base_url: "",
        path: "/chat/completions",
        members: &[
            "provider",
            "baseUrl",
            "model",
            "headers",
            "query",
            "defaults",
            "override",
            "deployment",
            "apiVersion",
            "entraToken",
        ],
        further: &FURTHER,
    },
    Dialect {
        name: "anthropic",
        provider: Provider::Anthropic,
        base_url: "https://api.anthropic.com/v1",
        path: "/messages",
        members: &[
            "provider", "baseUrl", "model", "headers", "query", "defaults", "override", "version",
        ],
        further: &FURTHER,
    },
    Dialect {
        name: "gemini",
        provider: Provider::Gemini,
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        path: "/models",
        members: &MEMBERS,
        further: &FURTHER,
    },
    Dialect {
        name: "workers-ai",
        provider: Provider::WorkersAi,
        // Nothing is sent there: the binding takes it.
        base_url: "https://workers-ai.invalid",
        path: "/run",
        members: &["provider", "model", "defaults", "override"],
        further: &["ai"],
    },
];

impl Provider {
    /// The provider of that name.
    ///
    /// # Errors
    ///
    /// A validation error at `path` that names those there are.
    pub fn parse(name: &str, path: &str) -> Result<Self, Error> {
        let found = DIALECTS.iter().find(|dialect| dialect.name == name);
        found.map(|dialect| dialect.provider).ok_or_else(|| {
            let known: Vec<String> = DIALECTS.iter().map(|dialect| format!("\"{}\"", dialect.name)).collect();
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
    /// may be. `path` are the names that lead to it from what the developer gave: none, if it is that itself.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each member that is unknown or not what it must be.
    pub fn parse(json: &str, path: &[&str]) -> Result<Self, Error> {
        Self::read(&Value::parse(json).unwrap_or(Value::Null), path)
    }

    /// The same of a value.
    pub(crate) fn read(value: &Value, path: &[&str]) -> Result<Self, Error> {
        let Some(members) = value.as_object() else {
            return Err(Error::invalid_at(
                "",
                "wrong_type",
                "an upstream must be an object such as { baseUrl, apiKey, model }",
            ));
        };
        let mut options = Options::new(members, path);
        let provider = match options.text("provider") {
            None => Provider::OpenAi,
            Some(name) => Provider::parse(&name, &options.pointer(&["provider"]))?,
        };
        let [first, ..] = &DIALECTS;
        let dialect = DIALECTS
            .iter()
            .find(|dialect| dialect.provider == provider)
            .unwrap_or(first);
        options.check_names("an upstream", dialect.members, dialect.further, |name| match name {
            "url" | "endpoint" | "baseuri" | "host" => Some("baseUrl"),
            "key" | "apikey" | "token" => Some("apiKey"),
            "modelname" => Some("model"),
            _ => None,
        });
        let has = |name| dialect.members.contains(&name);
        let (mut provider, mut version, mut deployment) = (provider, None, None);
        if has("version") {
            version = options.text("version");
        }
        if has("apiVersion") {
            version = options.text("apiVersion");
            deployment = options.text("deployment");
            if options.flag("entraToken") == Some(true) {
                provider = Provider::Azure { is_entra: true };
            }
        }
        let mut base_url = base_url(&mut options, dialect).unwrap_or_else(|| dialect.base_url.to_owned());
        if dialect.base_url.is_empty() {
            azure::settle(&mut options, &mut base_url, deployment.as_deref(), version.as_deref());
        }
        let upstream = Self {
            provider,
            base_url,
            model: options.text("model"),
            headers: headers(&mut options),
            query: options.strings("query"),
            defaults: options.object("defaults"),
            overrides: options.object("override"),
            version,
            deployment,
        };
        options.result(upstream)
    }

    /// Whether an upstream has a member of this name.
    #[must_use]
    pub fn has_member(name: &str) -> bool {
        let mut names = DIALECTS
            .iter()
            .flat_map(|dialect| dialect.members.iter().chain(dialect.further));
        names.any(|known| *known == name)
    }

    /// Its requests are to be sent by a page.
    pub fn allow_page(&mut self) {
        if self.provider == Provider::Anthropic {
            let (name, value) = anthropic::BROWSER;
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The values of headers and query parameters, to be kept out of error messages like the key: those that are secrets by
    /// their names, and every one that is long enough to be one.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        const LONG: usize = 8;
        let mut secrets = Vec::new();
        for (name, value) in self.headers.iter().chain(&self.query) {
            let name = name.to_ascii_lowercase();
            let is_named = ["auth", "key", "token", "secret", "cookie"]
                .iter()
                .any(|word| name.contains(word));
            if !is_named && value.len() < LONG {
                continue;
            }
            let mut secret = value.trim();
            // Without a scheme, such as `Bearer`.
            if let Some((scheme, rest)) = secret.split_once(' ')
                && is_named
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
            {
                secret = rest.trim();
            }
            secrets.push(Secret::of_body(secret.to_owned()));
            // As it stands in an address.
            let encoded = http::segment(secret);
            if encoded != secret {
                secrets.push(Secret::of_body(encoded));
            }
        }
        secrets
    }
}

fn base_url(options: &mut Options<'_>, dialect: &Dialect) -> Option<String> {
    let url = options.text("baseUrl")?;
    let problem = http::check_base_url(&url, "give it as `query`").or_else(|| {
        url.trim_end_matches('/')
            .strip_suffix(dialect.path)
            .map(|base| format!("ends in {}, which is appended to it: write {base}", dialect.path))
    });
    if let Some(problem) = problem {
        options.note(&["baseUrl"], "bad_url", format!("`baseUrl` {problem}"));
    }
    Some(url)
}

fn headers(options: &mut Options<'_>) -> Vec<(String, String)> {
    let mut headers = options.strings("headers");
    for (name, value) in &mut headers {
        if let Some(problem) = http::header_problem(name, value) {
            options.note(
                &["headers", name],
                "bad_header",
                format!("the header `{name}` {problem}"),
            );
        }
        name.make_ascii_lowercase();
    }
    headers
}
