//! A session's payload out of what somebody would say in one breath.

use super::operation::refuse_wrong;
use super::session::SANDBOX_AVATAR;
use super::validate::Payload;
use crate::error::Error;
use crate::json::Value;

/// What stands inside a persona; with an agent, `language` and the variables stand inside that.
const PERSONAS: &str = "context_id voice_id language voice_settings stt_config llm_settings";
const AGENTS: &str = "language dynamic_variables";

/// Makes the payload of a session from JSON: the wire's members, those of the persona beside the others, and
/// `voice_agent_id`. The mode is FULL unless it is said, and the sandbox's avatar need not be.
///
/// # Errors
///
/// A validation error with everything that is wrong with the payload, if any of that is an error.
pub fn build(json: &str) -> Result<String, Error> {
    let given = Value::parse(json).unwrap_or(Value::Null);
    let Value::Object(options) = given else {
        let message = "the options must be an object such as { avatar_id, context_id }";
        return Err(Error::invalid_at("", "wrong_type", message));
    };
    let payload = assemble(options);
    refuse_wrong(Payload::SessionToken, &payload)?;
    let mut json = String::new();
    payload.write(&mut json);
    Ok(json)
}

/// The same of members that are known to be right.
pub(super) fn assemble(options: Vec<(String, Value)>) -> Value {
    let is = |name: &str, wanted: &Value| options.iter().any(|(known, value)| known == name && value == wanted);
    let is_full = !is("mode", &Value::String("LITE".to_owned()));
    let is_sandbox = is("is_sandbox", &Value::Bool(true));
    let has = |name: &str| {
        options
            .iter()
            .any(|(known, value)| known == name && *value != Value::Null)
    };
    let has_agent = has("voice_agent_id") || has("voice_agent");
    let mut payload = Vec::new();
    let text = |text: &str| Value::String(text.to_owned());
    if !has("mode") {
        payload.push(("mode".to_owned(), text("FULL")));
    }
    if is_sandbox && !has("avatar_id") {
        payload.push(("avatar_id".to_owned(), text(SANDBOX_AVATAR)));
    }
    for (name, value) in options {
        let among = |names: &str| names.split(' ').any(|known| known == name);
        if value == Value::Null {
        } else if name == "voice_agent_id" {
            put(&mut payload, "voice_agent", "id", value);
        } else if is_full && has_agent && among(AGENTS) {
            put(&mut payload, "voice_agent", &name, value);
        } else if is_full && among(PERSONAS) {
            put(&mut payload, "avatar_persona", &name, value);
        } else if let ("voice_agent" | "avatar_persona", Value::Object(members)) = (name.as_str(), &value) {
            for (inner, value) in members {
                put(&mut payload, &name, inner, value.clone());
            }
        } else {
            payload.push((name, value));
        }
    }
    Value::Object(payload)
}

/// Puts a member into an object that is a member.
fn put(payload: &mut Vec<(String, Value)>, object: &str, name: &str, value: Value) {
    let member = (name.to_owned(), value);
    for (known, inner) in payload.iter_mut() {
        if let (true, Value::Object(members)) = (known == object, inner) {
            return members.push(member);
        }
    }
    payload.push((object.to_owned(), Value::Object(vec![member])));
}
