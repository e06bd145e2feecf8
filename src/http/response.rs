//! What is known of a response before its body is read.

use crate::json::decimal;

/// A response's status and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status; 0 for an answer whose status the platform hides.
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl Response {
    /// A response with these headers.
    #[must_use]
    pub fn new(status: u16, headers: Vec<(String, String)>) -> Self {
        Self { status, headers }
    }

    /// A response of which only those headers are kept that are looked at here, each asked for by its name.
    #[must_use]
    pub fn read(status: u16, header: impl Fn(&str) -> Option<String>) -> Self {
        const NAMES: [&str; 9] = [
            "retry-after-ms",
            "retry-after",
            "x-ratelimit-reset",
            "date",
            "location",
            "x-request-id",
            "request-id",
            "apim-request-id",
            "cf-ray",
        ];
        let mut headers = Vec::new();
        for name in NAMES {
            if let Some(value) = header(name) {
                headers.push((name.to_owned(), value));
            }
        }
        Self { status, headers }
    }

    /// Whether the status means yes.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The upstream's id for the request: `x-request-id`, or a provider's own name for the same.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        ["x-request-id", "request-id", "apim-request-id", "cf-ray"]
            .into_iter()
            .find_map(|name| self.header(name))
    }

    /// How long the other side asks to wait, in milliseconds: `retry-after-ms` (`OpenAI`, Azure) or `Retry-After`
    /// (RFC 9110 §10.2.3), whose date is read against the response's own `Date`, so that no clock is needed.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<f64> {
        let number = |text: &str| decimal(text.trim());
        if let Some(ms) = self.header("retry-after-ms").and_then(number) {
            return Some(ms);
        }
        let value = self.header("retry-after")?;
        if let Some(seconds) = number(value) {
            return Some(seconds * 1000.0);
        }
        let seconds = http_date(value)? - http_date(self.header("date")?)?;
        #[expect(clippy::cast_precision_loss, reason = "a wait is short")]
        Some(seconds.max(0) as f64 * 1000.0)
    }

    /// Whether the upstream itself says that trying again makes sense (`x-should-retry`, `OpenAI`).
    #[must_use]
    pub fn should_retry(&self) -> Option<bool> {
        match self.header("x-should-retry")? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7, the form that is sent today).
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut parts = text.trim().split(' ').skip(1);
    let day = i64::from(parts.next()?.parse::<u8>().ok()?);
    let month = i64::try_from(MONTHS.find(parts.next().filter(|name| name.len() == 3)?)?).ok()? / 3 + 1;
    let year = i64::from(parts.next()?.parse::<u16>().ok()?);
    let mut clock = parts
        .next()?
        .split(':')
        .map(|part| part.parse::<u8>().ok().map(i64::from));
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    // Days by the civil calendar, counted in years that begin with March, so that the leap day comes last.
    let (year, month) = if month < 3 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469;
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_from_1970() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 29 Feb 2024 23:59:60 GMT"), Some(1_709_251_200));
        assert_eq!(http_date("yesterday"), None);
    }
}
