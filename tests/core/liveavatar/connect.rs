//! Everything to a session, and taking an LLM back: whatever was there before, and wherever an earlier run was cut off.

use serde_json::{Value, json};

use super::UUID;
use super::driven::{Answer, Went, answer, gone, ok, perform};
use super::service::Service;

const VOICE: &str = "22222222-2222-4333-8444-555555555555";

/// The model of the service with contexts, avatars and voices.
#[derive(Clone, Default)]
struct Whole {
    llm: Service,
    /// The newest first.
    contexts: Vec<Value>,
    public: Vec<Value>,
    serial: u32,
}

impl Whole {
    fn answer(&mut self, request: &liveavatar_llm::http::Request) -> Answer {
        let path = request.url.strip_prefix("https://api.liveavatar.com/v1/").unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (noun, id) = path.split_once('/').unwrap_or((path, ""));
        let body: Value = request
            .body
            .as_deref()
            .map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
        let at = self.contexts.iter().position(|context| context["id"] == id);
        match (request.method, noun, id) {
            ("GET", "avatars", "public") => ok(&json!({ "count": 1, "next": null, "results": self.public })),
            ("GET", "avatars", UUID) => ok(&json!({ "id": UUID, "status": "ACTIVE", "default_voice": null })),
            ("GET", "voices", VOICE) => ok(&json!({ "id": VOICE })),
            // One to a page.
            ("GET", "contexts", "") => {
                let page: usize = query
                    .split('&')
                    .find_map(|part| part.strip_prefix("page="))
                    .unwrap()
                    .parse()
                    .unwrap();
                let next = (page < self.contexts.len()).then_some("more");
                let results: Vec<_> = self.contexts.iter().skip(page - 1).take(1).collect();
                ok(&json!({ "count": self.contexts.len(), "next": next, "results": results }))
            }
            ("POST", "contexts", "") => {
                self.serial += 1;
                let mut context = body;
                context["id"] = json!(format!("{:08}-2222-4333-8444-555555555555", self.serial));
                self.contexts.insert(0, context.clone());
                ok(&context)
            }
            (method, "contexts", _) => match (at, method) {
                (None, _) => gone(),
                (Some(at), "DELETE") => {
                    self.contexts.remove(at);
                    ok(&Value::Null)
                }
                (Some(at), "PATCH") => {
                    for (name, value) in body.as_object().unwrap() {
                        self.contexts[at][name] = value.clone();
                    }
                    ok(&self.contexts[at])
                }
                (Some(at), _) => ok(&self.contexts[at]),
            },
            (_, "secrets" | "llm-configurations", _) => self.llm.answer(request),
            _ => gone(),
        }
    }
}

fn wanted() -> Value {
    json!({
        "name": "Mine",
        "upstream": { "baseUrl": "https://a.example.com/v1", "model": "m" },
        "key": "key-one-0123456789",
        "avatar_id": UUID,
        "context": { "prompt": "Be brief.", "opening_text": "Hello" },
        "session": { "voice_id": VOICE, "avatar_persona": { "language": "de" } },
    })
}

fn changed(name: &str, value: Value) -> Value {
    let mut wanted = wanted();
    wanted[name] = value;
    wanted
}

fn run(service: &mut Whole, wanted: &Value) -> Went {
    perform("connect", wanted, &json!({ "maxRetries": 0 }), 0, &mut |request| {
        Some(service.answer(request))
    })
    .unwrap()
}

#[track_caller]
fn is_connected(service: &Whole, went: Went) {
    let payload = went.outcome.unwrap();
    let contexts: Vec<_> = service
        .contexts
        .iter()
        .filter(|context| context["name"] == "Mine")
        .collect();
    assert_eq!(contexts.len(), 1);
    assert_eq!(
        (&contexts[0]["prompt"], &contexts[0]["opening_text"]),
        (&json!("Be brief."), &json!("Hello"))
    );
    let configuration = service.llm.connected("Mine");
    assert_eq!(configuration["key"], "key-one-0123456789");
    let persona = json!({ "voice_id": VOICE, "language": "de", "context_id": contexts[0]["id"] });
    let expected = json!({ "mode": "FULL", "avatar_id": UUID, "avatar_persona": persona, "llm_configuration_id": configuration["id"] });
    assert_eq!(payload, expected);
}

#[test]
fn what_is_missing_is_made_and_then_nothing() {
    let others = ["other", "another"].map(|name| json!({ "id": name, "name": name }));
    let mut service = Whole {
        contexts: others.to_vec(),
        ..Whole::default()
    };
    let went = run(&mut service, &wanted());
    is_connected(&service, went);
    let again = run(&mut service, &wanted());
    assert!(again.requests.iter().all(|request| request.method == "GET"));
    is_connected(&service, again);
}

#[test]
fn a_context_that_differs_is_changed_and_keeps_its_links() {
    let mut service = Whole::default();
    let id = "33333333-2222-4333-8444-555555555555";
    service
        .contexts
        .push(json!({ "id": id, "name": "Mine", "prompt": "old", "opening_text": null, "links": [1] }));
    let went = run(&mut service, &wanted());
    is_connected(&service, went);
    assert_eq!(
        (&service.contexts[0]["id"], &service.contexts[0]["links"]),
        (&json!(id), &json!([1]))
    );
    let named = run(&mut service, &changed("context", json!({ "context_id": VOICE })));
    assert_eq!(named.outcome.unwrap()["avatar_persona"]["context_id"], VOICE);
}

#[test]
fn a_run_that_was_cut_off_anywhere_is_completed_by_the_next() {
    for is_carried_out in [false, true] {
        for cut in 0..20 {
            let mut service = Whole::default();
            let mut count = 0;
            let first = perform("connect", &wanted(), &json!({}), 0, &mut |request| {
                count += 1;
                if count <= cut || is_carried_out && count == cut + 1 {
                    let answer = service.answer(request);
                    return (count <= cut).then_some(answer);
                }
                None
            });
            let went = run(&mut service, &wanted());
            is_connected(&service, went);
            assert_eq!(service.llm.secrets.len(), 1, "after {cut}");
            if first.is_some() {
                assert!(cut > 8, "it is over after {cut}");
                break;
            }
        }
    }
}

#[test]
fn when_it_fails_only_what_it_made_is_taken_back() {
    let before = json!({ "id": "33333333-2222-4333-8444-555555555555", "name": "Mine", "prompt": "Be brief.", "opening_text": "Hello" });
    for contexts in [Vec::new(), vec![before]] {
        for refused in ["secrets", "llm-configurations"] {
            let mut service = Whole {
                contexts: contexts.clone(),
                ..Whole::default()
            };
            let went = perform("connect", &wanted(), &json!({ "maxRetries": 0 }), 0, &mut |request| {
                if request.method == "POST" && request.url.ends_with(refused) {
                    return Some(answer(403, r#"{"code":4003,"data":null,"message":"not today"}"#));
                }
                Some(service.answer(request))
            });
            let error = went.unwrap().outcome.unwrap_err();
            assert!(error.to_string().ends_with("not today"), "{error}");
            assert_eq!(service.contexts, contexts);
            assert!(service.llm.secrets.is_empty() && service.llm.configurations.is_empty());
        }
    }
}

#[test]
fn what_is_wrong_is_told_before_anything_is_made() {
    for (name, value, path) in [
        ("avatar_id", json!("x"), "/avatar_id"),
        ("avatar_id", Value::Null, "/avatar_id"),
        ("context", Value::Null, "/context"),
        ("context", json!({ "prompt": "p", "context_id": UUID }), "/context"),
        ("context", json!({ "context_id": "x" }), "/avatar_persona/context_id"),
        ("session", json!(5), "/session"),
        ("session", json!({ "max_session_duration": 0 }), "/max_session_duration"),
        ("name", json!(""), "/name"),
        (
            "upstream",
            json!({ "baseUrl": "https://localhost", "model": "m" }),
            "/baseUrl",
        ),
    ] {
        let went = run(&mut Whole::default(), &changed(name, value));
        let error = went.outcome.unwrap_err();
        assert_eq!((error.path(), went.requests.len()), (Some(path), 0), "{error}");
    }
    let expired = json!({ "id": VOICE, "is_expired": true });
    for (avatar, session, code) in [
        (UUID, json!({}), "missing"),
        (UUID, json!({ "voice_id": UUID }), "not_found"),
        (VOICE, json!({ "voice_id": VOICE }), "bad_avatar"),
        (
            "99999999-2222-4333-8444-555555555555",
            json!({ "voice_id": VOICE }),
            "not_found",
        ),
    ] {
        let mut service = Whole {
            public: vec![expired.clone()],
            ..Whole::default()
        };
        let mut wanted = changed("avatar_id", json!(avatar));
        wanted["session"] = session;
        let went = run(&mut service, &wanted);
        assert_eq!(went.outcome.unwrap_err().code(), code);
        assert!(went.requests.iter().all(|request| request.method == "GET"));
    }
}

fn prune(service: &mut Service, name: &str, cut: usize) -> Option<Went> {
    let mut count = 0;
    perform("pruneLlm", &json!({ "name": name }), &json!({}), 0, &mut |request| {
        count += 1;
        (count <= cut).then(|| service.answer(request))
    })
}

#[test]
fn an_llm_is_taken_back_and_nothing_else_is() {
    let connect = |service: &mut Service, name: &str| {
        let mut wanted = wanted();
        wanted["name"] = json!(name);
        perform("connectLlm", &wanted, &json!({}), 0, &mut |request| {
            Some(service.answer(request))
        })
        .unwrap();
    };
    let mut service = Service::default();
    connect(&mut service, "Other");
    let other = service.clone();
    connect(&mut service, "Mine");
    for cut in 0..9 {
        let mut service = service.clone();
        let first = prune(&mut service, "Mine", cut);
        // No configuration is ever without its secret.
        for one in &service.configurations {
            assert!(
                service.secrets.iter().any(|secret| secret["id"] == one["secret_id"]),
                "after {cut}"
            );
        }
        prune(&mut service, "Mine", 9).unwrap().outcome.unwrap();
        assert_eq!(
            (&service.secrets, &service.configurations),
            (&other.secrets, &other.configurations)
        );
        if let Some(first) = first {
            let deleted = json!({ "deleted": ["the LLM configuration Mine", "the secret Mine #0b20e078"] });
            assert_eq!((first.outcome.unwrap(), cut), (deleted, 4));
            break;
        }
    }
    // A configuration of that name with a secret that was made by hand, and a secret that something else uses, stay.
    let ours = service.configurations[0].clone();
    let mut by_hand = ours.clone();
    by_hand["display_name"] = json!("By hand");
    by_hand["id"] = json!("hand");
    service.configurations.push(by_hand);
    prune(&mut service, "Mine", 9).unwrap().outcome.unwrap();
    assert!(service.secrets.iter().any(|secret| secret["id"] == ours["secret_id"]));
    assert!(service.configurations.iter().any(|one| one["id"] == "hand") && !service.configurations.contains(&ours));
    assert_eq!(
        prune(&mut service, "", 9).unwrap().outcome.unwrap_err().path(),
        Some("/name")
    );
}
