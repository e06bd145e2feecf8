//! Where sentences end.

use super::character::{is_closer, is_dense, is_stop, is_word};

/// Cuts a text into sentences while it streams: each is given as soon as it is known to be whole, without white space
/// around it. So the sentences one after the other are the text, but for the white space between them.
///
/// A sentence is whole at a line's end; at a stop that is unmistakable, as `。` and `؟` are; and at a full stop, exclamation
/// or question mark once what follows shows that it was no abbreviation, ordinal or initial. Quotes and brackets that close
/// there belong to it. In doubt it goes on: a voice that speaks two sentences in one breath is better than one that stops
/// after «Dr.». How the text is cut into pieces makes no difference.
///
/// ```
/// use liveavatar_llm::speech::Sentences;
///
/// let mut sentences = Sentences::new();
/// let mut whole = Vec::new();
/// sentences.push("Dr. Wu costs 3.50 a mi", &mut whole);
/// sentences.push("nute. «Really?» Yes", &mut whole);
/// assert_eq!(whole, ["Dr. Wu costs 3.50 a minute.", "«Really?»"]);
/// sentences.finish(&mut whole);
/// assert_eq!(whole.last().unwrap(), "Yes");
/// ```
#[derive(Default)]
pub struct Sentences {
    held: String,
    /// How much of it was looked at, in bytes.
    seen: usize,
}

/// Abbreviations that something always follows, whatever it begins with. Those in small letters are known in any case.
const FOLLOWED: &str = " mr mrs ms dr drs prof st Gen Col Lt Sgt Capt Cpt Rev Hon Gov Sen Rep Mt Ft messrs vs approx Ave Blvd \
    viz cf al Hr Fr bzw ca evtl ggf inkl exkl zzgl bspw vgl sog geb dipl ing mme mlle mgr env sr sra srta dra ud uds \
    sig dott avv egr spett dhr mevr mw bijv np tzn ul inż hab им ул см напр тыс bkz örn např tzv mj kl ";

/// Abbreviations that a number follows.
const NUMBERED: &str =
    " no nos nr pp vol fig figs art sec ch chap par abs kap núm num tel ext max min s str стр гл рис ст п ";

/// What follows an ordinal in languages that write it with a full stop, and begins with a capital letter: months above all.
const DATED: &str = " Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez Jah ";

/// What is known of a place where a sentence may end.
enum Place {
    /// It ends there, after so many bytes.
    End(usize),
    /// It goes on, and the next place comes after so many bytes.
    Within(usize),
    /// What follows must be known.
    Unknown,
}

impl Sentences {
    /// The longest sentence, in characters. A longer one is cut after the last comma or the like in its later two thirds,
    /// else at the last space, else there.
    pub const LONGEST: usize = 300;

    /// As many characters after a place are looked at.
    const AHEAD: usize = 24;

    /// A text's start.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the text, and appends to `out` the sentences that are whole now.
    pub fn push(&mut self, text: &str, out: &mut Vec<String>) {
        self.held.push_str(text);
        self.cut(false, out);
    }

    /// The text is over: appends what is left of it. The next piece is the first of another text.
    pub fn finish(&mut self, out: &mut Vec<String>) {
        self.cut(true, out);
        *self = Self::default();
    }

    fn cut(&mut self, is_end: bool, out: &mut Vec<String>) {
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        let mut seen = self.seen;
        loop {
            let sentence = rest.trim_start();
            seen = seen.saturating_sub(rest.len() - sentence.len());
            rest = sentence;
            let Some(end) = next_end(rest, &mut seen, is_end) else {
                break;
            };
            let (sentence, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            out.push(sentence.trim_end().to_owned());
            rest = after;
            seen = 0;
        }
        if is_end {
            if !rest.is_empty() {
                out.push(rest.trim_end().to_owned());
            }
        } else {
            self.seen = seen;
            self.held = if rest.len() == held.len() {
                held
            } else {
                rest.to_owned()
            };
        }
    }
}

/// Where the sentence at the start of `text` ends, in bytes, if it does. `seen` is how much of it was looked at.
fn next_end(text: &str, seen: &mut usize, is_end: bool) -> Option<usize> {
    // What lies beyond this window must not be looked at: it may not be there yet.
    let byte_of = |nth: usize| {
        let is_short = text.len() < nth;
        (!is_short)
            .then(|| text.char_indices().nth(nth))
            .flatten()
            .map(|(at, _)| at)
    };
    let window = byte_of(Sentences::LONGEST + Sentences::AHEAD);
    let is_long = window.is_some() || is_end;
    let longest = is_long.then(|| byte_of(Sentences::LONGEST)).flatten();
    let limit = longest.unwrap_or(text.len());
    let visible = text.get(..window.unwrap_or(text.len())).unwrap_or_default();
    while *seen < limit {
        let Some(c) = visible.get(*seen..).and_then(|rest| rest.chars().next()) else {
            break;
        };
        match place(visible, *seen, c, is_end && window.is_none()) {
            Place::End(end) if end <= limit => return Some(end),
            Place::End(_) => break,
            Place::Within(length) => *seen += length,
            Place::Unknown if window.is_some() => *seen += c.len_utf8(),
            Place::Unknown => return None,
        }
    }
    longest.map(|limit| cut(text.get(..limit).unwrap_or_default()))
}

/// Where to cut what is too long.
fn cut(text: &str) -> usize {
    let comma = text
        .char_indices()
        .filter(|(_, c)| matches!(c, ',' | ';' | ':' | '，' | '、' | '；' | '：' | '،' | '؛' | '—' | '–'))
        .map(|(at, c)| at + c.len_utf8())
        .rfind(|at| {
            text.get(*at..)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || is_dense(c)))
        });
    comma
        .filter(|at| *at > text.len() / 3)
        .or_else(|| text.rfind(char::is_whitespace))
        .unwrap_or(text.len())
}

fn place(text: &str, at: usize, c: char, is_end: bool) -> Place {
    if c == '\n' {
        return Place::End(at + 1);
    }
    let is_hard = is_stop(c);
    if !is_hard && !matches!(c, '.' | '!' | '?' | '…') {
        return Place::Within(c.len_utf8());
    }
    let tail = text.get(at..).unwrap_or_default();
    let marks = tail.trim_start_matches(|c| is_stop(c) || matches!(c, '.' | '!' | '?' | '…'));
    let run = tail.get(..tail.len() - marks.len()).unwrap_or_default();
    let mut rest = marks.trim_start_matches(is_closer);
    // What closes in German opens elsewhere.
    if rest.starts_with(is_word) {
        let closers = marks.get(..marks.len() - rest.len()).unwrap_or_default();
        let kept = closers.trim_end_matches(['“', '‘']).len();
        rest = marks.get(kept..).unwrap_or_default();
    }
    let is_closed = rest.len() < marks.len();
    let length = tail.len() - rest.len();
    let Some(next) = rest.chars().next() else {
        return if is_end {
            Place::End(at + length)
        } else {
            Place::Unknown
        };
    };
    let is_full_stop = !run.contains(|c| is_stop(c) || matches!(c, '!' | '?'));
    let word = word_before(text.get(..at).unwrap_or_default());
    if !next.is_whitespace() {
        let is_over = if is_full_stop {
            run == "." && is_dense(next) && word.ends_with(is_dense)
        } else {
            run.contains(is_stop) || is_dense(next) || matches!(next, '¿' | '¡' | '„' | '«' | '“' | '‘')
        };
        return if is_over {
            Place::End(at + length)
        } else {
            Place::Within(length)
        };
    }
    let following = rest.trim_start();
    if run.contains(is_stop) {
        return Place::End(at + length);
    }
    if rest
        .get(..rest.len() - following.len())
        .is_some_and(|space| space.contains('\n'))
    {
        return Place::End(at + length);
    }
    let Some(first) = following.chars().next() else {
        return if is_end {
            Place::End(at + length)
        } else {
            Place::Unknown
        };
    };
    if first == '»' {
        // French has a space before it.
        let closed = tail.len() - following.len() + first.len_utf8();
        return match following.chars().nth(1) {
            None if !is_end => Place::Unknown,
            None => Place::End(at + closed),
            Some(_) => {
                let after = following.trim_start_matches('»');
                match after.trim_start().chars().next() {
                    None if !is_end => Place::Unknown,
                    Some(c) if is_small(c) || matches!(c, ',' | '.') => Place::Within(closed),
                    _ => Place::End(at + closed),
                }
            }
        };
    }
    let goes_on = if is_small(first) {
        is_closed || (is_full_stop && (run != "." || word.chars().count() < 5 || is_one_of(FOLLOWED, word)))
    } else if is_full_stop && run == "." && !is_closed {
        if is_ordinal(word) {
            let start: String = following.chars().take(3).collect();
            if start.chars().count() < 3 && !is_end {
                return Place::Unknown;
            }
            is_one_of(DATED, &start) || text.get(..at).is_some_and(|before| before.len() == word.len())
        } else {
            is_abbreviation(word, text.get(..at).unwrap_or_default(), first)
        }
    } else {
        false
    };
    if goes_on {
        Place::Within(length)
    } else {
        Place::End(at + length)
    }
}

/// The word right before a place, with the full stops in it.
fn word_before(text: &str) -> &str {
    let start = text
        .char_indices()
        .rev()
        .find(|(_, c)| !(is_word(*c) || matches!(c, '.' | '-' | '\'' | '’')))
        .map_or(0, |(at, c)| at + c.len_utf8());
    text.get(start..).unwrap_or_default()
}

/// One or two digits, which may be the number of a day or of an item.
fn is_ordinal(word: &str) -> bool {
    matches!(word.len(), 1 | 2) && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a full stop after `word` belongs to it and ends no sentence, though a small letter doesn't follow.
fn is_abbreviation(word: &str, before: &str, next: char) -> bool {
    let mut letters = word.chars();
    let (Some(first), second) = (letters.next(), letters.next()) else {
        return false;
    };
    if second.is_none() && !first.is_ascii_digit() {
        let context = before.get(..before.len() - word.len()).unwrap_or_default().trim_end();
        // An initial, but not «so do I.», and not «5 g.».
        return match first {
            'I' => context.is_empty(),
            _ if is_dense(first) => false,
            _ => !(is_small(first) && context.ends_with(|c: char| c.is_ascii_digit()) && !next.is_ascii_digit()),
        };
    }
    if word.contains('.') {
        let is_time = ["a.m", "p.m"].iter().any(|time| word.eq_ignore_ascii_case(time));
        let is_short = word
            .split('.')
            .all(|part| part.chars().count() < 3 && part.chars().all(|c| !c.is_ascii_digit()));
        return is_short && !is_time;
    }
    is_one_of(FOLLOWED, word) || (next.is_ascii_digit() && is_one_of(NUMBERED, word))
}

fn is_one_of(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| {
        known == word || (known.eq_ignore_ascii_case(word) && known.starts_with(|c: char| c.is_ascii_lowercase()))
    }) && !word.is_empty()
}

/// Whether a letter is a small one, in the scripts that have two sizes.
fn is_small(c: char) -> bool {
    match c {
        'ß'..='ÿ' => c != '÷',
        '\u{100}'..='\u{137}' | '\u{14a}'..='\u{177}' | '\u{460}'..='\u{52f}' | '\u{1e00}'..='\u{1eff}' => {
            u32::from(c) % 2 == 1
        }
        '\u{138}'..='\u{149}' | '\u{178}'..='\u{17f}' => u32::from(c).is_multiple_of(2),
        'ά'..='ώ' | 'а'..='џ' | '\u{561}'..='\u{587}' => true,
        _ => c.is_ascii_lowercase(),
    }
}
