//! What an upstream sends, and how it is cut into reads on the way.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Where a body is cut into reads.
#[derive(Clone, Debug)]
pub enum Cuts {
    /// Nowhere: it comes whole.
    None,
    /// At these places; twice at the same one is an empty read.
    At(Vec<Index>),
    /// Behind each byte.
    Everywhere,
}

impl Cuts {
    pub fn cut<'b>(&self, body: &'b [u8]) -> Vec<&'b [u8]> {
        match self {
            Self::None => vec![body],
            Self::Everywhere => body.chunks(1).collect(),
            Self::At(places) => {
                let mut places: Vec<usize> = places.iter().map(|place| place.index(body.len() + 1)).collect();
                places.sort_unstable();
                places.push(body.len());
                let mut start = 0;
                places
                    .into_iter()
                    .map(|end| &body[std::mem::replace(&mut start, end)..end])
                    .collect()
            }
        }
    }
}

pub fn cuts() -> impl Strategy<Value = Cuts> {
    prop_oneof![
        4 => vec(any::<Index>(), 0..8).prop_map(Cuts::At),
        1 => Just(Cuts::Everywhere),
    ]
}

/// A chunk as `OpenAI` sends it, with these choices.
pub fn chunk(choices: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt","choices":[{choices}]}}"#
    )
}

/// The chunk that begins choice 0.
pub fn role() -> String {
    chunk(r#"{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}"#)
}

/// A chunk with words of choice 0.
pub fn words(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    chunk(&format!(
        r#"{{"index":0,"delta":{{"content":{text}}},"finish_reason":null}}"#
    ))
}

/// The chunk that finishes choice 0.
pub fn finish() -> String {
    chunk(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#)
}

/// The chunk with token counts.
pub fn usage() -> String {
    chunk("").replace(
        "[]}",
        r#"[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#,
    )
}

/// An event stream of these payloads.
pub fn events<S: AsRef<str>>(payloads: &[S]) -> String {
    payloads.iter().fold(String::new(), |mut body, payload| {
        let _ = write!(body, "data: {}\n\n", payload.as_ref());
        body
    })
}

/// A whole answer in these pieces, as `OpenAI` streams it.
pub fn answer(pieces: &[&str]) -> String {
    let mut payloads = vec![role()];
    payloads.extend(pieces.iter().map(|piece| words(piece)));
    payloads.extend([finish(), usage(), "[DONE]".to_owned()]);
    events(&payloads)
}
