//! Which upstreams the service can call by itself.

use super::base_url;
use super::issues::{Issues, Path};
use crate::error::{Error, Issue, Severity};
use crate::json::Value;
use crate::providers::Upstream;

/// What an upstream is held against.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Where the service itself is.
    pub service: &'a str,
    /// Whether the base URL may lead to where the service cannot call.
    pub allows_local: bool,
}

/// The value, or the issues why there is none.
pub(super) fn kept<T>(result: Result<T, Error>, issues: &mut Vec<Issue>) -> Option<T> {
    result.map_err(|error| issues.extend_from_slice(error.issues())).ok()
}

pub(super) fn issue(name: &str, code: &'static str, message: &str) -> Issue {
    Issue::error(["/", name].concat(), code, message)
}

/// Reads an upstream that the service can call by itself: it appends `/chat/completions` to the base URL, sends the key as
/// Bearer token and the model's name, and nothing else.
pub(super) fn callable(json: &str, around: Around<'_>, issues: &mut Vec<Issue>) -> Option<Upstream> {
    const INSTEAD: &str = ": put a ChatEndpoint in front, and connect that";
    let given = Value::parse(json).unwrap_or(Value::Null);
    if !matches!(
        given.get("provider").and_then(Value::as_str).unwrap_or_default(),
        "" | "openai"
    ) {
        let message = ["LiveAvatar calls nothing but OpenAI-compatible endpoints", INSTEAD].concat();
        issues.push(issue("provider", "not_callable", &message));
        return None;
    }
    // What the service makes of a base URL is not what this package makes of it. Where there is no default, a text that is
    // not set is missing.
    let mut base_url = Value::Null;
    let mut rest = String::new();
    match given {
        Value::Object(members) => {
            let mut others = Vec::new();
            for (name, value) in members {
                if name == "baseUrl" {
                    base_url = value;
                } else if name != "model" || value != Value::Null {
                    others.push((name, value));
                }
            }
            Value::Object(others).write(&mut rest);
        }
        other => other.write(&mut rest),
    }
    let mut upstream = kept(Upstream::parse(&rest, &[]), issues)?;
    for (name, is_there) in [
        ("headers", !upstream.headers.is_empty()),
        ("query", !upstream.query.is_empty()),
        ("defaults", !upstream.defaults.is_empty()),
        ("override", !upstream.overrides.is_empty()),
    ] {
        if is_there {
            let message = ["LiveAvatar cannot add `", name, "` to its requests", INSTEAD].concat();
            issues.push(issue(name, "not_callable", &message));
        }
    }
    match base_url {
        Value::Null => issues.push(issue(
            "baseUrl",
            "missing",
            "`baseUrl` is missing, or a variable that is not set: give the address of your endpoint; OpenAI's own is https://api.openai.com/v1",
        )),
        Value::String(url) => {
            check_base_url(&url, around, issues);
            upstream.base_url = url;
        }
        other => {
            let message = ["`baseUrl` must be a string, it is ", other.describe()].concat();
            issues.push(issue("baseUrl", "wrong_type", &message));
        }
    }
    if upstream.model.is_none() {
        issues.push(issue(
            "model",
            "missing",
            "`model` is missing, or a variable that is not set: LiveAvatar sends it with each request; for an endpoint that asks for none, give any word",
        ));
    }
    Some(upstream)
}

/// Refuses what the service would accept, and then be mute for.
fn check_base_url(url: &str, around: Around<'_>, issues: &mut Vec<Issue>) {
    let mut found = Issues::default();
    base_url::check(url, &Path::ROOT.member("baseUrl"), &mut found);
    for mut found in found.0 {
        let is_local = found.code == "url_not_public";
        // It works for now, and for trying things it may be meant.
        if found.code == "url_of_preview" {
            continue;
        }
        if !(is_local && around.allows_local) {
            if is_local {
                found
                    .message
                    .push_str("; or, for a stand-in on your own machine, set `allowLocalUrl: true`");
            }
            found.severity = Severity::Error;
            issues.push(found);
        }
    }
    let url = url.trim_end_matches('/');
    if url.strip_suffix("/v1").unwrap_or(url) == around.service.trim_end_matches('/') {
        let message = "`baseUrl` is the address of LiveAvatar's API: give that of your endpoint";
        issues.push(issue("baseUrl", "bad_url", message));
    }
}
