//! Writing events so that the strictest reader takes them: LF, one space after the colon, nothing but `data` fields.

/// Appends an event with this data.
pub fn data(out: &mut String, data: &str) {
    for line in data.split('\n') {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
}

/// Appends a comment and a blank line: a sign of life that means nothing.
pub fn comment(out: &mut String, text: &str) {
    out.push_str(": ");
    out.push_str(text);
    out.push_str("\n\n");
}
