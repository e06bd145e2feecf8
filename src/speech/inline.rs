//! Delimiters within a line: emphasis, code, strike-through, formulas, escapes.

use super::character::is_word;
use super::said::Side;
use super::shaper::{Mode, Shaper, after, run_of};

impl Shaper {
    /// As much text is looked through for the end of what is struck out, in bytes.
    const STRUCK: usize = 256;
    /// No emphasis has as many characters.
    const RUN: usize = 16;

    /// Stars and underscores: emphasis is left out, arithmetic and identifiers stay.
    pub(super) fn emphasis(&mut self, rest: &str, c: char, is_end: bool, out: &mut String) -> Option<usize> {
        let length = run_of(rest, c);
        if length > Self::RUN {
            self.delimit(c, Self::RUN, Side::Sign);
            self.run = if c == '*' { "*" } else { "_" };
            return Some(length);
        }
        let right = Side::of(after(rest, length, is_end)?);
        if length > 2 {
            // Nothing but emphasis has three, and nobody says the blank of a form.
            if !self.said.is_line_begun() && right == Side::Space {
                self.said.end_line_above(out);
            }
            self.delimit(c, length, right);
            return Some(length);
        }
        let next = rest.get(length..).and_then(|rest| rest.chars().next());
        let left = self.said.left();
        let is_open = *self.open_of(c) > 0;
        let is_said = if c == '_' {
            let is_path = matches!(next, Some('@' | '/' | '-' | '=' | '(' | '+'));
            left.is_word() && (right.is_word() || (is_path && !is_open))
        } else {
            // `**` before a number is a power as much as `*` is a product.
            let is_operator =
                length == 1 || (next == Some(' ') && Side::of(after(rest, length + 1, is_end)?).is_digit());
            self.is_arithmetic(left, right, next, is_operator, is_open)
        };
        if is_said {
            for _ in 0..length {
                self.said.put(c, out);
            }
        } else {
            self.delimit(c, length, right);
        }
        Some(length)
    }

    /// Whether stars multiply what stands around them.
    fn is_arithmetic(&self, left: Side, right: Side, next: Option<char>, is_operator: bool, is_open: bool) -> bool {
        let last = self.said.last();
        let is_operand = last.is_some_and(|last| last.is_ascii_digit() || last == ')');
        match (left, right) {
            (Side::Space, Side::Space) if self.said.is_line_begun() && !self.said.is_cell_fresh() => {
                let is_word = Side::of(last).is_word();
                is_operand && (is_operator || !is_open) || (is_operator && is_word && !is_open)
            }
            (Side::Word { .. }, Side::Word { .. }) if left.is_digit() && right.is_digit() => true,
            (Side::Word { .. }, _) if left.is_digit() && is_operator && !is_open => true,
            (Side::Word { .. }, Side::Word { .. }) if is_open || left.is_dense() || right.is_dense() => false,
            (Side::Word { .. }, Side::Word { .. }) => is_operator || left.is_digit() || right.is_digit(),
            (Side::Word { .. }, _) => is_operator && !is_open && next == Some('('),
            (Side::Sign, _) => is_operator && !is_open && last == Some(')') && (right.is_digit() || next == Some('(')),
            _ => false,
        }
    }

    fn open_of(&mut self, c: char) -> &mut usize {
        let [stars, underscores] = &mut self.open;
        if c == '*' { stars } else { underscores }
    }

    /// Leaves a delimiter out, and remembers what it opened or closed.
    fn delimit(&mut self, c: char, length: usize, right: Side) {
        let left = self.said.left();
        let is_bold = length > 1;
        let open = self.open_of(c);
        if *open > 0 && left != Side::Space {
            *open = open.saturating_sub(length);
            if is_bold {
                self.said.close_bold();
            }
        } else if right != Side::Space && !left.is_word() {
            *open += length;
            if is_bold {
                self.said.open_bold();
            }
        }
        if left == Side::Space && right == Side::Space {
            self.said.skip_thing();
        } else {
            self.said.skip_mark();
        }
    }

    /// Inline code is said without its marks.
    pub(super) fn backticks(&mut self, rest: &str, is_end: bool) -> Option<usize> {
        let length = run_of(rest, '`');
        after(rest, length, is_end || length > 2)?;
        self.is_code = !self.is_code;
        self.said.skip_mark();
        self.run = "`";
        Some(length)
    }

    /// What is struck out is not said: it was replaced by what follows.
    pub(super) fn tildes(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        let length = run_of(rest, '~');
        if length > 2 {
            self.said.skip_mark();
            self.run = "~";
            return Some(length);
        }
        let next = after(rest, length, is_end)?;
        if length == 1 {
            self.put_before('~', next, out);
            return Some(1);
        }
        let struck = rest.get(length..).unwrap_or_default();
        let near = struck
            .get(..struck.floor_char_boundary(Self::STRUCK))
            .unwrap_or_default();
        let line = near.split('\n').next().unwrap_or_default();
        if next.is_some_and(|next| !next.is_whitespace()) && !self.is_code {
            if let Some(end) = line.find("~~") {
                self.said.skip_thing();
                self.run = "~";
                return Some(length + end + 2);
            }
            if line.len() == struck.len() && line.len() < Self::STRUCK && !is_end {
                return None;
            }
        }
        self.said.skip_mark();
        Some(length)
    }

    /// The dollars of prices stay, those of formulas are left out.
    pub(super) fn dollars(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        let length = run_of(rest, '$');
        let next = after(rest, length, is_end || length > 1)?;
        if length > 1 {
            self.said.skip_mark();
            self.run = "$";
            return Some(length);
        }
        let left = self.said.left();
        let right = Side::of(next);
        let is_said = if right.is_digit() {
            true
        } else if self.is_math {
            self.is_math = false;
            false
        } else if left.is_word() || right == Side::Space {
            self.is_kept(next)
        } else {
            self.is_math = right.is_word() || matches!(next, Some('\\' | '{'));
            !self.is_math && self.is_kept(next)
        };
        if is_said {
            self.said.put('$', out);
        } else {
            self.said.skip_mark();
        }
        Some(1)
    }

    /// An escape is left out, and what it escapes is looked at like everything else: a voice has no use for it either way.
    pub(super) fn backslash(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        let next = after(rest, 1, is_end)?;
        match next {
            // Delimiters of formulas.
            Some('(' | ')' | '[' | ']') => {
                self.said.skip_mark();
                Some(2)
            }
            Some(next) if is_word(next) => {
                self.said.put('\\', out);
                Some(1)
            }
            _ => {
                self.said.skip_mark();
                Some(1)
            }
        }
    }

    /// The address of a link, which is not said.
    pub(super) fn target(&mut self, rest: &str, mut depth: u32) -> usize {
        for (at, c) in rest.char_indices() {
            match c {
                '\n' => {
                    self.mode = Mode::Text;
                    return at;
                }
                '(' => depth = depth.saturating_add(1),
                ')' => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 {
                self.mode = Mode::Text;
                return at + 1;
            }
        }
        self.mode = Mode::Target { depth };
        rest.len()
    }
}
