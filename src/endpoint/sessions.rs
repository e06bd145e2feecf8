//! An endpoint for pages that want a session: which address is which, and what is answered, in the envelope of `LiveAvatar`'s
//! own API, so that its web SDK can be pointed here. Nothing of the account is told.

use crate::json::write_string;

/// What a request asks for: the name of a method of `sessions`, or why it is refused. A session is made at the endpoint's own
/// address, wherever that is; the other calls have the service's paths below it.
#[must_use]
pub fn route(method: &str, path: &str) -> &'static str {
    let below = path.rsplit_once("/v1/").map(|(_, below)| below);
    let route = match below {
        None => "createToken",
        Some("sessions/start") => "start",
        Some("sessions/stop") => "stop",
        Some("sessions/keep-alive") => "keepAlive",
        Some(_) => return "notFound",
    };
    match method {
        "POST" => route,
        "OPTIONS" => "preflight",
        _ => "usePost",
    }
}

/// What a page is told, by its reason.
#[rustfmt::skip]
const REFUSALS: [(&str, u16, &str); 12] = [
    ("notFound", 404, "There is nothing here. POST to this endpoint's own address makes a session; below it are /v1/sessions/start, stop and keep-alive."),
    ("usePost", 405, "Use POST."),
    ("foreign", 403, "Pages of this origin may not ask: name it in `cors.origins`."),
    ("notAllowed", 403, "This endpoint does not let you have a session."),
    ("unavailable", 503, "This endpoint cannot find out who may ask right now: try again later."),
    ("tooLarge", 413, "The request is larger than this endpoint takes."),
    ("unreadable", 400, "The request cannot be read."),
    ("badToken", 401, "The session's token is missing or not valid: send it as `Authorization: Bearer <session_token>`."),
    ("noSession", 404, "Session not found"),
    ("busy", 503, "There is no session to be had right now: try again later."),
    ("tooMany", 429, "Too many requests: try again later."),
    ("fault", 500, "This endpoint is not set up as it should be."),
];

/// Status and body for a request that is refused; for an unknown reason, that the service failed.
#[must_use]
pub fn refusal(reason: &str) -> (u16, String) {
    let found = REFUSALS.iter().find(|(known, ..)| *known == reason);
    let (_, status, message) = found
        .copied()
        .unwrap_or(("", 502, "LiveAvatar did not do this: try again later."));
    // As the service numbers them.
    let code = if status < 500 { 3600 } else { 4500 } + u32::from(status);
    (status, envelope(code, "null", message))
}

/// Why a call of the service failed, as the reason that a page is told. `is_pages` says that it was made with the page's own
/// token; else it was with the account's key, of which a page learns nothing.
#[must_use]
pub fn reason(status: u16, is_pages: bool) -> &'static str {
    match status {
        401 if is_pages => "badToken",
        404 if is_pages => "noSession",
        // No credits, or too many sessions at once.
        403 => "busy",
        429 => "tooMany",
        _ => "failed",
    }
}

/// Status and body for what has worked, by the name of its method; `data` is JSON.
#[must_use]
pub fn success(method: &str, data: &str) -> (u16, String) {
    match method {
        "createToken" => (200, data.to_owned()),
        "start" => (201, envelope(1000, data, "Success")),
        _ => (200, envelope(1000, data, "Success")),
    }
}

fn envelope(code: u32, data: &str, message: &str) -> String {
    let mut json = ["{\"code\":", &code.to_string(), ",\"data\":", data, ",\"message\":"].concat();
    write_string(&mut json, message);
    json.push('}');
    json
}
