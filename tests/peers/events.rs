//! Reads event streams for the test beside this file: a line of input is one body, its pieces in hexadecimal with a space
//! between; a line of output is its events, `[[type, data, last event ID], …]`.

use std::io::{self, BufRead, Write};

use liveavatar_llm::json::write_string;
use liveavatar_llm::sse::Decoder;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        writeln!(out, "[{}]", read(&line?).join(","))?;
    }
    Ok(())
}

fn read(line: &str) -> Vec<String> {
    let mut decoder = Decoder::new(1 << 20);
    let mut found = Vec::new();
    for piece in line.split(' ') {
        let bytes = bytes(piece);
        let mut events = decoder.push(&bytes);
        while let Ok(Some(event)) = events.next() {
            let mut json = String::from("[");
            for (text, end) in [(event.kind, ','), (event.data, ','), (event.last_event_id, ']')] {
                write_string(&mut json, text);
                json.push(end);
            }
            found.push(json);
        }
    }
    found
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let (pairs, _) = hexadecimal.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    pairs.iter().filter_map(pair).collect()
}
