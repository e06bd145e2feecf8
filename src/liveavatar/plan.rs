//! What takes several calls.

use super::operation::Operation;
use crate::error::Error;
use crate::json::Value;

/// A task of several calls as a machine: its first call is asked for when it is made, and the next one with what came of
/// the last, until it is done.
pub trait Plan {
    /// The first call.
    fn begin(&mut self) -> Then;

    /// The next call, after the data that the last one gave, or its failure.
    fn next(&mut self, answer: Result<&str, Error>) -> Then;

    /// The base URL that it makes known to the service, if it is one that does.
    fn registers(&self) -> Option<&str> {
        None
    }
}

/// What a [`Plan`] needs next.
#[derive(Debug)]
pub enum Then {
    /// This call is to be made.
    Call(Operation),
    /// Nothing: what came of it as JSON, or why nothing did.
    Done(Result<String, Error>),
}

/// The call of that name, or the end if it cannot be made.
pub(super) fn call(name: &str, given: Vec<(&str, Value)>) -> Then {
    let given = given.into_iter().map(|(name, value)| (name.to_owned(), value));
    match Operation::new(name, Value::Object(given.collect())) {
        Ok(operation) => Then::Call(operation),
        Err(error) => Then::Done(Err(error)),
    }
}
