//! What shaping costs: `cargo run --release --example speech`. With `shape` it says instead what is said of each line of
//! its input, in which `⏎` stands for a line break.

use std::io::{self, BufRead, Write};
use std::time::Instant;

use liveavatar_llm::speech::{Options, Sentences, Shaper};

/// The texts of the golden cases.
const CASES: [&str; 7] = [
    include_str!("../tests/core/speech/block.txt"),
    include_str!("../tests/core/speech/inline.txt"),
    include_str!("../tests/core/speech/plain.txt"),
    include_str!("../tests/core/speech/links.txt"),
    include_str!("../tests/core/speech/hidden.txt"),
    include_str!("../tests/core/speech/languages.txt"),
    include_str!("../tests/core/speech/replies.txt"),
];

/// What a shaper looks far ahead for, again and again.
const WORST: [&str; 6] = ["[", "[]", "<a b=\"", "~~a", "【", "http://a@"];

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    if std::env::args().nth(1).as_deref() == Some("shape") {
        for line in io::stdin().lock().lines() {
            writeln!(out, "{}", shape(&line?.replace('⏎', "\n")).replace('\n', "⏎"))?;
        }
        return Ok(());
    }
    let texts: Vec<String> = CASES
        .iter()
        .flat_map(|data| data.lines())
        .filter_map(|line| line.split_once(" | ")?.1.split_once(" ⟹ "))
        .map(|(text, _)| text.replace('⏎', "\n").replace('␣', " "))
        .collect();
    let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
    writeln!(out, "{} texts, {characters} characters", texts.len())?;
    held(&texts, &mut out)?;
    let plain = "The quick brown fox jumps over the lazy dog, twice a day. ".repeat(150);
    let all = texts.join("\n\n");
    for (name, text) in [("all of them", &all), ("plain English", &plain)] {
        let token = speed(text, 4);
        writeln!(
            out,
            "{name}: {:.1} ns a character at once, {:.1} in tokens of 4, {:.1} by the character, {:.1} for sentences in tokens of 4",
            speed(text, usize::MAX),
            token,
            speed(text, 1),
            sentences(text)
        )?;
    }
    for piece in WORST {
        let text = piece.repeat(4_000 / piece.len());
        writeln!(
            out,
            "worst {piece:?}: {:.1} ns a character at once, {:.1} by the character",
            speed(&text, usize::MAX),
            speed(&text, 1)
        )?;
    }
    Ok(())
}

fn shape(text: &str) -> String {
    let mut shaper = Shaper::new(&Options::default());
    let mut said = String::new();
    shaper.push(text, &mut said);
    shaper.finish(&mut said);
    said
}

/// How many characters are held back after each character.
fn held(texts: &[String], out: &mut impl Write) -> io::Result<()> {
    let (mut sum, mut count, mut most, mut waiting) = (0, 0, (0, ""), 0);
    for text in texts {
        let mut shaper = Shaper::new(&Options::default());
        let mut said = String::new();
        let mut pushed = String::new();
        for c in text.chars() {
            shaper.push(c.encode_utf8(&mut [0; 4]), &mut said);
            pushed.push(c);
            let held = pushed
                .get(pushed.len() - shaper.held()..)
                .unwrap_or_default()
                .chars()
                .count();
            sum += held;
            count += 1;
            waiting += usize::from(held > 0);
            if held > most.0 {
                most = (held, text);
            }
        }
    }
    let per = |part: usize| {
        f64::from(u32::try_from(part).unwrap_or(u32::MAX)) / f64::from(u32::try_from(count).unwrap_or(u32::MAX))
    };
    writeln!(
        out,
        "held back by the character: {:.3} characters on average, {} at most ({:?}), something after {:.1} % of the characters",
        per(sum),
        most.0,
        most.1,
        per(waiting) * 100.0
    )
}

/// Nanoseconds a character, the best of some runs, in pieces of so many characters.
fn speed(text: &str, piece: usize) -> f64 {
    let pieces = pieces(text, piece);
    best(text, || {
        let mut shaper = Shaper::new(&Options::default());
        let mut said = String::new();
        for piece in &pieces {
            shaper.push(piece, &mut said);
        }
        shaper.finish(&mut said);
        said.len()
    })
}

fn sentences(text: &str) -> f64 {
    let pieces = pieces(text, 4);
    best(text, || {
        let mut sentences = Sentences::new();
        let mut whole = Vec::new();
        for piece in &pieces {
            sentences.push(piece, &mut whole);
        }
        sentences.finish(&mut whole);
        whole.len()
    })
}

fn pieces(text: &str, length: usize) -> Vec<String> {
    if length == usize::MAX {
        return vec![text.to_owned()];
    }
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(length).map(String::from_iter).collect()
}

fn best(text: &str, run: impl Fn() -> usize) -> f64 {
    let characters = f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
    let once = || {
        let start = Instant::now();
        std::hint::black_box(run());
        start.elapsed().as_secs_f64() * 1e9 / characters
    };
    (0..200).map(|_| once()).fold(f64::INFINITY, f64::min)
}
