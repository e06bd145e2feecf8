//! Angle brackets: tags of HTML, SSML and models, addresses, comparisons; and what stands between tags and nobody hears.

use super::character::is_word;
use super::shaper::{Mode, Shaper, after, is_plain, run_of};

/// The tags that models think in.
pub(super) const THINKING: &[&str] = &["think", "thinking", "thought", "reasoning"];

/// Further tags whose content is not for anybody's ears.
const HIDDEN: &[&str] = &["script", "style", "tool_call", "tool_response"];

/// Tags that begin a line of their own, with a space around each.
const BREAKS: &str = " br p div hr ul ol table section article blockquote pre details summary ";

/// Of these, the line is a sentence.
const ITEMS: &str = " li h1 h2 h3 h4 h5 h6 tr ";

const CELLS: &str = " td th ";

/// Tags that stand right after a word and are no type's parameter, as in `Vec<u8>`.
const INLINE: &str = " a abbr b big break cite code del em emphasis font i img ins kbd mark prosody q s say-as small \
                      span speak strike strong sub sup time tt u var voice wbr ";

fn is_one_of(names: &str, name: &str) -> bool {
    let mut names = names.split(' ');
    !name.is_empty() && names.any(|known| known.eq_ignore_ascii_case(name))
}

/// A tag at the start of a text.
struct Tag<'a> {
    name: &'a str,
    length: usize,
    is_closing: bool,
    has_more: bool,
}

/// What an angle bracket begins.
enum Angle<'a> {
    Tag(Tag<'a>),
    /// An address, which begins after so many bytes.
    Address(usize),
    /// None of these: what shows it.
    Sign(Option<char>),
}

/// The longest tag, in bytes.
const LONGEST: usize = 240;

/// How many bytes from `at` on are of such characters.
fn length_of(rest: &str, at: usize, is_such: impl Fn(char) -> bool) -> usize {
    let rest = rest.get(at..).unwrap_or_default();
    rest.len() - rest.trim_start_matches(is_such).len()
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Reads a tag or address. Without a value more must be known.
fn angle(rest: &str, is_end: bool) -> Option<Angle<'_>> {
    let is_closing = rest.as_bytes().get(1) == Some(&b'/');
    let begin = 1 + usize::from(is_closing);
    let mut at = begin + length_of(rest, begin, is_name);
    if at > LONGEST {
        return Some(Angle::Sign(Some('<')));
    }
    let name = rest.get(begin..at).unwrap_or_default();
    let next = after(rest, at, is_end)?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some(Angle::Sign(name.chars().next().or(next)));
    }
    if !is_closing && (name.eq_ignore_ascii_case("http:") || name.eq_ignore_ascii_case("https:")) {
        return Some(Angle::Address(1));
    }
    if next == Some('.') {
        let second = after(rest, at + 1, is_end)?;
        if !second.is_some_and(is_word) {
            return Some(Angle::Sign(second));
        }
    }
    if matches!(next, Some('@' | '.')) {
        const SCHEME: &str = "mailto:";
        let scheme = if name.starts_with(SCHEME) { SCHEME.len() } else { 0 };
        return Some(if is_mail(rest, is_end)? {
            Angle::Address(1 + scheme)
        } else {
            Angle::Sign(Some('<'))
        });
    }
    if name.contains(':') && next != Some('>') {
        return Some(Angle::Sign(Some('<')));
    }
    let mut has_more = false;
    loop {
        let space = length_of(rest, at, is_space);
        at += space;
        if at > LONGEST {
            return Some(Angle::Sign(Some('<')));
        }
        match after(rest, at, is_end)? {
            Some('>') => {
                let length = at + 1;
                return Some(Angle::Tag(Tag {
                    name,
                    length,
                    is_closing,
                    has_more,
                }));
            }
            Some('/') if !is_closing && after(rest, at + 1, is_end)? == Some('>') => at += 1,
            Some(c) if space > 0 && !is_closing && c.is_ascii_alphabetic() => match attribute(rest, at, is_end)? {
                Ok(end) => at = end,
                Err(shown) => return Some(Angle::Sign(shown.or(Some(c)))),
            },
            next => return Some(Angle::Sign(next)),
        }
        has_more = true;
    }
}

/// Whether an address of mail stands in angle brackets at the start of `rest`.
fn is_mail(rest: &str, is_end: bool) -> Option<bool> {
    let end = rest
        .char_indices()
        .skip(1)
        .find(|(at, c)| c.is_whitespace() || matches!(c, '<' | '>') || *at > LONGEST);
    match end {
        None if !is_end => None,
        Some((end, '>')) => {
            let mail = rest.get(1..end).unwrap_or_default();
            Some(mail.contains('@') && mail.chars().all(is_plain))
        }
        _ => Some(false),
    }
}

/// Where an attribute ends that begins at `at`; or what shows that it is none. One without a value is a word, and such words
/// are those of a comparison or a placeholder.
fn attribute(rest: &str, mut at: usize, is_end: bool) -> Option<Result<usize, Option<char>>> {
    at += length_of(rest, at, is_name);
    if at > LONGEST {
        return Some(Err(Some('<')));
    }
    let equals = after(rest, at, is_end)?;
    if equals != Some('=') {
        return Some(Err(equals.filter(|c| !is_plain(*c))));
    }
    at += 1;
    at += length_of(rest, at, is_space);
    if at > LONGEST {
        return Some(Err(Some('<')));
    }
    let quote = after(rest, at, is_end)?.filter(|quote| matches!(quote, '"' | '\''));
    let value = rest.get(at..).unwrap_or_default();
    let end = value
        .char_indices()
        .skip(usize::from(quote.is_some()))
        .find(|(end, c)| {
            *end > LONGEST
                || match quote {
                    Some(quote) => *c == quote || matches!(c, '<' | '\n'),
                    None => c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '=' | '`'),
                }
        });
    match end {
        None if !is_end => None,
        Some((end, c)) if end <= LONGEST && quote == Some(c) => Some(Ok(at + end + 1)),
        Some((end, _)) if end <= LONGEST && quote.is_none() => Some(Ok(at + end)),
        _ => Some(Err(Some('<'))),
    }
}

impl Shaper {
    pub(super) fn angle(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        match after(rest, 1, is_end)? {
            Some('!') if self.options.shapes_markdown => {
                if "<!--".starts_with(rest) && !is_end {
                    return None;
                }
                if rest.starts_with("<!--") {
                    self.said.skip_thing();
                    self.mode = Mode::Comment;
                    return Some(4);
                }
                self.said.skip_mark();
                return Some(1);
            }
            Some('|') => return self.special(rest, is_end, out),
            // A shift, or much less.
            Some('<') => {
                let length = run_of(rest, '<');
                let next = after(rest, length, is_end || length > LONGEST)?;
                let is_said = next.is_none_or(|next| next.is_whitespace() || next.is_ascii_digit() || next == '=');
                if is_said && length < LONGEST {
                    rest.chars().take(length).for_each(|c| self.said.put(c, out));
                } else {
                    self.said.skip_mark();
                    self.run = "<";
                }
                return Some(length);
            }
            _ => {}
        }
        let tag = match angle(rest, is_end)? {
            Angle::Tag(tag) => tag,
            Angle::Sign(_) if !self.options.shapes_markdown => {
                self.said.put('<', out);
                return Some(1);
            }
            Angle::Sign(next) => {
                self.put_before('<', next, out);
                return Some(1);
            }
            Angle::Address(length) => {
                if self.options.shapes_markdown {
                    self.is_angle = true;
                    self.said.skip_mark();
                } else {
                    self.said.put('<', out);
                }
                return Some(if self.options.shapes_markdown { length } else { 1 });
            }
        };
        let hidden = [THINKING, HIDDEN].into_iter().find_map(|names| {
            let at = names.iter().position(|name| name.eq_ignore_ascii_case(tag.name))?;
            names.get(at..=at)
        });
        if let Some(names) = hidden {
            if self.is_code && after(rest, tag.length, is_end)? == Some('`') {
                self.name(&tag, out);
                return Some(tag.length);
            }
            self.said.skip_thing();
            if !tag.is_closing {
                self.mode = Mode::Hidden(names);
            }
            return Some(tag.length);
        }
        if !self.options.shapes_markdown {
            self.said.put('<', out);
            return Some(1);
        }
        let is_known = [BREAKS, ITEMS, CELLS, INLINE]
            .iter()
            .any(|names| is_one_of(names, tag.name));
        if self.is_code || (self.is_after_word() && !is_known && !tag.is_closing && !tag.has_more) {
            self.name(&tag, out);
            return Some(tag.length);
        }
        self.said.skip_mark();
        if is_one_of(BREAKS, tag.name) || is_one_of(ITEMS, tag.name) {
            if self.said.is_line_begun() {
                self.said.end_line(out);
            }
            if is_one_of(ITEMS, tag.name) && !tag.is_closing {
                self.said.begin_item();
            }
        } else if is_one_of(CELLS, tag.name) && !tag.is_closing {
            self.said.next_cell();
        }
        Some(tag.length)
    }

    /// Says a tag's name, which somebody speaks about.
    fn name(&mut self, tag: &Tag<'_>, out: &mut String) {
        self.said.skip_thing();
        let name = tag.name.trim_end_matches(['_', '-', ':']);
        name.chars().for_each(|c| self.said.put(c, out));
        self.said.skip_thing();
    }

    /// A token that steers a model and slipped into its words, such as `<|im_end|>`.
    fn special(&mut self, rest: &str, is_end: bool, out: &mut String) -> Option<usize> {
        let name = rest.get(2..).unwrap_or_default();
        let length = name.len()
            - name
                .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
                .len();
        let end = name.get(length..).unwrap_or_default();
        if length > LONGEST {
            self.said.skip_mark();
            return Some(1);
        }
        if end.len() < 2 && "|>".starts_with(end) && !is_end {
            return None;
        }
        if end.starts_with("|>") {
            self.said.skip_thing();
            return Some(length + 4);
        }
        self.put_before('<', end.chars().next(), out);
        Some(1)
    }

    /// Passes over what nobody hears, to the end of its closing tag.
    pub(super) fn hidden(&mut self, rest: &str, names: &[&str], is_end: bool) -> Option<usize> {
        let Some(at) = rest.find('<') else {
            return Some(rest.len());
        };
        if at > 0 {
            return Some(at);
        }
        let Some(tag) = rest.strip_prefix("</") else {
            return (is_end || rest.len() > 1).then_some(1);
        };
        for name in names {
            let length = name.len().min(tag.len());
            if !tag
                .get(..length)
                .zip(name.get(..length))
                .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
            {
                continue;
            }
            if length == tag.len() && length < name.len() {
                return is_end.then_some(1);
            }
            if after(tag, name.len(), is_end)? == Some('>') {
                self.mode = Mode::Text;
                self.said.skip_thing();
                return Some(2 + name.len() + 1);
            }
        }
        Some(1)
    }

    /// Passes over a comment.
    pub(super) fn comment(&mut self, rest: &str, is_end: bool) -> Option<usize> {
        if let Some(at) = rest.find("-->") {
            self.mode = Mode::Text;
            return Some(at + 3);
        }
        let tail = if rest.ends_with("--") {
            2
        } else {
            usize::from(rest.ends_with('-'))
        };
        let done = rest.len() - tail;
        (is_end || done > 0).then_some(if is_end { rest.len() } else { done })
    }
}
