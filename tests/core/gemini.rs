//! How a request is put to Gemini.

use liveavatar_llm::chat::Request;
use liveavatar_llm::error::{Error, Secret};
use liveavatar_llm::http;
use liveavatar_llm::providers::{Provider, Upstream};
use serde_json::{Value, json};

fn encode(upstream: &str, request: &Value) -> Result<http::Request, Error> {
    let upstream = Upstream::parse(upstream, &[]).unwrap();
    let request = Request::parse(&request.to_string()).unwrap();
    upstream.provider.encode(&upstream, request)
}

fn asking(members: &Value) -> Value {
    let mut request = json!({"model": "gemini-3-flash", "messages": [{"role": "user", "content": "Hi"}]});
    request
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    request
}

const UPSTREAM: &str = r#"{"provider":"gemini"}"#;

#[track_caller]
fn body(members: Value) -> Value {
    serde_json::from_str(&encode(UPSTREAM, &asking(&members)).unwrap().body.unwrap()).unwrap()
}

#[track_caller]
fn contents(messages: Value) -> Value {
    body(json!({ "messages": messages }))["contents"].take()
}

#[track_caller]
fn config(members: Value) -> Value {
    body(members)["generationConfig"].take()
}

#[test]
fn the_model_is_in_the_address_and_the_key_is_not() {
    for (model, path) in [
        ("gemini-3-flash", "models/gemini-3-flash"),
        ("models/gemini-3-flash", "models/gemini-3-flash"),
        ("tunedModels/mine", "tunedModels/mine"),
        ("a/b?c", "models/a%2Fb%3Fc"),
    ] {
        let request = encode(UPSTREAM, &asking(&json!({ "model": model }))).unwrap();
        let address = "https://generativelanguage.googleapis.com/v1beta/";
        assert_eq!(request.url, format!("{address}{path}:streamGenerateContent?alt=sse"));
    }
    let upstream = r#"{"provider":"gemini","baseUrl":"http://localhost/v1/","query":{"a":"b"}}"#;
    let request = encode(upstream, &asking(&json!({}))).unwrap();
    assert_eq!(
        request.url,
        "http://localhost/v1/models/gemini-3-flash:streamGenerateContent?alt=sse&a=b"
    );
    let key = Secret::new("AIza1".to_owned()).unwrap();
    assert_eq!(
        Provider::Gemini.authorization(&key),
        ("x-goog-api-key".to_owned(), "AIza1".to_owned())
    );
}

#[test]
fn the_shortest_request_is_a_turn_of_the_user() {
    assert_eq!(
        body(json!({})),
        json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "generationConfig": {}})
    );
}

#[test]
fn members_have_other_names() {
    let rows = [
        (
            json!({"temperature": 1.7, "top_p": 0.5, "top_k": 4}),
            json!({"temperature": 1.7, "topP": 0.5, "topK": 4}),
        ),
        (json!({"max_tokens": 5}), json!({"maxOutputTokens": 5})),
        (
            json!({"max_tokens": 5, "max_completion_tokens": 6}),
            json!({"maxOutputTokens": 6}),
        ),
        (json!({"stop": "x"}), json!({"stopSequences": ["x"]})),
        (json!({"stop": ["x", "y"]}), json!({"stopSequences": ["x", "y"]})),
        (
            json!({"seed": 1, "presence_penalty": -1, "frequency_penalty": 2}),
            json!({"seed": 1, "presencePenalty": -1, "frequencyPenalty": 2}),
        ),
        (
            json!({"reasoning_effort": "none"}),
            json!({"thinkingConfig": {"thinkingBudget": 0}}),
        ),
        (
            json!({"reasoning_effort": "medium"}),
            json!({"thinkingConfig": {"thinkingBudget": 8192}}),
        ),
        (json!({"response_format": {"type": "text"}}), json!({})),
        (
            json!({"response_format": {"type": "json_object"}}),
            json!({"responseMimeType": "application/json"}),
        ),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "additionalProperties": false}}}}),
            json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "object", "additionalProperties": false}}),
        ),
        (
            json!({"generationConfig": {"topP": 1, "thinkingConfig": {"includeThoughts": true}}, "top_p": 0.5, "reasoning_effort": "low"}),
            json!({"topP": 1, "thinkingConfig": {"includeThoughts": true}}),
        ),
    ];
    for (members, expected) in rows {
        assert_eq!(config(members.clone()), expected, "{members}");
    }
    let own = body(json!({"safetySettings": [{"category": "C"}], "cachedContent": "c"}));
    assert_eq!(
        (&own["safetySettings"], &own["cachedContent"]),
        (&json!([{"category": "C"}]), &json!("c"))
    );
    let dropped = json!({"user": "u", "logit_bias": {}, "store": true, "n": 1, "logprobs": false, "stream": true, "parallel_tool_calls": false});
    assert_eq!(body(dropped), body(json!({})));
}

#[test]
fn what_has_no_counterpart_is_refused_before_anything_is_sent() {
    for (members, path) in [
        (json!({"n": 2}), "/n"),
        (json!({"logprobs": true}), "/logprobs"),
        (json!({"modalities": ["audio"]}), "/modalities"),
        (json!({"response_format": {"type": "grammar"}}), "/response_format"),
        (json!({"messages": []}), "/messages"),
        (
            json!({"messages": [{"role": "tool", "tool_call_id": "x", "content": "1"}]}),
            "/messages/0/tool_call_id",
        ),
        (
            json!({"messages": [{"role": "function", "name": "f", "content": "1"}]}),
            "/messages/0/role",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "flac"}}]}]}),
            "/messages/0/content",
        ),
    ] {
        let error = encode(UPSTREAM, &asking(&members)).expect_err(&members.to_string());
        assert_eq!(error.path(), Some(path), "{error}");
    }
}

#[test]
fn all_system_messages_are_the_instruction() {
    let body = body(json!({"messages": [
        {"role": "system", "content": "A"}, {"role": "user", "content": "Hi"}, {"role": "developer", "content": "B"}
    ]}));
    assert_eq!(
        body["systemInstruction"],
        json!({"parts": [{"text": "A"}, {"text": "B"}]})
    );
    assert_eq!(body["contents"], json!([{"role": "user", "parts": [{"text": "Hi"}]}]));
}

#[test]
fn what_a_tool_gave_has_the_name_of_what_was_called() {
    let call = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let contents = contents(json!([
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Well", "tool_calls": [call("call_1", "f", "{\"x\":1}"), call("g7", "g", "")]},
        {"role": "tool", "tool_call_id": "g7", "content": "{\"y\":2}"},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "sunny"}]},
        // An id may come again.
        {"role": "assistant", "content": null, "tool_calls": [call("call_1", "h", "[")]},
        {"role": "tool", "tool_call_id": "call_1", "content": ""},
    ]));
    assert_eq!(
        contents.as_array().unwrap()[1..],
        [
            json!({"role": "model", "parts": [
                {"text": "Well"}, {"functionCall": {"name": "f", "args": {"x": 1}}}, {"functionCall": {"id": "g7", "name": "g", "args": {}}}
            ]}),
            json!({"role": "user", "parts": [
                {"functionResponse": {"id": "g7", "name": "g", "response": {"y": 2}}},
                {"functionResponse": {"name": "f", "response": {"output": "sunny"}}}
            ]}),
            json!({"role": "model", "parts": [{"functionCall": {"name": "h", "args": {"invalid_arguments": "["}}}]}),
            json!({"role": "user", "parts": [{"functionResponse": {"name": "h", "response": {"output": ""}}}]}),
        ]
    );
}

#[test]
fn signatures_go_back_to_where_they_came_from() {
    let signed = |signature: &str| json!({"google": {"thought_signature": signature}});
    let contents = contents(json!([
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}], "reasoning_content": "Hm",
            "extra_content": signed("M"),
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": signed("C")}]
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    ]));
    assert_eq!(
        contents[1]["parts"],
        json!([{"text": "A"}, {"text": "B", "thoughtSignature": "M"}, {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "C"}])
    );
}

#[test]
fn media_are_data_or_files() {
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let rows = [
        (
            image("data:image/png;base64,AA=="),
            json!({"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
        ),
        (
            image("https://a.example/x.JPG?size=1"),
            json!({"fileData": {"mimeType": "image/jpeg", "fileUri": "https://a.example/x.JPG?size=1"}}),
        ),
        (
            image("https://a.example/x"),
            json!({"fileData": {"fileUri": "https://a.example/x"}}),
        ),
        (
            json!({"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}}),
            json!({"inlineData": {"mimeType": "audio/mp3", "data": "AA=="}}),
        ),
        (
            json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}}),
            json!({"inlineData": {"mimeType": "application/pdf", "data": "AA=="}}),
        ),
        (
            json!({"fileData": {"fileUri": "f"}}),
            json!({"fileData": {"fileUri": "f"}}),
        ),
    ];
    for (part, expected) in rows {
        let contents = contents(json!([{"role": "user", "content": [part]}]));
        assert_eq!(contents[0]["parts"], json!([expected]), "{part}");
    }
}

#[test]
fn tools_and_the_choice_of_them_are_put_in_its_words() {
    let schema =
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}});
    let tools = json!([
        {"type": "function", "function": {"name": "f", "description": "F", "parameters": schema, "strict": true}},
        {"type": "function", "function": {"name": "g"}}, {"googleSearch": {}}
    ]);
    let expected = json!([
        {"functionDeclarations": [{"name": "f", "description": "F", "parametersJsonSchema": schema}, {"name": "g"}]}, {"googleSearch": {}}
    ]);
    for (choice, config) in [
        (json!(null), Value::Null),
        (json!("none"), json!({"mode": "NONE"})),
        (json!("auto"), json!({"mode": "AUTO"})),
        (json!("required"), json!({"mode": "ANY"})),
        (
            json!({"type": "function", "function": {"name": "f"}}),
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ),
    ] {
        let body = body(json!({"tools": tools, "tool_choice": choice}));
        assert_eq!(body["tools"], expected);
        assert_eq!(body["toolConfig"]["functionCallingConfig"], config, "{choice}");
    }
}
