//! Tools of the endpoint's own.

use serde_json::{Value, json};

use liveavatar_llm::turn::{Next, Tool};

use super::driven::{Beginning, Driven, FAILURE};
use super::source::{DONE, delta, event, events, finish, words};

const TOOLS: &str = r#"[
    {"name":"weather","description":"The weather.","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]},"timeoutMs":3000},
    {"name":"time"}
]"#;

fn turn_with(options: &str, lines: &str) -> Driven {
    let mut turn = Beginning {
        tools: TOOLS,
        options,
        lines,
        ..Beginning::default()
    }
    .begin();
    turn.says("role").send().respond(200);
    turn
}

fn turn() -> Driven {
    turn_with("{}", "{}")
}

fn call(index: u32, name: &str, arguments: &str) -> String {
    let function = json!({"name": name, "arguments": arguments});
    delta(
        &json!({"tool_calls": [{"index": index, "id": format!("c{index}"), "type": "function", "function": function}]}),
    )
}

impl Driven {
    /// The model makes these calls; gives those that are to be carried out.
    #[track_caller]
    fn calls(&mut self, calls: &[(&str, &str)]) -> String {
        for (index, (name, arguments)) in (0..).zip(calls) {
            self.push(event(&call(index, name, arguments)));
        }
        self.push(events(&[&finish("tool_calls"), DONE]));
        assert_eq!(self.turn.next(), Next::CallTools);
        let calls = self.turn.call_tools(self.now);
        let calls = calls
            .iter()
            .map(|call| format!("{} {} {}", call.call, call.tool, call.arguments));
        calls.collect::<Vec<_>>().join(", ")
    }

    fn called(&mut self, call: usize, result: &str) -> &mut Self {
        self.turn.called(call, Ok(result.to_owned()), self.now);
        self
    }

    fn threw(&mut self, call: usize, error: &str) -> &mut Self {
        self.turn.called(call, Err(error.to_owned()), self.now);
        self
    }

    /// The messages behind the user's that the model is sent.
    fn messages(&self) -> Value {
        let request: Value = serde_json::from_str(&self.turn.request()).unwrap();
        json!(request["messages"].as_array().unwrap().get(1..).unwrap())
    }

    /// What the model is told of its calls.
    fn told(&self) -> String {
        let messages = self.messages();
        let results = messages
            .as_array()
            .unwrap()
            .iter()
            .filter(|message| message["role"] == "tool");
        results
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" | ")
    }

    /// The model's answer.
    fn answers(&mut self, text: &str) -> &mut Self {
        self.send()
            .respond(200)
            .push(events(&[&words(text), &finish("stop"), DONE]))
    }
}

#[test]
fn the_model_is_told_of_them_beside_the_callers() {
    let request = r#"{"messages":[{"role":"user","content":"x"}],"model":"m","stream":true,"tools":[{"type":"function","function":{"name":"own"}}]}"#;
    let turn = Beginning {
        request,
        tools: TOOLS,
        ..Beginning::default()
    }
    .begin();
    let request: Value = serde_json::from_str(&turn.turn.request()).unwrap();
    let names: Vec<&Value> = request["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["function"]["name"])
        .collect();
    assert_eq!(names, ["own", "weather", "time"]);
    assert_eq!(
        request["tools"][1]["function"]["parameters"]["required"],
        json!(["city"])
    );
    assert_eq!(
        request["tools"][2],
        json!({"type": "function", "function": {"name": "time"}})
    );
}

#[test]
fn a_call_is_carried_out_and_the_model_goes_on() {
    let mut turn = turn();
    assert_eq!(
        turn.calls(&[("weather", r#"{"city":"Bern"}"#)]),
        r#"0 0 {"city":"Bern"}"#
    );
    turn.called(0, r#"{"sky":"blue"}"#);
    assert_eq!(
        turn.messages(),
        json!([
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c0", "type": "function", "function": {"name": "weather", "arguments": r#"{"city":"Bern"}"#}},
            ]},
            {"role": "tool", "tool_call_id": "c0", "content": r#"{"sky":"blue"}"#},
        ])
    );
    turn.answers("It is fine.").says("'It is fine.' stop done").is("spoken");
    assert_eq!(turn.turn.report().sources.len(), 2);
    assert_eq!(
        serde_json::to_value(&turn.turn.report().tools).unwrap(),
        json!([{"name": "weather", "outcome": "returned", "ms": 0.0}])
    );
}

#[test]
fn parallel_calls_are_carried_out_together_and_answered_in_their_order() {
    let mut turn = turn();
    assert_eq!(
        turn.calls(&[("time", ""), ("weather", r#"{"city":"Bern"}"#)]),
        r#"0 1 {}, 1 0 {"city":"Bern"}"#
    );
    turn.called(1, "blue").is("goes on");
    turn.called(0, "noon");
    assert_eq!(turn.told(), "noon | blue");
}

#[test]
fn arguments_that_are_not_valid_are_not_run_and_the_model_is_told() {
    for (name, arguments, told) in [
        ("weather", r#"{"city":5}"#, "/city must be of type"),
        ("weather", "{}", "/city is missing"),
        ("weather", r#"{"city":"#, "the arguments are "),
        ("weather", "[]", "must be an object"),
        ("wether", "{}", "there is no tool of this name, only weather, time"),
    ] {
        let mut turn = turn();
        assert_eq!(turn.calls(&[(name, arguments)]), "");
        assert!(turn.told().contains(told), "{}", turn.told());
        let sent = turn.messages()[0]["tool_calls"][0]["function"]["arguments"].clone();
        assert!(
            serde_json::from_str::<Value>(sent.as_str().unwrap()).is_ok_and(|sent| sent.is_object()),
            "{sent}"
        );
        turn.answers("Which city?").says("'Which city?' stop done").is("spoken");
    }
}

#[test]
fn what_a_tool_throws_is_told_to_the_model() {
    let mut turn = turn();
    turn.calls(&[("time", "{}")]);
    turn.threw(0, "no clock \"here\"");
    assert_eq!(turn.told(), r#"{"error":"no clock \"here\""}"#);
}

#[test]
fn a_tool_that_takes_too_long_is_not_waited_for() {
    let mut turn = turn();
    turn.calls(&[("weather", r#"{"city":"Bern"}"#)]);
    turn.pass(2999.0).signs();
    turn.pass(3000.0).signs();
    assert!(turn.told().contains("too long"));
    turn.called(0, "late");
    assert!(!turn.told().contains("late"));
    turn.answers("Perhaps.").says("'Perhaps.' stop done").is("spoken");
    assert_eq!(
        serde_json::to_value(&turn.turn.report().tools).unwrap(),
        json!([{"name": "weather", "outcome": "timedOut", "ms": 3000.0}])
    );
}

#[test]
fn signs_of_life_go_on_and_the_filler_is_said_while_a_tool_runs() {
    let mut turn = turn_with("{}", r#"{"filler":{"afterMs":1200,"line":"I am looking."}}"#);
    turn.push(event(&words("Well."))).says("'Well.'");
    turn.pass(5000.0).signs();
    turn.calls(&[("time", "")]);
    turn.pass(6100.0).signs();
    turn.pass(6200.0).signs_then("' I am looking.'");
    turn.called(0, "noon")
        .answers("Noon.")
        .says("' Noon.' stop done")
        .is("spoken");
}

#[test]
fn rounds_have_a_limit_after_which_the_model_must_speak() {
    let mut turn = turn_with(r#"{"limits":{"toolRounds":2}}"#, "{}");
    turn.calls(&[("time", "")]);
    turn.called(0, "1");
    assert!(!turn.turn.request().contains("tool_choice"));
    turn.send().respond(200).calls(&[("time", "")]);
    turn.called(0, "2");
    assert!(turn.turn.request().contains(r#""tool_choice":"none""#));
    turn.send()
        .respond(200)
        .push(events(&[&call(0, "time", ""), &finish("tool_calls"), DONE]));
    turn.says(FAILURE).is("failed stream_empty");
}

#[test]
fn words_around_calls_are_said_and_sent_along() {
    let mut turn = turn();
    turn.push(event(&words("Let me see.")));
    turn.calls(&[("time", "")]);
    turn.called(0, "noon");
    assert_eq!(turn.messages()[0]["content"], "Let me see.");
    turn.answers("Noon.")
        .says("'Let me see.' ' Noon.' stop done")
        .is("spoken");
}

#[test]
fn a_model_that_fails_after_its_calls_is_made_up_for() {
    let mut turn = turn();
    turn.calls(&[("time", "")]);
    turn.called(0, "noon").send().respond(401).end();
    turn.says(FAILURE).is("failed unauthorized");
    let mut turn = self::turn();
    turn.push(event(&words("Let me see.")));
    turn.calls(&[("time", "")]);
    turn.called(0, "noon").send().respond(401).end();
    turn.says(&format!("'Let me see.' {}", FAILURE.replacen('\'', "' ", 1)))
        .is("cut unauthorized");
}

#[test]
fn a_hang_up_ends_it_in_the_midst_of_calls() {
    let mut turn = turn();
    turn.calls(&[("time", "")]);
    turn.interrupt().called(0, "noon").says("").is("interrupted");
}

#[test]
fn tokens_of_all_rounds_are_counted() {
    let usage = |tokens: u32| {
        json!({"choices": [], "usage": {"prompt_tokens": tokens, "completion_tokens": 1, "total_tokens": tokens + 1}})
            .to_string()
    };
    let mut turn = turn();
    turn.push(event(&usage(10)));
    turn.calls(&[("time", "")]);
    turn.called(0, "noon").send().respond(200);
    turn.push(events(&[&words("Noon."), &finish("stop"), &usage(20), DONE]));
    turn.says("'Noon.' stop 30+2=32 done").is("spoken");
}

#[test]
fn what_is_wrong_with_them_is_told_all_at_once() {
    let issues = |json: &str| {
        let issues = Tool::parse_all(json).unwrap_err().issues().to_vec();
        issues
            .into_iter()
            .map(|issue| format!("{} {}", issue.path, issue.code))
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(issues("{}"), "/tools wrong_type");
    assert_eq!(
        issues(r#"[{"name":"a b"},{"name":"a","schema":{}},{"name":"a"}]"#),
        "/tools/0/name bad_name, /tools/1/schema unknown_member, /tools/2/name bad_name"
    );
    assert_eq!(
        issues(r#"[{"name":"a","parameters":5,"timeoutMs":-1}]"#),
        "/tools/0/parameters wrong_type, /tools/0/timeoutMs out_of_range"
    );
}
