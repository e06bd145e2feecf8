//! [`crate::liveavatar`] for JavaScript: validation, and a driver for its errands.

use gloo_net::http;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use super::http::{check_fetchable, web_request};
use super::report;
use crate::error::{Error, Issue, Secret};
use crate::http::Response;
use crate::liveavatar::{self, Errand, Loss, Next, Payload};

/// Everything that is wrong with a payload, or nothing. `payload` names which it is to be: `"sessionToken"`,
/// `"secret"`, `"llmConfiguration"`, `"llmConfigurationUpdate"`, `"context"` or `"chatRequest"`; `json` is UTF-8, which is
/// passed in half the time that a string takes. `context` is that of a session as JSON, where it is known.
#[wasm_bindgen]
#[must_use]
pub fn validate(payload: &str, json: &[u8], context: Option<String>) -> Option<JsIssues> {
    let issues = match (Payload::named(payload), std::str::from_utf8(json)) {
        (Some(payload), Ok(json)) => {
            let mut issues = liveavatar::validate(payload, json);
            if let Some(context) = context {
                issues.append(&mut liveavatar::unfilled(json, &context));
            }
            issues
        }
        _ => vec![Issue::error("", "not_json", "this is no JSON text")],
    };
    (!issues.is_empty()).then(|| report(&issues).into())
}

/// The payload of a session as JSON, made from JSON.
///
/// # Errors
///
/// A validation error with everything that is wrong with it, if any of that is an error.
#[wasm_bindgen(js_name = buildSessionToken)]
pub fn build_session_token(options: &str) -> Result<String, Error> {
    liveavatar::build(options)
}

/// Checks the options of a client, as JSON. Gives how long an attempt may take, in milliseconds; `undefined` is for ever.
///
/// # Errors
///
/// A validation error with an issue for each that is unknown or not what it must be.
#[wasm_bindgen(js_name = checkSettings)]
pub fn check_settings(settings: &str) -> Result<Option<f64>, Error> {
    let settings = liveavatar::Settings::parse(settings)?;
    check_fetchable(&settings.base_url, "/baseUrl")?;
    Ok(settings.timeout_ms)
}

/// Does what the method `name` of a client does. `given` and `settings` are JSON, `seed` is any random number. Gives the
/// answer's data as JSON.
///
/// # Errors
///
/// The error it ended with; or what `key` or `fetch` of `platform` was rejected with, as it is.
#[wasm_bindgen]
pub async fn perform(
    name: String,
    given: String,
    settings: String,
    seed: u32,
    platform: Platform,
) -> Result<String, JsValue> {
    let mut errand = Box::new(Errand::new(&name, &given, &settings, platform.names(), seed)?);
    if let Some(url) = errand.registers() {
        check_fetchable(url, "/baseUrl")?;
    }
    loop {
        let next = errand.proceed();
        let promise = match next {
            Next::Key => platform.key(),
            Next::Send => {
                let request = web_request(errand.send()?, &platform.signal())?;
                platform.fetch(&request, errand.timeout_ms())
            }
            Next::Wait(ms) => platform.sleep(ms),
            Next::Done => break,
        };
        let settled = JsFuture::from(promise).await?;
        if next == Next::Key {
            errand.unlock(Secret::new(settled.as_string().unwrap_or_default())?);
        } else if let Some(code) = settled.as_string() {
            errand.lose(Loss::from_code(&code));
        } else if next == Next::Send {
            let response = http::Response::from(web_sys::Response::from(settled));
            let headers = response.headers();
            let head = Response::read(response.status(), |name| headers.get(name));
            let body = response.text().await.unwrap_or_default();
            errand.respond(&head, &body);
        }
    }
    let (outcome, names) = errand.finish();
    platform.set_names(names);
    Ok(outcome?)
}

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** One thing that is wrong with a value, as plain data. */
export interface IssueData { path: string; code: string; message: string; severity: "error" | "warning"; suggestion?: string }

/** What the module cannot do by itself. None of it throws; what is a promise is one of the platform's own. */
export interface Platform {
  /** What has been learnt about names; read at the beginning of a call and written at its end. */
  names: number;
  /** Gives the API key. A rejection ends the call with its reason. */
  key(): Promise<string>;
  /** The signal of the next attempt, which the platform aborts when it takes too long. */
  signal(): AbortSignal;
  /**
   * Makes an attempt. Gives a real Response whose body is all there; else `"late"`, or the platform's code for why there is
   * none, which may be empty. A rejection ends the call with its reason.
   */
  fetch(request: Request, timeoutMs: number | undefined): Promise<Response | string>;
  /** Resolves after a time. A rejection ends the call with its reason. */
  sleep(ms: number): Promise<void>;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// Issues as plain data.
    #[wasm_bindgen(typescript_type = "IssueData[]")]
    pub type JsIssues;

    /// What the module cannot do by itself.
    #[wasm_bindgen(typescript_type = "Platform")]
    pub type Platform;

    #[wasm_bindgen(method, getter)]
    fn names(this: &Platform) -> u32;
    #[wasm_bindgen(method, setter)]
    fn set_names(this: &Platform, names: u32);
    #[wasm_bindgen(method)]
    fn key(this: &Platform) -> Promise;
    #[wasm_bindgen(method)]
    fn signal(this: &Platform) -> AbortSignal;
    #[wasm_bindgen(method)]
    fn fetch(this: &Platform, request: &web_sys::Request, timeout_ms: Option<f64>) -> Promise;
    #[wasm_bindgen(method)]
    fn sleep(this: &Platform, ms: f64) -> Promise;
}
