//! Requests and responses as plain data: the seam to whatever carries them.

mod refusal;
mod response;
mod url;

pub use refusal::{MAX_BODY, refusal};
pub(crate) use refusal::{code, message};
pub use response::Response;
pub use url::{check_base_url, endpoint, segment};

use std::fmt;

/// A request that is to be sent.
///
/// Its debug form leaves out the values of headers, since one of them is a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// The absolute address.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body as JSON, if there is one.
    pub body: Option<String>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &names)
            .field("body", &self.body.as_ref().map(String::len))
            .finish()
    }
}

/// Why `value` cannot stand in a header, as the end of a sentence, if it cannot (RFC 9110 §5.5).
#[must_use]
pub fn header_problem(name: &str, value: &str) -> Option<&'static str> {
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    {
        Some("is no header name: use letters, digits and hyphens")
    } else if value.bytes().any(|byte| byte < 0x20 && byte != b'\t' || byte == 0x7f) {
        Some("holds a line break or control character: remove it")
    } else if value.chars().any(|character| u32::from(character) > 0xff) {
        Some("holds a character that no header can carry: use Latin-1, or encode it")
    } else {
        None
    }
}
