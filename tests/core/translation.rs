//! A conversation in `OpenAI`'s terms, put into another provider's and read there by somebody else, is the same conversation.

use liveavatar_llm::chat::Request;
use liveavatar_llm::providers::Upstream;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What somebody says: who it is, and each thing in a few words.
type Said = Vec<(String, Vec<String>)>;

fn put(provider: &str, request: &Value) -> Value {
    let upstream = json!({"provider": provider, "model": "m"}).to_string();
    let upstream = Upstream::parse(&upstream, &[]).unwrap();
    let request = Request::parse(&request.to_string()).unwrap();
    serde_json::from_str(&upstream.provider.encode(&upstream, request).unwrap().body.unwrap()).unwrap()
}

/// Joins what one side says in a row.
fn joined(said: Said) -> Said {
    let mut joined: Said = Vec::new();
    for (who, mut things) in said {
        match joined.last_mut() {
            _ if things.is_empty() => {}
            Some((before, all)) if *before == who => all.append(&mut things),
            _ => joined.push((who, things)),
        }
    }
    joined
}

fn openai(request: &Value) -> Said {
    let mut said = Vec::new();
    for message in request["messages"].as_array().unwrap() {
        let mut things = Vec::new();
        match &message["content"] {
            Value::String(text) => things.push(format!("text {text}")),
            Value::Array(parts) => {
                for part in parts {
                    things.push(match part["type"].as_str().unwrap() {
                        "text" => format!("text {}", part["text"].as_str().unwrap()),
                        _ => format!("picture {}", part["image_url"]["url"].as_str().unwrap()),
                    });
                }
            }
            _ => {}
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
            things.push(format!(
                "calls {} {} {arguments}",
                call["id"].as_str().unwrap(),
                call["function"]["name"].as_str().unwrap()
            ));
        }
        let role = message["role"].as_str().unwrap();
        if role == "tool" {
            things = vec![format!(
                "{} gave {}",
                message["tool_call_id"].as_str().unwrap(),
                things.concat()
            )];
        }
        let who = match role {
            "tool" => "user",
            "developer" => "system",
            other => other,
        };
        said.push((who.to_owned(), things));
    }
    // The system's first, wherever they stood.
    let (system, others): (Said, Said) = said.into_iter().partition(|(who, _)| who == "system");
    joined([joined(system), joined(others)].concat())
}

fn anthropic(body: &Value) -> Said {
    fn thing(block: &Value) -> String {
        let text = |name: &str| block[name].as_str().unwrap();
        match text("type") {
            "text" => format!("text {}", text("text")),
            "image" => match block["source"]["type"].as_str().unwrap() {
                "url" => format!("picture {}", block["source"]["url"].as_str().unwrap()),
                _ => format!(
                    "picture data:{};base64,{}",
                    block["source"]["media_type"].as_str().unwrap(),
                    block["source"]["data"].as_str().unwrap()
                ),
            },
            "tool_use" => format!("calls {} {} {}", text("id"), text("name"), block["input"]),
            "tool_result" => {
                let content = block["content"].as_array().into_iter().flatten().map(thing);
                format!("{} gave {}", text("tool_use_id"), content.collect::<String>())
            }
            other => panic!("{other}"),
        }
    }
    let things = |blocks: &Value| blocks.as_array().into_iter().flatten().map(thing).collect::<Vec<_>>();
    let mut said = vec![("system".to_owned(), things(&body["system"]))];
    for message in body["messages"].as_array().unwrap() {
        said.push((
            message["role"].as_str().unwrap().to_owned(),
            things(&message["content"]),
        ));
    }
    said.retain(|(_, things)| !things.is_empty());
    said
}

fn gemini(body: &Value) -> Said {
    fn thing(part: &Value) -> String {
        let (name, value) = part.as_object().unwrap().iter().next().unwrap();
        let text = |name: &str| value[name].as_str().unwrap();
        match name.as_str() {
            "text" => format!("text {}", value.as_str().unwrap()),
            "inlineData" => format!("picture data:{};base64,{}", text("mimeType"), text("data")),
            "fileData" => format!("picture {}", text("fileUri")),
            "functionCall" => format!("calls {} {} {}", text("id"), text("name"), value["args"]),
            "functionResponse" => format!(
                "{} gave text {}",
                text("id"),
                value["response"]["output"].as_str().unwrap()
            ),
            other => panic!("{other}"),
        }
    }
    let things = |content: &Value| {
        content["parts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(thing)
            .collect::<Vec<_>>()
    };
    let mut said = vec![("system".to_owned(), things(&body["systemInstruction"]))];
    for content in body["contents"].as_array().unwrap() {
        let who = if content["role"] == "model" {
            "assistant"
        } else {
            "user"
        };
        said.push((who.to_owned(), things(content)));
    }
    said.retain(|(_, things)| !things.is_empty());
    said
}

fn words() -> impl Strategy<Value = String> {
    "[a-zß\"\\\\\n{}😀 ]{0,8}x"
}

fn content() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        words().prop_map(|text| json!({"type": "text", "text": text})),
        "[a-z]{1,5}".prop_map(
            |name| json!({"type": "image_url", "image_url": {"url": format!("https://a.example/{name}.png")}})
        ),
        "[a-zA-Z0-9+/]{4}".prop_map(
            |data| json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}})
        ),
    ];
    prop_oneof![words().prop_map(Value::String), vec(part, 1..4).prop_map(Value::Array)]
}

/// A message of the assistant's that calls tools, and what they gave.
fn calling() -> impl Strategy<Value = Vec<Value>> {
    let arguments = proptest::collection::btree_map("[a-z]{1,3}", words(), 0..3);
    (proptest::option::of(words()), vec((arguments, words()), 1..4)).prop_map(|(text, calls)| {
        let id = |index: usize| format!("id{index}");
        let called: Vec<Value> = calls.iter().enumerate().map(|(index, (arguments, _))| {
            let arguments = json!(arguments).to_string();
            json!({"id": id(index), "type": "function", "function": {"name": format!("f{index}"), "arguments": arguments}})
        }).collect();
        let mut messages = vec![json!({"role": "assistant", "content": text, "tool_calls": called})];
        for (index, (_, result)) in calls.into_iter().enumerate() {
            messages.push(json!({"role": "tool", "tool_call_id": id(index), "content": result}));
        }
        messages
    })
}

fn conversation() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        words().prop_map(|text| vec![json!({"role": "system", "content": text})]),
        words().prop_map(|text| vec![json!({"role": "developer", "content": text})]),
        content().prop_map(|content| vec![json!({"role": "user", "content": content})]),
        words().prop_map(|text| vec![json!({"role": "assistant", "content": text})]),
        calling(),
    ];
    (vec(one, 0..7), content()).prop_map(|(messages, last)| {
        let mut messages = messages.concat();
        messages.push(json!({"role": "user", "content": last}));
        json!({ "messages": messages })
    })
}

proptest! {
    #[test]
    fn a_conversation_is_the_same_at_another_provider(request in conversation()) {
        let said = openai(&request);
        prop_assert_eq!(&anthropic(&put("anthropic", &request)), &said);
        prop_assert_eq!(&gemini(&put("gemini", &request)), &said);
    }

    #[test]
    fn any_json_for_a_message_ends_in_a_request_or_an_error(
        role in prop_oneof![Just("system"), Just("user"), Just("assistant"), Just("tool"), Just("robot")],
        member in prop_oneof![Just("content"), Just("tool_calls"), Just("refusal"), Just("thinking_blocks"), Just("extra_content")],
        value in prop_oneof![
            Just(json!(null)), Just(json!(5)), Just(json!("x")), Just(json!([])), Just(json!([5, null, [], {}])), Just(json!({"a": 1})),
            Just(json!([{"type": "image_url"}, {"type": "file"}, {"type": "text"}])), Just(json!([{"function": 5}])),
        ],
    ) {
        let request = json!({"messages": [{"role": role, member: value}, {"role": "user", "content": "x"}]}).to_string();
        for provider in ["anthropic", "gemini", "workers-ai"] {
            let upstream = json!({"provider": provider, "model": "m"});
            let Ok(upstream) = Upstream::parse(&upstream.to_string(), &[]) else { continue };
            if let Ok(request) = upstream.provider.encode(&upstream, Request::parse(&request).unwrap()) {
                let body = request.body.unwrap();
                prop_assert!(serde_json::from_str::<Value>(&body).is_ok(), "{}", body);
            }
        }
    }
}
