//! Addresses: what a base URL may be, and the address of an endpoint under it.

/// Why `url` is no base URL, as the end of a sentence that says what to write instead, if it is none. `instead` is what to do
/// with a query.
#[must_use]
pub fn check_base_url(url: &str, instead: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") => rest,
        _ => return Some("must begin with https:// (or http:// on your own machine)".to_owned()),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() {
        Some("has no host".to_owned())
    } else if host.contains('@') {
        Some("holds a user name or password: give the key as `apiKey`".to_owned())
    } else if url.contains('#') {
        Some("holds a fragment (#…): remove it".to_owned())
    } else if url.contains('?') {
        Some(["holds a query (?…): ", instead].concat())
    } else if url.bytes().any(|byte| byte <= 0x20 || byte == 0x7f) {
        Some("holds white space: remove it".to_owned())
    } else {
        None
    }
}

/// The address of `path` under a base URL, with query parameters, in the way that an SDK joins them: exactly as given,
/// but for slashes at the base's end.
#[must_use]
pub fn endpoint(base: &str, path: &str, query: &[(String, String)]) -> String {
    let mut url = format!("{}{path}", base.trim_end_matches('/'));
    let mut separator = '?';
    for (name, value) in query {
        url.push(separator);
        encode(&mut url, name);
        url.push('=');
        encode(&mut url, value);
        separator = '&';
    }
    url
}

/// A text as one segment of a path.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut segment = String::new();
    encode(&mut segment, text);
    segment
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encode(out: &mut String, text: &str) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(HEX.get(usize::from(digit)));
            }
        }
    }
}
