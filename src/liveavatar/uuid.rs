//! UUIDs, as the service reads them.

/// Whether this is a UUID: 32 hexadecimal digits, with hyphens in the four usual places or none.
#[must_use]
pub(super) fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hyphens = match bytes.len() {
        36 => true,
        32 => false,
        _ => return false,
    };
    bytes.iter().enumerate().all(|(at, byte)| {
        if hyphens && matches!(at, 8 | 13 | 18 | 23) {
            *byte == b'-'
        } else {
            byte.is_ascii_hexdigit()
        }
    })
}

/// Whether two UUIDs are the same one, however they are written.
#[must_use]
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let digits = |text: &str| -> Vec<u8> {
        let digits = text.bytes().filter(|byte| *byte != b'-');
        digits.map(|byte| byte.to_ascii_lowercase()).collect()
    };
    digits(one) == digits(other)
}
