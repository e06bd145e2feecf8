//! Decimal numbers for quantities such as waits.

/// The value of a decimal number that is not negative, such as `1500`, `0.5` or `2e3`, if it is one and finite.
///
/// It is exact for whole numbers up to 2⁵³ and within a few units of the last place beyond, which is all that a wait
/// needs; the standard library's parser is exact everywhere, and twenty kilobytes of tables.
#[must_use]
pub fn decimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || mantissa.ends_with('.') {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10.0 + f64::from(digit - b'0');
    }
    let scale = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    for _ in 0..scale.unsigned_abs().min(400) {
        value = if scale < 0 { value / 10.0 } else { value * 10.0 };
    }
    value.is_finite().then_some(value)
}
