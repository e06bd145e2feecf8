//! Kinds of characters, as small ranges: Unicode's own tables would be several kilobytes of the module.

/// Above ASCII, what is no part of a word: punctuation, signs and symbols of the blocks that models write.
const SIGNS: [(char, char); 34] = [
    ('\u{80}', '\u{a9}'),
    ('\u{ab}', '\u{b1}'),
    ('\u{b4}', '\u{b4}'),
    ('\u{b6}', '\u{b8}'),
    ('\u{bb}', '\u{bb}'),
    ('\u{bf}', '\u{bf}'),
    ('\u{d7}', '\u{d7}'),
    ('\u{f7}', '\u{f7}'),
    ('\u{37e}', '\u{37e}'),
    ('\u{387}', '\u{387}'),
    ('\u{55a}', '\u{55f}'),
    ('\u{589}', '\u{58a}'),
    ('\u{5be}', '\u{5be}'),
    ('\u{60c}', '\u{60c}'),
    ('\u{61b}', '\u{61f}'),
    ('\u{66a}', '\u{66d}'),
    ('\u{6d4}', '\u{6d4}'),
    ('\u{964}', '\u{965}'),
    ('\u{104a}', '\u{104f}'),
    ('\u{1360}', '\u{1368}'),
    ('\u{17d4}', '\u{17da}'),
    // Between these two stand the joiners of Persian and of Indian scripts.
    ('\u{2000}', '\u{200b}'),
    ('\u{200e}', '\u{206f}'),
    ('\u{20a0}', '\u{2bff}'),
    ('\u{3000}', '\u{3020}'),
    ('\u{3030}', '\u{3030}'),
    ('\u{30fb}', '\u{30fb}'),
    ('\u{fe00}', '\u{fe6f}'),
    ('\u{ff01}', '\u{ff0f}'),
    ('\u{ff1a}', '\u{ff20}'),
    ('\u{ff3b}', '\u{ff40}'),
    ('\u{ff5b}', '\u{ff65}'),
    ('\u{ffe0}', '\u{ffef}'),
    ('\u{1f000}', '\u{1fbff}'),
];

/// The scripts that are written without spaces, and Korean, whose particles stand close to what they follow.
const DENSE: [(char, char); 11] = [
    ('\u{e00}', '\u{eff}'),
    ('\u{f00}', '\u{fff}'),
    ('\u{1000}', '\u{109f}'),
    ('\u{1100}', '\u{11ff}'),
    ('\u{1780}', '\u{17ff}'),
    ('\u{3040}', '\u{318f}'),
    ('\u{3400}', '\u{9fff}'),
    ('\u{ac00}', '\u{d7af}'),
    ('\u{f900}', '\u{faff}'),
    ('\u{ff66}', '\u{ff9d}'),
    ('\u{20000}', '\u{3ffff}'),
];

pub(super) fn is_in(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Whether a character is part of a word or number.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        !is_in(&SIGNS, c) && c < '\u{e0000}'
    }
}

/// Whether a character is of a script in which words stand close together.
pub(super) fn is_dense(c: char) -> bool {
    is_in(&DENSE, c)
}

/// Whether a full stop after this character would be one too many.
pub(super) fn is_pause(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | ':' | ';' | ',' | '…' | '—' | '–')
        || is_stop(c)
        || matches!(c, '：' | '；' | '，' | '、' | '،' | '؛')
}

/// Whether a character ends a sentence wherever it stands.
pub(super) fn is_stop(c: char) -> bool {
    matches!(
        c,
        '。' | '！'
            | '？'
            | '｡'
            | '．'
            | '؟'
            | '۔'
            | '।'
            | '॥'
            | '։'
            | '።'
            | '፧'
            | '፨'
            | '។'
            | '៕'
            | '။'
            | '‼'
            | '⁇'
            | '⁈'
            | '⁉'
    )
}

/// Whether a character closes what a sentence stands in. Some languages close with what others open with.
pub(super) fn is_closer(c: char) -> bool {
    matches!(
        c,
        ')' | ']'
            | '}'
            | '"'
            | '\''
            | '”'
            | '’'
            | '“'
            | '‘'
            | '»'
            | '›'
            | '」'
            | '』'
            | '）'
            | '】'
            | '》'
            | '〉'
            | '］'
    )
}

/// The full stop of the script that a character is of; nothing where there is none.
pub(super) fn stop_after(c: char) -> &'static str {
    match c {
        '\u{530}'..='\u{58f}' => "։",
        '\u{900}'..='\u{a7f}' | '\u{b00}'..='\u{b7f}' => "।",
        '\u{e00}'..='\u{eff}' => "",
        '\u{1000}'..='\u{109f}' => "။",
        '\u{1200}'..='\u{137f}' => "።",
        '\u{1780}'..='\u{17ff}' => "។",
        _ if is_ideographic(c) => "。",
        _ => ".",
    }
}

/// What stands between two things in a row, in the script that a character is of.
pub(super) fn comma_after(c: char) -> &'static str {
    match c {
        '\u{600}'..='\u{6ff}' => "، ",
        _ if is_ideographic(c) => "、",
        _ => ", ",
    }
}

/// Chinese and Japanese.
fn is_ideographic(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{312f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
}
