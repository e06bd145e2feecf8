//! What is found in a payload, and where.

use crate::error::Issue;

/// The way from a payload's root to a value: kept on the stack, and written out only where there is something to say.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    /// What this is a part of, and as which; none for the root.
    part: Option<(&'a Path<'a>, Part<'a>)>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The whole payload.
    pub const ROOT: Path<'static> = Path { part: None };

    /// A member of what this leads to.
    #[must_use]
    pub fn member(&'a self, name: &'a str) -> Self {
        Self {
            part: Some((self, Part::Name(name))),
        }
    }

    /// An element of what this leads to.
    #[must_use]
    pub fn element(&'a self, index: usize) -> Self {
        Self {
            part: Some((self, Part::Index(index))),
        }
    }

    /// The way as an RFC 6901 JSON pointer.
    #[must_use]
    pub fn pointer(&self) -> String {
        let Some((parent, part)) = self.part else {
            return String::new();
        };
        let mut pointer = parent.pointer();
        pointer.push('/');
        match part {
            Part::Index(index) => pointer.push_str(&index.to_string()),
            Part::Name(name) => {
                for character in name.chars() {
                    match character {
                        '~' => pointer.push_str("~0"),
                        '/' => pointer.push_str("~1"),
                        other => pointer.push(other),
                    }
                }
            }
        }
        pointer
    }

    /// The way as a person writes it, such as `avatar_persona.voice_id`.
    #[must_use]
    pub fn dotted(&self) -> String {
        let Some((parent, part)) = self.part else {
            return String::new();
        };
        let mut dotted = parent.dotted();
        if !dotted.is_empty() {
            dotted.push('.');
        }
        match part {
            Part::Index(index) => dotted.push_str(&index.to_string()),
            Part::Name(name) => dotted.push_str(name),
        }
        dotted
    }

    /// Whether it leads to the whole payload.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.part.is_none()
    }
}

/// Everything found so far.
#[derive(Debug, Default)]
pub struct Issues(pub Vec<Issue>);

impl Issues {
    /// Something that the service would refuse. `parts` are what is said of the value, whose name is put before them.
    pub fn error(&mut self, path: &Path<'_>, code: &'static str, parts: &[&str]) {
        self.0.push(Issue::error(path.pointer(), code, sentence(path, parts)));
    }

    /// Something that the service accepts in silence, and that is regretted; likewise.
    pub fn warning(&mut self, path: &Path<'_>, code: &'static str, parts: &[&str]) {
        self.0.push(Issue::warning(path.pointer(), code, sentence(path, parts)));
    }

    /// Adds to the last one what was probably meant.
    pub fn suggest(&mut self, meant: &str) {
        if let Some(last) = self.0.last_mut() {
            last.suggestion = Some(meant.to_owned());
        }
    }
}

fn sentence(path: &Path<'_>, parts: &[&str]) -> String {
    let mut sentence = path.dotted();
    if !sentence.is_empty() {
        sentence.insert(0, '`');
        sentence.push_str("` ");
    }
    sentence.push_str(&parts.concat());
    sentence
}
