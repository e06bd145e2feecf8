//! The machine that takes what a model writes and gives what is said.

use super::block::Fence;
use super::character::is_word;
use super::emoji::{JOINER, KEYCAP, SELECTOR, is_modifier, is_picture, is_styled};
use super::options::{Options, Thinking};
use super::said::{Said, Side};
use super::tag;

/// Shapes an answer for a voice while it streams.
///
/// Give it the answer piece by piece with [`Shaper::push`], and [`Shaper::finish`] at the end; then it is as new. How the
/// answer is cut into pieces makes no difference. Nothing but the end of what was given is held back, and that only where
/// the next characters decide what it means: a few characters as a rule, [`Shaper::LONGEST`] bytes at most. Text without
/// markup stays as it is, byte for byte, and so does what was shaped by the default options already.
///
/// ```
/// use liveavatar_llm::speech::{Options, Shaper};
///
/// let mut shaper = Shaper::new(&Options::default());
/// let mut said = String::new();
/// for piece in ["## Plan\n- **Buy** mi", "lk 🥛\n- Pay 2 * 3 €"] {
///     shaper.push(piece, &mut said);
/// }
/// shaper.finish(&mut said);
/// assert_eq!(said, "Plan.\nBuy milk.\nPay 2 * 3 €.");
/// ```
#[expect(clippy::struct_excessive_bools, reason = "any of them may hold with any other")]
pub struct Shaper {
    pub(super) options: Options,
    pub(super) said: Said,
    pub(super) mode: Mode,
    /// What was given and not decided yet.
    held: String,
    /// Emphasis that was opened in this line, in characters: by stars and by underscores.
    pub(super) open: [usize; 2],
    pub(super) is_code: bool,
    pub(super) is_math: bool,
    /// Brackets that were opened and left out.
    pub(super) brackets: usize,
    /// Whether an address in angle brackets is open.
    pub(super) is_angle: bool,
    /// Whether the last character was a picture.
    is_after_picture: bool,
    /// The rest of a run that was decided on: characters to pass over.
    pub(super) run: &'static str,
    /// The fence of a block that is said.
    pub(super) fence: Option<Fence>,
}

/// What the next characters belong to.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    Text,
    /// An address, after its host.
    Url {
        parens: u32,
    },
    /// The target of a link, in so many parentheses.
    Target {
        depth: u32,
    },
    /// What nobody hears, until one of these tags is closed.
    Hidden(&'static [&'static str]),
    Comment,
    /// A fenced block that is not said.
    Fence(Fence),
    /// The rest of a line.
    Line,
}

/// The character after `at` bytes of `rest`: none at the end of all. Without a value it is not known yet.
#[expect(clippy::option_option, reason = "the outer one is for `?`")]
pub(super) fn after(rest: &str, at: usize, is_end: bool) -> Option<Option<char>> {
    match rest.get(at..).and_then(|rest| rest.chars().next()) {
        None if !is_end => None,
        next => Some(next),
    }
}

/// How many bytes of `rest` are this character from its start on.
pub(super) fn run_of(rest: &str, c: char) -> usize {
    rest.len() - rest.trim_start_matches(c).len()
}

/// Whether a character is said whatever follows it, and can't become markup by what is left out before it.
pub(super) fn is_plain(c: char) -> bool {
    !matches!(
        c,
        '*' | '_' | '`' | '~' | '[' | ']' | '<' | '\\' | '!' | '$' | '【' | JOINER
    ) && (c.is_ascii() || !(is_picture(c) || is_styled(c) || is_modifier(c)))
}

/// What may be said many at once: ASCII that nothing depends on.
fn is_inert(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'.' | b','
                | b'\''
                | b'"'
                | b'('
                | b')'
                | b':'
                | b';'
                | b'/'
                | b'?'
                | b'&'
                | b'@'
                | b'+'
                | b'='
                | b'%'
                | b'-'
                | b'{'
                | b'}'
                | b'^'
                | b'#'
        )
}

/// How many bytes from the start on are of characters that may be said at once.
fn inert(rest: &str) -> usize {
    let mut before = b'a';
    rest.bytes()
        .position(|byte| {
            let may_be_address =
                matches!(byte, b'h' | b'H' | b'w' | b'W') && !(before.is_ascii_alphanumeric() || before == b'@');
            before = byte;
            may_be_address || !is_inert(byte)
        })
        .unwrap_or(rest.len())
}

impl Shaper {
    /// The most that is ever held back, in bytes, white space aside.
    pub const LONGEST: usize = 512;

    /// A shaper at the start of an answer.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            options: *options,
            said: Said::default(),
            mode: match options.thinking {
                Thinking::Tagged => Mode::Text,
                Thinking::First => Mode::Hidden(tag::THINKING),
            },
            held: String::new(),
            open: [0; 2],
            is_code: false,
            is_math: false,
            brackets: 0,
            is_angle: false,
            is_after_picture: false,
            run: "",
            fence: None,
        }
    }

    /// Takes the next piece of the answer, and appends to `out` what may be said now.
    pub fn push(&mut self, text: &str, out: &mut String) {
        if self.held.is_empty() {
            let done = self.run(text, false, out);
            self.held.push_str(text.get(done..).unwrap_or_default());
            return;
        }
        let mut held = std::mem::take(&mut self.held);
        held.push_str(text);
        let done = self.run(&held, false, out);
        held.drain(..done);
        self.held = held;
    }

    /// The answer is over: appends to `out` what was held back. The next piece is the first of another answer.
    pub fn finish(&mut self, out: &mut String) {
        let held = std::mem::take(&mut self.held);
        self.run(&held, true, out);
        self.said.end(out);
        *self = Self::new(&self.options);
    }

    /// How much of the answer is held back, in bytes, white space aside.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Says what can be decided of `text`, and tells how many bytes that is.
    fn run(&mut self, text: &str, is_end: bool, out: &mut String) -> usize {
        let mut done = 0;
        while let Some(rest) = text.get(done..).filter(|rest| !rest.is_empty()) {
            match self.step(rest, is_end, out) {
                Some(length) => done += length,
                None => break,
            }
        }
        done
    }

    /// Decides about the start of `rest`, and tells how long that is. Without a value the next characters must be known;
    /// at the end they always are.
    fn step(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        match self.mode {
            Mode::Text => self.text(rest, is_end, out),
            Mode::Url { parens } => self.url(rest, parens, is_end, out),
            Mode::Target { depth } => Some(self.target(rest, depth)),
            Mode::Hidden(names) => self.hidden(rest, names, is_end),
            Mode::Comment => self.comment(rest, is_end),
            Mode::Fence(fence) => self.fenced(rest, fence, is_end),
            Mode::Line => Some(self.line(rest)),
        }
    }

    /// Passes over the rest of a line.
    fn line(&mut self, rest: &str) -> usize {
        match rest.find('\n') {
            None => rest.len(),
            Some(end) => {
                self.mode = Mode::Text;
                end
            }
        }
    }

    fn text(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        if !self.run.is_empty() {
            let length = rest.len() - rest.trim_start_matches(|c| self.run.contains(c)).len();
            if length == 0 {
                self.run = "";
            }
            if length > 0 {
                return Some(length);
            }
        }
        let c = rest.chars().next()?;
        if c.is_whitespace() {
            self.is_after_picture = false;
            if c == '\n' {
                self.said.end_line(out);
                self.open = [0; 2];
                self.is_code = false;
                self.is_math = false;
                self.brackets = 0;
                self.is_angle = false;
            } else {
                self.said.space(c, out);
            }
            return Some(c.len_utf8());
        }
        let length = self.visible(rest, c, is_end, out)?;
        self.is_after_picture =
            self.is_after_picture && (c == JOINER || is_picture(c) || is_styled(c) || is_modifier(c));
        if !self.options.keeps_emoji && is_picture(c) {
            self.is_after_picture = true;
        }
        Some(length)
    }

    fn visible(&mut self, rest: &str, c: char, is_end: bool, out: &mut String) -> Option<usize> {
        if matches!(c, 'h' | 'H' | 'w' | 'W') && self.is_word_start(c) {
            let length = self.address(rest, is_end, out)?;
            if length > 0 {
                return Some(length);
            }
            self.said.put(c, out);
            return Some(1);
        }
        if self.options.shapes_markdown {
            if !self.said.is_line_begun() || self.said.is_cell_fresh() {
                let length = self.block(rest, c, is_end, out)?;
                if length > 0 {
                    return Some(length);
                }
            }
            match c {
                '*' | '_' => return self.emphasis(rest, c, is_end, out),
                '`' => return self.backticks(rest, is_end),
                '~' => return self.tildes(rest, is_end, out),
                '!' => return self.exclamation(rest, is_end, out),
                '$' => return self.dollars(rest, is_end, out),
                '\\' => return self.backslash(rest, is_end, out),
                ']' => return self.closing(rest, is_end, out),
                '>' if self.is_angle => {
                    self.is_angle = false;
                    self.said.skip_mark();
                    return Some(1);
                }
                '|' if self.said.is_row() => {
                    self.said.next_cell();
                    return Some(1);
                }
                _ => {}
            }
        }
        match c {
            '<' => return self.angle(rest, is_end, out),
            '[' => return self.opening(rest, is_end, out),
            '【' => return self.lenticular(rest, is_end, out),
            _ => {}
        }
        if !c.is_ascii() && !self.options.keeps_emoji && self.emoji(rest, c, is_end)? {
            return Some(c.len_utf8());
        }
        let length = if self.said.is_plain() { inert(rest) } else { 0 };
        if length > 1 {
            self.said.put_all(rest.get(..length).unwrap_or_default(), out);
            return Some(length);
        }
        self.said.put(c, out);
        Some(c.len_utf8())
    }

    /// Whether an address may begin here.
    fn is_word_start(&self, c: char) -> bool {
        match self.said.left() {
            Side::Word { is_dense, .. } => is_dense,
            Side::Sign => match self.said.last() {
                Some('_' | '@') => false,
                // Within the name of a host.
                Some('.' | '-') => matches!(c, 'h' | 'H'),
                _ => true,
            },
            Side::Space => true,
        }
    }

    /// Whether a character is a picture or a part of one, which is left out here.
    fn emoji(&mut self, rest: &str, c: char, is_end: bool) -> Option<bool> {
        if is_styled(c) && !is_picture(c) {
            if after(rest, c.len_utf8(), is_end)? != Some(SELECTOR) {
                return Some(false);
            }
            self.said.skip_thing();
        } else if is_picture(c) {
            self.said.skip_thing();
        } else if c == KEYCAP {
            self.said.keycap();
        } else if is_modifier(c) || (c == JOINER && self.is_after_picture) {
            self.said.skip_mark();
        } else {
            return Some(false);
        }
        Some(true)
    }

    /// Says the character at the start of `rest` if what follows it keeps it from becoming markup, else leaves it out.
    pub(super) fn put_before(&mut self, c: char, next: Option<char>, out: &mut String) {
        if self.is_kept(next) {
            self.said.put(c, out);
        } else {
            self.said.skip_mark();
        }
    }

    /// Whether the next character is said, or there is none.
    pub(super) fn is_kept(&self, next: Option<char>) -> bool {
        next.is_none_or(|next| match next {
            '|' => !self.said.is_row(),
            '>' => !self.is_angle,
            _ => is_plain(next),
        })
    }

    /// Whether a word stands right before what comes next.
    pub(super) fn is_after_word(&self) -> bool {
        self.said.left().is_word() && self.said.last().is_some_and(is_word)
    }
}
