//! Keys of other services that are kept for `LiveAvatar`'s use: `POST /v1/secrets`.

use super::field::Source::{Seen, Spec};
use super::field::{Kind, Object, field};

/// What a secret for a custom LLM is called, whoever makes the LLM; the reference's word, and what works.
pub(super) const LLM_TYPE: &str = "OPENAI_API_KEY";
/// The guide's word for the same, which the live service refuses.
pub(super) const GUIDE_LLM_TYPE: &str = "LLM_API_KEY";

/// A secret that is to be kept.
pub static SECRET: Object = Object::new(&[
    field("secret_name", Kind::text("1,255"), Spec).required(),
    field("secret_value", Kind::text("1,"), Spec).required(),
    field(
        "secret_type",
        Kind::Choice("OPENAI_API_KEY ELEVENLABS_API_KEY GEMINI_API_KEY FISH_API_KEY CARTESIA_API_KEY"),
        Seen,
    )
    .required(),
]);
