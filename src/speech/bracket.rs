//! Brackets: links, images, footnotes, citations, boxes of tasks, and those that are just brackets.

use super::shaper::{Mode, Shaper, after};

/// A pair of brackets, seen from the opening one.
enum Pair<'a> {
    Closed {
        content: &'a str,
        next: Option<char>,
    },
    /// There is no closing one in this line, or not near enough.
    Open,
}

impl Shaper {
    /// As far a closing bracket is looked for, in bytes.
    const PAIR: usize = 240;
    /// As many pairs are looked at within one another.
    const DEPTH: u32 = 8;
    /// As much of a target is looked at, in bytes.
    const TARGET: usize = 64;

    fn pair(rest: &str, is_end: bool) -> Option<Pair<'_>> {
        let mut depth = 0_u32;
        for (at, c) in rest.char_indices() {
            if at > Self::PAIR || depth > Self::DEPTH {
                return Some(Pair::Open);
            }
            match c {
                '\n' => return Some(Pair::Open),
                '[' => depth += 1,
                ']' if depth == 1 => {
                    let next = after(rest, at + 1, is_end)?;
                    let content = rest.get(1..at).unwrap_or_default();
                    return Some(Pair::Closed { content, next });
                }
                ']' => depth -= 1,
                _ => {}
            }
        }
        is_end.then_some(Pair::Open)
    }

    pub(super) fn opening(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        if !self.options.shapes_markdown && self.options.keeps_citations {
            self.said.put('[', out);
            return Some(1);
        }
        if self.is_code {
            self.said.skip_thing();
            return Some(1);
        }
        let (content, next) = match Self::pair(rest, is_end)? {
            Pair::Closed { content, next } => (content, next),
            Pair::Open => {
                let near = rest.get(..rest.floor_char_boundary(Self::PAIR)).unwrap_or_default();
                let line = near.chars().skip(1).take_while(|c| *c != '\n');
                let is_said = !self.options.shapes_markdown || self.are_kept(line);
                return Some(self.bracket(is_said && self.brackets == 0, out));
            }
        };
        let whole = content.len() + 2;
        let is_citation = is_citation(content, self.is_after_word());
        if self.options.keeps_citations {
            if is_citation && next != Some('(') && self.brackets == 0 {
                self.said.put('[', out);
                return Some(1);
            }
        } else {
            if is_citation {
                self.said.skip_thing();
                // A link of a citation keeps its closing bracket, by which its target is known.
                let is_link = next == Some('(') && self.options.shapes_markdown;
                let is_definition = next == Some(':') && !self.said.is_line_begun();
                return Some(whole - usize::from(is_link) + usize::from(is_definition));
            }
            if content.len() > 1 && content.starts_with('^') && !content.contains([' ', '[']) {
                self.said.skip_thing();
                if next == Some(':') && !self.said.is_line_begun() {
                    self.mode = Mode::Line;
                }
                return Some(whole);
            }
        }
        if !self.options.shapes_markdown {
            self.said.put('[', out);
            return Some(1);
        }
        if matches!(content, " " | "x" | "X") && self.said.is_item_fresh() && next.is_none_or(char::is_whitespace) {
            self.said.skip_thing();
            return Some(whole);
        }
        if next == Some(':') && !self.said.is_line_begun() && self.brackets == 0 {
            let target = rest.get(whole + 1..).unwrap_or_default();
            if target.len() < 8 && !target.contains('\n') && !is_end {
                return None;
            }
            if ["http", "<http", "www."]
                .iter()
                .any(|start| target.trim_start_matches([' ', '\t']).starts_with(start))
            {
                self.said.skip_thing();
                self.mode = Mode::Line;
                return Some(whole);
            }
        }
        let is_said = next != Some('(')
            && self.brackets == 0
            && self.are_kept(content.chars())
            && self.is_kept(next)
            && !holds_address(content);
        Some(self.bracket(is_said, out))
    }

    /// Whether nothing is left out of characters that hold no bracket; an exclamation mark only is before one.
    fn are_kept(&self, mut characters: impl Iterator<Item = char>) -> bool {
        characters.all(|c| c == '!' || self.is_kept(Some(c)))
    }

    /// Says an opening bracket, or leaves it out with its partner.
    fn bracket(&mut self, is_said: bool, out: &mut String) -> usize {
        if is_said {
            self.said.put('[', out);
        } else {
            self.brackets += 1;
            self.said.skip_mark();
        }
        1
    }

    pub(super) fn closing(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        if self.is_code {
            self.said.skip_thing();
            return Some(1);
        }
        let next = after(rest, 1, is_end)?;
        if next == Some('(') && is_target(rest.get(2..).unwrap_or_default(), is_end)? {
            self.mode = Mode::Target { depth: 0 };
        } else if next != Some('(') && self.brackets == 0 {
            let next = next.filter(|next| *next != '[' || !self.options.keeps_citations);
            self.put_before(']', next, out);
            return Some(1);
        }
        self.brackets = self.brackets.saturating_sub(1);
        self.said.skip_mark();
        Some(1)
    }

    /// An image is said like a link: by its text.
    pub(super) fn exclamation(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        let image = rest.get(1..).unwrap_or_default();
        if after(rest, 1, is_end)? == Some('[')
            && let Pair::Closed { next: Some('('), .. } = Self::pair(image, is_end)?
        {
            self.said.skip_mark();
        } else {
            self.said.put('!', out);
        }
        Some(1)
    }

    /// `【4:0†source】`, as `OpenAI`'s assistants mark a source. Chinese and Japanese set titles in the same brackets.
    pub(super) fn lenticular(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        const LONGEST: usize = 64;
        let length = '【'.len_utf8();
        let window = rest
            .char_indices()
            .find(|(at, c)| *c == '】' || *c == '\n' || *at > LONGEST);
        let (end, c) = match window {
            Some(found) => found,
            None if is_end => (rest.len(), '\n'),
            None => return None,
        };
        let content = rest.get(length..end).unwrap_or_default();
        let is_source = content.contains('†')
            || content.starts_with(|c: char| c.is_ascii_digit())
                && content
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, ':' | ',' | ' '));
        if c == '】' && is_source && !self.options.keeps_citations {
            self.said.skip_thing();
            return Some(end + c.len_utf8());
        }
        if self.are_kept(content.chars()) && !holds_address(content) {
            self.said.put('【', out);
        } else {
            self.said.skip_mark();
        }
        Some(length)
    }
}

/// Whether brackets may hold an address, of which something is left out.
fn holds_address(content: &str) -> bool {
    content.contains("://") || content.contains("www.")
}

/// Whether brackets hold a citation: one number or a range; two numbers too, more only right after a word, since they may
/// be a list as well.
fn is_citation(content: &str, is_attached: bool) -> bool {
    let most = if is_attached { 9 } else { 2 };
    let number = |text: &str| {
        let digits = text.trim();
        matches!(digits.len(), 1..=3) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
    };
    content.split([',', ';']).count() <= most
        && content.split([',', ';']).all(|part| {
            let ends = part.split(['-', '–']);
            ends.clone().count() <= 2 && ends.clone().all(number)
        })
}

/// Whether what follows an opening parenthesis is the target of a link, and no remark in words.
fn is_target(rest: &str, is_end: bool) -> Option<bool> {
    for (at, c) in rest.char_indices() {
        if c == ')' || c == '<' || at > Shaper::TARGET {
            return Some(true);
        }
        if c == '\n' {
            return Some(false);
        }
        if c.is_whitespace() {
            let title = rest.get(at..).unwrap_or_default().trim_start_matches([' ', '\t']);
            if title.is_empty() && rest.len() > Shaper::TARGET {
                return Some(false);
            }
            return Some(after(title, 0, is_end)?.is_none_or(|c| matches!(c, '"' | '\'' | ')' | '(')));
        }
    }
    is_end.then_some(true)
}
