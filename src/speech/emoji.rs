//! Emoji, as ranges of UTS #51: blocks that hold nothing else a voice could say, and signs that are emoji only if a
//! selector asks for it.

use super::character::is_in;

/// Always emoji, or dingbats that nobody says. Left out of them: music's flat and sharp, numbers in circles, brackets.
const PICTURES: [(char, char); 21] = [
    ('\u{231a}', '\u{231b}'),
    ('\u{2328}', '\u{2328}'),
    ('\u{23cf}', '\u{23cf}'),
    ('\u{23e9}', '\u{23fa}'),
    ('\u{25fd}', '\u{25fe}'),
    ('\u{2600}', '\u{266c}'),
    ('\u{2670}', '\u{2767}'),
    ('\u{2794}', '\u{27bf}'),
    ('\u{2934}', '\u{2935}'),
    ('\u{2b05}', '\u{2b07}'),
    ('\u{2b1b}', '\u{2b1c}'),
    ('\u{2b50}', '\u{2b50}'),
    ('\u{2b55}', '\u{2b55}'),
    ('\u{3030}', '\u{3030}'),
    ('\u{303d}', '\u{303d}'),
    ('\u{3297}', '\u{3297}'),
    ('\u{3299}', '\u{3299}'),
    ('\u{1f000}', '\u{1f0ff}'),
    ('\u{1f10d}', '\u{1f10f}'),
    ('\u{1f16c}', '\u{1faff}'),
    ('\u{1fb00}', '\u{1fbff}'),
];

/// Emoji only with a selector after them: arrows, technical signs and shapes.
const STYLED: [(char, char); 3] = [
    ('\u{2190}', '\u{23ff}'),
    ('\u{24c2}', '\u{24c2}'),
    ('\u{25a0}', '\u{25ff}'),
];

/// The selector of the coloured form.
pub(super) const SELECTOR: char = '\u{fe0f}';

/// Joins pictures, and letters of some scripts.
pub(super) const JOINER: char = '\u{200d}';

/// What a key of a telephone is made with.
pub(super) const KEYCAP: char = '\u{20e3}';

pub(super) fn is_picture(c: char) -> bool {
    is_in(&PICTURES, c)
}

pub(super) fn is_styled(c: char) -> bool {
    is_in(&STYLED, c)
}

/// What changes a picture or sign and is nothing by itself: selectors, the keycap, the letters of regional flags.
pub(super) fn is_modifier(c: char) -> bool {
    matches!(c, '\u{fe0e}' | SELECTOR | KEYCAP | '\u{e0020}'..='\u{e007f}')
}
