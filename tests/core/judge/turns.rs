//! How a turn goes: attempts, patience, redirects, and what it amounts to.

use liveavatar_llm::call::Millis;
use liveavatar_llm::judge::{
    Caller, Happening, Judge, Loss, Next, Outcome, Patience, Recording, Verdict, Verdicts, Why, judge,
};

use super::{DONE, say};

const BOTH: [Caller; 2] = Caller::ALL;

fn head(status: u16) -> Happening<'static> {
    Happening::Head {
        status,
        location: false,
        encoding: "",
    }
}

fn redirect(status: u16) -> Happening<'static> {
    Happening::Head {
        status,
        location: true,
        encoding: "",
    }
}

/// What happens at once.
fn at_once<'a>(happenings: impl IntoIterator<Item = Happening<'a>>) -> Recording<'a> {
    happenings.into_iter().map(|happening| (0.0, happening)).collect()
}

fn refusal(status: u16) -> Recording<'static> {
    at_once([head(status), Happening::End])
}

fn body(text: &str) -> Recording<'_> {
    at_once([head(200), Happening::Bytes(text.as_bytes()), Happening::End])
}

/// Outcome, why, and how often it was asked.
fn told(verdict: &Verdict) -> (Outcome, Option<Why>, usize) {
    (verdict.outcome, verdict.why, verdict.attempts.len())
}

#[track_caller]
fn ends(attempts: &[Recording<'_>], expected: (Outcome, Option<Why>, usize)) {
    for caller in BOTH {
        assert_eq!(told(&judge(caller, attempts)), expected, "{caller:?}");
    }
}

#[test]
fn a_good_answer_is_spoken_at_the_first_attempt() {
    ends(&[body(&(say("Hello") + DONE))], (Outcome::Spoken, None, 1));
}

#[test]
fn what_failed_before_anything_was_said_is_asked_four_times() {
    ends(&[body("data: {\n\n")], (Outcome::Lost, Some(Why::NotJson), 4));
    ends(
        &[body(&(say("Hello") + "data: {\n\n"))],
        (Outcome::Cut, Some(Why::NotJson), 1),
    );
    ends(
        &[body("data: {\n\n"), refusal(503), body(&say("Hello"))],
        (Outcome::Spoken, None, 3),
    );
}

#[test]
fn attempts_are_a_tenth_of_a_second_and_then_two_seconds_apart() {
    let mut judge = Judge::new(Caller::Observed, Patience::default());
    let mut sent = Vec::new();
    let mut now = 0.0;
    while judge.next() != Next::Done {
        sent.push(now);
        judge.send(now);
        judge.lose(Loss::Connection, now + 5.0);
        now = judge.due().unwrap_or(now);
        judge.tick(now - 1.0);
        assert!(matches!(judge.next(), Next::Wait | Next::Done));
        judge.tick(now);
    }
    assert_eq!(sent, [0.0, 105.0, 2110.0, 4115.0]);
    assert_eq!(
        judge.verdict().map(told),
        Some((Outcome::Lost, Some(Why::NoConnection), 4))
    );
}

#[test]
fn statuses_from_400_on_are_final_but_for_408_and_429_and_others_are_tried_again() {
    for status in [400, 401, 402, 403, 404, 405, 409, 410, 422, 431, 498] {
        ends(&[refusal(status)], (Outcome::Lost, Some(Why::Refused), 1));
    }
    for status in [101, 300, 302, 304, 408, 429, 500, 502, 503, 529, 599] {
        ends(&[refusal(status)], (Outcome::Lost, Some(Why::Refused), 4));
    }
    for status in [200, 201, 204, 206, 299] {
        ends(&[refusal(status)], (Outcome::Mute, Some(Why::EmptyBody), 1));
    }
    ends(&[refusal(499)], (Outcome::Mute, Some(Why::HungUp), 1));
}

#[test]
fn a_refusal_whose_body_breaks_off_or_goes_silent_is_forgotten_and_tried_again() {
    ends(
        &[at_once([head(401), Happening::Lost(Loss::Connection)])],
        (Outcome::Lost, Some(Why::Broken), 4),
    );
    ends(&[at_once([head(401)])], (Outcome::Lost, Some(Why::Silence), 4));
}

#[test]
fn ten_seconds_of_silence_end_an_attempt_wherever_they_are() {
    let (hello, done) = (say("Hello"), DONE.as_bytes());
    let silent = |before: Millis, between: Millis| {
        vec![
            (before, head(200)),
            (before + between, Happening::Bytes(hello.as_bytes())),
            (before + between, Happening::Bytes(done)),
        ]
    };
    ends(&[silent(10_000.0, 10_000.0)], (Outcome::Spoken, None, 1));
    ends(&[silent(10_001.0, 0.0)], (Outcome::Lost, Some(Why::NoAnswer), 4));
    ends(&[silent(0.0, 10_001.0)], (Outcome::Lost, Some(Why::Silence), 4));
    ends(&[vec![]], (Outcome::Lost, Some(Why::NoAnswer), 4));
    ends(
        &[at_once([head(200), Happening::Bytes(hello.as_bytes())])],
        (Outcome::Cut, Some(Why::Silence), 1),
    );
    let lost = judge(Caller::Observed, &[vec![]]);
    assert!(lost.attempts.iter().all(|attempt| attempt.ms == 10_000.0));
}

#[test]
fn any_byte_ends_a_silence() {
    let hello = say("Hello");
    let mut comments: Recording<'_> = vec![(9000.0, head(200))];
    comments.extend((2..6).map(|at| (f64::from(at) * 9000.0, Happening::Bytes(b":"))));
    comments.extend([
        (54_000.0, Happening::Bytes(b"\n\n")),
        (54_000.0, Happening::Bytes(hello.as_bytes())),
        (54_000.0, Happening::End),
    ]);
    ends(&[comments], (Outcome::Spoken, None, 1));
}

#[test]
fn after_done_nothing_matters() {
    let whole = say("Hello") + DONE;
    for after in [Happening::Lost(Loss::Connection), Happening::Bytes(b"data: {\n\n")] {
        ends(
            &[at_once([head(200), Happening::Bytes(whole.as_bytes()), after])],
            (Outcome::Spoken, None, 1),
        );
    }
}

#[test]
fn a_broken_body_is_cut_or_lost_by_what_was_heard() {
    let hello = say("Hello");
    let broken = |text: &'static str| {
        at_once([
            head(200),
            Happening::Bytes(text.as_bytes()),
            Happening::Lost(Loss::Connection),
        ])
    };
    ends(&[broken(": hb\n\n")], (Outcome::Lost, Some(Why::Broken), 4));
    let cut = at_once([
        head(200),
        Happening::Bytes(hello.as_bytes()),
        Happening::Lost(Loss::Connection),
    ]);
    ends(&[cut], (Outcome::Cut, Some(Why::Broken), 1));
    ends(
        &[at_once([head(200), Happening::Lost(Loss::Encoding)])],
        (Outcome::Lost, Some(Why::Undecodable), 4),
    );
}

#[test]
fn redirects_are_followed_and_some_make_a_get_of_the_request() {
    let hello = say("Hello");
    for status in [307, 308] {
        let followed = at_once([
            redirect(status),
            Happening::End,
            head(200),
            Happening::Bytes(hello.as_bytes()),
            Happening::End,
        ]);
        ends(&[followed], (Outcome::Spoken, None, 1));
    }
    for status in [301, 302, 303] {
        let refused = at_once([
            redirect(status),
            Happening::End,
            redirect(307),
            Happening::End,
            head(405),
            Happening::End,
        ]);
        ends(
            std::slice::from_ref(&refused),
            (Outcome::Lost, Some(Why::RedirectedAsGet), 1),
        );
        assert_eq!(judge(Caller::Observed, &[refused]).requests, 3);
        let page = at_once([
            redirect(status),
            Happening::End,
            head(200),
            Happening::Bytes(b"<html>"),
            Happening::End,
        ]);
        ends(&[page], (Outcome::Mute, Some(Why::RedirectedAsGet), 1));
    }
}

#[test]
fn the_method_is_told_with_each_request() {
    let mut judge = Judge::new(Caller::Observed, Patience::default());
    let mut methods = Vec::new();
    for status in [307, 302, 308] {
        methods.push(judge.method());
        judge.send(0.0);
        judge.head(status, true, "", 0.0);
        judge.end(0.0);
    }
    methods.push(judge.method());
    judge.send(0.0);
    judge.head(500, false, "", 0.0);
    judge.end(0.0);
    judge.tick(judge.due().unwrap());
    methods.push(judge.method());
    assert_eq!(methods, ["POST", "POST", "GET", "GET", "POST"]);
}

#[test]
fn twenty_redirects_are_followed_in_an_attempt_and_no_more() {
    let circle = |hops: usize| {
        let mut recording: Recording<'_> = Vec::new();
        for _ in 0..hops {
            recording.extend(at_once([redirect(307), Happening::End]));
        }
        recording.extend(refusal(401));
        recording
    };
    ends(&[circle(20)], (Outcome::Lost, Some(Why::Refused), 1));
    ends(&[circle(21)], (Outcome::Lost, Some(Why::TooManyRedirects), 4));
    assert_eq!(judge(Caller::Newest, &[circle(21)]).requests, 84);
}

#[test]
fn a_redirect_to_where_nobody_answers_has_no_status() {
    let nowhere = at_once([redirect(307), Happening::End, Happening::Lost(Loss::Connection)]);
    ends(
        std::slice::from_ref(&nowhere),
        (Outcome::Lost, Some(Why::NoConnection), 4),
    );
    assert_eq!(judge(Caller::Observed, &[nowhere]).status, None);
}

#[test]
fn an_encoding_that_the_caller_does_not_undo_is_named() {
    let odd = |bytes: &'static [u8]| {
        let head = Happening::Head {
            status: 200,
            location: false,
            encoding: "gzip, br",
        };
        at_once([head, Happening::Bytes(bytes), Happening::End])
    };
    ends(&[odd(b"\xff\n")], (Outcome::Lost, Some(Why::UnknownEncoding), 4));
    ends(&[odd(b"abc")], (Outcome::Mute, Some(Why::UnknownEncoding), 1));
}

#[test]
fn why_nothing_was_heard_is_told_by_what_there_was() {
    let choice = |json: &str| format!("data: {{\"id\":\"c\",\"choices\":[{json}]}}\n\n");
    for (text, why) in [
        (String::new(), Why::EmptyBody),
        (r#"{"id":"c","choices":[]}"#.to_owned(), Why::NotAStream),
        ("<!doctype html>\n\n".to_owned(), Why::NotAStream),
        (": hb\n\n".to_owned(), Why::NotAStream),
        (DONE.to_owned(), Why::NoDelta),
        (choice(""), Why::NoDelta),
        (choice(r#"{"message":{"content":"a"}}"#), Why::MessageForDelta),
        (choice(r#"{"text":"a"}"#), Why::MessageForDelta),
        (choice(r#"{"delta":{}}"#), Why::NoText),
        (say(""), Why::NoText),
        (say(" \n"), Why::OnlyWhiteSpace),
        (say("<think>") + &say("hm"), Why::OnlyThoughts),
        (choice(r#"{"delta":{"reasoning_content":"hm"}}"#), Why::OnlyReasoning),
        (choice(r#"{"delta":{"refusal":"no"}}"#), Why::OnlyRefusal),
        (
            choice(r#"{"delta":{},"finish_reason":"content_filter"}"#),
            Why::OnlyContentFilter,
        ),
        (
            choice(r#"{"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"f"}}]},"finish_reason":"stop"}"#),
            Why::OnlyToolCall,
        ),
    ] {
        ends(&[body(&text)], (Outcome::Mute, Some(why), 1));
    }
}

#[test]
fn the_verdicts_of_both_versions_say_in_what_they_differ() {
    let same = Verdicts::of(&[body(&say("Hello"))]);
    assert_eq!(same.differences(), [""; 0]);
    let list = say("Hello").replace("\"Hello\"", "[\"Hello\"]");
    assert_eq!(
        Verdicts::of(&[body(&list)]).differences(),
        ["outcome", "heard", "why", "attempts"]
    );
    let usage = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{}}\n\ndata: {\n\n";
    assert_eq!(Verdicts::of(&[body(usage)]).differences(), ["why", "attempts"]);
}

#[test]
fn words_are_taken_as_they_come_and_the_last_ones_after_the_end() {
    let mut judge = Judge::new(Caller::Newest, Patience::default());
    judge.send(0.0);
    judge.head(200, false, "", 1.0);
    judge.push(say("Hello").as_bytes(), 2.0);
    assert!(judge.has_output());
    assert_eq!(judge.take(), "Hello");
    assert!(!judge.has_output());
    judge.push((say(" world") + DONE).as_bytes(), 3.0);
    assert_eq!(judge.next(), Next::Done);
    assert_eq!(judge.take(), " world");
    assert_eq!(judge.verdict().unwrap().heard(), "Hello world");
}

#[test]
fn a_verdict_is_written_as_json_with_all_that_it_has() {
    let mut judge = Judge::new(
        Caller::Observed,
        Patience {
            waits_ms: vec![5.0],
            ..Patience::default()
        },
    );
    let mut json = String::new();
    judge.send(0.0);
    judge.head(503, false, "", 1.0);
    judge.end(1.4);
    judge.write(&mut json);
    let refused = format!(
        r#"{{"why":{{"code":"refused","message":"{}"}},"status":503,"ms":1}}"#,
        Why::Refused.sentence()
    );
    assert_eq!(json, format!(r#"{{"attempts":[{refused}]}}"#));
    judge.tick(6.4);
    judge.send(6.4);
    judge.head(200, false, "", 7.0);
    judge.push(
        (say("\"Hi\"") + DONE).replace("\"\"Hi\"\"", r#""\"Hi\"""#).as_bytes(),
        8.0,
    );
    json.clear();
    judge.write(&mut json);
    let attempts = format!(r#"[{refused},{{"why":null,"status":200,"ms":2}}]"#);
    assert_eq!(
        json,
        format!(
            r#"{{"outcome":"spoken","heard":"\"Hi\"","why":null,"status":200,"requests":2,"toolCalls":[],"attempts":{attempts}}}"#
        )
    );
}
