//! Bare addresses.

use super::character::{is_dense, is_word};
use super::emoji::JOINER;
use super::options::Bare;
use super::shaper::{Mode, Shaper, after, is_plain};

const STARTS: [&str; 3] = ["https://", "http://", "www."];

/// Signs that belong to an address only if more of it follows.
fn is_trailing(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '_' | '~' | '-' | '&' | '*'
    )
}

/// What an address is made of.
fn is_address(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '[' | ']' | '{' | '}' | '|' | '\\' | '^')
    } else {
        is_word(c) && !is_dense(c)
    }
}

fn is_host(c: char) -> bool {
    c == '.' || c == '-' || (is_word(c) && !is_dense(c) && c != JOINER)
}

/// How much of `rest` is the start of an address; it may be cut.
fn start(rest: &str, is_end: bool) -> Option<usize> {
    let mut is_cut = false;
    for start in STARTS {
        let length = start.len().min(rest.len());
        if !start
            .get(..length)
            .zip(rest.get(..length))
            .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
        {
            continue;
        }
        if length == start.len() {
            return Some(length);
        }
        is_cut = true;
    }
    (is_end || !is_cut).then_some(0)
}

impl Shaper {
    /// The longest name of a host, as DNS has it, and a password before it.
    const AUTHORITY: usize = 320;
    const TAIL: usize = 16;

    /// Says of an address at the start of `rest` what is to be said. Zero is none.
    pub(super) fn address(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        let prefix = start(rest, is_end)?;
        if prefix == 0 {
            return Some(0);
        }
        let after_prefix = rest.get(prefix..).unwrap_or_default();
        let is_bare = prefix == 4;
        let first = after(rest, prefix, is_end)?;
        if is_bare && first.is_none_or(|first| first.is_whitespace() || first.is_ascii_punctuation() && is_plain(first))
        {
            return Some(0);
        }
        let end = after_prefix
            .char_indices()
            .find(|(at, c)| matches!(c, '/' | '?' | '#' | '(' | ')') || !is_address(*c) || *at > Self::AUTHORITY)
            .map(|(at, _)| at);
        let end = match end {
            Some(end) => end,
            None if is_end => after_prefix.len(),
            None => return None,
        };
        let authority = after_prefix.get(..end).unwrap_or_default();
        let host_at = authority.rfind('@').map_or(0, |at| at + 1);
        let from_host = authority.get(host_at..).unwrap_or_default();
        let host_end = from_host.find(|c| !is_host(c)).unwrap_or(from_host.len());
        let host = from_host
            .get(..host_end)
            .unwrap_or_default()
            .trim_end_matches(['.', '-']);
        let length = prefix + host_at + host.len();
        self.mode = Mode::Url { parens: 0 };
        if self.options.links == Bare::Keep {
            for c in rest.get(..length).unwrap_or_default().chars() {
                self.said.put(c, out);
            }
            return Some(length);
        }
        let mut name = host.trim_start_matches(['.', '-']);
        while let Some(rest) = name
            .get(..4)
            .filter(|www| www.eq_ignore_ascii_case("www."))
            .and_then(|_| name.get(4..))
        {
            name = rest.trim_start_matches(['.', '-']);
        }
        if self.options.links == Bare::Skip {
            self.said.skip_thing();
        } else if !name.is_empty() {
            name.chars().for_each(|c| self.said.put(c, out));
            if name.eq_ignore_ascii_case("www") {
                self.said.part(out);
            }
        } else {
            // Somebody speaks about addresses. What follows must not make one of it when it is read again.
            self.mode = Mode::Text;
            let start = rest.get(..prefix).unwrap_or_default();
            let is_kept =
                !self.said.is_row() && first.is_none_or(|first| is_plain(first) && !is_address(first) && first != '>');
            let said = if is_kept {
                start
            } else {
                start.trim_end_matches([':', '/', '.'])
            };
            said.chars().for_each(|c| self.said.put(c, out));
            if !is_kept {
                self.said.part(out);
            }
            return Some(prefix);
        }
        Some(length)
    }

    /// Passes over the rest of an address.
    pub(super) fn url(&mut self, rest: &str, parens: u32, is_end: bool, out: &mut String) -> Option<usize> {
        let c = rest.chars().next()?;
        let tail = rest.len() - rest.trim_start_matches(is_trailing).len();
        let mut length = c.len_utf8();
        let mut is_over = !is_address(c) || (c == ')' && parens == 0);
        if tail > 0 {
            length = tail;
            is_over = tail > Self::TAIL;
            if !is_over {
                let next = after(rest, tail, is_end)?;
                is_over = !next.is_some_and(|next| is_address(next) && (next != ')' || parens > 0));
            }
        }
        if is_over {
            self.mode = Mode::Text;
            return Some(0);
        }
        let parens = match c {
            '(' => parens.saturating_add(1),
            ')' => parens.saturating_sub(1),
            _ => parens,
        };
        self.mode = Mode::Url { parens };
        if self.options.links == Bare::Keep {
            for c in rest.get(..length).unwrap_or_default().chars() {
                self.said.put(c, out);
            }
        }
        Some(length)
    }
}
