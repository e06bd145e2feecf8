//! What a base URL of an LLM configuration is warned of.

use liveavatar_llm::error::Severity;
use liveavatar_llm::liveavatar::Payload;
use serde_json::json;

use super::issues;

#[track_caller]
fn warned(url: &str, expected: &[(&str, Option<&str>)]) {
    for payload in [Payload::LlmConfiguration, Payload::LlmConfigurationUpdate] {
        let found = issues(
            payload,
            &json!({ "display_name": "d", "model_name": "m", "secret_id": "s", "base_url": url }),
        );
        assert!(
            found
                .iter()
                .all(|issue| issue.severity == Severity::Warning && issue.path == "/base_url")
        );
        let found: Vec<_> = found
            .iter()
            .map(|issue| (issue.code, issue.suggestion.as_deref()))
            .collect();
        assert_eq!(found, expected, "{url}");
    }
}

#[test]
fn what_works_is_not_warned_of() {
    for url in [
        "https://api.openai.com/v1",
        "https://api.openai.com/v1/",
        "https://API.OPENAI.COM/v1/",
        "https://api.groq.com/openai/v1",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "https://example.com",
        "https://example.com/",
        "https://example.com:8443/api/one-per-session",
        "https://my-resource.openai.azure.com/openai/v1",
        "https://8.8.8.8/v1",
        "https://172.32.0.1/v1",
        "https://[2606:4700::1111]/v1",
        "https://10.example.com",
        "https://a.trycloudflare.com",
    ] {
        warned(url, &[]);
    }
}

#[test]
fn the_endpoint_is_no_base() {
    for url in ["https://a.b/v1/chat/completions", "https://a.b/v1/chat/completions/"] {
        warned(url, &[("url_with_endpoint", Some("https://a.b/v1"))]);
    }
    warned(
        "https://a.b/chat/completions",
        &[("url_with_endpoint", Some("https://a.b"))],
    );
}

#[test]
fn openai_needs_its_version() {
    for url in [
        "https://api.openai.com",
        "https://api.openai.com/",
        "https://api.openai.com./v2",
    ] {
        warned(url, &[("url_without_version", Some("https://api.openai.com/v1"))]);
    }
}

#[test]
fn nothing_behind_the_path_survives() {
    warned("https://a.b/v1?key=c", &[("url_with_query", Some("https://a.b/v1"))]);
    warned("https://a.b/v1#c", &[("url_with_query", Some("https://a.b/v1"))]);
    warned("https://a.b?c", &[("url_with_query", Some("https://a.b"))]);
}

#[test]
fn a_deployment_of_azure_cannot_be_called() {
    let url = "https://r.openai.azure.com/openai/deployments/d";
    warned(
        url,
        &[("url_of_deployment", Some("https://r.openai.azure.com/openai/v1"))],
    );
    warned(
        &format!("{url}/chat/completions?api-version=1"),
        &[
            (
                "url_with_query",
                Some("https://r.openai.azure.com/openai/deployments/d/chat/completions"),
            ),
            ("url_with_endpoint", Some(url)),
        ],
    );
}

#[test]
fn a_host_of_ones_own_is_out_of_reach() {
    for host in [
        "localhost",
        "LOCALHOST:8080",
        "a.localhost",
        "127.0.0.1:8080",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "[::1]:8080",
        "[::]",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "printer",
        "printer.local",
        "service.internal",
        "a.home.arpa",
        "a.test",
        "localhost.",
    ] {
        warned(&format!("https://{host}/v1"), &[("url_not_public", None)]);
        warned(&format!("http://{host}/v1"), &[("url_not_public", None)]);
    }
}

#[test]
fn a_key_travels_encrypted() {
    warned("http://example.com/v1", &[("url_not_encrypted", None)]);
    warned("https://me:pass@example.com/v1", &[("url_with_login", None)]);
}

#[test]
fn what_is_no_address_is_told() {
    for url in [
        "example.com/v1",
        "/v1",
        "ftp://a.b",
        "https://",
        "https:///v1",
        "https://:80",
        "https://a b.c",
        "https://a.b/\n",
        "https://?",
        "https://@",
        "https://[",
        "://",
        "httpsx://a.b",
        " https://a.b",
    ] {
        warned(url, &[("bad_url", None)]);
    }
}

#[test]
fn hosts_that_are_known_need_their_paths() {
    for (url, base) in [
        ("https://api.mistral.ai", "https://api.mistral.ai/v1"),
        ("https://api.groq.com/v1", "https://api.groq.com/openai/v1"),
        ("https://openrouter.ai/api", "https://openrouter.ai/api/v1"),
        ("https://api.together.xyz/", "https://api.together.xyz/v1"),
        ("https://api.x.ai/v12", "https://api.x.ai/v1"),
        (
            "https://generativelanguage.googleapis.com/v1beta",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
    ] {
        warned(url, &[("url_without_version", Some(base))]);
        warned(base, &[]);
    }
}

#[test]
fn a_preview_is_not_the_real_thing() {
    for url in [
        "https://app-git-main-team.vercel.app",
        "https://deploy-preview-5--app.netlify.app/v1",
    ] {
        warned(url, &[("url_of_preview", None)]);
    }
    for url in [
        "https://app.vercel.app",
        "https://app.netlify.app",
        "https://git-app.example.com",
    ] {
        warned(url, &[]);
    }
}
