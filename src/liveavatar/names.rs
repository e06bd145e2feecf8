//! Names on which the reference and the guide disagree.

/// A name that is spelt in two ways. What is known to work goes first; the other is tried once, on a refusal that means
/// «not this name», and remembered when it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// `/v1/llm-configurations` (reference; works) or `/v1/llm_configurations` (guide; 404).
    LlmConfigurations,
    /// `OPENAI_API_KEY` (reference; works) or `LLM_API_KEY` (guide; 422) as the type of an LLM's secret.
    LlmSecretType,
    /// `PATCH` (reference; works) or `PUT` (others' notes) for an LLM configuration.
    LlmConfigurationUpdate,
    /// `POST /v1/sessions/stop` (reference; works) or `DELETE /v1/sessions` (guide for LITE; 405).
    Stop,
    /// `/v1/sessions/keep-alive` (reference; works) or `/v1/sessions/keep_alive` (other clients; 405).
    KeepAlive,
}

/// Which spellings have worked so far: two bits a term, whether it is settled and whether it is the guide's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names(pub u32);

impl Term {
    /// Those in a method and path.
    pub(super) fn of(method: &str, path: &str) -> Vec<Self> {
        let mut terms = Vec::new();
        if path.starts_with("/v1/llm-configurations") {
            terms.push(Self::LlmConfigurations);
            if method == "PATCH" {
                terms.push(Self::LlmConfigurationUpdate);
            }
        }
        match path {
            "/v1/sessions/stop" => terms.push(Self::Stop),
            "/v1/sessions/keep-alive" => terms.push(Self::KeepAlive),
            _ => {}
        }
        terms
    }

    /// The method in the other spelling, unless it is the same; a part of the path, and what stands there instead.
    pub(super) fn guides(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::LlmConfigurations => ("", "llm-configurations", "llm_configurations"),
            Self::LlmConfigurationUpdate => ("PUT", "", ""),
            Self::Stop => ("DELETE", "/stop", ""),
            Self::KeepAlive => ("", "keep-alive", "keep_alive"),
            Self::LlmSecretType => ("", "", ""),
        }
    }

    /// Whether a refusal means «not this name». `is_strangers` tells that it speaks of the address, and `names_type` that it
    /// speaks of the type of a secret.
    pub(super) fn is_refused(self, status: u16, is_strangers: bool, names_type: bool) -> bool {
        match self {
            Self::LlmConfigurations => status == 404,
            Self::LlmConfigurationUpdate => status == 405,
            // What the service itself does not find is the session.
            Self::Stop | Self::KeepAlive => status == 405 || is_strangers,
            Self::LlmSecretType => matches!(status, 400 | 422) && names_type,
        }
    }

    fn shift(self) -> u32 {
        match self {
            Self::LlmConfigurations => 0,
            Self::LlmSecretType => 2,
            Self::LlmConfigurationUpdate => 4,
            Self::Stop => 6,
            Self::KeepAlive => 8,
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

    /// Takes the other spelling.
    pub(super) fn turn(&mut self, term: Term) {
        self.0 ^= 2 << term.shift();
    }

    /// Remembers which spelling has worked.
    pub fn settle(&mut self, term: Term, is_guides: bool) {
        self.0 &= !(3 << term.shift());
        self.0 |= (1 | u32::from(is_guides) << 1) << term.shift();
    }
}
