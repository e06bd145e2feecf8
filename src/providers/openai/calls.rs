//! Which call to a tool a piece belongs to.

use std::borrow::Cow;

use crate::json::Text;

/// The calls that an answer has begun. By the reference a call is known by its `index`, and its id and name come once;
/// servers differ in all three:
///
/// - no index, or one that is no number: Ollama (ollama/ollama#7881), Mistral, Gemini (openai/openai-python#2806),
///   Moonshot (vercel/ai, `moonshotai-stream-indexless-tool-calls.chunks.txt`)
/// - 0 for every call: Ollama (ollama/ollama#15457), Gemini
/// - counted from 1, the number of a content block: Anthropic (vercel/ai, `anthropic-fallback-tool-call.sse`)
/// - an id that is empty in later pieces (Qwen, vercel/ai, `alibaba-tool-call.chunks.txt`), repeated in each, or late
/// - a name that is empty in later pieces (Mistral, vercel/ai, `mistral-incremental-tool-call.chunks.txt`), or repeated
///
/// What is told is counted from 0 in each choice, in the order in which the calls begin.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// Those that pieces may still come for.
    recent: Vec<Call>,
    /// How many each choice has begun.
    counts: Vec<(u32, u32)>,
}

#[derive(Clone, Debug)]
struct Call {
    choice: u32,
    number: u32,
    index: Option<u64>,
    id: String,
    name: String,
    arguments: Nesting,
}

/// A piece of a call as it came.
#[derive(Debug, Default)]
pub(super) struct Piece<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) arguments: Cow<'a, str>,
    /// Members that the reference does not give a call, as JSON.
    pub(super) extras: Vec<(Text<'a>, &'a str)>,
    /// How many pieces follow in the same list.
    pub(super) behind: usize,
}

/// How many calls are remembered: nobody mixes the pieces of so many, and looking through them stays cheap.
const REMEMBERED: usize = 128;

impl Calls {
    /// The number of the call that a piece belongs to; takes out of the piece what was told before.
    pub(super) fn place(&mut self, choice: u32, piece: &mut Piece<'_>) -> u32 {
        let known = self.known(choice, piece);
        let at = known
            .filter(|at| self.recent.get(*at).is_some_and(|call| !call.is_followed_by(piece)))
            .unwrap_or_else(|| self.begin(choice, piece.index));
        let Some(call) = self.recent.get_mut(at) else {
            return 0;
        };
        tell_once(&mut call.id, &mut piece.id);
        tell_once(&mut call.name, &mut piece.name);
        call.arguments.read(&piece.arguments);
        call.number
    }

    /// The call that has its id or its index. Without them it is the latest, but where several nameless pieces come in a
    /// row, each means one of the latest calls. A new index with a name is always a new call.
    fn known(&self, choice: u32, piece: &Piece<'_>) -> Option<usize> {
        let mut latest = self
            .recent
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, call)| call.choice == choice);
        let last = |is_it: &dyn Fn(&Call) -> bool| latest.clone().find(|(_, call)| is_it(call));
        let known = piece
            .id
            .as_deref()
            .and_then(|id| last(&|call| call.id == id))
            .or_else(|| piece.index.and_then(|index| last(&|call| call.index == Some(index))));
        let at_its_place = || match piece {
            Piece {
                index: Some(_),
                name: Some(_),
                ..
            } => None,
            Piece {
                index: None,
                id: None,
                name: None,
                ..
            } => latest.nth(piece.behind),
            _ => latest.next(),
        };
        known.or_else(at_its_place).map(|(at, _)| at)
    }

    fn begin(&mut self, choice: u32, index: Option<u64>) -> usize {
        if self.recent.len() == 2 * REMEMBERED {
            self.recent.drain(..REMEMBERED);
        }
        let at = self.counts.iter().position(|(of, _)| *of == choice);
        let at = at.unwrap_or_else(|| {
            self.counts.push((choice, 0));
            self.counts.len() - 1
        });
        let mut number = 0;
        if let Some((_, count)) = self.counts.get_mut(at) {
            number = *count;
            *count += 1;
        }
        self.recent.push(Call {
            choice,
            number,
            index,
            id: String::new(),
            name: String::new(),
            arguments: Nesting::default(),
        });
        self.recent.len() - 1
    }

    /// Whether the choice has called anything.
    pub(super) fn has_called(&self, choice: u32) -> bool {
        self.counts.iter().any(|(of, _)| *of == choice)
    }
}

impl Call {
    /// Whether a piece that looks like one of this call begins the next. Of another id it does if it has a name, or if all
    /// arguments are there. Without one it does if it has another name, or arguments though all are there.
    fn is_followed_by(&self, piece: &Piece<'_>) -> bool {
        let is_whole = self.arguments.is_whole();
        let is_named_anew = |name: &str| !self.name.is_empty() && name != self.name;
        match (&piece.id, &piece.name) {
            (Some(id), _) if *id == self.id => false,
            (Some(_), name) if !self.id.is_empty() => name.is_some() || is_whole,
            (_, Some(name)) => is_named_anew(name) || (is_whole && !piece.arguments.is_empty()),
            (_, None) => false,
        }
    }
}

/// Keeps what is said the first time, and takes out what is said again.
fn tell_once(known: &mut String, said: &mut Option<Cow<'_, str>>) {
    match said {
        Some(text) if known.is_empty() => known.push_str(text),
        _ => *said = None,
    }
}

/// Whether a JSON text that comes in pieces has come to its end.
#[derive(Clone, Debug, Default)]
struct Nesting {
    depth: u32,
    has_begun: bool,
    in_string: bool,
    after_backslash: bool,
}

impl Nesting {
    fn read(&mut self, piece: &str) {
        for byte in piece.bytes() {
            match byte {
                _ if self.after_backslash => self.after_backslash = false,
                b'\\' => self.after_backslash = self.in_string,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => {
                    self.has_begun = true;
                    self.depth = self.depth.saturating_add(1);
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.has_begun && self.depth == 0
    }
}
