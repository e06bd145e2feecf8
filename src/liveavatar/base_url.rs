//! What a base URL must be for `LiveAvatar`, which looks at none of it: it appends `/chat/completions` to whatever was
//! registered and calls that, with the secret as Bearer token and no other header. What is wrong shows as silence.

use super::issues::{Issues, Path};

/// Tells what an avatar would be mute for.
pub(super) fn check(url: &str, path: &Path<'_>, issues: &mut Issues) {
    let mut say = |code, what: &str, instead: &str| {
        issues.warning(path, code, &[what, instead]);
        if !instead.is_empty() {
            issues.suggest(instead);
        }
    };
    let Some(parts) = Parts::of(url) else {
        let what = "is no address that can be called: write one that begins with https:// and a host, without spaces";
        return say("bad_url", what, "");
    };
    let Parts {
        origin,
        host,
        path: place,
        ..
    } = parts;
    if parts.has_login {
        say(
            "url_with_login",
            "holds a user name or password: keep the key in a secret",
            "",
        );
    }
    if parts.has_query {
        let what = "holds a query or fragment, behind which /chat/completions would be appended: write ";
        say("url_with_query", what, &[origin, place].concat());
    }
    if let Some(base) = place.strip_suffix("/chat/completions") {
        let what = "ends in /chat/completions, which is appended to it once more: write ";
        say("url_with_endpoint", what, &[origin, base].concat());
    } else if let Some((_, base)) = BASES
        .iter()
        .find(|(known, base)| *known == host && !is_under(place, base))
    {
        let what = "lacks a part of the path, such as the version, and LiveAvatar adds none: write ";
        say("url_without_version", what, &["https://", &host, base].concat());
    } else if host.ends_with(".azure.com") && place.contains("/openai/deployments/") {
        let what = "is a deployment of Azure, which wants an api-version and a header of its own, and LiveAvatar sends neither: write ";
        say("url_of_deployment", what, &[origin, "/openai/v1"].concat());
    }
    if !is_public(&host) {
        let what = "leads to a machine or network of your own, where LiveAvatar cannot reach it: give a public address";
        say("url_not_public", what, "");
    } else if is_preview(&host) {
        let what = "looks like a preview, which may ask for a login or be gone tomorrow: give the address that stays";
        say("url_of_preview", what, "");
    } else if !parts.is_encrypted {
        say(
            "url_not_encrypted",
            "begins with http://, so that the key would travel unencrypted: write https://",
            "",
        );
    }
}

/// Where `/chat/completions` is at LLMs, by their references, where a path is easily forgotten.
const BASES: [(&str, &str); 7] = [
    ("api.openai.com", "/v1"),
    ("api.mistral.ai", "/v1"),
    ("api.x.ai", "/v1"),
    ("api.together.xyz", "/v1"),
    ("api.groq.com", "/openai/v1"),
    ("openrouter.ai", "/api/v1"),
    ("generativelanguage.googleapis.com", "/v1beta/openai"),
];

fn is_under(place: &str, base: &str) -> bool {
    place
        .strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where builds are shown that are not the real thing, often behind a login, as their hosts name them.
fn is_preview(host: &str) -> bool {
    host.ends_with(".vercel.app") && host.contains("-git-") || host.ends_with(".netlify.app") && host.contains("--")
}

/// Where LLMs are whose address is given by mistake for that of the service.
const LLMS: &str =
    "api.openai.com api.anthropic.com api.mistral.ai api.groq.com openrouter.ai generativelanguage.googleapis.com";

/// Why this is not where the service's own API is, as the end of a sentence, if it can be told.
pub(super) fn check_service(url: &str) -> Option<String> {
    const INSTEAD: &str = ": give LiveAvatar's, or leave `baseUrl` out; an LLM's goes into connectLlm";
    let parts = Parts::of(url)?;
    if parts.path.ends_with("/chat/completions") || LLMS.split(' ').any(|host| parts.host == host) {
        Some(["is the address of an LLM", INSTEAD].concat())
    } else {
        let base = parts.path.strip_suffix("/v1")?;
        Some(
            [
                "ends in /v1, with which the paths of LiveAvatar's API begin: write ",
                parts.origin,
                base,
            ]
            .concat(),
        )
    }
}

struct Parts<'a> {
    is_encrypted: bool,
    has_login: bool,
    has_query: bool,
    /// Scheme, host and port.
    origin: &'a str,
    /// In lower case, without a dot at its end.
    host: String,
    /// Without slashes at its end.
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_encrypted = scheme.eq_ignore_ascii_case("https");
        let is_http = is_encrypted || scheme.eq_ignore_ascii_case("http");
        if !is_http || url.bytes().any(|byte| byte <= 0x20 || byte == 0x7f) {
            return None;
        }
        let (authority, _) = cut(rest, b"/?#");
        let (origin, rest) = url.split_at_checked(scheme.len() + "://".len() + authority.len())?;
        let (path, query) = cut(rest, b"?#");
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let (host, _) = match place.strip_prefix('[') {
            Some(six) => cut(six, b"]"),
            None => cut(place, b":"),
        };
        (!host.is_empty()).then(|| Self {
            is_encrypted,
            has_login: place.len() < authority.len(),
            has_query: !query.is_empty(),
            origin,
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            path: path.trim_end_matches('/'),
        })
    }
}

/// A text up to the first of some bytes, and from there on.
fn cut<'a>(text: &'a str, stops: &[u8]) -> (&'a str, &'a str) {
    let at = text.bytes().position(|byte| stops.contains(&byte));
    text.split_at_checked(at.unwrap_or(text.len())).unwrap_or((text, ""))
}

/// What hosts begin with that cannot be reached from elsewhere: the address blocks of RFC 6890.
const PRIVATE: &str = "0. 10. 127. 169.254. 192.168. 172.16. 172.17. 172.18. 172.19. 172.20. 172.21. 172.22. 172.23. \
                       172.24. 172.25. 172.26. 172.27. 172.28. 172.29. 172.30. 172.31.";
const PRIVATE_6: &str = ":: fc fd fe8 fe9 fea feb";
/// What they end in: the special-use names of RFC 6761, 6762 and 8375, and what home networks are wont to use.
const LOCAL: &str = ".localhost .local .internal .test .invalid .example .lan .home .home.arpa";

/// Whether a host can be reached from elsewhere, as far as its name tells.
fn is_public(host: &str) -> bool {
    if host.contains(':') {
        return !PRIVATE_6.split(' ').any(|start| host.starts_with(start));
    }
    if host.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.')) {
        return !PRIVATE.split(' ').any(|start| host.starts_with(start));
    }
    // A name without a dot is one of a local network.
    host.contains('.') && !LOCAL.split(' ').any(|end| host.ends_with(end))
}
