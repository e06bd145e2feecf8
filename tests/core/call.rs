//! One call, driven by hand: what it asks for, until when, and how it ends.

use liveavatar_llm::call::{Call, Millis, Next};
use liveavatar_llm::http::{self, MAX_BODY};
use liveavatar_llm::providers::Provider;

use crate::driven::{Driven, call, seeded, upstream};
use crate::wire::{answer, events, finish, role, usage, words};

const NONE: &str = r#"{"timeouts":{"headersMs":null,"firstTokenMs":null,"idleMs":null},"maxRetries":0}"#;

fn text(text: &str) -> String {
    events(&[words(text)])
}

// The course of a call.

#[test]
fn it_is_sent_answered_and_read() {
    let mut call = call("{}");
    call.is("send until 30000").at(5.0).send().is("read until 30000");
    call.at(10.0)
        .respond(200, &[("x-request-id", "r1")])
        .is("read until 30010");
    assert_eq!(call.call.request_id(), Some("r1"));
    call.at(20.0).push(events(&[role()])).is("read until 30020");
    call.at(30.0).push(text("Hi")).is("read until 30030");
    call.at(40.0).push(events(&[finish()])).is("read until 2040");
    call.at(50.0).push(events(&[usage()])).is("read until 2040");
    call.at(60.0).push("data: [DONE]\n\n").is("done");
    assert_eq!(
        call.said,
        [
            "id c1",
            "created 1700000000",
            "model gpt",
            "0 opens",
            "0 says Hi",
            "0 finishes stop",
            "usage 3+4=7"
        ]
    );
}

#[test]
fn nothing_behind_done_is_read() {
    let mut call = call("{}");
    call.send().respond(200, &[]);
    call.push(answer(&["a"]) + &text("b") + "data: {\"error\":\"x\"}\n\n")
        .is("done");
    call.push(text("c")).end().lose().is("done");
    assert!(!call.said.iter().any(|said| said == "0 says b" || said == "0 says c"));
}

#[test]
fn the_end_of_the_body_gives_what_was_not_closed() {
    let body = events(&[role(), words("a"), finish()]);
    let mut call = call("{}");
    call.send()
        .respond(200, &[])
        .push(body.trim_end())
        .is("read until 30000")
        .end()
        .is("done");
    assert_eq!(call.said.last().unwrap(), "0 finishes stop");
}

#[test]
fn the_end_is_judged_by_what_came() {
    let rows = [
        (answer(&["a"]), "done"),
        (events(&[words("a"), finish()]), "done"),
        (events(&[words("a"), "[DONE]".to_owned()]), "done"),
        (text("a"), "stream_truncated"),
        (events(&[usage()]), "stream_empty"),
        (String::new(), "stream_empty"),
        ("data: [DONE]\n\n".to_owned(), "stream_empty"),
        ("<html>Log in</html>".to_owned(), "stream_empty"),
        (text("a") + "data: {\n\n", "stream_malformed"),
        // What is cut is not what is wrong.
        (text("a") + "data: {", "stream_truncated"),
        (events(&[words("a"), finish()]) + "data: [DON", "done"),
        ("data: Busy".to_owned(), "stream_malformed"),
        (
            "{\"choices\":[{\"message\":{\"content\":\"a".to_owned(),
            "stream_truncated",
        ),
        ("{\"id\":\"a\",\"choi".to_owned(), "stream_truncated"),
        ("data: {\"id\":\"a\",\"choi".to_owned(), "stream_truncated"),
        (answer(&["a"]).replace("data: [DONE]", "{\"cho"), "done"),
        ("error: {\"message\":\"Busy\"}\n\n".to_owned(), "stream_error"),
        (
            text("a") + "data: {\"error\":{\"message\":\"Busy\"}}\n\n",
            "stream_error",
        ),
        (text("a") + "event: error\ndata: Busy", "stream_error"),
    ];
    for (body, expected) in rows {
        call(NONE).send().respond(200, &[]).push(&body).end().is(expected);
    }
}

#[test]
fn a_web_page_is_told_as_such() {
    let mut call = call("{}");
    call.send().respond(200, &[]).push("<html>data: {}</html>").end();
    assert_eq!(
        call.error().to_string(),
        "the answer is a web page, no chat completion: check that the base URL is the API's, and needs no login"
    );
}

#[test]
fn a_value_that_is_too_large_ends_it() {
    let mut call = call("{}");
    call.send().respond(200, &[]).push("{\"x\":\"");
    let megabytes = "x".repeat(8 << 20);
    for _ in 0..3 {
        call.push(&megabytes).is("read until 30000");
    }
    call.push(&megabytes).is("stream_too_large");
    assert_eq!(
        call.error().to_string(),
        "one event of the stream is larger than 33554432 bytes"
    );
}

#[test]
fn what_is_over_stays_over() {
    let mut call = call("{}");
    call.refuse(401, &[]).is("unauthorized");
    call.at(1e9)
        .respond(200, &[])
        .push(answer(&["a"]))
        .end()
        .lose()
        .tick()
        .is("unauthorized");
    assert_eq!(call.said, [""; 0]);
    assert_eq!(call.call.send(None, 1e9), Err(call.error()));
    call.is("unauthorized");
}

#[test]
fn a_response_that_somebody_else_got_has_no_deadline_and_no_second_attempt() {
    let answered = || Driven {
        call: Call::answered(Provider::OpenAi, 0.0),
        now: 0.0,
        said: Vec::new(),
        is_read: false,
    };
    answered()
        .is("read")
        .respond(200, &[])
        .is("read")
        .at(1e9)
        .tick()
        .push(answer(&["a"]))
        .is("done");
    answered()
        .respond(503, &[])
        .is("read refusal")
        .push("Busy")
        .end()
        .is("server_error");
    answered().respond(200, &[]).lose().is("connection_lost");
    assert!(answered().call.send(None, 0.0).is_err());
}

// Deadlines.

const LIMITS: &str = r#"{"timeouts":{"headersMs":100,"firstTokenMs":1000,"idleMs":300},"maxRetries":0}"#;

#[test]
fn no_headers_in_time_is_a_deadline() {
    call(LIMITS)
        .at(50.0)
        .send()
        .is("read until 100")
        .at(99.0)
        .tick()
        .is("read until 100")
        .wait()
        .is("deadline_headers");
}

#[test]
fn a_key_that_does_not_come_in_time_is_a_deadline_of_its_attempt() {
    call(LIMITS).is("send until 100").wait().is("deadline_headers");
    let mut again = call(r#"{"timeouts":{"headersMs":100},"maxRetries":1}"#);
    again.wait().is("wait until 600").wait().is("send until 700");
    again
        .at(650.0)
        .send()
        .is("read until 700")
        .wait()
        .is("deadline_headers");
    let mut first_token = call(r#"{"timeouts":{"headersMs":null,"firstTokenMs":300},"maxRetries":0}"#);
    first_token.is("send until 300").wait().is("deadline_first_token");
    call(NONE).is("send");
}

#[test]
fn silence_between_reads_is_a_deadline() {
    let mut call = call(LIMITS);
    call.send().at(50.0).respond(200, &[]).is("read until 350");
    call.at(340.0).push(": ping\n\n").is("read until 640");
    call.at(600.0).push(text("a")).is("read until 900");
    call.at(890.0)
        .push(": ping\n\n")
        .is("read until 1190")
        .wait()
        .is("deadline_idle");
}

#[test]
fn no_first_token_in_time_is_a_deadline_though_other_things_come() {
    let mut call = call(LIMITS);
    call.send().respond(200, &[]);
    for now in [250.0, 500.0, 750.0] {
        call.at(now)
            .push(events(&[role()]))
            .is(&format!("read until {}", now + 300.0_f64.min(1000.0 - now)));
    }
    call.at(990.0)
        .push(": ping\n\n")
        .is("read until 1000")
        .wait()
        .is("deadline_first_token");
}

#[test]
fn the_first_token_is_also_waited_for_before_the_headers() {
    let mut call = call(r#"{"timeouts":{"firstTokenMs":100},"maxRetries":0}"#);
    call.send().is("read until 100").wait().is("deadline_first_token");
}

#[test]
fn the_total_counts_over_everything() {
    let options = r#"{"timeouts":{"totalMs":1000}}"#;
    call(options).is("send until 1000").wait().is("deadline_total");
    call(options).send().is("read until 1000").wait().is("deadline_total");
    call(options)
        .send()
        .respond(200, &[])
        .push(text("a"))
        .is("read until 1000")
        .wait()
        .is("deadline_total");
    call(options)
        .refuse(503, &[])
        .is("wait until 500")
        .wait()
        .is("send until 1000")
        .wait()
        .is("deadline_total");
    call(options)
        .send()
        .respond(503, &[])
        .is("read refusal until 1000")
        .wait()
        .is("deadline_total");
}

#[test]
fn a_wait_that_would_outlast_the_total_is_not_begun() {
    let options = r#"{"timeouts":{"totalMs":1000}}"#;
    call(options).at(499.0).refuse(503, &[]).is("wait until 999");
    call(options).at(500.0).refuse(503, &[]).is("server_error");
    call(options).refuse(429, &[("retry-after", "1")]).is("rate_limited");
}

#[test]
fn without_deadlines_it_waits_for_ever() {
    let mut call = call(NONE);
    call.send().is("read").at(1e9).tick().is("read");
    call.respond(200, &[]).push(text("a")).at(2e9).tick().is("read");
    call.push(events(&[finish()]))
        .is("read until 2000002000")
        .wait()
        .is("done");
}

#[test]
fn behind_a_finish_reason_the_end_is_waited_for_two_seconds_or_less() {
    let body = events(&[words("a"), finish()]);
    call("{}")
        .send()
        .respond(200, &[])
        .push(&body)
        .is("read until 2000")
        .wait()
        .is("done");
    call(LIMITS)
        .send()
        .respond(200, &[])
        .push(&body)
        .is("read until 300")
        .wait()
        .is("done");
}

#[test]
fn behind_a_finish_reason_only_more_of_the_answer_is_waited_for_longer() {
    let mut call = call("{}");
    call.send()
        .respond(200, &[])
        .push(events(&[words("a"), finish()]))
        .is("read until 2000");
    for payload in [
        ": ping\n\n".to_owned(),
        "data:\n\n".to_owned(),
        events(&[usage()]),
        events(&[finish()]),
    ] {
        call.at(1500.0).push(&payload).is("read until 2000");
    }
    // Some say «stop» with each chunk (Gemini behind a proxy).
    call.push(text("b")).is("read until 3500").push(events(&[finish()]));
    // Nobody listened for a while.
    call.call.rest(1600.0);
    call.is("read").at(9000.0).call.listen(9000.0);
    call.is("read until 11000")
        .at(10_000.0)
        .push(": ping\n\n")
        .is("read until 11000")
        .wait()
        .is("done");
}

#[test]
fn the_readers_own_pauses_are_nobodys_silence() {
    let mut call = call(LIMITS);
    call.send().respond(200, &[]);
    // Nobody reads: only the total would count.
    call.at(250.0).call.rest(250.0);
    call.is("read").at(5000.0).tick().is("read");
    // Somebody reads again: both silence and the first token count from there.
    call.at(5100.0).call.listen(5000.0);
    call.is("read until 5300")
        .at(5200.0)
        .push(": ping\n\n")
        .is("read until 5500");
    call.at(5400.0).push(text("a")).is("read until 5700");
    call.call.rest(5400.0);
    call.is("read")
        .at(9000.0)
        .push(text("b"))
        .is("read until 9300")
        .wait()
        .is("deadline_idle");
}

#[test]
fn listening_does_not_put_off_what_was_heard_later() {
    let mut call = call(LIMITS);
    call.send()
        .respond(200, &[])
        .at(200.0)
        .push(": ping\n\n")
        .call
        .listen(100.0);
    call.is("read until 500");
}

// Attempts.

#[test]
fn what_may_work_the_next_time_is_tried_twice_more() {
    let fail: [(&str, fn(&mut Driven)); 9] = [
        ("connection_failed", |call| {
            call.send().lose();
        }),
        ("connection_lost", |call| {
            call.send().respond(200, &[]).push(": ping\n\n").lose();
        }),
        ("deadline_headers", |call| {
            call.send().wait();
        }),
        ("deadline_idle", |call| {
            call.send().respond(200, &[]).wait();
        }),
        ("server_error", |call| {
            call.refuse(500, &[]);
        }),
        ("rate_limited", |call| {
            call.refuse(429, &[]);
        }),
        // Under a status of success.
        ("stream_error", |call| {
            call.send()
                .respond(200, &[])
                .push("data: {\"error\":{\"message\":\"Busy\",\"code\":502}}\n\n");
        }),
        ("stream_error", |call| {
            call.send()
                .respond(200, &[])
                .push(events(&[role()]) + "event: error\ndata: Busy\n\n");
        }),
        ("stream_truncated", |call| {
            call.send().respond(200, &[]).push(events(&[role()])).end();
        }),
    ];
    for (code, fail) in fail {
        let mut call = call("{}");
        for _ in 0..2 {
            fail(&mut call);
            assert_eq!(call.call.next(), Next::Wait, "after {code}");
            call.wait();
            assert_eq!(call.call.next(), Next::Send, "after {code}");
        }
        fail(&mut call);
        call.is(code);
    }
}

#[test]
fn an_answer_that_will_not_be_another_is_not_asked_for_again() {
    for (body, code) in [
        (
            "data: {\"error\":{\"message\":\"No such model\",\"code\":404}}\n\n",
            "stream_error",
        ),
        ("data: [DONE]\n\n", "stream_empty"),
        ("data: {\n\n", "stream_malformed"),
        (": ping\n\n", "stream_empty"),
    ] {
        call("{}").send().respond(200, &[]).push(body).end().is(code);
    }
}

#[test]
fn a_status_is_tried_again_if_it_may_pass() {
    for status in [408, 409, 429, 500, 502, 503, 504, 529, 599] {
        call("{}").refuse(status, &[]).is("wait until 500");
        call("{}")
            .refuse(status, &[("x-should-retry", "true")])
            .is("wait until 500");
    }
    for status in [0, 101, 301, 307, 400, 401, 403, 404, 418, 422, 600] {
        let mut call = call("{}");
        call.refuse(status, &[]);
        assert_eq!((call.call.next(), call.error().status()), (Next::Done, Some(status)));
    }
}

#[test]
fn the_upstream_itself_may_say_whether_to_try_again() {
    call("{}")
        .refuse(503, &[("x-should-retry", "false")])
        .is("server_error");
    call("{}")
        .refuse(400, &[("x-should-retry", "true")])
        .is("wait until 500");
}

#[test]
fn retry_after_is_kept_up_to_a_minute() {
    let rows = [
        (("retry-after", "3"), "wait until 3010"),
        (("retry-after", "0"), "wait until 10"),
        (("retry-after-ms", "20"), "wait until 30"),
        (("retry-after", "60"), "wait until 60010"),
        (("retry-after", "60.001"), "rate_limited"),
        (("retry-after", "86400"), "rate_limited"),
        (("retry-after", "soon"), "wait until 510"),
    ];
    for (header, expected) in rows {
        call("{}").at(10.0).refuse(429, &[header]).is(expected);
    }
    let mut call = call("{}");
    call.refuse(429, &[("retry-after", "61")]);
    assert_eq!(call.error().retry_after_ms(), Some(61_000.0));
}

#[test]
fn waits_double_up_to_eight_seconds_less_up_to_a_quarter() {
    let waits = |seed: u32| -> Vec<Millis> {
        let mut call = seeded(&upstream("{}"), r#"{"maxRetries":8}"#, seed);
        let mut waits = Vec::new();
        for _ in 0..8 {
            call.refuse(503, &[]);
            waits.push(call.call.deadline().unwrap() - call.now);
            call.wait();
        }
        call.refuse(503, &[]).is("server_error");
        waits
    };
    for seed in 0..100_u32 {
        let seed = seed.wrapping_mul(0x9e37_79b9);
        for (wait, most) in waits(seed).into_iter().zip([500.0, 1e3, 2e3, 4e3, 8e3, 8e3, 8e3, 8e3]) {
            assert!(most * 0.75 <= wait && wait <= most, "{wait} of {most} with seed {seed}");
        }
        assert_eq!(waits(seed), waits(seed));
    }
    assert_ne!(waits(1 << 20), waits(1 << 30));
}

#[test]
fn nothing_is_asked_twice_once_something_was_handed_over() {
    let opened = |body: &str, is_read: bool| {
        let mut call = call("{}");
        call.is_read = is_read;
        call.send().respond(200, &[]).push(body);
        assert!(!call.said.is_empty());
        call
    };
    // Words count as handed over wherever they went, a beginning without words if it reached the reader.
    for (body, is_read) in [
        (text("a"), false),
        (events(&[role()]), true),
        (r#"{"id":"a"}"#.to_owned(), true),
    ] {
        opened(&body, is_read).lose().is("connection_lost");
        opened(&body, is_read).wait().is("deadline_idle");
    }
    for body in [events(&[role()]), r#"{"id":"a"}"#.to_owned()] {
        opened(&body, false).lose().is("wait until 500");
        opened(&body, false).wait().is("wait until 30500");
    }
    call("{}")
        .send()
        .respond(200, &[])
        .push(": ping\n\n")
        .push("data: {}\n\n")
        .lose()
        .is("wait until 500");
}

#[test]
fn an_answer_that_is_all_there_is_not_lost() {
    let body = events(&[words("a"), finish()]);
    call("{}").send().respond(200, &[]).push(&body).lose().is("done");
    call("{}")
        .send()
        .respond(200, &[])
        .push(body + "data: {\"cho")
        .lose()
        .is("done");
}

#[test]
fn a_second_attempt_begins_anew() {
    let mut call = call("{}");
    call.send()
        .respond(200, &[("x-request-id", "r1")])
        .push("{\"not\":")
        .lose()
        .wait();
    call.send()
        .is("read until 30500")
        .respond(200, &[("x-request-id", "r2")])
        .push(answer(&["a"]))
        .is("done");
    assert_eq!(call.call.request_id(), Some("r2"));
    assert_eq!(call.said[4], "0 says a");
}

// Refusals.

#[test]
fn a_refusal_is_read_to_learn_why() {
    let mut call = call("{}");
    call.send().respond(404, &[]).is("read refusal until 30000");
    call.at(10.0)
        .push("{\"error\":")
        .is("read refusal until 30010")
        .push("\"No such model\"}")
        .end();
    assert_eq!(
        call.error().to_string(),
        "the upstream has nothing at this address, or no such model (404): No such model"
    );
    assert_eq!(call.said, [""; 0]);
}

#[test]
fn a_refusal_is_read_no_further_than_it_is_worth() {
    let mut call = call("{}");
    call.send()
        .respond(404, &[])
        .push("x".repeat(MAX_BODY - 1))
        .is("read refusal until 30000")
        .push("yz")
        .is("not_found");
    let plain = serde_json::to_value(call.error()).unwrap();
    let body = plain["body"].as_str().unwrap();
    assert_eq!((body.len(), &body[MAX_BODY - 2..]), (MAX_BODY, "xy"));
}

#[test]
fn a_refusal_that_breaks_off_or_falls_silent_is_told_as_far_as_it_came() {
    let refused = |options: &str| {
        let mut call = call(options);
        call.send().respond(404, &[]).push("Not here");
        call
    };
    for mut call in [refused("{}"), refused(LIMITS)] {
        let before = call.call.deadline().unwrap();
        if before > 1000.0 { call.lose() } else { call.wait() }.is("not_found");
        assert!(call.error().to_string().ends_with(": Not here"));
    }
}

#[test]
fn a_refusal_that_trickles_is_given_up_with_the_first_token() {
    let mut call = call(LIMITS);
    call.send().respond(503, &[]);
    for now in [250.0, 500.0, 750.0] {
        call.at(now).push(".");
    }
    call.is("read refusal until 1000").wait().is("server_error");
}

// Keys.

#[test]
fn the_key_is_asked_for_each_attempt_and_stands_in_one_header() {
    let upstream = upstream(r#"{"headers":{"Authorization":"Bearer old","x-org":"o"}}"#);
    let mut call = seeded(&upstream, "{}", 0);
    let authorization = |request: &http::Request| -> Vec<String> {
        let whole = format!("{} {:?} {:?}", request.url, request.headers, request.body);
        assert_eq!(whole.matches("sk-").count(), usize::from(whole.contains("sk-")));
        let values = request.headers.iter().filter(|(name, _)| name == "authorization");
        values.map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(authorization(&call.send_with("sk-one")), ["Bearer sk-one"]);
    call.lose().wait();
    assert_eq!(authorization(&call.send_with("sk-two")), ["Bearer sk-two"]);
    call.lose().wait();
    assert_eq!(authorization(&call.send_with("")), ["Bearer old"]);
}

#[test]
fn no_error_holds_any_of_the_keys_that_were_used() {
    let upstream = upstream(r#"{"headers":{"Authorization":"Bearer sk-three","x-api-key":"sk-four"}}"#);
    let said = |second: &str| format!(r#"{{"error":{{"message":"sk-one sk-three sk-four","code":"{second}"}}}}"#);
    let mut refused = seeded(&upstream, r#"{"maxRetries":1}"#, 0);
    refused.send_with("sk-one");
    refused.lose().wait();
    refused.send_with("sk-two");
    refused.respond(401, &[]).push(said("sk-two")).end();
    let mut reported = seeded(&upstream, r#"{"maxRetries":0}"#, 0);
    reported.send_with("sk-one");
    reported.respond(200, &[]).push(events(&[said("sk-one")]));
    let mut unreadable = seeded(&upstream, "{}", 0);
    unreadable.send_with("sk-one");
    unreadable.respond(200, &[]).push("data: sk-one sk-four\n\n");
    // Where a message is cut, so may be the key in it.
    let long = format!("{}sk-long-{}", "x".repeat(60), "y".repeat(160));
    let mut cut = seeded(&upstream, "{}", 0);
    cut.send_with(&long[60..]);
    cut.respond(200, &[]).push(format!("data: {long}\n\n"));
    let mut plain = seeded(&upstream, "{}", 0);
    plain.send_with(&long[60..]);
    plain.respond(401, &[]).push(&long).end();
    for call in [refused, reported, unreadable, cut, plain] {
        let error = call.error();
        let shown = format!("{error} {error:?} {}", serde_json::to_string(&error).unwrap());
        assert!(shown.contains("•••") && !shown.contains("sk-"), "{shown}");
    }
}
