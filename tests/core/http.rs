//! Addresses, headers, waits and refusals.

use liveavatar_llm::error::{Error, Family, Peer};
use liveavatar_llm::http::{MAX_BODY, Request, Response, check_base_url, endpoint, header_problem, refusal};
use serde_json::Value;

fn response(status: u16, headers: &[(&str, &str)]) -> Response {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Response::new(status, headers.collect())
}

#[test]
fn a_base_url_has_a_scheme_and_a_host_and_nothing_behind_its_path() {
    let rows = [
        ("https://api.openai.com/v1", None),
        ("HTTP://localhost:1234", None),
        ("https://example.com/a@b/", None),
        ("http://[::1]:8080/v1", None),
        ("", Some("must begin with https:// (or http:// on your own machine)")),
        (
            "api.openai.com",
            Some("must begin with https:// (or http:// on your own machine)"),
        ),
        (
            "ftp://a",
            Some("must begin with https:// (or http:// on your own machine)"),
        ),
        (
            "https:/a",
            Some("must begin with https:// (or http:// on your own machine)"),
        ),
        ("https://", Some("has no host")),
        ("https:///v1", Some("has no host")),
        (
            "https://me:pw@a/v1",
            Some("holds a user name or password: give the key as `apiKey`"),
        ),
        ("https://a/v1#x", Some("holds a fragment (#…): remove it")),
        ("https://a/v1?key=1", Some("holds a query (?…): give it as `query`")),
        ("https://a/v 1", Some("holds white space: remove it")),
        ("https://a/v1\n", Some("holds white space: remove it")),
    ];
    for (url, expected) in rows {
        assert_eq!(
            check_base_url(url, "give it as `query`").as_deref(),
            expected,
            "of {url:?}"
        );
    }
}

#[test]
fn a_path_is_appended_and_the_query_encoded() {
    let rows: [(&str, &[(&str, &str)], &str); 5] = [
        ("https://a/v1", &[], "https://a/v1/chat"),
        ("https://a/v1//", &[], "https://a/v1/chat"),
        ("https://a", &[("k", "v")], "https://a/chat?k=v"),
        (
            "https://a",
            &[("a", ""), ("b-._~", "Zz9")],
            "https://a/chat?a=&b-._~=Zz9",
        ),
        (
            "https://a",
            &[("a b", "&=#?/+%é")],
            "https://a/chat?a%20b=%26%3D%23%3F%2F%2B%25%C3%A9",
        ),
    ];
    for (base, query, expected) in rows {
        let query: Vec<(String, String)> = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(endpoint(base, "/chat", &query), expected);
    }
}

#[test]
fn a_header_has_a_token_for_a_name_and_latin_1_for_a_value() {
    let rows = [
        ("x-title", "Talk to me", None),
        ("X_a.b!1", "\t", None),
        ("x-title", "grün", None),
        ("", "a", Some("is no header name: use letters, digits and hyphens")),
        (
            "x title",
            "a",
            Some("is no header name: use letters, digits and hyphens"),
        ),
        ("x:", "a", Some("is no header name: use letters, digits and hyphens")),
        ("é", "a", Some("is no header name: use letters, digits and hyphens")),
        (
            "x",
            "a\r\nb: c",
            Some("holds a line break or control character: remove it"),
        ),
        (
            "x",
            "a\u{7f}",
            Some("holds a line break or control character: remove it"),
        ),
        ("x", "a\0", Some("holds a line break or control character: remove it")),
        (
            "x",
            "日本",
            Some("holds a character that no header can carry: use Latin-1, or encode it"),
        ),
    ];
    for (name, value, expected) in rows {
        assert_eq!(header_problem(name, value), expected, "of {name:?}: {value:?}");
    }
}

#[test]
fn the_debug_form_of_a_request_has_no_value_of_a_header_and_no_body() {
    let request = Request {
        method: "POST",
        url: "https://a/v1/chat/completions".to_owned(),
        headers: vec![("authorization".to_owned(), "Bearer sk-secret".to_owned())],
        body: Some("{\"messages\":\"private\"}".to_owned()),
    };
    assert_eq!(
        format!("{request:?}"),
        r#"Request { method: "POST", url: "https://a/v1/chat/completions", headers: ["authorization"], body: Some(22) }"#
    );
}

#[test]
fn a_response_is_read_by_the_names_of_its_headers() {
    let answer = response(
        299,
        &[("X-Request-ID", "r1"), ("cf-ray", "r2"), ("x-should-retry", "true")],
    );
    assert!(answer.is_success());
    assert_eq!(answer.request_id(), Some("r1"));
    assert_eq!(answer.should_retry(), Some(true));
    assert_eq!(answer.header("cf-ray"), Some("r2"));
    for (name, expected) in [
        ("request-id", Some("a")),
        ("apim-request-id", Some("a")),
        ("x-id", None),
    ] {
        assert_eq!(response(200, &[(name, "a")]).request_id(), expected, "of {name}");
    }
    for (value, expected) in [("false", Some(false)), ("maybe", None)] {
        assert_eq!(response(500, &[("x-should-retry", value)]).should_retry(), expected);
    }
    for status in [0, 199, 300, 404] {
        assert!(!response(status, &[]).is_success());
    }
}

#[test]
fn retry_after_is_a_number_or_a_date() {
    let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    let rows: [(&[(&str, &str)], Option<f64>); 19] = [
        (&[], None),
        (&[("Retry-After", "2")], Some(2000.0)),
        (&[("Retry-After", " 0 ")], Some(0.0)),
        (&[("Retry-After", "1.5")], Some(1500.0)),
        (&[("retry-after-ms", "250")], Some(250.0)),
        (&[("retry-after-ms", "250"), ("Retry-After", "9")], Some(250.0)),
        (&[("retry-after-ms", "soon"), ("Retry-After", "9")], Some(9000.0)),
        (&[("Retry-After", "-1")], None),
        (&[("Retry-After", "soon")], None),
        (&[("Retry-After", "1e999")], None),
        (
            &[("Retry-After", "Sun, 06 Nov 1994 08:49:47 GMT"), date],
            Some(10_000.0),
        ),
        (
            &[("Retry-After", "Mon, 07 Nov 1994 00:00:00 GMT"), date],
            Some(54_623_000.0),
        ),
        (
            &[
                ("Retry-After", "Sat, 01 Jan 2000 00:00:00 GMT"),
                ("date", "Fri, 31 Dec 1999 23:59:59 GMT"),
            ],
            Some(1000.0),
        ),
        // A century is no leap year, but for every fourth.
        (
            &[
                ("Retry-After", "Mon, 01 Mar 2100 00:00:00 GMT"),
                ("date", "Sun, 28 Feb 2100 00:00:00 GMT"),
            ],
            Some(86_400_000.0),
        ),
        (
            &[
                ("Retry-After", "Wed, 01 Mar 2000 00:00:00 GMT"),
                ("date", "Mon, 28 Feb 2000 00:00:00 GMT"),
            ],
            Some(172_800_000.0),
        ),
        (&[("Retry-After", "Sun, 06 Nov 1994 08:00:00 GMT"), date], Some(0.0)),
        (&[("Retry-After", "Sun, 06 Nov 1994 08:49:47 GMT")], None),
        (&[("Retry-After", "Sun, 06 Foo 1994 08:49:47 GMT"), date], None),
        (&[("Retry-After", "Sunday, 06-Nov-94 08:49:47 GMT"), date], None),
    ];
    for (headers, expected) in rows {
        assert_eq!(response(429, headers).retry_after_ms(), expected, "of {headers:?}");
    }
}

fn refused(status: u16, body: &str) -> Error {
    refusal(Peer::Upstream, &response(status, &[]), body.as_bytes())
}

#[test]
fn a_refusal_gives_the_services_own_words_and_code_in_whichever_shape() {
    let page = "a web page instead of JSON: is this the address of the API?";
    let rows = [
        // OpenAI.
        (
            r#"{"error":{"message":"Bad key.","type":"auth","code":"invalid_api_key"}}"#,
            "Bad key.",
            "invalid_api_key",
        ),
        (
            r#"{"error":{"message":"Bad key.","type":"auth","code":null}}"#,
            "Bad key.",
            "auth",
        ),
        // Gemini.
        (
            r#"[{"error":{"code":400,"message":"Bad key.","status":"INVALID_ARGUMENT"}}]"#,
            "Bad key.",
            "400",
        ),
        // LiveAvatar.
        (
            r#"{"code":4001,"data":[{"loc":["name"],"message":"Too long."}],"message":"Invalid"}"#,
            "name: Too long.",
            "4001",
        ),
        (r#"{"code":4000,"data":null,"message":"Invalid"}"#, "Invalid", "4000"),
        (
            r#"{"code":4000,"data":{"message":"Gone"},"message":"Invalid"}"#,
            "Gone",
            "4000",
        ),
        // FastAPI.
        (r#"{"detail":"Not Found"}"#, "Not Found", ""),
        (
            r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required"}]}"#,
            "Field required",
            "",
        ),
        // Others.
        (r#"{"error":"Busy"}"#, "Busy", ""),
        (r#"{"error":"Busy","code":"overloaded"}"#, "Busy", "overloaded"),
        (r#"{"error":{"message":""},"message":"Busy"}"#, "Busy", ""),
        (r#"{"message":"Busy","type":"x"}"#, "Busy", "x"),
        ("Busy\nTry later.", "Busy", ""),
        ("\u{a0} Busy \r\n", "Busy", ""),
        ("<html>Busy</html>", page, ""),
        ("  <!doctype html>", page, ""),
        ("", "", ""),
        ("{}", "", ""),
        ("[]", "", ""),
        (r#"{"error":{"nothing":1}}"#, "", ""),
    ];
    for (body, words, code) in rows {
        let error = refused(500, body);
        let said = if words.is_empty() {
            String::new()
        } else {
            format!(": {words}")
        };
        assert_eq!(
            error.to_string(),
            format!("the upstream failed (500){said}"),
            "of {body}"
        );
        let plain = serde_json::to_value(&error).unwrap();
        let service_code = plain.get("serviceCode").map_or("", |code| code.as_str().unwrap());
        assert_eq!(service_code, code, "of {body}");
        assert_eq!(plain["body"], body.trim(), "of {body}");
    }
}

#[test]
fn the_status_tells_what_went_wrong() {
    let rows = [
        (400, "bad_request", "the upstream did not accept the request (400)"),
        (422, "bad_request", "the upstream did not accept the request (422)"),
        (401, "unauthorized", "the upstream did not accept the key (401)"),
        (403, "forbidden", "the upstream does not allow this to the key (403)"),
        (
            404,
            "not_found",
            "the upstream has nothing at this address, or no such model (404)",
        ),
        (408, "timed_out", "the upstream gave up waiting (408)"),
        (504, "timed_out", "the upstream gave up waiting (504)"),
        (
            429,
            "rate_limited",
            "the upstream takes no more requests for now, or the quota is used up (429)",
        ),
        (500, "server_error", "the upstream failed (500)"),
        (599, "server_error", "the upstream failed (599)"),
        (418, "refused", "the upstream refused the request (418)"),
        (101, "refused", "the upstream refused the request (101)"),
    ];
    for (status, code, message) in rows {
        let error = refused(status, "");
        assert_eq!(
            (error.family(), error.code(), error.status()),
            (Family::Api, code, Some(status))
        );
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_redirect_is_told_with_its_target_without_the_query_and_not_followed() {
    let advice = "and is not followed, since the key would go along: give the address it leads to as the base URL";
    let rows: [(u16, &[(&str, &str)], String); 4] = [
        (
            302,
            &[("location", "https://b.example/v1?token=secret#x")],
            format!("the upstream redirects (302): to https://b.example/v1, {advice}"),
        ),
        (
            307,
            &[("Location", "/login")],
            format!("the upstream redirects (307): to /login, {advice}"),
        ),
        (
            308,
            &[],
            format!("the upstream redirects (308): to an address that it does not tell, {advice}"),
        ),
        (
            0,
            &[],
            format!("the upstream redirects: to an address that it does not tell, {advice}"),
        ),
    ];
    for (status, headers, message) in rows {
        let error = refusal(Peer::Upstream, &response(status, headers), b"{\"error\":\"moved\"}");
        assert_eq!((error.code(), error.to_string()), ("redirected", message));
    }
}

#[test]
fn a_refusal_keeps_what_helps_to_find_it_again() {
    let headers = [("x-request-id", "r1"), ("retry-after", "3")];
    let plain = serde_json::to_value(refusal(Peer::Upstream, &response(429, &headers), b"no\xff")).unwrap();
    assert_eq!(
        [&plain["requestId"], &plain["retryAfterMs"], &plain["body"]],
        [&Value::from("r1"), &Value::from(3000.0), &Value::from("no\u{fffd}")]
    );
}

#[test]
fn a_long_text_is_cut_in_the_message_and_kept_in_the_body() {
    let text = "é".repeat(MAX_BODY / 2);
    let error = refused(500, &text);
    assert_eq!(
        error.to_string(),
        format!("the upstream failed (500): {}", "é".repeat(200))
    );
    assert_eq!(serde_json::to_value(&error).unwrap()["body"], text);
}
