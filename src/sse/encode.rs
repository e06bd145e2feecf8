//! Writing events so that the strictest reader takes them: LF, one space after the colon, nothing but `data` fields.

use memchr::memchr2;

/// Appends an event with this data, whose lines may end as those of an event stream do.
pub fn data(out: &mut String, data: &str) {
    let mut rest = Some(data);
    while let Some(text) = rest {
        let end = line_end(text.as_bytes()).unwrap_or(text.len());
        let (line, tail) = text.split_at_checked(end).unwrap_or((text, ""));
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
        rest = tail.strip_prefix("\r\n").or_else(|| tail.strip_prefix(['\n', '\r']));
    }
    out.push('\n');
}

/// Appends a comment and a blank line: a sign of life that means nothing.
pub fn comment(out: &mut String, text: &str) {
    out.push_str(": ");
    out.push_str(text);
    out.push_str("\n\n");
}

/// Where the first line ends, if it does. JSON seldom has any control character, which is looked for eight bytes at a time.
fn line_end(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    let (words, _) = bytes.as_chunks::<8>();
    let clean = words.iter().take_while(|word| {
        let word = u64::from_le_bytes(**word);
        word.wrapping_sub(ONES * 0x20) & !word & (ONES * 0x80) == 0
    });
    let start = clean.count() * 8;
    Some(start + memchr2(b'\n', b'\r', bytes.get(start..)?)?)
}
