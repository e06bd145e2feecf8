//! What is asked of a model.

use liveavatar_llm::chat::Request;
use liveavatar_llm::error::Family;
use liveavatar_llm::json::Value;

fn parse(json: &str) -> Request {
    Request::parse(json).unwrap()
}

fn object(json: &str) -> Vec<(String, Value)> {
    Value::parse(json).unwrap().as_object().unwrap().to_vec()
}

#[test]
fn a_request_is_passed_on_as_it_was_written() {
    let json =
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"é\n"}]}],"temperature":0.10,"x":{"y":null}}"#;
    assert_eq!(parse(json).into_json(), json);
    assert_eq!(parse(r#"{"messages":[]}"#).into_json(), r#"{"messages":[]}"#);
}

#[test]
fn an_answer_that_was_parsed_is_sent_back_without_what_was_parsed() {
    let call = |parsed: &str| format!(r#"{{"id":"t","function":{{"name":"f","arguments":"{{}}"{parsed}}}}}"#);
    let body = |parsed: &str, call: &str| {
        format!(
            r#"{{"messages":[{{"role":"assistant","content":"1"{parsed},"tool_calls":[5,{{"function":1}},{call}]}},{{"role":"x","tool_calls":null}}],"parsed":1}}"#
        )
    };
    let given = body(r#","parsed":1"#, &call(r#","parsed_arguments":{"a":1}"#));
    assert_eq!(parse(&given).into_json(), body("", &call("")));
}

#[test]
fn it_must_have_messages_with_roles() {
    let such = "`messages` must be a list such as [{ role: \"user\", content: \"Hello\" }], it is";
    let no_role =
        |index: u32| format!("message {index} has no `role`: write \"system\", \"user\", \"assistant\" or \"tool\"");
    let rows = [
        (
            "{",
            "",
            "not_json",
            "the request is not JSON: expected a string at byte 1".to_owned(),
        ),
        (
            "[]",
            "",
            "wrong_type",
            "the request must be an object with `messages`, this is an array".to_owned(),
        ),
        ("{}", "/messages", "missing", format!("{such} missing")),
        (
            r#"{"messages":"Hi"}"#,
            "/messages",
            "wrong_type",
            format!("{such} a string"),
        ),
        (
            r#"{"messages":null}"#,
            "/messages",
            "wrong_type",
            format!("{such} null"),
        ),
        (r#"{"messages":["Hi"]}"#, "/messages/0/role", "missing", no_role(0)),
        (
            r#"{"messages":[{"role":"user"},{"content":"Hi"}]}"#,
            "/messages/1/role",
            "missing",
            no_role(1),
        ),
        (
            r#"{"messages":[{"role":1}]}"#,
            "/messages/0/role",
            "missing",
            no_role(0),
        ),
    ];
    for (json, path, code, message) in rows {
        let error = Request::parse(json).unwrap_err();
        assert_eq!(
            (error.family(), error.path(), error.code()),
            (Family::Validation, Some(path), code),
            "of {json}"
        );
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn members_are_set_replaced_and_removed() {
    let mut request = parse(r#"{"messages":[],"a":1,"a":2,"b":3}"#);
    assert_eq!(request.get("a"), Some(&Value::Number("2".to_owned())));
    request.set("a", Value::Bool(true));
    request.remove("b");
    assert_eq!(request.get("b"), None);
    assert_eq!(request.into_json(), r#"{"messages":[],"a":true}"#);
}

#[test]
fn defaults_go_under_and_overrides_over_and_null_removes() {
    let mut request = parse(r#"{"messages":[],"a":1,"b":2,"c":null}"#);
    request.layer(
        &object(r#"{"a":10,"c":30,"d":40,"e":null,"f":60}"#),
        &object(r#"{"b":null,"d":400,"g":{},"h":null}"#),
    );
    assert_eq!(
        request.into_json(),
        r#"{"messages":[],"a":1,"c":null,"e":null,"f":60,"d":400,"g":{}}"#
    );
}

#[test]
fn usage_is_asked_for_unless_something_else_is_said() {
    let asked = r#"{"messages":[],"stream_options":{"include_usage":true}}"#;
    let rows = [
        (r#"{"messages":[]}"#, "{}", asked),
        (r#"{"messages":[]}"#, r#"{"a":1}"#, asked),
        (
            r#"{"messages":[],"stream_options":null}"#,
            "{}",
            r#"{"messages":[],"stream_options":null}"#,
        ),
        (r#"{"messages":[]}"#, r#"{"stream_options":{}}"#, r#"{"messages":[]}"#),
    ];
    for (json, defaults, expected) in rows {
        let mut request = parse(json);
        request.ask_for_usage(&object(defaults));
        assert_eq!(request.into_json(), expected);
    }
}
