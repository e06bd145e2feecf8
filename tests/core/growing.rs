//! What is made of an answer as it is read: thoughts taken out, JSON and calls told while they grow.

use liveavatar_llm::call::Call;
use liveavatar_llm::chat::{Calls, Shape};
use liveavatar_llm::http::Response;
use liveavatar_llm::json::Partial;
use liveavatar_llm::providers::Provider;
use liveavatar_llm::stream::{Outlet, Stream};
use proptest::sample::select;
use serde_json::{Value, json};

use crate::chunk::judge;
use crate::property::holds;
use crate::stream::{OUTLETS, choices, read_shaped, writer};
use crate::wire::{Cuts, answer, chunk, cuts, events, finish, role, words};

/// An answer whose thoughts stand in its content.
fn thoughtful() -> String {
    answer(&["<th", "ink>\nH", "m. é</", "think>", "\n\nYes", "."])
}

#[test]
fn thoughts_are_taken_out_of_every_outlet() {
    let bodies = [
        thoughtful(),
        answer(&["<think>", "Hm"]),
        answer(&[" <thi"]),
        answer(&["Yes"]),
    ];
    let cuts_and_all = (select(bodies.to_vec()), select(OUTLETS.to_vec()), cuts());
    holds(cuts_and_all, |(body, outlet, cuts)| {
        let tags = r#"{"thinkTags":true}"#;
        let whole = read_shaped(outlet(), tags, &body, &Cuts::None);
        assert_eq!(read_shaped(outlet(), tags, &body, &cuts), whole, "of {body}");
    });
    let [nothing, text, chunks, strict] = OUTLETS.map(|outlet| {
        let got = read_shaped(outlet(), r#"{"thinkTags":true}"#, &thoughtful(), &Cuts::None);
        let message = &got.whole["choices"][0]["message"];
        assert_eq!(
            (&message["reasoning_content"], &message["content"]),
            (&json!("Hm. é"), &json!("Yes."))
        );
        got.out
    });
    assert_eq!((nothing.as_str(), text.as_str()), ("", "Yes."));
    let elements: Vec<Value> = serde_json::from_str(&format!("[{chunks}]")).unwrap();
    let chunks: Vec<String> = elements.iter().map(Value::to_string).collect();
    judge(&chunks);
    assert_eq!(choices(&chunks)[0]["message"]["reasoning_content"], "Hm. é");
    assert!(
        strict.contains("reasoning_content") && !strict.contains("think>"),
        "{strict}"
    );
}

#[test]
fn what_is_held_back_as_a_tag_is_given_at_the_end_however_that_comes() {
    let tags = r#"{"thinkTags":true}"#;
    for body in [
        events(&[words("<thi"), finish()]),
        events(&[words("<thi"), "[DONE]".to_owned()]),
        events(&[words("<thi")]),
        events(&[words("<thi"), r#"{"error":"x"}"#.to_owned()]),
    ] {
        let got = read_shaped(Outlet::Text, tags, &body, &Cuts::None);
        assert_eq!(got.out, "<thi", "of {body}");
        assert_eq!(got.whole["choices"][0]["message"]["content"], "<thi");
    }
}

#[test]
fn chunks_behind_the_thoughts_are_passed_on_as_they_are() {
    let own = words(" of course").replace("\"model\"", "\"x\" : [ ],\"model\"");
    let tags = r#"{"thinkTags":true}"#;
    for begin in ["<think>Hm</think>Yes", "Yes"] {
        let body = events(&[words(begin), own.clone(), finish()]);
        let got = read_shaped(Outlet::Chunks(writer()), tags, &body, &Cuts::None);
        assert!(got.out.ends_with(&format!("{own},{}", finish())), "{}", got.out);
    }
}

/// What is taken after each of these payloads, and at the end.
fn grows(outlet: Outlet, payloads: &[String]) -> Vec<String> {
    let mut stream = Stream::new(Call::answered(Provider::OpenAi, 0.0), 0.0);
    stream.read_as(outlet);
    stream.respond(Response::new(200, Vec::new()), 0.0);
    let mut taken = Vec::new();
    for payload in payloads {
        stream.push(events(&[payload]).as_bytes(), 0.0);
        let has_output = stream.has_output();
        let out = stream.take();
        assert_eq!(has_output, !out.is_empty());
        taken.push(out);
    }
    stream.end(0.0);
    taken.push(stream.take());
    taken
}

#[test]
fn json_is_told_as_it_grows_and_only_when_it_has() {
    let payloads = [
        role(),
        words("{\"a\":\"H"),
        words("i"),
        words("\""),
        words(",\"b\":1"),
        words("2}"),
        finish(),
    ];
    assert_eq!(
        grows(Outlet::Json(Partial::default()), &payloads),
        [
            "",
            r#"{"a":"H"}"#,
            r#"{"a":"Hi"}"#,
            "",
            "",
            r#"{"a":"Hi","b":12}"#,
            "",
            ""
        ]
    );
    let other = chunk(r#"{"index":1,"delta":{"content":"[2]"}}"#);
    assert_eq!(
        grows(
            Outlet::Json(Partial::default()),
            &[words("1"), other, words("2"), "[DONE]".to_owned()]
        ),
        ["", "", "", "12", ""]
    );
}

fn piece(index: u32, rest: &str) -> String {
    chunk(&format!(
        r#"{{"index":0,"delta":{{"tool_calls":[{{"index":{index}{rest}}}]}},"finish_reason":null}}"#
    ))
}

#[test]
fn calls_are_told_as_they_grow() {
    let payloads = [
        words("I look."),
        piece(1, r#","id":"t1","function":{"name":"find","arguments":""}"#),
        piece(1, r#","function":{"arguments":"{\"a\":\"x"}"#),
        piece(1, r#","function":{"arguments":"\"}"}"#),
        piece(0, r#","id":"t0","function":{"name":"now"}"#),
        finish(),
    ];
    let find = r#"{"index":0,"id":"t1","name":"find","arguments":"{\"a\":\"x\"}","value":{"a":"x"},"done":true}"#;
    let expected = [
        String::new(),
        r#"[{"index":0,"id":"t1","name":"find","arguments":"","done":false}]"#.to_owned(),
        r#"[{"index":0,"id":"t1","name":"find","arguments":"{\"a\":\"x","value":{"a":"x"},"done":false}]"#.to_owned(),
        format!("[{find}]"),
        format!(r#"[{find},{{"index":1,"id":"t0","name":"now","arguments":"","done":false}}]"#),
        format!(r#"[{find},{{"index":1,"id":"t0","name":"now","arguments":"","value":{{}},"done":true}}]"#),
        String::new(),
    ];
    assert_eq!(grows(Outlet::Calls(Calls::default()), &payloads), expected);
}

#[test]
fn calls_are_done_at_the_end_where_their_arguments_are_no_json() {
    let payloads = [
        piece(0, r#","function":{"name":"f","arguments":"{\"a\":tru!"}"#),
        "[DONE]".to_owned(),
    ];
    let call = |done: bool| {
        format!(r#"[{{"index":0,"id":"","name":"f","arguments":"{{\"a\":tru!","value":{{}},"done":{done}}}]"#)
    };
    assert_eq!(
        grows(Outlet::Calls(Calls::default()), &payloads),
        [call(false), call(true), String::new()]
    );
}

#[test]
fn an_answer_is_no_json_only_where_it_had_to_be_any() {
    let ended = |options: &str, outlet: Outlet| {
        let shape = Shape::default().with_options(options).unwrap();
        let mut stream = Stream::new(Call::answered(Provider::OpenAi, 0.0), 0.0).shaped(shape);
        stream.read_as(outlet);
        stream.respond(Response::new(200, Vec::new()), 0.0);
        stream.push(answer(&["Sure: {}"]).as_bytes(), 0.0);
        let mut json = String::new();
        stream.write_completion(&mut json);
        (stream.no_json().is_some(), json.contains("\"parsed\":null"))
    };
    assert_eq!(ended("{}", Outlet::Text), (false, false));
    assert_eq!(ended("{}", Outlet::Json(Partial::default())), (true, true));
    assert_eq!(ended(r#"{"json":true}"#, Outlet::Text), (true, true));
    assert_eq!(ended(r#"{"json":false}"#, Outlet::Chunks(writer())), (false, false));
}
