//! What is said aloud, and in which sentences.

mod golden;
mod options;
mod property;

use liveavatar_llm::speech::{Options, Sentences, Shaper};

/// What is said of a text that comes in these pieces.
pub fn shaped<'a>(options: Options, pieces: impl IntoIterator<Item = &'a str>) -> String {
    let mut shaper = Shaper::new(&options);
    let mut said = String::new();
    for piece in pieces {
        shaper.push(piece, &mut said);
    }
    shaper.finish(&mut said);
    said
}

/// The sentences of a text that comes in these pieces.
pub fn sentences<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut sentences = Sentences::new();
    let mut whole = Vec::new();
    for piece in pieces {
        sentences.push(piece, &mut whole);
    }
    sentences.finish(&mut whole);
    whole
}

/// Every place where the bytes of a text can be cut in two. Of a character that is cut, whoever decodes the bytes keeps the
/// first until the last has come.
pub fn cuts(text: &str) -> impl Iterator<Item = [&str; 2]> {
    (0..=text.len()).map(|at| {
        let (first, second) = text.split_at(text.floor_char_boundary(at));
        [first, second]
    })
}

/// A text by the character.
pub fn characters(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()])
}
