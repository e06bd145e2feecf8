//! How a request is put to Anthropic.

use liveavatar_llm::chat::Request;
use liveavatar_llm::error::{Error, Secret};
use liveavatar_llm::http;
use liveavatar_llm::providers::{Provider, Upstream};
use serde_json::{Value, json};

const UPSTREAM: &str = r#"{"provider":"anthropic","model":"claude"}"#;

fn encode(upstream: &str, request: &Value) -> Result<http::Request, Error> {
    let upstream = Upstream::parse(upstream, &[]).unwrap();
    let request = Request::parse(&request.to_string()).unwrap();
    upstream.provider.encode(&upstream, request)
}

/// The body for a request with these members and the message «Hi».
#[track_caller]
fn body(members: Value) -> Value {
    let mut request = json!({"messages": [{"role": "user", "content": "Hi"}]});
    request
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    serde_json::from_str(&encode(UPSTREAM, &request).unwrap().body.unwrap()).unwrap()
}

/// What becomes of messages: the system's, and the others.
#[track_caller]
fn messages(messages: Value) -> (Value, Value) {
    let mut body = body(json!({ "messages": messages }));
    (body["system"].take(), body["messages"].take())
}

#[track_caller]
fn refuses(members: Value, path: &str) {
    let mut request = json!({"messages": [{"role": "user", "content": "Hi"}]});
    request
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    let error = encode(UPSTREAM, &request).expect_err(&members.to_string());
    assert_eq!(error.path(), Some(path), "{error}");
}

fn says(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[test]
fn it_is_posted_to_messages_with_the_version_and_the_key_in_headers_of_their_own() {
    let request = encode(UPSTREAM, &json!({"messages": [{"role": "user", "content": "Hi"}]})).unwrap();
    assert_eq!(
        (request.method, request.url.as_str()),
        ("POST", "https://api.anthropic.com/v1/messages")
    );
    let headers: Vec<(&str, &str)> = request.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("content-type", "application/json"),
            ("accept", "text/event-stream"),
            ("anthropic-version", "2023-06-01")
        ]
    );
    let key = Secret::new("sk-ant-1".to_owned()).unwrap();
    assert_eq!(
        Provider::Anthropic.authorization(&key),
        ("x-api-key".to_owned(), "sk-ant-1".to_owned())
    );
}

#[test]
fn version_address_query_and_headers_are_the_upstreams() {
    let upstream = r#"{"provider":"anthropic","model":"c","baseUrl":"http://localhost/x","version":"2099-01-01","query":{"beta":"true"},"headers":{"Anthropic-Beta":"b"}}"#;
    let request = encode(upstream, &json!({"messages": [{"role": "user", "content": "Hi"}]})).unwrap();
    assert_eq!(request.url, "http://localhost/x/messages?beta=true");
    let header = |name: &str| {
        request
            .headers
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(
        (header("anthropic-version"), header("anthropic-beta")),
        ("2099-01-01".to_owned(), "b".to_owned())
    );
}

#[test]
fn a_page_tells_that_it_is_one() {
    let mut upstream = Upstream::parse(UPSTREAM, &[]).unwrap();
    upstream.allow_page();
    let request = Request::parse(r#"{"messages":[{"role":"user","content":"Hi"}]}"#).unwrap();
    let headers = upstream.provider.encode(&upstream, request).unwrap().headers;
    assert!(headers.contains(&(
        "anthropic-dangerous-direct-browser-access".to_owned(),
        "true".to_owned()
    )));
}

#[test]
fn the_shortest_request_has_what_must_be_there() {
    assert_eq!(
        body(json!({})),
        json!({
            "model": "claude", "stream": true, "max_tokens": 4096,
            "messages": [{"role": "user", "content": [says("Hi")]}]
        })
    );
}

#[test]
fn members_have_other_names_and_ranges() {
    let rows = [
        (json!({"max_tokens": 5}), "max_tokens", json!(5)),
        (
            json!({"max_tokens": 5, "max_completion_tokens": 6}),
            "max_tokens",
            json!(6),
        ),
        (json!({"temperature": 0.5}), "temperature", json!(0.5)),
        (json!({"temperature": 1.7}), "temperature", json!(1)),
        (json!({"top_p": 0.9}), "top_p", json!(0.9)),
        // New models accept one of the two alone.
        (json!({"temperature": 0.5, "top_p": 0.9}), "top_p", Value::Null),
        (json!({"temperature": null, "top_p": 0.9}), "top_p", json!(0.9)),
        (json!({"stop": "x"}), "stop_sequences", json!(["x"])),
        (json!({"stop": ["x", "y"]}), "stop_sequences", json!(["x", "y"])),
        (json!({"user": "u"}), "metadata", json!({"user_id": "u"})),
        (
            json!({"metadata": {"a": "b"}, "seed": 1, "logit_bias": {"1": 2}}),
            "metadata",
            Value::Null,
        ),
        // The provider's own go as they are.
        (json!({"top_k": 5}), "top_k", json!(5)),
        (json!({"container": {"id": "c"}}), "container", json!({"id": "c"})),
    ];
    for (members, name, expected) in rows {
        assert_eq!(body(members.clone())[name], expected, "{members}");
    }
    let dropped = json!({"seed": 1, "logit_bias": {}, "presence_penalty": 1, "frequency_penalty": 1, "store": true, "n": 1, "logprobs": false, "stream_options": {"include_usage": true}, "verbosity": "low", "parallel_tool_calls": true});
    assert_eq!(body(dropped), body(json!({})));
}

#[test]
fn what_has_no_counterpart_is_refused_before_anything_is_sent() {
    for (members, path) in [
        (json!({"n": 2}), "/n"),
        (json!({"logprobs": true}), "/logprobs"),
        (json!({"top_logprobs": 3}), "/top_logprobs"),
        (json!({"modalities": ["text", "audio"]}), "/modalities"),
        (json!({"functions": [{}]}), "/functions"),
        (json!({"web_search_options": {}}), "/web_search_options"),
        (json!({"reasoning_effort": "much"}), "/reasoning_effort"),
        (json!({"response_format": {"type": "json_object"}}), "/response_format"),
        (
            json!({"tools": [{"type": "custom", "custom": {"name": "x"}}]}),
            "/tools/0",
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "x"}}], "tool_choice": {"type": "allowed_tools"}}),
            "/tool_choice",
        ),
        (json!({"messages": []}), "/messages"),
        (
            json!({"messages": [{"role": "system", "content": "Be kind"}]}),
            "/messages",
        ),
        (json!({"messages": [{"role": "user", "content": "  "}]}), "/messages"),
        (
            json!({"messages": [{"role": "robot", "content": "x"}]}),
            "/messages/0/role",
        ),
        (
            json!({"messages": [{"role": "user", "content": 5}]}),
            "/messages/0/content",
        ),
        (
            json!({"messages": [{"role": "assistant", "audio": {"id": "a"}}]}),
            "/messages/0/audio",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}]}]}),
            "/messages/0/content",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,AA"}}]}]}),
            "/messages/0/content",
        ),
    ] {
        refuses(members, path);
    }
}

#[test]
fn all_system_messages_go_to_the_system_wherever_they_stood() {
    assert_eq!(
        messages(json!([
            {"role": "system", "content": "A"}, {"role": "user", "content": "Hi"},
            {"role": "developer", "content": [{"type": "text", "text": "B", "cache_control": {"type": "ephemeral"}}]}
        ])),
        (
            json!([says("A"), {"type": "text", "text": "B", "cache_control": {"type": "ephemeral"}}]),
            json!([{"role": "user", "content": [says("Hi")]}])
        )
    );
}

#[test]
fn what_one_side_says_in_a_row_is_one_turn_and_blanks_are_left_out() {
    let (_, turns) = messages(json!([
        {"role": "user", "content": "A"}, {"role": "user", "content": ""}, {"role": "assistant", "content": " "},
        {"role": "user", "content": [{"type": "text", "text": "B"}, {"type": "text", "text": "\n"}]},
        {"role": "assistant", "content": "So "},
    ]));
    assert_eq!(
        turns,
        json!([{"role": "user", "content": [says("A"), says("B")]}, {"role": "assistant", "content": [says("So")]}])
    );
}

#[test]
fn pictures_and_files_are_blocks() {
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let rows = [
        (
            image("https://a.example/x.png"),
            json!({"type": "image", "source": {"type": "url", "url": "https://a.example/x.png"}}),
        ),
        (
            image("data:image/png;base64,AA=="),
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}),
        ),
        (
            image("data:image/jpeg;name=a;base64,AA=="),
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "AA=="}}),
        ),
        (
            json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}}),
            json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}}),
        ),
        (
            json!({"type": "file", "file": {"file_id": "f1"}}),
            json!({"type": "document", "source": {"type": "file", "file_id": "f1"}}),
        ),
        (
            json!({"type": "document", "source": {"type": "text", "data": "x"}}),
            json!({"type": "document", "source": {"type": "text", "data": "x"}}),
        ),
    ];
    for (part, expected) in rows {
        let (_, turns) = messages(json!([{"role": "user", "content": [part]}]));
        assert_eq!(turns[0]["content"], json!([expected]), "{part}");
    }
}

#[test]
fn calls_and_their_results_are_blocks_and_results_in_a_row_are_one_turn() {
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let (_, turns) = messages(json!([
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Well", "tool_calls": [call("a", "{\"x\": 1}"), call("b", ""), call("c", "[1"), call("d", "5")]},
        {"role": "tool", "tool_call_id": "a", "content": "1"}, {"role": "tool", "tool_call_id": "b", "content": ""},
        {"role": "user", "content": "And?"},
    ]));
    let called = |id: &str, input: Value| json!({"type": "tool_use", "id": id, "name": "f", "input": input});
    assert_eq!(
        turns[1],
        json!({"role": "assistant", "content": [
            says("Well"), called("a", json!({"x": 1})), called("b", json!({})),
            called("c", json!({"invalid_arguments": "[1"})), called("d", json!({"invalid_arguments": "5"}))
        ]})
    );
    assert_eq!(
        turns[2],
        json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": [says("1")]}, {"type": "tool_result", "tool_use_id": "b"}, says("And?")
        ]})
    );
}

#[test]
fn thoughts_go_back_with_their_signatures_to_where_they_stood() {
    let thought = |text: &str| json!({"type": "thinking", "thinking": text, "signature": "S"});
    let (_, turns) = messages(json!([
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant", "content": "Well", "reasoning_content": "unsigned", "thinking_blocks": [thought("a")],
            "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}, "thinking_blocks": [thought("b")]}]
        },
        {"role": "tool", "tool_call_id": "t", "content": "1"},
    ]));
    assert_eq!(
        turns[1]["content"],
        json!([thought("a"), says("Well"), thought("b"), {"type": "tool_use", "id": "t", "name": "f", "input": {}}])
    );
}

#[test]
fn tools_keep_their_whole_schema() {
    let schema = json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}, "additionalProperties": false});
    let tools = json!([
        {"type": "function", "function": {"name": "f", "description": "F", "parameters": schema, "strict": true}},
        {"type": "function", "function": {"name": "g", "strict": null}},
        {"type": "web_search_20250305", "name": "web_search"}
    ]);
    assert_eq!(
        body(json!({ "tools": tools }))["tools"],
        json!([
            {"name": "f", "description": "F", "strict": true, "input_schema": schema},
            {"name": "g", "input_schema": {"type": "object"}},
            {"type": "web_search_20250305", "name": "web_search"}
        ])
    );
}

#[test]
fn a_choice_of_tools_is_put_in_its_words() {
    let rows = [
        (json!(null), json!(null), Value::Null),
        (json!("auto"), json!(null), json!({"type": "auto"})),
        (json!("none"), json!(false), json!({"type": "none"})),
        (json!("required"), json!(true), json!({"type": "any"})),
        (
            json!(null),
            json!(false),
            json!({"type": "auto", "disable_parallel_tool_use": true}),
        ),
        (
            json!({"type": "function", "function": {"name": "f"}}),
            json!(false),
            json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true}),
        ),
    ];
    for (choice, parallel, expected) in rows {
        let tools = json!([{"type": "function", "function": {"name": "f"}}]);
        let body = body(json!({"tools": tools, "tool_choice": choice, "parallel_tool_calls": parallel}));
        assert_eq!(body["tool_choice"], expected, "{choice} {parallel}");
    }
    assert_eq!(
        body(json!({"tool_choice": "auto"}))["tool_choice"],
        Value::Null,
        "there are no tools"
    );
}

#[test]
fn an_effort_is_a_budget_which_comes_on_top_of_the_answer() {
    let thinking = body(json!({"reasoning_effort": "medium", "temperature": 0.5, "top_p": 0.5}));
    assert_eq!(thinking["thinking"], json!({"type": "enabled", "budget_tokens": 4096}));
    assert_eq!(thinking["max_tokens"], json!(8192));
    assert_eq!(
        (&thinking["temperature"], &thinking["top_p"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(body(json!({"reasoning_effort": "none"})), body(json!({})));
    let own = body(json!({"reasoning_effort": "high", "thinking": {"type": "adaptive"}}));
    assert_eq!(
        (&own["thinking"], &own["max_tokens"]),
        (&json!({"type": "adaptive"}), &json!(4096))
    );
    let off = body(json!({"thinking": {"type": "disabled"}, "temperature": 0.5}));
    assert_eq!(
        (&off["thinking"]["type"], &off["temperature"]),
        (&json!("disabled"), &json!(0.5))
    );
}

#[test]
fn a_json_schema_is_the_format_of_the_output() {
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"type": "object"}}});
    let body = body(json!({"response_format": format, "output_config": {"effort": "low"}}));
    assert_eq!(
        body["output_config"],
        json!({"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}})
    );
}
