//! Several runs of connecting at the same time, as processes of one deployment make them, and with any of them cut off.

use liveavatar_llm::error::Secret;
use liveavatar_llm::http::Response;
use liveavatar_llm::liveavatar::{Errand, Loss, Next};
use serde_json::{Value, json};

use super::driven::{Answer, KEY};
use super::service::Service;
use crate::property::seed;
use crate::random::{Random, Seed};

/// A run that has not ended.
struct Run(Errand);

fn wanted(key: &str) -> Value {
    json!({ "name": "Mine", "upstream": { "baseUrl": "https://a.example.com/v1", "model": "m" }, "key": key })
}

impl Run {
    fn begin(key: &str) -> Self {
        Self(Errand::new("connectLlm", &wanted(key).to_string(), r#"{"maxRetries":0}"#, 0, 7).unwrap())
    }

    /// Makes one request, whose answer may be lost; whether it has ended.
    fn step(&mut self, service: &mut Service, random: &mut Random, losses: usize) -> bool {
        loop {
            match self.0.proceed() {
                Next::Key => self.0.unlock(Secret::new(KEY.to_owned()).unwrap()),
                Next::Wait(_) => {}
                Next::Done => return true,
                Next::Send => break,
            }
        }
        let request = self.0.send().unwrap();
        let is_lost = random.percent(losses);
        if is_lost && random.percent(50) {
            self.0.lose(Loss::Broken);
            return false;
        }
        let Answer::Response(status, _, body) = service.answer(&request) else {
            panic!("it always answers")
        };
        if is_lost {
            self.0.lose(Loss::Late);
        } else {
            self.0.respond(&Response::new(status, Vec::new()), &body);
        }
        self.0.proceed() == Next::Done
    }

    fn outcome(self) -> Option<Value> {
        self.0.finish().0.ok().map(|json| serde_json::from_str(&json).unwrap())
    }

    /// Alone, to its end.
    fn whole(key: &str, service: &mut Service) -> Value {
        let (mut run, mut random) = (Self::begin(key), Random::new(1));
        while !run.step(service, &mut random, 0) {}
        run.outcome().unwrap()
    }
}

/// What a later run leaves: one configuration with the key, one secret, and nothing to do.
#[track_caller]
fn is_clear(service: &mut Service, key: &str) {
    let last = Run::whole(key, service);
    assert_eq!(service.connected("Mine")["key"], key);
    assert_eq!(service.configurations.len(), 1);
    assert_eq!(service.secrets.len(), 1);
    let again = Run::whole(key, service);
    assert_eq!(again["did"], json!([]));
    assert_eq!(again["llm_configuration_id"], last["llm_configuration_id"]);
}

const KEYS: [&str; 2] = ["key-one-0123456789", "key-two-0123456789"];

/// One for each race.
fn seeds() -> impl Iterator<Item = u64> {
    let first = seed();
    (0..2000).map(move |number: u64| first.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Some runs in any order of their requests; what they gave, and how many configurations there were at once.
fn race(
    random: &mut Random,
    service: &mut Service,
    keys: &[&str],
    losses: usize,
    cuts: usize,
) -> (Vec<Option<Value>>, usize) {
    let mut runs: Vec<Run> = keys.iter().map(|key| Run::begin(key)).collect();
    let (mut outcomes, mut most) = (Vec::new(), 0);
    for steps in 0.. {
        assert!(steps < 500, "it does not end");
        if runs.is_empty() {
            break;
        }
        let at = random.below(runs.len());
        if random.percent(cuts) {
            runs.swap_remove(at);
        } else if runs[at].step(service, random, losses) {
            outcomes.push(runs.swap_remove(at).outcome());
        }
        most = most.max(service.configurations.len());
    }
    (outcomes, most)
}

#[test]
fn runs_at_the_same_time_end_with_one_configuration() {
    let mut doubles = 0;
    for seed in seeds() {
        let _seed = Seed(seed);
        let (mut random, mut service) = (Random::new(seed), Service::default());
        if random.percent(30) {
            Run::whole(random.pick(&KEYS), &mut service);
        }
        let count = 2 + random.below(2);
        let (outcomes, most) = race(&mut random, &mut service, &[KEYS[0]; 3][..count], 0, 0);
        doubles += usize::from(most > 1);
        // What every one of them gave is there.
        let id = &service.connected("Mine")["id"];
        for outcome in outcomes {
            assert_eq!(&outcome.expect("it connects")["llm_configuration_id"], id);
        }
        is_clear(&mut service, KEYS[0]);
    }
    assert!(doubles > 100, "only {doubles} of the races made two");
}

#[test]
fn what_runs_at_the_same_time_leave_is_cleared_by_a_later_one() {
    let (mut failed, mut left) = (0, 0);
    for seed in seeds() {
        let _seed = Seed(seed);
        let (mut random, mut service) = (Random::new(seed), Service::default());
        if random.percent(30) {
            Run::whole(random.pick(&KEYS), &mut service);
        }
        let keys: Vec<&str> = (0..2 + random.below(2)).map(|_| random.pick(&KEYS)).collect();
        let (losses, cuts) = (random.pick(&[0, 0, 10, 30]), random.pick(&[0, 5, 20]));
        let (outcomes, _) = race(&mut random, &mut service, &keys, losses, cuts);
        failed += outcomes.iter().filter(|outcome| outcome.is_none()).count();
        left += usize::from(service.configurations.len() > 1 || service.secrets.len() > 1);
        is_clear(&mut service, random.pick(&KEYS));
    }
    assert!(
        failed > 50 && left > 50,
        "only {failed} failed, and only {left} left something"
    );
}
