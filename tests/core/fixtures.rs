//! What servers send, byte for byte, and what is understood. `fixtures/*.txt` are bodies in the shape that each server's are
//! recorded or reported in; `fixtures/*.said` is what is said of them, and after `=` how it ends.

use std::fs;
use std::path::{Path, PathBuf};

use liveavatar_llm::call::Call;
use liveavatar_llm::http::Response;
use liveavatar_llm::providers::Provider;

use crate::delta::show;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/core/fixtures")
}

/// The names of all fixtures with their bodies.
pub fn bodies() -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let mut bodies: Vec<(String, Vec<u8>)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    bodies.sort();
    bodies
}

/// What is understood of a body that comes in these pieces.
pub fn said<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> Vec<String> {
    let mut call = Call::given(Provider::OpenAi, 0.0);
    call.ask(0.0);
    understood(call, pieces)
}

/// What a call that waits for its response understands of a body that comes in these pieces, and how it ends.
pub fn understood<'b>(mut call: Call, pieces: impl IntoIterator<Item = &'b [u8]>) -> Vec<String> {
    call.respond(Response::new(200, Vec::new()), 0.0);
    let mut said = Vec::new();
    for piece in pieces {
        call.push(piece, 0.0, &mut |decoded| {
            said.extend(show(&decoded.deltas));
            true
        });
    }
    call.end(0.0, &mut |decoded| {
        said.extend(show(&decoded.deltas));
        true
    });
    said.push(match call.outcome().unwrap() {
        Ok(()) => "= done".to_owned(),
        Err(error) => format!("= {} {error}", error.code()),
    });
    said.iter().map(|line| line.replace('\n', "\\n")).collect()
}

#[test]
fn every_server_is_understood() {
    let bodies = bodies();
    assert!(bodies.len() > 70, "some are missing");
    for (name, body) in bodies {
        let expected = fs::read_to_string(folder().join(format!("{name}.said"))).unwrap_or_default();
        let said = said([body.as_slice()]).join("\n") + "\n";
        assert_eq!(said, expected, "{name}: {said}");
    }
}

#[test]
fn where_a_body_is_cut_makes_no_difference() {
    for (name, body) in bodies() {
        let whole = said([body.as_slice()]);
        assert_eq!(said(body.chunks(1)), whole, "{name} byte by byte");
        for at in 1..body.len() {
            let (head, tail) = body.split_at(at);
            assert_eq!(said([head, tail]), whole, "{name} cut at {at}");
        }
    }
}
