//! In which shape the reader wants the answer.

use liveavatar_llm::chat::{Parse, Request, Shape};
use liveavatar_llm::error::Error;
use liveavatar_llm::json::Value;

const NOTHING: Parse = Parse {
    content: false,
    arguments: false,
};
const CONTENT: Parse = Parse {
    content: true,
    arguments: false,
};
const ARGUMENTS: Parse = Parse {
    content: false,
    arguments: true,
};
const BOTH: Parse = Parse {
    content: true,
    arguments: true,
};

fn options(json: &str) -> Shape {
    Shape::default().with_options(json).unwrap()
}

fn members(json: &str) -> Vec<(String, Value)> {
    Value::parse(json).unwrap().as_object().unwrap().to_vec()
}

/// What is parsed of the answer to a request with these members, over these defaults and under these overrides.
#[track_caller]
fn parses(shape: &Shape, [request, defaults, overrides]: [&str; 3], expected: Parse) {
    let request = Request::parse(&format!(r#"{{"messages":[]{request}}}"#)).unwrap();
    let shape = shape.for_request(&request, &members(defaults), &members(overrides));
    assert_eq!(shape.parse, expected);
}

#[test]
fn a_request_for_json_is_one_for_parsed_content_and_one_with_tools_for_parsed_arguments() {
    let by_default = Shape::default();
    for (request, expected) in [
        ("", NOTHING),
        (r#","response_format":{"type":"text"}"#, NOTHING),
        (r#","response_format":"json""#, NOTHING),
        (r#","response_format":{"type":"json_object"}"#, CONTENT),
        (r#","response_format":{"type":"json_schema","json_schema":{}}"#, CONTENT),
        (r#","tools":[]"#, NOTHING),
        (r#","tools":[{}]"#, ARGUMENTS),
        (r#","response_format":{"type":"json_object"},"tools":[{}]"#, BOTH),
    ] {
        parses(&by_default, [request, "{}", "{}"], expected);
    }
}

#[test]
fn what_the_upstream_adds_to_the_request_counts_as_it_is_sent() {
    const JSON: &str = r#"{"response_format":{"type":"json_object"}}"#;
    let text = r#","response_format":{"type":"text"}"#;
    let by_default = Shape::default();
    parses(&by_default, ["", JSON, "{}"], CONTENT);
    parses(&by_default, [text, JSON, "{}"], NOTHING);
    parses(&by_default, [text, "{}", JSON], CONTENT);
    parses(&by_default, ["", JSON, r#"{"response_format":null}"#], NOTHING);
}

#[test]
fn the_option_says_it_whatever_the_request_asks_for() {
    let json = r#","response_format":{"type":"json_object"}"#;
    parses(&options(r#"{"json":false}"#), [json, "{}", "{}"], NOTHING);
    parses(&options(r#"{"json":true}"#), ["", "{}", "{}"], BOTH);
    assert_eq!(options(r#"{"json":true}"#).parse, BOTH, "without any request");
    let back = options(r#"{"json":true}"#).with_options(r#"{"json":false}"#).unwrap();
    parses(&back, [json, "{}", "{}"], NOTHING);
}

#[test]
fn thoughts_are_taken_out_when_asked_for() {
    assert!(options("{}").thinking().is_none());
    assert!(options(r#"{"thinkTags":false}"#).thinking().is_none());
    assert!(options(r#"{"thinkTags":true}"#).thinking().is_some());
    let client = options(r#"{"thinkTags":"open","maxRetries":1}"#);
    assert!(client.clone().with_options("{}").unwrap().thinking().is_some());
    let call = client.with_options(r#"{"thinkTags":false}"#).unwrap();
    assert!(call.thinking().is_none(), "a call's own option counts");
}

#[track_caller]
fn problems(shape: Result<Shape, Error>, expected: &[(&str, &str)]) {
    let error = shape.unwrap_err();
    let issues: Vec<(&str, &str)> = error
        .issues()
        .iter()
        .map(|issue| (issue.path.as_str(), issue.message.as_str()))
        .collect();
    assert_eq!(issues, expected);
}

#[test]
fn options_of_another_type_are_refused() {
    let tags = "`thinkTags` must be true, false, or \"open\" where the prompt ends in <think>";
    for value in ["1", "\"close\"", "null", "[]"] {
        let json = format!(r#"{{"thinkTags":{value},"json":"yes"}}"#);
        let expected = [
            ("/thinkTags", tags),
            ("/json", "`json` must be true or false, it is a string"),
        ];
        problems(Shape::default().with_options(&json), &expected);
    }
}
