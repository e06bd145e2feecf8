//! What was said so far, as far as it matters for what follows, and the white space that waits for it.

use super::character::{comma_after, is_closer, is_dense, is_pause, is_word, stop_after};
use super::shaper::is_plain;

/// Writes what is said, and knows the line it is in.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may hold with any other")]
pub(super) struct Said {
    /// White space that was not written yet: what follows may be left out.
    gap: String,
    removed: Removed,
    /// Whether so much white space came that it was written before anything followed.
    is_gap_cut: bool,
    last: Option<char>,
    /// The last character of a word: it tells the script.
    letter: char,
    is_line_begun: bool,
    /// Whether something was left out of the line.
    is_line_thinned: bool,
    /// Whether a voice pauses after what was said.
    is_paused: bool,
    number: Number,
    /// Whether the line is a sentence by itself, and so needs an end.
    is_item: bool,
    bold: Bold,
    row: Row,
}

/// What was left out within the white space.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Removed {
    #[default]
    Nothing,
    /// A delimiter, which stands close to its words.
    Mark,
    /// Something that stood for itself.
    Thing,
}

/// The number of a list item at the start of a line.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Number {
    /// Nothing but digits so far, if anything.
    #[default]
    Digits,
    Ended,
    None,
}

/// Whether the line is bold from its start to where it is now.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Bold {
    #[default]
    No,
    Begun,
    Closed,
}

/// Where in a table's row the line is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Row {
    #[default]
    No,
    /// In a row of which nothing was said.
    Begun,
    /// In a cell of which something was said.
    Cell,
    /// After such a cell.
    Between,
}

/// What stands left of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Space,
    Sign,
    Word { is_digit: bool, is_dense: bool },
}

impl Side {
    pub(super) fn of(c: Option<char>) -> Self {
        match c {
            None => Self::Space,
            Some(c) if c.is_whitespace() => Self::Space,
            Some(c) if is_word(c) => Self::Word {
                is_digit: c.is_ascii_digit(),
                is_dense: is_dense(c),
            },
            Some(_) => Self::Sign,
        }
    }

    pub(super) fn is_word(self) -> bool {
        matches!(self, Self::Word { .. })
    }

    pub(super) fn is_digit(self) -> bool {
        matches!(self, Self::Word { is_digit: true, .. })
    }

    pub(super) fn is_dense(self) -> bool {
        matches!(self, Self::Word { is_dense: true, .. })
    }
}

impl Said {
    /// As much white space is held back, in bytes.
    const GAP: usize = 64;

    /// What was said last, white space aside.
    pub(super) fn last(&self) -> Option<char> {
        self.last
    }

    pub(super) fn is_line_begun(&self) -> bool {
        self.is_line_begun
    }

    /// What stands left of what comes next.
    pub(super) fn left(&self) -> Side {
        if !self.gap.is_empty() || self.is_gap_cut || !self.is_line_begun || self.row == Row::Between {
            Side::Space
        } else if self.removed == Removed::Thing {
            Side::Sign
        } else {
            Side::of(self.last)
        }
    }

    /// White space within a line.
    pub(super) fn space(&mut self, c: char, out: &mut String) {
        if self.gap.len() >= Self::GAP {
            let gap = std::mem::take(&mut self.gap);
            match self.removed {
                Removed::Nothing => {
                    out.push_str(&gap);
                    self.is_gap_cut = true;
                }
                _ => self.gap.push_str(tidied(&gap)),
            }
        }
        self.gap.push(c);
    }

    /// Parts what was said from what comes next, whatever is left out between them.
    pub(super) fn part(&mut self, out: &mut String) {
        out.push(' ');
        self.is_gap_cut = true;
    }

    /// The end of a line.
    pub(super) fn end_line(&mut self, out: &mut String) {
        if self.is_line_begun && (self.is_item || self.bold == Bold::Closed || self.row != Row::No) {
            self.stop(out);
        }
        // A line of which nothing is left is no line.
        if self.is_line_begun || !self.is_line_thinned || !self.gap.contains('\n') {
            self.space('\n', out);
        }
        self.is_line_begun = false;
        self.is_line_thinned = false;
        self.is_item = false;
        self.number = Number::Digits;
        self.bold = Bold::No;
        self.row = Row::No;
    }

    /// The end of all.
    pub(super) fn end(&mut self, out: &mut String) {
        if self.is_line_begun && (self.is_item || self.bold == Bold::Closed || self.row != Row::No) {
            self.stop(out);
        }
        if self.removed == Removed::Nothing {
            out.push_str(&self.gap);
        }
        *self = Self::default();
    }

    /// A line right above is a sentence by itself.
    pub(super) fn end_line_above(&mut self, out: &mut String) {
        if !self.is_gap_cut && self.gap.matches('\n').count() == 1 {
            self.stop(out);
        }
    }

    /// Lets a voice pause, if it doesn't.
    fn stop(&mut self, out: &mut String) {
        let Some(last) = self.last.filter(|_| !self.is_paused) else {
            return;
        };
        if ends_phrase(last) {
            out.push_str(stop_after(self.letter));
            self.is_paused = true;
            self.removed = self.removed.max(Removed::Mark);
        }
    }

    /// A delimiter is left out here.
    pub(super) fn skip_mark(&mut self) {
        self.removed = self.removed.max(Removed::Mark);
        self.is_line_thinned = true;
    }

    /// Something that stood for itself is left out here.
    pub(super) fn skip_thing(&mut self) {
        self.removed = Removed::Thing;
        self.is_line_thinned = true;
    }

    /// The line is a list item or a heading.
    pub(super) fn begin_item(&mut self) {
        self.is_item = true;
        self.skip_mark();
    }

    /// Whether nothing but an item's marker stood on the line so far.
    pub(super) fn is_item_fresh(&self) -> bool {
        (self.is_item && !self.is_line_begun) || (self.number == Number::Ended && !self.gap.is_empty())
    }

    /// A digit was a picture: at the start of a line it is the number of an item.
    pub(super) fn keycap(&mut self) {
        self.is_item |= self.is_line_begun && self.number == Number::Digits;
        self.skip_thing();
    }

    /// Bold begins.
    pub(super) fn open_bold(&mut self) {
        if !self.is_line_begun {
            self.bold = Bold::Begun;
        }
    }

    /// Bold ends.
    pub(super) fn close_bold(&mut self) {
        if self.bold == Bold::Begun {
            self.bold = Bold::Closed;
        }
    }

    pub(super) fn is_row(&self) -> bool {
        self.row != Row::No
    }

    /// Whether the line is a row, and nothing of its present cell was said.
    pub(super) fn is_cell_fresh(&self) -> bool {
        matches!(self.row, Row::Begun | Row::Between)
    }

    /// A row begins, or its next cell.
    pub(super) fn next_cell(&mut self) {
        self.row = match self.row {
            Row::No if self.is_line_begun => Row::Between,
            Row::No | Row::Begun => Row::Begun,
            Row::Cell | Row::Between => Row::Between,
        };
        self.skip_mark();
    }

    /// Says a character.
    pub(super) fn put(&mut self, c: char, out: &mut String) {
        self.settle(c, out);
        out.push(c);
        self.number = match self.number {
            Number::Digits if c.is_ascii_digit() => Number::Digits,
            Number::Digits if self.last.is_some_and(|last| last.is_ascii_digit()) && matches!(c, '.' | ')') => {
                Number::Ended
            }
            _ => Number::None,
        };
        self.last = Some(c);
        if is_word(c) {
            self.letter = c;
        }
        self.is_paused = is_pause(c) || (self.is_paused && is_closer(c));
    }

    /// Whether characters may be said many at once by [`Said::put_all`].
    pub(super) fn is_plain(&self) -> bool {
        self.is_line_begun && self.number == Number::None
    }

    /// Says ASCII characters that are no white space.
    pub(super) fn put_all(&mut self, text: &str, out: &mut String) {
        let Some(first) = text.chars().next() else {
            return;
        };
        self.settle(first, out);
        out.push_str(text);
        self.last = text.chars().next_back();
        self.letter = text.chars().rfind(char::is_ascii_alphanumeric).unwrap_or(self.letter);
        self.is_paused = match text.trim_end_matches(is_closer).chars().next_back() {
            Some(c) => is_pause(c),
            None => self.is_paused,
        };
    }

    /// Writes the white space before what comes next.
    fn settle(&mut self, next: char, out: &mut String) {
        match self.removed {
            Removed::Nothing => {
                out.push_str(&self.gap);
            }
            removed => self.settle_around(removed, next, out),
        }
        if self.number == Number::Ended && !self.gap.is_empty() {
            self.is_item = true;
            self.number = Number::None;
        }
        if self.is_cell_fresh() {
            self.row = Row::Cell;
        }
        if self.bold == Bold::Closed {
            self.bold = Bold::Begun;
        }
        if !self.is_line_begun {
            self.is_line_begun = true;
            self.number = Number::Digits;
            // A digit of another line is no beginning.
            if !next.is_ascii_digit() {
                self.number = Number::None;
            }
        }
        self.gap.clear();
        self.removed = Removed::Nothing;
        self.is_gap_cut = false;
    }

    fn settle_around(&self, removed: Removed, next: char, out: &mut String) {
        let Some(last) = self.last else {
            return;
        };
        if self.row == Row::Between {
            let comma = comma_after(self.letter);
            return out.push_str(if !self.is_paused && is_plain(last) && last != '/' {
                comma
            } else if self.is_paused && !comma.ends_with(' ') {
                ""
            } else {
                // A comma would become part of an address, or make a delimiter of a sign.
                " "
            });
        }
        let gap = tidied(&self.gap);
        let joins = removed == Removed::Thing && self.is_line_begun && !self.is_gap_cut;
        if joins && gap.is_empty() {
            let needs_space = is_word(last) && is_word(next) && !is_dense(last) && !is_dense(next);
            out.push_str(if needs_space { " " } else { "" });
        } else if joins && gap == " " && ends_phrase(last) && last != ']' && clings(next) {
            // What stood before the sign is gone, and the sign follows the word.
        } else if !self.is_gap_cut || gap != " " {
            out.push_str(gap);
        }
    }
}

/// White space as it is written where something was left out of it.
fn tidied(gap: &str) -> &'static str {
    match gap.bytes().filter(|byte| *byte == b'\n').count() {
        0 if gap.is_empty() => "",
        0 => " ",
        1 => "\n",
        _ => "\n\n",
    }
}

/// Whether a full stop may follow a character.
fn ends_phrase(c: char) -> bool {
    is_word(c) || is_closer(c) || matches!(c, '%' | '+' | '#' | '°' | '€' | '£' | '¥' | '™' | '®' | '©')
}

/// Whether a sign stands close to what is before it.
fn clings(c: char) -> bool {
    matches!(c, '.' | ',' | '!' | '?' | ';' | ':' | '…' | ')' | '}' | '”' | '’' | '»')
        || (is_pause(c) && !matches!(c, '—' | '–'))
}
