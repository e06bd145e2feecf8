//! An answer as sentences that can be said.

use super::{Options, Sentences, Shaper};

/// Shapes an answer for a voice and cuts it into sentences, each as soon as it is whole: a [`Shaper`] before [`Sentences`].
pub struct Spoken {
    shaper: Option<Shaper>,
    sentences: Sentences,
}

impl Spoken {
    /// Shapes by these options; without any, nothing is shaped.
    #[must_use]
    pub fn new(options: Option<&Options>) -> Self {
        Self {
            shaper: options.map(Shaper::new),
            sentences: Sentences::new(),
        }
    }

    /// Takes the next piece of the answer, and appends to `out` the sentences that are whole now.
    pub fn push(&mut self, text: &str, out: &mut Vec<String>) {
        match &mut self.shaper {
            None => self.sentences.push(text, out),
            Some(shaper) => {
                let mut said = String::new();
                shaper.push(text, &mut said);
                self.sentences.push(&said, out);
            }
        }
    }

    /// The answer is over: appends what is left of it.
    pub fn finish(&mut self, out: &mut Vec<String>) {
        if let Some(shaper) = &mut self.shaper {
            let mut said = String::new();
            shaper.finish(&mut said);
            self.sentences.push(&said, out);
        }
        self.sentences.finish(out);
    }
}

impl std::fmt::Debug for Spoken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spoken").finish_non_exhaustive()
    }
}
