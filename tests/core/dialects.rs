//! What providers with dialects of their own send, byte for byte, and what is understood. `dialects/<provider>/*.txt` are
//! bodies after the providers' references; `*.said` is what is said of them, and after `=` how it ends.

use std::fs;
use std::path::{Path, PathBuf};

use liveavatar_llm::call::Call;
use liveavatar_llm::providers::Provider;
use proptest::prelude::*;

use crate::fixtures::understood;
use crate::wire::cuts;

fn folder(provider: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/core/dialects")
        .join(provider)
}

/// Every body: its provider, its name, and its bytes.
pub fn bodies() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut bodies = Vec::new();
    for provider in ["anthropic", "gemini", "workers-ai"] {
        for file in fs::read_dir(folder(provider)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "txt") {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                bodies.push((provider, name, fs::read(&path).unwrap()));
            }
        }
    }
    bodies.sort();
    bodies
}

/// What is understood of a body that comes in these pieces.
pub fn said<'b>(provider: &str, pieces: impl IntoIterator<Item = &'b [u8]>) -> Vec<String> {
    understood(Call::answered(Provider::parse(provider, "").unwrap(), 0.0), pieces)
}

#[test]
fn every_provider_is_understood() {
    let bodies = bodies();
    assert!(bodies.len() >= 72, "some are missing");
    for (provider, name, body) in bodies {
        let file = folder(provider).join(format!("{name}.said"));
        let expected = fs::read_to_string(file).unwrap_or_default();
        let said = said(provider, [body.as_slice()]).join("\n") + "\n";
        assert_eq!(said, expected, "{provider}/{name}: {said}");
    }
}

#[test]
fn where_a_body_is_cut_into_reads_makes_no_difference() {
    for (provider, name, body) in bodies() {
        let whole = said(provider, [body.as_slice()]);
        assert_eq!(said(provider, body.chunks(1)), whole, "{provider}/{name} byte by byte");
        for at in 1..body.len() {
            let (head, tail) = body.split_at(at);
            assert_eq!(said(provider, [head, tail]), whole, "{provider}/{name} cut at {at}");
        }
    }
}

#[test]
fn wherever_a_body_breaks_off_there_is_one_finish_at_most_and_nothing_else_is_said() {
    // Of what is `OpenAI`'s, broken events are searched for parts.
    let bodies = bodies().into_iter().filter(|(provider, ..)| *provider != "workers-ai");
    for (provider, name, body) in bodies {
        let whole = said(provider, [body.as_slice()]);
        for at in 0..body.len() {
            let cut = said(provider, [&body[..at]]);
            let (end, told) = cut.split_last().unwrap();
            assert!(told.iter().filter(|line| line.starts_with("0 finishes")).count() <= 1);
            assert!(told.iter().filter(|line| *line == "0 opens").count() <= 1);
            assert_eq!(
                told,
                &whole[..told.len()],
                "{provider}/{name} broken off at {at}: {end}"
            );
        }
    }
}

proptest! {
    #[test]
    fn bytes_put_anywhere_into_a_body_break_nothing_and_cuts_make_no_difference(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        noise in proptest::collection::vec(any::<u8>(), 0..12),
        cuts in cuts(),
    ) {
        let bodies = bodies();
        let (provider, _, body) = which.get(&bodies);
        let mut body = body.clone();
        let at = at.index(body.len() + 1);
        body.splice(at..at, noise);
        prop_assert_eq!(said(provider, cuts.cut(&body)), said(provider, [body.as_slice()]));
    }
}
