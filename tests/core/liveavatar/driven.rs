//! Drives errands without a network, clock or key of anybody's.

use liveavatar_llm::error::{Error, Secret};
use liveavatar_llm::http::{Request, Response};
use liveavatar_llm::liveavatar::{Errand, Loss, Next};
use serde_json::{Value, json};

pub const KEY: &str = "la-key-0123456789";

/// What comes of an attempt.
#[derive(Clone, Debug)]
pub enum Answer {
    Response(u16, Vec<(&'static str, &'static str)>, String),
    Lost(&'static str),
}

pub fn answer(status: u16, body: &(impl ToString + ?Sized)) -> Answer {
    Answer::Response(status, Vec::new(), body.to_string())
}

/// The service's envelope.
pub fn ok(data: &Value) -> Answer {
    answer(200, &json!({ "code": 1000, "data": data, "message": "Success" }))
}

/// What the service says of what is not there.
pub fn gone() -> Answer {
    answer(404, r#"{"code":4004,"data":null,"message":"Session not found"}"#)
}

/// How an errand went.
pub struct Went {
    pub outcome: Result<Value, Error>,
    pub requests: Vec<Request>,
    pub waits: Vec<f64>,
    pub names: u32,
}

/// Makes a whole errand; `peer` answers each of its requests.
pub fn perform(
    name: &str,
    given: &Value,
    options: &Value,
    names: u32,
    peer: &mut dyn FnMut(&Request) -> Option<Answer>,
) -> Option<Went> {
    let mut errand = match Errand::new(name, &given.to_string(), &options.to_string(), names, 7) {
        Ok(errand) => errand,
        Err(error) => {
            return Some(Went {
                outcome: Err(error),
                requests: Vec::new(),
                waits: Vec::new(),
                names,
            });
        }
    };
    let (mut requests, mut waits) = (Vec::new(), Vec::new());
    loop {
        match errand.proceed() {
            Next::Key => errand.unlock(Secret::new(KEY.to_owned()).unwrap()),
            Next::Wait(ms) => waits.push(ms),
            Next::Send => {
                let request = errand.send().unwrap();
                let answer = peer(&request)?;
                requests.push(request);
                assert!(requests.len() < 50, "it does not end");
                match answer {
                    Answer::Lost(code) => errand.lose(Loss::from_code(code)),
                    Answer::Response(status, headers, body) => {
                        let header = |name: &str| headers.iter().find(|(known, _)| *known == name);
                        let response =
                            Response::read(status, |name| header(name).map(|(_, value)| (*value).to_owned()));
                        errand.respond(&response, &body);
                    }
                }
            }
            Next::Done => break,
        }
    }
    let (outcome, names) = errand.finish();
    let outcome = outcome.map(|json| serde_json::from_str(&json).unwrap());
    Some(Went {
        outcome,
        requests,
        waits,
        names,
    })
}

/// One call of the API against a list of answers; the last one is given again and again.
pub fn call(name: &str, given: &Value, answers: &[Answer]) -> Went {
    call_with(name, given, &json!({}), 0, answers)
}

pub fn call_with(name: &str, given: &Value, options: &Value, names: u32, answers: &[Answer]) -> Went {
    let mut count = 0;
    let mut peer = |_: &Request| {
        count += 1;
        answers.get(count - 1).or(answers.last()).cloned()
    };
    perform(name, given, options, names, &mut peer).unwrap()
}

pub fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let found = request.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}
