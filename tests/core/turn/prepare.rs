//! The developer's own change of the request.

use liveavatar_llm::call;
use liveavatar_llm::error::Error;
use liveavatar_llm::turn::Next;

use super::driven::{Beginning, Driven, FAILURE, HELLO};
use super::source::{DONE, events, words};

fn turn() -> Driven {
    let mut turn = Beginning {
        prepares: true,
        ..Beginning::default()
    }
    .begin();
    turn.says("role");
    turn
}

#[test]
fn comes_before_any_source_is_asked() {
    let mut turn = turn();
    assert_eq!(turn.turn.next(), Next::Prepare);
    let request = turn.turn.prepare();
    assert_eq!(request, HELLO);
    assert_eq!(turn.turn.next(), Next::Call(call::Next::Wait));
    turn.pass(3000.0);
    assert_eq!(turn.signs(), 6);
    turn.turn.prepared(&request.replace("Hello", "Good bye"), 3000.0);
    assert!(turn.turn.request().contains("Good bye"));
    turn.send()
        .respond(200)
        .push(events(&[&words("Bye"), DONE]))
        .says("'Bye' stop done")
        .is("spoken");
}

#[test]
fn what_fails_ends_like_a_source_that_fails() {
    let mut turn = turn();
    turn.turn.prepare();
    turn.fail(Error::source()).says(FAILURE).is("failed source_failed");
    let mut turn = self::turn();
    turn.turn.prepare();
    turn.turn.prepared("{}", 0.0);
    turn.says(FAILURE).is("failed missing");
    let mut turn = self::turn();
    turn.turn.prepare();
    turn.pass(19_999.0).is("goes on").signs();
    turn.pass(20_000.0).says(FAILURE).is("failed deadline_prepare");
}
