//! The API of the service: payloads held against their tables, calls with their retries, and what takes several calls.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::type_complexity,
    unreachable_pub
)]

mod base_url;
mod connect;
mod connect_llm;
mod driven;
mod exchange;
mod property;
mod racing;
mod service;
mod session;
mod settings;
mod tables;

use liveavatar_llm::error::{Issue, Severity};
use liveavatar_llm::liveavatar::{Payload, validate};
use serde_json::{Value, json};

pub const UUID: &str = "11111111-2222-4333-8444-555555555555";

/// A session that nothing is wrong with, with changes; a change of `null` removes a member.
pub fn full(changes: Value) -> Value {
    changed(
        json!({ "mode": "FULL", "avatar_id": UUID, "avatar_persona": { "context_id": UUID } }),
        changes,
    )
}

pub fn lite(changes: Value) -> Value {
    changed(json!({ "mode": "LITE", "avatar_id": UUID }), changes)
}

fn changed(mut payload: Value, changes: Value) -> Value {
    let members = payload.as_object_mut().unwrap();
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    for (name, value) in changes {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    payload
}

pub fn issues(payload: Payload, value: &Value) -> Vec<Issue> {
    validate(payload, &value.to_string())
}

/// Path, code and suggestion of everything that is found.
#[track_caller]
pub fn finds(payload: Payload, value: &Value, expected: &[(Severity, &str, &str, Option<&str>)]) {
    let found = issues(payload, value);
    let found: Vec<_> = found
        .iter()
        .map(|issue| {
            (
                issue.severity,
                issue.path.as_str(),
                issue.code,
                issue.suggestion.as_deref(),
            )
        })
        .collect();
    assert_eq!(found, expected, "{value}");
}

#[track_caller]
pub fn errs(payload: Payload, value: &Value, path: &str, code: &str) {
    let found = issues(payload, value);
    let found: Vec<_> = found
        .iter()
        .filter(|issue| issue.severity == Severity::Error)
        .map(|issue| (issue.path.as_str(), issue.code))
        .collect();
    assert_eq!(found, [(path, code)], "{value}");
}

#[track_caller]
pub fn passes(payload: Payload, value: &Value) {
    finds(payload, value, &[]);
}
