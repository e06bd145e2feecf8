//! Reading what a developer sets: an object of options as JSON, all problems at once, each with what was probably meant.

use crate::error::{self, Error, Issue};
use crate::json::Value;

/// An object of options, and what was found wrong in it so far.
pub(crate) struct Options<'a> {
    members: &'a [(String, Value)],
    /// The names that lead to it from the outermost object.
    path: Vec<&'a str>,
    issues: Vec<Issue>,
}

impl<'a> Options<'a> {
    /// Reads `members`, which are those of the object that `path` leads to.
    pub(crate) fn new(members: &'a [(String, Value)], path: &[&'a str]) -> Self {
        Self {
            members,
            path: path.to_vec(),
            issues: Vec::new(),
        }
    }

    /// The value of a member; `null` is as good as none.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.members
            .iter()
            .find(|(known, value)| known == name && *value != Value::Null)
            .map(|(_, value)| value)
    }

    /// The value of a member, `null` too.
    fn get_null(&self, name: &str) -> Option<&'a Value> {
        self.members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Notes every member that is none of `known`. `what` names the object («an upstream»), `further` what else it has
    /// that is not read here, `meant` knows other people's names for ours.
    pub(crate) fn check_names(
        &mut self,
        what: &str,
        known: &[&'static str],
        further: &[&str],
        meant: impl Fn(&str) -> Option<&'static str>,
    ) {
        for (name, _) in self.members {
            if known.contains(&name.as_str()) {
                continue;
            }
            let plain = plain(name);
            let meant = known
                .iter()
                .find(|known| self::plain(known) == plain)
                .copied()
                .or_else(|| meant(&plain));
            let advice = meant.map_or_else(
                || format!("it has {}", list(known, further)),
                |meant| format!("write `{meant}`"),
            );
            let mut issue = Issue::error(
                self.pointer(&[name]),
                "unknown_member",
                format!("{what} has no `{name}`: {advice}"),
            );
            issue.suggestion = meant.map(str::to_owned);
            self.issues.push(issue);
        }
    }

    /// The object of options in a member, empty if there is none. Give it back with [`Options::leave`].
    pub(crate) fn enter(&mut self, name: &'a str) -> Self {
        let members = self.members_of(name);
        let mut path = self.path.clone();
        path.push(name);
        Self {
            members,
            path,
            issues: std::mem::take(&mut self.issues),
        }
    }

    /// Takes back what was found in an object within this one.
    pub(crate) fn leave(&mut self, within: Self) {
        self.issues = within.issues;
    }

    fn members_of(&mut self, name: &str) -> &'a [(String, Value)] {
        match self.get(name) {
            None => &[],
            Some(Value::Object(members)) => members,
            Some(other) => {
                self.wrong_type(&[name], "an object", other.describe());
                &[]
            }
        }
    }

    /// Whether there is such a member, and it is not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(flag) => Some(*flag),
            other => {
                self.wrong_type(&[name], "true or false", other.describe());
                None
            }
        }
    }

    /// A string that is not empty. `null`, which is what becomes of `undefined`, is refused: it is a variable that is not set
    /// rather than a wish for the default.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.get_null(name)? {
            Value::Null => {
                let unset = unset(&self.full(name), "leave it out for the default");
                self.note(&[name], "unset", unset);
                None
            }
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            other => {
                let found = if matches!(other, Value::String(_)) {
                    "empty"
                } else {
                    other.describe()
                };
                self.wrong_type(&[name], "a string", found);
                None
            }
        }
    }

    /// An object as it is.
    pub(crate) fn object(&mut self, name: &str) -> Vec<(String, Value)> {
        self.members_of(name).to_vec()
    }

    /// An object of strings.
    pub(crate) fn strings(&mut self, name: &str) -> Vec<(String, String)> {
        let mut strings = Vec::new();
        for (key, value) in self.members_of(name) {
            match value {
                Value::String(text) => strings.push((key.clone(), text.clone())),
                other => self.wrong_type(&[name, key], "a string", other.describe()),
            }
        }
        strings
    }

    /// A span of time in milliseconds; infinite for `null`, which is what `Infinity` becomes in JSON.
    pub(crate) fn milliseconds(&mut self, name: &str) -> Option<f64> {
        match self.get_null(name)? {
            Value::Null => Some(f64::INFINITY),
            value => value.as_f64().filter(|ms| *ms > 0.0).or_else(|| {
                let full = self.full(name);
                self.note(
                    &[name],
                    "out_of_range",
                    format!("`{full}` must be a number of milliseconds above 0, or Infinity for none"),
                );
                None
            }),
        }
    }

    /// A whole number of at least 1.
    pub(crate) fn count(&mut self, name: &str) -> Option<f64> {
        self.get(name)?
            .as_f64()
            .filter(|count| *count >= 1.0 && count.fract() == 0.0)
            .or_else(|| {
                let full = self.full(name);
                self.note(
                    &[name],
                    "out_of_range",
                    format!("`{full}` must be a whole number above 0"),
                );
                None
            })
    }

    pub(crate) fn wrong_type(&mut self, path: &[&str], must: &str, found: &'static str) {
        let name = self.full(&path.join("."));
        self.note(path, "wrong_type", format!("`{name}` must be {must}, it is {found}"));
    }

    /// Notes something that is wrong at `path`.
    pub(crate) fn note(&mut self, path: &[&str], code: &'static str, message: impl AsRef<str>) {
        self.issues.push(Issue::error(self.pointer(path), code, message));
    }

    /// The value that was read, if nothing was wrong.
    pub(crate) fn result<T>(self, value: T) -> Result<T, Error> {
        if self.issues.is_empty() {
            Ok(value)
        } else {
            Err(Error::invalid(self.issues))
        }
    }

    fn full(&self, name: &str) -> String {
        let mut full = self.path.join(".");
        if !full.is_empty() {
            full.push('.');
        }
        full + name
    }

    /// A JSON pointer (RFC 6901).
    pub(crate) fn pointer(&self, path: &[&str]) -> String {
        let path: Vec<&str> = self.path.iter().chain(path).copied().collect();
        error::pointer(&path)
    }
}

/// What is said of a member that is there, and undefined; and what to do instead.
pub(crate) fn unset(name: &str, instead: &str) -> String {
    let what = "` is given but undefined or null, perhaps a variable that is not set: ";
    ["`", name, what, instead].concat()
}

/// A name without what people vary in it: one or several, in whatever case.
fn plain(name: &str) -> String {
    let name = name.replace(['_', '-'], "").to_ascii_lowercase();
    name.trim_end_matches('s').to_owned()
}

/// «`a`, `b` and `c`».
fn list(known: &[&str], further: &[&str]) -> String {
    let mut list = String::new();
    let count = known.len() + further.len();
    for (index, name) in known.iter().chain(further).enumerate() {
        list.push_str(match count - index {
            _ if index == 0 => "",
            1 => " and ",
            _ => ", ",
        });
        list.push('`');
        list.push_str(name);
        list.push('`');
    }
    list
}
