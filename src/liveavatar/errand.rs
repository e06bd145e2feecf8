//! What one method of the client has to do: one call of the API, or several.

use std::rc::Rc;

use super::callable::Around;
use super::connect::Connect;
use super::connect_llm::ConnectLlm;
use super::exchange::{Exchange, Loss, Next};
use super::names::Names;
use super::operation::Operation;
use super::plan::{Plan, Then};
use super::prune_llm::PruneLlm;
use super::settings::Settings;
use crate::call::Millis;
use crate::error::{Error, Peer, Secret};
use crate::http::{Request, Response};
use crate::json::Value;

/// One method of the client as a machine. It is driven like an [`Exchange`], and is one where one call is enough.
pub struct Errand {
    settings: Rc<Settings>,
    names: Names,
    seed: u32,
    exchange: Option<Box<Exchange>>,
    plan: Option<Box<dyn Plan>>,
    outcome: Option<Result<String, Error>>,
}

impl Errand {
    /// `name` is that of a method, such as `secrets.create` or `connectLlm`; `given` and `settings` are JSON; `names` is
    /// what an earlier one has learnt, and `seed` any random number.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is wrong in them.
    pub fn new(name: &str, given: &str, settings: &str, names: u32, seed: u32) -> Result<Self, Error> {
        let mut errand = Self {
            settings: Rc::new(Settings::parse(settings)?),
            names: Names(names),
            seed,
            exchange: None,
            plan: None,
            outcome: None,
        };
        let mut given =
            Value::parse(given).map_err(|malformed| Error::invalid_at("", "not_json", malformed.to_string()))?;
        match errand.plan(name, &mut given)? {
            Some(mut plan) => {
                let then = plan.begin();
                errand.plan = Some(plan);
                errand.go(then);
            }
            None => errand.start(Operation::new(name, given)?),
        }
        Ok(errand)
    }

    /// What a method does that takes several calls.
    fn plan(&self, name: &str, given: &mut Value) -> Result<Option<Box<dyn Plan>>, Error> {
        if !matches!(name, "connectLlm" | "connect" | "pruneLlm") {
            return Ok(None);
        }
        let mut upstream = String::new();
        given.take("upstream").unwrap_or(Value::Null).write(&mut upstream);
        let called = given.take("name");
        let called = called.as_ref().and_then(Value::as_str).unwrap_or_default();
        if name == "pruneLlm" {
            return Ok(Some(Box::new(PruneLlm::new(called)?)));
        }
        let around = Around {
            service: &self.settings.base_url,
            allows_local: given.get("allowLocalUrl") == Some(&Value::Bool(true)),
        };
        let llm = ConnectLlm::new(&upstream, called, given.get("key").and_then(Value::as_str), around)?;
        Ok(Some(if name == "connect" {
            Box::new(Connect::new(llm, called, given)?)
        } else {
            Box::new(llm)
        }))
    }

    /// How long an attempt may take; `None` waits for ever.
    #[must_use]
    pub fn timeout_ms(&self) -> Option<Millis> {
        self.settings.timeout_ms
    }

    /// The base URL that it makes known to the service, if it is one that does.
    #[must_use]
    pub fn registers(&self) -> Option<&str> {
        self.plan.as_ref().and_then(|plan| plan.registers())
    }

    /// What it needs next. A wait is asked for once.
    pub fn proceed(&mut self) -> Next {
        loop {
            let Some(exchange) = &mut self.exchange else {
                return Next::Done;
            };
            let next = exchange.proceed();
            if next != Next::Done {
                return next;
            }
            self.conclude();
        }
    }

    /// See [`Exchange::unlock`].
    pub fn unlock(&mut self, key: Secret) {
        if let Some(exchange) = &mut self.exchange {
            exchange.unlock(key);
        }
    }

    /// See [`Exchange::send`].
    ///
    /// # Errors
    ///
    /// When it is over.
    pub fn send(&mut self) -> Result<Request, Error> {
        match &mut self.exchange {
            Some(exchange) => Ok(exchange.send()),
            None => Err(Error::unreachable(Peer::LiveAvatar)),
        }
    }

    /// See [`Exchange::respond`].
    pub fn respond(&mut self, response: &Response, body: &str) {
        if let Some(exchange) = &mut self.exchange {
            exchange.respond(response, body);
        }
    }

    /// See [`Exchange::lose`].
    pub fn lose(&mut self, loss: Loss) {
        if let Some(exchange) = &mut self.exchange {
            exchange.lose(loss);
        }
    }

    /// What came of it, as JSON, and which names have worked.
    ///
    /// # Errors
    ///
    /// What it ended with, or that nothing came when it has not ended.
    pub fn finish(self) -> (Result<String, Error>, u32) {
        let outcome = self
            .outcome
            .unwrap_or_else(|| Err(Error::unreachable(Peer::LiveAvatar)));
        (outcome, self.names.0)
    }

    fn start(&mut self, operation: Operation) {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let exchange = Exchange::new(operation, Rc::clone(&self.settings), self.names, self.seed);
        self.exchange = Some(Box::new(exchange));
    }

    /// A call is over.
    fn conclude(&mut self) {
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        let (outcome, names) = exchange.finish();
        self.names = names;
        match &mut self.plan {
            None => self.outcome = Some(outcome),
            Some(plan) => {
                let then = match outcome {
                    Ok(json) => plan.next(Ok(&json)),
                    Err(error) => plan.next(Err(error)),
                };
                self.go(then);
            }
        }
    }

    fn go(&mut self, then: Then) {
        match then {
            Then::Call(operation) => self.start(operation),
            Then::Done(outcome) => self.outcome = Some(outcome),
        }
    }
}
