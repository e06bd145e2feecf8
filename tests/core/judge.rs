//! The judge: what `LiveAvatar`'s caller makes of an answer.

mod oracle;
mod properties;
mod rules;
mod turns;

const DONE: &str = "data: [DONE]\n\n";

/// A chunk with these choices, as JSON.
fn chunk(choices: &str) -> String {
    format!("data: {{\"id\":\"c\",\"choices\":[{choices}]}}\n\n")
}

/// A chunk with this text, which holds nothing that must be escaped.
fn say(text: &str) -> String {
    chunk(&format!(
        "{{\"delta\":{{\"content\":\"{}\"}}}}",
        text.replace('\n', "\\n")
    ))
}
