//! Finish reasons under other names.

use std::borrow::Cow;

use crate::json::Text;

/// What other servers say, and what that is called in `OpenAI`'s reference.
const NAMES: [(&str, &str); 6] = [
    // Together (openai-dotnet#267, spring-ai#4900)
    ("eos", STOP),
    ("eos_token", STOP),
    // Anthropic's words, let through by LiteLLM (BerriAI/litellm#12481)
    ("end_turn", STOP),
    ("tool_use", CALLS),
    // Gemini's words, let through by LiteLLM and Portkey (BerriAI/litellm#2195, Portkey#1200)
    ("STOP", STOP),
    ("MAX_TOKENS", "length"),
];

const STOP: &str = "stop";
const CALLS: &str = "tool_calls";

/// The reason in the reference's words, and whether it is as it was sent; `None` for an empty one, which says that there
/// is more to come (Ollama, ollama/ollama#4357).
///
/// «stop» after calls of tools is «`tool_calls`»: whoever reads «stop» does not answer the calls (Ollama,
/// ollama/ollama#7963; Gemini, googleapis/python-genai#2868).
pub(super) fn reason(said: Text<'_>, has_called: bool) -> Option<(Cow<'_, str>, bool)> {
    let said = said.read();
    let known = NAMES.iter().find(|(other, _)| *other == said).map(|(_, name)| *name);
    match known.unwrap_or(&said) {
        "" => None,
        STOP if has_called => Some((Cow::Borrowed(CALLS), false)),
        _ => Some(known.map_or((said, true), |name| (Cow::Borrowed(name), false))),
    }
}
