//! One call: what is sent, when it is made again, and what comes of it.

use liveavatar_llm::error::Family;
use serde_json::{Value, json};

use super::driven::{Answer, KEY, answer, call, call_with, gone, header, ok};
use super::{UUID, full};

fn id() -> Value {
    json!({ "id": "abc" })
}

/// A secret that nothing is wrong with.
fn secret() -> Value {
    json!({ "secret_name": "n", "secret_value": "sk-0123456789", "secret_type": "FISH_API_KEY" })
}

/// Every call: its name, what it is given, its method and path, and whether it may be carried out twice.
#[rustfmt::skip]
pub fn calls() -> Vec<(&'static str, Value, &'static str, &'static str, bool)> {
    let token = json!({ "target": "tok-0123456789" });
    let payload = json!({ "payload": { "display_name": "d" } });
    let changes = json!({ "id": "abc", "payload": { "name": "d" } });
    let none = json!({});
    let query = json!({ "query": { "page": 2, "page_size": null, "a b": "c/d", "e": true } });
    let asked = "?a%20b=c%2Fd&e=true&page=2";
    let mut of_one = query.clone();
    of_one["id"] = json!("abc");
    vec![
        ("sessions.createToken", json!({ "payload": full(json!({})) }), "POST", "/v1/sessions/token", false),
        ("sessions.start", token.clone(), "POST", "/v1/sessions/start", false),
        ("sessions.stop", token.clone(), "POST", "/v1/sessions/stop", true),
        ("sessions.keepAlive", token, "POST", "/v1/sessions/keep-alive", true),
        ("sessions.list", query.clone(), "GET", "/v1/sessions?", true),
        ("sessions.get", id(), "GET", "/v1/sessions/abc", true),
        ("sessions.transcript", of_one, "GET", "/v1/sessions/abc/transcript?", true),
        ("sessions.deleteEvents", id(), "DELETE", "/v1/sessions/abc/events", true),
        ("secrets.create", json!({ "payload": secret() }), "POST", "/v1/secrets", false),
        ("secrets.list", none.clone(), "GET", "/v1/secrets", true),
        ("secrets.delete", id(), "DELETE", "/v1/secrets/abc", true),
        ("llmConfigurations.create", payload.clone(), "POST", "/v1/llm-configurations", false),
        ("llmConfigurations.list", none.clone(), "GET", "/v1/llm-configurations", true),
        ("llmConfigurations.get", id(), "GET", "/v1/llm-configurations/abc", true),
        ("llmConfigurations.update", changes.clone(), "PATCH", "/v1/llm-configurations/abc", true),
        ("llmConfigurations.delete", id(), "DELETE", "/v1/llm-configurations/abc", true),
        ("contexts.create", payload.clone(), "POST", "/v1/contexts", false),
        ("contexts.list", query.clone(), "GET", "/v1/contexts?", true),
        ("contexts.get", id(), "GET", "/v1/contexts/abc", true),
        ("contexts.update", changes.clone(), "PATCH", "/v1/contexts/abc", true),
        ("contexts.delete", id(), "DELETE", "/v1/contexts/abc", true),
        ("avatars.list", query.clone(), "GET", "/v1/avatars?", true),
        ("avatars.listPublic", query.clone(), "GET", "/v1/avatars/public?", true),
        ("avatars.get", id(), "GET", "/v1/avatars/abc", true),
        ("avatars.update", changes.clone(), "PATCH", "/v1/avatars/abc", true),
        ("avatars.delete", id(), "DELETE", "/v1/avatars/abc", true),
        ("voices.list", query.clone(), "GET", "/v1/voices?", true),
        ("voices.get", id(), "GET", "/v1/voices/abc", true),
        ("voices.update", changes, "PATCH", "/v1/voices/abc", true),
        ("voices.delete", id(), "DELETE", "/v1/voices/abc", true),
        ("voices.preview", id(), "GET", "/v1/voices/abc/preview", true),
        ("voices.thirdParty", payload.clone(), "POST", "/v1/voices/third_party", false),
        ("voiceAgents.list", none.clone(), "GET", "/v1/voice_agents", true),
        ("voiceAgents.get", id(), "GET", "/v1/voice_agents/abc", true),
        ("memory.create", payload.clone(), "POST", "/v1/memory", false),
        ("memory.list", query, "GET", "/v1/memory?", true),
        ("memory.get", id(), "GET", "/v1/memory/abc", true),
        ("memory.delete", id(), "DELETE", "/v1/memory/abc", true),
        ("llmModels", none.clone(), "GET", "/v1/llm-models", true),
        ("languages", none.clone(), "GET", "/v1/languages", true),
        ("credits", none, "GET", "/v1/users/credits", true),
        ("embeddings", payload, "POST", "/v2/embeddings", false),
    ]
    .into_iter()
    .map(|(name, given, method, path, is_repeatable)| {
        let path = path.strip_suffix('?').map_or(path.to_owned(), |path| [path, asked].concat());
        (name, given, method, &*path.leak(), is_repeatable)
    })
    .collect()
}

/// What each call is answered with.
fn data(name: &str) -> Value {
    let (noun, verb) = name.split_once('.').unwrap_or(("", name));
    match (noun, verb) {
        ("sessions", "createToken") => json!({ "session_id": "x", "session_token": "tok-0123456789" }),
        ("sessions", "start") => json!({ "session_id": "x" }),
        ("sessions", "transcript") => {
            json!({ "session_active": true, "next_timestamp": 1, "transcript_data": [{ "role": "user" }] })
        }
        (_, "delete" | "stop" | "keepAlive" | "deleteEvents") => Value::Null,
        ("secrets" | "llmConfigurations" | "voiceAgents", "list") | ("", "languages") => json!([{ "id": "x" }]),
        (_, "list" | "listPublic") => {
            json!({ "count": 1, "next": null, "previous": null, "results": [{ "id": "x", "new": 1 }] })
        }
        (_, "preview") => json!({ "audio_base64": "AA==" }),
        (_, "thirdParty") => json!({ "voice_id": "x" }),
        ("", "llmModels") => json!({ "openai": ["m"] }),
        ("", "credits") => json!({ "credits_left": "10.5" }),
        ("", "embeddings") => json!({ "embed_id": "x", "url": "u", "script": null, "orientation": "horizontal" }),
        _ => json!({ "id": "x", "type": "NEWER", "new": { "deep": [1] } }),
    }
}

#[test]
fn each_call_goes_to_its_place_with_its_key() {
    for (name, given, method, path, _) in calls() {
        let data = data(name);
        let went = call(name, &given, &[ok(&data)]);
        assert_eq!(went.outcome.unwrap(), data, "{name}");
        let [request] = went.requests.as_slice() else {
            panic!("{name}: one request")
        };
        assert_eq!(
            (request.method, request.url.as_str()),
            (method, format!("https://api.liveavatar.com{path}").as_str())
        );
        assert_eq!(header(request, "accept"), Some("application/json"));
        let expected = if given.get("target").is_some() {
            (None, Some("Bearer tok-0123456789"))
        } else {
            (Some(KEY), None)
        };
        assert_eq!(
            (header(request, "x-api-key"), header(request, "authorization")),
            expected,
            "{name}"
        );
        let body = request
            .body
            .as_deref()
            .map(|body| serde_json::from_str::<Value>(body).unwrap());
        assert_eq!(body.as_ref(), given.get("payload"), "{name}");
        assert_eq!(
            header(request, "content-type"),
            body.map(|_| "application/json"),
            "{name}"
        );
        assert!(!format!("{request:?}").contains("0123456789"));
    }
}

#[test]
fn a_call_is_made_again_where_it_cannot_be_carried_out_twice() {
    for (name, given, _, _, is_repeatable) in calls() {
        let attempts = |answer: Answer| call(name, &given, &[answer]).requests.len();
        assert_eq!(attempts(answer(429, "")), 3, "{name}");
        assert_eq!(attempts(Answer::Lost("ECONNREFUSED")), 3, "{name}");
        assert_eq!(attempts(Answer::Lost("ENOTFOUND")), 3, "{name}");
        let expected = if is_repeatable { 3 } else { 1 };
        for failure in [
            answer(500, ""),
            answer(502, "<html>"),
            answer(503, ""),
            answer(408, ""),
            Answer::Lost("ECONNRESET"),
            Answer::Lost(""),
            Answer::Lost("late"),
        ] {
            assert_eq!(attempts(failure.clone()), expected, "{name} after {failure:?}");
        }
        for status in [0, 201, 301, 307, 400, 401, 403, 405, 409, 422] {
            // A verb that is not allowed may have another name.
            let has_another = matches!(
                name,
                "sessions.stop" | "sessions.keepAlive" | "llmConfigurations.update"
            );
            let expected = if status == 405 && has_another { 2 } else { 1 };
            assert_eq!(attempts(answer(status, "{}")), expected, "{name} after {status}");
        }
    }
}

#[test]
fn an_answer_after_a_failure_is_as_good_as_any() {
    let went = call(
        "secrets.list",
        &json!({}),
        &[answer(500, ""), Answer::Lost(""), ok(&json!([1]))],
    );
    assert_eq!(went.outcome.unwrap(), json!([1]));
    assert_eq!(went.waits.len(), 2);
    let went = call(
        "secrets.create",
        &json!({ "payload": secret() }),
        &[answer(429, ""), ok(&json!({ "id": "x" }))],
    );
    assert_eq!(went.outcome.unwrap(), json!({ "id": "x" }));
}

#[test]
fn the_number_of_retries_is_an_option() {
    for retries in [0, 1, 5] {
        let went = call_with(
            "secrets.list",
            &json!({}),
            &json!({ "maxRetries": retries }),
            0,
            &[answer(500, "")],
        );
        assert_eq!((went.requests.len(), went.waits.len()), (retries + 1, retries));
        assert_eq!(went.outcome.unwrap_err().status(), Some(500));
    }
}

#[test]
fn a_wait_that_is_asked_for_is_kept() {
    for (headers, wait) in [
        (vec![("retry-after", "2")], Some(2000.0)),
        (vec![("retry-after", "2"), ("x-ratelimit-reset", "1")], Some(2000.0)),
        (vec![("x-ratelimit-reset", "1")], Some(1000.0)),
        (vec![("x-ratelimit-reset", "soon")], None),
        (vec![("retry-after", "0.5")], Some(500.0)),
    ] {
        let refused = Answer::Response(429, headers.clone(), String::new());
        let went = call("secrets.list", &json!({}), &[refused, ok(&json!([]))]);
        match wait {
            Some(wait) => assert_eq!(went.waits, [wait], "{headers:?}"),
            None => assert!(
                went.waits.len() == 1 && (300.0..=500.0).contains(&went.waits[0]),
                "{:?}",
                went.waits
            ),
        }
    }
    // Longer than a minute, the error is worth more.
    let refused = Answer::Response(429, vec![("retry-after", "61")], String::new());
    let went = call("secrets.list", &json!({}), &[refused]);
    assert_eq!(went.requests.len(), 1);
    assert_eq!(went.outcome.unwrap_err().retry_after_ms(), Some(61_000.0));
    let refused = Answer::Response(429, vec![("x-ratelimit-reset", "1")], String::new());
    let went = call_with("secrets.list", &json!({}), &json!({ "maxRetries": 0 }), 0, &[refused]);
    assert_eq!(went.outcome.unwrap_err().retry_after_ms(), Some(1000.0));
}

#[test]
fn a_success_is_known_by_its_status_and_holds_what_was_asked_for() {
    for (name, given, status, body, data) in [
        (
            "secrets.list",
            json!({}),
            200,
            r#"{"code":1000,"data":[],"message":"Success"}"#,
            json!([]),
        ),
        (
            "secrets.list",
            json!({}),
            201,
            r#" {"code":100,"data":[1],"message":null} "#,
            json!([1]),
        ),
        (
            "secrets.list",
            json!({}),
            200,
            r#"{"data":{"count":1,"next":null,"results":[1]}}"#,
            json!([1]),
        ),
        (
            "llmConfigurations.get",
            id(),
            200,
            r#"{"data":{"id":"x","a":1.50}}"#,
            json!({ "id": "x", "a": 1.5 }),
        ),
        ("secrets.delete", id(), 204, "", json!(null)),
        ("secrets.delete", id(), 200, "null", json!(null)),
        ("secrets.delete", id(), 200, r#"{"code":1000,"data":null}"#, json!(null)),
        (
            "secrets.delete",
            id(),
            200,
            r#"{"code":1000,"data":{"id":"x"}}"#,
            json!(null),
        ),
        ("secrets.delete", id(), 200, r#"{"code":1000}"#, json!(null)),
    ] {
        let went = call(name, &given, &[answer(status, body)]);
        assert_eq!(went.outcome.unwrap(), data, "{body}");
    }
}

#[test]
fn a_success_that_is_no_answer_is_told_with_its_body_and_without_its_tokens() {
    // Whether it will do where no data is wanted.
    for (body, message, will_do) in [
        ("", "an empty body", true),
        ("null", "no `data` in it", true),
        ("{}", "no `data` in it", false),
        (r#"{"data":null}"#, "no `data` in it", true),
        (r#"{"data":{}}"#, "as its `data`", true),
        (r#"{"data":5}"#, "as its `data`", true),
        (r#"{"data":{"next":"/v1?page=2","results":[1]}}"#, "as its `data`", true),
        (
            r#"{"data":{"id":"","session_token":"","session_id":""}}"#,
            "as its `data`",
            true,
        ),
        (r#"{"data":"tok-0123456789"}"#, "as its `data`", true),
        (r#"{"session_token":"tok-0123456789"}"#, "no `data` in it", false),
        (r#"[{"sessionToken":"tok-0123456789"}]"#, "no `data` in it", false),
        (
            "<!doctype html><title>Log in</title>",
            "a web page instead of JSON",
            false,
        ),
        ("Welcome", "Welcome", false),
        (r#"{"data":{"session_token":"tok-0123456789"#, "(200)", false),
    ] {
        for (name, given, ..) in calls() {
            // Any object is an answer to these, and any list of results a page.
            let is_map = matches!(name, "llmModels" | "voiceAgents.get") && body.starts_with(r#"{"data":{"#);
            if is_map && !body.contains("0123456789") || body.contains("results") && data(name).get("results").is_some()
            {
                continue;
            }
            let went = call(name, &given, &[answer(200, body)]);
            assert_eq!(went.requests.len(), 1, "it is not made again");
            if data(name).is_null() && will_do {
                assert_eq!(went.outcome.unwrap(), Value::Null, "{name} {body}");
                continue;
            }
            let error = went.outcome.unwrap_err();
            assert_eq!(
                (error.family(), error.code()),
                (Family::Api, "unreadable"),
                "{name} {body}"
            );
            assert!(error.to_string().contains(message), "{name} {body}: {error}");
            let shown = serde_json::to_value(&error).unwrap();
            assert!(!shown.to_string().contains("0123456789"), "{name} {shown}");
            if !body.contains("0123456789") {
                assert_eq!(shown["body"], body, "{name}");
            }
        }
    }
}

#[test]
fn every_refusal_ends_in_the_services_own_words() {
    for (status, body, code, message, service_code) in [
        (
            422,
            json!({ "code": 4022, "data": [{ "loc": ["avatar_id"], "message": "Input should be a valid UUID" }], "message": "Validation error" }).to_string(),
            "bad_request",
            "LiveAvatar did not accept the request (422): avatar_id: Input should be a valid UUID",
            Some("4022"),
        ),
        (
            422,
            json!({ "detail": [{ "loc": ["body", "links", 0, "url"], "msg": "Field required", "type": "missing" }] }).to_string(),
            "bad_request",
            "LiveAvatar did not accept the request (422): links.0.url: Field required",
            None,
        ),
        (
            400,
            json!({ "code": 4000, "data": [{ "loc": ["avatar_id"], "message": "no access" }], "message": "Bad request error" }).to_string(),
            "bad_request",
            "LiveAvatar did not accept the request (400): avatar_id: no access",
            Some("4000"),
        ),
        (
            401,
            json!({ "code": 4001, "data": null, "message": "Invalid API key" }).to_string(),
            "unauthorized",
            "LiveAvatar did not accept the key (401): Invalid API key",
            Some("4001"),
        ),
        (
            403,
            json!({ "code": 4033, "data": null, "message": "No credits available" }).to_string(),
            "forbidden",
            "LiveAvatar does not allow this to the key (403): No credits available",
            Some("4033"),
        ),
        (
            404,
            json!({ "code": 4004, "data": null, "message": "Secret not found" }).to_string(),
            "not_found",
            "LiveAvatar has no such thing (404): Secret not found",
            Some("4004"),
        ),
        (
            502,
            "<html><h1>502</h1></html>".to_owned(),
            "server_error",
            "LiveAvatar failed (502): a web page instead of JSON: is this the address of the API?",
            None,
        ),
        (
            200,
            "<!doctype html>".to_owned(),
            "unreadable",
            "LiveAvatar answered something that cannot be read (200): a web page instead of JSON: is this the address of the API?",
            None,
        ),
        (
            200,
            r#"{"data":{"session_token":"tok-0123456789"#.to_owned(),
            "unreadable",
            "LiveAvatar answered something that cannot be read (200)",
            None,
        ),
        (500, String::new(), "server_error", "LiveAvatar failed (500)", None),
        (418, "no tea".to_owned(), "refused", "LiveAvatar refused the request (418): no tea", None),
    ] {
        let error = call_with("secrets.delete", &id(), &json!({ "maxRetries": 0 }), 0, &[answer(status, &body)]).outcome.unwrap_err();
        assert_eq!(error.family(), Family::Api);
        assert_eq!((error.code(), error.to_string().as_str(), error.status()), (code, message, Some(status)));
        let data = serde_json::to_value(&error).unwrap();
        assert_eq!(data.get("serviceCode").and_then(Value::as_str), service_code);
        assert!(!data.to_string().contains("0123456789"));
    }
}

#[test]
fn without_an_answer_it_is_said_what_to_do() {
    let outcome = |answer: Answer| call("secrets.list", &json!({}), &[answer]).outcome.unwrap_err();
    let lost = outcome(Answer::Lost("ECONNREFUSED"));
    assert_eq!((lost.family(), lost.code()), (Family::Connection, "connection_failed"));
    assert!(lost.to_string().starts_with("no answer from LiveAvatar: "), "{lost}");
    let late = outcome(Answer::Lost("late"));
    assert_eq!((late.family(), late.code()), (Family::Deadline, "deadline_attempt"));
    assert_eq!(
        late.to_string(),
        "no answer after 15000 ms: raise `timeoutMs` if LiveAvatar needs longer"
    );
    assert_eq!(serde_json::to_value(&late).unwrap()["phase"], "attempt");
}

#[test]
fn what_is_gone_needs_no_ending() {
    let gone = gone();
    let target = json!({ "target": "tok-0123456789" });
    assert_eq!(
        call("sessions.stop", &target, std::slice::from_ref(&gone))
            .outcome
            .unwrap(),
        Value::Null
    );
    // Deleted by the attempt whose answer was lost.
    for failure in [Answer::Lost(""), answer(500, "")] {
        let went = call("secrets.delete", &id(), &[failure, gone.clone()]);
        assert_eq!(went.outcome.unwrap(), Value::Null);
    }
    for (name, given) in [
        ("secrets.delete", id()),
        ("sessions.keepAlive", target),
        ("llmConfigurations.get", id()),
    ] {
        assert_eq!(
            call(name, &given, std::slice::from_ref(&gone))
                .outcome
                .unwrap_err()
                .code(),
            "not_found",
            "{name}"
        );
    }
    let went = call("secrets.delete", &id(), &[Answer::Lost("ECONNREFUSED"), gone]);
    assert_eq!(
        went.outcome.unwrap_err().code(),
        "not_found",
        "nothing of this call's was carried out"
    );
}

#[test]
fn what_is_not_there_is_told_from_a_service_that_is_not_there() {
    for body in [
        "",
        "{}",
        "Not Found",
        "404 page not found",
        "<html><h1>404</h1></html>",
        r#"{"detail":"Not Found"}"#,
        r#"{"message":"Not Found","code":"not_found"}"#,
        r#"{"message":"no route","statusCode":404}"#,
        r#"{"code":4004,"data":null,"message":"Not Found"}"#,
        r#"{"error":{"message":"Invalid URL (POST /v1/v1/sessions/stop)","type":"invalid_request_error","code":null}}"#,
        "[]",
        "{",
    ] {
        for (name, given, ..) in calls() {
            for first in [None, Some(Answer::Lost(""))] {
                let answers: Vec<_> = first.into_iter().chain([answer(404, body)]).collect();
                let error = call(name, &given, &answers).outcome.unwrap_err();
                if error.family() == Family::Connection {
                    continue;
                }
                assert_eq!(
                    (error.code(), error.status()),
                    ("wrong_address", Some(404)),
                    "{name} {body}"
                );
                let start = "what is at `baseUrl` seems not to be LiveAvatar's API (404)";
                assert!(error.to_string().starts_with(start), "{error}");
            }
        }
    }
}

#[test]
fn a_session_is_named_by_token_or_id() {
    let token = ("authorization", "Bearer tok-0123456789");
    let key = ("x-api-key", KEY);
    for (name, given, (header_name, value), body) in [
        ("sessions.stop", json!({ "target": "tok-0123456789" }), token, None),
        (
            "sessions.stop",
            json!({ "target": { "session_token": "tok-0123456789", "session_id": UUID } }),
            token,
            None,
        ),
        (
            "sessions.stop",
            json!({ "target": "tok-0123456789", "reason": "AGENT_HANG_UP" }),
            token,
            Some(json!({ "reason": "AGENT_HANG_UP" })),
        ),
        (
            "sessions.stop",
            json!({ "target": { "session_id": UUID } }),
            key,
            Some(json!({ "session_id": UUID, "reason": "USER_CLOSED" })),
        ),
        (
            "sessions.stop",
            json!({ "target": { "session_id": UUID }, "reason": "UNKNOWN" }),
            key,
            Some(json!({ "session_id": UUID, "reason": "UNKNOWN" })),
        ),
        (
            "sessions.keepAlive",
            json!({ "target": { "session_id": UUID } }),
            key,
            Some(json!({ "session_id": UUID })),
        ),
        (
            "sessions.keepAlive",
            json!({ "target": { "session_token": "tok-0123456789" } }),
            token,
            None,
        ),
        (
            "sessions.start",
            json!({ "target": { "session_token": "tok-0123456789" } }),
            token,
            None,
        ),
    ] {
        let went = call(name, &given, &[ok(&data(name))]);
        let request = &went.requests[0];
        assert_eq!(header(request, header_name), Some(value), "{given}");
        let sent = request
            .body
            .as_deref()
            .map(|body| serde_json::from_str::<Value>(body).unwrap());
        assert_eq!(sent, body, "{given}");
    }
}

#[test]
fn what_cannot_be_meant_is_not_sent() {
    let session = |target: Value| ("sessions.stop", json!({ "target": target }), "/target");
    for (name, given, path) in [
        session(json!(null)),
        session(json!("")),
        session(json!(5)),
        session(json!({})),
        session(json!({ "session_id": "" })),
        session(json!({ "session_token": 5 })),
        session(json!("tok\n0123456789")),
        ("sessions.start", json!({ "target": { "session_id": UUID } }), "/target"),
        ("secrets.delete", json!({}), "/id"),
        ("secrets.delete", json!({ "id": "" }), "/id"),
        ("secrets.delete", json!({ "id": ".." }), "/id"),
        ("secrets.delete", json!({ "id": 5 }), "/id"),
        ("secrets.create", json!({}), ""),
        ("secrets.create", json!({ "payload": null }), ""),
        ("secrets.create", json!({ "payload": [] }), ""),
        ("llmConfigurations.update", json!({ "id": "a", "payload": "x" }), ""),
        ("nothing.like", json!({}), ""),
    ] {
        let went = call(name, &given, &[]);
        let error = went.outcome.unwrap_err();
        assert_eq!(
            (error.family(), error.path()),
            (Family::Validation, Some(path)),
            "{name} {given}"
        );
        assert!(went.requests.is_empty());
        assert!(!error.to_string().contains("0123456789"));
    }
}

#[test]
fn an_id_stays_within_its_segment() {
    let went = call("secrets.delete", &json!({ "id": "../a?b#c/ü" }), &[ok(&json!(null))]);
    assert_eq!(
        went.requests[0].url,
        "https://api.liveavatar.com/v1/secrets/..%2Fa%3Fb%23c%2F%C3%BC"
    );
}

#[test]
fn a_wrong_session_is_not_sent_unless_one_insists() {
    let payload = json!({ "avatar_id": "wayne", "avatar_persona": {}, "sandbox": true });
    let went = call("sessions.createToken", &json!({ "payload": payload }), &[]);
    let error = went.outcome.unwrap_err();
    assert!(went.requests.is_empty());
    let codes: Vec<_> = error.issues().iter().map(|issue| issue.code).collect();
    assert_eq!(
        codes,
        ["bad_uuid", "no_context", "unknown_member"],
        "what would be refused goes first"
    );
    let insisting = json!({ "payload": payload, "validate": false });
    let went = call("sessions.createToken", &insisting, &[ok(&data("sessions.createToken"))]);
    assert_eq!(
        serde_json::from_str::<Value>(went.requests[0].body.as_deref().unwrap()).unwrap(),
        payload
    );
    // A warning holds nobody up.
    let regretted = json!({ "payload": full(json!({ "avatar_persona": {} })) });
    assert!(
        call("sessions.createToken", &regretted, &[ok(&data("sessions.createToken"))])
            .outcome
            .is_ok()
    );
}

#[test]
fn a_wrong_secret_is_not_sent_unless_one_insists() {
    let payload = json!({ "secretName": "n", "secretValue": "sk-0123456789", "secretType": "FISH_API_KEY" });
    let went = call("secrets.create", &json!({ "payload": payload }), &[]);
    let error = went.outcome.unwrap_err();
    assert!(went.requests.is_empty());
    assert!(
        error
            .issues()
            .iter()
            .any(|issue| (issue.path.as_str(), issue.code) == ("/secret_value", "missing"))
    );
    assert!(!format!("{error:?} {error}").contains("0123456789"));

    // A service quotes what it refuses, under whatever name the key stood.
    for payload in [
        payload,
        json!({ "secret_name": "n", "secret_type": "FISH_API_KEY", "value": "sk-0123456789" }),
        json!({ "secret_name": "n", "secret_type": "FISH_API_KEY", "a": [{ "b": "sk-0123456789" }] }),
    ] {
        let quoted = json!({ "detail": [{ "loc": ["body"], "msg": "m", "type": "x", "input": payload }] });
        let insisting = json!({ "payload": payload, "validate": false });
        let error = call("secrets.create", &insisting, &[answer(422, &quoted)])
            .outcome
            .unwrap_err();
        assert_eq!(error.status(), Some(422));
        assert!(
            !serde_json::to_string(&error).unwrap().contains("0123456789"),
            "{error:?}"
        );
    }
}

#[test]
fn the_name_that_works_is_found_and_remembered() {
    let secret = |kind: &str| json!({ "payload": { "secret_name": "n", "secret_value": "v", "secret_type": kind } });
    let path =
        |names: u32, answers: &[Answer]| call_with("llmConfigurations.list", &json!({}), &json!({}), names, answers);
    let not_found = answer(404, r#"{"message":"first"}"#);
    let end = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let urls = |went: &super::driven::Went| {
        went.requests
            .iter()
            .map(|request| end(&request.url))
            .collect::<Vec<_>>()
    };

    let went = path(0, &[ok(&json!([]))]);
    assert_eq!(urls(&went), ["llm-configurations"]);
    // What has worked is not doubted again.
    let again = path(went.names, std::slice::from_ref(&not_found));
    assert_eq!(urls(&again), ["llm-configurations"]);

    let other = path(0, &[not_found.clone(), ok(&json!([]))]);
    assert_eq!(urls(&other), ["llm-configurations", "llm_configurations"]);
    assert!(other.outcome.is_ok());
    let again = path(other.names, &[ok(&json!([]))]);
    assert_eq!(urls(&again), ["llm_configurations"]);

    // Neither: the first answer tells more, and nothing is remembered.
    let neither = path(0, &[not_found.clone(), answer(404, r#"{"message":"second"}"#)]);
    assert_eq!(urls(&neither), ["llm-configurations", "llm_configurations"]);
    assert!(neither.outcome.unwrap_err().to_string().ends_with("first"));
    assert_eq!(neither.names, 0);

    // Another refusal of the second means that the name was right.
    let other = path(0, &[not_found, answer(400, r#"{"message":"no space"}"#)]);
    assert!(other.outcome.unwrap_err().to_string().ends_with("no space"));
    assert_ne!(other.names, 0);

    let wrong_type = [
        answer(422, &json!({ "data": [{ "loc": ["secret_type"], "message": "m" }] })),
        answer(
            422,
            &json!({ "detail": [{ "loc": ["body", "secret_type"], "msg": "m", "type": "enum" }] }),
        ),
    ];
    for refusal in wrong_type {
        for kind in ["OPENAI_API_KEY", "LLM_API_KEY"] {
            let went = call(
                "secrets.create",
                &secret(kind),
                &[refusal.clone(), ok(&json!({ "id": "x" }))],
            );
            let kinds: Vec<_> = went
                .requests
                .iter()
                .map(|request| {
                    serde_json::from_str::<Value>(request.body.as_deref().unwrap()).unwrap()["secret_type"].clone()
                })
                .collect();
            assert_eq!(kinds, ["OPENAI_API_KEY", "LLM_API_KEY"]);
        }
        let went = call(
            "secrets.create",
            &secret("GEMINI_API_KEY"),
            std::slice::from_ref(&refusal),
        );
        assert_eq!(went.requests.len(), 1, "only an LLM's has two names");
    }
    let elsewhere = answer(422, &json!({ "data": [{ "loc": ["secret_name"], "message": "m" }] }));
    assert_eq!(
        call("secrets.create", &secret("OPENAI_API_KEY"), &[elsewhere])
            .requests
            .len(),
        1
    );
}

/// Method and path of everything that was sent.
fn places(went: &super::driven::Went) -> Vec<String> {
    let place = |request: &liveavatar_llm::http::Request| {
        let path = request.url.strip_prefix("https://api.liveavatar.com").unwrap();
        [request.method, " ", path].concat()
    };
    went.requests.iter().map(place).collect()
}

#[test]
fn the_verb_and_the_path_that_work_are_found_and_remembered() {
    let no_verb = answer(405, r#"{"code":4005,"data":null,"message":"Method Not Allowed"}"#);
    let no_path = answer(404, r#"{"detail":"Not Found"}"#);
    let target = json!({ "target": "tok-0123456789" });
    let update = json!({ "id": "abc", "payload": { "model_name": "m" } });
    for (name, given, refusals, tried) in [
        (
            "sessions.stop",
            &target,
            vec![&no_verb],
            vec!["POST /v1/sessions/stop", "DELETE /v1/sessions"],
        ),
        (
            "sessions.stop",
            &target,
            vec![&no_path],
            vec!["POST /v1/sessions/stop", "DELETE /v1/sessions"],
        ),
        (
            "sessions.keepAlive",
            &target,
            vec![&no_verb],
            vec!["POST /v1/sessions/keep-alive", "POST /v1/sessions/keep_alive"],
        ),
        (
            "sessions.keepAlive",
            &target,
            vec![&no_path],
            vec!["POST /v1/sessions/keep-alive", "POST /v1/sessions/keep_alive"],
        ),
        (
            "llmConfigurations.update",
            &update,
            vec![&no_verb],
            vec!["PATCH /v1/llm-configurations/abc", "PUT /v1/llm-configurations/abc"],
        ),
        (
            "llmConfigurations.update",
            &update,
            vec![&no_path, &no_verb],
            vec![
                "PATCH /v1/llm-configurations/abc",
                "PATCH /v1/llm_configurations/abc",
                "PUT /v1/llm_configurations/abc",
            ],
        ),
    ] {
        let mut answers: Vec<_> = refusals.into_iter().cloned().collect();
        answers.push(ok(&data(name)));
        let went = call(name, given, &answers);
        assert_eq!(places(&went), tried, "{name}");
        assert!(went.outcome.is_ok(), "{name}");
        let again = call_with(name, given, &json!({}), went.names, &[ok(&data(name))]);
        assert_eq!(places(&again), tried[tried.len() - 1..], "{name}: it is remembered");
        // What has worked is not doubted.
        let settled = call(name, given, &[ok(&data(name))]).names;
        let again = call_with(name, given, &json!({}), settled, std::slice::from_ref(&no_verb));
        assert_eq!(places(&again), tried[..1], "{name}");
        // Neither is known: the first answer tells more, and nothing is remembered.
        let neither = call(name, given, &[answer(405, r#"{"message":"first"}"#), no_verb.clone()]);
        assert!(neither.outcome.unwrap_err().to_string().ends_with("first"), "{name}");
        assert_eq!(neither.names, 0, "{name}");
    }
    // A session that the service does not find is no name that it does not know.
    assert_eq!(call("sessions.stop", &target, &[gone()]).requests.len(), 1);
    assert_eq!(call("sessions.keepAlive", &target, &[gone()]).requests.len(), 1);
}

#[test]
fn what_the_service_quotes_of_a_body_is_blotted_out() {
    let secret = r#"s3cr"et\value"#;
    let payload = json!({ "secret_name": "n", "secret_value": secret, "secret_type": "FISH_API_KEY" });
    let quoted = json!({ "detail": [{ "loc": ["body"], "msg": format!("bad {secret} for {KEY}"), "type": "x", "input": payload }] });
    let error = call(
        "secrets.create",
        &json!({ "payload": payload }),
        &[answer(422, &quoted)],
    )
    .outcome
    .unwrap_err();
    let shown = serde_json::to_string(&error).unwrap() + &format!("{error:?} {error}");
    assert!(shown.contains("FISH_API_KEY"), "{shown}");
    for part in ["s3cr", "value\\\"}", KEY] {
        assert!(!shown.contains(part), "{part} in {shown}");
    }
    let room = json!({ "livekit_url": "wss://a", "livekit_room": "r", "livekit_client_token": "room-0123456789" });
    let payload = super::lite(json!({ "livekit_config": room }));
    let quoted = json!({ "detail": [{ "loc": ["body"], "msg": "m", "type": "x", "input": payload }] });
    let error = call(
        "sessions.createToken",
        &json!({ "payload": payload }),
        &[answer(422, &quoted)],
    )
    .outcome
    .unwrap_err();
    assert!(!serde_json::to_string(&error).unwrap().contains("0123456789"));
}
