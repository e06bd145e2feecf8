//! Making an LLM known: whatever was there before, and wherever an earlier run was cut off.

use liveavatar_llm::error::Family;
use serde_json::{Value, json};

use super::driven::{Answer, Went, answer, perform};
use super::service::Service;

fn wanted(base_url: &str, model: &str, key: &str) -> Value {
    json!({ "name": "Mine", "upstream": { "baseUrl": base_url, "model": model }, "key": key })
}

fn first() -> Value {
    wanted("https://a.example.com/v1", "m", "key-one-0123456789")
}

fn run(service: &mut Service, wanted: &Value) -> Went {
    perform("connectLlm", wanted, &json!({}), 0, &mut |request| {
        Some(service.answer(request))
    })
    .unwrap()
}

/// What was done, and with which requests.
#[track_caller]
fn did(service: &mut Service, wanted: &Value, did: &[&str], requests: &[&str]) -> Value {
    let went = run(service, wanted);
    let made: Vec<String> = went
        .requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.url.rsplit("/v1/").next().unwrap()))
        .collect();
    assert_eq!(made, requests);
    let outcome = went.outcome.unwrap();
    assert_eq!(outcome["did"], json!(did));
    connected(service, wanted);
    let configuration = service.connected("Mine");
    assert_eq!(outcome["llm_configuration_id"], configuration["id"]);
    assert_eq!(outcome["secret_id"], configuration["secret_id"]);
    outcome
}

/// All is as it is wanted, and nothing is left over.
#[track_caller]
fn connected(service: &Service, wanted: &Value) {
    let configuration = service.connected("Mine");
    assert_eq!(configuration["base_url"], wanted["upstream"]["baseUrl"]);
    assert_eq!(configuration["model_name"], wanted["upstream"]["model"]);
    assert_eq!(configuration["key"], wanted["key"]);
    let ours = service
        .secrets
        .iter()
        .filter(|secret| secret["secret_name"].as_str().unwrap().starts_with("Mine #"));
    assert_eq!(ours.count(), 1, "one secret");
}

#[test]
fn the_first_time_both_are_made_and_then_nothing() {
    let mut service = Service::default();
    let made = did(
        &mut service,
        &first(),
        &[
            "created the secret Mine #0b20e078",
            "created the LLM configuration Mine",
        ],
        &[
            "GET secrets",
            "GET llm-configurations",
            "POST secrets",
            "POST llm-configurations",
            "GET secrets",
            "GET llm-configurations",
            "GET llm-configurations/id-4",
        ],
    );
    let id = made["llm_configuration_id"].as_str().unwrap();
    let looks = [
        "GET secrets",
        "GET llm-configurations",
        &format!("GET llm-configurations/{id}"),
    ];
    assert_eq!(
        did(&mut service, &first(), &[], &looks)["llm_configuration_id"],
        made["llm_configuration_id"]
    );
    // A slash at the end changes nothing.
    let slash = run(
        &mut service,
        &wanted("https://a.example.com/v1/", "m", "key-one-0123456789"),
    );
    assert_eq!(slash.outcome.unwrap()["did"], json!([]));
}

#[test]
fn the_fingerprint_is_of_the_keys_sha_256() {
    let mut service = Service::default();
    // FIPS 180-2, appendix B.1: SHA-256 of «abc» begins with ba7816bf.
    run(&mut service, &wanted("https://a.example.com", "m", "abc"));
    assert_eq!(service.secrets[0]["secret_name"], "Mine #ba7816bf");
}

#[test]
fn what_differs_is_changed() {
    let mut service = Service::default();
    let id = run(&mut service, &first()).outcome.unwrap()["llm_configuration_id"].clone();
    let path = format!("PATCH llm-configurations/{}", id.as_str().unwrap());
    let get = path.replace("PATCH", "GET");
    let looks = ["GET secrets", "GET llm-configurations", &get];

    let other_model = wanted("https://a.example.com/v1", "n", "key-one-0123456789");
    let requests = [&looks[..], &[&path]].concat();
    did(
        &mut service,
        &other_model,
        &["updated the LLM configuration Mine: model_name"],
        &requests,
    );

    let other_place = wanted("https://b.example.com/v1", "n", "key-one-0123456789");
    did(
        &mut service,
        &other_place,
        &["updated the LLM configuration Mine: base_url"],
        &requests,
    );

    let other_key = wanted("https://b.example.com/v1", "n", "key-two-0123456789");
    let old = format!("DELETE secrets/{}", service.secrets[0]["id"].as_str().unwrap());
    let went = did(
        &mut service,
        &other_key,
        &[
            "created the secret Mine #bddf9699",
            "updated the LLM configuration Mine: secret_id",
            "deleted the secret Mine #0b20e078",
        ],
        &[&looks[..], &["POST secrets", &path, &old], &looks[..]].concat(),
    );
    assert_eq!(went["llm_configuration_id"], id, "sessions know it by its id");
}

#[test]
fn a_configuration_without_a_base_url_is_openais() {
    let mut service = Service::default();
    let openai = wanted("https://api.openai.com/v1", "m", "key-one-0123456789");
    run(&mut service, &openai);
    service.configurations[0]["base_url"] = Value::Null;
    assert_eq!(run(&mut service, &openai).outcome.unwrap()["did"], json!([]));
}

#[test]
fn slashes_at_its_end_are_the_base_urls_alone() {
    let mut service = Service::default();
    run(
        &mut service,
        &wanted("https://a.example.com/v1//", "m/", "key-one-0123456789"),
    );
    let made = &service.configurations[0];
    assert_eq!(
        (&made["base_url"], &made["model_name"]),
        (&json!("https://a.example.com/v1"), &json!("m/"))
    );
    // As the service may write it.
    service.configurations[0]["base_url"] = json!("https://a.example.com/v1/");
    let again = run(
        &mut service,
        &wanted("https://a.example.com/v1", "m/", "key-one-0123456789"),
    );
    assert_eq!(again.outcome.unwrap()["did"], json!([]));
    let other = run(
        &mut service,
        &wanted("https://a.example.com/v1", "m", "key-one-0123456789"),
    );
    assert_eq!(
        other.outcome.unwrap()["did"],
        json!(["updated the LLM configuration Mine: model_name"])
    );
}

#[test]
fn what_others_made_is_left_alone() {
    let mut service = Service::default();
    let secret = |id: &str, name: &str, kind: &str| json!({ "id": id, "secret_name": name, "secret_value": "v", "secret_type": kind });
    service.secrets = vec![
        secret("s1", "Mine", "OPENAI_API_KEY"),
        secret("s2", "Mine #nothex00", "OPENAI_API_KEY"),
        secret("s3", "Mine #0123abcde", "OPENAI_API_KEY"),
        secret("s4", "Mine #0123abcd", "GEMINI_API_KEY"),
        secret("s5", "Mine too #0123abcd", "OPENAI_API_KEY"),
        // Ours by its name, but somebody uses it.
        secret("s6", "Mine #0123abcd", "OPENAI_API_KEY"),
    ];
    service.configurations =
        vec![json!({ "id": "c1", "display_name": "Other", "model_name": "m", "secret_id": "s6", "base_url": "u" })];
    run(&mut service, &first());
    run(
        &mut service,
        &wanted("https://b.example.com", "n", "key-two-0123456789"),
    );
    let ids: Vec<_> = service
        .secrets
        .iter()
        .map(|secret| secret["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids[ids.len() - 6..], ["s1", "s2", "s3", "s4", "s5", "s6"]);
    assert_eq!(ids.len(), 7);
    assert_eq!(service.connected("Other")["secret_id"], "s6");
}

#[test]
fn a_configuration_made_by_hand_is_taken_over_with_its_id() {
    let mut service = Service::default();
    service.secrets =
        vec![json!({ "id": "s1", "secret_name": "By hand", "secret_value": "v", "secret_type": "OPENAI_API_KEY" })];
    let by_hand =
        |id: &str| json!({ "id": id, "display_name": "Mine", "model_name": "x", "secret_id": "s1", "base_url": null });
    service.configurations = vec![by_hand("newer"), by_hand("older")];
    let outcome = run(&mut service, &first()).outcome.unwrap();
    assert_eq!(outcome["llm_configuration_id"], "older");
    assert_eq!(service.secrets.len(), 2, "the secret is not ours to delete");
    assert_eq!(run(&mut service, &first()).outcome.unwrap()["did"], json!([]));
}

/// States that a run may begin with: nothing, and what earlier runs made.
fn beginnings() -> Vec<Service> {
    let mut beginnings = vec![Service::default()];
    for earlier in [
        vec![first()],
        vec![wanted("https://b.example.com", "m", "key-one-0123456789")],
        vec![wanted("https://b.example.com", "n", "key-two-0123456789")],
        vec![first(), wanted("https://a.example.com/v1", "m", "key-two-0123456789")],
    ] {
        let mut service = Service::default();
        for wanted in &earlier {
            run(&mut service, wanted);
        }
        beginnings.push(service);
    }
    // One configuration was deleted, and its secret left.
    let mut service = beginnings[1].clone();
    service.configurations.clear();
    beginnings.push(service);
    beginnings
}

#[test]
fn a_run_cut_off_at_any_step_is_completed_by_the_next() {
    let mut cuts = 0;
    for beginning in beginnings() {
        let steps = run(&mut beginning.clone(), &first()).requests.len();
        for cut in 0..steps {
            // Before the service has seen the request, and after, but before its answer was.
            for is_carried_out in [false, true] {
                let mut service = beginning.clone();
                let mut count = 0;
                let cut_off = perform("connectLlm", &first(), &json!({}), 0, &mut |request| {
                    count += 1;
                    if count <= cut {
                        return Some(service.answer(request));
                    }
                    if is_carried_out {
                        service.answer(request);
                    }
                    None
                });
                assert!(cut_off.is_none());
                let went = run(&mut service, &first());
                assert!(went.outcome.is_ok(), "cut at {cut}");
                connected(&service, &first());
                assert_eq!(
                    run(&mut service, &first()).outcome.unwrap()["did"],
                    json!([]),
                    "cut at {cut}"
                );
                cuts += 1;
            }
        }
    }
    assert!(cuts > 40, "only {cuts} cuts");
}

#[test]
fn a_step_that_fails_is_taken_back_or_goes_on() {
    let failures = [
        (answer(500, "{}"), false),
        (answer(500, "{}"), true),
        (Answer::Lost(""), false),
        (Answer::Lost(""), true),
        (Answer::Lost("late"), true),
        (answer(400, r#"{"message":"not today"}"#), false),
        (answer(401, r#"{"message":"not you"}"#), false),
        (answer(200, "{\"data\":"), true),
    ];
    let mut failed = 0;
    for beginning in beginnings() {
        let steps = run(&mut beginning.clone(), &first()).requests.len();
        for (failing, (failure, is_carried_out)) in
            (0..steps).flat_map(|step| failures.iter().map(move |failure| (step, failure)))
        {
            for options in [json!({ "maxRetries": 0 }), json!({ "maxRetries": 1 })] {
                let mut service = beginning.clone();
                let mut count = 0;
                let went = perform("connectLlm", &first(), &options, 0, &mut |request| {
                    count += 1;
                    if count - 1 != failing {
                        return Some(service.answer(request));
                    }
                    if *is_carried_out {
                        service.answer(request);
                    }
                    Some(failure.clone())
                })
                .unwrap();
                let step = format!("step {failing}, {failure:?}, carried out: {is_carried_out}, {options}");
                match went.outcome {
                    Ok(_) => {
                        let configuration = service.connected("Mine");
                        assert_eq!(configuration["model_name"], "m", "{step}");
                        assert_eq!(configuration["key"], first()["key"], "{step}");
                    }
                    Err(error) => {
                        failed += 1;
                        assert!(!format!("{error:?}").contains("0123456789"), "{step}");
                        // Nothing that was there has gone, and nothing that this run made is left.
                        assert_eq!(service.secrets.len(), beginning.secrets.len(), "{step}");
                        assert_eq!(service.configurations.len(), beginning.configurations.len(), "{step}");
                    }
                }
                assert!(run(&mut service, &first()).outcome.is_ok(), "{step}");
                connected(&service, &first());
            }
        }
    }
    assert!(failed > 50, "only {failed} runs failed");
}

#[test]
fn a_service_that_fails_for_good_ends_the_run() {
    for beginning in beginnings() {
        let steps = run(&mut beginning.clone(), &first()).requests.len();
        for failing in 0..steps {
            let mut service = beginning.clone();
            let mut count = 0;
            let went = perform("connectLlm", &first(), &json!({ "maxRetries": 0 }), 0, &mut |request| {
                count += 1;
                Some(if count <= failing {
                    service.answer(request)
                } else {
                    Answer::Lost("")
                })
            })
            .unwrap();
            if let Err(error) = went.outcome {
                assert_eq!(error.family(), Family::Connection);
            }
            assert!(run(&mut service, &first()).outcome.is_ok());
            connected(&service, &first());
        }
    }
}

#[test]
fn a_list_that_cannot_be_read_makes_nothing() {
    for data in [json!(null), json!({}), json!("x"), json!(5)] {
        let went = perform("connectLlm", &first(), &json!({}), 0, &mut |_| {
            Some(super::driven::ok(&data))
        })
        .unwrap();
        assert_eq!(went.outcome.unwrap_err().code(), "unreadable");
        assert!(went.requests.iter().all(|request| request.method == "GET"));
    }
}

#[test]
fn only_what_the_service_can_call_is_connected() {
    let refused = |upstream: Value, name: Value, key: Value| {
        let given = json!({ "upstream": upstream, "name": name, "key": key });
        let went = perform("connectLlm", &given, &json!({}), 0, &mut |_| panic!("nothing is sent")).unwrap();
        went.outcome.unwrap_err()
    };
    let good = json!({ "baseUrl": "https://a.example.com/v1", "model": "m" });
    let with = |name: &str, value: Value| {
        let mut upstream = good.clone();
        upstream[name] = value;
        refused(upstream, json!("Mine"), json!("key-0123456789"))
    };
    for (error, path, code) in [
        (with("headers", json!({ "x-a": "b" })), "/headers", "not_callable"),
        (with("query", json!({ "a": "b" })), "/query", "not_callable"),
        (
            with("defaults", json!({ "temperature": 0 })),
            "/defaults",
            "not_callable",
        ),
        (
            with("override", json!({ "temperature": null })),
            "/override",
            "not_callable",
        ),
        (with("provider", json!("anthropic")), "/provider", "not_callable"),
    ] {
        assert_eq!((error.path(), error.code()), (Some(path), code));
        assert!(error.to_string().contains("put a ChatEndpoint in front"), "{error}");
    }
    for (error, path, code) in [
        (
            with("baseUrl", json!("https://a.example.com/v1/chat/completions")),
            "/baseUrl",
            "url_with_endpoint",
        ),
        (
            with("baseUrl", json!("https://a.example.com/v1?key=k")),
            "/baseUrl",
            "url_with_query",
        ),
        (
            with("baseURL", json!("https://a.example.com/v1")),
            "/baseURL",
            "unknown_member",
        ),
        (with("model", json!(null)), "/model", "missing"),
        (with("baseUrl", json!(null)), "/baseUrl", "missing"),
        (with("baseUrl", json!("")), "/baseUrl", "bad_url"),
        (with("baseUrl", json!(5)), "/baseUrl", "wrong_type"),
        (
            refused(good.clone(), json!(""), json!("key-0123456789")),
            "/name",
            "bad_length",
        ),
        (
            refused(good.clone(), json!(null), json!("key-0123456789")),
            "/name",
            "bad_length",
        ),
        (
            refused(good.clone(), json!("n".repeat(246)), json!("key-0123456789")),
            "/name",
            "bad_length",
        ),
        (refused(good.clone(), json!("Mine"), json!(null)), "/apiKey", "missing"),
        (
            refused(good.clone(), json!("Mine"), json!("key\n")),
            "/apiKey",
            "bad_key",
        ),
        (
            refused(json!(null), json!("Mine"), json!("key-0123456789")),
            "",
            "wrong_type",
        ),
    ] {
        assert_eq!((error.path(), error.code()), (Some(path), code), "{error}");
    }
    let all = refused(
        json!({ "headers": { "a": "b" }, "query": { "a": "b" } }),
        json!(""),
        json!(null),
    );
    let paths: Vec<_> = all.issues().iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(paths, ["/name", "/headers", "/query", "/baseUrl", "/model", "/apiKey"]);
}

#[test]
fn an_address_that_would_leave_the_avatar_mute_is_refused() {
    let refused = |url: &str, allows: bool, options: &Value| {
        let mut given = wanted(url, "m", "key-one-0123456789");
        given["allowLocalUrl"] = json!(allows);
        let mut service = Service::default();
        let went = perform("connectLlm", &given, options, 0, &mut |request| {
            Some(service.answer(request))
        })
        .unwrap();
        let error = went.outcome.err()?;
        assert!(went.requests.is_empty(), "{url}");
        assert_eq!(
            (error.family(), error.path()),
            (Family::Validation, Some("/baseUrl")),
            "{url}"
        );
        Some(error.code())
    };
    let plain = json!({});
    for (url, code, also_if_allowed) in [
        ("http://localhost:8787/v1", "url_not_public", false),
        ("http://127.0.0.1:1", "url_not_public", false),
        ("https://192.168.1.2/v1", "url_not_public", false),
        ("https://worker.internal", "url_not_public", false),
        ("http://a.example.com/v1", "url_not_encrypted", true),
        ("https://api.openai.com", "url_without_version", true),
        (
            "https://a.openai.azure.com/openai/deployments/d",
            "url_of_deployment",
            true,
        ),
        ("https://api.liveavatar.com", "bad_url", true),
        ("https://api.liveavatar.com/v1/", "bad_url", true),
    ] {
        assert_eq!(refused(url, false, &plain), Some(code), "{url}");
        assert_eq!(refused(url, true, &plain), also_if_allowed.then_some(code), "{url}");
    }
    assert_eq!(refused("https://a.example.com/v1", false, &plain), None);
    let here = json!({ "baseUrl": "https://api.liveavatar.com/" });
    assert_eq!(refused("https://api.liveavatar.com/v1", false, &here), Some("bad_url"));
}

#[test]
fn a_second_configuration_is_removed_where_a_run_of_this_made_it() {
    let mut service = Service::default();
    let secret = |id: &str, name: &str| json!({ "id": id, "secret_name": name, "secret_value": "key-one-0123456789", "secret_type": "OPENAI_API_KEY" });
    let configuration = |id: &str, secret: &str| json!({ "id": id, "display_name": "Mine", "model_name": "m", "secret_id": secret, "base_url": "https://a.example.com/v1" });
    service.secrets = vec![
        secret("s3", "By hand"),
        secret("s2", "Mine #0b20e078"),
        secret("s1", "Mine #0b20e078"),
    ];
    service.configurations = vec![
        configuration("c3", "s3"),
        configuration("c2", "s2"),
        configuration("c1", "s1"),
    ];
    let outcome = run(&mut service, &first()).outcome.unwrap();
    assert_eq!(
        outcome,
        json!({ "llm_configuration_id": "c1", "secret_id": "s1", "did": [
            "deleted a second LLM configuration Mine",
            "deleted the secret Mine #0b20e078",
        ] })
    );
    let ids = |items: &[Value]| items.iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    assert_eq!(
        ids(&service.configurations),
        ["c3", "c1"],
        "what was made by hand stays"
    );
    assert_eq!(ids(&service.secrets), ["s3", "s1"]);
}
