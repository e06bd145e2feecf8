//! Names on which the reference and the guide disagree.

/// A name that is spelt in two ways. What is known to work goes first; the other is tried once, on a refusal that means
/// «not this name», and remembered when it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// `/v1/llm-configurations` (reference; works) or `/v1/llm_configurations` (guide; 404).
    LlmConfigurations,
    /// `OPENAI_API_KEY` (reference; works) or `LLM_API_KEY` (guide; 422) as the type of an LLM's secret.
    LlmSecretType,
}

/// Which spellings have worked so far: two bits a term, whether it is settled and whether it is the guide's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names(pub u32);

impl Term {
    fn shift(self) -> u32 {
        match self {
            Self::LlmConfigurations => 0,
            Self::LlmSecretType => 2,
        }
    }
}

impl Names {
    /// Whether a spelling of the term has worked.
    #[must_use]
    pub fn is_settled(self, term: Term) -> bool {
        self.0 >> term.shift() & 1 == 1
    }

    /// Whether the guide's spelling is the one to use.
    #[must_use]
    pub fn is_guides(self, term: Term) -> bool {
        self.0 >> term.shift() & 2 == 2
    }

    /// Remembers which spelling has worked.
    pub fn settle(&mut self, term: Term, is_guides: bool) {
        self.0 &= !(3 << term.shift());
        self.0 |= (1 | u32::from(is_guides) << 1) << term.shift();
    }
}
