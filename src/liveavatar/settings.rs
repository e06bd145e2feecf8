//! Where the service is, and how long it is waited for.

use super::base_url;
use super::field::Source::Own;
use super::field::{Kind, Object, Others, field};
use super::validate::{Tables, check};
use crate::call::{Millis, Policy, Timeouts};
use crate::error::{Error, Issue};
use crate::http;
use crate::json::Value;
use crate::options::unset;

/// The service's own address.
const SERVICE: &str = "https://api.liveavatar.com";

/// How long an attempt may take unless told otherwise.
const TIMEOUT_MS: Millis = 15_000.0;

/// What a client is set to.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What paths are appended to.
    pub base_url: String,
    /// From sending an attempt to the end of its answer; `None` waits for ever.
    pub timeout_ms: Option<Millis>,
    /// When to try again.
    pub policy: Policy,
}

static SETTINGS: Object = Object::new(&[
    // What is said of `null` is said below.
    field("baseUrl", Kind::TEXT, Own).nullable(),
    // `Infinity` becomes null in JSON.
    field("timeoutMs", Kind::number("1,"), Own).nullable(),
    field("maxRetries", Kind::integer("0,100"), Own),
])
.others(Others::Refused);

impl Settings {
    /// Reads `{ baseUrl, timeoutMs, maxRetries }` from JSON.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each option that is unknown or not what it must be.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let mut issues = check(json, |_| Tables::only(&SETTINGS));
        let options = Value::parse(json).unwrap_or(Value::Null);
        let base_url = options.get("baseUrl").and_then(Value::as_str).unwrap_or(SERVICE);
        if options.get("baseUrl") == Some(&Value::Null) {
            issues.push(Issue::error(
                "/baseUrl",
                "unset",
                unset("baseUrl", "leave it out for LiveAvatar's own"),
            ));
        }
        if let Some(problem) = http::check_base_url(base_url, "remove it").or_else(|| base_url::check_service(base_url))
        {
            issues.push(Issue::error("/baseUrl", "bad_url", ["`baseUrl` ", &problem].concat()));
        }
        if !issues.is_empty() {
            return Err(Error::invalid(issues));
        }
        let retries = options.get("maxRetries").and_then(Value::as_f64).unwrap_or(2.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 100, as was checked"
        )]
        let max_retries = retries as u32;
        Ok(Self {
            base_url: base_url.to_owned(),
            timeout_ms: match options.get("timeoutMs") {
                None => Some(TIMEOUT_MS),
                Some(given) => given.as_f64(),
            },
            policy: Policy {
                timeouts: Timeouts::NONE,
                max_retries,
                ..Policy::default()
            },
        })
    }
}
