//! Calls of functions while they are being written.

use super::{Completion, Delta};
use crate::json::Partial;

/// The calls of choice 0 as far as they have come. What they say is in the [`Completion`] of the same deltas.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// The arguments of each call, ordered by its index.
    arguments: Vec<(u32, Partial)>,
    is_over: bool,
    is_changed: bool,
}

impl Calls {
    /// Takes one delta.
    pub fn take(&mut self, delta: &Delta<'_>) {
        match delta {
            Delta::Tool {
                choice: 0,
                index,
                arguments,
                ..
            } => {
                let at = self.arguments.partition_point(|(known, _)| known < index);
                if self.arguments.get(at).is_none_or(|(known, _)| known != index) {
                    self.arguments.insert(at, (*index, Partial::default()));
                }
                if let Some((_, partial)) = self.arguments.get_mut(at) {
                    partial.push(arguments);
                }
                self.is_changed = true;
            }
            Delta::Finish { choice: 0, .. } => self.finish(),
            _ => {}
        }
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        let is_known = self.is_over || self.arguments.iter().all(|(_, partial)| partial.is_whole());
        self.is_changed |= !is_known;
        self.is_over = true;
        for (_, partial) in &mut self.arguments {
            partial.finish();
        }
    }

    /// Whether they have changed since they were last written.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Appends them as JSON: an array of `{ index, id, name, arguments, value, done }`, `value` where there is any.
    pub fn write(&mut self, completion: &Completion, out: &mut String) {
        self.is_changed = false;
        out.push('[');
        for (position, (index, partial)) in self.arguments.iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            let is_done = self.is_over || partial.is_whole();
            completion.write_call(*index, partial, is_done, out);
        }
        out.push(']');
    }
}
