//! Which pages may ask an endpoint (Fetch standard, «CORS protocol»).

use crate::error::Error;
use crate::json::Value;
use crate::options::Options;

/// The pages that may ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cors {
    /// Their origins; `*` is all.
    origins: Vec<String>,
}

impl Cors {
    /// Reads `{ origins: […] }` from JSON; `false` or nothing allows no page.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each origin that is none.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        if matches!(value, Value::Null | Value::Bool(false)) {
            return Ok(Self::default());
        }
        let mut given = Options::new(value.as_object().unwrap_or_default(), &["cors"]);
        if value.as_object().is_none() {
            given.wrong_type(
                &[],
                "an object such as { origins: [\"https://example.com\"] }, or false",
                value.describe(),
            );
            return given.result(Self::default());
        }
        given.check_names("`cors`", &["origins"], &[], |name| match name {
            "allowedorigin" | "alloworigin" => Some("origins"),
            _ => None,
        });
        let mut cors = Self::default();
        match value.get("origins") {
            Some(Value::Array(origins)) => {
                for (index, origin) in origins.iter().enumerate() {
                    match origin.as_str().filter(|origin| is_origin(origin)) {
                        Some(origin) => cors.origins.push(origin.to_owned()),
                        None => given.note(
                            &["origins", &index.to_string()],
                            "bad_origin",
                            "an origin is scheme, host and port and nothing after them, such as \"https://example.com\"; or \"*\" for every page",
                        ),
                    }
                }
            }
            other => given.wrong_type(
                &["origins"],
                "a list of origins",
                other.map_or("missing", Value::describe),
            ),
        }
        given.result(cors)
    }

    /// The headers that let a page of `origin` read a response; none, if it may not.
    #[must_use]
    pub fn headers(&self, origin: &str) -> Vec<(&'static str, String)> {
        if !self.allows(origin) {
            return Vec::new();
        }
        vec![
            ("access-control-allow-origin", origin.to_owned()),
            ("vary", "origin".to_owned()),
        ]
    }

    /// The headers of the answer to a preflight: what a page of `origin` may send, `asked_headers`
    /// among it; none, if nothing.
    #[must_use]
    pub fn preflight(&self, origin: &str, asked_headers: &str) -> Vec<(&'static str, String)> {
        let mut headers = self.headers(origin);
        if !headers.is_empty() {
            headers.push(("access-control-allow-methods", "GET, POST".to_owned()));
            headers.push(("access-control-allow-headers", asked_headers.to_owned()));
            // A day; browsers cut it to what they allow.
            headers.push(("access-control-max-age", "86400".to_owned()));
        }
        headers
    }

    /// The same for what a page asks with credentials, as `LiveAvatar`'s web SDK does (observed with version 0.0.18): of a
    /// preflight, if there are `asked_headers`. A page that no name is known of may ask without them.
    #[must_use]
    pub fn with_credentials(&self, origin: &str, asked_headers: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = match asked_headers {
            Some(asked) => self.preflight(origin, asked),
            None => self.headers(origin),
        };
        if self.origins.iter().any(|known| known == origin) {
            headers.push(("access-control-allow-credentials", "true".to_owned()));
        }
        headers
    }

    fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|known| known == "*" || known == origin)
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@' | b'\\');
    text == "*" || host.is_some_and(|host| !host.is_empty() && host.bytes().all(is_plain))
}
