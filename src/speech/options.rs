//! What a developer sets for speech.

use crate::error::Error;
use crate::json::Value;
use crate::options;

/// What is said, and what is left out. The default is what suits a voice.
///
/// Thinking is never said, whatever is set: `<think>…</think>` and the like, where a model writes it into its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are settings, each for itself")]
pub struct Options {
    /// Whether markdown, HTML tags and LaTeX's delimiters are taken out, and headings, list items and rows end as
    /// sentences. If not, `code` and `tables` mean nothing, and only `citations` looks at brackets.
    pub shapes_markdown: bool,
    /// Whether emoji are passed on. Text symbols such as ™ always are.
    pub keeps_emoji: bool,
    /// What is said of a bare address. A link's text is said, and its address is not.
    pub links: Bare,
    /// Whether a fenced block of a programming language is said. Inline code is always said, and so is a block without a
    /// language or of plain text or markdown.
    pub says_code: bool,
    /// Whether the rows of a table are said, each as a sentence.
    pub says_tables: bool,
    /// Whether marks such as `[1]`, `[^1]` and `【4:0†source】` are passed on.
    pub keeps_citations: bool,
    /// How an answer's thinking begins.
    pub thinking: Thinking,
}

/// What is said of a bare address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare {
    /// The name of its host, without `www.`.
    Host,
    /// Nothing.
    Skip,
    /// All of it.
    Keep,
}

/// How an answer's thinking begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinking {
    /// With a tag. A closing tag without an opening one is left out, but the words before it were said already: nobody
    /// can take them back, and waiting for a tag that hardly ever comes would delay every answer to its end.
    Tagged,
    /// With the answer: the model's template holds the opening tag, so that only the closing one is sent. Nothing is said
    /// before it, and nothing at all if it never comes.
    First,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            shapes_markdown: true,
            keeps_emoji: false,
            links: Bare::Host,
            says_code: false,
            says_tables: true,
            keeps_citations: false,
            thinking: Thinking::Tagged,
        }
    }
}

impl Options {
    const NAMES: [&'static str; 7] = ["markdown", "emoji", "links", "code", "tables", "citations", "thinking"];

    /// Reads them from JSON; [`Options::read`] says what they are.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each option that is unknown or not one of its values.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::Object(vec![("speech".to_owned(), Value::parse(json).unwrap_or(Value::Null))]);
        let mut around = options::Options::new(value.as_object().unwrap_or_default(), &[]);
        let read = Self::read(&mut around);
        around.result(read)
    }

    /// Reads the member `speech`, all of whose members are strings and optional, the default first:
    ///
    /// `{ markdown: "shape" | "keep", emoji: "skip" | "keep", links: "host" | "skip" | "keep", code: "skip" | "say",
    /// tables: "say" | "skip", citations: "skip" | "keep", thinking: "tagged" | "first" }`
    pub(crate) fn read(around: &mut options::Options<'_>) -> Self {
        let mut given = around.enter("speech");
        given.check_names("`speech`", &Self::NAMES, &[], |name| match name {
            "url" => Some("links"),
            "reasoning" | "think" => Some("thinking"),
            "footnote" | "source" => Some("citations"),
            _ => None,
        });
        let read = Self {
            shapes_markdown: choice(&mut given, "markdown", &["shape", "keep"]) == 0,
            keeps_emoji: choice(&mut given, "emoji", &["skip", "keep"]) == 1,
            links: match choice(&mut given, "links", &["host", "skip", "keep"]) {
                0 => Bare::Host,
                1 => Bare::Skip,
                _ => Bare::Keep,
            },
            says_code: choice(&mut given, "code", &["skip", "say"]) == 1,
            says_tables: choice(&mut given, "tables", &["say", "skip"]) == 0,
            keeps_citations: choice(&mut given, "citations", &["skip", "keep"]) == 1,
            thinking: match choice(&mut given, "thinking", &["tagged", "first"]) {
                0 => Thinking::Tagged,
                _ => Thinking::First,
            },
        };
        around.leave(given);
        read
    }
}

/// Which of `values` a member is, the first if there is none.
fn choice(given: &mut options::Options<'_>, name: &'static str, values: &[&str]) -> usize {
    let Some(text) = given.text(name) else {
        return 0;
    };
    values.iter().position(|value| *value == text).unwrap_or_else(|| {
        let list = values.join("\" or \"");
        given.note(
            &[name],
            "unknown_value",
            format!("`speech.{name}` must be \"{list}\", it is \"{text}\""),
        );
        0
    })
}
