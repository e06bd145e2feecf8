//! What holds for any bytes.

use liveavatar_llm::judge::{Caller, Judge, Loss, Next, Patience, Reading, Why};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::select;

use super::{DONE, say};
use crate::property::{holds, seed};
use crate::random::{Random, Seed};

/// Pieces of streams that mean something, and bytes that mean nothing.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 22] = [
        "data: ",
        "data:",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "\r\n\r\n",
        "id: 1",
        "id:",
        "event: ping",
        "retry: 1",
        ": hb",
        "[DONE]",
        "{}",
        "null",
        "[1,",
        r#"{"choices":[]}"#,
        r#"{"choices":[{"delta":{"content":"a"}}]}"#,
        "<think>",
        "\u{feff}",
        "x",
        "\"",
    ];
    let piece = proptest::prop_oneof![
        4 => select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        2 => Just(say("Hello").into_bytes()),
        1 => Just(say("<think>").into_bytes()),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn told(reading: &Reading) -> (String, Option<Why>, bool, usize) {
    (
        reading.heard().to_owned(),
        reading.failure(),
        reading.is_committed(),
        reading.tool_calls().len(),
    )
}

fn read<'b>(caller: Caller, pieces: impl Iterator<Item = &'b [u8]>) -> (String, Option<Why>, bool, usize) {
    let mut reading = Reading::new(caller);
    for piece in pieces {
        reading.push(piece);
    }
    reading.end();
    told(&reading)
}

#[test]
fn how_bytes_are_cut_into_pieces_makes_no_difference() {
    holds((soup(), 1_usize..9), |(bytes, size)| {
        for caller in Caller::ALL {
            // The one place where it does: see the rule of that name.
            if caller == Caller::Newest || !bytes.windows(3).any(|three| three == b"\r\r\n") {
                assert_eq!(
                    read(caller, bytes.chunks(size)),
                    read(caller, std::iter::once(&bytes[..])),
                    "{caller:?}"
                );
            }
        }
    });
}

#[test]
fn no_bytes_and_no_order_of_happenings_are_too_much() {
    let seed = Seed(seed());
    let mut random = Random::new(seed.0);
    let hello = say("Hello");
    let pieces: [&[u8]; 6] = [
        b"",
        b"\xff\n",
        b"data: {\n\n",
        hello.as_bytes(),
        DONE.as_bytes(),
        b": hb\n\n",
    ];
    for _ in 0..3000 {
        let caller = random.pick(&Caller::ALL);
        let mut judge = Judge::new(caller, Patience::default());
        let mut now = 0.0;
        for _ in 0..40 {
            now += random.ms(4000);
            match random.below(9) {
                0 | 1 => judge.send(now),
                2 => judge.head(
                    random.pick(&[200, 204, 302, 307, 404, 499, 503, 0, 999]),
                    random.percent(50),
                    random.pick(&["", "br"]),
                    now,
                ),
                3 | 4 => judge.push(random.pick(&pieces), now),
                5 => judge.end(now),
                6 => judge.lose(random.pick(&[Loss::Connection, Loss::Encoding]), now),
                7 => judge.stir(now),
                _ => judge.tick(now),
            }
            judge.take();
            judge.write(&mut String::new());
        }
        // Left alone, it comes to an end by itself.
        while judge.next() != Next::Done {
            judge.send(now);
            now = judge.due().unwrap_or(now);
            judge.tick(now);
        }
        assert!(judge.attempts().len() <= 4);
        assert!(judge.verdict().is_some());
    }
}

#[test]
fn cost_is_linear_in_bytes_for_one_long_line_for_many_lines_and_for_many_events() {
    // Quadratic, each of these would take minutes.
    let long = format!("data: {}", "x".repeat((1 << 20) - 100));
    let lines = "data: 1\n".repeat(100_000);
    let events = (say("a") + ": hb\n\n").repeat(5000);
    let tags = say(&"<".repeat(1000)).repeat(300);
    for caller in Caller::ALL {
        for body in [&long, &lines, &events, &tags] {
            read(caller, body.as_bytes().chunks(7));
        }
    }
}
