//! How thoughts between `<think>` and `</think>` are left out.

use super::Caller;

const START: &str = "<think>";
const END: &str = "</think>";

/// What has been seen of the tags.
#[derive(Default)]
pub(super) struct Thoughts {
    is_inside: bool,
    /// The newest version: what may be the beginning of a tag.
    held: String,
}

impl Thoughts {
    /// What of a delta's `content` is to be said.
    pub(super) fn strip(&mut self, caller: Caller, content: &str, is_last: bool) -> String {
        match caller {
            Caller::Observed => self.strip_whole(content).to_owned(),
            Caller::Newest => self.strip_split(content, is_last),
        }
    }

    /// Only a tag that lies whole in one delta is seen, one tag a delta, and what stands before it there is lost.
    fn strip_whole<'c>(&mut self, content: &'c str) -> &'c str {
        let tag = if self.is_inside { END } else { START };
        let Some((_, after)) = content.split_once(tag) else {
            return if self.is_inside { "" } else { content };
        };
        self.is_inside = !self.is_inside;
        after
    }

    /// Tags are seen wherever deltas cut them; what may become one is held back until the next delta or a
    /// `finish_reason`.
    fn strip_split(&mut self, content: &str, is_last: bool) -> String {
        self.held.push_str(content);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        let mut said = String::new();
        loop {
            let tag = if self.is_inside { END } else { START };
            let found = rest.split_once(tag);
            let (before, after) = found.unwrap_or_else(|| rest.split_at(rest.len() - beginning(rest, tag)));
            if !self.is_inside {
                said.push_str(before);
            }
            rest = after;
            if found.is_none() {
                break;
            }
            self.is_inside = !self.is_inside;
        }
        if is_last {
            if !self.is_inside {
                said.push_str(rest);
            }
            self.is_inside = false;
        } else {
            rest.clone_into(&mut self.held);
        }
        said
    }
}

/// How much of the end of `text` is the beginning of `tag`, the whole of it left aside.
fn beginning(text: &str, tag: &str) -> usize {
    let longest = tag.len().saturating_sub(1).min(text.len());
    (1..=longest)
        .rev()
        .find(|&length| tag.get(..length).is_some_and(|start| text.ends_with(start)))
        .unwrap_or(0)
}
