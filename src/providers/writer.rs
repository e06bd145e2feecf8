//! Writing JSON member by member.

use crate::json::{Value, write_string};

/// A JSON text that grows. Commas are put where they belong.
#[derive(Debug, Default)]
pub(super) struct Writer(String);

impl Writer {
    fn separate(&mut self) {
        if !self.0.ends_with(['{', '[', ':']) && !self.0.is_empty() {
            self.0.push(',');
        }
    }

    /// The name of a member, whose value is to follow.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.separate();
        write_string(&mut self.0, name);
        self.0.push(':');
        self
    }

    /// A value that is JSON already, or the beginning of one.
    pub(super) fn json(&mut self, json: &str) -> &mut Self {
        self.separate();
        self.0.push_str(json);
        self
    }

    pub(super) fn value(&mut self, value: &Value) -> &mut Self {
        self.separate();
        value.write(&mut self.0);
        self
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.separate();
        write_string(&mut self.0, text);
        self
    }

    /// The end of what was begun.
    pub(super) fn end(&mut self, brackets: &str) -> &mut Self {
        self.0.push_str(brackets);
        self
    }

    pub(super) fn into_json(self) -> String {
        self.0
    }
}
