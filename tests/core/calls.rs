//! Which call a piece belongs to, whatever its server calls it.

use liveavatar_llm::framing::Payload;
use liveavatar_llm::providers::Provider;

use crate::delta::show;
use crate::wire::chunk;

/// What is told of chunks with these `tool_calls`, without their choice.
#[track_caller]
fn check(chunks: &[&str], expected: &[&str]) {
    let mut decoder = Provider::OpenAi.decoder(true);
    let mut told = Vec::new();
    for pieces in chunks {
        let text = chunk(&format!(r#"{{"index":0,"delta":{{"tool_calls":{pieces}}}}}"#));
        let payload = Payload::message(&text);
        let said = show(&decoder.decode(&payload).deltas);
        told.extend(
            said.iter()
                .filter_map(|line| line.strip_prefix("0 calls "))
                .map(str::to_owned),
        );
    }
    assert_eq!(told, expected, "of {chunks:?}");
}

/// A piece with these members of its own and of its function.
fn piece(own: &str, function: &str) -> String {
    let comma = if own.is_empty() { "" } else { "," };
    format!(r#"[{{{own}{comma}"function":{{{function}}}}}]"#)
}

/// The same for chunks of one piece each.
#[track_caller]
fn pieces(pieces: &[(&str, &str)], expected: &[&str]) {
    let chunks: Vec<String> = pieces.iter().map(|(own, function)| piece(own, function)).collect();
    check(&chunks.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

const F: &str = r#""name":"f","arguments":"""#;
const G: &str = r#""name":"g","arguments":"{}""#;
const BEGIN: &str = r#""arguments":"{\"a\"""#;
const END: &str = r#""arguments":":1}""#;

#[test]
fn the_index_tells_the_call() {
    pieces(
        &[
            (r#""index":0,"id":"a""#, F),
            (r#""index":1,"id":"b""#, F),
            (r#""index":0"#, BEGIN),
            (r#""index":1"#, BEGIN),
            (r#""index":0"#, END),
            (r#""index":1"#, END),
        ],
        &[
            "0 a f ",
            "1 b f ",
            "0 - - {\"a\"",
            "1 - - {\"a\"",
            "0 - - :1}",
            "1 - - :1}",
        ],
    );
    // Counted from anywhere, and with gaps.
    pieces(
        &[
            (r#""index":3,"id":"a""#, F),
            (r#""index":3"#, BEGIN),
            (r#""index":7,"id":"b""#, G),
            (r#""index":3"#, END),
        ],
        &["0 a f ", "0 - - {\"a\"", "1 b g {}", "0 - - :1}"],
    );
}

#[test]
fn without_an_index_a_name_begins_a_call_and_the_rest_belongs_to_the_last() {
    for index in ["", r#""index":null,"#, r#""index":"0","#, r#""index":-1,"#] {
        let own = |id: &str| format!(r#"{index}"id":"{id}""#);
        let none = index.trim_end_matches(',');
        pieces(
            &[
                (&own("a"), F),
                (none, BEGIN),
                (&own(""), END),
                (&own("b"), F),
                (none, BEGIN),
                (none, END),
            ],
            &[
                "0 a f ",
                "0 - - {\"a\"",
                "0 - - :1}",
                "1 b f ",
                "1 - - {\"a\"",
                "1 - - :1}",
            ],
        );
    }
    pieces(&[("", G), ("", G), ("", F)], &["0 - g {}", "1 - g {}", "2 - f "]);
    check(
        &[
            r#"[{"function":{"name":"f"}},{"function":{"name":"g"}}]"#,
            r#"[{"function":{"arguments":"{"}},{"function":{"arguments":"["}}]"#,
            r#"[{"function":{"arguments":"}"}},{"function":{"arguments":"]"}}]"#,
        ],
        &["0 - f ", "1 - g ", "0 - - {", "1 - - [", "0 - - }", "1 - - ]"],
    );
}

#[test]
fn one_index_for_all_calls_is_told_apart_by_id_or_name() {
    let zero = r#""index":0"#;
    pieces(
        &[
            (r#""index":0,"id":"a""#, F),
            (zero, BEGIN),
            (zero, END),
            (r#""index":0,"id":"b""#, F),
            (zero, BEGIN),
        ],
        &["0 a f ", "0 - - {\"a\"", "0 - - :1}", "1 b f ", "1 - - {\"a\""],
    );
    pieces(
        &[(r#""index":0,"id":"a""#, G), (r#""index":0,"id":"b""#, G)],
        &["0 a g {}", "1 b g {}"],
    );
    pieces(&[(zero, G), (zero, G)], &["0 - g {}", "1 - g {}"]);
    pieces(&[(zero, F), (zero, G)], &["0 - f ", "1 - g {}"]);
}

#[test]
fn ids_and_names_are_told_once_however_often_and_late_they_come() {
    let all = r#""index":0,"id":"a""#;
    let named = |arguments: &str| format!(r#""name":"f",{arguments}"#);
    pieces(
        &[(all, F), (all, &named(BEGIN)), (all, &named(END)), (all, F)],
        &["0 a f ", "0 - - {\"a\"", "0 - - :1}"],
    );
    // The id comes with the second piece, the name with the third.
    pieces(
        &[
            (r#""index":0"#, r#""arguments":"{""#),
            (all, r#""name":"""#),
            (r#""index":0,"id":"""#, r#""name":"f","arguments":"}""#),
        ],
        &["0 - - {", "0 a - ", "0 - f }"],
    );
    // One id at several indices is one call, and an id that changes within a call says nothing.
    pieces(
        &[
            (r#""index":1,"id":"a""#, F),
            (r#""index":2,"id":"a""#, BEGIN),
            (r#""index":1,"id":"x""#, END),
        ],
        &["0 a f ", "0 - - {\"a\"", "0 - - :1}"],
    );
}

#[test]
fn arguments_are_a_text() {
    check(
        &[
            r#"[{"index":0,"id":"a","function":{"name":"f","arguments":{"x": [1]}}},{"index":1,"id":"b","function":{"name":"g","arguments":null}}]"#,
            r#"{"index":1,"function":{"arguments":"{}"}}"#,
            r#"[{"index":1,"function":{"arguments":5}}]"#,
            r#"[{"index":1}]"#,
            "[]",
            "5",
        ],
        &["0 a f {\"x\": [1]}", "1 b g ", "1 - - {}"],
    );
}

#[test]
fn any_number_of_calls_is_counted_and_the_last_of_them_are_known() {
    let chunks: Vec<String> = (0..1000)
        .map(|number| piece(&format!(r#""index":0,"id":"c{number}""#), F))
        .chain([piece(r#""id":"c900""#, BEGIN)])
        .collect();
    let mut expected: Vec<String> = (0..1000).map(|number| format!("{number} c{number} f ")).collect();
    expected.push("900 - - {\"a\"".to_owned());
    check(
        &chunks.iter().map(String::as_str).collect::<Vec<_>>(),
        &expected.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}
