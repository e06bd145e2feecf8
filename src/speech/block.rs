//! What stands at the start of a line or of a table's cell.

use super::character::is_word;
use super::shaper::{Mode, Shaper, after, is_plain, run_of};

/// How a fenced block began, and so how it ends.
#[derive(Clone, Copy)]
pub(super) struct Fence {
    mark: char,
    length: usize,
    is_at_line_start: bool,
}

/// The languages of blocks that are no code.
const TEXTS: [&str; 6] = ["", "text", "txt", "plaintext", "markdown", "md"];

impl Shaper {
    /// As much of a fence's line is looked at, in bytes.
    const FENCE: usize = 64;

    /// Decides about what only means something at the start of a line or cell. Zero is none of it.
    pub(super) fn block(&mut self, rest: &str, c: char, is_end: bool, out: &mut String) -> Option<usize> {
        if self.said.is_cell_fresh() && matches!(c, ':' | '-') {
            return self.cell_rule(rest, is_end);
        }
        if self.said.is_line_begun() {
            return Some(0);
        }
        match c {
            '#' => self.heading(rest, is_end),
            '>' => {
                let next = after(rest, 1, is_end)?;
                if next.is_some_and(|next| next.is_ascii_digit() || next == '=') {
                    return Some(0);
                }
                self.said.skip_mark();
                Some(1)
            }
            '-' | '=' | '+' => self.dashes(rest, c, is_end, out),
            '*' => {
                let next = after(rest, 1, is_end)?;
                if next.is_none_or(char::is_whitespace) {
                    self.said.begin_item();
                    return Some(1);
                }
                Some(0)
            }
            '•' | '◦' | '‣' | '▪' | '▫' | '●' | '○' | '■' | '□' | '·' => {
                self.said.begin_item();
                Some(c.len_utf8())
            }
            '|' if self.options.says_tables => {
                self.said.next_cell();
                Some(1)
            }
            '|' => {
                self.said.skip_thing();
                self.mode = Mode::Line;
                Some(1)
            }
            '`' | '~' => self.fence(rest, c, is_end),
            _ => Some(0),
        }
    }

    fn heading(&mut self, rest: &str, is_end: bool) -> Option<usize> {
        let length = run_of(rest, '#');
        if length > 6 {
            self.said.skip_mark();
            self.run = "#";
            return Some(length);
        }
        match after(rest, length, is_end)? {
            Some(next) if length == 1 && is_word(next) => Some(0),
            Some(next) if next.is_whitespace() || is_word(next) => {
                self.said.begin_item();
                Some(length)
            }
            _ => {
                self.said.skip_mark();
                Some(length)
            }
        }
    }

    /// A rule, the underline of a heading, or the marker of an item.
    fn dashes(&mut self, rest: &str, c: char, is_end: bool, out: &mut String) -> Option<usize> {
        let length = run_of(rest, c);
        if length > 2 {
            self.said.end_line_above(out);
            self.said.skip_thing();
            self.run = match c {
                '-' => "-",
                '=' => "=",
                _ => "+",
            };
            return Some(length);
        }
        let next = after(rest, length, is_end)?;
        if length == 1 && c != '=' && next.is_none_or(char::is_whitespace) {
            self.said.begin_item();
            return Some(1);
        }
        if next.is_none_or(is_plain) {
            return Some(0);
        }
        self.said.skip_mark();
        Some(length)
    }

    /// The line under a table's head, cell by cell.
    fn cell_rule(&mut self, rest: &str, is_end: bool) -> Option<usize> {
        let length = rest.len() - rest.trim_start_matches([':', '-']).len();
        if length < 3 {
            let next = after(rest, length, is_end)?;
            if next.is_some_and(|next| !next.is_whitespace() && next != '|' && is_plain(next)) {
                return Some(0);
            }
        } else {
            self.run = ":-";
        }
        self.said.skip_mark();
        Some(length)
    }

    /// A fence, or inline code at the start of a line.
    fn fence(&mut self, rest: &str, mark: char, is_end: bool) -> Option<usize> {
        let length = run_of(rest, mark);
        if length < 3 {
            after(rest, length, is_end)?;
            return Some(0);
        }
        if length > Self::FENCE {
            return Some(0);
        }
        let tail = rest.get(length..).unwrap_or_default();
        let line = tail.split('\n').next().unwrap_or_default();
        if line.len() == tail.len() && line.len() < Self::FENCE && !is_end {
            return None;
        }
        let line = line.get(..line.floor_char_boundary(Self::FENCE)).unwrap_or_default();
        if line.contains(mark) {
            return Some(0);
        }
        self.said.skip_thing();
        match self.fence {
            Some(open) if open.mark == mark && length >= open.length && line.trim().is_empty() => self.fence = None,
            Some(_) => {}
            None => {
                let fence = Fence {
                    mark,
                    length,
                    is_at_line_start: false,
                };
                let language = line.split_whitespace().next().unwrap_or_default();
                if self.options.says_code || TEXTS.iter().any(|text| text.eq_ignore_ascii_case(language)) {
                    self.fence = Some(fence);
                } else {
                    self.mode = Mode::Fence(fence);
                    return Some(length);
                }
            }
        }
        // The line's end comes next, unless the line is longer than any that names a language.
        self.mode = Mode::Line;
        Some(length)
    }

    /// Passes over a fenced block.
    pub(super) fn fenced(&mut self, rest: &str, mut fence: Fence, is_end: bool) -> Option<usize> {
        if !fence.is_at_line_start {
            fence.is_at_line_start = rest.contains('\n');
            self.mode = Mode::Fence(fence);
            return Some(rest.find('\n').map_or(rest.len(), |end| end + 1));
        }
        let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if indent > 0 {
            return Some(indent);
        }
        let length = run_of(rest, fence.mark);
        if length < fence.length {
            after(rest, length, is_end)?;
        } else if after(rest, fence.length, is_end)?.is_none_or(|next| next.is_whitespace() || next == fence.mark) {
            self.mode = Mode::Line;
            return Some(fence.length);
        }
        fence.is_at_line_start = false;
        self.mode = Mode::Fence(fence);
        Some(length)
    }
}
